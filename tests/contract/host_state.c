/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls every function of the library, on success and on failure, and compares the calling process
 * before and after each call.
 *
 *   host_state BUNDLES WORK [plain|ignore-sigchld|closed-stdio]
 *
 * BUNDLES holds good/ (whose program ends with 7), sleep/, ready/, terminal/ and bad-NAME/ (where create or
 * start must fail).  Findings go to a copy of standard error; standard output and error themselves
 * are files that must stay empty.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ocikit/container.h>

#include "host_record.h"
#include "host_state.h"

struct test test;

void fail(const char *call, const char *text, long value)
{
    dprintf(test.report_fd, "%s: %s (%ld)\n", call, text, value);
    test.failures++;
}

void check_error(const char *call, container_error *error)
{
    if (!error) {
        fail(call, "failed without an error object", 0);
        return;
    }
    CALL("container_error_code", container_error_code(error), result < 0);
    CALL("container_error_errno", container_error_errno(error), result >= 0);
    CALL("container_error_message", container_error_message(error), result != 0);
    CALL("container_error_operation", container_error_operation(error), result != 0);
    CALL("container_error_id", container_error_id(error), result != 0);
    CALL("container_error_pointer", container_error_pointer(error), result != 0);
    CALL("container_error_file", container_error_file(error), result != 0);
    CALL("container_error_line", container_error_line(error), result >= 0);
    CALL("container_error_column", container_error_column(error), result >= 0);
    if (!container_error_message(error)[0] || strchr(container_error_message(error), '\n'))
        fail(call, "the message is not one line", 0);
    CALL("container_error_free", (container_error_free(error), 0), result == 0);
}

static void test_nothing(void)
{
    CALL("container_error_code(NULL)", container_error_code(NULL), result <= 0);
    CALL("container_error_message(NULL)", container_error_message(NULL), result != 0);
    CALL("container_error_free(NULL)", (container_error_free(NULL), 0), result == 0);
    CALL("container_close(NULL)", (container_close(NULL), 0), result == 0);
    CALL("container_context_free(NULL)", (container_context_free(NULL), 0), result == 0);
    CALL("container_state_free(NULL)", (container_state_free(NULL), 0), result == 0);
    CALL("container_list_free(NULL)", (container_list_free(NULL), 0), result == 0);
    CALL("container_process_free(NULL)", (container_process_free(NULL), 0), result == 0);
    CALL("container_events_close(NULL)", (container_events_close(NULL), 0), result == 0);
    CALL("container_processes_free(NULL)", (container_processes_free(NULL), 0), result == 0);
    CALL("container_text_free(NULL)", (container_text_free(NULL), 0), result == 0);
    CALL("container_version", container_version(), result != 0);
}

static void test_context(void)
{
    struct container_context_options options = CONTAINER_CONTEXT_OPTIONS_INIT;
    struct {
        struct container_context_options known;
        long unknown;
    } newer = {CONTAINER_CONTEXT_OPTIONS_INIT, 1};
    char root[4096];
    container_error *error = NULL;
    container_context *context = NULL;

    options.state_root = "relative/root";
    CALL("container_context_new(relative)", container_context_new(&options, &context, &error),
         result == OCI_ERR_INVALID_ARGUMENT);
    check_error("container_context_new(relative)", error);
    error = NULL;
    newer.known.size = sizeof newer;
    CALL("container_context_new(newer)", container_context_new(&newer.known, &context, &error),
         result == OCI_ERR_UNSUPPORTED);
    check_error("container_context_new(newer)", error);
    error = NULL;
    newer.unknown = 0;
    CALL("container_context_new(zero)", container_context_new(&newer.known, &context, &error),
         result == 0);
    CALL("container_context_free", (container_context_free(context), 0), result == 0);
    snprintf(root, sizeof root, "%s/state", test.work);
    options.state_root = root;
    CALL("container_context_new", container_context_new(&options, &test.context, &error),
         result == 0);
    test.handles++;
}

