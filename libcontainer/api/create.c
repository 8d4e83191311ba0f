/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container_create.  In this order, so that whatever is interrupted can be found and undone:
 *
 *     load, check, compile      nothing was made yet
 *     claim the id              folder, lock
 *     intent record             says which groups there will be
 *     groups, limits            made
 *     init                      ends with this process until ...
 *     rules for devices         once it has mounted, before any program of the container or hook runs;
 *                               in groups that were there before, whose rules may be stricter, before the init
 *     record with its pid       ... it is on disk
 *     go                        the init waits for the start
 *     record "created"
 */
#include <api/managed.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct creation {
    container_context *context;
    const char *id;
    struct container_create_options options;
    struct log log;
    struct loaded loaded;
    struct group_set groups;
    struct group_settings *settings; /* what was set in the groups, to be undone */
    struct caller caller;
    struct offered offered;
    const struct oci_linux_resources *resources; /* what is set of them; points into offered */
    struct additions additions;
    struct compile_input input;
    struct compiled compiled;
    struct session session;
    struct net_moves moves;
    struct managed managed;
    struct resctrl_group resctrl; /* no name: none */
    int resctrl_root;
    int stdio[3], null;
    bool only_plan;
    int root, dir; /* the state directory and the container's folder */
    bool claimed, devices_set;
    struct failure *failure;
};

static struct creation creation_begin(container_context *context, const char *id,
                                      struct failure *failure)
{
    return (struct creation){
        .context = context,
        .id = id,
        .log = context_log(context, id),
        .session = SESSION_INIT,
        .managed = MANAGED_INIT,
        .moves = NET_MOVES_INIT,
        .null = -1,
        .resctrl_root = -1,
        .root = -1,
        .dir = -1,
        .failure = failure,
    };
}

static void creation_free(struct creation *c)
{
    loaded_free(&c->loaded);
    additions_free(&c->additions);
    groups_settings_free(c->settings);
    groups_free(&c->groups);
    compiled_free(&c->compiled);
    session_close(&c->session);
    managed_free(&c->managed);
    net_devices_free(&c->moves);
    resctrl_free(&c->resctrl);
    close_fd(&c->resctrl_root);
    close_fd(&c->null);
    close_fd(&c->root);
    close_fd(&c->dir);
}

static bool asks_for_user_namespace(const struct oci_linux *l)
{
    for (size_t i = 0; l && i < l->namespaces_count; i++) {
        if (l->namespaces[i].type == OCI_NAMESPACE_TYPE_USER)
            return true;
    }
    return false;
}

/* A plan may be read by who could not carry it out: it is that of the host's root then. */
static bool is_for_root(const struct creation *c)
{
    return c->only_plan && !caller_can(&c->caller, CAP_SYS_ADMIN) &&
           !asks_for_user_namespace(c->loaded.config->linux_);
}

static bool has_notify(const struct creation *c)
{
    return c->options.flags & CONTAINER_NOTIFY_SOCKET;
}

/* The group that systemd will make.  It is not asked where it could make none. */
static int plan_managed(struct creation *c)
{
    int r = groups_plan(NULL, c->id, &c->groups, c->failure);
    bool unified = r == 0 && groups_unified(&c->groups);
    groups_free(&c->groups);
    if (r < 0)
        return r;
    if (!unified)
        return fail(c->failure, OCI_ERR_UNSUPPORTED,
                    "control groups by systemd need version 2 of them alone, which this host does "
                    "not have: leave --systemd-cgroup out");
    r = managed_prepare(&c->managed, c->context, c->loaded.config, c->id, &c->caller, c->only_plan,
                        c->failure);
    if (r == 0)
        r = groups_plan(c->managed.path, c->id, &c->groups, c->failure);
    return r == 0 && caller_is_rootless(&c->caller) && !c->only_plan
               ? managed_check_place(&c->managed, &c->groups.groups[0], c->failure)
               : r;
}

/* Where the control groups will be. */
static int plan_groups(struct creation *c, bool for_root)
{
    const struct oci_linux *l = c->loaded.config->linux_;
    c->managed.wanted = c->options.flags & CONTAINER_SYSTEMD_CGROUP;
    int r = c->managed.wanted
                ? plan_managed(c)
                : groups_plan(l ? l->cgroups_path : NULL, c->id, &c->groups, c->failure);
    if (r == 0 && caller_is_rootless(&c->caller) && !for_root && !c->managed.wanted)
        r = groups_set_aside(&c->groups, &c->log, c->failure);
    return r == 0 && l ? groups_check_denied(&c->groups, l->resources, c->failure) : r;
}

