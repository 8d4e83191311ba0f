/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Putting device programs on a group when the kernel fails: a kernel of a few lines stands for the real one, whose
 * failures cannot be had at will.  syscall() is wrapped for that by the linker.
 */
#include "fake_groups.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/syscall.h>

#include <cgroup/device_rules.h>

long __wrap_syscall(long number, ...);

/* A program's id is the fd that it was loaded as, or one of the group's at the beginning. */
static struct {
    int interrupted;        /* loads that a signal interrupts */
    size_t refused_from;    /* programs of so many instructions are refused */
    int sticky;             /* an id that does not come off */
    int on[8], count, next; /* the ids on the group */
    int loads;
} kernel;

static int is_on(int id)
{
    for (int i = 0; i < kernel.count; i++) {
        if (kernel.on[i] == id)
            return i;
    }
    return -1;
}

static long failed(int error)
{
    errno = error;
    return -1;
}

/* Which program an fd stands for. */
static int ids[1024];

static long program_fd(int id)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_in_range(fd, 0, 1023);
    ids[fd] = id;
    return fd;
}

static long load(const union bpf_attr *attributes)
{
    kernel.loads++;
    if (kernel.interrupted > 0) {
        kernel.interrupted--;
        return failed(EAGAIN);
    }
    if (attributes->insn_cnt >= kernel.refused_from)
        return failed(EINVAL);
    return program_fd(kernel.next++);
}

static long detach(int id)
{
    int at = is_on(id);
    if (at < 0)
        return failed(ENOENT);
    if (id == kernel.sticky)
        return failed(EIO);
    kernel.on[at] = kernel.on[--kernel.count];
    return 0;
}

static long bpf(int command, union bpf_attr *attributes)
{
    switch (command) {
    case BPF_PROG_LOAD:
        return load(attributes);
    case BPF_PROG_ATTACH:
        kernel.on[kernel.count++] = ids[attributes->attach_bpf_fd];
        return 0;
    case BPF_PROG_DETACH:
        return detach(ids[attributes->attach_bpf_fd]);
    case BPF_PROG_QUERY:
        attributes->query.prog_cnt = (uint32_t)kernel.count;
        for (int i = 0; i < kernel.count; i++)
            ((uint32_t *)(uintptr_t)attributes->query.prog_ids)[i] = (uint32_t)kernel.on[i];
        return 0;
    case BPF_PROG_GET_FD_BY_ID:
        return program_fd((int)attributes->prog_id);
    case BPF_OBJ_GET_INFO_BY_FD:
        strcpy(((struct bpf_prog_info *)(uintptr_t)attributes->info.info)->name, "ocikit_device");
        return 0;
    default:
        return failed(EINVAL);
    }
}

long __wrap_syscall(long number, ...)
{
    va_list list;
    va_start(list, number);
    int command = va_arg(list, int);
    union bpf_attr *attributes = va_arg(list, union bpf_attr *);
    va_end(list);
    assert_int_equal(number, SYS_bpf);
    return bpf(command, attributes);
}

static int set(struct failure *failure)
{
    struct fake fake;
    struct device_rule list[] = {
        {false, 'a', DEVICE_ANY, DEVICE_ANY, DEVICE_ALL, 0},
        {true, 'c', 1, 3, DEVICE_ALL, 1},
    };
    struct device_rules rules = {list, 2};
    *failure = (struct failure){0};
    fake_begin(&fake, true);
    int r = groups_set_devices(&fake.set, &rules, "", true, NULL, NULL, failure);
    fake_end(&fake);
    return r;
}

static int setup(void **state)
{
    (void)state;
    memset(&kernel, 0, sizeof(kernel));
    kernel.refused_from = 10000;
    kernel.next = 10;
    return 0;
}

static void test_replaced(void **state)
{
    (void)state;
    struct failure failure;
    kernel.on[kernel.count++] = 1;
    kernel.on[kernel.count++] = 2;
    assert_int_equal(set(&failure), 0);
    assert_int_equal(kernel.count, 1);
    assert_int_equal(kernel.on[0], 10);
}

static void test_signals(void **state)
{
    (void)state;
    struct failure failure;
    kernel.interrupted = 3;
    assert_int_equal(set(&failure), 0);
    assert_int_equal(kernel.loads, 4);
    assert_int_equal(kernel.count, 1);
}

static void test_signals_without_end(void **state)
{
    (void)state;
    struct failure failure;
    kernel.interrupted = 1000000;
    assert_int_equal(set(&failure), OCI_ERR_CGROUP);
    assert_int_equal(failure.error, EAGAIN);
    assert_non_null(strstr(failure.text, "signals"));
    assert_string_equal(failure.pointer, "/devices");
    assert_in_range(kernel.loads, 2, 100);
    assert_int_equal(kernel.count, 0);
}

static void test_refused(void **state)
{
    (void)state;
    struct failure failure;
    kernel.refused_from = 0;
    assert_int_equal(set(&failure), OCI_ERR_UNSUPPORTED);
    assert_non_null(strstr(failure.text, "no device programs"));
    /* One that takes programs, but not this. */
    kernel.refused_from = 3;
    assert_int_equal(set(&failure), OCI_ERR_CGROUP);
    assert_non_null(strstr(failure.text, "load the device program"));
}

static void test_all_or_nothing(void **state)
{
    (void)state;
    for (int sticky = 1; sticky <= 3; sticky++) {
        struct failure failure;
        setup(state);
        for (int id = 1; id <= 3; id++)
            kernel.on[kernel.count++] = id;
        kernel.sticky = sticky;
        assert_int_equal(set(&failure), OCI_ERR_CGROUP);
        assert_int_equal(failure.error, EIO);
        assert_int_equal(kernel.count, 3);
        assert_true(is_on(1) >= 0 && is_on(2) >= 0 && is_on(3) >= 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_replaced, setup),
        cmocka_unit_test_setup(test_signals, setup),
        cmocka_unit_test_setup(test_signals_without_end, setup),
        cmocka_unit_test_setup(test_refused, setup),
        cmocka_unit_test_setup(test_all_or_nothing, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
