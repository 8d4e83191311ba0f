/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules on image configurations, of the image specification and of Docker.
 */
#include "rules_image.h"

enum {
    CREATED,
    ENV_FORM,
    HISTORY_LAYERS,
    PORT_FORM,
    STOP_SIGNAL,
    WORKING_DIR,
};

static const struct oci_rule rules[] = {
    [CREATED] = {"image-config-created", ERROR, "image-config", "config.md#properties",
                 "created is a time of RFC 3339"},
    [ENV_FORM] = {"image-config-env-form", ERROR, "image-config", "config.md#properties",
                  "entries of Env have the form NAME=VALUE"},
    [HISTORY_LAYERS] = {"image-config-history-layers", WARNING, "image-config",
                        "config.md#properties",
                        "history has as many steps with layers as there are layers"},
    [PORT_FORM] = {"image-config-port-form", ERROR, "image-config", "config.md#properties",
                   "ExposedPorts are PORT or PORT/PROTOCOL with tcp, udp or sctp"},
    [STOP_SIGNAL] = {"image-config-stop-signal", WARNING, "image-config", "config.md#properties",
                     "StopSignal is SIGNAME or a number"},
    [WORKING_DIR] = {"image-config-working-dir", WARNING, "image-config", "config.md#properties",
                     "WorkingDir is an absolute path"},
};

const struct oci_rule_set oci_image_config_rules = {rules, sizeof(rules) / sizeof(rules[0])};

static void check_time(struct oci_checking *checking, const char *pointer, const char *time)
{
    if (time != NULL && !oci_rule_is_date_time(time))
        oci_rule_broken(checking, &rules[CREATED], pointer,
                        oci_rule_words(checking, "%s is not a time such as 2026-01-31T12:00:00Z",
                                       oci_rule_quote(checking, time)));
}

static void check_env(struct oci_checking *checking, const char *const *env, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *equals = env[i] != NULL ? strchr(env[i], '=') : NULL;

        if (env[i] != NULL && (equals == NULL || equals == env[i]))
            oci_rule_broken(checking, &rules[ENV_FORM], oci_rule_at(checking, "/config/Env/%zu", i),
                            oci_rule_words(checking, "%s is not of the form NAME=VALUE",
                                           oci_rule_quote(checking, env[i])));
    }
}

/* A port from 1 to 65535, or in Docker's form a range, and a protocol. */
static bool is_port(const char *text)
{
    for (int part = 0; part < 2; part++) {
        size_t digits = strspn(text, "0123456789");
        unsigned long port = 0;

        if (digits == 0 || digits > 5)
            return false;
        for (size_t i = 0; i < digits; i++)
            port = port * 10 + (unsigned long)(text[i] - '0');
        if (port == 0 || port > 65535)
            return false;
        text += digits;
        if (*text != '-' || part > 0)
            break;
        text++;
    }
    return *text == '\0' || strcmp(text, "/tcp") == 0 || strcmp(text, "/udp") == 0 ||
           strcmp(text, "/sctp") == 0;
}

static void check_ports(struct oci_checking *checking, const struct oci_string_entry *ports,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (ports[i].key != NULL && !is_port(ports[i].key))
            oci_rule_broken(
                checking, &rules[PORT_FORM],
                oci_rule_at_key(checking, "/config/ExposedPorts", ports[i].key),
                oci_rule_words(checking,
                               "%s is not a port such as 80 or 80/tcp, with tcp, udp or sctp",
                               oci_rule_quote(checking, ports[i].key)));
    }
}

static bool is_signal(const char *text)
{
    if (text[0] >= '0' && text[0] <= '9')
        return text[strspn(text, "0123456789")] == '\0';
    return strncmp(text, "SIG", 3) == 0 && text[3] != '\0' &&
           text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-")] == '\0';
}

static void check_run(struct oci_checking *checking, const char *os, const char *stop_signal,
                      const char *working_dir)
{
    bool is_windows = os != NULL && strcmp(os, "windows") == 0;

    if (stop_signal != NULL && stop_signal[0] != '\0' && !is_signal(stop_signal))
        oci_rule_broken(checking, &rules[STOP_SIGNAL], oci_rule_at(checking, "/config/StopSignal"),
                        oci_rule_words(checking, "%s is not a signal such as SIGTERM or 15",
                                       oci_rule_quote(checking, stop_signal)));
    /* In images for Windows a path without a drive is on the one that there is. */
    if (working_dir != NULL && working_dir[0] != '\0' && !oci_rule_is_absolute(working_dir) &&
        !(is_windows && (working_dir[0] == '\\' || oci_rule_is_absolute_windows(working_dir))))
        oci_rule_broken(checking, &rules[WORKING_DIR], oci_rule_at(checking, "/config/WorkingDir"),
                        oci_rule_words(checking, "the working directory %s is not an absolute path",
                                       oci_rule_quote(checking, working_dir)));
}

static void check_history(struct oci_checking *checking, const struct oci_image_history *history,
                          size_t count, const struct oci_image_rootfs *rootfs)
{
    size_t layers = 0;

    for (size_t i = 0; i < count; i++) {
        check_time(checking, oci_rule_at(checking, "/history/%zu/created", i), history[i].created);
        layers += !history[i].empty_layer;
    }
    if (count > 0 && rootfs != NULL && rootfs->diff_ids != NULL && layers != rootfs->diff_ids_count)
        oci_rule_broken(
            checking, &rules[HISTORY_LAYERS], oci_rule_at(checking, "/history"),
            oci_rule_words(checking,
                           "the history has %zu steps with a layer, but there are %zu layers",
                           layers, rootfs->diff_ids_count));
}

static void check_rootfs(struct oci_checking *checking, const struct oci_image_rootfs *rootfs)
{
    for (size_t i = 0; rootfs != NULL && i < rootfs->diff_ids_count; i++)
        oci_rule_check_digest(checking, oci_rule_at(checking, "/rootfs/diff_ids/%zu", i),
                              rootfs->diff_ids[i]);
}

void oci_rule_check_image_config(struct oci_checking *checking, const void *root)
{
    const struct oci_image_config *image = root;
    const struct oci_image_execution *config = image->config;

    check_time(checking, oci_rule_at(checking, "/created"), image->created);
    oci_rule_check_os(checking, image->os, image->architecture);
    oci_rule_check_variant(checking, image->architecture, image->variant);
    check_rootfs(checking, image->rootfs);
    check_history(checking, image->history, image->history_count, image->rootfs);
    if (config == NULL)
        return;
    check_env(checking, config->env, config->env_count);
    check_ports(checking, config->exposed_ports, config->exposed_ports_count);
    check_run(checking, image->os, config->stop_signal, config->working_dir);
}

void oci_rule_check_docker_config(struct oci_checking *checking, const void *root)
{
    const struct oci_docker_config *image = root;
    const struct oci_docker_execution *config = image->config;

    check_time(checking, oci_rule_at(checking, "/created"), image->created);
    oci_rule_check_os(checking, image->os, image->architecture);
    oci_rule_check_variant(checking, image->architecture, image->variant);
    check_rootfs(checking, image->rootfs);
    check_history(checking, image->history, image->history_count, image->rootfs);
    if (config == NULL)
        return;
    check_env(checking, config->env, config->env_count);
    check_ports(checking, config->exposed_ports, config->exposed_ports_count);
    check_run(checking, image->os, config->stop_signal, config->working_dir);
}
