/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many containers in one process: threads that create, start, wait and delete on ids of their own,
 * while another thread allocates, forks and waits for its own children.
 *
 *   threads BUNDLES WORK [THREADS] [CONTAINERS-PER-THREAD] [ROUNDS]
 *
 * Fails on a wrong exit code, a child lost or left, descriptors or memory that grow from one round
 * to the next.  More rounds make it a soak test.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ocikit/container.h>

/* A sanitizer keeps freed memory for a while. */
#ifdef __SANITIZE_ADDRESS__
enum { MAX_THREADS = 64, RSS_SLACK_KB = 512 * 1024 };
#else
enum { MAX_THREADS = 64, RSS_SLACK_KB = 8192 };
#endif

static container_context *context;
static char bundle[4096];
static int per_thread = 20;
static atomic_int failures, storm_ends;
static atomic_long storms;

static void fail(const char *id, const char *step, int code, container_error *error)
{
    fprintf(stderr, "%s: %s: %d %s\n", id, step, code, container_error_message(error));
    container_error_free(error);
    atomic_fetch_add(&failures, 1);
}

static void one_container(const char *id)
{
    struct container_create_options options = CONTAINER_CREATE_OPTIONS_INIT;
    struct container_exit how = {-2, -2};
    container *made = NULL;
    container_error *error = NULL;
    options.bundle = bundle;
    int code = container_create(context, id, &options, &made, &error);
    if (code) {
        fail(id, "create", code, error);
        return;
    }
    if ((code = container_start(made, NULL, &error)))
        fail(id, "start", code, error);
    else if ((code = container_wait(made, 60000, &how, &error)))
        fail(id, "wait", code, error);
    else if (how.code != 7)
        fail(id, "exit code", how.code, NULL);
    error = NULL;
    if ((code = container_delete(made, CONTAINER_DELETE_FORCE, &error)))
        fail(id, "delete", code, error);
    container_close(made);
}

static void *worker(void *data)
{
    for (int i = 0; i < per_thread; i++) {
        char id[64];
        snprintf(id, sizeof id, "oct-threads-%d-%ld-%d", (int)getpid(), (long)data, i);
        one_container(id);
    }
    return NULL;
}

/* A child of the host's own; its status must reach the host and nobody else. */
static void own_child(int number)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", number % 2 ? "exit 1" : "exit 0", (char *)NULL);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status) ||
        WEXITSTATUS(status) != number % 2)
        fail("storm", "lost a child of the host's own", status, NULL);
}

static void *storm(void *data)
{
    (void)data;
    for (int i = 0; !atomic_load(&storm_ends); i++) {
        char *blocks[64];
        for (size_t k = 0; k < 64; k++)
            blocks[k] = malloc(16 + (size_t)(i * 131 + (int)k * 7919) % 20000);
        own_child(i);
        for (size_t k = 0; k < 64; k++)
            free(blocks[k]);
        atomic_fetch_add(&storms, 1);
    }
    return NULL;
}

static int count_fds(void)
{
    int count = 0;
    DIR *directory = opendir("/proc/self/fd");
    while (directory && readdir(directory))
        count++;
    if (directory)
        closedir(directory);
    return count;
}

static long resident_kb(void)
{
    long pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file)
        return 0;
    if (fscanf(file, "%ld %ld", &pages, &resident) != 2)
        resident = 0;
    fclose(file);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static void one_round(int threads)
{
    pthread_t made[MAX_THREADS], stormer;
    atomic_store(&storm_ends, 0);
    if (pthread_create(&stormer, NULL, storm, NULL))
        abort();
    for (long i = 0; i < threads; i++) {
        if (pthread_create(&made[i], NULL, worker, (void *)i))
            abort();
    }
    for (int i = 0; i < threads; i++)
        pthread_join(made[i], NULL);
    atomic_store(&storm_ends, 1);
    pthread_join(stormer, NULL);
}

int main(int argc, char **argv)
{
    struct container_context_options options = CONTAINER_CONTEXT_OPTIONS_INIT;
    char root[4096];
    if (argc < 3)
        return 64;
    int threads = argc > 3 ? atoi(argv[3]) : 16;
    per_thread = argc > 4 ? atoi(argv[4]) : 20;
    int rounds = argc > 5 ? atoi(argv[5]) : 2;
    if (threads < 1 || threads > MAX_THREADS)
        return 64;
    snprintf(bundle, sizeof bundle, "%s/good", argv[1]);
    snprintf(root, sizeof root, "%s/state", argv[2]);
    options.state_root = root;
    if (container_context_new(&options, &context, NULL))
        return 64;
    one_round(threads);
    int fds = count_fds();
    long resident = resident_kb();
    for (int round = 1; round < rounds; round++)
        one_round(threads);
    if (count_fds() != fds)
        fail("descriptors", "grew", count_fds() - fds, NULL);
    if (resident_kb() > resident + RSS_SLACK_KB)
        fail("memory", "grew by so many KiB", (int)(resident_kb() - resident), NULL);
    container_context_free(context);
    if (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD)
        fail("children", "left", 0, NULL);
    printf("%d threads, %d containers, %ld storms, %d failures\n", threads,
           threads * per_thread * rounds, atomic_load(&storms), atomic_load(&failures));
    return atomic_load(&failures) ? 1 : 0;
}
