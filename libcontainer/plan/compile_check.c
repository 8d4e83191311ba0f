/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a create refuses before it looks closer: properties that this version cannot honour (an
 * error that names them, never silence) and parts that must be there.
 */
#include <plan/compile_internal.h>

#include <linux/sched.h>
#include <string.h>

#include <base/util.h>

static int refuse(struct compiler *c, const char *place)
{
    fail_at(c->failure, "%s", place);
    return fail(c->failure, OCI_ERR_UNSUPPORTED, "this version cannot honour %s",
                strrchr(place, '/') + 1);
}

static bool filled(const char *text)
{
    return text && text[0];
}

static int check_version(struct compiler *c)
{
    const char *v = c->config->oci_version;
    size_t minor = strncmp(v, "1.", 2) == 0 ? strspn(v + 2, "0123456789") : 0;
    const char *rest = v + 2 + minor;
    size_t patch = minor && *rest == '.' ? strspn(rest + 1, "0123456789") : 0;
    /* What follows, "-rc.1" or "+build", may be anything. */
    if (patch && strchr("-+", rest[1 + patch]))
        return 0;
    fail_at(c->failure, "/ociVersion");
    return fail(c->failure, OCI_ERR_UNSUPPORTED,
                "ociVersion \"%s\" is not of the form 1.MINOR.PATCH", v);
}

/* To the kernel this number means "leave it as it is", which would be root. */
#define NO_ID UINT32_MAX

static int check_ids(struct compiler *c, const struct oci_process *process)
{
    const struct oci_user *user = process->user;
    const char *bad = NULL;
    if (user && user->uid == NO_ID)
        bad = "uid";
    else if (user && user->gid == NO_ID)
        bad = "gid";
    for (size_t i = 0; user && i < user->additional_gids_count; i++) {
        if (user->additional_gids[i] == NO_ID)
            bad = "additionalGids";
    }
    if (bad == NULL)
        return 0;
    fail_at(c->failure, "%s/user/%s", process_place(c), bad);
    return fail(c->failure, OCI_ERR_RANGE, "%u is not an id", NO_ID);
}

int check_process(struct compiler *c, const struct oci_process *process)
{
    const char *place = process_place(c);
    if (process->args_count == 0 || process->args[0][0] == 0) {
        fail_at(c->failure, "%s/args", place);
        return fail(c->failure, OCI_ERR_CONFIG, "args has no program to run");
    }
    if (process->cwd[0] != '/') {
        fail_at(c->failure, "%s/cwd", place);
        return fail(c->failure, OCI_ERR_CWD, "working directory \"%s\" is not absolute",
                    process->cwd);
    }
    int r = check_ids(c, process);
    if (r == 0)
        r = check_affinity(c, process);
    if (r < 0)
        return r;
    for (size_t i = 0; i < process->env_count; i++) {
        if (strchr(process->env[i], '=') == NULL || process->env[i][0] == '=') {
            fail_at(c->failure, "%s/env/%zu", place, i);
            return fail(c->failure, OCI_ERR_CONFIG, "\"%s\" is not of the form NAME=value",
                        process->env[i]);
        }
    }
    return 0;
}

/* Without a mount namespace of its own a container's mounts would be the host's; in a joined one
 * they would stay behind. */
static int check_mount_namespace(struct compiler *c)
{
    if (c->namespaces.fresh & CLONE_NEWNS)
        return 0;
    const char *place = NULL;
    if (c->config->mounts_count)
        place = "/mounts";
    else if (c->linux_->masked_paths_count)
        place = "/linux/maskedPaths";
    else if (c->linux_->readonly_paths_count)
        place = "/linux/readonlyPaths";
    else if (c->linux_->devices_count)
        place = "/linux/devices";
    else if (c->linux_->rootfs_propagation)
        place = "/linux/rootfsPropagation";
    else if (c->config->root->has_readonly && c->config->root->readonly)
        place = "/root/readonly";
    else if (c->config->process && c->config->process->terminal)
        place = "/process/terminal";
    if (place == NULL)
        return 0;
    fail_at(c->failure, "%s", place);
    return fail(c->failure, OCI_ERR_CONFIG, "%s needs a new mount namespace in /linux/namespaces",
                strrchr(place, '/') + 1);
}

int check_supported(struct compiler *c)
{
    const struct oci_linux *l = c->linux_;
    int r = check_version(c);
    if (r < 0)
        return r;
    if (c->config->root == NULL) {
        fail_at(c->failure, "%s", "");
        return fail(c->failure, OCI_ERR_REQUIRED,
                    "root is missing: a Linux container needs a root filesystem");
    }
    if (c->config->root->path[0] == 0) {
        fail_at(c->failure, "/root/path");
        return fail(c->failure, OCI_ERR_ROOTFS, "the root filesystem's path is empty");
    }
    if (c->config->process == NULL) {
        fail_at(c->failure, "%s", "");
        return fail(c->failure, OCI_ERR_REQUIRED, "process is missing: there is nothing to run");
    }
    if (c->config->vm)
        return refuse(c, "/vm");
    if (filled(l->mount_label) && !(c->input->modules & HOST_SELINUX)) {
        fail_at(c->failure, "/linux/mountLabel");
        return fail(c->failure, OCI_ERR_UNSUPPORTED,
                    "mountLabel needs SELinux, which this host does not have");
    }
    return check_mount_namespace(c);
}
