/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program that runs inside test containers: it tells, as JSON on standard output, what it finds
 * there.  It judges nothing; the tests do.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static void print_string(const char *text)
{
    putchar('"');
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        if (*at == '"' || *at == '\\')
            printf("\\%c", *at);
        else if (*at < 0x20 || *at >= 0x7f)
            printf("\\u%04x", *at);
        else
            putchar(*at);
    }
    putchar('"');
}

static void print_member(const char *name, const char *value)
{
    print_string(name);
    printf(": ");
    print_string(value);
    printf(",\n");
}

static void print_number(const char *name, long long value)
{
    print_string(name);
    printf(": %lld,\n", value);
}

static void print_list(const char *name, char **items)
{
    print_string(name);
    printf(": [");
    for (char **item = items; *item; item++) {
        if (item != items)
            printf(", ");
        print_string(*item);
    }
    printf("],\n");
}

/* What a link points to, or the error as text. */
static void read_link(const char *path, char *target, size_t size)
{
    ssize_t length = readlink(path, target, size - 1);
    if (length < 0)
        snprintf(target, size, "error %d", errno);
    else
        target[length] = '\0';
}

static void read_line(const char *path, char *line, size_t size)
{
    FILE *file = fopen(path, "re");
    line[0] = '\0';
    if (!file)
        return;
    if (fgets(line, (int)size, file))
        line[strcspn(line, "\n")] = '\0';
    fclose(file);
}

static void print_groups(void)
{
    gid_t groups[256];
    int count = getgroups(256, groups);
    printf("\"groups\": [");
    for (int i = 0; i < count; i++)
        printf("%s%u", i ? ", " : "", (unsigned)groups[i]);
    printf("],\n");
}

/* The lines of /proc/self/status that tell about credentials, by name. */
static void print_status(void)
{
    static const char *const wanted[] = {"CapInh",     "CapPrm",  "CapEff", "CapBnd", "CapAmb",
                                         "NoNewPrivs", "Seccomp", "SigBlk", "SigIgn"};
    char line[512];
    FILE *file = fopen("/proc/self/status", "re");
    if (!file)
        return;
    while (fgets(line, sizeof line, file)) {
        char *colon = strchr(line, ':');
        if (!colon)
            continue;
        *colon = '\0';
        char *value = colon + 1 + strspn(colon + 1, " \t");
        value[strcspn(value, "\n")] = '\0';
        for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
            if (!strcmp(line, wanted[i]))
                print_member(line, value);
        }
    }
    fclose(file);
}

static void print_limits(void)
{
    static const struct {
        const char *name;
        int resource;
    } limits[] = {
        {"RLIMIT_CPU", RLIMIT_CPU},         {"RLIMIT_FSIZE", RLIMIT_FSIZE},
        {"RLIMIT_DATA", RLIMIT_DATA},       {"RLIMIT_STACK", RLIMIT_STACK},
        {"RLIMIT_CORE", RLIMIT_CORE},       {"RLIMIT_RSS", RLIMIT_RSS},
        {"RLIMIT_NPROC", RLIMIT_NPROC},     {"RLIMIT_NOFILE", RLIMIT_NOFILE},
        {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK}, {"RLIMIT_AS", RLIMIT_AS},
    };
    printf("\"rlimits\": {");
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        struct rlimit limit = {0};
        getrlimit(limits[i].resource, &limit);
        printf("%s\"%s\": [%llu, %llu]", i ? ", " : "", limits[i].name,
               (unsigned long long)limit.rlim_cur, (unsigned long long)limit.rlim_max);
    }
    printf("},\n");
}

static void print_namespaces(void)
{
    static const char *const names[] = {"mnt", "pid",  "net",    "ipc",
                                        "uts", "user", "cgroup", "time"};
    printf("\"namespaces\": {");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[64], target[128];
        snprintf(path, sizeof path, "/proc/self/ns/%s", names[i]);
        read_link(path, target, sizeof target);
        printf("%s\"%s\": \"%s\"", i ? ", " : "", names[i], target);
    }
    printf("},\n");
}