static int create(const char *bundle, const char *id, container **result, container_error **error)
{
    struct container_create_options options = CONTAINER_CREATE_OPTIONS_INIT;
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", test.bundles, bundle);
    options.bundle = path;
    return container_create(test.context, id, &options, result, error);
}

static void remove_id(const char *id)
{
    CALL("container_delete_id(force)",
         container_delete_id(test.context, id, CONTAINER_DELETE_FORCE, NULL), result == 0);
}

static void test_failing_bundle(const char *name)
{
    container *made = NULL;
    container_error *error = NULL;
    int code = 0;
    test.handles++;
    CALL(name, code = create(name, "bad", &made, &error), 1);
    if (code == 0)
        CALL(name, code = container_start(made, NULL, &error), 1);
    if (code == 0)
        fail(name, "create and start succeeded", 0);
    else
        check_error(name, error);
    remove_id("bad");
    if (made)
        CALL("container_wait", container_wait(made, 20000, NULL, NULL), 1);
    CALL("container_close", (container_close(made), 0), result == 0);
    test.handles--;
}

static void test_failing_bundles(void)
{
    int count = 0;
    DIR *directory = opendir(test.bundles);
    char *names[256];
    for (struct dirent *entry; directory && (entry = readdir(directory)) && count < 256;) {
        if (!strncmp(entry->d_name, "bad-", 4))
            names[count++] = strdup(entry->d_name);
    }
    if (directory)
        closedir(directory);
    if (count < 5)
        fail("bundles", "too few that fail", count);
    for (int i = 0; i < count; i++) {
        test_failing_bundle(names[i]);
        free(names[i]);
    }
}

static void test_bad_arguments(void)
{
    struct container_create_options options = CONTAINER_CREATE_OPTIONS_INIT;
    container *made = NULL;
    container_error *error = NULL;
    int code = 0;
    CALL("container_create(id)", code = create("good", "../up", &made, &error),
         result == OCI_ERR_INVALID_ID);
    check_error("container_create(id)", error);
    error = NULL;
    options.bundle = "/no/such/bundle";
    CALL("container_create(bundle)", container_create(test.context, "x", &options, &made, &error),
         result == OCI_ERR_BUNDLE);
    check_error("container_create(bundle)", error);
    error = NULL;
    options.config = "{\"ociVersion\": 5}";
    options.config_length = strlen(options.config);
    options.bundle = test.bundles;
    CALL("container_create(config)", container_create(test.context, "x", &options, &made, &error),
         result < 0);
    check_error("container_create(config)", error);
    error = NULL;
    CALL("container_open(unknown)", container_open(test.context, "nobody", &made, &error),
         result == OCI_ERR_NOT_FOUND);
    check_error("container_open(unknown)", error);
    error = NULL;
    CALL("container_delete_id(unknown)", container_delete_id(test.context, "nobody", 0, &error),
         result == OCI_ERR_NOT_FOUND);
    check_error("container_delete_id(unknown)", error);
    CALL("container_open(no error object)", container_open(test.context, "nobody", &made, NULL),
         result == OCI_ERR_NOT_FOUND);
}

static void test_cancel(void)
{
    struct container_create_options options = CONTAINER_CREATE_OPTIONS_INIT;
    char path[4096];
    int ends[2];
    container_error *error = NULL;
    snprintf(path, sizeof path, "%s/good", test.bundles);
    if (pipe2(ends, O_CLOEXEC) < 0 || write(ends[1], "x", 1) != 1)
        abort();
    options.bundle = path;
    options.cancel_fd = &ends[0];
    CALL("container_create(cancelled)",
         container_create(test.context, "cancelled", &options, NULL, &error),
         result == OCI_ERR_CANCELLED);
    check_error("container_create(cancelled)", error);
    close(ends[0]);
    close(ends[1]);
}

