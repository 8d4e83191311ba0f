/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules on descriptors, wherever they stand, with their platforms and annotations.
 */
#include "rules_image.h"

#include <stdio.h>

#define EMPTY_DIGEST "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

enum {
    ANNOTATION_KEY,
    CREATED,
    DATA_BASE64,
    DATA_SIZE,
    DIGEST_ALGORITHM,
    DIGEST_FORM,
    EMPTY,
    PLATFORM_ARCHITECTURE,
    PLATFORM_OS,
    PLATFORM_VARIANT,
    REF_NAME,
    SIZE,
    URL_FORM,
};

static const struct oci_rule rules[] = {
    [ANNOTATION_KEY] = {"annotation-key-empty", ERROR, "image-descriptor", "annotations.md#rules",
                        "keys of annotations are not empty"},
    [CREATED] = {"annotation-created", ERROR, "image-descriptor",
                 "annotations.md#pre-defined-annotation-keys",
                 "org.opencontainers.image.created is a time of RFC 3339"},
    [DATA_BASE64] = {"descriptor-data-base64", ERROR, "image-descriptor",
                     "descriptor.md#properties", "data is base64"},
    [DATA_SIZE] = {"descriptor-data-size", ERROR, "image-descriptor", "descriptor.md#properties",
                   "data is as long as size says"},
    [DIGEST_ALGORITHM] = {"descriptor-digest-algorithm", WARNING, "image-descriptor",
                          "descriptor.md#registered-algorithms",
                          "the algorithm of a digest is a registered one"},
    [DIGEST_FORM] = {"descriptor-digest-form", ERROR, "image-descriptor", "descriptor.md#digests",
                     "a digest has the digits that its algorithm gives"},
    [EMPTY] = {"descriptor-empty", ERROR, "image-descriptor",
               "manifest.md#guidance-for-an-empty-descriptor",
               "the empty descriptor is that of the two bytes {}"},
    [PLATFORM_ARCHITECTURE] = {"platform-architecture", WARNING, "image-descriptor",
                               "image-index.md#image-index-property-descriptions",
                               "architecture is a name of GOARCH"},
    [PLATFORM_OS] = {"platform-os", WARNING, "image-descriptor",
                     "image-index.md#image-index-property-descriptions", "os is a name of GOOS"},
    [PLATFORM_VARIANT] = {"platform-variant", WARNING, "image-descriptor",
                          "image-index.md#platform-variants",
                          "variants of arm and arm64 are those that are listed"},
    [REF_NAME] = {"annotation-ref-name", WARNING, "image-descriptor",
                  "annotations.md#pre-defined-annotation-keys",
                  "org.opencontainers.image.ref.name is made of letters, digits and separators"},
    [SIZE] = {"descriptor-size", ERROR, "image-descriptor", "descriptor.md#properties",
              "a size is not negative"},
    [URL_FORM] = {"descriptor-url-form", ERROR, "image-descriptor", "descriptor.md#properties",
                  "entries of urls are addresses with a scheme, commonly http or https"},
};

const struct oci_rule_set oci_descriptor_rules = {rules, sizeof(rules) / sizeof(rules[0])};

static const char *const known_os[] = {
    "aix",     "android", "darwin", "dragonfly", "freebsd", "hurd",    "illumos",
    "ios",     "js",      "linux",  "nacl",      "netbsd",  "openbsd", "plan9",
    "solaris", "wasi",    "wasip1", "wasip2",    "windows", "zos",     NULL,
};

static const char *const known_architectures[] = {
    "386",     "amd64",   "amd64p32", "arm",    "armbe",    "arm64",     "arm64be",
    "loong64", "mips",    "mipsle",   "mips64", "mips64le", "mips64p32", "mips64p32le",
    "ppc",     "ppc64",   "ppc64le",  "riscv",  "riscv64",  "s390",      "s390x",
    "sparc",   "sparc64", "wasm",     "wasm32", NULL,
};

/* What other tools say, and what that is in GOARCH and GOOS. */
static const char *const other_names[][2] = {
    {"x86_64", "amd64"},  {"x86-64", "amd64"},      {"x64", "amd64"},
    {"aarch64", "arm64"}, {"armhf", "arm"},         {"armv7", "arm"},
    {"armv7l", "arm"},    {"armv6l", "arm"},        {"i386", "386"},
    {"i686", "386"},      {"x86", "386"},           {"ppc64el", "ppc64le"},
    {"mipsel", "mipsle"}, {"mips64el", "mips64le"}, {"loongarch64", "loong64"},
    {"macos", "darwin"},  {"osx", "darwin"},        {"win32", "windows"},
    {"sunos", "solaris"},
};

