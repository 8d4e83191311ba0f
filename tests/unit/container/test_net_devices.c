/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network devices that move, and those that cannot or do so by half.  The requests are wrapped by the linker and go to a
 * table; free is, to see that nothing is forgotten.
 */
#include "cmocka_unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <launch/net_devices.h>

int __wrap_rtnetlink_open(void);
int __wrap_rtnetlink_namespace(int socket);
int __wrap_rtnetlink_find(int socket, const char *name, struct net_link *link);
int __wrap_rtnetlink_addresses(int socket, int index, struct net_address **list, size_t *count);
int __wrap_rtnetlink_add_address(int socket, int index, const struct net_address *address);
int __wrap_rtnetlink_move(int socket, int index, int namespace, const char *name);
int __wrap_rtnetlink_up(int socket, int index);
void __real_free(void *pointer);
void __wrap_free(void *pointer);

static int inside_fd = -1, outside_fd = -1;
static struct device {
    char name[IFNAMSIZ];
    int index;
    bool inside, up;
    size_t added;
} table[2];
static void *lists[8];
static size_t list_count;
static int fails_to_move, fails_to_rename, fails_to_add, fails_to_find_inside, fails_to_return;
static char said[1024];

void __wrap_free(void *pointer)
{
    for (size_t i = 0; pointer && i < list_count; i++)
        lists[i] = lists[i] == pointer ? NULL : lists[i];
    __real_free(pointer);
}