void test_state(container *made, int status)
{
    container_state *state = NULL;
    CALL("container_get_state", container_get_state(made, &state, NULL), result == 0);
    if (!state)
        return;
    CALL("container_state_status", container_state_status(state), result == status);
    CALL("container_state_status_text", container_state_status_text(state), result != 0);
    CALL("container_state_id", container_state_id(state), result != 0);
    CALL("container_state_pid", container_state_pid(state),
         (status == CONTAINER_STOPPED) == (result == 0));
    CALL("container_state_bundle", container_state_bundle(state), result != 0);
    CALL("container_state_rootfs", container_state_rootfs(state), result != 0);
    CALL("container_state_created", container_state_created(state), result != 0);
    CALL("container_state_owner", container_state_owner(state), result == 0);
    CALL("container_state_json", container_state_json(state), result != 0);
    CALL("container_state_free", (container_state_free(state), 0), result == 0);
}

static void test_list(size_t wanted)
{
    char **names = NULL;
    size_t count = 99;
    CALL("container_list", container_list(test.context, &names, &count, NULL), result == 0);
    if (count != wanted)
        fail("container_list", "wrong number", (long)count);
    CALL("container_list_free", (container_list_free(names), 0), result == 0);
}

/* Kernels from 6.15 on keep the exit status for others than the parent. */
static int status_is_kept(void)
{
    struct utsname names;
    int major = 0, minor = 0;
    uname(&names);
    sscanf(names.release, "%d.%d", &major, &minor);
    return major > 6 || (major == 6 && minor >= 15);
}

static void expect_exit(container *made, int code, int ignored)
{
    struct container_exit how = {-2, -2};
    int result_code = 0;
    CALL("container_wait", result_code = container_wait(made, 20000, &how, NULL), 1);
    if (result_code == OCI_ERR_STATUS_LOST && ignored && !status_is_kept())
        return;
    if (result_code != 0 || how.code != code)
        fail("container_wait", "wrong exit code", result_code ? result_code : how.code);
}

static void test_lifecycle(int ignored)
{
    container *made = NULL, *other = NULL;
    container_error *error = NULL;
    test.handles++;
    CALL("container_create", create("good", "one", &made, &error), result == 0);
    if (!made) {
        dprintf(test.report_fd, "%s\n", container_error_message(error));
        container_error_free(error);
        test.handles--;
        return;
    }
    CALL("container_create(again)", create("good", "one", NULL, &error), result == OCI_ERR_EXISTS);
    check_error("container_create(again)", error);
    error = NULL;
    CALL("container_id", container_id(made), result != 0);
    CALL("container_terminal_fd", container_terminal_fd(made), result == -1);
    CALL("container_pidfd", container_pidfd(made), result >= 0);
    test_state(made, CONTAINER_CREATED);
    test_list(1);
    CALL("container_open", container_open(test.context, "one", &other, NULL), result == 0);
    CALL("container_close", (container_close(other), 0), result == 0);
    CALL("container_wait(not at all)", container_wait(made, 0, NULL, &error),
         result == OCI_ERR_TIMEOUT);
    check_error("container_wait(not at all)", error);
    error = NULL;
    CALL("container_start", container_start(made, NULL, NULL), result == 0);
    expect_exit(made, 7, ignored);
    test_state(made, CONTAINER_STOPPED);
    CALL("container_start(stopped)", container_start(made, NULL, &error), result == OCI_ERR_WRONG_STATE);
    check_error("container_start(stopped)", error);
    error = NULL;
    CALL("container_kill(stopped)", container_kill(made, SIGTERM, 0, &error),
         result == OCI_ERR_NOT_RUNNING);
    check_error("container_kill(stopped)", error);
    CALL("container_delete", container_delete(made, 0, NULL), result == 0);
    CALL("container_delete(again)", container_delete(made, CONTAINER_DELETE_FORCE, NULL),
         result == 0);
    CALL("container_close", (container_close(made), 0), result == 0);
    test.handles--;
    test_list(0);
}

static int mount_add(container *made, const char *mount, container_error **error)
{
    return container_mount_add(made, mount, strlen(mount), error);
}

