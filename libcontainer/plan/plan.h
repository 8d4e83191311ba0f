/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan: what the library writes and the init reads.  One block of memory without pointers:
 *
 *     struct plan_header | struct plan_op[op_count] | data (strings, vectors, blobs)
 *
 * Ops are carried out in order; the first that fails ends the init with a report of its index and
 * errno.  Everything an op needs was computed before: the init parses no text and looks up no
 * names.
 *
 * Offsets count from the start of the plan; 0 means "none".  A string is NUL-terminated inside the
 * data area.  A vector is an 8-byte aligned array of 64-bit offsets of strings that ends in 0; the
 * init turns the offsets into pointers in place, which gives it argv and envp without allocating.
 *
 * Slots are the init's fd table: the first inherited_slots come from the library, ops fill the
 * others. This header is shared by the library and the init; it holds no code.
 */
#ifndef OCIKIT_PLAN_H
#define OCIKIT_PLAN_H

#include <stdint.h>

#define PLAN_MAGIC 0x314e4c50u /* "PLN1" */
#define PLAN_MAX_SLOTS 4096
#define PLAN_MAX_SIZE (64u << 20)

/* Slots that every plan has. */
enum plan_slot {
    PLAN_SLOT_NONE = -1,
    PLAN_SLOT_CONTROL = 0,     /* socket to the library */
    PLAN_SLOT_PROC = 1,        /* the host's procfs, checked to be one */
    PLAN_SLOT_START = 2,       /* listening socket that releases the container (create only) */
    PLAN_SLOT_JOIN = 3,        /* pidfd of the process whose namespaces are to be entered */
    PLAN_SLOT_LINK = 4,        /* socket between a builder and its member, see compile_member.c */
    PLAN_SLOT_FIRST_GROUP = 5, /* cgroup.procs of each hierarchy, then slots filled by ops */
};

enum plan_code {
    PLAN_END = 0,

    /* places of the process: control groups, namespaces */
    PLAN_CGROUP_JOIN,  /* slot0: cgroup.procs; text0: of which group, for messages */
    PLAN_ROOT_OPEN,    /* text0: "PID/root" under proc -> slot0 (exec) */
    PLAN_NS_OPEN,      /* text0: path -> slot0; number0: CLONE_NEW* that it must be */
    PLAN_NS_ENTER,     /* slot0 (skipped when already entered); number0: CLONE_NEW* */
    PLAN_NS_ENTER_ALL, /* slot0: pidfd; number0: mask of CLONE_NEW* */
    PLAN_NS_UNSHARE,   /* number0: mask */
    PLAN_TIME_OFFSETS, /* text0: lines for timens_offsets; enters the new time namespace */
    PLAN_FORK,         /* number0: CLONE_NEW* of the second stage, which goes on alone */
    PLAN_SYNC,         /* number0: enum plan_sync; tell the library and wait for its answer */
    PLAN_NS_ROOT,      /* become user and group 0 of the user namespace, where it has them */
    PLAN_SESSION,      /* setsid */
    PLAN_KEYRING,      /* text0: name of a new session keyring */

    /* the root filesystem */
    PLAN_PRIVATE,     /* make every mount of the new mount namespace private */
    PLAN_TREE_OPEN,   /* text0: path -> slot0: a detached copy of the mount; PLAN_RECURSIVE;
                         PLAN_OPTIONAL: what is missing leaves the slot empty */
    PLAN_ROOT_ATTACH, /* slot0: tree that becomes the root, with number0 as its propagation; stays
                         open for PLAN_ATTACH and others */
    PLAN_FS_OPEN,     /* text0: type -> slot0: a context for PLAN_FS_MAKE, of this process's namespaces */
    PLAN_FS_MAKE,     /* text0: type, text1: vector of options, number0: MOUNT_ATTR_* -> slot0;
                         text2: where it will go, for messages; PLAN_OLD_MOUNT with number2: MS_*,
                         PLAN_OR_TREE with number1; PLAN_OPENED */
    PLAN_MOUNT_ATTR, /* slot0; number0: set, number1: clear, number2: propagation; PLAN_RECURSIVE */
    PLAN_ATTACH,     /* slot0 at text0 in the root; PLAN_REAL_DIR, PLAN_COPY_UP with number0: enum
                         plan_keep */
    PLAN_MOUNT_FIND, /* what is mounted at text0 in the root -> slot0; PLAN_REAL_DIR: the container runs, so
                        that no link is followed, and proc, sysfs and masks stay as they are */
    PLAN_RECONFIGURE, /* the filesystem of slot0; text0: where it is, for messages, text1: vector of
                         options, PLAN_OLD_MOUNT with number1: MS_*, number2: those of them that change */
    PLAN_LABEL,    /* the root directory of slot0; text0: its SELinux label, where the filesystem has labels */
    PLAN_ID_MAP,   /* slot0 gets the id mapping of the user namespace in slot number0; text0: where
                         it will go, for messages; PLAN_RECURSIVE */
    PLAN_CLOSE,    /* slot0 */
    PLAN_GIVE,     /* slot0, or else the process's root, to the other end of PLAN_SLOT_LINK */
    PLAN_TAKE,     /* what the other end gave -> slot0 */
    PLAN_ROOT_USE, /* slot0, opened by PLAN_ROOT_OPEN, is the root that paths are looked up in */
    PLAN_UNMOUNT,  /* what is mounted at text0 in the root, by no link; neither proc nor a mask */
    PLAN_MKDIR,    /* text0 in the root; number0: mode */
    PLAN_SYMLINK,  /* text0: target, text1: link in the root; PLAN_OPTIONAL: kept if it exists */
    PLAN_MKNOD, /* text0 in the root; number0: mode with type, number1: dev, number2: gid<<32|uid;
                   slot0: tree of the host's node to bind instead, or none */
    PLAN_MASK,  /* text0 in the root; skipped when missing; text1: SELinux label of what hides a directory, or none */
    PLAN_READONLY,       /* text0 in the root; skipped when missing */
    PLAN_ROOT_READONLY,  /* the root mount itself */
    PLAN_ROOT_PIVOT,     /* enter the root and drop the old one */
    PLAN_ROOT_MOVE,      /* the same by moving the mount and chroot */
    PLAN_ROOT_CHROOT,    /* text0: directory; chroot without a mount namespace of one's own */
    PLAN_ROOT_PROPAGATE, /* number0: propagation of the root mount */
    PLAN_TERMINAL, /* number0: rows, number1: columns, number2: gid<<32|uid; PLAN_CONSOLE_NODE; slot0: for
                      another process to use, or none */
    PLAN_TERMINAL_USE, /* slot0: what PLAN_TERMINAL made */

