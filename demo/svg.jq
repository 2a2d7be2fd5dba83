# SPDX-License-Identifier: GPL-2.0-only
# A drawing of graphviz or gnuplot as a part of the page: without what would be twice
# there, in the colours of the page, and with words for who does not see it.
include "bytes";

def named_colors:
  reduce (palette | to_entries[]) as $color (.;
    ($color.value | map(" *\(.)") | join(",")) as $rgb
    | gsub("(?<what>fill|stroke) ?= ?'rgb\\(\($rgb)\\)'"; "class=\"\(.what)-\($color.key)\""));

# What neato writes of several graphs.
def drawn_pictures: split("<?xml")[1:];

# The parts of a drawing, without what is twice on a page.
def parts:
  capture("<svg[^>]* viewBox=\"[-0-9.]+ [-0-9.]+ (?<width>[0-9.]+) (?<height>[0-9.]+)\"[^>]*>(?<inside>(.|\n)*)")
  | (.width, .height) |= tonumber
  | .inside |= (sub("<title>Gnuplot</title>\n<desc>[^<]*</desc>"; "") | sub("<defs>(.|\n)*</defs>"; "")
                | gsub("<!--[^>]*-->\n?"; "") | gsub(" id=\"[^\"]*\""; "") | named_colors);

# as_part CLASS WORDS: a point of graphviz, a pixel of gnuplot is one of the page. Those that
# are to have one scale beside each other are as $wide as the widest of them.
def as_part($class; $words; $wide):
  parts
  | ($wide // .width) as $width
  | "<svg class=\"\($class)\" role=\"img\" aria-label=\"\($words | @html)\" width=\"\($width)\" height=\"\(.height)\""
    + " viewBox=\"\((.width - $width) / 2) 0 \($width) \(.height)\""
    + " xmlns=\"http://www.w3.org/2000/svg\"><title>\($words | @html)</title>\(.inside)";

def widest: map(parts | .width) | max;

# as_file WORDS STYLE: a picture that stands for itself
def as_file($words; $style):
  "<!-- SPDX-License-Identifier: GPL-2.0-only -->\n"
  + (as_part("picture"; $words; null)
     | sub("</title>"; "</title>\n<style>\n\($style)svg { background: Canvas }\n</style>"));