#define MAP "[{\"containerID\": 0, \"hostID\": 5, \"size\": 9}]"

static void test_mounts(container *made)
{
    container_error *error = NULL;
    CALL("container_mount_add",
         mount_add(made, "{\"destination\": \"/tmp\", \"type\": \"tmpfs\"}", NULL), result == 0);
    CALL("container_mount_add(mapped)",
         mount_add(made,
                   "{\"destination\": \"/tmp/m\", \"source\": \"rootfs\", \"options\": [\"bind\"], "
                   "\"uidMappings\": " MAP ", \"gidMappings\": " MAP "}",
                   NULL),
         result == 0);
    CALL("container_mount_add(mapping)",
         mount_add(made,
                   "{\"destination\": \"/tmp/m\", \"source\": \"rootfs\", \"options\": [\"bind\"], "
                   "\"uidMappings\": [{\"containerID\": 0, \"hostID\": 5, \"size\": 0}], "
                   "\"gidMappings\": " MAP "}",
                   &error),
         result == OCI_ERR_ID_MAPPING);
    if (strcmp(container_error_pointer(error), "/uidMappings/0") != 0)
        fail("container_mount_add(mapping)", container_error_pointer(error), 0);
    check_error("container_mount_add(mapping)", error);
    CALL("container_mount_add(type)",
         mount_add(made, "{\"destination\": \"/d\", \"type\": \"nosuchfs\"}", &error),
         result == OCI_ERR_MOUNT);
    check_error("container_mount_add(type)", error);
    CALL("container_mount_add(text)", mount_add(made, "{\"destination\": 5}", &error),
         result == OCI_ERR_TYPE);
    check_error("container_mount_add(text)", error);
    CALL("container_mount_add(empty)", container_mount_add(made, "", 0, &error), result < 0);
    check_error("container_mount_add(empty)", error);
    CALL("container_mount_remove(mapped)", container_mount_remove(made, "/tmp/m", NULL),
         result == 0);
    CALL("container_mount_remove", container_mount_remove(made, "/tmp", NULL), result == 0);
    CALL("container_mount_remove(again)", container_mount_remove(made, "/tmp", &error),
         result == OCI_ERR_MOUNT);
    check_error("container_mount_remove(again)", error);
    CALL("container_mount_remove(root)", container_mount_remove(made, "/", &error),
         result == OCI_ERR_CONFIG);
    check_error("container_mount_remove(root)", error);
}

static void test_exec(container *made, int ignored)
{
    static const char *const words[] = {"/bin/payload", "exit", "5", NULL};
    static const char *const missing[] = {"/no/such", NULL};
    static const char *const sleeper[] = {"/bin/payload", "sleep", "1000", NULL};
    struct container_exec_options options = CONTAINER_EXEC_OPTIONS_INIT;
    container_process *process = NULL;
    container_error *error = NULL;
    struct container_exit how = {-2, -2};
    int code = 0;
    options.argv = missing;
    CALL("container_exec(missing)", container_exec(made, &options, &process, &error),
         result == OCI_ERR_EXEC_NOT_FOUND);
    check_error("container_exec(missing)", error);
    options.argv = words;
    CALL("container_exec", code = container_exec(made, &options, &process, NULL), result == 0);
    if (code)
        return;
    CALL("container_process_pid", container_process_pid(process), result > 0);
    CALL("container_process_pidfd", container_process_pidfd(process), result >= 0);
    CALL("container_process_terminal_fd", container_process_terminal_fd(process), result == -1);
    CALL("container_process_wait", code = container_process_wait(process, 20000, &how, NULL), 1);
    if ((code || how.code != 5) && !(ignored && !status_is_kept()))
        fail("container_process_wait", "wrong exit code", code ? code : how.code);
    CALL("container_process_free", (container_process_free(process), 0), result == 0);
    options.argv = sleeper;
    CALL("container_exec(sleep)", code = container_exec(made, &options, &process, NULL),
         result == 0);
    if (code)
        return;
    CALL("container_process_kill", container_process_kill(process, SIGKILL, NULL), result == 0);
    CALL("container_process_wait", container_process_wait(process, 20000, &how, NULL),
         result == 0 || ignored);
    CALL("container_process_free", (container_process_free(process), 0), result == 0);
}