/* Load and compile: everything that can be wrong with the configuration is found here. */
static int prepare(struct creation *c)
{
    int r = load_config(c->options.bundle, c->options.config, c->options.config_length, &c->log,
                        &c->loaded, c->failure);
    if (r == 0)
        r = additions_make(&c->additions, c->loaded.config, c->options.env,
                           has_notify(c) ? c->context->state_root : NULL, c->id, c->failure);
    if (r < 0)
        return r;
    const struct oci_linux *l = c->loaded.config->linux_;
    caller_look(&c->caller);
    bool for_root = is_for_root(c);
    if (for_root)
        log_message(&c->log, CONTAINER_LOG_INFO,
                    "this is what root would do; the caller has no privileges for it");
    r = plan_groups(c, for_root);
    c->input = (struct compile_input){
        .id = c->id,
        .bundle = c->loaded.bundle,
        .config = &c->additions.config,
        .groups = &c->groups,
        .log = &c->log,
        .process_place = "/process",
        .flags = c->options.flags,
        .grantable = for_root ? ~UINT64_C(0) : c->caller.permitted,
        .caller = for_root ? NULL : &c->caller,
        .modules = host_modules(),
        .keep_fds = 3 + (uint32_t)c->options.preserve_fds_count,
    };
    if (r == 0)
        r = compile_create(&c->input, &c->compiled, c->failure);
    if (r == 0 && l && l->intel_rdt)
        r = resctrl_plan(l->intel_rdt, c->id, &c->resctrl, c->failure);
    return r;
}

/* Where the resctrl group will be, and whether it is there already; before anything is made. */
static int find_resctrl(struct creation *c)
{
    if (c->resctrl.name == NULL)
        return 0;
    int r = resctrl_find(&c->resctrl, c->failure);
    if (r == 0)
        r = c->resctrl_root = resctrl_open(&c->resctrl, c->failure);
    return r < 0 ? r
                 : resctrl_look(c->resctrl_root, c->loaded.config->linux_->intel_rdt, &c->resctrl,
                                c->failure);
}

static int write_record(struct creation *c, enum oci_record_phase phase, uint64_t start_time)
{
    char created[40];
    record_time(created);
    struct oci_record_cgroup *groups = groups_record(&c->groups);
    if (groups == NULL)
        return fail_memory(c->failure);
    struct oci_record_resctrl resctrl = resctrl_record(&c->resctrl);
    struct oci_record_systemd systemd = managed_record(&c->managed);
    struct oci_record record = {
        .record_version = 1,
        .oci_version = c->loaded.config->oci_version,
        .id = c->id,
        .phase = phase,
        .bundle = c->loaded.bundle,
        .rootfs = c->compiled.rootfs,
        .has_pid = true,
        .pid = c->session.pid > 0 ? (uint32_t)c->session.pid : 0,
        .has_start_time = true,
        .start_time = start_time,
        .created = created,
        .has_owner = true,
        .owner = geteuid(),
        .has_caller_keyring = true,
        .caller_keyring = (c->options.flags & CONTAINER_NO_NEW_KEYRING) != 0,
        .cgroups = groups,
        .cgroups_count = c->groups.count,
        .systemd = c->managed.started ? &systemd : NULL,
        .resctrl = c->resctrl.name ? &resctrl : NULL,
        .annotations = c->loaded.config->annotations,
        .annotations_count = c->loaded.config->annotations_count,
    };
    int r = store_write_record(c->dir, &record, c->failure);
    free(groups);
    return r;
}

/* What a killed create left behind is removed first. */
static int clean_leftover(struct creation *c, int dir)
{
    _cleanup_(free_document) oci_document *document = NULL;
    const struct oci_record *record = NULL;
    struct failure ignored = {0};
    store_read_record(dir, c->id, &document, &record, &ignored);
    _close_ int pidfd = record ? process_open((pid_t)record->pid, record->start_time) : -1;
    int r = destroy(c->context, c->id, c->root, dir, record, pidfd, c->failure);
    close(dir);
    return r;
}

static int claim(struct creation *c)
{
    c->root = store_open_root(c->context->state_root, true, c->failure);
    if (c->root < 0)
        return c->root;
    int r = store_claim(c->root, c->id, &c->dir, c->failure);
    if (r == 1) {
        int dir = take_fd(&c->dir);
        r = clean_leftover(c, dir);
        if (r == 0)
            r = store_claim(c->root, c->id, &c->dir, c->failure);
        if (r == 1)
            r = fail(c->failure, OCI_ERR_BUSY,
                     "container id \"%s\" is fought over by several creates", c->id);
    }
    c->claimed = r == 0;
    return r;
}