static void print_fds(void)
{
    DIR *directory = opendir("/proc/self/fd");
    printf("\"fds\": {");
    const char *separator = "";
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        int fd = atoi(entry->d_name);
        if (entry->d_name[0] == '.' || fd == dirfd(directory))
            continue;
        char path[64], target[4096];
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        read_link(path, target, sizeof target);
        printf("%s\"%d\": ", separator, fd);
        print_string(target);
        separator = ", ";
    }
    printf("},\n");
    if (directory)
        closedir(directory);
}

static void print_host(void)
{
    struct utsname names;
    char line[64], directory[4096];
    uname(&names);
    print_member("hostname", names.nodename);
    print_member("domainname", names.domainname);
    print_member("cwd", getcwd(directory, sizeof directory) ? directory : "");
    read_line("/proc/self/oom_score_adj", line, sizeof line);
    print_number("oom_score_adj", line[0] ? atoll(line) : -9999);
    struct timespec boot;
    clock_gettime(CLOCK_BOOTTIME, &boot);
    print_number("boottime", boot.tv_sec);
    clock_gettime(CLOCK_MONOTONIC, &boot);
    print_number("monotonic", boot.tv_sec);
}

static int report(char **argv)
{
    static char input[65536];
    printf("{\n");
    print_list("args", argv);
    print_list("env", environ);
    print_number("uid", getuid());
    print_number("euid", geteuid());
    print_number("gid", getgid());
    print_groups();
    mode_t mask = umask(0);
    umask(mask);
    print_number("umask", mask);
    print_number("pid", getpid());
    print_number("ppid", getppid());
    print_number("sid", getsid(0));
    print_number("pgid", getpgrp());
    print_number("tty", isatty(0));
    print_status();
    print_limits();
    print_namespaces();
    print_fds();
    print_host();
    if (argv[2] && !strcmp(argv[2], "--stdin")) {
        size_t length = fread(input, 1, sizeof input - 1, stdin);
        input[length] = '\0';
        print_member("stdin", input);
    }
    printf("\"end\": true\n}\n");
    return 0;
}

/* How the kernel treats this process: CPUs, memory, I/O. */
static int scheduling(void)
{
    struct {
        unsigned size, policy;
        unsigned long long flags;
        int nice;
        unsigned priority;
        unsigned long long runtime, deadline, period;
        unsigned util_min, util_max;
    } attr = {.size = sizeof attr};
    unsigned long nodes[16] = {0};
    int mode = -1;
    struct utsname names;
    char line[512];
    printf("{\n");
    print_number("error", syscall(SYS_sched_getattr, 0, &attr, sizeof attr, 0) < 0 ? errno : 0);
    print_number("policy", attr.policy);
    print_number("flags", (long long)attr.flags);
    print_number("nice", attr.nice);
    print_number("priority", attr.priority);
    print_number("runtime", (long long)attr.runtime);
    print_number("deadline", (long long)attr.deadline);
    print_number("period", (long long)attr.period);
    long io = syscall(SYS_ioprio_get, 1, 0);
    print_number("io_class", io >> 13);
    print_number("io_level", io & 0x1fff);
    FILE *file = fopen("/proc/self/status", "re");
    while (file && fgets(line, sizeof line, file)) {
        if (!strncmp(line, "Cpus_allowed_list:", 18)) {
            line[strcspn(line, "\n")] = '\0';
            print_member("cpus", line + 18 + strspn(line + 18, " \t"));
        }
    }
    if (file)
        fclose(file);
    syscall(SYS_get_mempolicy, &mode, nodes, sizeof nodes * 8, NULL, 0);
    print_number("memory_mode", mode);
    print_number("memory_nodes", (long long)nodes[0]);
    print_number("personality", syscall(SYS_personality, 0xffffffff));
    uname(&names);
    print_member("machine", names.machine);
    printf("\"end\": true\n}\n");
    return 0;
}

static int probe_write(const char *path)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int error = write(fd, "x\n", 2) < 0 ? errno : 0;
    close(fd);
    return error;
}

static int probe_create(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno;
    close(fd);
    unlink(path);
    return 0;
}

/* Prints the first bytes as "data". */
static int probe_read(const char *path)
{
    char data[4096];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    ssize_t length = read(fd, data, sizeof data - 1);
    int error = errno;
    close(fd);
    if (length < 0)
        return error;
    data[length] = '\0';
    print_member("data", data);
    return 0;
}

