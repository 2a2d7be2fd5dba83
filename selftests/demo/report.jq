# SPDX-License-Identifier: GPL-2.0-only
# The results of all scenarios as one page of plain tables that needs nothing else.

def megabytes: . / 100000 | round | "\(. / 10 | floor).\(. % 10) MB";
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
def reason_of: .reasons[-1] | capture("reason (?<r>.*)").r;

def style: "
:root { color-scheme: light dark; --line: #8888; --shade: #8881; --hot: #b34700; --cold: #0a5fa5 }
@media (prefers-color-scheme: dark) { :root { --hot: #ff9d5c; --cold: #7cc4ff } }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 62rem; margin: 0 auto; padding: 1rem }
h1 { font-size: 1.6rem; line-height: 1.2 }
h2 { font-size: 1.25rem; line-height: 1.3; margin-top: 2.5rem; border-top: 2px solid var(--line); padding-top: 1rem }
h3 { font-size: 1rem; margin-bottom: .3rem }
.wide { overflow-x: auto }
table { border-collapse: collapse; margin: 0 0 1rem }
caption { text-align: left; font-weight: bold; padding: .3rem 0 }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem; border-bottom: 1px solid var(--line) }
tbody th { font-weight: normal }
th[scope=rowgroup] { font-weight: bold; background: var(--shade); padding-top: .5rem }
th[scope=rowgroup] span { font-weight: normal }
.part { white-space: nowrap }
td.number, th.number { text-align: right }
td.number { white-space: nowrap }
pre { background: var(--shade); padding: .6rem; white-space: pre-wrap; overflow-wrap: anywhere; font-size: .85rem; line-height: 1.4 }
pre b { font-weight: bold }
.hot { color: var(--hot) } .cold { color: var(--cold) }
.fail { border: 2px solid; padding: 0 .3rem }
.lesson { border-left: 4px solid var(--line); padding-left: .8rem }
@media (max-width: 40rem) {
	body { padding: .6rem }
	th, td { padding: .2rem .25rem }
	table { font-size: .75rem }
}
@media print {
	body { max-width: none; font-size: 10pt }
	h2, h3, caption { break-after: avoid }
	tr, .lesson { break-inside: avoid }
}
";

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
\(bytes_table("Sent by esx-a, the source"; "sent"))
\(bytes_table("Received by esx-b, the destination"; "received"))
\(connections_table)
\(.checks | checks_table)
<h3>Why: the kernel’s own reason</h3>
<pre>\(.reasons | map(@html) | join("\n"))</pre>
\(stats_table)
<h3>Commands</h3>
<pre>\(.commands | map("<b>\(.host | @html)# \(.command | @html)</b>" + if .output == "" then "" else "\n" + (.output | @html) end) | join("\n"))</pre>
\(if .failures == [] then "<p class=\"lesson\"><strong>To learn:</strong> \(.lesson | @html)</p>" else "" end)
</section>";

"<!DOCTYPE html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\"/>
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>
<title>migsel: by which NIC migration traffic leaves</title>
<style>\(style)</style>
</head>
<body>
<h1>By which NIC migration traffic leaves</h1>
<p>Two hosts on one switch. What esx-a sends to esx-b is <span class=\"hot\">hot</span> (a running
VM’s memory and active disk) or <span class=\"cold\">cold</span> (file copies): streams of iperf3, and then virtual
machines of QEMU that really migrate. All figures are
differences of the counters of the hosts’ interfaces, measured on Linux \(.release | @html).</p>
<h2 id=\"overview\">Overview</h2>\(.scenarios | overview)
\(.scenarios | map(section) | join("\n"))
</body>
</html>"
