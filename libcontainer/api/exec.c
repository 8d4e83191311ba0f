/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container_exec: one more process in the namespaces, groups and root of a running container, by
 * the same compiler, launch and init as its first.
 */
#include <api/internal.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct execution {
    container *container;
    struct container_exec_options options;
    struct log log;
    oci_document *record_document, *config_document, *process_document;
    const struct oci_record *record;
    const struct oci_runtime_config *config;
    struct oci_process process;
    struct oci_user user;
    struct oci_capabilities capabilities;
    struct oci_console_size size;
    const char **env, **bounding, **effective, **permitted;
    uint32_t *gids;
    struct group_set groups;
    struct compiled compiled;
    struct session session;
    int stdio[3], null, pidfd;
    const char *file; /* the process document's name */
    struct failure *failure;
};

static void execution_free(struct execution *e)
{
    oci_document_free(e->record_document);
    oci_document_free(e->config_document);
    oci_document_free(e->process_document);
    free(e->env);
    free(e->bounding);
    free(e->effective);
    free(e->permitted);
    free(e->gids);
    groups_free(&e->groups);
    compiled_free(&e->compiled);
    session_close(&e->session);
    close_fd(&e->null);
    close_fd(&e->pidfd);
}

static size_t count_texts(const char *const *texts)
{
    size_t n = 0;
    while (texts && texts[n])
        n++;
    return n;
}

/* A list with others behind it; NULL when memory is out. */
static const char **joined(const char *const *first, size_t first_count, const char *const *more,
                           size_t more_count)
{
    const char **list = calloc(first_count + more_count + 1, sizeof(*list));
    if (list == NULL)
        return NULL;
    if (first_count)
        memcpy(list, first, first_count * sizeof(*list));
    if (more_count)
        memcpy(list + first_count, more, more_count * sizeof(*list));
    return list;
}

static bool read_number(const char **text, uint32_t *number)
{
    uint64_t value = 0;
    const char *p = *text;
    if (*p < '0' || *p > '9')
        return false;
    for (; *p >= '0' && *p <= '9'; p++) {
        value = value * 10 + (uint64_t)(*p - '0');
        if (value > UINT32_MAX - 1)
            return false;
    }
    *text = p;
    *number = (uint32_t)value;
    return true;
}

/* "UID" or "UID:GID", and nothing else: a name would have to be looked up in files of the
 * container. */
static int read_user(struct execution *e)
{
    const char *p = e->options.user;
    uint32_t uid, gid = e->user.gid;
    bool good = read_number(&p, &uid);
    if (good && *p == ':') {
        p++;
        good = read_number(&p, &gid);
    }
    if (!good || *p)
        return fail(e->failure, OCI_ERR_USER,
                    "user \"%s\" is not of the form UID or UID:GID with numbers", e->options.user);
    e->user.has_uid = e->user.has_gid = true;
    e->user.uid = uid;
    e->user.gid = gid;
    e->user.additional_gids = NULL;
    e->user.additional_gids_count = 0;
    return 0;
}

static int add_gids(struct execution *e)
{
    size_t count = e->user.additional_gids_count, more = e->options.additional_gids_count;
    if (more == 0)
        return 0;
    e->gids = calloc(count + more, sizeof(*e->gids));
    if (e->gids == NULL)
        return fail_memory(e->failure);
    if (count)
        memcpy(e->gids, e->user.additional_gids, count * sizeof(*e->gids));
    memcpy(e->gids + count, e->options.additional_gids, more * sizeof(*e->gids));
    e->user.additional_gids = e->gids;
    e->user.additional_gids_count = count + more;
    return 0;
}

static int add_capabilities(struct execution *e)
{
    size_t more = count_texts(e->options.capabilities);
    if (more == 0)
        return 0;
    struct oci_capabilities *caps = &e->capabilities;
    /* Never inheritable, and so never ambient: a program that is not privileged must not pass them
     * on. */
    e->bounding = joined(caps->bounding, caps->bounding_count, e->options.capabilities, more);
    e->effective = joined(caps->effective, caps->effective_count, e->options.capabilities, more);
    e->permitted = joined(caps->permitted, caps->permitted_count, e->options.capabilities, more);
    if (!e->bounding || !e->effective || !e->permitted)
        return fail_memory(e->failure);
    caps->bounding = e->bounding;
    caps->bounding_count += more;
    caps->effective = e->effective;
    caps->effective_count += more;
    caps->permitted = e->permitted;
    caps->permitted_count += more;
    e->process.capabilities = caps;
    return 0;
}

