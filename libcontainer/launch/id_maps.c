/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The id maps of a new user namespace.  The kernel takes from an ordinary user one line that maps its own id,
 * and the group's only once setgroups is given up; all else goes through newuidmap and newgidmap, which an
 * init runs, so that the host process is not forked.
 */
#include <launch/id_maps.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

#include <base/util.h>
#include <launch/session.h>

#define HELPER_TIMEOUT_MS 20000

struct map {
    const char *file; /* "uid_map" */
    const char *text; /* lines of three numbers */
    const char *place;
    const char *helper;
    const char *ranges; /* "/etc/subuid" */
    const char *what;   /* "user" */
    unsigned capability;
    uint32_t own;
};

static int write_file(pid_t pid, const char *file, const char *text)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
    _close_ int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    size_t length = strlen(text);
    ssize_t n = write(fd, text, length);
    return n < 0 ? -errno : n == (ssize_t)length ? 0 : -EIO;
}

static int write_by_hand(const struct id_mapper *mapper, pid_t pid, const struct map *map,
                         struct failure *failure)
{
    bool privileged = mapper->caller == NULL || caller_can(mapper->caller, map->capability);
    int r = 0;
    if (!privileged && map->capability == CAP_SETGID) {
        r = write_file(pid, "setgroups", "deny");
        if (r == -ENOENT)
            r = 0; /* a kernel that does not ask for it */
    }
    if (r == 0)
        r = write_file(pid, map->file, map->text);
    if (r == 0)
        return 0;
    fail_at(failure, "%s", map->place);
    if (r == -EPERM && mapper->caller && mapper->caller->in_user_namespace)
        return fail(failure, OCI_ERR_ID_MAPPING,
                    "the caller is in a user namespace that does not have all of these ids; see "
                    "/proc/self/%s for those it has",
                    map->file);
    return fail_errno(failure, OCI_ERR_ID_MAPPING, -r, "write /proc/%d/%s", (int)pid, map->file);
}

/* One line, one id, the caller's own. */
static bool is_own_id(const struct map *map)
{
    unsigned inside, outside, size;
    const char *end = strchr(map->text, '\n');
    return end && end[1] == 0 && sscanf(map->text, "%u %u %u", &inside, &outside, &size) == 3 &&
           size == 1 && outside == map->own;
}

static char *read_whole(const char *path)
{
    char *text = NULL;
    size_t length;
    int error;
    _close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd >= 0 && oci_read_fd(fd, 1 << 20, &text, &length, &error) == 0 ? text : NULL;
}

/* The first field of the line of a file in passwd's form whose field `index` is the id. */
static bool find_name(const char *passwd, uid_t uid, char *name, size_t size)
{
    for (const char *line = passwd; line && *line;) {
        unsigned long id;
        size_t length = strcspn(line, "\n"), first = strcspn(line, ":\n");
        const char *second = line[first] == ':' ? strchr(line + first + 1, ':') : NULL;
        if (second && second < line + length && sscanf(second + 1, "%lu", &id) == 1 && id == uid &&
            first < size) {
            memcpy(name, line, first);
            name[first] = 0;
            return true;
        }
        line += length + (line[length] == '\n');
    }
    return false;
}

