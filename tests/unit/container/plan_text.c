/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan_text CONFIG GROUPS [running]: the plan of a configuration for the container "golden" in the bundle
 * /bundle, on a host with SELinux and the given control groups ("v2", "v1" or "none"), or of an ordinary user
 * on the first of these ("user"), so that the text is the same everywhere; with "running" the plan that adds
 * the configuration's mount to the container when it runs.  A configuration that is refused prints its error
 * and exits with 1.
 */
#include <fcntl.h>
#include <linux/sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/util.h>
#include <config/load.h>
#include <plan/compile.h>

static struct group v2[] = {
    {.controllers = (char *)"",
     .mountpoint = (char *)"/sys/fs/cgroup",
     .path = (char *)"/golden",
     .v2 = true,
     .fd = -1,
     .dir = -1},
};

static struct group denied[] = {
    {.controllers = (char *)"",
     .mountpoint = (char *)"/sys/fs/cgroup",
     .path = (char *)"/golden",
     .own = (char *)"/user",
     .v2 = true,
     .fd = -1, .dir = -1},
};

static const struct caller user = {
    .uid = 1000, .gid = 1000, .oom_score_adj = 100, .uids = {.all = true}, .gids = {.all = true}};

static struct group v1[] = {
    {.controllers = (char *)"pids",
     .mountpoint = (char *)"/sys/fs/cgroup/pids",
     .path = (char *)"/golden",
     .fd = -1,
     .dir = -1},
    {.controllers = (char *)"cpu,cpuacct",
     .mountpoint = (char *)"/sys/fs/cgroup/cpu,cpuacct",
     .path = (char *)"/golden",
     .fd = -1,
     .dir = -1},
};

static void print_log(void *data, int level, const char *id, const char *message)
{
    (void)data;
    (void)id;
    printf("# %s: %s\n", level == CONTAINER_LOG_WARNING ? "warning" : "info", message);
}

static int report(const struct failure *failure)
{
    printf("%s", oci_code_name(failure->code));
    if (failure->has_pointer)
        printf(" %s", failure->pointer);
    if (failure->line)
        printf(" %zu:%zu", failure->line, failure->column);
    printf(": %s\n", failure->text);
    return 1;
}

int main(int argc, char **argv)
{
    bool running = argc == 4 && strcmp(argv[3], "running") == 0;
    if (argc != 3 && !running)
        return 2;
    struct group_set groups = {NULL, 0, 0};
    bool is_user = strcmp(argv[2], "user") == 0;
    if (strcmp(argv[2], "v2") == 0)
        groups = (struct group_set){v2, ARRAY_SIZE(v2), 0};
    else if (strcmp(argv[2], "v1") == 0)
        groups = (struct group_set){v1, ARRAY_SIZE(v1), 0};
    else if (is_user)
        groups = (struct group_set){denied, 0, ARRAY_SIZE(denied)};
    struct log log = {print_log, NULL, "golden"};
    struct failure failure = {0};
    char *text = NULL;
    size_t length = 0;
    if (oci_read_file(AT_FDCWD, argv[1], 0, &text, &length, NULL) < 0)
        return 2;
    struct loaded loaded _loaded_ = {0};
    int r = load_config("/", text, length, &log, &loaded, &failure);
    struct compile_input input = {
        .id = "golden",
        .bundle = "/bundle",
        .config = loaded.config,
        .groups = &groups,
        .log = &log,
        .process_place = "/process",
        .keep_fds = 3,
        .grantable = is_user ? 0 : ~UINT64_C(0),
        .caller = is_user ? &user : NULL,
        .modules = HOST_APPARMOR | HOST_APPARMOR_FOLDER | HOST_SELINUX,
        .join = running ? 42 : 0,
    };
    struct compiled compiled _compiled_ = {0};
    if (r == 0 && running)
        r = compile_mount_add(&input, CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET, &compiled,
                              &failure);
    else if (r == 0)
        r = compile_create(&input, &compiled, &failure);
    if (r < 0) {
        locate_failure(&failure, text, length, "config.json");
        oci_free(text);
        return report(&failure);
    }
    oci_free(text);
    char *dumped = plan_dump(&compiled);
    if (dumped == NULL)
        return 2;
    fputs(dumped, stdout);
    free(dumped);
    return 0;
}
