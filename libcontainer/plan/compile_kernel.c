/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hostname, domainname, sysctl, oomScoreAdj and rlimits.
 */
#include <plan/compile_internal.h>

#include <linux/sched.h>
#include <string.h>
#include <sys/resource.h>

#include <base/util.h>

static int needs_namespace(struct compiler *c, uint64_t flag, const char *what)
{
    if ((c->namespaces.fresh | c->namespaces.joined) & flag)
        return 0;
    return fail(c->failure, OCI_ERR_CONFIG,
                "%s would change the host's; it needs a %s namespace in /linux/namespaces", what,
                namespace_name(flag));
}

static int compile_names(struct compiler *c)
{
    const struct {
        const char *name, *member;
        uint16_t code;
    } names[] = {
        {c->config->hostname, "hostname", PLAN_HOSTNAME},
        {c->config->domainname, "domainname", PLAN_DOMAINNAME},
    };
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (names[i].name == NULL || names[i].name[0] == 0)
            continue;
        int r = needs_namespace(c, CLONE_NEWUTS, names[i].member);
        if (r == 0 && strlen(names[i].name) > 64)
            r = fail(c->failure, OCI_ERR_RANGE,
                     "%s is longer than the 64 bytes that the kernel keeps", names[i].member);
        if (r < 0) {
            fail_at(c->failure, "/%s", names[i].member);
            return r;
        }
        plan_from(&c->builder, OCI_ERR_SYSCTL, "/%s", names[i].member);
        PLAN_ADD(&c->builder, .code = names[i].code,
                 .text0 = plan_text(&c->builder, names[i].name));
    }
    return 0;
}

/* A parameter that is not per namespace would change the host. */
static const struct {
    const char *name; /* a trailing dot: everything below */
    uint64_t flag;
} parameters[] = {
    {"net.", CLONE_NEWNET},
    {"fs.mqueue.", CLONE_NEWIPC},
    {"kernel.msgmax", CLONE_NEWIPC},
    {"kernel.msgmnb", CLONE_NEWIPC},
    {"kernel.msgmni", CLONE_NEWIPC},
    {"kernel.sem", CLONE_NEWIPC},
    {"kernel.shmall", CLONE_NEWIPC},
    {"kernel.shmmax", CLONE_NEWIPC},
    {"kernel.shmmni", CLONE_NEWIPC},
    {"kernel.shm_rmid_forced", CLONE_NEWIPC},
    {"kernel.hostname", CLONE_NEWUTS},
    {"kernel.domainname", CLONE_NEWUTS},
    {"user.", CLONE_NEWUSER},
};

static uint64_t parameter_namespace(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(parameters); i++) {
        size_t length = strlen(parameters[i].name);
        bool below = parameters[i].name[length - 1] == '.';
        if (below ? strncmp(name, parameters[i].name, length) == 0
                  : strcmp(name, parameters[i].name) == 0)
            return parameters[i].flag;
    }
    return 0;
}

/* Both spellings are in use: "net.ipv4.x" and "net/ipv4/x".  In the first a slash stands for a dot
 * inside a component, as an interface's name may have one. */
static void normal_name(const char *name, struct buffer *dotted, struct buffer *path)
{
    const char *first = strpbrk(name, "./");
    bool slashes = first && *first == '/';
    for (const char *p = name; *p; p++) {
        bool separator = *p == (slashes ? '/' : '.');
        bool other = !slashes && *p == '/';
        buffer_add(dotted, separator ? "." : p, 1);
        buffer_add(path, separator ? "/" : other ? "." : p, 1);
    }
}

static bool good_path(const char *path)
{
    if (path[0] == 0 || path[0] == '/' || path[strlen(path) - 1] == '/' || strstr(path, "//"))
        return false;
    for (const char *p = path; *p;) {
        size_t length = strcspn(p, "/");
        if ((length == 1 && p[0] == '.') || (length == 2 && p[0] == '.' && p[1] == '.'))
            return false;
        p += length + (p[length] == '/');
    }
    return strpbrk(path, "\n\r\t +\\") == NULL;
}

static int compile_sysctl(struct compiler *c, const struct oci_string_entry *entry)
{
    _buffer_ struct buffer dotted = {0}, path = {0};
    buffer_text(&path, "sys/");
    normal_name(entry->key, &dotted, &path);
    if (buffer_failed(&dotted) || buffer_failed(&path))
        return fail_memory(c->failure);
    _buffer_ struct buffer place = {0};
    buffer_pointer(&place, entry->key);
    if (buffer_failed(&place))
        return fail_memory(c->failure);
    fail_at(c->failure, "/linux/sysctl/%s", place.data);
    if (dotted.length == 0 || !good_path(path.data + 4) || strchr(entry->value, '\n'))
        return fail(c->failure, OCI_ERR_SYSCTL,
                    "\"%s\" is not a kernel parameter's name, or its value has more than one line",
                    entry->key);
    uint64_t flag = parameter_namespace(dotted.data);
    if (flag == 0)
        return fail(c->failure, OCI_ERR_SYSCTL,
                    "\"%s\" is not kept per namespace: setting it would change the host",
                    entry->key);
    int r = needs_namespace(c, flag, entry->key);
    if (r < 0)
        return r;
    c->failure->has_pointer = false;
    plan_from(&c->builder, OCI_ERR_SYSCTL, "/linux/sysctl/%s", place.data);
    PLAN_ADD(&c->builder, .code = PLAN_PROC_WRITE, .text0 = plan_text(&c->builder, path.data),
             .text1 = plan_text(&c->builder, entry->value));
    return 0;
}

