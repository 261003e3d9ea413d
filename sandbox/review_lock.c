/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/review_lock.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>

#define LOCK_NAME "lock"

static struct flock
whole_file(void)
{
    return (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET };
}

/* (transfer full): the lock file of the review @dir_fd, or -errno. */
static int
open_lock(int dir_fd, int flags)
{
    int fd = openat(dir_fd, LOCK_NAME, flags | O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0600);

    return fd < 0 ? -errno : fd;
}

int
bns_review_lock(int dir_fd, int flags)
{
    struct flock whole = whole_file();
    bns_autofd fd = open_lock(dir_fd, flags);

    if (fd >= 0 && fcntl(fd, F_OFD_SETLK, &whole) < 0)
        return errno == EACCES ? -EAGAIN : -errno;
    return g_steal_fd(&fd);
}

bool
bns_review_is_locked(int dir_fd)
{
    struct flock whole = whole_file();
    bns_autofd fd = open_lock(dir_fd, 0);

    return fd >= 0 && fcntl(fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
}
