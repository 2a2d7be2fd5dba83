# SPDX-License-Identifier: GPL-2.0-only
# What one scenario has measured, and whether that is as the rule has it.
#
# $record: what was said, run and expected; $a, $b: the NICs of both hosts, before
# and after each transfer; $links: those of esx-a; $transfers: iperf3's reports; $flows: esx-b's connections.
# The result is a line of JSON, a line for each failure, an empty one, and text.
include "text";

def of_kind($kind): $record[] | select(.kind == $kind);
def text_of($kind): [of_kind($kind).text] | first;
def round1: . * 10 | round / 10;
def percent($all): if $all > 0 then 100 * . / $all | round1 else 0 end;
def megabytes: . / 1000000 | round1 | "\(.) MB";

[of_kind("stats").nics | splits(" +") | select(. != "")] as $nics
# Per host and transfer: bytes by NIC, by the difference of two snapshots.
| def counted($snapshots; $direction):
    [range(1; $snapshots | length) as $i
     | $nics | map({key: ., value: ($snapshots[$i][.][$direction] - $snapshots[$i - 1][.][$direction])})
     | from_entries];
# By MAC, the NIC that a connection has left the source by.
  ($links[0] | map({key: .address, value: .ifname}) | from_entries) as $nic_of_mac
| [$flows[] | .nftables[]? | .set? // empty | .elem[]? | .elem
   | .val.concat as $key
   | {arrived: $key[0], left: ($nic_of_mac[$key[1]] // $key[1]), source: $key[2],
      port: $key[4], bytes: .counter.bytes}] as $connections
| counted($a; "tx") as $sent
| counted($b; "rx") as $received
| [[of_kind("transfer")] | to_entries[] | .key as $i | .value as $t
   | (($transfers[$i].start.connecting_to.port) // 0) as $port
   | {label: $t.label, class: $t.class, command: $t.command,
      leaves: $t.leaves, arrives: $t.arrives, error: $t.error,
      seconds: (($t.milliseconds | tonumber) / 1000 | round1),
      payload: (($transfers[$i].end.sum_received.bytes) // 0),
      streams: (($transfers[$i].start.test_start.num_streams) // 0),
      sent: $sent[$i], received: $received[$i],
      seen: [$connections | map(select(.port == $port))
             # Smaller ones are iperf3's control connections.
             | group_by([.left, .source, .arrived])[] | map(select(.bytes > 16384)) | select(. != [])
             | {left: .[0].left, source: .[0].source, arrived: .[0].arrived,
                streams: length, bytes: (map(.bytes) | add)}]}] as $measured

# What is wrong with one side of a transfer, as sentences.
| def misplaced($t; $host; $verb; $by; $expected):
    ($expected | split(" ") | map(split("+"))) as $groups
    | ($groups[]
       | . as $group
       | (map($by[.]) | add) as $sum
       | select($sum < 0.95 * $t.payload)
       | "\($t.label): \($host) \($verb) \($sum | megabytes) by \($group | join(" and ")) where it is to be all of the payload, \($t.payload | megabytes)"),
      ($groups[] | select(length > 1)
       | . as $group
       | (map($by[.]) | add / length) as $mean
       | .[]
       | select($by[.] < 0.6 * $mean or $by[.] > 1.4 * $mean)
       | "\($t.label): \($host) \($verb) \($by[.] | megabytes) by \(.) where \($group | join(" and ")) are to share evenly"),
      ($nics - ($groups | add) | .[]
       | select($by[.] > 0.03 * $t.payload)
       | "\($t.label): \($host) \($verb) \($by[.] | megabytes), \($by[.] | percent($t.payload)) % of the payload, by \(.) where it is to be none");
  def uneven($t):
    ($t.leaves | split(" ") | first | split("+")) as $group
    | $group[] as $nic
    | ([$t.seen[] | select(.left == $nic) | .streams] | add // 0) as $streams
    | select($streams != $t.streams / ($group | length))
    | "\($t.label): \($streams) of \($t.streams) streams have the MAC of \($nic) where it is to be \($t.streams / ($group | length))";
  def wrong($t):
    if $t.leaves == "refused" then
      (select($t.error == "") | "\($t.label): went through where it is to be refused"),
      (select($t.error | contains("No route to host") | not)
       | "\($t.label): the sender was told \"\($t.error)\" where it is to be told \"No route to host\""),
      ($t.sent | to_entries[] | select(.value > 20000)
       | "\($t.label): esx-a sent \(.value) bytes by \(.key) where it is to be refused")
    elif $t.payload == 0 then "\($t.label): nothing went through: \($t.error)"
    else
      misplaced($t; "esx-a"; "sent"; $t.sent; $t.leaves),
      misplaced($t; "esx-b"; "received"; $t.received; $t.arrives),
      uneven($t)
    end;
# The kernel's own count by reason, against what was sent.
  [text_of("stats") | split("\n")[1:][] | [splits(" +")] | select(length == 3)
   | {reason: .[0], packets: (.[1] | tonumber), bytes: (.[2] | tonumber)}] as $stats
| ([of_kind("reason").expected] | last) as $reason
| def miscounted:
    def bytes_of($r): [$stats[] | select(.reason == $r) | .bytes] | add // 0;
    def payload_of($c): [$measured[] | select(.class == $c) | .payload] | add // 0;
    ["single-nic", "same-subnet", "dedicated-subnet", "multi-nic-bound", "multi-nic"] as $hot
    | if $reason == "no-vmk" then
        ($stats[] | select(.packets > 0) | "the kernel counts \(.reason) where it is to have no hook")
      else
        (select(bytes_of("cold-first-vmk") < 0.95 * payload_of("cold"))
         | "the kernel counts \(bytes_of("cold-first-vmk") | megabytes) as cold-first-vmk of \(payload_of("cold") | megabytes)"),
        # One packet for each: told at once, no sender has tried again.
        (select($reason == "no-migration-vmk")
         | [$stats[] | select(.reason == $reason) | .packets] | add // 0
         | select(. != ([$measured[] | select(.leaves == "refused")] | length))
         | "the kernel refused \(.) packets where each sender is to be told at its first"),
        (select(bytes_of($reason) < 0.95 * payload_of("hot") or bytes_of($reason) == 0)
         | "the kernel counts \(bytes_of($reason) | megabytes) as \($reason) of \(payload_of("hot") | megabytes)"),
        ($hot - [$reason] | .[] | select(bytes_of(.) > 0)
         | "the kernel counts \(bytes_of(.) | megabytes) as \(.)")
      end;
  def misreasoned:
    of_kind("reason") as $r
    | select($r.text | endswith("reason " + $r.expected) | not)
    | "the kernel says \"\($r.text)\" where the reason is to be \($r.expected)";

{
  number: ($record[0].number | tonumber),
  title: text_of("title"),
  setup: text_of("setup"),
  plain: text_of("plain"),
  lesson: text_of("lesson"),
  reasons: [of_kind("reason").text],
  nics: $nics,
  commands: [of_kind("command") | {host, command, output}],
  transfers: $measured,
  stats: $stats,
  failures: [wrong($measured[]), miscounted, misreasoned]
}
| tojson, .failures[], "", text