/* Between separators . - _ @ + : and / stand letters and digits; no two separators but in "--". */
static bool is_ref_name(const char *text)
{
    bool after_letter = false;

    for (; *text != '\0'; text++) {
        char c = *text;

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) {
            after_letter = true;
        } else {
            if (strchr("._-@+:/", c) == NULL || !after_letter)
                return false;
            if (c == '-' && text[1] == '-')
                text++;
            after_letter = false;
        }
    }
    return after_letter;
}

void oci_rule_check_created(struct oci_checking *checking,
                            const struct oci_string_entry *annotations, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *key = annotations[i].key, *value = annotations[i].value;

        if (key == NULL || value == NULL || strcmp(key, "org.opencontainers.image.created") != 0 ||
            oci_rule_is_date_time(value))
            continue;
        oci_rule_broken(checking, &rules[CREATED], oci_rule_at_key(checking, "/annotations", key),
                        oci_rule_words(checking, "%s is not a time such as 2026-01-31T12:00:00Z",
                                       oci_rule_quote(checking, value)));
    }
}

void oci_rule_check_image_annotations(struct oci_checking *checking,
                                      const struct oci_string_entry *annotations, size_t count)
{
    oci_rule_check_annotations(checking, &rules[ANNOTATION_KEY], annotations, count);
    oci_rule_check_created(checking, annotations, count);
    for (size_t i = 0; i < count; i++) {
        const char *key = annotations[i].key, *value = annotations[i].value;

        if (key == NULL || value == NULL)
            continue;
        if (strcmp(key, "org.opencontainers.image.ref.name") == 0 && !is_ref_name(value))
            oci_rule_broken(checking, &rules[REF_NAME],
                            oci_rule_at_key(checking, "/annotations", key),
                            oci_rule_words(checking,
                                           "%s is not letters and digits with one of . _ - @ + : / "
                                           "(or --) between them",
                                           oci_rule_quote(checking, value)));
    }
}

static void complain_digest(struct oci_checking *checking, const char *pointer, const char *digest,
                            size_t digits)
{
    const char *encoded = strchr(digest, ':') + 1;
    int name = (int)(encoded - digest - 1);
    size_t length = strlen(encoded), good = strspn(encoded, "0123456789abcdef");
    char expected[96], found[96];
    struct oci_breach breach = {.expected = expected, .found = found};

    (void)snprintf(expected, sizeof(expected),
                   "%zu lower-case hexadecimal digits after %.*s:", digits, name, digest);
    if (good == length)
        (void)snprintf(found, sizeof(found), "%zu", length);
    else if (length != digits)
        (void)snprintf(found, sizeof(found), "%zu characters, some of them none", length);
    else
        (void)snprintf(found, sizeof(found), "%s, which is none, as number %zu",
                       oci_rule_quote_part(checking, encoded + good, 1), good + 1);
    oci_rule_broken_so(checking, &rules[DIGEST_FORM], pointer, &breach);
}

void oci_rule_check_digest(struct oci_checking *checking, const char *pointer, const char *digest)
{
    size_t digits = 0;

    if (digest == NULL)
        return;
    if (!oci_rule_is_digest(digest, &digits))
        complain_digest(checking, pointer, digest, digits);
    else if (digits == 0)
        oci_rule_broken(checking, &rules[DIGEST_ALGORITHM], pointer,
                        oci_rule_words(checking,
                                       "the algorithm of %s is none that is registered: sha256, "
                                       "sha512, blake3",
                                       oci_rule_quote(checking, digest)));
}

/* Builders say "unknown" of what is for no platform, and "" stands where a tool had nothing to say. */
static void check_name(struct oci_checking *checking, const struct oci_rule *rule,
                       const char *pointer, const char *name, const char *const *known,
                       const char *words)
{
    struct oci_breach breach = {.suggestion = NULL};

    if (name == NULL || name[0] == '\0' || strcmp(name, "unknown") == 0 ||
        oci_rule_is_one_of(name, known))
        return;
    for (size_t i = 0; i < sizeof(other_names) / sizeof(other_names[0]); i++) {
        if (strcmp(name, other_names[i][0]) == 0 && oci_rule_is_one_of(other_names[i][1], known))
            breach.suggestion = other_names[i][1];
    }
    if (breach.suggestion == NULL)
        breach.suggestion = oci_rule_nearest(name, known);
    breach.found = oci_rule_quote(checking, name);
    breach.words = oci_rule_words(checking, "%s is none of the names of %s", breach.found, words);
    oci_rule_broken_so(checking, rule, pointer, &breach);
}

void oci_rule_check_os(struct oci_checking *checking, const char *os, const char *architecture)
{
    check_name(checking, &rules[PLATFORM_OS], oci_rule_at(checking, "/os"), os, known_os, "GOOS");
    check_name(checking, &rules[PLATFORM_ARCHITECTURE], oci_rule_at(checking, "/architecture"),
               architecture, known_architectures, "GOARCH");
}

