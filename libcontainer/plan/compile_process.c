/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process object: limits, privileges, identity, directory and program, in the one order that works.
 *
 *     limits, scheduler            raising them may need privileges
 *     memory policy, personality   filters often forbid to set them
 *     labels                       before no-new-privileges, which may forbid to change them
 *     no new privileges            at once
 *     filter                       here if privileges may still be gained later (loading it needs
 *                                  CAP_SYS_ADMIN), otherwise last, so that it need not allow what the
 *                                  init still does
 *     bounding set                 needs CAP_SETPCAP
 *     user and groups              keeping the permitted set
 *     capability sets              then ambient, which needs them
 *     umask, directory, program    as the process's own user
 */
#include <plan/compile_internal.h>

#include <linux/sched.h>
#include <string.h>
#include <sys/capability.h>

#include <base/util.h>
#include <seccomp/filter.h>

static uint64_t capability_set(struct compiler *c, const char *const *names, size_t count,
                               const char *member)
{
    uint64_t set = 0;
    for (size_t i = 0; i < count; i++) {
        cap_value_t value;
        /* An unknown one cannot be granted, says the specification, and that is to be said, not
         * refused. */
        if (strncmp(names[i], "CAP_", 4) != 0 || cap_from_name(names[i], &value) != 0 || value > 63)
            log_message(c->input->log, CONTAINER_LOG_WARNING,
                        "%s/capabilities/%s/%zu: \"%s\" is not a capability that this system "
                        "knows; ignored",
                        process_place(c), member, i, names[i]);
        else if (!has_user_namespace(c) && !(c->input->grantable >> value & 1))
            log_message(c->input->log, CONTAINER_LOG_WARNING,
                        "%s/capabilities/%s/%zu: %s is not the caller's to give; ignored",
                        process_place(c), member, i, names[i]);
        else
            set |= UINT64_C(1) << value;
    }
    return set;
}

static void compile_capabilities(struct compiler *c, const struct oci_capabilities *caps,
                                 uint64_t sets[5])
{
    if (caps == NULL)
        return;
    sets[0] = capability_set(c, caps->bounding, caps->bounding_count, "bounding");
    sets[1] = capability_set(c, caps->effective, caps->effective_count, "effective");
    sets[2] = capability_set(c, caps->permitted, caps->permitted_count, "permitted");
    sets[3] = capability_set(c, caps->inheritable, caps->inheritable_count, "inheritable");
    sets[4] = capability_set(c, caps->ambient, caps->ambient_count, "ambient");
}

static int check_capabilities(struct compiler *c, uint64_t sets[5])
{
    const char *problem = NULL;
    if (sets[1] & ~sets[2])
        problem = "the effective set has a capability that the permitted set lacks";
    /* The kernel refuses to raise these; engines' default configurations have them all the same. */
    uint64_t usable = sets[2] & sets[3];
    if (sets[4] & ~usable)
        log_message(c->input->log, CONTAINER_LOG_WARNING,
                    "%s/capabilities/ambient: what is not both permitted and inheritable cannot be "
                    "ambient; ignored",
                    process_place(c));
    sets[4] &= usable;
    if (problem == NULL)
        return 0;
    fail_at(c->failure, "%s/capabilities", process_place(c));
    return fail(c->failure, OCI_ERR_CAPABILITY, "%s", problem);
}

bool keeps_groups(const struct compiler *c)
{
    for (size_t i = 0; i < c->config->annotations_count; i++) {
        const struct oci_string_entry *entry = &c->config->annotations[i];
        if (strcmp(entry->key, ANNOTATION_KEEP_GROUPS) == 0)
            return strcmp(entry->value, "0") != 0 && strcmp(entry->value, "false") != 0;
    }
    return false;
}

static void compile_identity(struct compiler *c, const struct oci_process *process)
{
    static const struct oci_user root;
    const struct oci_user *user = process->user ? process->user : &root;
    struct plan_builder *b = &c->builder;
    bool keep = keeps_groups(c);
    size_t count = keep ? 0 : user->additional_gids_count;
    if (keep && user->additional_gids_count)
        log_message(c->input->log, CONTAINER_LOG_WARNING,
                    "%s/user/additionalGids: ignored, as the annotation " ANNOTATION_KEEP_GROUPS
                    " keeps the caller's groups",
                    process_place(c));
    plan_from(b, OCI_ERR_USER, "%s/user", process_place(c));
    /* A user who maps only itself had to give up the right to leave its groups. */
    bool stay = is_restricted(c) && count == 0;
    PLAN_ADD(b, .code = PLAN_IDS, .number0 = user->uid, .number1 = user->gid,
             .flags = (keep ? PLAN_KEEP_GROUPS : 0) | (stay ? PLAN_MAY_BE_DENIED : 0),
             .text0 = plan_blob(b, user->additional_gids, count * sizeof(uint32_t)),
             .length = (uint32_t)count);
}

