/* SPDX-License-Identifier: Apache-2.0 */
/* lint FILE...: every finding about OCI documents of any kind. */
#include <fcntl.h>
#include <stdio.h>
#include <ocikit/check.h>

int main(int argc, char **argv)
{
    int failed = 0;
    for (int i = 1; i < argc; i++) {
        struct oci_parse_options parse = {.size = sizeof(parse), .name = argv[i]};
        struct oci_check_options check = {.size = sizeof(check), .parse = &parse};
        oci_report *report = NULL;
        char *text = NULL;
        size_t length = 0;
        failed |= oci_read_file(AT_FDCWD, argv[i], 0, &text, &length, NULL) < 0 ||
                  oci_check(oci_document_kind_detect(text, length), text, length, &check, &report) < 0;
        for (size_t j = 0; j < oci_report_count(report); j++)
            printf("%s\n%s", oci_report_get(report, j)->message, oci_report_get(report, j)->excerpt);
        oci_report_free(report);
        oci_free(text);
    }
    return failed;
}