static struct managed_limits managed_limits(const struct creation *c)
{
    const struct oci_hooks *hooks = c->loaded.config->hooks;
    bool may = hooks && (hooks->prestart_count || hooks->create_runtime_count);
    return (struct managed_limits){&c->groups, c->resources, "/linux/resources", &c->log, may};
}

static int make_empty_groups(struct creation *c)
{
    if (!c->managed.wanted)
        return groups_make(&c->groups, c->failure);
    const struct managed_limits limits = managed_limits(c);
    int r = managed_start(&c->managed, c->context, c->id, &limits, c->failure);
    c->groups.groups[0].made = c->managed.started ? 1 : 0;
    return r == 0 ? groups_enter(&c->groups, c->failure) : r;
}

static int make_groups(struct creation *c)
{
    const struct oci_linux *l = c->loaded.config->linux_;
    /* Rules for devices are the host's root's to set.  Without them a user reaches no device that it could not
     * reach before: it can make no nodes, and those that it is shown keep their owners and modes. */
    c->resources = groups_offered(&c->groups, l ? l->resources : NULL,
                                  !caller_is_rootless(&c->caller), &c->offered);
    int r = make_empty_groups(c);
    if (r == 0)
        r = groups_apply(&c->groups, c->resources, &c->log, &c->settings, c->failure);
    if (r == 0)
        r = groups_apply_devices(c->settings, true, c->failure);
    /* Delegated groups are the user's already. */
    if (r < 0 || caller_is_rootless(&c->caller))
        return r;
    return groups_delegate(&c->groups, c->loaded.config, c->failure);
}

/* At the first point at which everything is mounted: before the hooks, which may add rules of their own, or where
 * there are none when the init is ready. */
static int set_devices(struct creation *c, struct failure *failure)
{
    if (c->devices_set)
        return 0;
    c->devices_set = true;
    return groups_apply_devices(c->settings, false, failure);
}

static int host_hooks(void *data, pid_t pid, struct failure *failure)
{
    struct creation *c = data;
    const struct oci_hooks *hooks = c->loaded.config->hooks;
    int r = set_devices(c, failure);
    if (r < 0 || !c->compiled.host_hooks)
        return r;
    const struct hook_list lists[] = {
        {"prestart", hooks->prestart, hooks->prestart_count},
        {"createRuntime", hooks->create_runtime, hooks->create_runtime_count},
    };
    return run_host_hooks(c->context, &c->input, lists, ARRAY_SIZE(lists), "creating", pid,
                          c->loaded.file, c->session.cancel, failure);
}

static int net_devices(void *data, int socket, struct failure *failure)
{
    struct creation *c = data;
    return net_devices_move(c->loaded.config->linux_, socket, &c->moves, failure);
}

static int tell_listener(void *data, int fd, pid_t pid, struct failure *failure)
{
    struct creation *c = data;
    const struct listening listening = {c->loaded.config, c->id, c->loaded.bundle,
                                        "creating",       0,     c->session.cancel};
    return listener_send(&listening, fd, pid, failure);
}

static struct spawn spawn_request(const struct creation *c, const struct compiled *compiled,
                                  int init, int listener)
{
    struct spawn spawn = {
        .init = init,
        .plan = &compiled->plan,
        .flags = compiled->clone_flags,
        .cgroup = compiled->born_in_group ? c->groups.groups[0].dir : -1,
        .stdio = c->stdio,
        .preserve = c->options.preserve_fds,
        .preserve_count = c->options.preserve_fds_count,
        .slot_count = PLAN_SLOT_FIRST_GROUP + c->groups.count,
    };
    spawn.slots[PLAN_SLOT_START] = listener;
    spawn.slots[PLAN_SLOT_JOIN] = spawn.slots[PLAN_SLOT_LINK] = -1;
    for (size_t i = 0; i < c->groups.count; i++)
        spawn.slots[PLAN_SLOT_FIRST_GROUP + i] = c->groups.groups[i].fd;
    return spawn;
}

static void prepare_session(struct creation *c, struct session *session,
                            const struct compiled *compiled, int init)
{
    session->compiled = compiled;
    session->file = c->loaded.file;
    session->cancel = c->options.cancel_fd ? *c->options.cancel_fd : -1;
    session->mapper = (struct id_mapper){
        .caller = &c->caller,
        .init = init,
        .newuidmap = c->context->newuidmap,
        .newgidmap = c->context->newgidmap,
        .cancel = session->cancel,
    };
    session->hooks = host_hooks;
    session->net_devices = net_devices;
    session->listener = tell_listener;
    session->data = c;
}

