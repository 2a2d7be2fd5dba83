# SPDX-License-Identifier: GPL-2.0-only
# What one scenario has measured, and whether that is as the rule has it.
#
# $record: what was said, run and expected; $a, $b: the NICs of both hosts, before
# and after each transfer, $counts: the reasons then; $samples: in between; $links: what
# ip says of addresses and routes of esx-a, and of addresses of esx-b; $transfers: what the
# senders say, iperf3 in its own words; $flows: esx-b's connections; $began: when the
# scenario did, in microseconds.
# The result is a line of JSON, a line for each failure, an empty one, and text.
include "text";

def of_kind($kind): $record[] | select(.kind == $kind);
def text_of($kind): [of_kind($kind).text] | first;
def round1: . * 10 | round / 10;
def percent($all): if $all > 0 then 100 * . / $all | round1 else 0 end;
def megabytes: . / 1000000 | round1 | "\(.) MB";
# By NIC, what ip says of addresses, without those of the link alone.
def addresses($nics):
  map(select(.ifname | IN($nics[]))
      | {key: .ifname, value: [.addr_info[] | select(.scope == "global") | "\(.local)/\(.prefixlen)"]})
  | from_entries;

[of_kind("stats").nics | splits(" +") | select(. != "")] as $nics
# Per host and transfer: bytes by NIC, by the difference of two snapshots.
| def since($earlier; $now; $direction):
    $nics | map({key: ., value: ($now[.][$direction] - $earlier[.][$direction])}) | from_entries;
  def counted($snapshots; $direction):
    [range(1; $snapshots | length) as $i | since($snapshots[$i - 1]; $snapshots[$i]; $direction)];
  # What the kernel has counted by reason in between.
  def decided($earlier; $now):
    ($earlier | map({key: .reason, value: .}) | from_entries) as $before
    | [$now[] | {reason, packets: (.packets - $before[.reason].packets), bytes: (.bytes - $before[.reason].bytes)}
       | select(.packets > 0)];
# By MAC, the NIC that a connection has left the source by.
  ($links[0] | map({key: .address, value: .ifname}) | from_entries) as $nic_of_mac
