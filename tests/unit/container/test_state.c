/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state directory: ids, claims, locks, records.
 */
#include "cmocka_unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <state/store.h>

static char top[64];
static int root;
static struct failure failure;

static int make(void **state)
{
    strcpy(top, "/tmp/ocikit-state-XXXXXX");
    assert_non_null(mkdtemp(top));
    root = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    memset(&failure, 0, sizeof(failure));
    return root < 0;
}

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    return remove(path);
}

static int unmake(void **state)
{
    close(root);
    return nftw(top, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void test_ids(void **state)
{
    char longest[1026];
    memset(longest, 'a', sizeof(longest));
    longest[1024] = 0;
    const char *const good[] = {"a", "A0", "x.y", "_", "+", "a-b", "0", longest};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_int_equal(store_check_id(good[i], &failure), 0);
    longest[1024] = 'a';
    longest[1025] = 0;
    const char *const bad[] = {"",  ".",   "..",  ".x",       "-f",    "a/b",
                               "/", "a\n", "a b", "\xc3\xa4", "a\x01", longest};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(store_check_id(bad[i], &failure), OCI_ERR_INVALID_ID);
    assert_int_equal(store_check_id(NULL, &failure), OCI_ERR_INVALID_ID);
}

static void write_record(int dir, enum oci_record_phase phase)
{
    struct oci_record record = {
        .record_version = 1, .id = "c", .phase = phase, .bundle = "/b", .has_pid = true, .pid = 7};
    assert_int_equal(store_write_record(dir, &record, &failure), 0);
}

static void test_one_winner(void **state)
{
    int first, second;
    assert_int_equal(store_claim(root, "c", &first, &failure), 0);
    assert_int_equal(store_claim(root, "c", &second, &failure), OCI_ERR_EXISTS);
    struct stat st;
    assert_int_equal(fstatat(root, "c", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    close(first);
}

static void test_left_over_is_found(void **state)
{
    int first, second;
    assert_int_equal(store_claim(root, "c", &first, &failure), 0);
    write_record(first, OCI_RECORD_PHASE_CREATING);
    close(first); /* as the kernel does for a process that is killed */
    assert_int_equal(store_claim(root, "c", &second, &failure), 1);
    assert_int_equal(store_remove(root, "c", second, &failure), 0);
    close(second);
    assert_int_equal(store_claim(root, "c", &second, &failure), 0);
    close(second);
}

static void test_finished_one_is_not_left_over(void **state)
{
    int first, second;
    assert_int_equal(store_claim(root, "c", &first, &failure), 0);
    write_record(first, OCI_RECORD_PHASE_CREATED);
    close(first);
    assert_int_equal(store_claim(root, "c", &second, &failure), OCI_ERR_EXISTS);
}

static void test_lock(void **state)
{
    int first, second;
    assert_int_equal(store_claim(root, "c", &first, &failure), 0);
    assert_int_equal(store_open(top, "c", &second, &failure), 0);
    assert_int_equal(store_lock(second, "c", 20, &failure), OCI_ERR_BUSY);
    store_unlock(first);
    assert_int_equal(store_lock(second, "c", 20, &failure), 0);
    assert_int_equal(store_remove(root, "c", second, &failure), 0);
    store_unlock(second);
    /* Who waited for a container that is gone must not work on its ghost. */
    assert_int_equal(store_lock(first, "c", 20, &failure), OCI_ERR_NOT_FOUND);
    close(first);
    close(second);
}

static void test_records(void **state)
{
    int dir;
    oci_document *document = NULL;
    const struct oci_record *record;
    assert_int_equal(store_claim(root, "c", &dir, &failure), 0);
    assert_int_equal(store_read_record(dir, "c", &document, &record, &failure), OCI_ERR_NOT_FOUND);
    write_record(dir, OCI_RECORD_PHASE_CREATED);
    assert_int_equal(store_read_record(dir, "c", &document, &record, &failure), 0);
    assert_int_equal(record->pid, 7);
    assert_string_equal(record->bundle, "/b");
    oci_document_free(document);
    document = NULL;
    int file = openat(dir, "record.json", O_WRONLY | O_TRUNC | O_CLOEXEC);
    assert_int_equal(write(file, "{", 1), 1);
    close(file);
    assert_int_equal(store_read_record(dir, "c", &document, &record, &failure),
                     OCI_ERR_STATE_CORRUPT);
    assert_null(document);
    close(dir);
}

static void test_root_is_made_private(void **state)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/x/y/z", top);
    assert_int_equal(store_open_root(path, false, &failure), OCI_ERR_NOT_FOUND);
    mode_t old = umask(0);
    int fd = store_open_root(path, true, &failure);
    umask(old);
    struct stat st;
    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_ids, make, unmake),
        cmocka_unit_test_setup_teardown(test_one_winner, make, unmake),
        cmocka_unit_test_setup_teardown(test_left_over_is_found, make, unmake),
        cmocka_unit_test_setup_teardown(test_finished_one_is_not_left_over, make, unmake),
        cmocka_unit_test_setup_teardown(test_lock, make, unmake),
        cmocka_unit_test_setup_teardown(test_records, make, unmake),
        cmocka_unit_test_setup_teardown(test_root_is_made_private, make, unmake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
