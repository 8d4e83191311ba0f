/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.netDevices: names that the kernel can have, and a namespace to go to.  The library moves
 * the devices, because only it has rights in both namespaces.
 */
#include <plan/compile_internal.h>

#include <linux/if.h>
#include <stdlib.h>
#include <string.h>

#include <base/util.h>

#define PLACE "/linux/netDevices"

/* As the kernel checks names; "%d" may end the name inside. */
static bool good_name(const char *name, bool template)
{
    size_t length = strlen(name);
    if (length == 0 || length >= IFNAMSIZ || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return false;
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)name[i];
        if (byte <= ' ' || byte == 0x7f || byte == '/' || byte == ':')
            return false;
        if (byte == '%' && !(template && i > 0 && strcmp(name + i, "%d") == 0))
            return false;
    }
    return true;
}

static const char *inner_name(const struct oci_net_device_entry *entry)
{
    return entry->value.name && entry->value.name[0] ? entry->value.name : entry->key;
}

static int refuse(struct compiler *c, const char *key, const char *name)
{
    fail_at_member(c->failure, PLACE, key);
    return fail(c->failure, OCI_ERR_CONFIG, "\"%s\" cannot be the name of a network device", name);
}

/* By name inside; those of one name in their order. */
static int compare(const void *first, const void *second)
{
    const struct oci_net_device_entry *const *a = first, *const *b = second;
    int order = strcmp(inner_name(*a), inner_name(*b));
    return order ? order : (*a > *b) - (*a < *b);
}

/* Templates get different names. */
static int check_doubles(struct compiler *c)
{
    size_t count = c->linux_->net_devices_count;
    _free_ const struct oci_net_device_entry **sorted = calloc(count, sizeof(*sorted));
    const struct oci_net_device_entry *found = NULL;
    if (sorted == NULL)
        return fail_memory(c->failure);
    for (size_t i = 0; i < count; i++)
        sorted[i] = &c->linux_->net_devices[i];
    qsort(sorted, count, sizeof(*sorted), compare);
    for (size_t i = 1; i < count; i++) {
        const char *name = inner_name(sorted[i]);
        if (strchr(name, '%') == NULL && strcmp(name, inner_name(sorted[i - 1])) == 0 &&
            (found == NULL || sorted[i] < found))
            found = sorted[i];
    }
    if (found == NULL)
        return 0;
    fail_at_member(c->failure, PLACE, found->key);
    return fail(c->failure, OCI_ERR_CONFIG, "two network devices would be called \"%s\"",
                inner_name(found));
}

int compile_net_devices(struct compiler *c)
{
    if (c->linux_->net_devices_count == 0)
        return 0;
    if (!((c->namespaces.fresh | c->namespaces.joined) & CLONE_NEWNET)) {
        fail_at(c->failure, PLACE);
        return fail(c->failure, OCI_ERR_CONFIG,
                    "netDevices needs a network namespace in /linux/namespaces");
    }
    for (size_t i = 0; i < c->linux_->net_devices_count; i++) {
        const struct oci_net_device_entry *entry = &c->linux_->net_devices[i];
        if (!good_name(entry->key, false))
            return refuse(c, entry->key, entry->key);
        if (!good_name(inner_name(entry), true))
            return refuse(c, entry->key, inner_name(entry));
    }
    int r = check_doubles(c);
    if (r < 0)
        return r;
    plan_from(&c->builder, OCI_ERR_NETWORK, PLACE);
    PLAN_ADD(&c->builder, .code = PLAN_NET_DEVICES);
    return 0;
}