/* Both ways: what is taken, and what is refused and leaves nothing changed. */
static void test_update(container *made)
{
    static const char good[] = "{\"cpu\": {\"shares\": 512}}";
    static const char bad[] = "{\"cpu\": {\"shares\": 256, \"quota\": 10, \"burst\": 20}}";
    container_error *error = NULL;
    int code = 0;
    CALL("container_update", code = container_update(made, good, strlen(good), &error),
         result == 0 || result == OCI_ERR_UNSUPPORTED);
    if (code < 0)
        check_error("container_update", error);
    error = NULL;
    CALL("container_update(refused)", container_update(made, bad, strlen(bad), &error),
         result == OCI_ERR_CONFIG);
    check_error("container_update(refused)", error);
    error = NULL;
    CALL("container_update(syntax)", container_update(made, "{", 1, &error),
         result == OCI_ERR_SYNTAX);
    check_error("container_update(syntax)", error);
    CALL("container_update(nothing)", container_update(made, NULL, 0, NULL),
         result == OCI_ERR_INVALID_ARGUMENT);
}

static void test_running(int ignored)
{
    container *made = NULL;
    container_error *error = NULL;
    test.handles++;
    CALL("container_create", create("sleep", "two", &made, NULL), result == 0);
    if (made) {
        CALL("container_start", container_start(made, NULL, NULL), result == 0);
        CALL("container_start(again)", container_start(made, NULL, &error),
             result == OCI_ERR_WRONG_STATE);
        check_error("container_start(again)", error);
        error = NULL;
        CALL("container_delete(running)", container_delete(made, 0, &error),
             result == OCI_ERR_WRONG_STATE);
        check_error("container_delete(running)", error);
        error = NULL;
        test_state(made, CONTAINER_RUNNING);
        test_update(made);
        test_exec(made, ignored);
        test_mounts(made);
        test_paused(made);
        test_looking_inside(made);
        CALL("container_notify_open(none)", container_notify_open(made, &(int){-1}, NULL),
             result == OCI_ERR_NOT_FOUND);
        container_events *events = begin_events(made), *oom = begin_oom(made);
        CALL("container_kill", container_kill(made, SIGKILL, CONTAINER_KILL_ALL, NULL),
             result == 0);
        end_events(events);
        expect_exit(made, -1, ignored);
        CALL("container_stats(stopped)", container_stats(made, &(char *){NULL}, NULL),
             result == OCI_ERR_NOT_RUNNING);
        CALL("container_pause(stopped)", container_pause(made, NULL),
             result == OCI_ERR_NOT_RUNNING);
        CALL("container_delete", container_delete(made, CONTAINER_DELETE_FORCE, NULL), result == 0);
        end_oom(oom);
        CALL("container_close", (container_close(made), 0), result == 0);
    }
    test.handles--;
}

static void test_terminal(void)
{
    container *made = NULL;
    test.handles++;
    CALL("container_create(terminal)", create("terminal", "tty", &made, NULL), result == 0);
    if (made) {
        CALL("container_terminal_fd", container_terminal_fd(made), result >= 0);
        CALL("container_start", container_start(made, NULL, NULL), result == 0);
        CALL("container_delete", container_delete(made, CONTAINER_DELETE_FORCE, NULL), result == 0);
        CALL("container_wait", container_wait(made, 20000, NULL, NULL), 1);
        CALL("container_close", (container_close(made), 0), result == 0);
    }
    test.handles--;
}

