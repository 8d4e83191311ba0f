/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules on the state of a container and on the features of a runtime.
 */
#include "rule.h"

enum {
    ANNOTATION_KEY,
    BUNDLE_ABSOLUTE,
    FEATURES_ANNOTATION_KEY,
    FEATURES_ORDER,
    FEATURES_VERSION,
    ID_EMPTY,
    PID_MISSING,
    STATUS_UNKNOWN,
    VERSION_FORM,
};

static const struct oci_rule rules[] = {
    [ANNOTATION_KEY] = {"state-annotation-key", ERROR, "runtime-state", "config.md#annotations",
                        "keys of annotations are not empty"},
    [BUNDLE_ABSOLUTE] = {"state-bundle-absolute", ERROR, "runtime-state", "runtime.md#state",
                         "bundle is an absolute path"},
    [FEATURES_ANNOTATION_KEY] = {"features-annotation-key", ERROR, "runtime-features",
                                 "features.md#annotations", "keys of annotations are not empty"},
    [FEATURES_ORDER] = {"features-version-order", ERROR, "runtime-features",
                        "features.md#specification-version",
                        "ociVersionMax is not below ociVersionMin"},
    [FEATURES_VERSION] = {"features-version-form", ERROR, "runtime-features",
                          "features.md#specification-version",
                          "ociVersionMin and ociVersionMax are versions of Semantic Versioning"},
    [ID_EMPTY] = {"state-id-empty", ERROR, "runtime-state", "runtime.md#state",
                  "the id is not empty"},
    [PID_MISSING] = {"state-pid-missing", WARNING, "runtime-state", "runtime.md#state",
                     "a container that is created or running has a pid, on Linux at least"},
    [STATUS_UNKNOWN] = {"state-status-unknown", WARNING, "runtime-state", "runtime.md#state",
                        "status is one that is known"},
    [VERSION_FORM] = {"state-version-form", ERROR, "runtime-state", "runtime.md#state",
                      "ociVersion is a version of Semantic Versioning"},
};

const struct oci_rule_set oci_state_rules = {rules, sizeof(rules) / sizeof(rules[0])};

/* paused is what runc, crun and ocikit say of a frozen container. */
static const char *const statuses[] = {"creating", "created", "running", "paused", "stopped", NULL};

void oci_rule_check_state(struct oci_checking *checking, const void *root)
{
    static const char *const living[] = {"created", "running", NULL};
    const struct oci_runtime_state *state = root;
    bool lives = oci_rule_is_one_of(state->status, living);

    if (state->oci_version != NULL && !oci_rule_is_semver(state->oci_version))
        oci_rule_broken(checking, &rules[VERSION_FORM], oci_rule_at(checking, "/ociVersion"),
                        oci_rule_words(checking, "%s is not a version such as 1.3.0",
                                       oci_rule_quote(checking, state->oci_version)));
    if (state->id != NULL && state->id[0] == '\0')
        oci_rule_broken(checking, &rules[ID_EMPTY], oci_rule_at(checking, "/id"),
                        "the id is empty");
    if (lives && (!state->has_pid || state->pid <= 0))
        oci_rule_broken(
            checking, &rules[PID_MISSING], oci_rule_at(checking, "/pid"),
            oci_rule_words(checking, "a container that is %s needs a pid", state->status));
    if (state->status != NULL && !oci_rule_is_one_of(state->status, statuses))
        oci_rule_not_listed(checking, &rules[STATUS_UNKNOWN], oci_rule_at(checking, "/status"),
                            state->status, statuses,
                            "is none of the specification's: creating, created, running, stopped");
    if (state->bundle != NULL && !oci_rule_is_absolute(state->bundle))
        oci_rule_broken(checking, &rules[BUNDLE_ABSOLUTE], oci_rule_at(checking, "/bundle"),
                        oci_rule_words(checking, "the bundle %s is not an absolute path",
                                       oci_rule_quote(checking, state->bundle)));
    oci_rule_check_annotations(checking, &rules[ANNOTATION_KEY], state->annotations,
                               state->annotations_count);
}

static void check_features_version(struct oci_checking *checking, const char *member,
                                   const char *version)
{
    if (version != NULL && !oci_rule_is_semver(version))
        oci_rule_broken(checking, &rules[FEATURES_VERSION], oci_rule_at(checking, "/%s", member),
                        oci_rule_words(checking, "%s is not a version such as 1.3.0",
                                       oci_rule_quote(checking, version)));
}

void oci_rule_check_features(struct oci_checking *checking, const void *root)
{
    const struct oci_runtime_features *features = root;

    check_features_version(checking, "ociVersionMin", features->oci_version_min);
    check_features_version(checking, "ociVersionMax", features->oci_version_max);
    if (oci_rule_is_semver(features->oci_version_min) &&
        oci_rule_is_semver(features->oci_version_max) &&
        oci_rule_compare_semver(features->oci_version_max, features->oci_version_min) < 0)
        oci_rule_broken(checking, &rules[FEATURES_ORDER], oci_rule_at(checking, "/ociVersionMax"),
                        oci_rule_words(checking, "%s is below ociVersionMin",
                                       oci_rule_quote(checking, features->oci_version_max)));
    oci_rule_check_annotations(checking, &rules[FEATURES_ANNOTATION_KEY], features->annotations,
                               features->annotations_count);
}
