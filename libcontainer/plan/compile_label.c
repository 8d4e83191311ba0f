/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apparmorProfile and selinuxLabel: written by the thread that execs, to be taken on with the
 * program.  Hooks inside of the container are confined like the program.
 */
#include <plan/compile_internal.h>

#include <linux/mount.h>
#include <string.h>

#include <base/util.h>

static bool filled(const char *text)
{
    return text && text[0];
}

bool wants_labels(const struct oci_process *process)
{
    return filled(process->apparmor_profile) || filled(process->selinux_label);
}

void compile_label_procfs(struct compiler *c)
{
    static const char *const options[] = {"subset=pid"};
    struct plan_builder *b = &c->builder;
    plan_from(b, OCI_ERR_LABEL, NULL);
    PLAN_ADD(b, .code = PLAN_FS_MAKE, .slot0 = PLAN_SLOT_PROC, .text0 = plan_text(b, "proc"),
             .text1 = plan_vector(b, options, ARRAY_SIZE(options)),
             .number0 = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

static int missing(struct compiler *c, const char *member, const char *module)
{
    fail_at(c->failure, "%s/%s", process_place(c), member);
    return fail(c->failure, OCI_ERR_UNSUPPORTED,
                "%s cannot be honoured: %s is not enabled on this host", member, module);
}

static int bad_text(struct compiler *c, const char *member)
{
    fail_at(c->failure, "%s/%s", process_place(c), member);
    return fail(c->failure, OCI_ERR_CONFIG, "%s has a line break", member);
}

static void write_attribute(struct compiler *c, const char *member, const char *file,
                            const char *before, const char *value)
{
    _buffer_ struct buffer text = {0};
    buffer_format(&text, "%s%s", before, value);
    c->builder.data.failed |= text.failed;
    plan_from(&c->builder, OCI_ERR_LABEL, "%s/%s", process_place(c), member);
    PLAN_ADD(&c->builder, .code = PLAN_PROC_WRITE, .text0 = plan_text(&c->builder, file),
             .text1 = text.failed ? 0 : plan_text(&c->builder, text.data));
}

/* Otherwise the program, in its own domain, might not be let at its own keys. */
void compile_keyring_label(struct compiler *c, const struct oci_process *process)
{
    if (filled(process->selinux_label) && (c->input->modules & HOST_SELINUX))
        write_attribute(c, "selinuxLabel", "thread-self/attr/keycreate", "",
                        process->selinux_label);
}

const char *mount_label(const struct compiler *c)
{
    return filled(c->linux_->mount_label) ? c->linux_->mount_label : NULL;
}

int compile_labels(struct compiler *c, const struct oci_process *process)
{
    const char *profile = process->apparmor_profile, *label = process->selinux_label;
    if (filled(profile)) {
        if (strchr(profile, '\n'))
            return bad_text(c, "apparmorProfile");
        if (!(c->input->modules & (HOST_APPARMOR | HOST_APPARMOR_FOLDER)))
            return missing(c, "apparmorProfile", "AppArmor");
        /* Where several modules are stacked, attr/exec may be another's. */
        write_attribute(c, "apparmorProfile",
                        c->input->modules & HOST_APPARMOR_FOLDER ? "thread-self/attr/apparmor/exec"
                                                                 : "thread-self/attr/exec",
                        "exec ", profile);
    }
    if (filled(label)) {
        if (strchr(label, '\n'))
            return bad_text(c, "selinuxLabel");
        if (!(c->input->modules & HOST_SELINUX))
            return missing(c, "selinuxLabel", "SELinux");
        write_attribute(c, "selinuxLabel", "thread-self/attr/exec", "", label);
    }
    return 0;
}
