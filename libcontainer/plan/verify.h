/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Check that a plan is well formed: every offset inside it, every string and vector ended, every
 * slot in range.  Linked into the library and the init; uses no libc.
 */
#ifndef OCIKIT_PLAN_VERIFY_H
#define OCIKIT_PLAN_VERIFY_H

#include <stdbool.h>
#include <stddef.h>

#include <plan/plan.h>

/* 0, or the number of the first bad op plus 1 (op_count + 1 for a bad header). */
uint32_t plan_verify(const unsigned char *plan, size_t size);

/* Does this kind of op use slot0? */
bool plan_uses_slot(uint16_t code);

#endif
