// SPDX-License-Identifier: GPL-2.0-only
/* Which bytes are characters, and which of them can be shown. */

#include <linux/kernel.h>
#include <linux/types.h>
#include <string.h>

#include "utf8.h"

/* How many bytes the character at @s has, 0 if it is not UTF-8. */
static unsigned int decode(const char *s, __u32 *code)
{
	const unsigned char *u = (const unsigned char *)s;
	static const __u32 least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned int n, i;

	*code = *u;
	if (*u < 0x80)
		return 1;
	if (*u < 0xc2 || *u > 0xf4)
		return 0;
	n = *u >= 0xf0 ? 4 : *u >= 0xe0 ? 3 : 2;
	*code = *u & (0x7f >> n);
	for (i = 1; i < n; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (u[i] & 0x3f);
	}
	return *code >= least[n] && *code <= 0x10ffff &&
	       (*code < 0xd800 || *code > 0xdfff) ? n : 0;
}

void make_utf8(char *s)
{
	unsigned int n;
	__u32 code;

	for (; *s; s += n) {
		n = decode(s, &code);
		if (!n) {
			*s = '?';
			n = 1;
		}
	}
}

unsigned int printable(const char *s)
{
	static const struct {
		__u32 first, last;
	} hidden[] = {
		{ 0, 0x1f }, { 0x7f, 0xa0 }, { 0xad, 0xad }, { 0x61c, 0x61c },
		{ 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f },
		{ 0xfeff, 0xfeff }, { 0xe0000, 0xe0fff },
	};
	unsigned int n, i;
	__u32 code;

	n = decode(s, &code);
	for (i = 0; i < ARRAY_SIZE(hidden); i++) {
		if (code >= hidden[i].first && code <= hidden[i].last)
			return 0;
	}
	return n;
}

void hide_unprintable(char *s)
{
	unsigned int n;
	char *to = s;

	for (; *s; s += n) {
		n = printable(s);
		if (n) {
			memmove(to, s, n);
			to += n;
		} else {
			*to++ = '?';
			n = 1;
		}
	}
	*to = '\0';
}
