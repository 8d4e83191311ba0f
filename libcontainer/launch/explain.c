/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports of the init in words: the init knows a number, the plan what that op was for and which
 * part of the configuration it came from.
 */
#include <launch/hint.h>
#include <launch/session.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <base/util.h>

/* What the op was doing, as "VERB text0"; %s stands for the op's first text. */
static const char *const verbs[PLAN_CODE_COUNT] = {
    [PLAN_CGROUP_JOIN] = "join control group \"%s\"",
    [PLAN_ROOT_OPEN] = "open the container's root",
    [PLAN_NS_OPEN] = "open namespace \"%s\"",
    [PLAN_NS_ENTER] = "enter the namespace",
    [PLAN_NS_ENTER_ALL] = "enter the container's namespaces",
    [PLAN_NS_UNSHARE] = "make a new cgroup namespace",
    [PLAN_TIME_OFFSETS] = "make a time namespace",
    [PLAN_FORK] = "make the new namespaces",
    [PLAN_SYNC] = "talk to the library",
    [PLAN_NS_ROOT] = "become root of the user namespace",
    [PLAN_SESSION] = "begin a session",
    [PLAN_KEYRING] = "join a session keyring",
    [PLAN_PRIVATE] = "make the mounts private",
    [PLAN_TREE_OPEN] = "open \"%s\"",
    [PLAN_ROOT_ATTACH] = "mount the root filesystem",
    [PLAN_FS_OPEN] = "make a filesystem of type \"%s\"",
    [PLAN_FS_MAKE] = "make a filesystem of type \"%s\"",
    [PLAN_MOUNT_ATTR] = "set the mount's attributes",
    [PLAN_ATTACH] = "mount on \"%s\"",
    [PLAN_MOUNT_FIND] = "find the mount at \"%s\"",
    [PLAN_RECONFIGURE] = "change the filesystem mounted at \"%s\"",
    [PLAN_LABEL] = "give the mount the label \"%s\"",
    [PLAN_ID_MAP] = "give the mount for \"%s\" its id mapping",
    [PLAN_CLOSE] = "close a file",
    [PLAN_GIVE] = "talk to the container's other init",
    [PLAN_TAKE] = "talk to the container's other init",
    [PLAN_ROOT_USE] = "enter the container's root",
    [PLAN_UNMOUNT] = "unmount \"%s\"",
    [PLAN_MKDIR] = "make directory \"%s\"",
    [PLAN_SYMLINK] = "make a link to \"%s\"",
    [PLAN_MKNOD] = "make device \"%s\"",
    [PLAN_MASK] = "mask \"%s\"",
    [PLAN_READONLY] = "make \"%s\" read-only",
    [PLAN_ROOT_READONLY] = "make the root filesystem read-only",
    [PLAN_ROOT_PIVOT] = "enter the root filesystem",
    [PLAN_ROOT_MOVE] = "enter the root filesystem",
    [PLAN_ROOT_CHROOT] = "enter root filesystem \"%s\"",
    [PLAN_ROOT_PROPAGATE] = "set the root filesystem's propagation",
    [PLAN_TERMINAL] = "make a terminal from /dev/pts",
    [PLAN_TERMINAL_USE] = "use the terminal",
    [PLAN_PROC_WRITE] = "write /proc/%s",
    [PLAN_LOOPBACK] = "bring the loopback interface up",
    [PLAN_HOSTNAME] = "set the host name \"%s\"",
    [PLAN_DOMAINNAME] = "set the domain name \"%s\"",
    [PLAN_RLIMIT] = "set the resource limit",
    [PLAN_SCHEDULER] = "set the scheduler",
    [PLAN_IO_PRIORITY] = "set the I/O priority",
    [PLAN_CPU_AFFINITY] = "set the CPU affinity",
    [PLAN_MEMORY_POLICY] = "set the memory policy",
    [PLAN_PERSONALITY] = "set the personality",
    [PLAN_NET_DEVICES] = "move the network devices",
    [PLAN_NO_NEW_PRIVS] = "forbid new privileges",
    [PLAN_SECCOMP] = "load the seccomp filter",
    [PLAN_BOUNDING] = "drop capabilities from the bounding set",
    [PLAN_IDS] = "set user and groups",
    [PLAN_CAPS] = "set the capabilities",
    [PLAN_AMBIENT] = "set the ambient capabilities",
    [PLAN_UMASK] = "set the umask",
    [PLAN_CHDIR] = "enter working directory \"%s\"",
    [PLAN_HOME] = "read /etc/passwd",
    [PLAN_HOOK] = "run hook \"%s\"",
    [PLAN_READY] = "talk to the library",
    [PLAN_WAIT_START] = "wait for the start",
    [PLAN_EXEC] = "execute the program",
    [PLAN_EXIT] = "talk to the library",
};

