/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UTF8_H
#define UTF8_H

/*
 * How many bytes the character at @s has, 0 for one that is not UTF-8, does not print, or
 * turns the direction of what is written behind it around.
 */
unsigned int printable(const char *s);
/* Puts "?" for all of those. */
void hide_unprintable(char *s);

/* Puts "?" for what is not UTF-8, which JSON has to be. */
void make_utf8(char *s);

#endif