static int probe_stat(const char *path)
{
    struct stat info;
    struct statfs fs;
    char target[4096];
    if (lstat(path, &info) < 0)
        return errno;
    print_number("mode", info.st_mode);
    print_number("uid", info.st_uid);
    print_number("gid", info.st_gid);
    print_number("size", info.st_size);
    print_number("ino", (long long)info.st_ino);
    print_number("major", major(info.st_rdev));
    print_number("minor", minor(info.st_rdev));
    if (S_ISLNK(info.st_mode)) {
        read_link(path, target, sizeof target);
        print_member("target", target);
    } else if (statfs(path, &fs) == 0) {
        print_number("fs_type", (long long)fs.f_type);
        print_number("fs_flags", (long long)fs.f_flags);
        print_number("fs_bytes", (long long)fs.f_blocks * (long long)fs.f_bsize);
    }
    return 0;
}

static int probe_list(const char *path)
{
    DIR *directory = opendir(path);
    if (!directory)
        return errno;
    printf("\"names\": [");
    const char *separator = "";
    for (struct dirent *entry; (entry = readdir(directory));) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        printf("%s", separator);
        print_string(entry->d_name);
        separator = ", ";
    }
    printf("],\n");
    closedir(directory);
    return 0;
}

static int probe_mknod(const char *path)
{
    if (mknod(path, S_IFCHR | 0600, makedev(1, 3)) < 0)
        return errno;
    unlink(path);
    return 0;
}

static int probe_mkdir(const char *path)
{
    if (mkdir(path, 0700) < 0)
        return errno;
    rmdir(path);
    return 0;
}

static int probe_open(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

/* OP PATH [OP PATH]...: a JSON array with one object each. */
static int probe(char **argv)
{
    static const struct {
        const char *name;
        int (*run)(const char *path);
    } probes[] = {
        {"write", probe_write}, {"read", probe_read},     {"stat", probe_stat},
        {"list", probe_list},   {"mknod", probe_mknod},   {"mkdir", probe_mkdir},
        {"open", probe_open},   {"create", probe_create},
    };
    printf("[");
    for (char **at = argv + 2; at[0] && at[1]; at += 2) {
        int error = EINVAL;
        printf("%s{", at == argv + 2 ? "" : ",\n");
        for (size_t i = 0; i < sizeof probes / sizeof probes[0]; i++) {
            if (!strcmp(at[0], probes[i].name))
                error = probes[i].run(at[1]);
        }
        print_member("path", at[1]);
        printf("\"errno\": %d}", error);
    }
    printf("]\n");
    return 0;
}

/* NUMBER [ARGUMENT]...: the result or the errno of one system call. */
static int call(char **argv)
{
    long values[7] = {0};
    for (int i = 0; i < 7 && argv[2 + i]; i++)
        values[i] = strtol(argv[2 + i], NULL, 0);
    long result =
        syscall(values[0], values[1], values[2], values[3], values[4], values[5], values[6]);
    printf("{\"result\": %ld, \"errno\": %d}\n", result, result < 0 ? errno : 0);
    return 0;
}

/* How many children can be made before the limit, at most N. */
static int spawn(int wanted)
{
    int made = 0;
    pid_t children[1024];
    while (made < wanted && made < 1024) {
        pid_t child = fork();
        if (child < 0)
            break;
        if (child == 0) {
            pause();
            _exit(0);
        }
        children[made++] = child;
    }
    for (int i = 0; i < made; i++)
        kill(children[i], SIGKILL);
    printf("{\"made\": %d}\n", made);
    return 0;
}

/* Wait for SIGTERM and then end with the code; says so first, so that a test can wait for it. */
static int until_term(int code)
{
    sigset_t set;
    int got;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    printf("ready\n");
    fflush(stdout);
    sigwait(&set, &got);
    return code;
}

/* Say so by NOTIFY_SOCKET, with lines around it, and stay. */
static int say_ready(void)
{
    static const char text[] = "STATUS=up\nREADY=1\nMAINPID=1\n";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = getenv("NOTIFY_SOCKET");
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (path == NULL || fd < 0 || strlen(path) >= sizeof(address.sun_path))
        return 1;
    strcpy(address.sun_path, path);
    if (sendto(fd, "STATUS=coming\n", 14, 0, (struct sockaddr *)&address, sizeof(address)) < 0)
        return 2;
    usleep(200000);
    if (sendto(fd, text, strlen(text), 0, (struct sockaddr *)&address, sizeof(address)) < 0)
        return 3;
    return (int)sleep(1000);
}

/* Four that write to NOTIFY_SOCKET as fast as it takes, until the end comes by SIGTERM. */
static int flood(int code)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = getenv("NOTIFY_SOCKET");
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (path == NULL || fd < 0 || strlen(path) >= sizeof(address.sun_path))
        return 64;
    strcpy(address.sun_path, path);
    for (int i = 0; i < 4; i++) {
        if (fork() > 0)
            continue;
        for (;;)
            sendto(fd, "X=1", 3, 0, (struct sockaddr *)&address, sizeof(address));
    }
    return until_term(code);
}

