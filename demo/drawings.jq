# SPDX-License-Identifier: GPL-2.0-only
# Parts of the page: what is drawn of a scenario, what is put side by side, which row of
# the rule applied, and what is in the capture.
include "bytes";
include "svg";

def reason_of: .reasons[-1] | capture("reason (?<r>.*)").r;
def drawing: (.number | tostring) as $number | [$ARGS.named.drawings[][$number] | values] | first;

# carried SIDE: in words, what a picture shows of one host
def carried($side):
  . as $s
  | [.nics[] as $nic
     | [$s | drawn($side; $nic)[] | "\(.class) \(.bytes | megabytes)"]
     | "\($nic) \(if . == [] then "0.0 MB" else join(" and ") end)"]
  | join(", ");
def picture: "esx-a sent by \(carried("sent")); esx-b received on \(carried("received"))" as $words
  | drawing.picture | as_part("picture"; $words);

def chart($side; $host):
  . as $s
  | [.transfers | to_entries[] | {class: .value.class, words: "\(.key + 1) \(.value.label)"}] as $legend
  | "<figure><figcaption>\($host)</figcaption>
\($s | drawing[$side] | as_part("chart"; "Bytes per second of each NIC: \($host). \([$legend[].words] | join("; "))"))
<p class=\"note\">\($legend | map("<span class=\"\(.class)\">\(.words | @html)</span>") | join("; "))</p></figure>";

def figures: "
<div class=\"beside drawings\">
<figure><figcaption>Bytes carried</figcaption>
\(picture)</figure>
\(chart("sent"; "Sent by esx-a over time"))
\(chart("received"; "Received by esx-b over time"))
</div>";

# Of hot traffic, the part of each NIC that it left by.
def hot_left_by:
  . as $s
  | [.nics[] as $nic | select(has_upper($nic) | not) | {nic: $nic, bytes: class_bytes("sent"; $nic; "hot")}] as $by
  | ([$by[].bytes] | add) as $all
  | [$by[] | (100 * .bytes / ([$all, 1] | max) | round) as $share | select($share > 0) | "\(.nic) \($share) %"]
  | if . == [] then "nothing" else join(", ") end;

def compared: "
<figure><figcaption><a href=\"#scenario-\(.number)\">\(.number). \(.title | @html)</a></figcaption>
\(picture)
<p class=\"key\">hot left by: \(hot_left_by)</p>
<p class=\"note\">\(if .plain then "Plain Linux: <code>\(.plain | @html)</code><br/>" else "" end)The kernel: reason <code>\(reason_of | @html)</code></p></figure>";

def side_by_side($heading; $text; $before; $after):
  [.[] | select(reason_of | IN($before[]))] as $origin
  | [.[] | select(reason_of | IN($after[]))] as $cures
  | if $origin == [] or $cures == [] then "" else "
<section><h3>\($heading)</h3>
<p>\($text)</p>
<div class=\"beside\">\($origin + $cures | map(compared) | join(""))
</div></section>" end;

def comparisons:
  [.[] | select(.files == [])] as $streams
  | [.[] | select(.files != [])] as $machines
  | [($streams | side_by_side("Without the module, and with it";
        "The same two NICs in one subnet: first no vmk is registered and the routes decide, then the rule does.";
        ["no-vmk"]; ["same-subnet"])),
     ($streams | side_by_side("The pitfall, and its cures";
        "One migration NIC in the subnet of the first NIC; then in a subnet of its own, with a second one, and on the vMotion stack.";
        ["same-subnet"]; ["dedicated-subnet", "multi-nic", "vmotion-stack"])),
     ($machines | side_by_side("The same with a virtual machine that migrates";
        "Memory and active disk are hot, base disk and older snapshots cold.";
        ["same-subnet"]; ["dedicated-subnet", "multi-nic"]))]
  | join("")
  | if . == "" then "" else "<h2 id=\"compared\">Before and after</h2>" + . end;

# The row that the kernel says has applied, with the words of the table.
def rule_rows: "
<div class=\"wide\"><table><caption>The row of the rule that applied</caption>
<thead><tr><th scope=\"col\">Row</th><th scope=\"col\">Condition</th><th scope=\"col\">Egress</th><th scope=\"col\">Reason</th><th scope=\"col\">The kernel found</th></tr></thead>
<tbody>
\([.explained[].rows[] | select(.outcome == "applied")
   | . as $row | ([$ARGS.named.rows[][] | select(.reason == $row.reason)] | first) as $table
   | "<tr><th scope=\"row\">\(.row)</th><td>\($table.condition | @html)</td><td>\($table.egress | @html)</td><td><code>\(.reason | @html)</code></td><td>\(.why // "" | @html)</td></tr>"]
  | join("\n"))
</tbody></table></div>";

def captured:
  "scenario-\(.number).pcapng" as $file
  | [.transfers[] | select(.payload == 0).label] as $refused
  | (drawing.packets) as $packets
  | [$packets[] | select(.comment != "").comment] as $comments
  | "<h3>Captured</h3>
<p><a href=\"\($file)\">\($file)</a> has the first packet of each flow that esx-a opened, on each NIC that it passed: \($packets | length) packets.
\(if $comments == [] then "The kernel has decided on none of them, so none has a comment."
  else "The first of each flow carries the kernel’s decision as its comment." end)
\(if $refused == [] then "" else "Of \($refused | join(" and ") | @html) there is no packet: nothing left." end)</p>
\(if $comments == [] then "" else "<ul>\($comments | group_by(.) | map("<li>\(length) × <code>\(.[0] | @html)</code></li>") | join("\n"))</ul>
<pre><b>tshark -r \($file) -Y frame.comment -T fields -e frame.interface_name -e frame.comment</b></pre>" end)";