static const char *environment(const struct oci_process *process, const char *name)
{
    size_t length = strlen(name);
    for (size_t i = process->env_count; i > 0; i--) {
        const char *entry = process->env[i - 1];
        if (strncmp(entry, name, length) == 0 && entry[length] == '=')
            return entry + length + 1;
    }
    return NULL;
}

static int compile_candidates(struct compiler *c, const struct oci_process *process)
{
    const char *program = process->args[0];
    struct plan_builder *b = &c->builder;
    plan_from(b, OCI_ERR_EXEC_NOT_FOUND, "%s/args/0", process_place(c));
    if (strchr(program, '/')) {
        PLAN_ADD(b, .code = PLAN_EXEC_FIND, .text0 = plan_vector(b, &program, 1));
        return 0;
    }
    const char *path = environment(process, "PATH");
    if (path == NULL || path[0] == 0)
        path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    size_t room = 2;
    for (const char *p = path; *p; p++)
        room += *p == ':';
    if (room * (strlen(program) + 2) + strlen(path) > PLAN_MAX_SIZE / 2)
        return fail(c->failure, OCI_ERR_TOO_LARGE, "PATH times the program's name is too long");
    _free_ char **candidates = calloc(room, sizeof(*candidates));
    if (candidates == NULL)
        return fail_memory(c->failure);
    size_t count = 0;
    bool failed = false;
    for (const char *p = path;; p++) {
        size_t length = strcspn(p, ":");
        _buffer_ struct buffer text = {0};
        /* An empty entry is the current directory, by tradition. */
        buffer_add(&text, length ? p : ".", length ? length : 1);
        buffer_format(&text, "/%s", program);
        candidates[count] = buffer_take(&text);
        failed |= candidates[count++] == NULL;
        p += length;
        if (*p == 0)
            break;
    }
    if (!failed)
        PLAN_ADD(b, .code = PLAN_EXEC_FIND,
                 .text0 = plan_vector(b, (const char *const *)candidates, count));
    for (size_t i = 0; i < count; i++)
        free(candidates[i]);
    return failed ? fail_memory(c->failure) : 0;
}

static int compile_filter(struct compiler *c, unsigned flags)
{
    if (c->linux_->seccomp == NULL)
        return 0;
    struct filter filter;
    int r = filter_compile(c->linux_->seccomp, c->input->log, &filter, c->failure);
    if (r < 0)
        return r;
    plan_from(&c->builder, OCI_ERR_SECCOMP, "/linux/seccomp");
    if (filter.count)
        PLAN_ADD(&c->builder, .code = PLAN_SECCOMP,
                 .flags = (uint16_t)(flags | (filter.notifies ? PLAN_LISTENER : 0)),
                 .text0 = plan_blob(&c->builder, filter.code, filter.count * 8),
                 .length = (uint32_t)filter.count, .number0 = filter.flags);
    free(filter.code);
    c->out->listener_last |= filter.notifies && (flags & PLAN_LAST);
    return 0;
}

static bool no_new_privileges(const struct oci_process *process)
{
    return process->has_no_new_privileges && process->no_new_privileges;
}

int compile_privileged(struct compiler *c, const struct oci_process *process)
{
    int r = compile_rlimits(c, process);
    return r == 0 ? compile_io_priority(c, process) : r;
}

