// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which files of a virtual machine are hot and which are cold. What the images say
 * was written by whoever could write to them, and that may be the guest.
 */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "error.h"
#include "files.h"
#include "image.h"
#include "names.h"
#include "options.h"
#include "parse.h"
#include "print.h"
#include "utf8.h"

#define NO_PARENT 0xffffffff	/* the parentCID of a VMDK that has none */

static const char usage[] =
	"Usage: migsel classify [ format FORMAT ] [ outside { refuse | allow } ]\n"
	"                       [ -- ] IMAGE...\n";

/* An image of the command line, and what goes for it. */
struct request {
	char *path;
	char *folder;
	char *real_folder;
	char *formats;	/* of its chain, "qcow2,raw", or NULL */
};

struct requests {
	struct request *all;
	size_t n;
	__u32 outside_allowed;
};

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

static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strndup(path, slash - path + (slash == path));
}

/* Is it the folder, or one below it? Below "/" is everything, so that does not count. */
static bool is_below(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	if (strncmp(path, folder, length))
		return false;
	return !path[length] || (length > 1 && path[length] == '/');
}

/*
 * By where the folder of a file really is: a link to a folder would let an image name
 * all that is there. A link to a file leads to that one only, and who made it meant it.
 */
static bool is_inside(const struct requests *requests, const char *path)
{
	char *folder = folder_of(path), *real = NULL;
	bool inside = false;
	size_t i;

	if (folder)
		real = realpath(folder, NULL);
	/* What is not there is named when it is read. */
	if (folder && !real)
		inside = true;
	for (i = 0; i < requests->n && !inside; i++)
		inside = is_below(real, requests->all[i].real_folder);
	free(real);
	free(folder);
	return inside;
}

static int refuse_outside(const struct requests *requests, const char *user,
			  const char *path)
{
	if (requests->outside_allowed || is_inside(requests, path))
		return 0;
	error("%s leads to %s, outside of the images' folders: \"outside allow\" accepts it.",
	      user, path);
	return STATUS_FAILED;
}

/* One image on its way down a chain. */
struct link {
	const struct requests *requests;
	struct files *files;
	unsigned int chain;
	enum role role;
	char *path;
	char *format;	/* NULL if nobody says it */
};

/* What stands for it: *known is set if its chain was walked already. */
static int add_file(const struct link *link, const char *path, bool is_data,
		    bool *known)
{
	struct file *file;
	bool again;
	int ret;

	ret = files_add(link->files, path, link->role, link->chain, &file,
			&again);
	*known = again;
	if (ret || !again)
		return ret;
	if (file->chain == link->chain && !is_data) {
		error("%s: the chain is a loop.", path);
		return STATUS_FAILED;
	}
	if (file->role != link->role) {
		error("%s is an active image and also what another image is based on.",
		      path);
		return STATUS_FAILED;
	}
	return 0;
}

static int check_parent(const char *path, const struct image *child,
			const struct image *parent)
{
	if (!child->has_cid || (parent->has_cid &&
				parent->cid == child->parent_cid))
		return 0;
	error("%s is not what the image above it was based on: their CIDs differ.",
	      path);
	return STATUS_FAILED;
}

static int add_image(const struct link *link, struct image *image, bool *known)
{
	size_t i;
	int ret;

	ret = add_file(link, link->path, false, known);
	if (ret || *known)
		return ret;
	ret = image_read(image, link->path, link->format);
	if (ret)
		return ret;
	if (link->role == ROLE_BACKING && !link->format &&
	    strcmp(image->format, "raw")) {
		error("%s looks like %s, which the image above it does not say: give its format.",
		      link->path, image->format);
		ret = STATUS_FAILED;
	}
	if (!ret && !image->backing && image->has_cid &&
	    image->parent_cid != NO_PARENT) {
		error("%s is based on an image that it does not name.",
		      link->path);
		ret = STATUS_FAILED;
	}
	/* Without its key nobody can look through an encrypted one. */
	if (!ret && !image->encrypted)
		ret = image_check(link->path, image->format);
	for (i = 0; i < image->n_data && !ret; i++) {
		bool again;

		ret = refuse_outside(link->requests, link->path,
				     image->data[i]);
		if (!ret)
			ret = add_file(link, image->data[i], true, &again);
	}
	if (ret)
		image_free(image);
	return ret;
}

/* The next one of "qcow2,raw", or what the image above has it for. */
static int take_format(struct link *link, char **formats, const char *otherwise)
{
	const char *format = *formats ? strsep(formats, ",") : otherwise;

	free(link->format);
	link->format = format ? strdup(format) : NULL;
	return format && !link->format ? out_of_memory() : 0;
}

static int walk(struct link *link, char *formats)
{
	struct image above = {}, image = {};
	bool known = false;
	int ret;

	ret = take_format(link, &formats, NULL);
	while (!ret) {
		ret = add_image(link, &image, &known);
		if (ret || known)
			break;
		if (link->role == ROLE_BACKING)
			ret = check_parent(link->path, &above, &image);
		image_free(&above);
		above = image;
		memset(&image, 0, sizeof(image));
		if (ret || !above.backing)
			break;
		ret = refuse_outside(link->requests, link->path, above.backing);
		if (!ret)
			ret = take_format(link, &formats, above.backing_format);
		free(link->path);
		link->path = strdup(above.backing);
		if (!ret && !link->path)
			ret = out_of_memory();
		link->role = ROLE_BACKING;
	}
	image_free(&above);
	if (!ret && formats && !known) {
		error("%s is the last image of its chain, but more formats are given: %s",
		      link->path, formats);
		ret = STATUS_FAILED;
	}
	return ret;
}

