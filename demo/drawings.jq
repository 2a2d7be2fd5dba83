# SPDX-License-Identifier: GPL-2.0-only
# Parts of the page: what is drawn of a scenario, and what is put side by side.
include "bytes";
include "svg";

def reason_of: .reasons[-1] | capture("reason (?<r>.*)").r;
def verdict: if .failures == [] then "PASS" else "FAIL" end;
def drawing: (.number | tostring) as $number | [$ARGS.named.drawings[][$number] | values] | first;
# $shown is what is seen before it is opened; what is in it is on paper in any case.
def folded($shown): "<details><summary><h3>\($shown)</h3></summary>
\(.)
</details>";
# A title is "SITUATION: ANSWER": what happens is told after it was asked.
def situation: .title | split(": ")[0] | @html;
def answer: .title | split(": ")[1:] | join(": ") | @html;
def link_to: "<a href=\"#scenario-\(.number)\">\(.number). \(situation)</a>";
# With one transfer alone.
def only($i): .transfers = [.transfers[$i]];

# carried SIDE: in words, what a picture shows of one host
def carried($side):
  . as $s
  | [.nics[] as $nic
     | [$s | drawn($side; $nic)[] | "\(.class) \(.bytes | megabytes)"]
     | "\($nic) \(if . == [] then "0.0 MB" else join(" and ") end)"]
  | join(", ");
def words: "esx-a sent by \(carried("sent")); esx-b received on \(carried("received"))";

# Of a class, the part of each NIC that it left by.
def left_by($class):
  . as $s
  | [.nics[] as $nic | select(has_upper($nic) | not) | {nic: $nic, bytes: class_bytes("sent"; $nic; $class)}] as $by
  | ([$by[].bytes] | add) as $all
  | [$by[] | (100 * .bytes / ([$all, 1] | max) | round) as $share | select($share > 0) | "\(.nic) \($share) %"]
  | if . == [] or $all < 50000 then "no NIC" else join(", ") end | @html;

def chart($side; $host):
  . as $s
  | [.transfers | to_entries[] | {class: .value.class, words: "\(.key + 1) \(.value.label)"}] as $legend
  | "<figure><figcaption>\($host)</figcaption>
\($s | drawing[$side] | as_part("chart"; "Bytes per second of each NIC: \($host). \([$legend[].words] | join("; "))"; null))
<p class=\"note\">\($legend | map("<span class=\"\(.class)\">\(.words | @html)</span>") | join("; "))</p></figure>";

def figures: "
<div class=\"beside drawings\">
<figure><figcaption>Bytes carried</figcaption>
\(words as $words | drawing.pictures[0] | as_part("picture"; $words; null))</figure>
\(chart("sent"; "Sent by esx-a over time"))
\(chart("received"; "Received by esx-b over time"))
</div>";

# Every transfer by itself, in one scale.
def experiments:
  . as $s
  | (drawing.pictures | widest) as $wide
  | "<div class=\"beside each\">\([.transfers | to_entries[]
       | .key as $i
       | ($s | only($i) | words) as $words
       | "
<figure><figcaption class=\"\(.value.class)\">\(.value.label | @html)</figcaption>
\($s | drawing.pictures[$i + 1] | as_part("picture"; $words; $wide))</figure>"] | join(""))
</div>" | folded("Each transfer by itself");

# The same command in both scenarios, side by side.
def same_command($before; $after):
  ([$before, $after | drawing.pictures[1:] | widest] | max) as $wide
  | [$before.transfers | to_entries[] | .key as $i | .value as $b
     | $after.transfers | to_entries[] | select(.value.command == $b.command) | .key as $j
     | "<h4>\($b.label | @html): <code>\($b.command | @html)</code></h4>
<div class=\"beside pair\">\([{s: $before, i: $i}, {s: $after, i: $j}]
       | map(.i as $i | .s
             | (only($i) | words) as $words | $b.class as $class
             | "
<figure><figcaption>\(link_to)</figcaption>
\(drawing.pictures[$i + 1] | as_part("picture"; $words; $wide))
<p class=\"key\">\($class) left by: \(only($i) | left_by($class))</p></figure>") | join(""))
</div>"]
  | if . == [] then "" else "
<section><h3>Without the module, and with it</h3>
<p>The same NICs, the same routes in the same order, the same commands. At first no vmk is
registered and the first route decides, then the rule does.</p>
\(join("\n"))
</section>" end;

def compared($wide):
  words as $words
  | "
<figure><figcaption>\(link_to)</figcaption>
\(drawing.pictures[0] | as_part("picture"; $words; $wide))
<p class=\"key\">hot left by: \(left_by("hot"))</p>
<p class=\"note\">\(if .plain then "Plain Linux: <code>\(.plain | @html)</code><br/>" else "" end)The kernel: reason <code>\(reason_of | @html)</code></p></figure>";

def side_by_side($heading; $text; $before; $after):
  [.[] | select(reason_of | IN($before[]))] as $origin
  | [.[] | select(reason_of | IN($after[]))] as $cures
  | if $origin == [] or $cures == [] then "" else
      ([$origin[], $cures[] | drawing.pictures[:1] | widest] | max) as $wide
      | "
<section><h3>\($heading)</h3>
<p>\($text)</p>
<div class=\"beside\">\($origin + $cures | map(compared($wide)) | join(""))
</div></section>"
    end;

def streams: map(select(.files == []));
def pitfall: streams | map(select(reason_of == "same-subnet")) | first;

def comparisons:
  (streams | map(select(reason_of == "no-vmk")) | first) as $plain
  | pitfall as $pitfall
  | [(if $plain and $pitfall then same_command($plain; $pitfall) else "" end),
     (streams | side_by_side("The pitfall, and its cures";
        "One migration NIC in the subnet of the first NIC; then in a subnet of its own, with a second one, and on the vMotion stack.";
        ["same-subnet"]; ["dedicated-subnet", "multi-nic", "vmotion-stack"])),
     (map(select(.files != [])) | side_by_side("The same with a virtual machine that migrates";
        "Memory and active disk are hot, base disk and older snapshots cold.";
        ["same-subnet"]; ["dedicated-subnet", "multi-nic"]))]
  | join("")
  | if . == "" then "" else "<h2 id=\"compared\">Before and after</h2>" + . end;