int compile_process(struct compiler *c, const struct oci_process *process)
{
    struct plan_builder *b = &c->builder;
    const char *place = process_place(c);
    uint64_t sets[5] = {0};
    int r = 0;
    if (!has_user_namespace(c))
        r = compile_privileged(c, process);
    if (r == 0)
        r = compile_scheduler(c, process);
    if (r == 0)
        r = compile_memory_policy(c);
    if (r == 0)
        r = compile_personality(c);
    if (r == 0)
        r = compile_labels(c, process);
    if (r < 0)
        return r;
    plan_from(b, OCI_ERR_CAPABILITY, "%s/noNewPrivileges", place);
    if (no_new_privileges(process))
        PLAN_ADD(b, .code = PLAN_NO_NEW_PRIVS);
    else
        r = compile_filter(c, 0);
    compile_capabilities(c, process->capabilities, sets);
    if (r == 0)
        r = check_capabilities(c, sets);
    if (r < 0)
        return r;
    plan_from(b, OCI_ERR_CWD, "%s/cwd", place);
    PLAN_ADD(b, .code = PLAN_CHDIR, .flags = PLAN_OPTIONAL, .text0 = plan_text(b, process->cwd));
    plan_from(b, OCI_ERR_CAPABILITY, "%s/capabilities/bounding", place);
    PLAN_ADD(b, .code = PLAN_BOUNDING, .number0 = sets[0]);
    compile_identity(c, process);
    plan_from(b, OCI_ERR_CAPABILITY, "%s/capabilities", place);
    PLAN_ADD(b, .code = PLAN_CAPS, .number0 = sets[1], .number1 = sets[2], .number2 = sets[3]);
    plan_from(b, OCI_ERR_CAPABILITY, "%s/capabilities/ambient", place);
    PLAN_ADD(b, .code = PLAN_AMBIENT, .number0 = sets[4]);
    plan_from(b, OCI_ERR_USER, "%s/user/umask", place);
    bool has_umask = process->user && process->user->has_umask;
    PLAN_ADD(b, .code = PLAN_UMASK, .number0 = has_umask ? process->user->umask & 0777 : 022);
    plan_from(b, OCI_ERR_CWD, "%s/cwd", place);
    PLAN_ADD(b, .code = PLAN_CHDIR, .text0 = plan_text(b, process->cwd));
    r = compile_candidates(c, process);
    if (r < 0)
        return r;
    plan_from(b, OCI_ERR_INTERNAL, NULL);
    PLAN_ADD(b, .code = PLAN_READY);
    return 0;
}

/* Programs expect HOME.  The container's passwd knows it: the init looks there and writes over
 * this. */
#define HOME_ROOM 1024

static int compile_environment(struct compiler *c, const struct oci_process *process,
                               uint32_t *vector)
{
    _free_ const char **env = calloc(process->env_count + 1, sizeof(*env));
    if (env == NULL)
        return fail_memory(c->failure);
    if (process->env_count)
        memcpy(env, process->env, process->env_count * sizeof(*env));
    size_t count = process->env_count;
    bool home = environment(process, "HOME") == NULL;
    char room[HOME_ROOM];
    memset(room, '/', sizeof(room));
    room[sizeof(room) - 1] = 0;
    memcpy(room, "HOME=", 5);
    if (home)
        env[count++] = room;
    *vector = plan_vector(&c->builder, env, count);
    if (home) {
        /* The last string that was written is the room. */
        plan_from(&c->builder, OCI_ERR_USER, NULL);
        PLAN_ADD(&c->builder, .code = PLAN_HOME,
                 .text0 = (uint32_t)c->builder.data.length - HOME_ROOM,
                 .number0 = process->user ? process->user->uid : 0, .number1 = HOME_ROOM);
    }
    return 0;
}

int compile_program(struct compiler *c, const struct oci_process *process)
{
    struct plan_builder *b = &c->builder;
    uint32_t env = 0;
    int r = compile_environment(c, process, &env);
    if (r == 0 && no_new_privileges(process))
        r = compile_filter(c, PLAN_LAST);
    if (r < 0)
        return r;
    plan_from(b, OCI_ERR_EXEC_NOT_EXECUTABLE, "%s/args/0", process_place(c));
    PLAN_ADD(b, .code = PLAN_EXEC, .text1 = plan_vector(b, process->args, process->args_count),
             .text2 = env);
    return 0;
}

int compile_terminal(struct compiler *c, const struct oci_process *process, bool console_node)
{
    if (!process->has_terminal || !process->terminal)
        return 0;
    const struct oci_console_size *size = process->console_size;
    if (size && (size->height > UINT16_MAX || size->width > UINT16_MAX)) {
        fail_at(c->failure, "%s/consoleSize/%s", process_place(c),
                size->height > UINT16_MAX ? "height" : "width");
        return fail(c->failure, OCI_ERR_RANGE, "a terminal has at most %u lines and columns",
                    UINT16_MAX);
    }
    plan_from(&c->builder, OCI_ERR_TERMINAL, "%s/terminal", process_place(c));
    int32_t slot = c->is_builder ? plan_slot(&c->builder) : PLAN_SLOT_NONE;
    PLAN_ADD(&c->builder, .code = PLAN_TERMINAL, .flags = console_node ? PLAN_CONSOLE_NODE : 0,
             .slot0 = slot, .number0 = size ? size->height : 0, .number1 = size ? size->width : 0,
             .number2 = process->user ? process->user->uid : 0);
    if (c->is_builder)
        PLAN_ADD(&c->builder, .code = PLAN_GIVE, .slot0 = slot);
    c->out->terminal = true;
    return 0;
}
