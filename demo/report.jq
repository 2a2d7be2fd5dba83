# SPDX-License-Identifier: GPL-2.0-only
# The results of all scenarios as one page that needs nothing else. $drawings: what
# report.sh has drawn, and read from the captures; $rows: the table of the rule.
include "bytes";
include "svg";
include "drawings";

def share($all): if $all > 0 then "\(100 * . / $all | round) %" else "0 %" end;
def verdict: if .failures == [] then "PASS" else "FAIL" end;
def verdict_cell: verdict as $v | "<strong class=\"\($v | ascii_downcase)\">\($v)</strong>";
def nics_expected: if .leaves == "refused" then "refused" else .leaves | gsub("\\+"; " and ") | gsub(" vmnic"; ", vmnic") end;

# Parts that stay whole, one to a line.
def stack: map("<span class=\"part\">\(. | @html)</span>") | join("<br/>");

# By which NICs it has left, those with more than a trace of it. What vmks send is
# counted once more by the physical NIC below, if there is one.
def left_by:
  ([.sent | to_entries[] | select(.key | startswith("vmk")) | .value] | add) as $all
  | if .payload == 0 then .error | split(": ") | last | @html
    else [.sent | to_entries[] | select(.value > 0.03 * $all) | "\(.key) \(.value | share($all))"] | stack
    end;
def bytes_by_nic: [.sent | to_entries[] | "\(.key) \(.value | megabytes)"] | stack;

def overview: "
<div class=\"wide\"><table>
<thead><tr><th scope=\"col\">Traffic</th><th scope=\"col\">Expected by</th><th scope=\"col\">Left by</th><th scope=\"col\">Bytes sent by each NIC</th></tr></thead>
\(map("<tbody>
<tr><th scope=\"rowgroup\" colspan=\"4\"><a href=\"#scenario-\(.number)\">\(.number). \(.title | @html)</a><br/>
<span>reason <code>\(reason_of | @html)</code>,</span> \(verdict_cell)</th></tr>
\(.transfers | map("<tr><th scope=\"row\" class=\"\(.class)\">\(.label | @html)</th><td>\(nics_expected | @html)</td><td>\(left_by)</td><td>\(bytes_by_nic)</td></tr>") | join("\n"))
</tbody>") | join("\n"))
</table></div>";

# A row for each NIC, a column for each transfer.
def bytes_table($caption; $side):
  . as $s
  | "<div class=\"wide\"><table><caption>\($caption)</caption>
<thead><tr><th scope=\"col\">NIC</th>\(.transfers | map("<th scope=\"col\" class=\"number \(.class)\">\(.label | @html)</th>") | join(""))<th scope=\"col\" class=\"number\">all</th></tr></thead>
<tbody>
\(.nics | map(. as $nic | "<tr><th scope=\"row\">\(. | @html)</th>\($s.transfers | map("<td class=\"number\">\(.[$side][$nic] | megabytes)</td>") | join(""))<td class=\"number\">\($s.transfers | map(.[$side][$nic]) | add | megabytes)</td></tr>") | join("\n"))
</tbody></table></div>";

def connections_table: "
<div class=\"wide\"><table><caption>Streams as esx-b saw them</caption>
<thead><tr><th scope=\"col\">Traffic</th><th scope=\"col\" class=\"number\">Streams</th><th scope=\"col\">Source address</th><th scope=\"col\">MAC of</th><th scope=\"col\">Received on</th></tr></thead>
<tbody>
\([.transfers[] | .label as $name | .class as $class
   | if .seen == [] then "<tr><th scope=\"row\" class=\"\($class)\">\($name | @html)</th><td class=\"number\">0</td><td colspan=\"3\">\(.error | split(": ") | last | @html), told after \(.seconds) s</td></tr>"
     else .seen[] | "<tr><th scope=\"row\" class=\"\($class)\">\($name | @html)</th><td class=\"number\">\(.streams)</td><td>\(.source | @html)</td><td>\(.left | @html)</td><td>\(.arrived | @html)</td></tr>" end]
  | join("\n"))
</tbody></table></div>";

def stats_table:
  [.stats[] | select(.packets > 0)]
  | if . == [] then "<p>The kernel has counted nothing: there is no hook.</p>" else "
<div class=\"wide\"><table><caption>What the kernel of esx-a has counted, by reason</caption>
<thead><tr><th scope=\"col\">Reason</th><th scope=\"col\" class=\"number\">Packets</th><th scope=\"col\" class=\"number\">Bytes</th></tr></thead>
<tbody>
\(map("<tr><th scope=\"row\"><code>\(.reason | @html)</code></th><td class=\"number\">\(.packets)</td><td class=\"number\">\(.bytes)</td></tr>") | join("\n"))
</tbody></table></div>" end;

def checks_table:
  if . == [] then "" else "
<div class=\"wide\"><table><caption>What the migration has left</caption>
<thead><tr><th scope=\"col\">What</th><th scope=\"col\">Expected</th><th scope=\"col\">Seen</th></tr></thead>
<tbody>
\(map("<tr><th scope=\"row\">\(.what | @html)</th><td><code>\(.expected[:16] | @html)</code></td><td><code>\(.seen[:16] | @html)</code></td></tr>") | join("\n"))
</tbody></table></div>" end;

def failures_list:
  if . == [] then "" else "<p><strong class=\"fail\">FAIL</strong> What was measured contradicts the rule:</p>
<ul>\(map("<li>\(. | @html)</li>") | join("\n"))</ul>" end;

def section: "
<section id=\"scenario-\(.number)\">
<h2>\(.number). \(.title | @html)</h2>
<p>\(.setup | @html)</p>
\(.failures | failures_list)
\(figures)
<div class=\"beside\">
\(bytes_table("Sent by esx-a, the source"; "sent"))
\(bytes_table("Received by esx-b, the destination"; "received"))
</div>
\(connections_table)
\(.checks | checks_table)
<h3>Why: the kernel’s own reason</h3>
<pre>\(.reasons | map(@html) | join("\n"))</pre>
\(rule_rows)
\(stats_table)
<h3>Commands</h3>
<pre>\(.commands | map("<b>\(.host | @html)# \(.command | @html)</b>" + if .output == "" then "" else "\n" + (.output | @html) end) | join("\n"))</pre>
\(captured)
\(if .failures == [] then "<p class=\"lesson\"><strong>To learn:</strong> \(.lesson | @html)</p>" else "" end)
</section>";

"<!DOCTYPE html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\"/>
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>
<title>migsel: by which NIC migration traffic leaves</title>
<style>\n\($style)</style>
</head>
<body>
<h1>By which NIC migration traffic leaves</h1>
<p>Two hosts on one switch. What esx-a sends to esx-b is <span class=\"hot\">hot</span> (a running
VM’s memory and active disk) or <span class=\"cold\">cold</span> (file copies): streams of iperf3, and then virtual
machines of QEMU that really migrate. All figures are
differences of the counters of the hosts’ interfaces, measured on Linux \(.release | @html).</p>
<p>In every picture a line is as wide as it carried bytes: solid and vermilion is hot, dashed and blue is
cold, thin and grey is a NIC that carried nothing. In a chart hot is filled, and cold pale inside dashes.</p>
\(.scenarios | comparisons)
<h2 id=\"overview\">Overview</h2>\(.scenarios | overview)
\(.scenarios | map(section) | join("\n"))
</body>
</html>"