    /* the process */
    PLAN_PROC_WRITE,    /* text0: path under proc, text1: value */
    PLAN_LOOPBACK,      /* bring the new network namespace's own interface up */
    PLAN_HOSTNAME,      /* text0 */
    PLAN_DOMAINNAME,    /* text0 */
    PLAN_RLIMIT,        /* number0: resource, number1: soft, number2: hard */
    PLAN_SCHEDULER,     /* text0: struct sched_attr as length 8-byte words */
    PLAN_IO_PRIORITY,   /* number0: as ioprio_set takes it */
    PLAN_CPU_AFFINITY,  /* text0: uint64_t[length], a bit for each CPU */
    PLAN_MEMORY_POLICY, /* number0: MPOL_*, text0: uint64_t[length], a bit for each node */
    PLAN_PERSONALITY,   /* number0 */
    PLAN_NET_DEVICES,   /* a socket of the new network namespace goes to the library, which moves
                           devices there */
    PLAN_NO_NEW_PRIVS,
    PLAN_SECCOMP,    /* text0: struct sock_filter[length]; number0: SECCOMP_FILTER_FLAG_*;
                      PLAN_LAST */
    PLAN_BOUNDING,   /* number0: capabilities that stay */
    PLAN_IDS,        /* number0: uid, number1: gid, text0: uint32_t[length] of groups;
                        PLAN_MAY_BE_DENIED: no groups are asked for, the caller's may stay */
    PLAN_CAPS,       /* number0: effective, number1: permitted, number2: inheritable */
    PLAN_AMBIENT,    /* number0 */
    PLAN_UMASK,      /* number0 */
    PLAN_CHDIR,      /* text0 */
    PLAN_EXEC_FIND,  /* text0: vector of candidates; the first that can be executed is kept */
    PLAN_HOME,       /* text0: "HOME=/" with room behind it; number0: uid to look for in passwd,
                        number1: size of the room */
    PLAN_HOOK,       /* text0: path, text1: argv, text2: envp, number0: timeout in ms or 0,
                        number1, number2: state document before and after the pid */
    PLAN_READY,      /* tell the library that everything is set up */
    PLAN_WAIT_START, /* wait on PLAN_SLOT_START for the release */
    PLAN_EXEC,       /* text1: argv, text2: envp; the program found by PLAN_EXEC_FIND */
    PLAN_EXIT,       /* report success and exit (hook runners) */

    PLAN_CODE_COUNT,
};

enum plan_flag {
    PLAN_RECURSIVE = 1,
    PLAN_REAL_DIR = 2, /* the target may not be reached through a symbolic link */
    PLAN_OPTIONAL = 4,
    PLAN_ON_PROC = 8,        /* the target may be on a procfs */
    PLAN_CONSOLE_NODE = 16,  /* bind the terminal on /dev/console */
    PLAN_MAY_BE_DENIED = 32, /* EPERM leaves the slot for a second try */
    PLAN_MUST_BE_PROC = 256, /* what is attached has to be a procfs */
    PLAN_KEEP_GROUPS = 512,  /* the caller's supplementary groups stay */
    PLAN_LISTENER = 1024,    /* the filter's notification fd goes to the library, which answers */
    /* Only exec follows, and the filter need allow nothing else; one that notifies also what hands its fd over. */
    PLAN_LAST = 128,
    PLAN_KEEP_SLOT = 64,     /* the slot stays open for a later op */
    PLAN_OR_TREE = 0x1000,   /* where the filesystem may not be made: the tree in slot number1 */
    PLAN_VISIBLE = 0x2000,   /* the process's files under proc are its own user's during the op */
    PLAN_OPENED = 0x800,     /* of PLAN_FS_MAKE: slot0 holds what PLAN_FS_OPEN made */
    PLAN_OLD_MOUNT = 0x4000, /* by mount(2), for what only that takes */
    PLAN_COPY_UP =
        0x8000, /* what is in the directory below is copied into the new filesystem first */
};

