// SPDX-License-Identifier: GPL-2.0-only
/* The files of a virtual machine. */

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "error.h"
#include "files.h"
#include "image.h"

#define MIN_RAW	65536	/* bytes, of a disk that is known by its size only */

static int compare(const void *a, const void *b)
{
	const struct file *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	return x->ino < y->ino ? -1 : x->ino > y->ino;
}

static struct file *find(const struct files *files, const struct stat *st)
{
	const struct file key = {
		.dev = S_ISBLK(st->st_mode) ? st->st_rdev : st->st_dev,
		.ino = S_ISBLK(st->st_mode) ? 0 : st->st_ino,
	};
	struct file **found = tfind(&key, &files->tree, compare);

	return found ? *found : NULL;
}

/* Of a device as much as it holds. */
static int size_of(const char *path, const struct stat *st,
		   unsigned long long *size)
{
	int fd, ret;

	*size = st->st_size;
	if (!S_ISBLK(st->st_mode))
		return access(path, R_OK);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ret = ioctl(fd, BLKGETSIZE64, size);
	close(fd);
	return ret;
}

int files_add(struct files *files, const char *path, enum role role,
	      unsigned int chain, struct file **file, bool *again)
{
	unsigned long long size;
	size_t length;
	struct stat st;

	if (!stat(path, &st) && !S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)) {
		error("%s is neither a file nor a block device.", path);
		return STATUS_FAILED;
	}
	if (stat(path, &st) || size_of(path, &st, &size)) {
		error("%s: %s", path, strerror(errno));
		return STATUS_FAILED;
	}
	*file = find(files, &st);
	*again = *file;
	if (*again)
		return 0;

	length = strlen(path);
	*file = calloc(1, sizeof(**file) + length + 1);
	if (!*file)
		return out_of_memory();
	memcpy((*file)->path, path, length + 1);
	(*file)->dev = S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev;
	(*file)->ino = S_ISBLK(st.st_mode) ? 0 : st.st_ino;
	(*file)->size = size;
	(*file)->role = role;
	(*file)->chain = chain;
	if (!tsearch(*file, &files->tree, compare)) {
		free(*file);
		return out_of_memory();
	}
	if (files->last)
		files->last->next = *file;
	else
		files->first = *file;
	files->last = *file;
	return 0;
}

static bool has_suffix(const char *name)
{
	static const char *const suffixes[] = {
		"img", "qcow", "qcow2", "qed", "raw", "vdi", "vhd", "vhdx",
		"vmdk",
	};
	const char *dot = strrchr(name, '.');
	size_t i;

	for (i = 0; dot && i < ARRAY_SIZE(suffixes); i++) {
		if (!strcasecmp(dot + 1, suffixes[i]))
			return true;
	}
	return false;
}

/* Whole sectors, and no suffix or a number for one: raw disks are called so. */
static bool may_be_raw(const char *name, off_t size)
{
	const char *dot = strrchr(name, '.');

	return size >= MIN_RAW && size % 512 == 0 &&
	       (!dot || !dot[1 + strspn(dot + 1, "0123456789")]);
}

