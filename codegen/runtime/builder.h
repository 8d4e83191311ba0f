/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From tokens to a struct tree, as the tables say.  Internal to the builder's files (builder.c,
 * container.c, scalar.c, residual.c, complain.c) and the document that runs it.
 */
#ifndef OCIKIT_RUNTIME_BUILDER_H
#define OCIKIT_RUNTIME_BUILDER_H

#include "arena.h"
#include "line.h"
#include "reader.h"
#include "report.h"
#include "table.h"

enum oci_frame_kind {
    OCI_FRAME_OBJECT,     /* of a type in the tables */
    OCI_FRAME_ARRAY,      /* a field of shape array */
    OCI_FRAME_MAP,        /* a field of shape map */
    OCI_FRAME_RAW_OBJECT, /* inside a value that is kept as text, or passed over */
    OCI_FRAME_RAW_ARRAY,
};

/* How many members of one object are remembered in their order; those beyond are written last. */
#define OCI_ORDER_ROOM 255u

/* A container that is open.  What it collects lies on the scratch stack from items on. */
struct oci_frame {
    enum oci_frame_kind kind;
    bool keep;        /* RAW: its text is wanted; OBJECT: that of the current member */
    bool has_key;     /* a member's name has been read, its value not completely */
    bool disordered;  /* the members do not stand in the order in which they would be written */
    uint8_t last;     /* what order holds last */
    uint32_t ordered; /* how many members order holds */
    const struct oci_type *type;   /* of an OBJECT */
    const struct oci_field *field; /* OBJECT: of the current member or NULL; ARRAY, MAP: its own */
    char *object;                  /* the struct of an OBJECT, or NULL where it is on scratch: */
    size_t object_at;
    size_t base;  /* height of the scratch stack to go back to */
    size_t items; /* elements, map entries or residual members */
    size_t
        element_size; /* of ARRAY and MAP: what an element takes on scratch, without a map's head */
    size_t count;     /* of complete elements or members; of values for RAW_ARRAY */
    size_t residuals; /* of OBJECT, RAW_OBJECT */
    size_t start;     /* offset of the container in the text */
    uint32_t required; /* how many required members of an OBJECT have been read */
    size_t key_length;
    const char *key;
    uint64_t seen[4];              /* fields of an OBJECT that have been read, by number */
    uint8_t order[OCI_ORDER_ROOM]; /* numbers of the members from 1, as they came; not cleared */
};

/* The name of a member that the tables do not know; json is NULL where its value is not kept. */
struct oci_residual {
    const char *name;
    size_t length;
    size_t offset;
    const char *json;
};

/* What comes before the value in a map entry on scratch; without the offset, that is an entry's
 * form in the struct tree. */
struct oci_map_head {
    size_t offset;
    const char *key;
};

/* A string that a pattern took before: documents repeat media types and the like. */
struct oci_accepted {
    const struct oci_pattern *pattern;
    const char *text; /* in the arena */
    size_t length;
};

#define OCI_ACCEPTED_ROOM 4u
#define OCI_NEXT_ROOM 128u

struct oci_builder {
    const struct oci_type *type;
    const char *text;
    size_t length;
    int unknown; /* enum oci_unknown_mode */
    const struct oci_allocator *memory;
    struct oci_arena *arena;
    struct oci_report *report;
    struct oci_scratch scratch;
    struct oci_frame *frames;
    size_t depth;
    size_t frames_room;
    struct oci_accepted accepted[OCI_ACCEPTED_ROOM]; /* by the pattern's address */
    uint8_t next_member[OCI_NEXT_ROOM]; /* number of the member that came last after another one, by
                                         * the type's address and the other one's number; or 0 */
    bool lenient;                       /* required members may be missing */
    void *root;
};

extern const struct oci_reader_events oci_builder_events;

void oci_builder_free(struct oci_builder *builder);

/* The top frame; there is one. */
static inline struct oci_frame *oci_top_frame(const struct oci_builder *builder)
{
    return &builder->frames[builder->depth - 1];
}

static inline char *oci_frame_object(const struct oci_builder *builder,
                                     const struct oci_frame *frame)
{
    return frame->object != NULL ? frame->object : builder->scratch.data + frame->object_at;
}

/* The value of the top frame's current member or element is complete. */
static inline void oci_container_advance(struct oci_builder *builder)
{
    struct oci_frame *frame;

    if (builder->depth == 0)
        return;
    frame = &builder->frames[builder->depth - 1];
    frame->count++;
    frame->has_key = false;
}

/* container.c */
int oci_container_open(struct oci_builder *builder, const struct oci_token *token);
int oci_container_close(struct oci_builder *builder, size_t end);
/* Take the scratch memory of the next element of the top frame; *at is valid until the next push.
 */
static inline int oci_container_element(struct oci_builder *builder, const struct oci_frame *frame,
                                        char **at)
{
    size_t offset;

    if (!oci_scratch_push(&builder->scratch, frame->element_size, &offset))
        return OCI_ERR_NO_MEMORY;
    *at = builder->scratch.data + offset;
    return 0;
}

#define OCI_STORED 1

/* scalar.c: store a token as a value of the field's kind at a place in the struct tree.  Returns
 * OCI_STORED, 0 where the value was refused and a finding made, or OCI_ERR_NO_MEMORY. */
int oci_scalar_store(struct oci_builder *builder, const struct oci_field *field,
                     const struct oci_token *token, char *at);

bool oci_pattern_matches(const struct oci_pattern *pattern, const char *text, size_t length);

/* residual.c: the members that the tables do not know. */
int oci_residual_add(struct oci_builder *builder, struct oci_frame *frame, const char *name,
                     size_t length, size_t offset);
/* The current member, whose field is known, is null: keep it as one that is not. */
int oci_residual_add_null(struct oci_builder *builder, struct oci_frame *frame);
void oci_residual_set_text(struct oci_builder *builder, struct oci_frame *frame, const char *json);
/* The member that the tables do not know whose name is nearest to that of a field, or NULL. */
const char *oci_residual_like(struct oci_builder *builder, const struct oci_frame *frame,
                              const struct oci_field *field);
/* Report names that stand twice; the frame is the one at index depth - 1. */
int oci_residual_check(struct oci_builder *builder, struct oci_frame *frame, size_t depth);
/* Keep the order of the members where it is not that of the schema, and the residual members. */
int oci_residual_store(struct oci_builder *builder, struct oci_frame *frame);
int oci_map_check(struct oci_builder *builder, struct oci_frame *frame, size_t stride,
                  size_t depth);

/* complain.c: findings.  Each returns 0 or OCI_ERR_NO_MEMORY. */
int oci_complain_type(struct oci_builder *builder, const struct oci_field *field, bool element,
                      const struct oci_token *token);
int oci_complain_value(struct oci_builder *builder, int code, const char *expected,
                       const struct oci_token *token, const char *suggestion);
int oci_complain_duplicate(struct oci_builder *builder, size_t depth, const char *name,
                           size_t length, size_t offset);
int oci_complain_unknown(struct oci_builder *builder, const struct oci_frame *frame, size_t offset);
/* instead: a member that may be a misspelling of it, or NULL */
int oci_complain_required(struct oci_builder *builder, const struct oci_field *field, size_t depth,
                          size_t offset, const char *instead);
int oci_complain_too_few(struct oci_builder *builder, const struct oci_field *field, size_t depth,
                         size_t count, size_t offset);
int oci_complain_fault(struct oci_builder *builder, const struct oci_fault *fault);

#endif