/* What of a new filesystem's root PLAN_COPY_UP leaves as it was made. */
enum plan_keep {
    PLAN_KEEP_MODE = 1,
    PLAN_KEEP_UID = 2,
    PLAN_KEEP_GID = 4,
};

enum plan_sync {
    PLAN_SYNC_MAPS = 1, /* the library writes uid_map and gid_map */
    PLAN_SYNC_HOOKS =
        2, /* namespaces exist, the root is not yet entered: prestart, createRuntime */
    PLAN_SYNC_SCHEDULER = 3,   /* the library, which may, sets the scheduler of this process */
    PLAN_SYNC_LISTENER = 5,    /* what PLAN_MESSAGE_LISTENER amounts to */
    PLAN_SYNC_NET_DEVICES = 4, /* with a netlink socket of the network namespace */
    PLAN_SYNC_MEMBER = 6,      /* of a builder: the namespaces are there for its member to enter */
};

struct plan_op {
    uint16_t code;
    uint16_t flags;
    int32_t slot0;
    uint32_t text0;
    uint32_t text1;
    uint32_t text2;
    uint32_t length; /* entries of the blob at text0 */
    uint64_t number0;
    uint64_t number1;
    uint64_t number2;
};

/* The kernel's struct sched_attr, which not every C library declares. */
struct plan_scheduler {
    uint32_t size;
    uint32_t policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
    uint32_t util_min, util_max;
};

struct plan_header {
    uint32_t magic;
    uint32_t size;
    uint32_t op_count;
    uint32_t slot_count;
    uint32_t inherited_slots;
    uint32_t keep_fds; /* fds 0 .. keep_fds-1 reach the program */
};

/* Messages on the control socket and, for the answer to a start, on the start socket. */
enum plan_message_kind {
    PLAN_MESSAGE_FORKED = 1,   /* pid of the second stage, with its pidfd */
    PLAN_MESSAGE_SYNC = 2,     /* number: enum plan_sync */
    PLAN_MESSAGE_TERMINAL = 3, /* with the terminal's fd */
    PLAN_MESSAGE_READY = 4,
    PLAN_MESSAGE_ERROR = 5,    /* op, error, number (exit status of a hook), text */
    PLAN_MESSAGE_DONE = 6,     /* a hook runner's success */
    PLAN_MESSAGE_RUNNING = 8,  /* the next thing is exec: after this only an error, or the end */
    PLAN_MESSAGE_LISTENER = 9, /* with the fd of the filter's notifications */
    PLAN_MESSAGE_GO = 7, /* from the library: go on; number: pid of the container's first process */
};

/* What went wrong in an op beyond its errno. */
enum plan_detail {
    PLAN_DETAIL_NONE = 0,
    PLAN_DETAIL_HOOK_EXIT = 1,   /* number: exit status */
    PLAN_DETAIL_HOOK_SIGNAL = 2, /* number: signal */
    PLAN_DETAIL_HOOK_TIMEOUT = 3,
    PLAN_DETAIL_OUTSIDE = 4,  /* a path leaves the root filesystem */
    PLAN_DETAIL_MISMATCH = 5, /* something else is already there */
    PLAN_DETAIL_NOT_PROC = 6,
    PLAN_DETAIL_PARENT_GONE = 7,
    PLAN_DETAIL_OWN = 8,     /* the namespace is the caller's own */
    PLAN_DETAIL_ON_PROC = 9, /* the target is on a procfs */
    PLAN_DETAIL_NOT_MOUNTED = 20,
    PLAN_DETAIL_NO_ID_MAP = 21, /* the filesystem cannot be id-mapped */
    PLAN_DETAIL_PROTECTED = 22, /* the mount is what keeps a container from the host */
    PLAN_DETAIL_LINK = 23,      /* a symbolic link leads there */
    PLAN_DETAIL_OTHER_GONE = 24, /* the other end of PLAN_SLOT_LINK ended */
};

#define PLAN_MESSAGE_TEXT 256

struct plan_message {
    uint32_t kind;
    uint32_t op; /* index in the plan; after PLAN_WAIT_START, counted from the op that follows it */
    uint32_t code; /* of that op */
    int32_t error;
    uint32_t detail;
    uint32_t padding;
    int64_t number;
    char text[PLAN_MESSAGE_TEXT]; /* fs context message, last line of a hook; may be empty */
};

#endif
