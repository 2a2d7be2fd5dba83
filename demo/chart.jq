# SPDX-License-Identifier: GPL-2.0-only
# For gnuplot: how fast each NIC of a host went during the transfers of one scenario, a
# panel for each NIC; hot is filled, cold is pale inside a dashed outline. $side is "sent"
# (by esx-a) or "received" (by esx-b). All that a transfer was counted is drawn.
include "bytes";

# What was counted when each transfer began, since the first one.
def starts($side):
  reduce .transfers[] as $t ([.nics | map({key: ., value: 0}) | from_entries];
    . + [last | with_entries(.value += $t[$side][.key])]);

# [ millisecond, bytes ] of a NIC, from begin to end of transfer $i.
def points($side; $nic; $i):
  starts($side) as $starts
  | .transfers[$i] as $t
  | [[$t.began, $starts[$i][$nic]],
     (.samples[] | select(.milliseconds > $t.began + 100 and .milliseconds < $t.ended - 100)
      | [.milliseconds, .[$side][$nic]]),
     [$t.ended, $starts[$i + 1][$nic]]];

# [ second, MB/s ], each of which holds until the next.
def rates:
  [range(length - 1) as $i
   | [.[$i][0] / 1000, (.[$i + 1][1] - .[$i][1]) / 1000 / ([.[$i + 1][0] - .[$i][0], 1] | max)]]
  + [[last[0] / 1000, 0]];

# The largest of 1, 2, 5, 10 ... of which two fit.
def step:
  . as $most | [range(-2; 5) as $power | (1, 2, 5) * pow(10; $power)]
  | map(select(2 * . <= $most)) | last;

def hex: "0123456789abcdef" as $digits | $digits[. / 16 | floor:][:1] + $digits[. % 16:][:1];

. as $s
| (.transfers[0].began / 1000) as $zero
| [.nics[] as $nic
   | {nic: $nic, curves: [range($s.transfers | length) as $i
      | select($s.transfers[$i][$side][$nic] | megabytes != "0.0 MB")
      | {class: $s.transfers[$i].class, rates: ($s | points($side; $nic; $i) | rates)}]}] as $panels
| ([$panels[].curves[].rates[][1], 0.1] | max * 1.25) as $most
| 74 as $panel
| (.nics | length * $panel + 78) as $height
| "set terminal svg size 480,\($height) font 'sans-serif,14' noenhanced",
  "set multiplot",
  "set lmargin at screen 0.115",
  "set rmargin at screen 0.985",
  "set xrange [0:\(.transfers[-1].ended / 1000 - $zero)]",
  "set yrange [0:\($most)]",
  "set border 3 lt rgb '#808080'",
  "set tics nomirror out scale 0.5 textcolor rgb '#000000'",
  "set ytics \($most | step)",
  "unset key",
  ($panels | to_entries[]
   | .key as $i | .value
   | (1 - (26 + $i * $panel) / $height) as $top
   | "set tmargin at screen \($top)",
     "set bmargin at screen \($top - ($panel - 12) / $height)",
     "unset label",
     "set label \"\(.nic)\" at graph 0.01,0.88 left front",
     (if $i == 0 then
        "set label 'MB/s' at graph -0.11,1.2 left",
        ($s.transfers | to_entries[]
         | "set label '\(.key + 1)' at \((.value.began + .value.ended) / 2000 - $zero),graph 1.2 center")
      else empty end),
     (if $i == ($panels | length - 1) then "set xtics format '%g'", "set xlabel 'seconds' offset 0,0.4"
      else "set xtics format ''" end),
     (.curves | to_entries[]
      | "$curve\(.key) << END", (.value.rates[] | "\(.[0] - $zero) \(.[1])"), "END"),
     # Below what is shown: gnuplot wants something for a NIC that carried nothing, too.
     "plot " + (["-1"] + [.curves | to_entries[]
       | (if .value.class == "hot" then "solid 1 noborder" else "transparent solid 0.2 noborder" end) as $fill
       | "\"#\(palette[.value.class] | map(hex) | add)\"" as $color
       | "$curve\(.key) with fillsteps fillstyle \($fill) fillcolor rgb \($color)",
         "$curve\(.key) with steps linewidth 1.5 dashtype \(if .value.class == "hot" then 1 else 2 end) linecolor rgb \($color)"]
       | join(", ")))
