// SPDX-License-Identifier: GPL-2.0-only
/* What an image of a disk says of itself. */

#include <errno.h>
#include <fcntl.h>
#include <linux/kernel.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "image.h"
#include "run.h"

#define NOT_UTF8	"\xef\xbf\xbd"	/* what JSON has in place of other bytes */

/*
 * qemu-img works in the folder of the image: then names with a colon or a dash mean
 * nothing to it, and what the folder is called does not matter.
 */
static int run_beside(const char *path, const char *const argv[],
		      struct output *output)
{
	const char *slash = strrchr(path, '/');
	char *folder = strndup(path, slash - path + (slash == path));
	int ret;

	if (!folder) {
		out_of_memory();
		return STATUS_FAILED;
	}
	ret = output_in(folder, argv, output);
	free(folder);
	if (!ret && output->status == 127) {
		error("there is no qemu-img: install qemu-utils.");
		output_free(output);
		return STATUS_FAILED;
	}
	if (ret) {
		error("qemu-img cannot be run: %s", strerror(errno));
		return STATUS_FAILED;
	}
	if (!output->ended)
		return 0;
	error("%s: qemu-img was ended, %s.", path, output->ended);
	output_free(output);
	return STATUS_FAILED;
}

static char *name_in_folder(const char *path)
{
	char *name;

	return asprintf(&name, ".%s", strrchr(path, '/')) < 0 ? NULL : name;
}

/* The path that @name in the image at @beside means. */
static char *resolve(const char *beside, const char *name)
{
	char *path;

	if (*name == '/')
		return strdup(name);
	if (!strncmp(name, "./", 2))
		name += 2;
	if (asprintf(&path, "%.*s/%s", (int)(strrchr(beside, '/') - beside),
		     beside, name) < 0)
		return NULL;
	return path;
}

/* Has it a protocol in front, as QEMU takes it? */
static bool has_protocol(const char *name)
{
	return name[strcspn(name, ":/")] == ':';
}

/*
 * The file of this host that an image description in JSON comes down to: a format
 * on a file, or a file. *@format is set to the format, if it is not known. The keys
 * of what is inside may have its name in front.
 */
static const char *file_in(const json_t *options, const char *prefix,
			   const char **format)
{
	static const char *const files[] = { "file", "host_device" };
	static const char *const formats[] = {
		"raw", "qcow", "qcow2", "qed", "vdi", "vhdx", "vmdk", "vpc",
		"parallels", "luks",
	};
	const char *driver, *name;
	const json_t *inside;
	char key[64];
	size_t i;

	snprintf(key, sizeof(key), "%sdriver", prefix);
	driver = json_string_value(json_object_get(options, key));
	snprintf(key, sizeof(key), "%sfilename", prefix);
	name = json_string_value(json_object_get(options, key));
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		if (name && (!driver || !strcmp(driver, files[i])))
			return name;
	}
	if (strlen(prefix) > 16)
		return NULL;
	for (i = 0; driver && i < ARRAY_SIZE(formats); i++) {
		if (strcmp(driver, formats[i]))
			continue;
		if (!*format)
			*format = formats[i];
		snprintf(key, sizeof(key), "%sfile", prefix);
		inside = json_object_get(options, key);
		if (json_is_object(inside))
			return file_in(inside, "", format);
		snprintf(key, sizeof(key), "%sfile.", prefix);
		return file_in(options, key, format);
	}
	return NULL;
}

static __u64 big_endian(const unsigned char *bytes, size_t length)
{
	__u64 value = 0;

	while (length--)
		value = value << 8 | *bytes++;
	return value;
}

/* As it stands in a QCOW image: qemu-img has lost bytes of it. */
static char *backing_in_header(const char *path)
{
	unsigned char header[20];
	char *name = NULL;
	ssize_t length;
	int fd;

	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	if (pread(fd, header, sizeof(header), 0) == sizeof(header) &&
	    !memcmp(header, "QFI\xfb", 4)) {
		length = big_endian(header + 16, 4);
		name = length < 1024 ? calloc(1, length + 1) : NULL;
		if (name && pread(fd, name, length,
				  big_endian(header + 8, 8)) != length) {
			free(name);
			name = NULL;
		}
	}
	close(fd);
	return name;
}

/* Sets backing and backing_format to those of a name as it stands in the image. */
static int take_backing(struct image *image, const char *path,
			const char *name, const char *format)
{
	char *exact = NULL, *whole;
	json_t *options = NULL;
	const char *file = name;

	if (strstr(name, NOT_UTF8)) {
		exact = backing_in_header(path);
		file = exact;
	}
	if (file && !strncmp(file, "json:", 5)) {
		options = json_loads(file + 5, 0, NULL);
		file = file_in(options, "", &format);
	} else if (file && has_protocol(file)) {
		if (!strncmp(file, "file:", 5))
			file += 5;
		else if (!strncmp(file, "host_device:", 12))
			file += 12;
		else
			file = NULL;
	}
	if (!file || !*file) {
		error("%s is based on %s, which is not a file of this host.",
		      path, name);
		json_decref(options);
		free(exact);
		return STATUS_FAILED;
	}
	whole = resolve(path, file);
	image->backing = whole;
	image->backing_format = format ? strdup(format) : NULL;
	json_decref(options);
	free(exact);
	return whole && (!format || image->backing_format) ? 0 :
							      out_of_memory();
}

static int take_data(struct image *image, const char *path, const char *name)
{
	char **more;

	if (strstr(name, NOT_UTF8)) {
		error("%s: the name of its file %s is not UTF-8.", path, name);
		return STATUS_FAILED;
	}
	if (has_protocol(name)) {
		error("%s has its data in %s, which is not a file of this host.",
		      path, name);
		return STATUS_FAILED;
	}
	more = reallocarray(image->data, image->n_data + 1, sizeof(*more));
	if (!more)
		return out_of_memory();
	image->data = more;
	more[image->n_data] = resolve(path, name);
	return more[image->n_data++] ? 0 : out_of_memory();
}