static int add_chain(struct files *files, const struct requests *requests,
		     size_t i)
{
	struct link link = {
		.requests = requests,
		.files = files,
		.chain = i + 1,
		.role = ROLE_ACTIVE,
		.path = strdup(requests->all[i].path),
	};
	char *formats = requests->all[i].formats;
	int ret;

	formats = formats ? strdup(formats) : NULL;
	if (!link.path || (requests->all[i].formats && !formats))
		ret = out_of_memory();
	else
		ret = walk(&link, formats);
	free(formats);
	free(link.format);
	free(link.path);
	return ret;
}

/* Each folder once. That of a device has nothing that belongs to a virtual machine. */
static int add_folders(struct files *files, const struct requests *requests)
{
	struct stat st;
	size_t i, j;
	int ret = 0;

	for (i = 0; i < requests->n && !ret; i++) {
		for (j = 0; j < i; j++) {
			if (!strcmp(requests->all[i].real_folder,
				    requests->all[j].real_folder))
				break;
		}
		if (j == i && !stat(requests->all[i].path, &st) &&
		    S_ISREG(st.st_mode))
			ret = files_add_folder(files, requests->all[i].folder);
	}
	return ret;
}

/*
 * A path in one line: what would break that or mean something to a terminal, and the
 * backslash, as \ooo. In JSON only a path that is not UTF-8, and there also what makes
 * it so.
 */
static char *escaped(const char *path, bool high)
{
	char *text = malloc(4 * strlen(path) + 1), *to = text;

	for (; text && *path; path++) {
		unsigned char c = *path;
		unsigned int n = printable(path);

		if (c == '\\' || (high && c & 0x80) || (!n && c < 0xa0)) {
			to += sprintf(to, "\\%03o", c);
			continue;
		}
		for (*to++ = c; n > 1; n--)
			*to++ = *++path;
	}
	if (text)
		*to = '\0';
	return text;
}

static void show_path(const char *path)
{
	json_t *utf8 = json_string(path);
	char *text;

	if (options.json && utf8) {
		print_string(COLOR_NONE, "file", "", path);
	} else {
		text = escaped(path, options.json);
		/* The bytes of a name that is not UTF-8 open the file. */
		print_text(text ? text : "");
		print_string(COLOR_NONE, "file", NULL, text ? text : "");
		if (options.json)
			print_bool(COLOR_NONE, "escaped", NULL, true, NULL);
		free(text);
	}
	json_decref(utf8);
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
		show_path(file->path);
		print_text("\n");
		print_close();
	}
	print_close();
}

static int add_request(struct requests *requests, const char *path,
		       char *formats)
{
	struct request *request = &requests->all[requests->n++];

	request->formats = formats;
	request->path = absolute(path);
	request->folder = request->path ? folder_of(request->path) : NULL;
	if (!request->folder)
		return out_of_memory();
	request->real_folder = realpath(request->folder, NULL);
	if (request->real_folder)
		return 0;
	error("%s: %s", request->path, strerror(errno));
	return STATUS_FAILED;
}

static int parse(char **argv, struct requests *requests)
{
	static const char *const answers[] = { "refuse", "allow", NULL };
	const char *outside = NULL;
	char *formats = NULL;
	bool words = true;
	int ret = 0;

	for (; *argv && !ret; argv++) {
		if (words && !strcmp(*argv, "--")) {
			words = false;
		} else if (words && !strcmp(*argv, "format")) {
			if (!argv[1])
				return incomplete();
			formats = *++argv;
		} else if (words && !strcmp(*argv, "outside")) {
			ret = take_once(&argv, "outside", &outside);
			if (!ret)
				ret = parse_name(outside, "outside", answers,
						 &requests->outside_allowed);
		} else {
			ret = add_request(requests, *argv, formats);
		}
	}
	return !ret && !requests->n ? incomplete() : ret;
}

int do_classify(char **argv)
{
	struct requests requests = {};
	struct files files = {};
	size_t n = 0, i;
	int ret;

	if (*argv && !strcmp(*argv, "help")) {
		fputs(usage, stdout);
		return STATUS_OK;
	}
	while (argv[n])
		n++;
	requests.all = calloc(n + 1, sizeof(*requests.all));
	ret = requests.all ? parse(argv, &requests) : out_of_memory();
	/* All chains come first: what belongs to one is not another file. */
	for (i = 0; i < requests.n && !ret; i++)
		ret = add_chain(&files, &requests, i);
	if (!ret)
		ret = add_folders(&files, &requests);
	if (!ret)
		show(&files);
	files_free(&files);
	for (i = 0; i < requests.n; i++) {
		free(requests.all[i].path);
		free(requests.all[i].folder);
		free(requests.all[i].real_folder);
	}
	free(requests.all);
	return ret;
}