/* The container's own process with what the options change. */
static int derive_process(struct execution *e)
{
    const struct container_exec_options *o = &e->options;
    const struct oci_process *base = e->config->process;
    size_t argc = count_texts(o->argv);
    if (argc == 0)
        return fail(e->failure, OCI_ERR_INVALID_ARGUMENT, "there is no program to execute");
    e->process = *base;
    e->user = base->user ? *base->user : (struct oci_user){0};
    e->capabilities = base->capabilities ? *base->capabilities : (struct oci_capabilities){0};
    e->process.user = &e->user;
    e->process.args = (const char **)o->argv;
    e->process.args_count = argc;
    e->process.has_terminal = true;
    e->process.terminal = o->terminal != 0;
    e->process.has_oom_score_adj = false;
    if (o->cwd)
        e->process.cwd = o->cwd;
    if (o->no_new_privileges)
        e->process.has_no_new_privileges = e->process.no_new_privileges = true;
    if (o->selinux_label)
        e->process.selinux_label = o->selinux_label;
    if (o->apparmor_profile)
        e->process.apparmor_profile = o->apparmor_profile;
    size_t more = count_texts(o->env);
    e->env = joined(base->env, base->env_count, o->env, more);
    if (e->env == NULL)
        return fail_memory(e->failure);
    e->process.env = e->env;
    e->process.env_count = base->env_count + more;
    int r = o->user ? read_user(e) : 0;
    if (r == 0)
        r = add_gids(e);
    return r == 0 ? add_capabilities(e) : r;
}

static int parse_process(struct execution *e)
{
    _cleanup_(free_report) oci_report *report = NULL;
    int r = oci_parse(oci_process_type(), e->options.process, e->options.process_length, NULL,
                      &e->process_document, &report);
    if (r < 0)
        return fail_report(e->failure, r, report, e->file);
    e->process = *oci_process_root(e->process_document);
    return 0;
}

static int read_state(struct execution *e)
{
    container *container = e->container;
    int r = store_read_record(container->dir, container->id, &e->record_document, &e->record,
                              e->failure);
    if (r < 0)
        return r;
    enum container_status status = container_find_status(container->dir, e->record, &e->pidfd);
    bool waits = e->options.flags & CONTAINER_EXEC_IGNORE_PAUSED;
    if (status != CONTAINER_RUNNING && !(waits && status == CONTAINER_PAUSED))
        return fail(e->failure, OCI_ERR_WRONG_STATE, "cannot execute in container \"%s\": it is %s",
                    container->id, status_text(status));
    r = store_read_config(container->dir, &e->config_document, &e->config, e->failure);
    if (r == 0 && e->config->process == NULL)
        r = fail(e->failure, OCI_ERR_STATE_CORRUPT, "the stored configuration has no process");
    return r;
}

static int open_groups(struct execution *e)
{
    int r = record_groups(e->record, &e->groups, e->failure);
    if (r == 0)
        r = groups_choose(&e->groups, e->options.cgroups, e->failure);
    for (size_t i = 0; r == 0 && i < e->groups.count; i++) {
        r = group_enter(&e->groups.groups[i], e->failure);
        if (r == 0 && count_texts(e->options.cgroups) == 0)
            r = groups_follow(&e->groups.groups[i], (pid_t)e->record->pid, e->failure);
    }
    return r;
}

static int compile(struct execution *e)
{
    uint64_t namespaces;
    int r = differing_namespaces(e->record->pid, e->pidfd, &namespaces, e->failure);
    if (r < 0)
        return r;
    struct caller caller;
    caller_look(&caller);
    struct compile_input input = {
        .id = e->container->id,
        .bundle = e->record->bundle,
        .config = e->config,
        .groups = &e->groups,
        .log = &e->log,
        .process_place = e->options.process ? "" : "/process",
        .flags = e->record->caller_keyring ? CONTAINER_NO_NEW_KEYRING : 0,
        .grantable = caller.permitted,
        .caller = &caller,
        .modules = host_modules(),
        .join = (pid_t)e->record->pid,
        .keep_fds = 3 + (uint32_t)e->options.preserve_fds_count,
    };
    return compile_exec(&input, &e->process, namespaces, &e->compiled, e->failure);
}

static int tell_listener(void *data, int fd, pid_t pid, struct failure *failure)
{
    struct execution *e = data;
    const struct listening listening = {e->config, e->container->id,      e->record->bundle,
                                        "running", (pid_t)e->record->pid, e->session.cancel};
    return listener_send(&listening, fd, pid, failure);
}

static void leave_process(void *data, int pidfd)
{
    struct execution *e = data;
    struct child *child = context_adopt(e->container->context, pidfd);
    if (child)
        context_orphan(e->container->context, child);
}

/* A process is born into the caller's group, not the container's. */
static int join_resctrl(struct execution *e)
{
    struct resctrl_group group _resctrl_ = {0};
    _close_ int root = -1;
    int r = record_resctrl(e->record, &group, &root, e->failure);
    return r == 0 && root >= 0 ? resctrl_join(root, &group, e->session.pid, e->failure) : r;
}

