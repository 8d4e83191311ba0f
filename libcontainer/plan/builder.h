/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing a plan: ops with their strings, vectors and slots, and for each op the place in the
 * configuration that it came from.  Knows the plan's form, nothing of what the ops are for.
 */
#ifndef OCIKIT_PLAN_BUILDER_H
#define OCIKIT_PLAN_BUILDER_H

#include <base/buffer.h>
#include <base/error.h>
#include <plan/plan.h>

/* What an op belongs to: the place in the configuration and the error code of its failure. */
struct plan_origin {
    uint32_t pointer; /* offset in pointers, or PLAN_NO_POINTER */
    int32_t code;     /* enum oci_code */
};

#define PLAN_NO_POINTER UINT32_MAX

struct plan_builder {
    struct buffer ops;
    struct buffer data;    /* offsets in ops count from its start until plan_finish */
    struct buffer vectors; /* uint32_t offsets of the vectors in data */
    struct buffer origins; /* struct plan_origin per op */
    struct buffer pointers;
    uint32_t slot_count;
    struct plan_origin origin; /* of the ops that are added now */
};

/* A finished plan. */
struct plan {
    unsigned char *bytes; /* what goes to the init */
    size_t size;
    struct plan_origin *origins; /* one per op */
    char *pointers;
};

/* inherited: how many slots the library passes. */
void plan_begin(struct plan_builder *builder, uint32_t inherited);
/* Ops added from now on come from this place (NULL: from nowhere in the configuration), and when
 * one of them fails, this is the error's code. */
void plan_from(struct plan_builder *builder, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Add an op; offsets in it come from the functions below. */
void plan_add(struct plan_builder *builder, const struct plan_op *op);
#define PLAN_ADD(builder, ...) plan_add((builder), &(struct plan_op){__VA_ARGS__})
uint32_t plan_text(struct plan_builder *builder, const char *text);
uint32_t plan_blob(struct plan_builder *builder, const void *data, size_t size);
uint32_t plan_vector(struct plan_builder *builder, const char *const *texts, size_t count);
int32_t plan_slot(struct plan_builder *builder);

/* Lay everything out; keep_fds as in struct plan_header. */
int plan_finish(struct plan_builder *builder, uint32_t inherited, uint32_t keep_fds,
                struct plan *plan, struct failure *failure);
void plan_builder_free(struct plan_builder *builder);
void plan_free(struct plan *plan);

const struct plan_header *plan_head(const struct plan *plan);
const struct plan_op *plan_ops(const struct plan *plan);
int plan_error_code(const struct plan *plan, uint32_t index);
/* The place that op index came from; NULL if it has none. */
const char *plan_pointer(const struct plan *plan, uint32_t index);
const char *plan_string(const struct plan *plan, uint32_t offset);

#endif
