# SPDX-License-Identifier: GPL-2.0-only
# A drawing of graphviz or gnuplot as a part of the page: without what would be twice
# there, in the colours of the page, and with words for who does not see it.
include "bytes";

def named_colors:
  reduce (palette | to_entries[]) as $color (.;
    ($color.value | map(" *\(.)") | join(",")) as $rgb
    | gsub("(?<what>fill|stroke) ?= ?'rgb\\(\($rgb)\\)'"; "class=\"\(.what)-\($color.key)\""));

# as_part CLASS WORDS: a point of graphviz, a pixel of gnuplot is one of the page.
def as_part($class; $words):
  capture("<svg[^>]* viewBox=\"(?<x>[-0-9.]+) (?<y>[-0-9.]+) (?<width>[0-9.]+) (?<height>[0-9.]+)\"[^>]*>(?<inside>(.|\n)*)")
  | .inside |= (sub("<title>Gnuplot</title>\n<desc>[^<]*</desc>"; "") | sub("<defs>(.|\n)*</defs>"; "")
                | gsub("<!--[^>]*-->\n?"; "") | gsub(" id=\"[^\"]*\""; "") | named_colors)
  | "<svg class=\"\($class)\" role=\"img\" aria-label=\"\($words | @html)\" width=\"\(.width | tonumber)\" height=\"\(.height | tonumber)\" viewBox=\"\(.x) \(.y) \(.width) \(.height)\" xmlns=\"http://www.w3.org/2000/svg\"><title>\($words | @html)</title>\(.inside)";
