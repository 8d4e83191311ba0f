/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of limits, and those nouns that need few words: huge pages, network, processes, rdma, unified.
 */
#include <cgroup/limits.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <base/util.h>

__attribute__((format(printf, 2, 0))) static char *format_text(struct limits *limits,
                                                               const char *format, va_list list)
{
    char *text = NULL;
    if (vasprintf(&text, format, list) >= 0)
        return text;
    limits->failed = true;
    return NULL;
}

static char *copy_text(struct limits *limits, const char *text)
{
    char *copy = strdup(text);
    limits->failed |= copy == NULL;
    return copy;
}

static void limit_free(struct limit *limit)
{
    free(limit->controller);
    free(limit->file);
    free(limit->value);
    free(limit->second_file);
    free(limit->second_value);
    free(limit->place);
    *limit = (struct limit){0};
}

void limits_free(struct limits *limits)
{
    for (size_t i = 0; i < limits->count; i++)
        limit_free(&limits->list[i]);
    free(limits->list);
    limit_free(&limits->spare);
    limits->list = NULL;
    limits->count = limits->room = 0;
}

static struct limit *next(struct limits *limits)
{
    if (limits->count == limits->room) {
        size_t room = limits->room ? limits->room * 2 : 16;
        struct limit *list = reallocarray(limits->list, room, sizeof(*list));
        if (list == NULL) {
            limits->failed = true;
            limit_free(&limits->spare);
            return &limits->spare;
        }
        limits->list = list;
        limits->room = room;
    }
    limits->list[limits->count] = (struct limit){0};
    return &limits->list[limits->count++];
}

struct limit *limit_add(struct limits *limits, const char *controller, const char *file,
                        const char *place, const char *format, ...)
{
    struct limit *limit = next(limits);
    va_list list;
    va_start(list, format);
    limit->value = format_text(limits, format, list);
    va_end(list);
    limit->controller = copy_text(limits, controller);
    limit->file = copy_text(limits, file);
    limit->place = copy_text(limits, place);
    return limit;
}

void limit_or(struct limits *limits, struct limit *limit, const char *file, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    limit->second_value = format_text(limits, format, list);
    va_end(list);
    limit->second_file = copy_text(limits, file);
}

int limit_fail(const struct limits *limits, struct failure *failure, int code, const char *place,
               const char *format, ...)
{
    char text[FAILURE_TEXT];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    fail_at(failure, "%s%s", limits->prefix, place);
    return fail(failure, code, "%s", text);
}

int limits_pids(struct limits *limits, const struct oci_linux_pids *pids, bool v2)
{
    if (pids == NULL)
        return 0;
    struct limit *limit =
        pids->limit < 0
            ? limit_add(limits, "pids", "pids.max", "/pids/limit", "max")
            : limit_add(limits, "pids", "pids.max", "/pids/limit", "%lld", (long long)pids->limit);
    limit->flags = LIMIT_LATE | (pids->limit < 0 ? LIMIT_QUIET : 0u);
    limit->v2 = v2;
    return 0;
}

/* Reservations are what the specification wants limited where the kernel can; the limit of use beside it is
 * what people and tools look at, and holds on older kernels. */
int limits_hugepages(struct limits *limits, const struct oci_linux_resources *resources, bool v2,
                     struct failure *failure)
{
    for (size_t i = 0; i < resources->hugepage_limits_count; i++) {
        const struct oci_hugepage_limit *huge = &resources->hugepage_limits[i];
        unsigned long long bytes = huge->limit;
        char place[64], file[96];
        snprintf(place, sizeof(place), "/hugepageLimits/%zu", i);
        if (huge->page_size == NULL || strlen(huge->page_size) > 24 ||
            strchr(huge->page_size, '/') != NULL)
            return limit_fail(limits, failure, OCI_ERR_CONFIG, place,
                              "the page size is not one such as 2MB");
        const char *suffix = v2 ? "max" : "limit_in_bytes";
        snprintf(file, sizeof(file), "hugetlb.%s.rsvd.%s", huge->page_size, suffix);
        struct limit *limit = limit_add(limits, "hugetlb", file, place, "%llu", bytes);
        limit->flags = LIMIT_QUIET;
        limit->v2 = v2;
        snprintf(file, sizeof(file), "hugetlb.%s.%s", huge->page_size, suffix);
        limit_add(limits, "hugetlb", file, place, "%llu", bytes)->v2 = v2;
    }
    return 0;
}

