/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking for security modules: by what the kernel shows, never by configuration files.
 */
#include <base/modules.h>

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <base/util.h>

static bool has_apparmor(void)
{
    char answer = 'N';
    _close_ int fd = open("/sys/module/apparmor/parameters/enabled", O_RDONLY | O_CLOEXEC);
    return fd >= 0 && read(fd, &answer, 1) == 1 && answer == 'Y';
}

/* selinuxfs can be mounted only where SELinux is on. */
static bool has_selinux(void)
{
    static const char *const places[] = {"/sys/fs/selinux", "/selinux"};
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        struct statfs fs;
        _close_ int fd = open(places[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type == SELINUX_MAGIC)
            return true;
    }
    return false;
}

unsigned host_modules(void)
{
    unsigned found = has_selinux() ? HOST_SELINUX : 0;
    if (has_apparmor())
        found |= access("/proc/thread-self/attr/apparmor/exec", F_OK) == 0
                     ? HOST_APPARMOR | HOST_APPARMOR_FOLDER
                     : HOST_APPARMOR;
    return found;
}