static int launch(struct execution *e)
{
    if (e->compiled.terminal) {
        int replaced = stdio_replace(e->stdio, &e->null, e->failure);
        if (replaced < 0)
            return replaced;
    }
    struct spawn spawn = {
        .init = context_init(e->container->context, e->failure),
        .plan = &e->compiled.plan,
        .cgroup = e->compiled.born_in_group ? e->groups.groups[0].dir : -1,
        .stdio = e->stdio,
        .preserve = e->options.preserve_fds,
        .preserve_count = e->options.preserve_fds_count,
        .slot_count = PLAN_SLOT_FIRST_GROUP + e->groups.count,
    };
    if (spawn.init < 0)
        return spawn.init;
    if (spawn.slot_count > SPAWN_MAX_SLOTS)
        return fail(e->failure, OCI_ERR_UNSUPPORTED, "this host has too many cgroup hierarchies");
    spawn.slots[PLAN_SLOT_START] = spawn.slots[PLAN_SLOT_LINK] = -1;
    spawn.slots[PLAN_SLOT_JOIN] = e->pidfd;
    for (size_t i = 0; i < e->groups.count; i++)
        spawn.slots[PLAN_SLOT_FIRST_GROUP + i] =
            e->compiled.born_in_group ? -1 : e->groups.groups[i].fd;
    e->session.compiled = &e->compiled;
    e->session.file = e->file;
    e->session.cancel = e->options.cancel_fd ? *e->options.cancel_fd : -1;
    e->session.rouse = true;
    e->session.listener = tell_listener;
    e->session.leave = leave_process;
    e->session.data = e;
    int r = session_run(&e->session, &spawn, e->failure);
    if (r == 0 && e->compiled.terminal && e->options.console_socket) {
        r = console_send(e->options.console_socket, e->session.terminal, e->failure);
        close(take_fd(&e->session.terminal));
    }
    if (r == 0 && e->options.pidfd_socket)
        r = pidfd_send(e->options.pidfd_socket, e->session.pidfd, e->failure);
    if (r == 0)
        r = join_resctrl(e);
    if (r == 0)
        r = session_go(&e->session, e->failure);
    return r == 0 ? session_await_exec(&e->session, e->failure) : r;
}

static int check_options(struct execution *e, const struct container_exec_options *given)
{
    e->options = (struct container_exec_options)CONTAINER_EXEC_OPTIONS_INIT;
    int r = options_copy(&e->options, sizeof(e->options), given, e->failure);
    if (r == 0 && e->options.flags & ~(unsigned)CONTAINER_EXEC_IGNORE_PAUSED)
        r = fail(e->failure, OCI_ERR_UNSUPPORTED,
                 "the exec flags hold one that this library does not know");
    if (r == 0)
        r = stdio_resolve(e->options.stdio, e->stdio, &e->null, e->failure);
    if (r == 0)
        r = check_preserved(e->options.preserve_fds, e->options.preserve_fds_count, e->failure);
    e->file = e->options.process_name ? e->options.process_name : "process";
    return r;
}

static void choose_size(struct execution *e)
{
    int rows = e->options.rows, columns = e->options.columns;
    bool chosen = e->options.process && e->process.console_size;
    if (chosen || rows <= 0 || columns <= 0)
        return;
    e->size = (struct oci_console_size){.height = (uint64_t)rows, .width = (uint64_t)columns};
    e->process.console_size = &e->size;
}

static int run_locked(struct execution *e)
{
    int r = read_state(e);
    if (r == 0)
        r = e->options.process ? parse_process(e) : derive_process(e);
    if (r == 0)
        choose_size(e);
    if (r == 0)
        r = open_groups(e);
    if (r == 0)
        r = compile(e);
    return r == 0 ? launch(e) : r;
}

static int execute(struct execution *e, const struct container_exec_options *given,
                   container_process **result)
{
    container *container = e->container;
    int r = check_options(e, given);
    if (r == 0)
        r = store_lock(container->dir, container->id, LOCK_TIMEOUT_MS, e->failure);
    if (r < 0)
        return r;
    r = run_locked(e);
    store_unlock(container->dir);
    container_process *process = r == 0 ? calloc(1, sizeof(*process)) : NULL;
    if (process) {
        process->context = container->context;
        process->id = strdup(container->id);
        process->child = process->id ? context_adopt(container->context, e->session.pidfd) : NULL;
    }
    if (r == 0 && (process == NULL || process->child == NULL))
        r = fail_memory(e->failure);
    if (r < 0) {
        if (process)
            free(process->id);
        free(process);
        session_abort(&e->session);
        if (e->options.process)
            locate_failure(e->failure, e->options.process, e->options.process_length, e->file);
        return r;
    }
    process->process = (struct tracked){
        .pidfd = take_fd(&e->session.pidfd),
        .pid = e->session.pid,
        .terminal = take_fd(&e->session.terminal),
    };
    *result = process;
    return 0;
}

int container_exec(container *container, const struct container_exec_options *options,
                   container_process **result, container_error **error)
{
    struct failure failure = {0};
    struct execution e = {
        .container = container,
        .log = context_log(container->context, container->id),
        .session = SESSION_INIT,
        .null = -1,
        .pidfd = -1,
        .failure = &failure,
    };
    int r = execute(&e, options, result);
    execution_free(&e);
    return r < 0 ? fail_public(&failure, "exec", container->id, error) : 0;
}
