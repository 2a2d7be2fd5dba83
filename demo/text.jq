# SPDX-License-Identifier: GPL-2.0-only
# A scenario's result for the terminal: bytes by NIC as bars, and the verdict.

def paint($code): if $ARGS.named.color == 1 then "\u001b[\($code)m\(.)\u001b[m" else . end;
def times($n): if $n > 0 then . * $n else "" end;
def left($n): . as $text | $text + (" " | times($n - ($text | length)));
def right($n): . as $text | (" " | times($n - ($text | length))) + $text;
def megabytes: . / 100000 | round | "\(. / 10 | floor).\(. % 10)";
def lines($width):
  reduce splits("[ \n\t]+") as $word ([""];
    if (last | length) + ($word | length) >= $width then . + [$word]
    else .[:-1] + [last + (if last == "" then "" else " " end) + $word] end)
  | .[];
# Orange and blue, and # and ., so that one does without colours.
def hot: paint("38;5;208");
def cold: paint("38;5;39");

def text:
  . as $all
| 36 as $width
| def bytes($side; $class; $nic): [$all.transfers[] | select(.class == $class) | .[$side][$nic]] | add // 0;
  ([$all.nics[] as $nic | ("sent", "received") as $side
    | bytes($side; "hot"; $nic) + bytes($side; "cold"; $nic)] | max) as $most
| def bar($side; $nic):
    bytes($side; "hot"; $nic) as $hot | bytes($side; "cold"; $nic) as $cold
    | ($hot / $most * $width | round) as $h
    | (($hot + $cold) / $most * $width | round - $h) as $c
    | "  \($nic | left(7))" + ("#" | times($h) | hot) + ("." | times($c) | cold) + (" " | times($width - $h - $c))
      + "\(($hot + $cold) | megabytes | right(7)) MB  hot \($hot | megabytes | right(5))  cold \($cold | megabytes | right(5))";
  "",
  "bytes sent by esx-a     \("#" | hot) hot   \("." | cold) cold",
  (.nics[] | bar("sent"; .)),
  "bytes received by esx-b",
  (.nics[] | bar("received"; .)),
  "",
  ("" | left(25)) + ("expected" | left(19)) + "esx-b saw: MAC of -> NIC, streams",
  (.transfers[]
   | (.label | left(25))
     + (if .leaves == "refused" then .leaves else "\(.leaves | split(" ")[0]) -> \(.arrives | split(" ")[0])" end | left(19))
     + if .seen == [] then "none: \(.error | split(": ") | last)"
       else
         .streams as $streams
         | [.seen[] | "\(.left) -> \(.arrived) \(.streams)/\($streams) from \(.source)"]
         | join("\n" + ("" | left(44)))
       end),
  if .checks == [] then empty else
    "",
    (.checks[] | select($ARGS.named.verbose == 1 or (.what | startswith("sha256 ") | not) or .seen != .expected)
     | "\(.what | left(44))\(.seen[:12])\(if .seen == .expected then "" else ", not \(.expected[:12])" end)")
  end,
  "",
  if .failures == [] then (.lesson | lines(78)), ("PASS" | paint("1;34")) else
    ("FAIL" | paint("1;7")), (.failures[] | "  " + ([lines(74)] | join("\n    ")))
  end;