/* Does it look like the image of a disk? Who wrote it does not matter here. */
static bool is_image(int folder, const char *name, off_t size)
{
	static const struct {
		unsigned int at;
		unsigned int length;
		const char *text;
	} marks[] = {
		{ 0, 4, "QFI\xfb" },
		{ 0, 4, "QED\0" },
		{ 0, 4, "KDMV" },
		{ 0, 4, "COWD" },
		{ 0, 21, "# Disk DescriptorFile" },
		{ 0, 8, VHD_COOKIE },
		{ 0, 8, "vhdxfile" },
		{ 0, 4, "LUKS" },
		{ 64, 4, "\x7f\x10\xda\xbe" },
		{ 510, 2, "\x55\xaa" },
	};
	const char *dot = strrchr(name, '.');
	char start[512];
	ssize_t length;
	size_t i;
	int fd;

	if (has_suffix(name) || may_be_raw(name, size))
		return true;
	/* One that starts an installer looks like a disk. */
	if (dot && !strcasecmp(dot, ".iso"))
		return false;
	fd = openat(folder, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return false;
	length = read(fd, start, sizeof(start));
	close(fd);
	for (i = 0; i < ARRAY_SIZE(marks); i++) {
		if (length >= (ssize_t)(marks[i].at + marks[i].length) &&
		    !memcmp(start + marks[i].at, marks[i].text, marks[i].length))
			return true;
	}
	return false;
}

/* What files of a virtual machine are named after. */
struct stem {
	size_t length;
	bool own;
	char *text;
};

static int compare_stems(const void *a, const void *b)
{
	const struct stem *x = a, *y = b;

	if (x->length != y->length)
		return x->length < y->length ? -1 : 1;
	return memcmp(x->text, y->text, x->length);
}

/* The name without its last suffix. */
static int add_stem(void **stems, const char *name, bool own)
{
	const char *dot = strrchr(name, '.');
	struct stem *stem, **found;

	stem = calloc(1, sizeof(*stem));
	if (!stem)
		return out_of_memory();
	stem->length = dot && dot > name ? (size_t)(dot - name) : strlen(name);
	stem->text = strndup(name, stem->length);
	stem->own = own;
	found = stem->text ? tsearch(stem, stems, compare_stems) : NULL;
	if (found && *found == stem)
		return 0;
	if (found && own)
		(*found)->own = true;
	free(stem->text);
	free(stem);
	return found ? 0 : out_of_memory();
}

static void free_stem(void *stem)
{
	free(((struct stem *)stem)->text);
	free(stem);
}

static bool goes_on(char c)
{
	return isalnum((unsigned char)c) || c & 0x80;
}

/* Is the longest stem that the name begins with the virtual machine's? */
static bool is_named_after(const char *name, void *const *stems)
{
	struct stem key = { .text = (char *)name }, **found;

	for (key.length = strlen(name); key.length; key.length--) {
		if (goes_on(name[key.length]))
			continue;
		found = tfind(&key, stems, compare_stems);
		if (found)
			return (*found)->own;
	}
	return false;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int no_hidden(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

struct folder {
	int fd;
	const char *path;
	int n;
	struct dirent **entries;
	bool *candidates;	/* regular files that are no images */
	void *stems;
	bool shared;
};

static int look_at(struct folder *folder, const struct files *files)
{
	const char *last = strrchr(folder->path, '/');
	struct stat st;
	int i, ret;

	ret = add_stem(&folder->stems, last ? last + 1 : folder->path, true);
	for (i = 0; i < folder->n && !ret; i++) {
		const char *name = folder->entries[i]->d_name;
		struct file *file;

		if (fstatat(folder->fd, name, &st, 0) || !S_ISREG(st.st_mode))
			continue;
		file = find(files, &st);
		if (file && file->role != ROLE_OTHER) {
			ret = add_stem(&folder->stems, name, true);
		} else if (is_image(folder->fd, name, st.st_size)) {
			folder->shared = true;
			ret = add_stem(&folder->stems, name, false);
		} else {
			folder->candidates[i] = true;
		}
	}
	return ret;
}

static int add_others(struct files *files, struct folder *folder)
{
	struct file *file;
	int i, ret = 0;
	char *path;
	bool again;

	for (i = 0; i < folder->n && !ret; i++) {
		const char *name = folder->entries[i]->d_name;

		if (!folder->candidates[i] ||
		    (folder->shared && !is_named_after(name, &folder->stems)))
			continue;
		if (asprintf(&path, "%s/%s", folder->path, name) < 0)
			return out_of_memory();
		ret = files_add(files, path, ROLE_OTHER, 0, &file, &again);
		free(path);
	}
	return ret;
}

int files_add_folder(struct files *files, const char *path)
{
	struct folder folder = { .path = strcmp(path, "/") ? path : "" };
	int i, ret = STATUS_FAILED;

	folder.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	folder.n = scandir(path, &folder.entries, no_hidden, by_name);
	if (folder.fd < 0 || folder.n < 0) {
		error("%s: %s", path, strerror(errno));
	} else {
		folder.candidates = calloc(folder.n + 1, sizeof(bool));
		if (!folder.candidates)
			ret = out_of_memory();
		else
			ret = look_at(&folder, files) ?: add_others(files, &folder);
	}
	for (i = 0; i < folder.n; i++)
		free(folder.entries[i]);
	if (folder.n >= 0)
		free(folder.entries);
	free(folder.candidates);
	tdestroy(folder.stems, free_stem);
	if (folder.fd >= 0)
		close(folder.fd);
	return ret;
}

static void keep(void *file)
{
	(void)file;
}

void files_free(struct files *files)
{
	struct file *next;

	tdestroy(files->tree, keep);
	for (; files->first; files->first = next) {
		next = files->first->next;
		free(files->first);
	}
}
