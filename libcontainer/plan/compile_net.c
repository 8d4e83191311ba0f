/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.netDevices: names that the kernel can have, and a namespace to go to.  The library moves
 * the devices, because only it has rights in both namespaces.
 */
#include <plan/compile_internal.h>

#include <linux/if.h>
#include <string.h>

static int refuse(struct compiler *c, const char *key, const char *format, const char *text)
{
    _buffer_ struct buffer place = {0};
    for (const char *p = key; *p; p++) {
        if (*p == '~' || *p == '/')
            buffer_text(&place, *p == '~' ? "~0" : "~1");
        else
            buffer_add(&place, p, 1);
    }
    fail_at(c->failure, "/linux/netDevices/%s", place.data ? place.data : "");
    _buffer_ struct buffer message = {0};
    const char *mark = strstr(format, "%s");
    buffer_add(&message, format, mark ? (size_t)(mark - format) : strlen(format));
    if (mark)
        buffer_format(&message, "%s%s", text, mark + 2);
    return fail(c->failure, OCI_ERR_CONFIG, "%s", message.data ? message.data : format);
}

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

static int check_entry(struct compiler *c, size_t index)
{
    const struct oci_net_device_entry *all = c->linux_->net_devices, *entry = &all[index];
    const char *name = inner_name(entry);
    if (!good_name(entry->key, false))
        return refuse(c, entry->key, "\"%s\" cannot be the name of a network device", entry->key);
    if (!good_name(name, true))
        return refuse(c, entry->key, "\"%s\" cannot be the name of a network device", name);
    for (size_t i = 0; i < index; i++) {
        if (strchr(name, '%') == NULL && strcmp(name, inner_name(&all[i])) == 0)
            return refuse(c, entry->key, "two network devices would be called \"%s\"", name);
    }
    return 0;
}

int compile_net_devices(struct compiler *c)
{
    if (c->linux_->net_devices_count == 0)
        return 0;
    if (!((c->namespaces.fresh | c->namespaces.joined) & CLONE_NEWNET)) {
        fail_at(c->failure, "/linux/netDevices");
        return fail(c->failure, OCI_ERR_CONFIG,
                    "netDevices needs a network namespace in /linux/namespaces");
    }
    for (size_t i = 0; i < c->linux_->net_devices_count; i++) {
        int r = check_entry(c, i);
        if (r < 0)
            return r;
    }
    plan_from(&c->builder, OCI_ERR_NETWORK, "/linux/netDevices");
    PLAN_ADD(&c->builder, .code = PLAN_NET_DEVICES);
    return 0;
}