static void verb_text(const struct plan_message *message, const char *subject, char *text,
                      size_t size)
{
    const char *verb = message->code < PLAN_CODE_COUNT ? verbs[message->code] : NULL;
    const char *mark = verb ? strstr(verb, "%s") : NULL;
    if (mark && subject)
        snprintf(text, size, "%.*s%s%s", (int)(mark - verb), verb, subject, mark + 2);
    else
        snprintf(text, size, "%s", verb ? verb : "prepare the container");
}

static int explain_hook(const struct plan_message *message, const char *subject,
                        struct failure *failure)
{
    const char *said = message->text[0] ? "; it said: " : "";
    switch (message->detail) {
    case PLAN_DETAIL_HOOK_EXIT:
        if (message->number == 127 && message->text[0] == 0)
            return fail(failure, OCI_ERR_HOOK,
                        "%s ended with status 127; it may not exist or not be executable", subject);
        return fail(failure, OCI_ERR_HOOK, "%s ended with status %lld%s%s", subject,
                    (long long)message->number, said, message->text);
    case PLAN_DETAIL_HOOK_SIGNAL:
        return fail(failure, OCI_ERR_HOOK, "%s was ended by signal %lld%s%s", subject,
                    (long long)message->number, said, message->text);
    case PLAN_DETAIL_HOOK_TIMEOUT:
        return fail(failure, OCI_ERR_HOOK,
                    "%s took longer than its timeout allows and was killed%s%s", subject, said,
                    message->text);
    default:
        return fail_errno(failure, OCI_ERR_HOOK, message->error, "%s", subject);
    }
}

static int explain_detail(const struct plan_message *message, int code, const char *doing,
                          struct failure *failure)
{
    switch (message->detail) {
    case PLAN_DETAIL_OUTSIDE:
        return fail(failure, code, "%s: it is a symbolic link, or leads out of the root filesystem",
                    doing);
    case PLAN_DETAIL_MISMATCH:
        return fail(failure, code, "%s: something else is already there", doing);
    case PLAN_DETAIL_OWN:
        return fail(failure, code,
                    "%s: it is the caller's own, which this configuration would change", doing);
    case PLAN_DETAIL_NOT_MOUNTED:
        return fail(failure, code, "%s: nothing is mounted there", doing);
    case PLAN_DETAIL_NO_ID_MAP:
        return fail(failure, OCI_ERR_UNSUPPORTED,
                    "%s: its filesystem, or one below it, does not allow id mappings", doing);
    case PLAN_DETAIL_ON_PROC:
        return fail(failure, code, "%s: it is inside /proc", doing);
    case PLAN_DETAIL_PROTECTED:
        return fail(failure, code,
                    "%s: it is proc, sysfs or a masked path, which stay as they are in a container "
                    "that runs",
                    doing);
    case PLAN_DETAIL_LINK:
        return fail(failure, code,
                    "%s: a symbolic link leads there, which the container may have made: name the "
                    "mount by its own path",
                    doing);
    case PLAN_DETAIL_NOT_PROC:
        return fail(failure, code, "%s: it is not a file of a procfs", doing);
    case PLAN_DETAIL_OTHER_GONE:
        return fail(failure, OCI_ERR_INIT_DIED, "%s: it ended", doing);
    case PLAN_DETAIL_PARENT_GONE:
        return fail(failure, OCI_ERR_INTERNAL, "%s: the library went away", doing);
    default:
        break;
    }
    if (message->text[0]) {
        char buffer[64];
        size_t length = strcspn(message->text, "\n");
        return fail(failure, code, "%s: %s (%.*s)", doing, errno_text(message->error, buffer),
                    (int)length, message->text);
    }
    return fail_errno(failure, code, message->error, "%s", doing);
}

/* A program that is missing, or is no program: engines tell these from everything else. */
static int explain_program(const struct plan_message *message, const char *program,
                           struct failure *failure)
{
    bool missing = message->error == ENOENT || message->error == ENOTDIR;
    int code = missing ? OCI_ERR_EXEC_NOT_FOUND : OCI_ERR_EXEC_NOT_EXECUTABLE;
    failure->error = message->error;
    if (message->code == PLAN_EXEC && missing)
        return fail_errno(failure, code, message->error,
                          "execute \"%s\": it, or the interpreter that it names, does not exist",
                          program);
    if (missing && strchr(program, '/') == NULL)
        return fail(failure, code, "execute \"%s\": executable file not found in $PATH", program);
    return fail_errno(failure, code, message->error, "execute \"%s\"", program);
}