| [$flows[] | .nftables[]? | .set? // empty | .elem[]? | .elem
   | .val.concat as $key
   | {arrived: $key[0], left: ($nic_of_mac[$key[1]] // $key[1]), source: $key[2],
      port: $key[4], bytes: .counter.bytes}] as $connections
| counted($a; "tx") as $sent
| counted($b; "rx") as $received
| [[of_kind("transfer")] | to_entries[] | .key as $i | .value as $t
   | ($transfers[$i]
      | if has("start") then
          # Smaller connections are those by which iperf3 controls the others.
          {port: .start.connecting_to.port, streams: .start.test_start.num_streams,
           bytes: .end.sum_received.bytes, least: 16384, uneven: 0.4}
        else
          # QEMU gives a page to whichever stream is free. What a closed socket is still
          # acknowledged belongs to no flow, and is less than a handshake.
          {port: (.port // 0), streams: (.streams // 0), bytes: (.bytes // 0), least: 128, uneven: 0.8} end) as $report
   | {label: $t.label, class: $t.class, command: $t.command,
      leaves: $t.leaves, arrives: $t.arrives, error: $t.error,
      began: ($t.began | tonumber), ended: ($t.ended | tonumber),
      decided: decided($counts[$i]; $counts[$i + 1]),
      seconds: ((($t.ended | tonumber) - ($t.began | tonumber)) / 1000 | round1),
      payload: ($report.bytes // 0),
      streams: $report.streams, uneven: $report.uneven,
      sent: $sent[$i], received: $received[$i],
      seen: [$connections | map(select(.port == $report.port and .bytes > $report.least))
             | group_by([.left, .source, .arrived])[]
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
       | select($by[.] < (1 - $t.uneven) * $mean or $by[.] > (1 + $t.uneven) * $mean)
       | "\($t.label): \($host) \($verb) \($by[.] | megabytes) by \(.) where \($group | join(" and ")) are to share evenly"),
      ($nics - ($groups | add) | .[]
       | select($by[.] > 0.03 * $t.payload)
       | "\($t.label): \($host) \($verb) \($by[.] | megabytes), \($by[.] | percent($t.payload)) % of the payload, by \(.) where it is to be none");
  def uneven($t):
    ($t.leaves | split(" ") | first | split("+")) as $group
    | $group[] as $nic
    | ([$t.seen[] | select(.left == $nic) | .streams] | add // 0) as $streams
    | ($t.streams / ($group | length)) as $share
    | select($streams <= $share - 1 or $streams >= $share + 1)
    | "\($t.label): \($streams) of \($t.streams) streams have the MAC of \($nic) where it is to be \($share)";
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
# What a transfer is to be counted as: what was last said of its class before it.
| [$record | to_entries[] | select(.value.kind == "transfer")
   | .key as $place | .value.class as $class
   | [$record[:$place][] | select(.kind == "reason" and (.text | contains(" tag \($class) "))).expected]
   | last // "cold-first-vmk"] as $reasons
| def miscounted:
    def bytes_of($r): [$stats[] | select(.reason == $r) | .bytes] | add // 0;
    def payload_of($r): [range($measured | length) | select($reasons[.] == $r) | $measured[.].payload] | add // 0;
    ["single-nic", "same-subnet", "dedicated-subnet", "multi-nic-bound", "multi-nic", "strict", "vmotion-stack",
     "cold-first-vmk", "cold-same-subnet", "provisioning-vmk", "provisioning-stack"] as $steering
    | if any(of_kind("reason"); .expected == "no-vmk") then
        ($stats[] | select(.packets > 0) | "the kernel counts \(.reason) where it is to have no hook")
      else
        # One packet for each: told at once, no sender has tried again.
        ([$stats[] | select(.reason == "no-migration-vmk") | .packets] | add // 0
         | select(. != ([$measured[] | select(.leaves == "refused")] | length))
         | "the kernel refused \(.) packets where each sender is to be told at its first"),
        ($reasons | unique[] | select(bytes_of(.) < 0.95 * payload_of(.) or bytes_of(.) == 0)
         | "the kernel counts \(bytes_of(.) | megabytes) as \(.) of \(payload_of(.) | megabytes)"),
        ($steering - $reasons | .[] | select(bytes_of(.) > 0)
         | "the kernel counts \(bytes_of(.) | megabytes) as \(.)")
      end;
  def misreasoned:
    of_kind("reason") as $r
    | select($r.text | endswith("reason " + $r.expected) | not)
    | "the kernel says \"\($r.text)\" where the reason is to be \($r.expected)";
# The files of a virtual machine, and how much of them has been sent.
  [[of_kind("classified")][] | .sizes as $sizes
   | .text | split("\n")[] | [splits(" +")]
   | . as [$tag, $role, $file]
   | {tag: $tag, role: $role, file: $file,
      size: ([$sizes | split("\n")[] | split(" ") | select(.[1] == $file) | .[0] | tonumber] | first)}] as $files
| ([of_kind("check") | {what: .text, expected, seen}]) as $checks
| def incomplete:
    select($files != [])
    | ("hot", "cold") as $class
    | ([$measured[] | select(.class == $class and .leaves != "refused")]) as $ours
    | select($ours != [])
    | ([$ours[].sent | to_entries[] | .value] | add) as $sent
    | (([$files[] | select(.tag == $class) | .size] | add // 0)
       + ([$ours[] | select(.label == "memory") | .payload] | add // 0)) as $all
    | select($sent < 0.95 * $all or $sent > 1.1 * $all)
    | "esx-a sent \($sent | megabytes) \($class) of \($all | megabytes) that are classified so";
  def unequal:
    $checks[] | select(.expected != .seen)
    | "\(.what): \(.seen) where it is to be \(.expected)";

{
  number: ($record[0].number | tonumber),
  title: text_of("title"),
  began: $began,
  setup: text_of("setup"),
  question: text_of("question"),
  plain: text_of("plain"),
  lesson: text_of("lesson"),
  reasons: [of_kind("reason").text],
  explained: [of_kind("reason").explained | fromjson | .[]],
  nics: $nics,
  lower: ([$links[0][] | select(.ifname | IN($nics[])) | select(.link | IN($nics[])) | {key: .ifname, value: .link}]
          | from_entries),
  addresses: {"esx-a": ($links[0] | addresses($nics)), "esx-b": ($links[2] | addresses($nics))},
  routes: [$links[1][] | {dst, dev}],
  commands: [of_kind("command") | {host, command, output}],
  transfers: $measured,
  stats: $stats,
  files: $files,
  checks: $checks,
  samples: [$samples[] | {milliseconds, sent: since($a[0]; .a; "tx"), received: since($b[0]; .b; "rx")}],
  failures: [wrong($measured[]), miscounted, misreasoned, incomplete, unequal]
}
| tojson, .failures[], "", text
