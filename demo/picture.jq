# SPDX-License-Identifier: GPL-2.0-only
# One scenario as graphs for neato -n2, first of all its transfers, then of each: both hosts,
# their NICs with their addresses, and the switch between them, and a line for what each NIC
# counted of hot and of cold. Its width is the share of $most, the most that any line of the
# page stands for. Places are in points, the switch is at 0,0; a column is for a NIC that
# traffic begins or ends at.
include "bytes";

# A name that is no end of a string and no entity to graphviz.
def quoted: gsub("&"; "&amp;") | gsub("(?<c>[\"\\\\])"; "\\\(.c)");

def graph:
  . as $s
| ([.addresses[][] | length] | max // 0) as $lines
| ((24 + 14 * $lines) / 2) as $half_box
| 19 as $half_switch
| 62 as $gap
| ([.nics[] | . as $nic | select($s | has_upper($nic) | not)]) as $tops
| ([$tops[] as $nic | ("sent", "received") as $side | $s | drawn($side; $nic) | length] | max) as $lanes
| (if $lanes > 1 then 176 else 142 end) as $column
| ($tops | to_entries | map({key: .value, value: ((.key - ($tops | length - 1) / 2) * $column)}) | from_entries) as $place
| (if .lower == {} then 1 else 2 end) as $rows
# How far the middle of a row of boxes is from that of the switch.
| def height($row): $half_switch + $row * $gap + (2 * $row - 1) * $half_box;
# Where a NIC is, and how wide: one below others lies below all of them.
  def box($nic):
    if $place[$nic] then {x: [$place[$nic]], y: height($rows), width: 126}
    else [$s.lower | to_entries[] | select(.value == $nic) | $place[.key]]
         | {x: ., y: height(1), width: (max - min + 126)} end
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
    | (height($rows) + $half_box + 34) as $top
    | (height(1) - $half_box - 14) as $bottom
    | "\"\($name)\" [class=host label=\"\"",
      "  pos=\"0,\($up * ($top + $bottom) / 2)\" width=\($width | inches) height=\($top - $bottom | inches)]",
      "\"\($name), \($role)\" [shape=plain fixedsize=false pos=\"0,\($up * ($top - 16))\"]",
      ($s.nics[] | . as $nic | box(.)
       | "\"\($name) \($nic | quoted)\" [class=nic fontsize=12 label=\"\([$nic, $s.addresses[$name][$nic][]?] | map(quoted) | join("\\n"))\""
         + " pos=\"\(.x),\($up * .y)\" width=\(.width | inches)]");
  def traffic($name; $side; $up):
    $s.nics[] as $nic
    | ($s | drawn($side; $nic)) as $drawn
    | box($nic) as $box
    | $s.lower[$nic] as $below
    | (if $below then {name: "\($name) \($below)", y: (box($below).y + $half_box)} else {name: "switch", y: $half_switch} end) as $other
    | ["\"\($name) \($nic)\"", "\"\($other.name)\""] as $ends
    | lines((if $up > 0 then $ends else $ends | reverse end | join(" -> ")); $box.x; $up * ($box.y - $half_box); $up * $other.y; $drawn);
  "digraph \"scenario \($s.number)\" {",
  "graph [outputorder=nodesfirst bgcolor=transparent pad=0.05]",
  "node [shape=box style=rounded fixedsize=true fontname=\"sans-serif\" fontsize=15 height=\(2 * $half_box | inches)]",
  "edge [fontname=\"sans-serif\" fontsize=15 arrowhead=none]",
  host("esx-a"; "sent"; "source"; 1),
  host("esx-b"; "received"; "destination"; -1),
  "switch [pos=\"0,0\" width=\($tops | length * $column - 8 | inches) height=\(2 * $half_switch | inches) class=nic fontsize=12",
  "  label=\"switch\\n\([$s.routes[].dst | select(contains("/"))] | unique | join(", ") | quoted)\"]",
  traffic("esx-a"; "sent"; 1),
  traffic("esx-b"; "received"; -1),
  "}";

graph, (.transfers[] as $transfer | .transfers = [$transfer] | graph)