/* Does it lead to the host?  Then it is written down. */
static void look_at(const char *path, const char *marker)
{
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && (faccessat(fd, "sys/kernel/core_pattern", F_OK, 0) == 0 ||
                    faccessat(fd, marker + 1, F_OK, 0) == 0)) {
        int found = open("/home/found", O_CREAT | O_WRONLY | O_APPEND, 0600);
        dprintf(found, "%s\n", path);
        close(found);
    }
    close(fd);
}

/* Look for the host behind what is open in the processes that come into this pid namespace. */
static _Noreturn void look_out(const char *marker)
{
    char path[64];
    for (int next = 2, ahead = 0;; ahead = (ahead + 1) % 16) {
        int pid = next + ahead;
        snprintf(path, sizeof(path), "/proc/%d", pid);
        while (access(path, F_OK) == 0) {
            next = pid;
            ahead = 0;
            for (int fd = 3; fd < 16; fd++) {
                snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
                look_at(path, marker);
            }
            snprintf(path, sizeof(path), "/proc/%d/cwd", pid);
            look_at(path, marker);
            snprintf(path, sizeof(path), "/proc/%d/root", pid);
            look_at(path, marker);
            snprintf(path, sizeof(path), "/proc/%d", pid);
        }
    }
}

/* Make a file that says that this runs, and stay. */
static int mark(const char *path)
{
    close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    return (int)sleep(1000);
}

/* Stop whoever comes; hold: and keep it from being let go on. */
static _Noreturn void kill_others(void)
{
    for (;;) {
        for (int pid = 2; pid < 400; pid++)
            kill(pid, SIGKILL);
    }
}

static _Noreturn void stop_others(bool hold)
{
    for (;;) {
        for (int pid = 2; pid < 400; pid++) {
            if (kill(pid, SIGSTOP) == 0 && hold && ptrace(PTRACE_SEIZE, pid, 0, 0) == 0)
                ptrace(PTRACE_INTERRUPT, pid, 0, 0);
        }
    }
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "report";
    const char *value = argc > 2 ? argv[2] : "";
    int result = 64;
    if (!strcmp(what, "report"))
        result = report(argv);
    else if (!strcmp(what, "scheduling"))
        result = scheduling();
    else if (!strcmp(what, "probe"))
        result = probe(argv);
    else if (!strcmp(what, "call"))
        result = call(argv);
    else if (!strcmp(what, "spawn"))
        result = spawn(atoi(value));
    else if (!strcmp(what, "exit"))
        result = atoi(value);
    else if (!strcmp(what, "look-out"))
        look_out(value);
    else if (!strcmp(what, "stop"))
        stop_others(false);
    else if (!strcmp(what, "kill"))
        kill_others();
    else if (!strcmp(what, "hold"))
        stop_others(true);
    else if (!strcmp(what, "mark"))
        result = mark(value);
    else if (!strcmp(what, "ready"))
        result = say_ready();
    else if (!strcmp(what, "flood"))
        result = flood(atoi(value));
    else if (!strcmp(what, "term"))
        result = until_term(atoi(value));
    else if (!strcmp(what, "sleep"))
        result = (int)sleep(*value ? (unsigned)atoi(value) : 1000);
    else if (!strcmp(what, "signal")) {
        signal(atoi(value), SIG_DFL);
        raise(atoi(value));
    } else
        fprintf(stderr, "payload: unknown command %s\n", what);
    fflush(stdout);
    return result;
}
