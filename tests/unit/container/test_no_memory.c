/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits when memory runs out, at each allocation in turn: the failure says so, the groups are as they were, and
 * the caller's fds stay open.  calloc is wrapped for that by the linker.
 */
#include "fake_groups.h"

#include <errno.h>

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

static long left = -1; /* so many succeed, and one does not; -1: all do */

void *__wrap_calloc(size_t count, size_t size)
{
    if (left == 0) {
        left = -1;
        errno = ENOMEM;
        return NULL;
    }
    left -= left > 0;
    return __real_calloc(count, size);
}

static void test_no_memory(void **state)
{
    (void)state;
    const char *json = "{\"pids\": {\"limit\": 7}}";
    oci_document *document = NULL;
    assert_int_equal(
        oci_parse(oci_linux_resources_type(), json, strlen(json), NULL, &document, NULL), 0);
    struct fake fake;
    fake_begin(&fake, false);
    char directory[128], text[512];
    const char *file;
    place_of(&fake, "pids/pids.max", directory, &file);
    put(directory, file, "max\n");
    if (fcntl(0, F_GETFD) < 0)
        assert_int_equal(open("/dev/null", O_RDONLY), 0);
    int failed = 0, r = -1;
    for (long room = 0; r < 0; room++) {
        struct failure failure = {0};
        left = room; /* what is asked for after the one that fails is there again */
        r = groups_update(&fake.set, oci_linux_resources_root(document), NULL, NULL, NULL,
                          &failure);
        left = -1;
        assert_true(fcntl(0, F_GETFD) >= 0);
        if (r < 0) {
            failed++;
            assert_int_equal(r, OCI_ERR_NO_MEMORY);
            assert_string_equal(get(directory, file, text), "max\n");
        }
    }
    assert_true(failed >= 2);
    assert_string_equal(get(directory, file, text), "7");
    oci_document_free(document);
    fake_end(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