/* The kernel was built without it, as these errors say of these calls. */
static bool is_lacking(uint32_t code, int error)
{
    bool scheduling = code == PLAN_SCHEDULER || code == PLAN_IO_PRIORITY ||
                      code == PLAN_MEMORY_POLICY || code == PLAN_PERSONALITY;
    if ((code == PLAN_MOUNT_ATTR || code == PLAN_ID_MAP) && error == ENOSYS)
        return true;
    return scheduling && (error == ENOSYS || error == EOPNOTSUPP);
}

static void place(struct failure *failure, const char *file, const char *pointer)
{
    if (pointer == NULL)
        return;
    fail_at(failure, "%s", pointer);
    snprintf(failure->file, sizeof(failure->file), "%s", file);
}

/* The program's name: the last component of the first candidate when there are several. */
static const char *program_name(const struct compiled *compiled, const struct plan_op *op)
{
    const uint64_t *vector =
        (const uint64_t *)(compiled->plan.bytes + (op->code == PLAN_EXEC ? op->text1 : op->text0));
    const char *name = plan_string(&compiled->plan, (uint32_t)vector[0]);
    const char *slash = strrchr(name, '/');
    return op->code == PLAN_EXEC_FIND && vector[1] && slash ? slash + 1 : name;
}

int explain(const struct compiled *compiled, const struct plan_message *message, const char *file,
            struct failure *failure)
{
    const struct plan *plan = &compiled->plan;
    if (message->op >= plan_head(plan)->op_count)
        return fail(failure, OCI_ERR_INTERNAL,
                    "the init reported an operation that it was not given");
    const struct plan_op *op = &plan_ops(plan)[message->op];
    uint16_t did = op->code == PLAN_SYNC && message->code < PLAN_CODE_COUNT
                       ? (uint16_t)message->code
                       : op->code;
    int code = plan_error_code(plan, message->op);
    place(failure, file, plan_pointer(plan, message->op));
    if (op->code == PLAN_EXEC_FIND || op->code == PLAN_EXEC)
        return explain_program(message, program_name(compiled, op), failure);
    if (op->code == PLAN_NS_ENTER_ALL && message->error == ESRCH)
        return fail(failure, OCI_ERR_WRONG_STATE,
                    "cannot enter the container: it has stopped");
    bool vector = op->code == PLAN_SECCOMP || op->code == PLAN_IDS || op->code == PLAN_SCHEDULER ||
                  op->code == PLAN_CPU_AFFINITY || op->code == PLAN_MEMORY_POLICY;
    if (is_lacking(did, message->error))
        code = OCI_ERR_UNSUPPORTED;
    char doing[512];
    verb_text(message, op->text0 && !vector ? plan_string(plan, op->text0) : NULL, doing,
              sizeof(doing));
    if (op->code == PLAN_PROC_WRITE)
        snprintf(doing, sizeof(doing), "write \"%.200s\" to /proc/%.200s",
                 plan_string(plan, op->text1), plan_string(plan, op->text0));
    if (op->code == PLAN_HOOK)
        return explain_hook(message, doing, failure);
    if (op->code == PLAN_FS_MAKE && op->text2) {
        size_t length = strlen(doing);
        snprintf(doing + length, sizeof(doing) - length, " for \"%s\"",
                 plan_string(plan, op->text2));
    }
    const char *text0 = op->text0 && !vector ? plan_string(plan, op->text0) : "";
    const char *hint =
        message->detail == PLAN_DETAIL_NONE ? hint_for(op, text0, code, message->error) : NULL;
    int r = explain_detail(message, code, doing, failure);
    if (hint) {
        size_t length = strlen(failure->text);
        snprintf(failure->text + length, sizeof(failure->text) - length, "; %s", hint);
    }
    return r;
}

int explain_start(const struct plan_message *message, const char *program, const char *file,
                  struct failure *failure)
{
    char pointer[64];
    if (message->code == PLAN_HOOK) {
        snprintf(pointer, sizeof(pointer), "/hooks/startContainer/%u", message->op);
        place(failure, file, pointer);
        return explain_hook(message, "run the hook", failure);
    }
    if (message->code == PLAN_EXEC) {
        place(failure, file, "/process/args/0");
        return explain_program(message, program, failure);
    }
    char doing[256];
    verb_text(message, NULL, doing, sizeof(doing));
    if (message->code == PLAN_SECCOMP)
        place(failure, file, "/linux/seccomp");
    return explain_detail(message,
                          message->code == PLAN_SECCOMP ? OCI_ERR_SECCOMP : OCI_ERR_INTERNAL, doing,
                          failure);
}