static void test_without_configuration(int ignored)
{
    static const char *const words[] = {"/bin/payload", "exit", "3", NULL};
    struct container_create_options options = CONTAINER_CREATE_OPTIONS_INIT;
    struct container_exit how = {-2, -2};
    char rootfs[4096], bundle[4096];
    char *text = NULL;
    int code = 0;
    snprintf(bundle, sizeof bundle, "%s/good", test.bundles);
    snprintf(rootfs, sizeof rootfs, "%s/good/rootfs", test.bundles);
    CALL("container_default_config", container_default_config(rootfs, words, &text, NULL),
         result == 0);
    CALL("container_text_free", (container_text_free(text), 0), result == 0);
    CALL("container_run", code = container_run(test.context, NULL, rootfs, words, NULL, &how, NULL),
         1);
    if ((code || how.code != 3) && !(ignored && !status_is_kept()))
        fail("container_run", "wrong exit code", code ? code : how.code);
    CALL("container_run(no root)",
         container_run(test.context, NULL, "/no/such/root", words, NULL, &how, NULL), result < 0);
    options.bundle = bundle;
    CALL("container_plan_text", container_plan_text(test.context, "p", &options, &text, NULL),
         result == 0);
    CALL("container_text_free", (container_text_free(text), 0), result == 0);
    CALL("container_features", container_features(&text, NULL), result == 0);
    CALL("container_text_free", (container_text_free(text), 0), result == 0);
}

static void *stand_by(void *data)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGCHLD);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    pthread_barrier_wait(data);
    pthread_barrier_wait(data);
    return NULL;
}

static void on_signal(int number)
{
    (void)number;
}

/* A process with opinions: what the library must not touch has values that nobody has by chance. */
static void furnish(const char *mode)
{
    static int closed[] = {0, 1, 2};
    test.report_fd = fcntl(2, F_DUPFD_CLOEXEC, 200);
    int out = memfd_create("out", MFD_CLOEXEC);
    if (test.report_fd < 0 || out < 0)
        abort();
    umask(0137);
    signal(SIGUSR2, on_signal);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, strcmp(mode, "ignore-sigchld") ? SIG_DFL : SIG_IGN);
    if (fcntl(out, F_DUPFD_CLOEXEC, 201) != 201)
        abort();
    dup2(out, 1);
    dup2(out, 2);
    close(out);
    for (int i = 0; !strcmp(mode, "closed-stdio") && i < 3; i++)
        close(closed[i]);
    if (chdir(test.work) < 0)
        abort();
}

/* What is left over at the end: output, children. */
static void check_traces(void)
{
    struct stat info;
    siginfo_t child = {0};
    if (fstat(201, &info) < 0 || info.st_size != 0)
        fail("output", "something was written to standard output or error", info.st_size);
    if (waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD)
        fail("children", "a child is left", child.si_pid);
}

int main(int argc, char **argv)
{
    pthread_barrier_t barrier;
    pthread_t thread;
    if (argc < 3)
        return 64;
    const char *mode = argc > 3 ? argv[3] : "plain";
    int ignored = !strcmp(mode, "ignore-sigchld");
    test.bundles = argv[1];
    test.work = argv[2];
    furnish(mode);
    pthread_barrier_init(&barrier, NULL, 2);
    if (pthread_create(&thread, NULL, stand_by, &barrier))
        return 64;
    pthread_barrier_wait(&barrier);
    struct host_record *first = host_record_take();
    test_nothing();
    test_context();
    test_bad_arguments();
    test_failing_bundles();
    test_cancel();
    test_lifecycle(ignored);
    test_running(ignored);
    test_notify();
    test_terminal();
    test_without_configuration(ignored);
    CALL("container_context_free", (container_context_free(test.context), 0), result == 0);
    struct host_record *last = host_record_take();
    test.failures += host_record_compare(first, last, 0, "the whole program", test.report_fd);
    host_record_free(first);
    host_record_free(last);
    pthread_barrier_wait(&barrier);
    pthread_join(thread, NULL);
    pthread_barrier_destroy(&barrier);
    check_traces();
    dprintf(test.report_fd, "%d calls, %d failures\n", test.calls, test.failures);
    return test.failures ? 1 : 0;
}
