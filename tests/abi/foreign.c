/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that knows nothing but the installed headers.  It must compile as C99 and as C++17, and
 * needs no privileges.
 *
 *   foreign STATE-ROOT
 */
#include <stdio.h>
#include <string.h>

#include <ocikit/container.h>
#include <ocikit/spec.h>

/* An options struct of a header that is newer than the library. */
struct newer_options {
    struct container_context_options known;
    long unknown;
};

static int fails(const char *what)
{
    printf("foreign: %s\n", what);
    return 1;
}

static int check_documents(void)
{
    static const char text[] = "{\"ociVersion\": \"1.0.2\", \"hostname\": 5}";
    oci_document *document = NULL;
    oci_report *report = NULL;
    int code = oci_parse(oci_runtime_config_type(), text, strlen(text), NULL, &document, &report);
    const struct oci_finding *finding = oci_report_first_error(report);
    int wrong = code >= 0 || !finding || strcmp(finding->pointer, "/hostname") != 0;
    oci_report_free(report);
    oci_document_free(document);
    return wrong ? fails("a wrong document was not refused") : 0;
}

static int check_newer_options(void)
{
    struct newer_options options;
    container_context *context = NULL;
    container_error *error = NULL;
    memset(&options, 0, sizeof options);
    options.known.size = sizeof options;
    if (container_context_new(&options.known, &context, NULL) != 0)
        return fails("zeroed new options were refused");
    container_context_free(context);
    options.unknown = 1;
    if (container_context_new(&options.known, &context, &error) != OCI_ERR_UNSUPPORTED)
        return fails("a new option was ignored");
    if (container_error_code(error) != OCI_ERR_UNSUPPORTED || !container_error_message(error)[0])
        return fails("an error without a message");
    container_error_free(error);
    return 0;
}

static int check_missing(const char *root)
{
    struct container_context_options options = CONTAINER_CONTEXT_OPTIONS_INIT;
    container_context *context = NULL;
    container *made = NULL;
    options.state_root = root;
    if (container_context_new(&options, &context, NULL) != 0)
        return fails("no context");
    int code = container_open(context, "nobody", &made, NULL);
    container_context_free(context);
    return code == OCI_ERR_NOT_FOUND ? 0 : fails("a container that does not exist was opened");
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return fails("usage: foreign STATE-ROOT");
    if (check_documents() || check_newer_options() || check_missing(argv[1]))
        return 1;
    if (strcmp(oci_code_name(OCI_ERR_TYPE), "type") != 0 || !container_version()[0])
        return fails("names");
    printf("foreign: all is well\n");
    return 0;
}
