/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filesystems: made, or changed, by fsopen and fspick; by mount(2) where only that takes what is asked for.
 * The result is a detached mount, which others attach.
 */
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/statfs.h>

#include "init.h"

#define UMOUNT_DETACH 2 /* MNT_DETACH */

/* mount(2) takes a page of options. */
#define DATA_SIZE 4096

/* The kernel says in the context's log what it did not like; where it says nothing, the option is named. */
static int fs_failed(struct init *init, int context, const char *option, long error)
{
    char text[PLAN_MESSAGE_TEXT];
    long n = SYS_3(read, context, text, sizeof(text) - 1);
    if (n > 2) {
        text[n] = 0;
        note(init, PLAN_DETAIL_NONE, 0, text + 2);
    } else if (option) {
        note(init, PLAN_DETAIL_NONE, 0, option);
    }
    return (int)error;
}

static long fs_option(int context, char *option)
{
    char *value = option;
    while (*value != 0 && *value != '=')
        value++;
    if (*value == 0)
        return SYS_5(fsconfig, context, FSCONFIG_SET_FLAG, option, NULL, 0);
    *value = 0;
    long r = SYS_5(fsconfig, context, FSCONFIG_SET_STRING, option, value + 1, 0);
    *value = '=';
    return r;
}

static int fs_options(struct init *init, int context, uint32_t vector)
{
    for (char **option = op_vector(init, vector); *option; option++) {
        long r = fs_option(context, *option);
        if (r < 0)
            return fs_failed(init, context, *option, r);
    }
    return 0;
}

static bool begins(const char *text, const char *with)
{
    while (*with && *text == *with)
        text++, with++;
    return *with == 0;
}

/* The options as one text, but for the source. */
static int join_options(struct init *init, uint32_t vector, char *data, const char **source)
{
    size_t n = 0;
    data[0] = 0;
    for (char **option = op_vector(init, vector); *option; option++) {
        if (begins(*option, "source=")) {
            *source = *option + 7;
            continue;
        }
        size_t length = str_length(*option);
        if (n + length + 2 > DATA_SIZE) {
            note(init, PLAN_DETAIL_NONE, 0, "the options are longer than mount(2) takes");
            return -E2BIG;
        }
        if (n > 0)
            data[n++] = ',';
        __builtin_memcpy(data + n, *option, length + 1);
        n += length;
    }
    return 0;
}