uint64_t changed_namespaces(const struct compiler *c)
{
    uint64_t flags = c->config->hostname || c->config->domainname ? CLONE_NEWUTS : 0;
    if (c->linux_->net_devices_count)
        flags |= CLONE_NEWNET;
    for (size_t i = 0; i < c->linux_->sysctl_count; i++) {
        _buffer_ struct buffer dotted = {0}, path = {0};
        normal_name(c->linux_->sysctl[i].key, &dotted, &path);
        if (dotted.data)
            flags |= parameter_namespace(dotted.data);
    }
    return flags;
}

int compile_kernel(struct compiler *c)
{
    int r = compile_names(c);
    for (size_t i = 0; r == 0 && i < c->linux_->sysctl_count; i++)
        r = compile_sysctl(c, &c->linux_->sysctl[i]);
    return r;
}

int compile_oom_score(struct compiler *c, const struct oci_process *process)
{
    if (!process->has_oom_score_adj)
        return 0;
    const char *place = process_place(c);
    if (process->oom_score_adj < -1000 || process->oom_score_adj > 1000) {
        fail_at(c->failure, "%s/oomScoreAdj", place);
        return fail(c->failure, OCI_ERR_RANGE, "%d is not from -1000 to 1000",
                    process->oom_score_adj);
    }
    int score = process->oom_score_adj;
    const struct caller *caller = c->input->caller;
    if (caller && caller_is_rootless(caller) && score < caller->oom_score_adj) {
        log_message(c->input->log, CONTAINER_LOG_WARNING,
                    "%s/oomScoreAdj: %d needs privileges; it stays at the caller's %d", place,
                    score, caller->oom_score_adj);
        score = caller->oom_score_adj;
    }
    char value[16];
    _buffer_ struct buffer text = {0};
    buffer_format(&text, "%d", score);
    if (buffer_failed(&text))
        return fail_memory(c->failure);
    memcpy(value, text.data, text.length + 1);
    plan_from(&c->builder, OCI_ERR_RLIMIT, "%s/oomScoreAdj", place);
    PLAN_ADD(&c->builder, .code = PLAN_PROC_WRITE, .flags = visible_flag(c),
             .text0 = plan_text(&c->builder, "self/oom_score_adj"),
             .text1 = plan_text(&c->builder, value));
    return 0;
}

static const struct {
    const char *name;
    int number;
} limits[] = {
    {"RLIMIT_AS", RLIMIT_AS},
    {"RLIMIT_CORE", RLIMIT_CORE},
    {"RLIMIT_CPU", RLIMIT_CPU},
    {"RLIMIT_DATA", RLIMIT_DATA},
    {"RLIMIT_FSIZE", RLIMIT_FSIZE},
    {"RLIMIT_LOCKS", RLIMIT_LOCKS},
    {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
    {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
    {"RLIMIT_NICE", RLIMIT_NICE},
    {"RLIMIT_NOFILE", RLIMIT_NOFILE},
    {"RLIMIT_NPROC", RLIMIT_NPROC},
    {"RLIMIT_RSS", RLIMIT_RSS},
    {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
    {"RLIMIT_RTTIME", RLIMIT_RTTIME},
    {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
    {"RLIMIT_STACK", RLIMIT_STACK},
};

const char *rlimit_name(uint64_t resource)
{
    for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
        if ((uint64_t)limits[i].number == resource)
            return limits[i].name;
    }
    return "?";
}

static int compile_rlimit(struct compiler *c, const struct oci_process *process, size_t index,
                          uint32_t *seen)
{
    const struct oci_rlimit *limit = &process->rlimits[index];
    for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
        if (strcmp(limits[i].name, limit->type) != 0)
            continue;
        if (*seen & 1u << i)
            return fail(c->failure, OCI_ERR_CONFIG, "a second %s; each limit may stand once",
                        limit->type);
        if (limit->soft > limit->hard)
            return fail(c->failure, OCI_ERR_CONFIG, "the soft limit of %s is above the hard one",
                        limit->type);
        *seen |= 1u << i;
        PLAN_ADD(&c->builder, .code = PLAN_RLIMIT, .number0 = (uint64_t)limits[i].number,
                 .number1 = limit->soft, .number2 = limit->hard);
        return 0;
    }
    return fail(c->failure, OCI_ERR_CONFIG, "\"%s\" is not a resource limit of Linux", limit->type);
}

int compile_rlimits(struct compiler *c, const struct oci_process *process)
{
    uint32_t seen = 0;
    for (size_t i = 0; i < process->rlimits_count; i++) {
        plan_from(&c->builder, OCI_ERR_RLIMIT, "%s/rlimits/%zu", process_place(c), i);
        int r = compile_rlimit(c, process, i, &seen);
        if (r < 0) {
            fail_at(c->failure, "%s/rlimits/%zu", process_place(c), i);
            return r;
        }
    }
    return 0;
}
