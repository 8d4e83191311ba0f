/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target for changes: the input is a JSON pointer, a NUL and a JSON text, which are put into a
 * configuration and merged into it.  Whatever comes of it is a document that can be read.
 */
#include <ocikit/spec.h>
#include <ocikit/value.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char start[] =
    "{\"ociVersion\":\"1.3.0\",\"x\":{\"y\":[1,{\"z\":null}]},\"process\":{\"cwd\":\"/"
    "\",\"args\":[\"sh\"],"
    "\"user\":{\"uid\":0,\"gid\":0},\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"hard\":1,\"soft\":1}]}"
    ","
    "\"mounts\":[{\"destination\":\"/a\",\"options\":[\"ro\"]},{\"destination\":\"/b\"}],"
    "\"annotations\":{\"a/"
    "b\":\"1\",\"c~d\":\"2\"},\"linux\":{\"namespaces\":[{\"type\":\"pid\"}]}}";

static void check(const oci_type *type, const oci_document *document)
{
    oci_document *again = NULL;
    char *text = NULL;
    size_t length = 0;

    if (oci_write(type, oci_document_root(document, type), 0, &text, &length) != 0 ||
        oci_parse(type, text, length, NULL, &again, NULL) != 0)
        abort();
    oci_document_free(again);
    oci_free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const oci_type *type = oci_runtime_config_type();
    const uint8_t *nul = memchr(data, 0, size);
    oci_document *document = NULL, *merged = NULL;
    oci_report *report = NULL;
    struct oci_value value;
    const char *pointer, *json;
    char *text = NULL;
    size_t length;

    if (nul == NULL)
        return 0;
    pointer = (const char *)data;
    json = (const char *)nul + 1;
    length = size - (size_t)(nul + 1 - data);
    if (oci_parse(type, start, sizeof(start) - 1, NULL, &document, NULL) != 0)
        abort();
    (void)oci_set(document, pointer, json, length, &report);
    oci_report_free(report);
    check(type, document);
    (void)oci_get(type, oci_document_root(document, type), pointer, &value);
    if (oci_get_json(type, oci_document_root(document, type), pointer, 0, &text, NULL) == 0)
        oci_free(text);
    if (oci_merge(type, oci_document_root(document, type), json, length, &merged, &report) == 0)
        check(type, merged);
    oci_report_free(report);
    oci_document_free(merged);
    (void)oci_remove(document, pointer, NULL);
    check(type, document);
    oci_document_free(document);
    return 0;
}