static bool has_line(const char *ranges, const char *name)
{
    size_t length = strlen(name);
    for (const char *line = ranges; line && *line;) {
        if (strncmp(line, name, length) == 0 && line[length] == ':')
            return true;
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    return false;
}

/* What a person has to mend, as far as the host's files tell. */
static void advice(const struct id_mapper *mapper, const struct map *map, struct buffer *out)
{
    char name[64], number[16];
    uid_t uid = mapper->caller->uid;
    _free_ char *passwd = read_whole("/etc/passwd"), *ranges = read_whole(map->ranges);
    snprintf(number, sizeof(number), "%u", uid);
    bool named = find_name(passwd, uid, name, sizeof(name));
    if (has_line(ranges, number) || (named && has_line(ranges, name)))
        buffer_format(out, "; the mapping may use what %s gives to the user, and the user's own id",
                      map->ranges);
    else
        buffer_format(
            out,
            "; %s has no line for %s: add \"%s:100000:65536\", or another free range, or map "
            "only the user's own id",
            map->ranges, named ? name : number, named ? name : number);
}

/* Files may carry the right to write maps as the setuid bit or as a capability. */
static int check_helper(const struct map *map, struct failure *failure)
{
    struct stat st;
    fail_at(failure, "%s", map->place);
    if (stat(map->helper, &st) < 0)
        return errno == ENOENT || errno == ENOTDIR
                   ? fail(failure, OCI_ERR_ID_MAPPING,
                          "this mapping needs %s, which does not exist: install it (it belongs to "
                          "shadow; "
                          "Debian's package is uidmap), or map only the caller's own %s id, %u",
                          map->helper, map->what, map->own)
                   : fail_errno(failure, OCI_ERR_ID_MAPPING, errno, "look at %s", map->helper);
    bool has_rights = (st.st_mode & S_ISUID && st.st_uid == 0) ||
                      getxattr(map->helper, "security.capability", NULL, 0) > 0;
    struct statvfs fs;
    if (has_rights && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
        return fail(failure, OCI_ERR_ID_MAPPING,
                    "%s can map nothing: the caller has given up gaining privileges (no_new_privs)",
                    map->helper);
    if (has_rights && statvfs(map->helper, &fs) == 0 && fs.f_flag & ST_NOSUID)
        return fail(failure, OCI_ERR_ID_MAPPING,
                    "%s can map nothing: it is on a mount with the option nosuid", map->helper);
    if (has_rights)
        return 0;
    return fail(failure, OCI_ERR_ID_MAPPING,
                "%s can map nothing: it is neither setuid root nor has it a file capability; "
                "install it anew, "
                "or chmod u+s it",
                map->helper);
}

/* "newuidmap", pid, and three numbers a line; *numbers is what they point into. */
static const char **helper_arguments(const struct map *map, const char *pid, char **numbers)
{
    size_t count = 0;
    for (const char *p = map->text; *p; p++)
        count += *p == '\n' || *p == ' ';
    const char **argv = calloc(count + 3, sizeof(*argv));
    *numbers = strdup(map->text);
    if (argv == NULL || *numbers == NULL) {
        free(argv);
        return NULL;
    }
    size_t n = 0;
    argv[n++] = map->helper;
    argv[n++] = pid;
    char *rest = *numbers;
    for (char *word; (word = strsep(&rest, " \n")) != NULL;) {
        if (*word)
            argv[n++] = word;
    }
    return argv;
}

static int run_helper(const struct id_mapper *mapper, const char *path, const char *const *argv,
                      struct failure *failure)
{
    struct compiled compiled _compiled_ = {0};
    int r = compile_helper(path, argv, HELPER_TIMEOUT_MS, &compiled, failure);
    if (r < 0)
        return r;
    struct session session = SESSION_INIT;
    session.compiled = &compiled;
    session.file = "";
    session.cancel = mapper->cancel;
    return session_run_errand(&session, mapper->init, failure);
}

static int write_by_helper(const struct id_mapper *mapper, pid_t pid, const struct map *map,
                           struct failure *failure)
{
    char pid_text[16];
    _free_ char *numbers = NULL;
    int r = check_helper(map, failure);
    if (r < 0)
        return r;
    snprintf(pid_text, sizeof(pid_text), "%d", (int)pid);
    _free_ const char **argv = helper_arguments(map, pid_text, &numbers);
    if (argv == NULL)
        return fail_memory(failure);
    struct failure told = {0};
    r = run_helper(mapper, map->helper, argv, &told);
    if (r == 0) {
        failure->has_pointer = false;
        return 0;
    }
    if (r == OCI_ERR_CANCELLED || r == OCI_ERR_NO_MEMORY) {
        *failure = told;
        return r;
    }
    _buffer_ struct buffer text = {0};
    static const char verb[] = "run hook ";
    bool is_verb = strncmp(told.text, verb, sizeof(verb) - 1) == 0;
    buffer_text(&text, told.text + (is_verb ? sizeof(verb) - 1 : 0));
    advice(mapper, map, &text);
    return text.failed ? fail_memory(failure)
                       : fail(failure, OCI_ERR_ID_MAPPING, "map %s ids: %s", map->what, text.data);
}

int id_maps_write(const struct id_mapper *mapper, pid_t pid, const struct compiled *compiled,
                  struct failure *failure)
{
    const struct caller *caller = mapper->caller;
    const struct map maps[] = {
        {"uid_map", compiled->uid_map, "/linux/uidMappings", mapper->newuidmap, "/etc/subuid",
         "user", CAP_SETUID, caller ? caller->uid : 0},
        {"gid_map", compiled->gid_map, "/linux/gidMappings", mapper->newgidmap, "/etc/subgid",
         "group", CAP_SETGID, caller ? caller->gid : 0},
    };
    int r = 0;
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(maps); i++) {
        bool by_hand =
            caller == NULL || caller_can(caller, maps[i].capability) || is_own_id(&maps[i]);
        r = by_hand ? write_by_hand(mapper, pid, &maps[i], failure)
                    : write_by_helper(mapper, pid, &maps[i], failure);
    }
    return r;
}
