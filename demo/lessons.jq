# SPDX-License-Identifier: GPL-2.0-only
# Parts of the page: the question and its answer, what a newcomer asks, why source addresses
# look wrong, what to do about it, and the glossary. $glossary: the terms of
# Documentation/glossary.rst; $explained: what migsel explain says of an ESXi host and of
# esx-a.
include "bytes";
include "drawings";

def glossary: $ARGS.named.glossary[];
def meaning($term): [glossary[] | select(.term == $term).text] | first;
def count_of($side; $nic): class_bytes($side; $nic; "hot") | megabytes;
# The NIC that was chosen for migrations: the rule's, where it has one only.
def chosen: [.commands[].command | capture("^migsel vmk add (?<nic>[^ ]+) migration on$").nic] | first;

# The question is asked before its answer is seen.
def question:
  pitfall
  | if . == null then "" else
      chosen as $chosen
      | "
<section id=\"question\">
<h2>\(.question | @html)</h2>
<p>\(.nics | join(" and ") | @html) of esx-a are both in \(.explained[-1].prefix | @html), and \($chosen | @html) alone is
set apart for migrations. esx-b’s address for them is that of its \($chosen | @html).</p>
<details><summary>Guess first, then see what was measured</summary>
<p class=\"key\"><span class=\"hot\">By \(left_by("hot")).</span></p>
<p>\([.nics[] as $nic | "\($nic | @html) of esx-a has sent \(count_of("sent"; $nic)) of hot"] | join(", ")).
\(.lesson | @html) That is <a href=\"#scenario-\(.number)\">scenario \(.number)</a>.</p></details>
</section>" end;

def first_with($reason): streams | map(select(reason_of == $reason)) | first;
def hot_to($nic): "\(.nics[0] as $n | count_of("received"; $nic)) on \($nic | @html)";

# What is asked first, each with a short answer.
def questions($release):
  pitfall as $pitfall
  | first_with("dedicated-subnet") as $cure
  | [["What is a vmk?", "\(meaning("VMkernel NIC")) \(meaning("vmk"))" | @html],
     ["What is hot, what is cold?",
      "<span class=\"hot\">Hot</span>: \(meaning("hot") | @html) <span class=\"cold\">Cold</span>: \(meaning("cold") | @html)"],
     ["Is this ESXi?",
      "No: Linux \($release | @html), whose module migsel imitates ESXi’s rule. Streams of iperf3 and virtual machines of
QEMU are really sent; each figure is a difference of counters of the hosts’ NICs."],
     ["Why does nobody notice?",
      if $pitfall then $pitfall | "Who receives looks healthy: esx-b got \(hot_to(chosen)), as was meant, however it left esx-a. Only the
counters of the source tell." else "This run has not asked." end],
     ["What should I do about it?",
      (if $cure then $cure | "Best, give migrations a subnet of their own: then hot left by \(left_by("hot")). " else "" end)
      + "<a href=\"#cures\">The cures</a> have commands for ESXi and for Linux."]]
  | "<dl id=\"questions\">\(map("
<div><dt>\(.[0])</dt><dd>\(.[1])</dd></div>") | join(""))
</dl>";

# Where the MAC address is of another NIC than the source address.
def disguised:
  [.[] as $s
   | $s.transfers[] | . as $t | .seen[]
   | . as $seen
   | ([$s.addresses["esx-a"] | to_entries[] | select(any(.value[]; startswith($seen.source + "/"))).key] | first) as $owner
   | select($owner and $owner != .left)
   | "<tr><td><a href=\"#scenario-\($s.number)\">\($s.number)</a></td><th scope=\"row\" class=\"\($t.class)\">\($t.label | @html)</th><td>\(.source | @html)</td><td>\($owner | @html)</td><td>\(.left | @html)</td></tr>"]
  | length as $n
  | if . == [] then "" else "
<h2 id=\"addresses\">Why source addresses look wrong, and are not</h2>
<p>What left by one NIC often carries the address of another. That is no fault of the measurement. An
address belongs to the host: it may be sent from by any of its NICs. It is chosen first, by the program that
binds its socket, or else by the plain route, as if there were no rule. The rule then takes
the NIC and leaves the address as it is. So hot has the address of the first NIC where the plain route
is by that, and cold the address of the migration NIC where that has the first route. Answers go to the address, whichever NIC sent. Who wants to
know the NIC looks at the MAC address, or at counters.</p>
\("<div class=\"wide\"><table><caption>Streams whose source address is of another NIC</caption>
<thead><tr><th scope=\"col\">Scenario</th><th scope=\"col\">Traffic</th><th scope=\"col\">Source address</th><th scope=\"col\">Address of</th><th scope=\"col\">MAC of</th></tr></thead>
<tbody>
\(join("\n"))
</tbody></table></div>" | folded("\($n) kinds of streams in this run"))" end;

def cure_list: "<ol>\(.cures | map("<li>\(.advice | @html)<pre>\(.command | @html)</pre></li>") | join("\n"))</ol>
<p>To see it: \(.measure | @html).</p>";
def cures:
  [streams[] | select(reason_of | IN("dedicated-subnet", "multi-nic", "vmotion-stack", "strict"))
   | "<li>\(link_to): hot left by \(left_by("hot"))</li>"] as $measured
  | "
<h2 id=\"cures\">What should I do about it?</h2>
<p>What <code>migsel explain</code> says of two hosts that have the pitfall, the best first.
<code>Documentation/wrong-network.rst</code> tells how it shows, what does not help, and how to get there while machines run.</p>
<div class=\"beside\">\([$ARGS.named.explained[][] | "
<section><h3>\(if .system == "esxi" then "On ESXi, for the host of <code>Documentation/examples/pitfall.txt</code>" else "On Linux, for esx-a as it was in this run" end)</h3>
<p>\(.message | @html).</p>
\(cure_list)</section>"] | join(""))
</div>
\(if $measured == [] then "" else "<p>Measured in this run:</p>
<ul>\($measured | join("\n"))</ul>" end)";

def glossary_list: "
<h2 id=\"glossary\">Glossary</h2>
<dl>\(glossary | map("
<dt>\(.term | @html)</dt><dd>\(.text | @html)</dd>") | join(""))
</dl>";
