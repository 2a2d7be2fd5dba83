/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FILES_H
#define FILES_H

#include <stdbool.h>
#include <sys/stat.h>

enum role {
	ROLE_ACTIVE,	/* the disk, or its newest snapshot */
	ROLE_BACKING,	/* what that is based on */
	ROLE_OTHER,
};

struct file {
	struct file *next;
	dev_t dev;	/* with ino 0 a block device */
	ino_t ino;
	unsigned long long size;
	enum role role;
	unsigned int chain;	/* the first one that it was found in */
	char path[];
};

/* In the order in which they were added, and found by what they are. */
struct files {
	struct file *first;
	struct file *last;
	void *tree;
};

/*
 * Adds a file, unless it is there. *@file is what stands for it, *@again tells
 * whether it did before. Returns 0, or STATUS_FAILED with the complaint made.
 */
int files_add(struct files *files, const char *path, enum role role,
	      unsigned int chain, struct file **file, bool *again);

/*
 * Adds what else belongs to the virtual machine in the folder of an image. Where
 * there are images that are not in @files, that is only what is named after one
 * that is, or after the folder. Returns as files_add().
 */
int files_add_folder(struct files *files, const char *folder);

void files_free(struct files *files);

#endif
