/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gives findings that know a JSON pointer their place in a text.  Words nothing.
 */
#include "place.h"

#include <string.h>

int oci_report_place(struct oci_report *report, const char *prefix, const char *text, size_t length)
{
    size_t prefix_length = strlen(prefix);
    int result = 0;

    report->text = text;
    report->length = length;
    for (size_t i = 0; i < report->count && result == 0; i++) {
        struct oci_finding *finding = &report->kept[i].finding;
        const char *rest = finding->pointer + prefix_length;
        size_t offset = 0, size = 0;
        bool inside = strncmp(finding->pointer, prefix, prefix_length) == 0 &&
                      (*rest == '\0' || *rest == '/');
        bool exact;

        if (inside) {
            result = oci_place_find(report->memory, text, length, rest, &exact, &offset, &size);
            if (result == OCI_ERR_NO_MEMORY)
                return result;
            inside = result == 0;
        }
        result = oci_report_move(report, finding, inside, offset, size);
    }
    oci_report_finish(report);
    return result;
}

int oci_report_place_new(struct oci_report *report, const char *text, size_t length)
{
    int result = 0;

    report->text = text;
    report->length = length;
    for (size_t i = 0; i < report->count && result == 0; i++) {
        struct oci_finding *finding = &report->kept[i].finding;
        size_t offset = 0, size = 0;
        bool exact;

        if (finding->line > 0)
            continue;
        result =
            oci_place_find(report->memory, text, length, finding->pointer, &exact, &offset, &size);
        if (result != OCI_ERR_NO_MEMORY)
            result = oci_report_move(report, finding, result == 0, offset, size);
    }
    oci_report_finish(report);
    return result;
}