int __wrap_rtnetlink_open(void)
{
    return outside_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int __wrap_rtnetlink_namespace(int socket)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static struct device *named(bool inside, const char *name)
{
    for (size_t i = 0; i < 2; i++) {
        if (table[i].inside == inside && strcmp(table[i].name, name) == 0)
            return &table[i];
    }
    return NULL;
}

static struct device *numbered(bool inside, int index)
{
    for (size_t i = 0; i < 2; i++) {
        if (table[i].inside == inside && table[i].index == index)
            return &table[i];
    }
    return NULL;
}

int __wrap_rtnetlink_find(int socket, const char *name, struct net_link *link)
{
    const struct device *device = named(socket != outside_fd, name);
    if (device == NULL)
        return -ENODEV;
    if (device->inside && fails_to_find_inside) {
        fails_to_find_inside--;
        return -ENOBUFS;
    }
    *link = (struct net_link){.index = device->index, .up = device->up};
    snprintf(link->name, sizeof(link->name), "%s", name);
    return 0;
}

int __wrap_rtnetlink_addresses(int socket, int index, struct net_address **list, size_t *count)
{
    *count = 2;
    *list = calloc(2, sizeof(**list));
    lists[list_count++] = *list;
    return 0;
}

int __wrap_rtnetlink_add_address(int socket, int index, const struct net_address *address)
{
    struct device *device = numbered(socket != outside_fd, index);
    if (device == NULL || fails_to_add)
        return device ? -EADDRNOTAVAIL : -ENODEV;
    device->added++;
    return 0;
}

int __wrap_rtnetlink_move(int socket, int index, int namespace, const char *name)
{
    bool inside = socket != outside_fd;
    struct device *device = numbered(inside, index);
    if (device == NULL || (inside ? fails_to_return : fails_to_move))
        return device ? -EINVAL : -ENODEV;
    device->inside = !inside;
    device->up = false;
    if (fails_to_rename)
        return -EEXIST;
    snprintf(device->name, sizeof(device->name), "%s", name);
    return 0;
}

int __wrap_rtnetlink_up(int socket, int index)
{
    struct device *device = numbered(socket != outside_fd, index);
    if (device == NULL)
        return -ENODEV;
    device->up = true;
    return 0;
}

static void take_message(void *data, int level, const char *id, const char *message)
{
    snprintf(said + strlen(said), sizeof(said) - strlen(said), "%s\n", message);
}

static const struct log log = {take_message, NULL, "box"};
static const struct oci_net_device_entry entries[] = {{.key = "dev0", .value = {.name = "eth0"}},
                                                      {.key = "dev1", .value = {.name = "eth1"}}};

static int set_up(void **state)
{
    memset(table, 0, sizeof(table));
    strcpy(table[0].name, "dev0");
    strcpy(table[1].name, "dev1");
    table[0].index = 5;
    table[1].index = 6;
    table[0].up = true;
    list_count = 0;
    fails_to_move = fails_to_rename = fails_to_add = fails_to_find_inside = fails_to_return = 0;
    said[0] = 0;
    inside_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return inside_fd < 0;
}

static int tear_down(void **state)
{
    close(inside_fd);
    for (size_t i = 0; i < list_count; i++) {
        if (lists[i])
            return -1;
    }
    return 0;
}

static int move(size_t count, struct net_moves *moves)
{
    const struct oci_linux config = {.net_devices = (struct oci_net_device_entry *)entries,
                                     .net_devices_count = count};
    struct failure failure = {0};
    return net_devices_move(&config, inside_fd, moves, &failure);
}

static void undo(struct net_moves *moves)
{
    net_devices_return(moves, &log);
    net_devices_free(moves);
}

static void are_back(void)
{
    assert_string_equal(said, "");
    assert_non_null(named(false, "dev0"));
    assert_non_null(named(false, "dev1"));
    assert_true(table[0].up);
    assert_false(table[1].up);
}

static void test_there_and_back(void **state)
{
    struct net_moves moves = NET_MOVES_INIT;
    assert_int_equal(move(2, &moves), 0);
    assert_non_null(named(true, "eth0"));
    assert_non_null(named(true, "eth1"));
    undo(&moves);
    are_back();
    assert_int_equal(table[0].added, 4);
}

static void test_one_that_stays(void **state)
{
    struct net_moves moves = NET_MOVES_INIT;
    fails_to_move = 1;
    assert_int_equal(move(1, &moves), OCI_ERR_UNSUPPORTED);
    undo(&moves);
    are_back();
}

static void test_one_that_is_not_found_after_its_move(void **state)
{
    struct net_moves moves = NET_MOVES_INIT;
    fails_to_find_inside = 1;
    assert_int_equal(move(1, &moves), OCI_ERR_NETWORK);
    undo(&moves);
    are_back();
}

static void test_one_that_keeps_its_name(void **state)
{
    struct net_moves moves = NET_MOVES_INIT;
    fails_to_rename = 1;
    assert_int_equal(move(1, &moves), OCI_ERR_NETWORK);
    assert_non_null(named(true, "dev0"));
    fails_to_rename = 0;
    undo(&moves);
    are_back();
}

static void test_another_s_device_of_that_name_stays_inside(void **state)
{
    struct net_moves moves = NET_MOVES_INIT;
    table[0].inside = true;
    strcpy(table[1].name, "gone");
    assert_int_equal(move(1, &moves), OCI_ERR_NETWORK);
    undo(&moves);
    assert_non_null(named(true, "dev0"));
}

static void test_what_does_not_come_back_is_told(void **state)
{
    struct net_moves moves = NET_MOVES_INIT;
    assert_int_equal(move(2, &moves), 0);
    fails_to_return = 1;
    undo(&moves);
    assert_non_null(
        strstr(said, "\"dev0\" stays in the container's network namespace as \"eth0\""));
    assert_non_null(strstr(said, "\"dev1\" stays"));
}

static void test_what_comes_back_with_less_is_told(void **state)
{
    struct net_moves moves = NET_MOVES_INIT;
    assert_int_equal(move(1, &moves), 0);
    fails_to_add = 1;
    undo(&moves);
    assert_non_null(named(false, "dev0"));
    assert_non_null(strstr(said, "\"dev0\" came back without"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_there_and_back),
        TEST(test_one_that_stays),
        TEST(test_one_that_is_not_found_after_its_move),
        TEST(test_one_that_keeps_its_name),
        TEST(test_another_s_device_of_that_name_stays_inside),
        TEST(test_what_does_not_come_back_is_told),
        TEST(test_what_comes_back_with_less_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
