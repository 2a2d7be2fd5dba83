/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MIGSEL_COMPAT_LINUX_SLAB_H
#define _MIGSEL_COMPAT_LINUX_SLAB_H

#include_next <linux/slab.h>

#ifndef kzalloc_obj
#define kzalloc_obj(object, gfp)	kzalloc(sizeof(object), gfp)
#define kvzalloc_obj(object, gfp)	kvzalloc(sizeof(object), gfp)
#define kvzalloc_objs(object, n, gfp)	kvcalloc(n, sizeof(object), gfp)
#endif

#endif /* _MIGSEL_COMPAT_LINUX_SLAB_H */
