# SPDX-License-Identifier: GPL-2.0-only
# The results of all scenarios as one page that needs nothing else. $drawings: what
# report.sh has drawn, and read from the captures; $rows: the table of the rule; $glossary
# and $explained: see lessons.jq.
include "drawings";
include "tables";
include "lessons";

def contents: "<nav aria-label=\"Contents\">
<ul>
\([.scenarios | if comparisons == "" then empty else "<li><a href=\"#compared\">Before and after</a></li>" end,
   if disguised == "" then empty else "<li><a href=\"#addresses\">Source addresses</a></li>" end]
  + ["<li><a href=\"#cures\">What to do about it</a></li>", "<li><a href=\"#overview\">Overview</a></li>",
     "<li><a href=\"#glossary\">Glossary</a></li>"] | join("\n"))
\(.scenarios | map("<li>\(link_to) \(verdict_cell)</li>") | join("\n"))
</ul>
</nav>";

"<!DOCTYPE html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\"/>
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>
<title>migsel: by which NIC migration traffic leaves</title>
<style>\n\($style)</style>
</head>
<body>
<header>
<h1>By which NIC migration traffic leaves</h1>
<p>Two hosts on one switch: esx-a sends virtual machines to esx-b. \([.scenarios[] | select(verdict == "PASS")] | length) of
\(.scenarios | length) scenarios were as the rule has it.</p>
\(.scenarios | question)
\(.release as $release | .scenarios | questions($release))
\(contents)
</header>
<main>
<p>In all pictures a line is as wide as it carried bytes, in one scale: solid and vermilion is hot,
dashed and blue is cold, thin and grey is a NIC that carried nothing. In a chart hot is filled, and cold pale
inside dashes; what a transfer waited before and after it sent is left out.</p>
\(.scenarios | comparisons)
\(.scenarios | disguised)
\(.scenarios | cures)
<h2 id=\"overview\">Overview</h2>
\(.scenarios | overview | folded("What each transfer was to leave by, and did"))
\(.scenarios | map(section) | join("\n"))
\(glossary_list)
</main>
</body>
</html>"
