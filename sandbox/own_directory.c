/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/own_directory.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int
bns_own_directory_unlock(int dir_fd, const char *name, mode_t needed)
{
    bns_autofd fd = openat(dir_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat info;
    char link[64];

    if (fd < 0 || fstat(fd, &info) < 0)
        return -errno;
    if (info.st_uid != geteuid() || (info.st_mode & needed) == needed)
        return 0;
    /* By what was looked at: the name may be another's by now. */
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    return chmod(link, (info.st_mode & 07777) | needed) < 0 ? -errno : 0;
}
