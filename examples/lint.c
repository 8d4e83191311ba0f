/* SPDX-License-Identifier: Apache-2.0 */
/* lint FILE...: every finding about OCI documents of any kind. */
#include <fcntl.h>
#include <stdio.h>
#include <ocikit/check.h>

int main(int argc, char **argv)
{
    int failed = 0;
    for (int i = 1; i < argc; i++) {
        struct oci_parse_options parse = OCI_PARSE_OPTIONS_INIT;
        struct oci_check_options check = OCI_CHECK_OPTIONS_INIT;
        oci_report *report = NULL;
        parse.name = argv[i];
        parse.unknown = OCI_UNKNOWN_WARN; /* misspelt members too */
        check.parse = &parse;
        failed |= oci_check_file(NULL, AT_FDCWD, argv[i], &check, &report) < 0;
        for (size_t j = 0; j < oci_report_count(report); j++)
            printf("%s\n%s", oci_report_get(report, j)->message,
                   oci_report_get(report, j)->excerpt);
        oci_report_free(report);
    }
    return failed;
}