/* A tmpfs over the root, which nobody sees that has the root already: mount(2) can only mount on a path. */
static int scratch_begin(struct init *init)
{
    _fd_ int context = (int)SYS_2(fsopen, "tmpfs", FSOPEN_CLOEXEC);
    if (context < 0)
        return context;
    long r = SYS_5(fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
    if (r < 0)
        return (int)r;
    _fd_ int scratch = (int)SYS_3(fsmount, context, FSMOUNT_CLOEXEC, 0);
    if (scratch < 0)
        return scratch;
    r = SYS_3(mkdirat, scratch, "m", 0700);
    if (r == 0)
        r = SYS_1(fchdir, scratch);
    if (r < 0)
        return (int)r;
    /* Last: where anything fails, nothing is left over the root. */
    r = SYS_5(move_mount, scratch, "", init->root, "",
              MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
    if (r < 0)
        SYS_1(chdir, "/");
    return (int)r;
}

static int make_old(struct init *init, const struct plan_op *op)
{
    char data[DATA_SIZE];
    const char *source = "none";
    int r = join_options(init, op->text1, data, &source);
    if (r == 0)
        r = scratch_begin(init);
    if (r < 0)
        return r;
    uint64_t flags = op->number2 | mount_flags(op->number0);
    long made = SYS_5(mount, source, "m", op_text(init, op->text0), flags, data);
    long tree =
        made < 0 ? made : SYS_3(open_tree, AT_FDCWD, "m", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (made == 0)
        SYS_2(umount2, "m", UMOUNT_DETACH);
    SYS_2(umount2, ".", UMOUNT_DETACH);
    SYS_1(chdir, "/");
    if (tree < 0)
        return (int)tree;
    slot_set(init, op->slot0, (int)tree);
    return 0;
}

int op_fs_open(struct init *init, const struct plan_op *op)
{
    long r = SYS_2(fsopen, op_text(init, op->text0), FSOPEN_CLOEXEC);
    if (r < 0)
        return (int)r;
    slot_set(init, op->slot0, (int)r);
    return 0;
}

static int make_new(struct init *init, const struct plan_op *op)
{
    long r = op->flags & PLAN_OPENED ? 0 : op_fs_open(init, op);
    if (r < 0)
        return (int)r;
    _fd_ int context = init->slots[op->slot0];
    init->slots[op->slot0] = -1;
    r = fs_options(init, context, op->text1);
    if (r < 0)
        return (int)r;
    r = SYS_5(fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
    if (r == 0)
        r = SYS_3(fsmount, context, FSMOUNT_CLOEXEC, op->number0);
    if (r < 0)
        return fs_failed(init, context, NULL, r);
    slot_set(init, op->slot0, (int)r);
    return 0;
}

int op_fs_make(struct init *init, const struct plan_op *op)
{
    int r = op->flags & PLAN_OLD_MOUNT ? make_old(init, op) : make_new(init, op);
    if (!(op->flags & PLAN_OR_TREE))
        return r;
    /* Whose namespace it shows is not this user namespace's: the host's own mount is shown instead. */
    int tree = init->slots[op->number1];
    if (r == -EPERM && tree >= 0) {
        init->slots[op->number1] = -1;
        slot_set(init, op->slot0, tree);
        return 0;
    }
    slot_set(init, (int32_t)op->number1, -1);
    return r;
}

/* Of a filesystem of the kernel's own that takes no label as an option.  Where the policy gives it no labels at all
 * there is none to change. */
int op_label(struct init *init, const struct plan_op *op)
{
    const char *label = op_text(init, op->text0);
    _fd_ int root =
        (int)SYS_4(openat, init->slots[op->slot0], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (root < 0)
        return root;
    long r = SYS_5(fsetxattr, root, "security.selinux", label, str_length(label) + 1, 0);
    return r == -EOPNOTSUPP ? 0 : (int)r;
}

/* What mount(2) is not told it takes away: the rest stays as it is by being told again. */
static int change_old(struct init *init, const struct plan_op *op)
{
    char data[DATA_SIZE];
    const char *source = NULL;
    int r = join_options(init, op->text1, data, &source);
    if (r < 0)
        return r;
    int mount = init->slots[op->slot0];
    struct statfs fs;
    r = (int)SYS_2(fstatfs, mount, &fs);
    if (r == 0)
        r = (int)SYS_1(fchdir, mount);
    if (r < 0)
        return r;
    /* statfs has these in the places that mount(2) has them. */
    uint64_t kept = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_SYNCHRONOUS | MS_MANDLOCK |
                    MS_NOATIME | MS_NODIRATIME;
    uint64_t flags = ((uint64_t)fs.f_flags & kept) | op->number1 | MS_REMOUNT;
    if (fs.f_flags & 0x2000 /* ST_NOSYMFOLLOW */)
        flags |= MS_NOSYMFOLLOW;
    r = (int)SYS_5(mount, NULL, ".", NULL, flags, data);
    SYS_1(chdir, "/");
    return r;
}

int op_reconfigure(struct init *init, const struct plan_op *op)
{
    if (op->flags & PLAN_OLD_MOUNT)
        return change_old(init, op);
    _fd_ int context =
        (int)SYS_3(fspick, init->slots[op->slot0], "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH);
    if (context < 0)
        return context;
    int r = fs_options(init, context, op->text1);
    if (r < 0)
        return r;
    r = (int)SYS_5(fsconfig, context, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0);
    return r < 0 ? fs_failed(init, context, NULL, r) : 0;
}