int limits_network(struct limits *limits, const struct oci_linux_network *network, bool unified,
                   struct failure *failure)
{
    static const char version[] =
        "control groups of version 2 have no network classes and priorities";
    if (network == NULL)
        return 0;
    bool class_id = network->has_class_id && network->class_id != 0;
    if (unified && class_id)
        return limit_fail(limits, failure, OCI_ERR_UNSUPPORTED, "/network/classID", version);
    if (unified && network->priorities_count > 0)
        return limit_fail(limits, failure, OCI_ERR_UNSUPPORTED, "/network/priorities", version);
    if (network->has_class_id && !unified)
        limit_add(limits, "net_cls", "net_cls.classid", "/network/classID", "%u", network->class_id)
            ->flags = class_id ? 0 : LIMIT_QUIET;
    for (size_t i = 0; i < network->priorities_count; i++) {
        const struct oci_interface_priority *priority = &network->priorities[i];
        char place[64];
        snprintf(place, sizeof(place), "/network/priorities/%zu", i);
        if (priority->name == NULL || priority->name[0] == 0 || strpbrk(priority->name, " \t\n/"))
            return limit_fail(limits, failure, OCI_ERR_CONFIG, place,
                              "a priority needs the name of a network interface");
        limit_add(limits, "net_prio", "net_prio.ifpriomap", place, "%s %u", priority->name,
                  priority->priority);
    }
    return 0;
}

int limits_rdma(struct limits *limits, const struct oci_linux_resources *resources, bool v2,
                struct failure *failure)
{
    for (size_t i = 0; i < resources->rdma_count; i++) {
        const char *device = resources->rdma[i].key;
        const struct oci_rdma *rdma = &resources->rdma[i].value;
        if (!rdma->has_hca_handles && !rdma->has_hca_objects)
            continue;
        if (device == NULL || device[0] == 0 || strpbrk(device, " \t\n/="))
            return limit_fail(limits, failure, OCI_ERR_CONFIG, "/rdma",
                              "\"%s\" is not the name of an rdma device", device ? device : "");
        char place[128], handles[40] = "", objects[40] = "";
        snprintf(place, sizeof(place), "/rdma/%s", device);
        if (rdma->has_hca_handles)
            snprintf(handles, sizeof(handles), " hca_handle=%u", rdma->hca_handles);
        if (rdma->has_hca_objects)
            snprintf(objects, sizeof(objects), " hca_object=%u", rdma->hca_objects);
        limit_add(limits, "rdma", "rdma.max", place, "%s%s%s", device, handles, objects)->v2 = v2;
    }
    return 0;
}

/* Files that would take the container out of the runtime's hands: processes moved or frozen or ended by a
 * limit, controllers that come and go. */
static bool is_runtimes(const char *file)
{
    static const char *const names[] = {"cgroup.procs", "cgroup.threads",
                                        "cgroup.type",  "cgroup.freeze",
                                        "cgroup.kill",  "cgroup.subtree_control"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (strcmp(file, names[i]) == 0)
            return true;
    }
    return false;
}

/* Some files take one line at a time. */
static void add_lines(struct limits *limits, const char *controller, const char *file,
                      const char *place, const char *text)
{
    if (text[0] == 0)
        limit_add(limits, controller, file, place, "\n")->v2 = true;
    for (const char *p = text; *p; p += strspn(p, "\n")) {
        size_t length = strcspn(p, "\n");
        if (length > 0)
            limit_add(limits, controller, file, place, "%.*s", (int)length, p)->v2 = true;
        p += length;
    }
}

int limits_unified(struct limits *limits, const struct oci_linux_resources *resources,
                   struct failure *failure)
{
    for (size_t i = 0; i < resources->unified_count; i++) {
        const char *file = resources->unified[i].key ? resources->unified[i].key : "";
        const char *text = resources->unified[i].value ? resources->unified[i].value : "";
        const char *dot = strchr(file, '.');
        char controller[64], place[160];
        /* A name with a slash or a tilde would need escapes, and is refused. */
        bool good = dot && dot > file && dot[1] && strlen(file) < 128 && file[0] != '.' &&
                    strpbrk(file, "/~ \t\n") == NULL && (size_t)(dot - file) < sizeof(controller);
        snprintf(place, sizeof(place), "/unified%s%s", good ? "/" : "", good ? file : "");
        if (!good)
            return limit_fail(limits, failure, OCI_ERR_CONFIG, place,
                              "\"%.64s\" is not the name of a control group's file", file);
        if (is_runtimes(file))
            return limit_fail(limits, failure, OCI_ERR_CONFIG, place,
                              "%s is the runtime's, and no limit", file);
        snprintf(controller, sizeof(controller), "%.*s", (int)(dot - file), file);
        add_lines(limits, strcmp(controller, "cgroup") == 0 ? "" : controller, file, place, text);
    }
    return 0;
}
