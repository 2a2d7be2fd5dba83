// SPDX-License-Identifier: GPL-2.0-only
/* The files that describe hosts: what they are encoded in, and what they hold. */

#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "described.h"
#include "text.h"

/* What describes ten thousand hosts has a tenth of it. */
#define FILE_MAX (64u << 20)

/* "UTF-16LE", "UTF-16BE", or NULL: by the mark, or by which halves of Latin text are zero. */
static const char *wide_encoding(const char *bytes, size_t length)
{
	size_t i, even = 0, odd = 0, n = length < 256 ? length : 256;

	if (length >= 2 && !memcmp(bytes, "\377\376", 2))
		return "UTF-16LE";
	if (length >= 2 && !memcmp(bytes, "\376\377", 2))
		return "UTF-16BE";
	for (i = 0; i < n; i++) {
		if (!bytes[i] && i % 2)
			odd++;
		else if (!bytes[i])
			even++;
	}
	if (n >= 4 && odd > n / 4 && !even)
		return "UTF-16LE";
	if (n >= 4 && even > n / 4 && !odd)
		return "UTF-16BE";
	return NULL;
}

/* Text with a NUL behind it, NULL if it is none. */
static char *to_utf8(const char *bytes, size_t length, size_t *text_length)
{
	const char *encoding = wide_encoding(bytes, length);
	/* Two bytes of UTF-16 are three of UTF-8 at most. */
	size_t left = encoding ? length / 2 * 3 : length;
	char *text = calloc(left + 1, 1), *in = (char *)bytes, *out = text;
	iconv_t wide;

	if (!text)
		exit(out_of_memory());
	if (encoding) {
		wide = iconv_open("UTF-8", encoding);
		if (wide == (iconv_t)-1 ||
		    iconv(wide, &in, &length, &out, &left) == (size_t)-1) {
			free(text);
			text = NULL;
		}
		if (wide != (iconv_t)-1)
			iconv_close(wide);
	} else {
		memcpy(text, bytes, length);
		out += length;
	}
	if (!text)
		return NULL;
	*text_length = out - text;
	if (*text_length >= 3 && !memcmp(text, "\357\273\277", 3)) {
		*text_length -= 3;
		memmove(text, text + 3, *text_length + 1);
	}
	return text;
}

static unsigned int line_of(const char *text, const char *place)
{
	unsigned int line = 1;

	for (; text < place; text++)
		line += *text == '\n';
	return line;
}

static void describe(struct descriptions *all, char *text, size_t length)
{
	const char *nul = memchr(text, '\0', length);
	size_t blanks = strspn(text, " \t\r\n"), i;
	const char *else_is = what_else(text + blanks);

	if (else_is) {
		cannot_read(all, 1, "this is %s", else_is);
		return;
	}
	if (nul) {
		cannot_read(all, line_of(text, nul),
			    "expected text, found a NUL byte");
		return;
	}
	if (blanks == length) {
		cannot_read(all, 1, "expected a description, found nothing");
		return;
	}
	/* Line ends of old systems. */
	if (!memchr(text, '\n', length)) {
		for (i = 0; i < length; i++) {
			if (text[i] == '\r')
				text[i] = '\n';
		}
	}
	if (looks_like_csv(text, length))
		describe_csv(all, text, length);
	else
		describe_text(all, text, length);
	if (!all->found && !all->complaints)
		cannot_read(all, 1,
			    "expected what esxcfg-vmknic -l, esxcli, govc -json, ip -j or migsel save prints, or RVTools' vSC_VMK as CSV");
}

void describe_bytes(struct descriptions *all, const char *name,
		    const char *bytes, size_t length)
{
	size_t text_length;
	char *text;

	all->file = name;
	all->complaints = 0;
	all->found = false;
	all->goes_on = false;
	all->prompted = false;
	all->counted = false;
	host_is_unnamed(all);
	if (length > FILE_MAX) {
		cannot_read(all, 1,
			    "expected a description of %u MiB at most; divide it",
			    FILE_MAX >> 20);
		return;
	}
	text = to_utf8(bytes, length, &text_length);
	if (!text) {
		cannot_read(all, 1, "expected UTF-8 or whole UTF-16");
		return;
	}
	describe(all, text, text_length);
	free(text);
}

void describe_file(struct descriptions *all, const char *path)
{
	bool is_input = !strcmp(path, "-");
	int fd = is_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	size_t length = 0, size = 65536;
	char *bytes = NULL;
	ssize_t n = fd;

	all->file = path;
	all->complaints = 0;
	/* One byte more than it may have shows that it has too many. */
	while (n >= 0 && length <= FILE_MAX) {
		if (!bytes || length == size) {
			size *= 2;
			bytes = realloc(bytes, size);
			if (!bytes)
				exit(out_of_memory());
		}
		n = read(fd, bytes + length, size - length);
		if (n <= 0)
			break;
		length += n;
	}
	if (n < 0)
		cannot_read(all, 1, "expected a file: %s", strerror(errno));
	else
		describe_bytes(all, path, bytes, length);
	if (fd >= 0 && !is_input)
		close(fd);
	free(bytes);
}
