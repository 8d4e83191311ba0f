/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The talk with an init that says what a real one does not: spawn is wrapped by the linker, and its init is a child of
 * the test.
 */
#include "cmocka_unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <base/util.h>
#include <launch/session.h>

int __wrap_spawn(const struct spawn *spawn, pid_t *pid, int *pidfd, struct failure *failure);

static struct plan_message said;
static int said_fd = -1;

static void say(int socket, const struct plan_message *message, int fd)
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
                            .cmsg_level = SOL_SOCKET,
                            .cmsg_type = SCM_RIGHTS}};
    memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
    struct iovec part = {(void *)message, sizeof(*message)};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd >= 0) {
        header.msg_control = &control;
        header.msg_controllen = sizeof(control.room);
    }
    if (sendmsg(socket, &header, MSG_NOSIGNAL) != sizeof(*message))
        abort();
}

/* It says one thing, and that it is ready once it was told to go on. */
int __wrap_spawn(const struct spawn *spawn, pid_t *pid, int *pidfd, struct failure *failure)
{
    int socket = spawn->slots[PLAN_SLOT_CONTROL];
    *pid = fork();
    if (*pid == 0) {
        struct plan_message answer;
        /* The library's end must not be held open here. */
        dup3(socket, 3, O_CLOEXEC);
        close_range(4, ~0U, 0);
        say(3, &said, said_fd >= 0 ? 0 : -1);
        if (recv(3, &answer, sizeof(answer), 0) == sizeof(answer) &&
            answer.kind == PLAN_MESSAGE_GO) {
            say(3, &(struct plan_message){.kind = PLAN_MESSAGE_READY}, -1);
            recv(3, &answer, sizeof(answer), 0);
        }
        _exit(0);
    }
    *pidfd = (int)syscall(SYS_pidfd_open, *pid, 0);
    return *pid > 0 && *pidfd >= 0 ? 0 : fail_memory(failure);
}

static int told;

static int take_socket(void *data, int socket, struct failure *failure)
{
    told += socket >= 0;
    return 0;
}

static int take_listener(void *data, int fd, pid_t pid, struct failure *failure)
{
    told += fd >= 0 && pid > 0;
    return 0;
}

static int talk(struct plan_message message, int fd, bool callbacks, struct failure *failure)
{
    struct compiled compiled = {0};
    struct session session = SESSION_INIT;
    struct spawn spawn = {.init = -1, .cgroup = -1};
    *failure = (struct failure){0};
    session.compiled = &compiled;
    session.net_devices = callbacks ? take_socket : NULL;
    session.listener = callbacks ? take_listener : NULL;
    said = message;
    said_fd = fd;
    told = 0;
    int r = session_run(&session, &spawn, failure);
    session_abort(&session);
    return r;
}

static const struct plan_message points[] = {
    {.kind = PLAN_MESSAGE_SYNC, .number = PLAN_SYNC_NET_DEVICES},
    {.kind = PLAN_MESSAGE_SYNC, .number = PLAN_SYNC_LISTENER},
    {.kind = PLAN_MESSAGE_LISTENER},
};

static void test_what_is_passed_is_passed_on(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(points); i++) {
        struct failure failure;
        if (talk(points[i], 0, true, &failure) != 0 || told != 1)
            broken("%zu: %d %s", i, told, failure.text);
    }
}

static void test_no_go_without_the_fd(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(points); i++) {
        struct failure failure;
        if (talk(points[i], -1, true, &failure) != OCI_ERR_INTERNAL || told)
            broken("%zu: %d %s", i, told, failure.text);
    }
}

static void test_no_go_without_whom_it_is_for(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(points); i++) {
        struct failure failure;
        if (talk(points[i], 0, false, &failure) != OCI_ERR_INTERNAL)
            broken("%zu: %s", i, failure.text);
    }
}

static void test_an_fd_that_is_lost(void **state)
{
    struct plan_message message = {.kind = PLAN_MESSAGE_TERMINAL};
    struct failure failure = {0};
    struct rlimit before, none;
    int pair[2], fd = -1;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    say(pair[1], &message, 0);
    say(pair[1], &message, 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 2; /* 0 and 1 are taken */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    int r = message_receive(pair[0], &message, &fd, &failure);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(r, OCI_ERR_IO);
    assert_non_null(strstr(failure.text, "open files"));
    assert_int_equal(fd, -1);
    assert_int_equal(message_receive(pair[0], &message, &fd, &failure), 1);
    assert_true(fd >= 0);
    close(fd);
    close(pair[0]);
    close(pair[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_passed_is_passed_on),
        cmocka_unit_test(test_no_go_without_the_fd),
        cmocka_unit_test(test_no_go_without_whom_it_is_for),
        cmocka_unit_test(test_an_fd_that_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
