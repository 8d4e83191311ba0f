/* SPDX-License-Identifier: Apache-2.0 */
/* show FILE: read a service's description, with the types that ocigen made of service.json. */
#include <fcntl.h>
#include <stdio.h>
#include <svc/service.h>

int main(int argc, char **argv)
{
    oci_document *document = NULL;
    oci_report *report = NULL;
    if (argc != 2)
        return 2;
    if (oci_parse_file(svc_service_type(), AT_FDCWD, argv[1], NULL, &document, &report) == 0) {
        const struct svc_service *service = svc_service_root(document);
        printf("%s runs %s, restarted %s\n", service->name, service->command[0],
               service->restart != SVC_RESTART_UNSET ? svc_restart_text(service->restart) : "by default");
    }
    for (size_t i = 0; i < oci_report_count(report); i++)
        printf("%s\n", oci_report_get(report, i)->message);
    oci_document_free(document);
    oci_report_free(report);
    return document == NULL;
}
