/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The init program, as the build embeds it.
 */
#ifndef OCIKIT_INIT_IMAGE_H
#define OCIKIT_INIT_IMAGE_H

#include <stddef.h>

extern const unsigned char init_image[];
extern const size_t init_image_size;

#endif
