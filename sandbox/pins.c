/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/pins.h"

#include "base/fd.h"
#include "sandbox/mount_api.h"
#include "sandbox/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static bool
is_read_only(int fd)
{
    struct statvfs mount;

    return fstatvfs(fd, &mount) == 0 && (mount.f_flag & ST_RDONLY) != 0;
}

/* Whether the command could rename an entry of @dir_fd. What the user owns (here: what
 * root owns) counts, whatever its mode: chmod(1) is easy. */
static bool
is_writable(int dir_fd)
{
    char link[64];
    struct stat info;

    if (is_read_only(dir_fd))
        return false;
    if (fstat(dir_fd, &info) < 0 || info.st_uid == geteuid())
        return true;
    snprintf(link, sizeof(link), "/proc/self/fd/%d", dir_fd);
    return access(link, W_OK) == 0 || (errno != EACCES && errno != EROFS);
}

/* Kernels before 5.8 do not tell; a second mount on the same place does no harm. */
static bool
is_mount_point(int fd, int parent_fd)
{
    struct statx info, parent;

    return statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &info) == 0 &&
           statx(parent_fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &parent) == 0 &&
           (info.stx_mask & parent.stx_mask & STATX_MNT_ID) != 0 &&
           info.stx_mnt_id != parent.stx_mnt_id;
}

/* Mounts @fd on itself. (transfer full): the new mount. Takes @fd. */
static int
pin(int fd, bool read_only)
{
    bns_autofd owned = fd;

    return bns_mount_bind(owned, owned,
                          read_only ? BNS_BIND_READ_ONLY : BNS_BIND_AS_IS);
}

typedef enum {
    STEP_ON_THE_WAY,
    STEP_LAST,
    STEP_LAST_LINK,
} Step;

static bool
is_pinned(int fd, int parent_fd, Step step)
{
    return is_mount_point(fd, parent_fd) &&
           (step == STEP_LAST_LINK || is_read_only(fd));
}

/* One step down. (transfer full): what @name is now, or -errno. */
static int
descend(int parent_fd, const char *name, Step step)
{
    bns_autofd fd = bns_tree_look(parent_fd, name);
    struct stat info;

    if (fd < 0)
        return fd;
    if (fstat(fd, &info) < 0)
        return -errno;
    if (S_ISLNK(info.st_mode) != (step == STEP_LAST_LINK))
        return -ELOOP;
    if (step != STEP_ON_THE_WAY && is_pinned(fd, parent_fd, step))
        return g_steal_fd(&fd);
    if (step != STEP_ON_THE_WAY)
        return pin(g_steal_fd(&fd), step == STEP_LAST);
    if (!S_ISDIR(info.st_mode))
        return -ENOTDIR;
    if (is_writable(parent_fd) && !is_mount_point(fd, parent_fd))
        return pin(g_steal_fd(&fd), false);
    return g_steal_fd(&fd);
}

static int
pin_path(const char *path, Step last)
{
    bns_autofd at = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

    for (const char *rest = path + strspn(path, "/"); at >= 0 && *rest != '\0';) {
        char name[NAME_MAX + 1];
        size_t len = strcspn(rest, "/");
        int next;

        if (len > NAME_MAX)
            return -ENAMETOOLONG;
        memcpy(name, rest, len);
        name[len] = '\0';
        rest += len + strspn(rest + len, "/");
        next = descend(at, name, *rest == '\0' ? last : STEP_ON_THE_WAY);
        if (next < 0)
            return next;
        bns_fd_clear(&at);
        at = next;
    }
    return at < 0 ? -errno : 0;
}

static bool
pin_all(const char *const *paths, Step last, BnsFault *fault)
{
    for (const char *const *path = paths; path != NULL && *path != NULL; path++) {
        int r = pin_path(*path, last);

        if (r == -ELOOP)
            return bns_fault_set(
                fault,
                last == STEP_LAST_LINK
                    ? "Could not protect \"%s\": it is not the symbolic "
                      "link any more that it was"
                    : "Could not protect \"%s\": a part of it became a "
                      "symbolic link",
                *path);
        if (r < 0 && r != -ENOENT && r != -ENOTDIR)
            return bns_fault_set(fault, "Could not protect \"%s\": %s", *path,
                                 strerror(-r));
    }
    return true;
}

bool
bns_pins_mount(const char *const *paths, const char *const *links, BnsFault *fault)
{
    return pin_all(paths, STEP_LAST, fault) && pin_all(links, STEP_LAST_LINK, fault);
}

static bool
repair(const char *const *paths, Step last)
{
    bool is_whole = true;

    for (const char *const *path = paths; path != NULL && *path != NULL; path++)
        is_whole &= pin_path(*path, last) == 0;
    return is_whole;
}

bool
bns_pins_repair(const char *const *paths, const char *const *links)
{
    struct statx info;
    bool is_whole;

    if (statx(AT_FDCWD, "/", 0, STATX_MNT_ID, &info) < 0 ||
        (info.stx_mask & STATX_MNT_ID) == 0)
        return true;
    is_whole = repair(paths, STEP_LAST);
    return repair(links, STEP_LAST_LINK) && is_whole;
}
