/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCIKIT_HINT_H
#define OCIKIT_HINT_H

#include <plan/plan.h>

/* text0 is the op's first text where it has one, code its failure's.  What an op's error number most likely means and what to do about it; NULL where the number says all. */
const char *hint_for(const struct plan_op *op, const char *text0, int code, int error);

#endif