static int take_all(struct image *image, const char *path, const json_t *info)
{
	const json_t *data, *extent;
	const char *name, *format;
	int ret = 0;
	size_t i;

	name = json_string_value(json_object_get(info, "format"));
	image->format = name ? strdup(name) : NULL;
	if (!image->format)
		return out_of_memory();

	image->encrypted = json_is_true(json_object_get(info, "encrypted"));
	data = json_object_get(json_object_get(info, "format-specific"),
			       "data");
	name = json_string_value(json_object_get(data, "data-file"));
	if (name)
		ret = take_data(image, path, name);
	json_array_foreach(json_object_get(data, "extents"), i, extent) {
		name = json_string_value(json_object_get(extent, "format"));
		/* Its own data has no format besides the image's. */
		if (ret || !name || !*name)
			continue;
		name = json_string_value(json_object_get(extent, "filename"));
		if (name)
			ret = take_data(image, path, name);
	}
	if (!strcmp(image->format, "vmdk")) {
		image->has_cid = true;
		image->cid = json_integer_value(json_object_get(data, "cid"));
		image->parent_cid =
			json_integer_value(json_object_get(data, "parent-cid"));
	}
	name = json_string_value(json_object_get(info, "backing-filename"));
	format = json_string_value(json_object_get(info,
						   "backing-filename-format"));
	if (!ret && name)
		ret = take_backing(image, path, name, format);
	return ret;
}

int image_read(struct image *image, const char *path, const char *format)
{
	char *self = name_in_folder(path);
	const char *const any[] = {
		"qemu-img", "info", "--force-share", "--output=json", "--",
		self, NULL
	};
	const char *const given[] = {
		"qemu-img", "info", "--force-share", "--output=json", "-f",
		format, "--", self, NULL
	};
	struct output output;
	json_t *info;
	int ret;

	memset(image, 0, sizeof(*image));
	if (!self)
		return out_of_memory();
	ret = run_beside(path, format ? given : any, &output);
	if (ret) {
		free(self);
		return ret;
	}
	info = output.status ? NULL : json_loads(output.text, 0, NULL);
	if (json_is_object(info)) {
		ret = take_all(image, path, info);
	} else {
		error("%s: %s", path, output.complaint[0] ? output.complaint :
		      "qemu-img says nothing of it");
		ret = STATUS_FAILED;
	}
	if (ret)
		image_free(image);
	json_decref(info);
	output_free(&output);
	free(self);
	return ret;
}

/*
 * The kind of a virtual hard disk (VHD) that has its data in another one as well, by
 * the footer. QEMU reads such a one as if there were nothing in the other.
 */
static bool is_differencing(const char *path)
{
	unsigned char footer[64];
	bool found = false;
	struct stat st;
	int fd;

	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (!fstat(fd, &st))
		found = pread(fd, footer, sizeof(footer), st.st_size - 512) ==
			sizeof(footer) && !memcmp(footer, VHD_COOKIE, 8);
	/* There is a copy in front. */
	if (!found)
		found = pread(fd, footer, sizeof(footer), 0) ==
			sizeof(footer) && !memcmp(footer, VHD_COOKIE, 8);
	close(fd);
	return found && big_endian(footer + 60, 4) == 4;
}

/* Somebody is writing to it: what qemu-img says of that ends so, and names go before. */
static bool is_in_use(const char *complaint)
{
	static const char begin[] = "qemu-img: Could not open ", end[] = "\" lock";
	size_t length = strlen(complaint);

	return !strncmp(complaint, begin, strlen(begin)) &&
	       length > strlen(end) &&
	       !strcmp(complaint + length - strlen(end), end);
}

int image_check(const char *path, const char *format)
{
	char *self = name_in_folder(path), *description, *name = NULL;
	struct output output = {};
	const char *driver;
	struct stat st;
	json_t *json;
	int ret;

	if (!strcmp(format, "vpc") && is_differencing(path)) {
		free(self);
		error("%s is a differencing disk, and QEMU does not read what it is based on.",
		      path);
		return STATUS_FAILED;
	}
	/* Without the image that it is based on, which is looked at by itself. */
	driver = !stat(path, &st) && S_ISBLK(st.st_mode) ? "host_device" :
							   "file";
	json = json_pack("{s:s, s:n, s:{s:s, s:s}}", "driver", format,
			 "backing", "file", "driver", driver, "filename", self);
	free(self);
	/* A name that is not UTF-8 cannot be said so. */
	if (!json)
		return 0;
	description = json_dumps(json, 0);
	json_decref(json);
	if (!description || asprintf(&name, "json:%s", description) < 0) {
		free(description);
		return out_of_memory();
	}
	free(description);
	ret = run_beside(path, (const char *const []){
		"qemu-img", "check", "-q", "--output=json", "--", name, NULL
	}, &output);
	free(name);
	if (ret)
		return ret;
	/* 3 is space that is lost only, 63 a format that has no such thing. */
	if (output.status && output.status != 3 && output.status != 63 &&
	    !is_in_use(output.complaint)) {
		error("%s: qemu-img check finds it damaged%s%s", path,
		      output.complaint[0] ? ": " : ".", output.complaint);
		ret = STATUS_FAILED;
	}
	output_free(&output);
	return ret;
}

void image_free(struct image *image)
{
	size_t i;

	for (i = 0; i < image->n_data; i++)
		free(image->data[i]);
	free(image->data);
	free(image->format);
	free(image->backing);
	free(image->backing_format);
	memset(image, 0, sizeof(*image));
}
