/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Properties of a scope: what systemd is told of limits and of annotations, so that it does not undo them when it
 * writes its own settings again.  Pure.
 */
#ifndef OCIKIT_SYSTEMD_PROPERTY_H
#define OCIKIT_SYSTEMD_PROPERTY_H

#include <stdint.h>

#include <ocikit/spec.h>

#include <base/error.h>
#include <cgroup/device_rules.h>
#include <cgroup/limits.h>

/* The annotations of a configuration that are properties: org.systemd.property.NAME, with a value in
 * GVariant's text form, as gdbus takes it ("true", "uint64 5", "'text'", "['a', 'b']"). */
#define ANNOTATION_PROPERTY "org.systemd.property."

/* The type of a value, as in D-Bus signatures where one letter says it. */
enum property_type {
    PROPERTY_BYTES = 1,        /* ay */
    PROPERTY_TEXTS = 2,        /* as */
    PROPERTY_DEVICES = 3,      /* a(ss): texts in pairs */
    PROPERTY_DEVICE_BYTES = 4, /* a(st): a text and number */
    PROPERTY_PIDS = 5,         /* au: number */
    PROPERTY_BOOL = 'b',
    PROPERTY_TEXT = 's',
    PROPERTY_UINT64 = 't',
    PROPERTY_INT64 = 'x',
    PROPERTY_UINT32 = 'u',
    PROPERTY_INT32 = 'i',
    PROPERTY_DOUBLE = 'd',
};

struct property {
    char *name;
    const char *annotation; /* key of the configuration that it is from, or NULL */
    enum property_type type;
    uint64_t number; /* of all types that are numbers, and of PROPERTY_BOOL */
    double real;
    char **texts;    /* NULL-terminated */
    uint8_t *bytes;
    size_t size;
};

struct properties {
    struct property *list;
    size_t count, room;
    bool failed; /* memory is out */
};

void properties_free(struct properties *properties);
#define _properties_ __attribute__((cleanup(properties_free)))

/* One more; what is given is copied. */
void property_number(struct properties *properties, const char *name, enum property_type type,
                     uint64_t number);
void property_text(struct properties *properties, const char *name, const char *text);

/* Those that limits of version 2 amount to; late: only those that are set when the container is ready, else only the
 * others. */
int properties_of_limits(struct properties *properties, const struct limits *limits, bool late,
                         struct failure *failure);
/* Access to devices, where systemd can say it: everything denied, then some allowed.  Otherwise that all are
 * allowed, so that the runtime's own program alone counts. */
void properties_of_devices(struct properties *properties, const struct device_rules *rules,
                           const char *proc_devices);
/* annotation.c: OCI_ERR_CONFIG at /annotations. */
int properties_of_annotations(struct properties *properties,
                              const struct oci_runtime_config *config, struct failure *failure);
/* For the files of this folder: an empty one at the end of the list, or NULL. */
struct property *property_next(struct properties *properties, const char *name,
                               enum property_type type);
/* Add a text to its texts. */
void property_add_text(struct properties *properties, struct property *property, const char *text,
                       size_t length);

#endif
