/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/session_place.h"

#include "audit/place.h"
#include "base/fd.h"
#include "sandbox/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* (transfer full): or -errno; -EPERM: others may get at it. */
static int
open_ours(int dir_fd, const char *path)
{
    bns_autofd fd =
        openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat info;

    if (fd < 0 || fstat(fd, &info) < 0)
        return -errno;
    return info.st_uid == geteuid() && (info.st_mode & 077) == 0 ? g_steal_fd(&fd)
                                                                 : -EPERM;
}

/* A runtime directory that holds the home is not made private inside
 * (sandbox/private_trees.h). */
static bool
holds_home(const char *path)
{
    const char *home = g_getenv("HOME");
    char *real_path = realpath(path, NULL);
    char *real_home = home != NULL ? realpath(home, NULL) : NULL;
    bool holds = real_path == NULL ||
                 (real_home != NULL && bns_tree_is_within(real_home, real_path));

    free(real_path);
    free(real_home);
    return holds;
}

static int
open_runtime(bool create)
{
    const char *path = g_getenv("XDG_RUNTIME_DIR");
    bns_autofd above = -1;

    if (path == NULL || !g_path_is_absolute(path))
        return -ENOENT;
    above = open_ours(AT_FDCWD, path);
    if (above < 0 || holds_home(path))
        return above < 0 ? above : -EPERM;
    if (create && mkdirat(above, "boundary-ns", 0700) < 0 && errno != EEXIST)
        return -errno;
    return open_ours(above, "boundary-ns");
}

int
bns_session_place_open(BnsSessionPlace place, bool create, GError **error)
{
    g_autofree char *path = NULL;
    GError *why = NULL;
    struct stat info;
    int fd;

    if (place == BNS_SESSION_PLACE_RUNTIME)
        return MAX(open_runtime(create), -1);
    fd = bns_place_open_named(BNS_PLACE_STATE, "run", create, &path, &why);
    if (fd >= 0)
        return fd;
    if (create || path == NULL || lstat(path, &info) == 0 || errno != ENOENT)
        g_propagate_error(error, why);
    else
        g_error_free(why);
    return -1;
}

int
bns_session_place_open_for_sockets(bool create, GError **error)
{
    g_autofree char *path = NULL;
    int fd = open_runtime(create);

    return fd >= 0
               ? fd
               : bns_place_open_named(BNS_PLACE_SHARED, "run", create, &path, error);
}
