# SPDX-License-Identifier: GPL-2.0-only
# The packets that tshark lists (a line each, see report.sh), with a comment on the first
# of each flow: by which NIC it left, what it was tagged, and by what reason, which is the
# one that the kernel counted for what was sent meanwhile. $rows is the table of the rule.
def decision:
  . as $packet
  | [$scenario[0].transfers[]
     | select(.began / 1000 <= $packet.second and $packet.second <= .ended / 1000)
     | .class as $class
     | [.decided[] | select(.reason != "untagged")] | select(. != []) | max_by(.bytes).reason as $reason
     | ([$scenario[0].explained[0].rows[] | select(.reason == $reason) | "row \(.row)"]
        + [$rows[0][] | select(.reason == $reason).condition] | join(": ")) as $why
     | "migsel: tag \($class) dev \($packet.nic) reason \($reason) (\($why))"]
  | first // "";

[inputs | split("\t")
 | {frame: (.[0] | tonumber), flow: .[1], second: ((.[2] | tonumber) - $scenario[0].began / 1000000), nic: .[3], comment: .[4]}]
| group_by(.flow)
| map(sort_by(.frame)
      | if .[0].comment == "" then .[0] |= (.comment = decision | .new = .comment != "") else . end)
| add // []
