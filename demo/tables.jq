# SPDX-License-Identifier: GPL-2.0-only
# Parts of the page: a scenario in tables, the rows of the rule that it went through, and what
# is in its capture.
include "bytes";
include "drawings";

def share($all): if $all > 0 then "\(100 * . / $all | round) %" else "0 %" end;
def verdict_cell: verdict as $v | "<strong class=\"\($v | ascii_downcase)\">\($v)</strong>";
def nics_expected: if .leaves == "refused" then "refused" else .leaves | gsub("\\+"; " and ") | gsub(" vmnic"; ", vmnic") end;

# Parts that stay whole, one to a line.
def stack: map("<span class=\"part\">\(. | @html)</span>") | join("<br/>");

# A table of these rows of cells, which are HTML; a $columns that begins with # is of numbers.
def table($caption; $columns):
  def cell($i; $tag): "<\($tag)\(if $columns[$i][:1] == "#" then " class=\"number\"" else "" end)>";
  "<div class=\"wide\"><table><caption>\($caption)</caption>
<thead><tr>\([$columns[] | "<th scope=\"col\"\(if .[:1] == "#" then " class=\"number\"" else "" end)>\(ltrimstr("#"))</th>"] | join(""))</tr></thead>
<tbody>
\(map("<tr><th scope=\"row\">\(.[0])</th>" + ([range(1; length) as $i | cell($i; "td") + .[$i] + "</td>"] | join("")) + "</tr>") | join("\n"))
</tbody></table></div>";

def classed: "<span class=\"\(.class)\">\(.label | @html)</span>";

# By which NICs it has left, those with more than a trace of it. What vmks send is
# counted once more by the physical NIC below, if there is one.
def nics_left_by:
  ([.sent | to_entries[] | select(.key | startswith("vmk")) | .value] | add) as $all
  | if .payload == 0 then .error | split(": ") | last | @html
    else [.sent | to_entries[] | select(.value > 0.03 * $all) | "\(.key) \(.value | share($all))"] | stack
    end;
def bytes_by_nic: [.sent | to_entries[] | "\(.key) \(.value | megabytes)"] | stack;

def overview: "
<div class=\"wide\"><table id=\"all\"><caption>All transfers</caption>
<thead><tr><th scope=\"col\">Traffic</th><th scope=\"col\">Expected by</th><th scope=\"col\">Left by</th><th scope=\"col\">Bytes sent by each NIC</th></tr></thead>
\(map("<tbody>
<tr><th scope=\"rowgroup\" colspan=\"4\">\(link_to)<br/>
<span>reason <code>\(reason_of | @html)</code>,</span> \(verdict_cell)</th></tr>
\(.transfers | map("<tr><th scope=\"row\" class=\"\(.class)\">\(.label | @html)</th><td>\(nics_expected | @html)</td><td>\(nics_left_by)</td><td>\(bytes_by_nic)</td></tr>") | join("\n"))
</tbody>") | join("\n"))
</table></div>";

# A row for each NIC, a column for each transfer.
def bytes_table($caption; $side):
  . as $s
  | [.nics[] | . as $nic
     | [(. | @html), ($s.transfers[][$side][$nic] | megabytes), ([$s.transfers[][$side][$nic]] | add | megabytes)]]
  | table($caption; ["NIC", ($s.transfers[] | "#" + classed), "#all"]);

def connections_table:
  [.transfers[] | . as $t
   | if .seen == [] then [classed, "0", (.error | split(": ") | last | @html) + ", told after \(.seconds) s", "", ""]
     else .seen[] | [($t | classed), "\(.streams)", (.source | @html), (.left | @html), (.arrived | @html)] end]
  | table("Streams as esx-b saw them"; ["Traffic", "#Streams", "Source address", "MAC of", "Received on"]);

def stats_table:
  [.stats[] | select(.packets > 0) | ["<code>\(.reason | @html)</code>", "\(.packets)", "\(.bytes)"]]
  | if . == [] then "<p>The kernel has counted nothing: there is no hook.</p>"
    else table("What the kernel of esx-a has counted, by reason"; ["Reason", "#Packets", "#Bytes"]) end;

def checks_table:
  [.checks[] | [(.what | @html), "<code>\(.expected[:16] | @html)</code>", "<code>\(.seen[:16] | @html)</code>"]]
  | if . == [] then "" else table("What the migration has left"; ["What", "Expected", "Seen"]) end;

def failures_list:
  if . == [] then "" else "<p><strong class=\"fail\">FAIL</strong> What was measured contradicts the rule:</p>
<ul>\(map("<li>\(. | @html)</li>") | join("\n"))</ul>" end;

def networks:
  . as $s
  | ([.nics[] | [(. | @html), ("esx-a", "esx-b") as $host | [$s.addresses[$host][.][]?] | stack]]
     | table("Addresses of each NIC"; ["NIC", "esx-a", "esx-b"]))
    + ([.routes | to_entries[] | ["\(.key + 1)", (.value.dst | @html), (.value.dev | @html)]]
       | table("Routes of esx-a, in the order in which Linux looks at those that are alike"; ["Place", "Destination", "NIC"]))
  | folded("Addresses and routes");

# What route get -d says: each row of the rule with its words, and that which applied.
def rule_table($said):
  (.rows[] | select(.outcome == "applied")) as $applied
  | .rows as $rows
  | [.candidates[]? | "<code>\(.ifname | @html)</code> \(if .chosen then "chosen" else "not chosen" end): \(.why | @html)"] as $candidates
  | "<div class=\"wide\"><table class=\"rule\"><caption><code>\($said | @html)</code></caption>
<thead><tr><th scope=\"col\">Row</th><th scope=\"col\">Condition</th><th scope=\"col\">Egress</th><th scope=\"col\">Reason</th><th scope=\"col\">Outcome</th><th scope=\"col\">The kernel found</th></tr></thead>
<tbody>
\([$rows[] | .reason as $reason
   | ([$ARGS.named.rows[][] | select(.reason == $reason)] | first) as $table
   | "<tr\(if .outcome == "applied" then " class=\"applied\"" else "" end)><th scope=\"row\">\(.row)</th><td>\($table.condition | @html | gsub("`(?<code>[^`]*)`"; "<code>\(.code)</code>"))</td><td>\($table.egress | @html)</td><td><code>\(.reason | @html)</code></td><td>\(.outcome | @html)</td><td>\(.why // "" | @html)</td></tr>"]
  | join("\n"))
</tbody></table></div>
<p>\(if .prefix then "Its route is <code>\(.prefix | @html)</code>. " else "" end)\(if .plain_dev then "Plain Linux would take \(.plain_dev | @html). " else "" end)\(if $candidates == [] then "" else "Candidates: \($candidates | join("; "))." end)</p>"
  | folded("Why: row \($applied.row), <code>\($applied.reason | @html)</code>: \($applied.why // "" | @html)");
def rule_tables: . as $s | [range(.explained | length) as $i | .explained[$i] | rule_table($s.reasons[$i])] | join("\n");

def captured:
  "scenario-\(.number).pcapng" as $file
  | [.transfers[] | select(.payload == 0).label] as $refused
  | (drawing.packets) as $packets
  | [$packets[] | select(.comment != "").comment] as $comments
  | "<p><a href=\"\($file)\">\($file)</a> has the first packet of each flow that esx-a opened, on each NIC that it passed: \($packets | length) packets.
\(if $comments == [] then "The kernel has decided on none of them, so none has a comment."
  else "The first of each flow carries the kernel’s decision as its comment." end)
\(if $refused == [] then "" else "Of \($refused | join(" and ") | @html) there is no packet: nothing left." end)</p>
\(if $comments == [] then "" else "<ul>\($comments | group_by(.) | map("<li>\(length) × <code>\(.[0] | @html)</code></li>") | join("\n"))</ul>
<pre><b>tshark -r \($file) -Y frame.comment -T fields -e frame.interface_name -e frame.comment</b></pre>" end)"
  | folded("Captured packets");

def section: "
<section id=\"scenario-\(.number)\">
<h2>\(.number). \(situation)</h2>
<p>\(.setup | @html)</p>
<p><strong>Question:</strong> \(.question | @html)</p>
\(.failures | failures_list)
\(figures)
\(if .failures == [] then "<p class=\"lesson\"><strong>Answer: \(answer).</strong> \(.lesson | @html)</p>" else "" end)
\(rule_tables)
\(experiments)
\("<div class=\"beside\">
\(bytes_table("Sent by esx-a, the source"; "sent"))
\(bytes_table("Received by esx-b, the destination"; "received"))
</div>
\(connections_table)
\(checks_table)
\(stats_table)" | folded("Bytes, streams and packets"))
\(networks)
\("<pre>\(.commands | map("<b>\(.host | @html)# \(.command | @html)</b>" + if .output == "" then "" else "\n" + (.output | @html) end) | join("\n"))</pre>" | folded("Commands"))
\(captured)
</section>";
