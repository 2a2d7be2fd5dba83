// SPDX-License-Identifier: GPL-2.0-only
/* Which files of a virtual machine are hot and which are cold. */

#include <errno.h>
#include <fts.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "migsel.h"
#include "parse.h"
#include "print.h"
#include "run.h"

enum role {
	ROLE_ACTIVE,	/* the disk, or its newest snapshot */
	ROLE_BACKING,	/* what that is based on */
	ROLE_OTHER,
};

struct file {
	struct file *next;
	dev_t dev;
	ino_t ino;
	off_t size;
	enum role role;
	char path[];
};

/* In the order in which they were added. */
struct files {
	struct file *first;
	struct file *last;
};

static const char usage[] = "Usage: migsel classify IMAGE...\n";

static int out_of_memory(void)
{
	error("out of memory");
	return STATUS_FAILED;
}

static struct file *find(const struct files *files, const struct stat *st)
{
	struct file *file;

	for (file = files->first; file; file = file->next) {
		if (file->dev == st->st_dev && file->ino == st->st_ino)
			return file;
	}
	return NULL;
}

static int add(struct files *files, const char *path, enum role role)
{
	struct file *file;
	struct stat st;
	size_t length;

	if (stat(path, &st) || access(path, R_OK)) {
		error("%s: %s", path, strerror(errno));
		return STATUS_FAILED;
	}
	file = find(files, &st);
	if (file && role == ROLE_OTHER)
		return 0;
	if (file && file->role != role) {
		error("%s is an active image and also what another image is based on.",
		      path);
		return STATUS_FAILED;
	}
	if (file)
		return 0;

	length = strlen(path);
	file = calloc(1, sizeof(*file) + length + 1);
	if (!file)
		return out_of_memory();
	memcpy(file->path, path, length + 1);
	file->dev = st.st_dev;
	file->ino = st.st_ino;
	file->size = st.st_size;
	file->role = role;
	if (files->last)
		files->last->next = file;
	else
		files->first = file;
	files->last = file;
	return 0;
}

/* @name as it stands in the image @beside. */
static int add_beside(struct files *files, const char *beside,
		      const char *name, enum role role)
{
	const char *slash = strrchr(beside, '/');
	char *path;
	int ret;

	if (*name == '/' || !slash)
		return add(files, name, role);
	if (asprintf(&path, "%.*s/%s", (int)(slash - beside), beside, name) < 0)
		return out_of_memory();
	ret = add(files, path, role);
	free(path);
	return ret;
}

/* One image of a chain, and the files that hold its data for it. */
static int add_image(struct files *files, const json_t *image, enum role role)
{
	const char *path, *name;
	json_t *data, *extent;
	size_t i;
	int ret;

	path = json_string_value(json_object_get(image, "filename"));
	if (!path || *path != '/') {
		error("%s is not a file of this host.",
		      path ? path : "an image without a name");
		return STATUS_FAILED;
	}
	ret = add(files, path, role);
	data = json_object_get(json_object_get(image, "format-specific"),
			       "data");
	name = json_string_value(json_object_get(data, "data-file"));
	if (!ret && name)
		ret = add_beside(files, path, name, role);
	json_array_foreach(json_object_get(data, "extents"), i, extent) {
		name = json_string_value(json_object_get(extent, "filename"));
		if (!ret && name)
			ret = add_beside(files, path, name, role);
	}
	return ret;
}

static int add_chain(struct files *files, const char *path)
{
	const char *const argv[] = {
		"qemu-img", "info", "--force-share", "--backing-chain",
		"--output=json", "--", path, NULL
	};
	struct output output;
	json_t *chain, *image;
	int ret = 0;
	size_t i;

	if (output_of(argv, &output)) {
		error("qemu-img cannot be run: %s", strerror(errno));
		return STATUS_FAILED;
	}
	chain = output.status ? NULL : json_loads(output.text, 0, NULL);
	if (output.status == 127) {
		error("there is no qemu-img: install qemu-utils.");
		ret = STATUS_FAILED;
	} else if (!json_array_size(chain)) {
		error("%s: %s", path, output.complaint[0] ? output.complaint :
		      "qemu-img says nothing of it");
		ret = STATUS_FAILED;
	}
	json_array_foreach(chain, i, image) {
		if (!ret)
			ret = add_image(files, image,
					i ? ROLE_BACKING : ROLE_ACTIVE);
	}
	json_decref(chain);
	output_free(&output);
	return ret;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* What else there is in the folder of an image. */
static int add_folder(struct files *files, const char *image)
{
	char *const folders[] = { strndup(image, strrchr(image, '/') - image +
						 (image == strrchr(image, '/'))),
				  NULL };
	FTSENT *entry;
	struct stat st;
	int ret = 0;
	FTS *tree;

	if (!folders[0])
		return out_of_memory();
	tree = fts_open(folders, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	while (tree && !ret && (entry = fts_read(tree))) {
		switch (entry->fts_info) {
		case FTS_F:
			ret = add(files, entry->fts_path, ROLE_OTHER);
			break;
		case FTS_SL:
			if (!stat(entry->fts_path, &st) && S_ISREG(st.st_mode))
				ret = add(files, entry->fts_path, ROLE_OTHER);
			break;
		case FTS_DNR:
		case FTS_ERR:
		case FTS_NS:
			error("%s: %s", entry->fts_path,
			      strerror(entry->fts_errno));
			ret = STATUS_FAILED;
			break;
		}
	}
	if (!tree) {
		error("%s: %s", folders[0], strerror(errno));
		ret = STATUS_FAILED;
	} else {
		fts_close(tree);
	}
	free(folders[0]);
	return ret;
}

/* A path with a colon or a dash in front would mean something to qemu-img. */
static char *absolute(const char *path)
{
	char directory[PATH_MAX], *whole;

	if (*path == '/')
		return strdup(path);
	if (!getcwd(directory, sizeof(directory)) ||
	    asprintf(&whole, "%s/%s", directory, path) < 0)
		return NULL;
	return whole;
}

static void show(const struct files *files)
{
	static const char *const roles[] = {
		[ROLE_ACTIVE] = "active",
		[ROLE_BACKING] = "backing",
		[ROLE_OTHER] = "other",
	};
	const struct file *file;

	print_array(NULL);
	for (file = files->first; file; file = file->next) {
		bool hot = file->role == ROLE_ACTIVE;

		print_object(NULL);
		print_cell(hot ? COLOR_BAD : COLOR_INET6, "tag", -5,
			   hot ? "hot" : "cold");
		print_cell(COLOR_NONE, "role", -8, roles[file->role]);
		print_uint("size", NULL, file->size);
		print_string(COLOR_NONE, "file", "", file->path);
		print_text("\n");
		print_close();
	}
	print_close();
}

int do_classify(char **argv)
{
	struct files files = {};
	char **image, *path;
	int ret = 0;

	if (!*argv)
		return incomplete();
	if (!strcmp(*argv, "help")) {
		fputs(usage, stdout);
		return STATUS_OK;
	}
	/* All chains come first: what belongs to one is not another file. */
	for (image = argv; *image && !ret; image++) {
		path = absolute(*image);
		ret = path ? add_chain(&files, path) : out_of_memory();
		free(path);
	}
	for (image = argv; *image && !ret; image++) {
		path = absolute(*image);
		ret = path ? add_folder(&files, path) : out_of_memory();
		free(path);
	}
	if (!ret)
		show(&files);
	while (files.first) {
		struct file *next = files.first->next;

		free(files.first);
		files.first = next;
	}
	return ret;
}
