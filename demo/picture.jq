# SPDX-License-Identifier: GPL-2.0-only
# One scenario as a graph for neato -n2: both hosts, their NICs and the switch between
# them, and a line for what each NIC counted of hot and of cold. Its width is the share
# of the most that any line of this scenario stands for. Places are in points, the
# switch is at 0,0; a column is for a NIC that traffic begins or ends at.
include "bytes";

. as $s
| 15 as $half_box
| 62 as $gap
| (2 * $half_box + $gap) as $row
| ([.nics[] as $nic | ("sent", "received") as $side | drawn($side; $nic)[].bytes] | max // 1) as $most
| [.nics[] | . as $nic | select($s | has_upper($nic) | not)] as $tops
| ([$tops[] as $nic | ("sent", "received") as $side | $s | drawn($side; $nic) | length] | max) as $lanes
| (if $lanes > 1 then 176 else 128 end) as $column
| ($tops | to_entries | map({key: .value, value: ((.key - ($tops | length - 1) / 2) * $column)}) | from_entries) as $place
| (if .lower == {} then 1 else 2 end) as $rows
# Where a NIC is, and how wide: one below others lies below all of them.
| def box($nic):
    if $place[$nic] then {x: [$place[$nic]], y: ($rows * $row), width: 74}
    else [$s.lower | to_entries[] | select(.value == $nic) | $place[.key]]
         | {x: ., y: $row, width: (max - min + 74)} end
    | .x |= add / length;
  def inches: . / 72;
  # From one height to another, hot to the left of cold; a label beside each line.
  def line($ends; $class; $words; $x; $beside; $y1; $y2):
    "\($ends) [class=\($class) label=\"\($words)\" lp=\"\($x + $beside),\(($y1 + $y2) / 2)\"",
    "  pos=\"\($x),\($y1) \($x),\($y1) \($x),\($y2) \($x),\($y2)\"";
  def lines($ends; $x; $y1; $y2; $drawn):
    if $drawn == [] then line($ends; "unused"; "0.0 MB"; $x; 30; $y1; $y2), "]"
    else
      $drawn | to_entries[] | .key as $i | .value
      | (if $drawn | length > 1 then [-1, 1][$i] else 0 end) as $lane
      | ((2 + 10 * .bytes / $most) * 100 | round / 100) as $width
      | line($ends; .class; "\(.class)\\n\(.bytes | megabytes)"; $x + 14 * $lane;
             ($width / 2 + 34) * (if $lane < 0 then -1 else 1 end); $y1; $y2),
        "  penwidth=\($width)]"
    end;
  # Above the switch (1) or below it (-1).
  def host($name; $side; $role; $up):
    ($tops | length * $column + 16) as $width
    | "\"\($name)\" [class=host label=\"\"",
      "  pos=\"0,\($up * (($rows + 1) * $row / 2 + 12))\" width=\($width | inches) height=\((($rows - 1) * $row + 2 * $half_box + 52) | inches)]",
      "\"\($name), \($role)\" [shape=plain fixedsize=false pos=\"0,\($up * ($rows * $row + $half_box + 17))\"]",
      ($s.nics[] | . as $nic | box(.)
       | "\"\($name) \($nic)\" [label=\"\($nic)\" pos=\"\(.x),\($up * .y)\" width=\(.width | inches)]");
  def traffic($name; $side; $up):
    $s.nics[] as $nic
    | ($s | drawn($side; $nic)) as $drawn
    | box($nic) as $box
    | $s.lower[$nic] as $below
    | (if $below then {name: "\($name) \($below)", y: box($below).y} else {name: "switch", y: 0} end) as $other
    | ["\"\($name) \($nic)\"", "\"\($other.name)\""] as $ends
    | lines((if $up > 0 then $ends else $ends | reverse end | join(" -> ")); $box.x; $up * ($box.y - $half_box); $up * ($other.y + $half_box); $drawn);
  "digraph \"scenario \($s.number)\" {",
  "graph [outputorder=nodesfirst bgcolor=transparent pad=0.05]",
  "node [shape=box style=rounded fixedsize=true fontname=\"sans-serif\" fontsize=15 height=\(2 * $half_box | inches)]",
  "edge [fontname=\"sans-serif\" fontsize=15 arrowhead=none]",
  host("esx-a"; "sent"; "source"; 1),
  host("esx-b"; "received"; "destination"; -1),
  "switch [pos=\"0,0\" width=\($tops | length * $column - 24 | inches)]",
  traffic("esx-a"; "sent"; 1),
  traffic("esx-b"; "received"; -1),
  "}"