/* c->session is that of the init which becomes the process. */
static int run_inits(struct creation *c, struct spawn *spawn, int listener)
{
    const struct compiled *member = c->compiled.member;
    if (member == NULL)
        return session_run(&c->session, spawn, c->failure);
    struct session builder = SESSION_INIT;
    prepare_session(c, &builder, &c->compiled, spawn->init);
    c->session.compiled = member;
    c->session.rouse = builder.rouse = true;
    struct spawn second = spawn_request(c, member, spawn->init, listener);
    spawn->slots[PLAN_SLOT_START] = -1;
    return session_run_pair(&builder, spawn, &c->session, &second, c->failure);
}

static int launch(struct creation *c)
{
    _close_ int listener = store_listen(c->dir, c->failure);
    if (listener < 0)
        return listener;
    int init = context_init(c->context, c->failure);
    if (init < 0)
        return init;
    if (PLAN_SLOT_FIRST_GROUP + c->groups.count > SPAWN_MAX_SLOTS)
        return fail(c->failure, OCI_ERR_UNSUPPORTED, "this host has too many cgroup hierarchies");
    /* The program has the terminal in their place, and whoever may look at the init before must not have them. */
    int r = c->compiled.terminal ? stdio_replace(c->stdio, &c->null, c->failure) : 0;
    if (r < 0)
        return r;
    struct spawn spawn = spawn_request(c, &c->compiled, init, listener);
    prepare_session(c, &c->session, &c->compiled, init);
    r = make_id_maps(c->context, &c->compiled, &spawn, c->loaded.file, c->session.cancel,
                     c->failure);
    if (r == 0)
        r = run_inits(c, &spawn, listener);
    close_id_maps(&c->compiled, &spawn);
    return r;
}

static int hand_over_terminal(struct creation *c)
{
    if (c->session.terminal < 0 || c->options.console_socket == NULL)
        return 0;
    int r = console_send(c->options.console_socket, c->session.terminal, c->failure);
    close(take_fd(&c->session.terminal));
    return r;
}

/* The init is on record before it is let off the leash, and the container is "created" only after that: a
 * creator that is killed in between leaves a create that did not finish, which can be found and undone. */
static int finish(struct creation *c)
{
    bool gone;
    uint64_t start_time = process_start_time(c->session.pid, &gone);
    if (start_time == 0 || gone)
        return fail(c->failure, OCI_ERR_INIT_DIED,
                    "the container's init cannot be seen under /proc");
    int r = write_record(c, OCI_RECORD_PHASE_CREATING, start_time);
    if (r == 0)
        r = session_go(&c->session, c->failure);
    return r == 0 ? write_record(c, OCI_RECORD_PHASE_CREATED, start_time) : r;
}

/* What the container's set-up could not have borne. */
static int settle_groups(struct creation *c)
{
    int r = groups_apply_late(c->settings, c->failure);
    const struct managed_limits limits = managed_limits(c);
    return r == 0 && c->managed.wanted ? managed_settle(&c->managed, &limits, c->failure) : r;
}

/* From the claim on there is something to undo. */
static int make(struct creation *c)
{
    int r = 0;
    /* A scope is the container's once it is started; until then it may be another's. */
    if (!c->managed.wanted)
        r = groups_note_missing(&c->groups, c->failure);
    if (r == 0)
        r = store_write_file(c->dir, STORE_CONFIG, c->loaded.text, c->loaded.length, c->failure);
    if (r == 0)
        r = write_record(c, OCI_RECORD_PHASE_CREATING, 0);
    if (r < 0) {
        groups_disown(&c->groups, 0);
        c->resctrl.made = false;
        return r;
    }
    r = has_notify(c) ? notify_make_folder(c->dir, c->failure) : 0;
    if (r == 0)
        r = make_groups(c);
    if (r == 0 && c->resctrl.name)
        r = resctrl_make(c->resctrl_root, c->loaded.config->linux_->intel_rdt, &c->resctrl,
                         c->failure);
    if (r == 0) {
        log_message(&c->log, CONTAINER_LOG_DEBUG, "%zu control groups are made", c->groups.count);
        r = launch(c);
    }
    if (r == 0)
        r = set_devices(c, c->failure);
    if (r == 0)
        log_message(&c->log, CONTAINER_LOG_DEBUG, "the init is ready as process %d",
                    (int)c->session.pid);
    if (r == 0 && c->resctrl.name)
        r = resctrl_join(c->resctrl_root, &c->resctrl, c->session.pid, c->failure);
    groups_close(&c->groups);
    if (r == 0)
        r = settle_groups(c);
    if (r == 0)
        r = hand_over_terminal(c);
    if (r == 0 && c->options.pidfd_socket)
        r = pidfd_send(c->options.pidfd_socket, c->session.pidfd, c->failure);
    return r == 0 ? finish(c) : r;
}

