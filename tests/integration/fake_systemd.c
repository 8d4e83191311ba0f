/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bus with a systemd on it that does what it is told on the command line: fake_systemd SOCKET BEHAVIOUR.
 * Writes the calls that it hears to standard output.
 *
 *     works            makes the group below /sys/fs/cgroup and moves the process there, as systemd would
 *     refuses          answers every change with an error
 *     refuses-limits   answers SetUnitProperties with an error, and works otherwise
 *     lost             says that it started the scope, and does not
 *     silent           answers nothing but the first greeting
 *     mute             says nothing at all, and keeps the connection
 *     closes           ends the connection at the first call
 *     nonsense         speaks no D-Bus
 *     elsewhere        as works, and its own group is /fake.slice
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

static const char *behaviour;
static char place[4096]; /* of the scope that was started */

static int is(const char *what)
{
    return strcmp(behaviour, what) == 0;
}

static void write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
    close(fd);
}

/* "a-b.slice" as "a.slice/a-b.slice". */
static void make_place(const char *slice, const char *unit)
{
    size_t length = (size_t)sprintf(place, "/sys/fs/cgroup%s", is("elsewhere") ? "/fake.slice" : "");
    mkdir(place, 0755);
    for (const char *p = slice; *p; p++) {
        if (p == slice || (*p != '-' && strcmp(p, ".slice") != 0))
            continue;
        length += (size_t)sprintf(place + length, "/%.*s.slice", (int)(p - slice), slice);
        mkdir(place, 0755);
        if (*p == '.')
            break;
    }
    sprintf(place + length, "/%s", unit);
    mkdir(place, 0755);
}

/* Prints the properties, and finds those that a scope cannot do without. */
static int read_properties(sd_bus_message *m, char *slice, unsigned *pid)
{
    int r = sd_bus_message_enter_container(m, 'a', "(sv)");
    while (r >= 0 && (r = sd_bus_message_enter_container(m, 'r', "sv")) > 0) {
        const char *name, *type, *text;
        char kind;
        sd_bus_message_read(m, "s", &name);
        sd_bus_message_peek_type(m, &kind, &type);
        printf(" %s", name);
        if (strcmp(name, "Slice") == 0) {
            sd_bus_message_read(m, "v", "s", &text);
            snprintf(slice, 256, "%s", text);
        } else if (strcmp(name, "PIDs") == 0) {
            sd_bus_message_read(m, "v", "au", 1, pid);
        } else if (strcmp(type, "t") == 0) {
            uint64_t number;
            sd_bus_message_read(m, "v", "t", &number);
            printf("=%llu", (unsigned long long)number);
        } else {
            sd_bus_message_skip(m, "v");
        }
        r = sd_bus_message_exit_container(m);
    }
    printf("\n");
    fflush(stdout);
    return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int start(sd_bus_message *m)
{
    const char *unit, *mode;
    char slice[256] = "", path[5000], number[16];
    unsigned pid = 0;
    int r = sd_bus_message_read(m, "ss", &unit, &mode);
    printf("start %s", unit);
    if (r >= 0)
        r = read_properties(m, slice, &pid);
    if (r < 0)
        return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_INVALID_ARGS, "bad call");
    if (is("refuses"))
        return sd_bus_reply_method_errorf(m, "org.freedesktop.systemd1.UnitExists",
                                          "Unit %s was already loaded or has a fragment file.", unit);
    if (!is("lost")) {
        make_place(slice, unit);
        snprintf(path, sizeof(path), "%s/cgroup.procs", place);
        snprintf(number, sizeof(number), "%u", pid);
        write_text(path, number);
    }
    return sd_bus_reply_method_return(m, "o", "/org/freedesktop/systemd1/job/1");
}

static int set(sd_bus_message *m)
{
    const char *unit;
    char slice[256];
    unsigned pid;
    int runtime, r = sd_bus_message_read(m, "sb", &unit, &runtime);
    printf("set %s", unit);
    if (r >= 0)
        r = read_properties(m, slice, &pid);
    if (r < 0)
        return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_INVALID_ARGS, "bad call");
    if (is("refuses-limits"))
        return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_ACCESS_DENIED, "Not today");
    return sd_bus_reply_method_return(m, "");
}

static int stop(sd_bus_message *m)
{
    const char *unit, *mode;
    sd_bus_message_read(m, "ss", &unit, &mode);
    printf("stop %s\n", unit);
    fflush(stdout);
    /* It went with its last process, or never was. */
    if (is("works"))
        return sd_bus_reply_method_errorf(m, "org.freedesktop.systemd1.NoSuchUnit",
                                          "Unit %s not loaded.", unit);
    return sd_bus_reply_method_return(m, "o", "/org/freedesktop/systemd1/job/2");
}

static int hear(sd_bus_message *m, void *data, sd_bus_error *error)
{
    (void)data;
    (void)error;
    if (sd_bus_message_is_method_call(m, "org.freedesktop.DBus", "Hello"))
        return sd_bus_reply_method_return(m, "s", ":1.1");
    if (is("silent"))
        return 1;
    if (is("closes")) {
        sd_bus_close(sd_bus_message_get_bus(m));
        return 1;
    }
    if (sd_bus_message_is_method_call(m, "org.freedesktop.DBus.Properties", "Get"))
        return sd_bus_reply_method_return(m, "v", "s", is("elsewhere") ? "/fake.slice" : "/");
    if (sd_bus_message_is_method_call(m, NULL, "StartTransientUnit"))
        return start(m);
    if (sd_bus_message_is_method_call(m, NULL, "SetUnitProperties"))
        return set(m);
    if (sd_bus_message_is_method_call(m, NULL, "StopUnit"))
        return stop(m);
    return 0;
}

static void serve(int fd)
{
    sd_bus *bus = NULL;
    sd_id128_t id = SD_ID128_NULL;
    sd_bus_new(&bus);
    sd_bus_set_fd(bus, fd, fd);
    sd_bus_set_server(bus, 1, id);
    sd_bus_set_anonymous(bus, 1);
    sd_bus_add_filter(bus, NULL, hear, NULL);
    int r = sd_bus_start(bus);
    while (r >= 0) {
        r = sd_bus_process(bus, NULL);
        if (r == 0)
            r = sd_bus_wait(bus, UINT64_MAX);
    }
    sd_bus_close_unref(bus);
}

int main(int argc, char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (argc != 3)
        return 64;
    behaviour = argv[2];
    signal(SIGCHLD, SIG_IGN);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", argv[1]);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(listener, 8) < 0)
        return 1;
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            return 1;
        if (is("nonsense")) {
            if (write(fd, "HTTP/1.1 400 Bad Request\r\n\r\n", 28) < 0)
                return 1;
        } else if (is("mute")) {
            continue;
        } else if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            serve(fd);
            return 0;
        }
        close(fd);
    }
}