void oci_rule_check_variant(struct oci_checking *checking, const char *architecture,
                            const char *variant)
{
    static const char *const arm[] = {"v5", "v6", "v7", "v8", NULL};
    static const char *const arm64[] = {"v8",   "v8.1", "v8.2", "v8.3", "v8.4", "v8.5",
                                        "v8.6", "v8.7", "v8.8", "v8.9", "v9",   "v9.1",
                                        "v9.2", "v9.3", "v9.4", "v9.5", NULL};
    bool is_arm = architecture != NULL && strcmp(architecture, "arm") == 0;
    bool is_arm64 = architecture != NULL && strcmp(architecture, "arm64") == 0;

    if (variant == NULL || variant[0] == '\0' || (!is_arm && !is_arm64))
        return;
    if (!oci_rule_is_one_of(variant, is_arm ? arm : arm64))
        oci_rule_broken(checking, &rules[PLATFORM_VARIANT], oci_rule_at(checking, "/variant"),
                        oci_rule_words(checking, "%s is no variant of %s that is known",
                                       oci_rule_quote(checking, variant), architecture));
}

static void check_platform(struct oci_checking *checking, const struct oci_platform *platform)
{
    size_t base;

    if (platform == NULL)
        return;
    base = oci_rule_enter(checking, "/platform");
    oci_rule_check_os(checking, platform->os, platform->architecture);
    oci_rule_check_variant(checking, platform->architecture, platform->variant);
    oci_rule_leave(checking, base);
}

static void check_urls(struct oci_checking *checking, const struct oci_descriptor *descriptor)
{
    for (size_t i = 0; i < descriptor->urls_count; i++) {
        const char *url = descriptor->urls[i];
        size_t scheme = url != NULL ? strspn(url, "abcdefghijklmnopqrstuvwxyz"
                                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-")
                                    : 0;

        if (url != NULL && (scheme == 0 || url[scheme] != ':' || url[scheme + 1] == '\0' ||
                            strpbrk(url, " <>\"{}|\\^`") != NULL))
            oci_rule_broken(
                checking, &rules[URL_FORM], oci_rule_at(checking, "/urls/%zu", i),
                oci_rule_words(checking,
                               "%s is not an address with a scheme, such as https://example.com/a",
                               oci_rule_quote(checking, url)));
    }
}

static void check_data(struct oci_checking *checking, const struct oci_descriptor *descriptor)
{
    int64_t length = descriptor->data != NULL ? oci_rule_base64_length(descriptor->data) : 0;

    if (descriptor->data == NULL)
        return;
    if (length < 0)
        oci_rule_broken(checking, &rules[DATA_BASE64], oci_rule_at(checking, "/data"),
                        "data is not base64");
    else if (length != descriptor->size)
        oci_rule_broken(checking, &rules[DATA_SIZE], oci_rule_at(checking, "/data"),
                        oci_rule_words(checking, "data is %lld bytes long, not %lld as size says",
                                       (long long)length, (long long)descriptor->size));
}

static void check_empty(struct oci_checking *checking, const struct oci_descriptor *descriptor)
{
    char found[32];

    if (descriptor->media_type == NULL || strcmp(descriptor->media_type, EMPTY_TYPE) != 0)
        return;
    if (descriptor->size != 2) {
        (void)snprintf(found, sizeof(found), "%lld", (long long)descriptor->size);
        oci_rule_broken_so(
            checking, &rules[EMPTY], oci_rule_at(checking, "/size"),
            &(struct oci_breach){.expected = "the size 2 of the empty descriptor", .found = found});
    }
    if (descriptor->digest != NULL && strncmp(descriptor->digest, "sha256:", 7) == 0 &&
        strcmp(descriptor->digest, EMPTY_DIGEST) != 0)
        oci_rule_broken_so(checking, &rules[EMPTY], oci_rule_at(checking, "/digest"),
                           &(struct oci_breach){.expected = "the digest of {}, " EMPTY_DIGEST,
                                                .found = "another"});
}

void oci_rule_check_one_descriptor(struct oci_checking *checking,
                                   const struct oci_descriptor *descriptor)
{
    if (descriptor == NULL)
        return;
    if (descriptor->size < 0)
        oci_rule_broken(checking, &rules[SIZE], oci_rule_at(checking, "/size"),
                        oci_rule_words(checking, "a size of %lld bytes is negative",
                                       (long long)descriptor->size));
    oci_rule_check_digest(checking, oci_rule_at(checking, "/digest"), descriptor->digest);
    check_empty(checking, descriptor);
    check_urls(checking, descriptor);
    check_data(checking, descriptor);
    check_platform(checking, descriptor->platform);
    oci_rule_check_image_annotations(checking, descriptor->annotations,
                                     descriptor->annotations_count);
}

void oci_rule_check_descriptor(struct oci_checking *checking, const void *root)
{
    oci_rule_check_one_descriptor(checking, root);
}
