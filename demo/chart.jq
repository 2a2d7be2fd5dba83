# SPDX-License-Identifier: GPL-2.0-only
# For gnuplot: how fast each NIC of a host went during the transfers of one scenario, a
# panel for each NIC; hot is filled, cold is pale inside a dashed outline. $side is "sent"
# (by esx-a) or "received" (by esx-b), drawn to the same scale. Transfers follow each other
# with a small gap, without the time at their begin and end in which a trace was carried at most.
include "bytes";

# What was counted when each transfer began, since the first one.
def starts($side):
  reduce .transfers[] as $t ([.nics | map({key: ., value: 0}) | from_entries];
    . + [last | with_entries(.value += $t[$side][.key])]);

# [ millisecond, bytes by NIC ] from begin to end of transfer $i.
def readings($side; $i):
  starts($side) as $starts
  | .transfers[$i] as $t
  | [[$t.began, $starts[$i]],
     (.samples[] | select(.milliseconds > $t.began + 100 and .milliseconds < $t.ended - 100)
      | [.milliseconds, .[$side]]),
     [$t.ended, $starts[$i + 1]]];

# Of transfer $i the first and the last reading between which all but a trace was carried.
def busy($i):
  [("sent", "received") as $side | readings($side; $i) | map(.[1] | add)] | transpose | map(add)
  | (0.03 * (last - first)) as $trace
  | . as $sums
  | ([range(1; length) | select($sums[.] > $sums[0] + $trace)] | first // 1) as $first
  | ([range(length) | select($sums[.] >= $sums[-1] - $trace)] | first) as $last
  | [$first - 1, ([$first, $last] | max)];

# For each transfer its place among the seconds that are shown, and where it is read.
def slots:
  . as $s
  | [range(.transfers | length) as $i | ($s | busy($i)) as [$from, $to]
     | ($s | readings("sent"; $i)) as $readings
     | {$from, $to, began: $readings[$from][0], length: (($readings[$to][0] - $readings[$from][0]) / 1000)}]
  | ([.[].length] | add / 20) as $gap
  | reduce .[] as $slot ([]; . + [$slot + {at: (if . == [] then 0 else last | .at + .length + $gap end)}]);

# [ second, MB/s ] of a NIC, each of which holds until the next. The trace from before and
# after is in the first and the last of them.
def rates($side; $nic; $i; $slot):
  readings($side; $i)
  | .[$slot.from][1] = first[1] | .[$slot.to][1] = last[1]
  | .[$slot.from:$slot.to + 1]
  | map([$slot.at + (.[0] - $slot.began) / 1000, .[1][$nic] / 1000000])
  | [range(length - 1) as $j
     | [.[$j][0], (.[$j + 1][1] - .[$j][1]) / ([.[$j + 1][0] - .[$j][0], 0.001] | max)]]
    + [[last[0], 0]];

# The least of 1, 2, 5, 10 ... of which not more than $n fit.
def step($n):
  . as $most | [range(-3; 5) as $power | (1, 2, 5) * pow(10; $power)]
  | map(select(($n + 1) * . > $most)) | first;

def hex: "0123456789abcdef" as $digits | $digits[. / 16 | floor:][:1] + $digits[. % 16:][:1];

. as $s
| slots as $slots
| ($slots | last | .at + .length) as $span
| ($span | step(5)) as $tick
| [("sent", "received") as $either
   | .nics[] as $nic
   | {side: $either, nic: $nic, curves: [range($s.transfers | length) as $i
      | select($s.transfers[$i][$either][$nic] | megabytes != "0.0 MB")
      | {class: $s.transfers[$i].class, rates: ($s | rates($either; $nic; $i; $slots[$i]))}]}] as $all
| ([$all[].curves[].rates[][1], 0.1] | max * 1.05) as $most
| [$all[] | select(.side == $side)] as $panels
| 84 as $panel
| (.nics | length * $panel + 78) as $height
| "set terminal svg size 480,\($height) font 'sans-serif,14' noenhanced",
  "set multiplot",
  "set lmargin at screen 0.115",
  "set rmargin at screen 0.965",
  "set xrange [0:\($span / $tick | ceil * $tick)]",
  "set yrange [0:\($most)]",
  "set border 3 lt rgb '#808080'",
  "set tics nomirror out scale 0.5 textcolor rgb '#000000'",
  "set xtics \($tick)",
  "set ytics \($most | step(3))",
  "unset key",
  ($slots[1:] | to_entries[]
   | "set arrow \(.key + 1) from first \((.value.at + $slots[.key].at + $slots[.key].length) / 2),graph 0 rto graph 0,1 nohead dashtype 3 linecolor rgb '#808080'"),
  ($panels | to_entries[]
   | .key as $i | .value
   | (1 - (44 + $i * $panel) / $height) as $top
   | "set tmargin at screen \($top)",
     "set bmargin at screen \($top - ($panel - 26) / $height)",
     "unset label",
     "set label \"\(.nic | gsub("(?<c>[\"\\\\])"; "\\\(.c)"))\" at graph 0,1.13 left",
     (if $i == 0 then
        "set label 'MB/s' at graph -0.13,1.45 left",
        ($slots | to_entries[]
         | "set label '\(.key + 1)' at first \(.value.at + .value.length / 2),graph 1.45 center")
      else empty end),
     (if $i == ($panels | length - 1) then "set xtics format '%g'", "set xlabel 'seconds of sending' offset 0,0.7"
      else "set xtics format ''" end),
     (.curves | to_entries[]
      | "$curve\(.key) << END", (.value.rates[] | "\(.[0]) \(.[1])"), "END"),
     # Below what is shown: gnuplot wants something for a NIC that carried nothing, too.
     "plot " + (["-1"] + [.curves | to_entries[]
       | (if .value.class == "hot" then "solid 1 noborder" else "transparent solid 0.2 noborder" end) as $fill
       | "\"#\(palette[.value.class] | map(hex) | add)\"" as $color
       | "$curve\(.key) with fillsteps fillstyle \($fill) fillcolor rgb \($color)",
         "$curve\(.key) with steps linewidth 1.5 dashtype \(if .value.class == "hot" then 1 else 2 end) linecolor rgb \($color)"]
       | join(", ")))