/* Undo; what fails now cannot replace the reason.  Poststop hooks run also for a create that
 * failed. */
static void undo(struct creation *c)
{
    struct failure ignored = {0};
    net_devices_return(&c->moves, &c->log);
    session_abort(&c->session);
    managed_release(&c->managed);
    groups_undo(c->settings);
    struct oci_record_cgroup *groups = groups_record(&c->groups);
    struct oci_record_resctrl resctrl = resctrl_record(&c->resctrl);
    struct oci_record_systemd systemd = managed_record(&c->managed);
    struct oci_record record = {
        .id = c->id,
        .systemd = c->managed.started ? &systemd : NULL,
        .resctrl = c->resctrl.name ? &resctrl : NULL,
        .cgroups = groups,
        .cgroups_count = groups ? c->groups.count : 0,
        .bundle = c->loaded.bundle,
    };
    if (destroy(c->context, c->id, c->root, c->dir, &record, -1, &ignored) < 0)
        log_message(&c->log, CONTAINER_LOG_WARNING, "after the failed create: %s", ignored.text);
    free(groups);
}

static int check_options(struct creation *c, const struct container_create_options *given)
{
    c->options = (struct container_create_options)CONTAINER_CREATE_OPTIONS_INIT;
    int r = options_copy(&c->options, sizeof(c->options), given, c->failure);
    if (r == 0)
        r = store_check_id(c->id, c->failure);
    const unsigned flags = CONTAINER_NO_NEW_KEYRING | CONTAINER_NO_PIVOT | CONTAINER_NOTIFY_SOCKET |
                           CONTAINER_SYSTEMD_CGROUP;
    if (r == 0 && c->options.flags & ~flags)
        r = fail(c->failure, OCI_ERR_UNSUPPORTED,
                 "the create flags hold one that this library does not know");
    if (r == 0)
        r = stdio_resolve(c->options.stdio, c->stdio, &c->null, c->failure);
    if (r == 0)
        r = check_preserved(c->options.preserve_fds, c->options.preserve_fds_count, c->failure);
    return r;
}

static int create(struct creation *c, const struct container_create_options *given,
                  container **result)
{
    int r = check_options(c, given);
    if (r == 0)
        r = prepare(c);
    if (r == 0)
        r = find_resctrl(c);
    if (r == 0)
        r = claim(c);
    if (r == 0)
        r = make(c);
    container *handle = NULL;
    if (r == 0 && result) {
        handle = handle_new(c->context, c->id, c->dir, c->session.pid, c->session.pidfd,
                            c->session.terminal);
        r = handle ? 0 : fail_memory(c->failure);
    }
    if (r < 0) {
        if (c->claimed)
            undo(c);
        if (c->loaded.text)
            locate_failure(c->failure, c->loaded.text, c->loaded.length, c->loaded.file);
        return r;
    }
    store_unlock(c->dir);
    if (handle) {
        c->dir = c->session.pidfd = c->session.terminal = -1;
        *result = handle;
    }
    return 0;
}

int container_create(container_context *context, const char *id,
                     const struct container_create_options *options, container **result,
                     container_error **error)
{
    struct failure failure = {0};
    struct creation c = creation_begin(context, id, &failure);
    int r = create(&c, options, result);
    creation_free(&c);
    return r < 0 ? fail_public(&failure, "create", id, error) : 0;
}

int container_plan_text(container_context *context, const char *id,
                        const struct container_create_options *options, char **text,
                        container_error **error)
{
    struct failure failure = {0};
    struct creation c = creation_begin(context, id, &failure);
    c.only_plan = true;
    int r = check_options(&c, options);
    if (r == 0)
        r = prepare(&c);
    if (r == 0) {
        char *dumped = plan_dump(&c.compiled);
        if (dumped && c.managed.wanted)
            dumped = managed_plan_text(&c.managed, dumped);
        r = dumped ? 0 : fail_memory(&failure);
        if (dumped)
            *text = dumped;
    } else if (c.loaded.text) {
        locate_failure(&failure, c.loaded.text, c.loaded.length, c.loaded.file);
    }
    creation_free(&c);
    return r < 0 ? fail_public(&failure, "plan", id, error) : 0;
}
