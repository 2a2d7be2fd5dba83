# SPDX-License-Identifier: GPL-2.0-only
# What the report's tables, pictures and charts have in common.

def megabytes: . / 100000 | round | "\(. / 10 | floor).\(. % 10) MB";
# What a NIC of one side ("sent", "received") counted during transfers of a class.
def class_bytes($side; $nic; $class): [.transfers[] | select(.class == $class) | .[$side][$nic]] | add // 0;
# That of either class, where it is enough to be a figure.
def drawn($side; $nic):
  [("hot", "cold") as $class | {class: $class, bytes: class_bytes($side; $nic; $class)}
   | select(.bytes | megabytes != "0.0 MB")];
# The most that a line of any picture stands for: all of them have one scale.
def most: [.scenarios[] | . as $s | .nics[] as $nic | ("sent", "received") as $side
           | $s | drawn($side; $nic)[].bytes] | max // 1;
# A NIC that others send through counts once more what they have counted.
def has_upper($nic): [.lower[] | select(. == $nic)] != [];

# Vermilion and blue of Okabe and Ito's palette, which nobody's eyes confuse. gnuplot
# writes them as numbers; the page then has its own for each of its colour schemes.
def palette: {hot: [213, 94, 0], cold: [0, 114, 178]};
