/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which type an example document of tests/spec is of: its name begins with it.
 */
#include "examples.h"

#include <string.h>

/* No prefix is the beginning of another. */
static const struct {
    const char *prefix;
    const oci_type *(*type)(void);
} types[] = {
    {"config-", oci_runtime_config_type},
    {"state-", oci_runtime_state_type},
    {"features-", oci_runtime_features_type},
    {"process-", oci_process_type},
    {"descriptor-", oci_descriptor_type},
    {"index-", oci_image_index_type},
    {"manifest-", oci_image_manifest_type},
    {"image-config-", oci_image_config_type},
    {"layout-", oci_image_layout_type},
    {"registry-error-", oci_registry_errors_type},
    {"tag-list-", oci_tag_list_type},
    {"catalog-", oci_repository_list_type},
    {"token-", oci_registry_token_type},
    {"docker-list-", oci_docker_manifest_list_type},
    {"docker-manifest-", oci_docker_manifest_type},
    {"docker-config-", oci_docker_config_type},
};

const oci_type *example_type(const char *name)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (strncmp(name, types[i].prefix, strlen(types[i].prefix)) == 0)
            return types[i].type();
    }
    return NULL;
}
