/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the init share: its state and the signature of an op.
 */
#ifndef OCIKIT_INIT_H
#define OCIKIT_INIT_H

#include <plan/plan.h>

#include "sys.h"

struct init {
    unsigned char *plan;
    const struct plan_header *header;
    const struct plan_op *ops;
    uint32_t current;           /* index of the op at work */
    uint32_t first;             /* index that reports count from */
    int root;                   /* the root tree, once attached; -1 before and after entering it */
    bool root_is_in_use;        /* it is that of a container that runs */
    int mask_file, mask_dir;    /* what masked paths show; attached once, then copied */
    const char *program;        /* found by PLAN_EXEC_FIND */
    bool announced;             /* PLAN_MESSAGE_RUNNING was sent */
    int start_peer;             /* who released us and waits to hear of a failing exec, or -1 */
    uint32_t umask;             /* the caller's, for hooks */
    bool in_directory;          /* the working directory was entered before the change of user */
    int64_t pid;                /* our pid as the library sees it */
    struct plan_message report; /* filled by an op that knows more than an errno */
    int slots[PLAN_MAX_SLOTS];
};

/* An op returns 0 or a negative error number. */
typedef int op_function(struct init *init, const struct plan_op *op);

static inline const char *op_text(struct init *init, uint32_t offset)
{
    return offset ? (const char *)init->plan + offset : NULL;
}

/* The vector at offset as an array of pointers that ends in NULL. */
char **op_vector(struct init *init, uint32_t offset);

/* Fill a slot; whatever it held is closed. */
void slot_set(struct init *init, int32_t slot, int fd);

/* report.c: as fork(2), with the flags of clone(2) and a pidfd. */
long make_child(uint64_t flags, int exit_signal, int *pidfd);

/* op_exec.c: close what the program must not get and tell that it is about to run; once. */
int announce(struct init *init);

/* op_credentials.c: with PLAN_VISIBLE, let this process's files under proc belong to its user, who has no
 * right to write them otherwise, or take that back. */
void be_visible(const struct plan_op *op, bool visible);

/* report.c */
int send_message(struct init *init, int fd, struct plan_message *message, int passed_fd);
int send_kind(struct init *init, uint32_t kind, int64_t number, int passed_fd);
int receive_go(struct init *init, int fd);
/* The fd that came with the next message, or a negative error number. */
int receive_fd(struct init *init, int socket);
void report_error(struct init *init, int error);
void note(struct init *init, uint32_t detail, int64_t number, const char *text);

/* resolve.c: paths inside the root, by fd */
enum walk_flags {
    WALK_MAKE_DIR = 1,  /* make what is missing, the last component as a directory */
    WALK_MAKE_FILE = 2, /* the same, the last component as an empty file */
    WALK_REAL = 4,      /* no symbolic link on the way */
};
int resolve_in_root(struct init *init, int root, const char *path, unsigned flags);
/* The directory of path's last component (made where missing); *name points at that component. */
int resolve_parent(struct init *init, int root, const char *path, char *name, size_t name_size);

/* "self/fd/N", to be looked up in PLAN_SLOT_PROC. */
void fd_path(int fd, char path[32]);

/* attributes.c.  flags: 0 or AT_RECURSIVE.  -ENOSYS where neither mount_setattr(2) nor mount(2) can do it. */
struct mount_attr;
long set_attributes(struct init *init, int mount, unsigned flags, struct mount_attr *attr);
/* Put a tree on a target; it gets what it could not have while it was detached. */
long attach(struct init *init, int tree, int target);
long attached(struct init *init, int tree); /* the second half, for who attaches otherwise */
void note_placed(int mount);                /* it is attached, and stays open */
void forget_attributes(int mount);          /* it is closed */
uint64_t mount_flags(uint64_t attributes);  /* MS_* of mount(2) for MOUNT_ATTR_* */

/* copy.c: what is in the directory below into the new filesystem tree; keep: enum plan_keep */
int copy_up(struct init *init, int below, int tree, unsigned keep);

op_function op_cgroup_join, op_ns_open, op_ns_enter, op_ns_enter_all, op_ns_unshare,
    op_time_offsets, op_fork, op_sync, op_ns_root, op_session, op_keyring, op_label;
op_function op_private, op_tree_open, op_root_attach, op_fs_open, op_fs_make, op_mount_attr, op_attach;
op_function op_reconfigure, op_id_map, op_close, op_mount_find, op_unmount, op_root_use;
op_function op_mkdir, op_symlink, op_mknod, op_mask, op_readonly;
op_function op_root_open, op_root_readonly, op_root_pivot, op_root_move, op_root_chroot,
    op_root_propagate;
op_function op_give, op_take;
op_function op_terminal, op_terminal_use;
op_function op_scheduler, op_io_priority, op_cpu_affinity, op_memory_policy, op_personality;
op_function op_net_devices;
op_function op_proc_write, op_loopback, op_hostname, op_domainname, op_rlimit;
op_function op_no_new_privs, op_seccomp, op_bounding, op_ids, op_caps, op_ambient;
op_function op_umask, op_chdir, op_exec_find, op_home, op_hook, op_ready, op_wait_start, op_exec,
    op_exit;

#endif
