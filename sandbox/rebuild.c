/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/rebuild.h"

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
#include <unistd.h>

typedef struct {
    int source_fd;
    int target_fd;
    const char *path;
    const char *const *ours;
} Level;

typedef enum {
    ENTRY_BOUND, /* the host's */
    ENTRY_OURS,
    ENTRY_ON_THE_WAY, /* to one of ours */
} EntryKind;

static EntryKind
kind_of(const char *path, const char *const *ours)
{
    EntryKind kind = ENTRY_BOUND;

    for (const char *const *our = ours; *our != NULL; our++) {
        if (strcmp(*our, path) == 0)
            return ENTRY_OURS;
        if (bns_tree_is_within(*our, path))
            kind = ENTRY_ON_THE_WAY;
    }
    return kind;
}

static int
bind_entry(const Level *level, const char *name, bool is_directory)
{
    bns_autofd source = bns_tree_look(level->source_fd, name);
    bns_autofd place = -1;
    bns_autofd mount = -1;

    if (source < 0)
        return source;
    place = is_directory ? bns_tree_make_directory(level->target_fd, name, 0755)
                         : bns_tree_make_place(level->target_fd, name);
    if (place < 0)
        return place;
    mount = bns_mount_bind(source, place, false);
    return mount < 0 ? mount : 0;
}

static int
rebuild_directory(const Level *level, const char *name, const char *path, mode_t mode)
{
    bns_autofd source =
        openat(level->source_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bns_autofd target = -1;

    if (source < 0)
        return -errno;
    target = bns_tree_make_directory(level->target_fd, name, mode & 07777);
    if (target < 0)
        return target;
    return bns_rebuild_fill(source, target, path, level->ours);
}

static int
take_entry(void *data, const char *name)
{
    const Level *level = data;
    char path[BNS_REBUILD_PATH_MAX];
    struct stat info;
    EntryKind kind;

    if (snprintf(path, sizeof(path), "%s/%s", level->path, name) >= (int)sizeof(path))
        return 0;
    kind = kind_of(path, level->ours);
    if (kind == ENTRY_OURS)
        return 0;
    if (fstatat(level->source_fd, name, &info, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    if (S_ISLNK(info.st_mode))
        return bns_tree_copy_link(level->source_fd, level->target_fd, name);
    if (S_ISSOCK(info.st_mode))
        return 0;
    if (S_ISDIR(info.st_mode) && kind == ENTRY_ON_THE_WAY)
        return rebuild_directory(level, name, path, info.st_mode);
    return bind_entry(level, name, S_ISDIR(info.st_mode));
}

int
bns_rebuild_fill(int source_fd,
                 int target_fd,
                 const char *path,
                 const char *const *ours)
{
    Level level = {
        .source_fd = source_fd, .target_fd = target_fd, .path = path, .ours = ours
    };

    return bns_tree_each(source_fd, take_entry, &level);
}

bool
bns_rebuild_mount(const char *path,
                  const char *const *ours,
                  int *out_fd,
                  BnsFault *fault)
{
    bns_autofd source = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bns_autofd target = -1;
    int r = source < 0 ? -errno : 0;

    if (r == 0)
        r = target = bns_mount_new(source, "tmpfs", "mode=0755", false);
    if (r >= 0)
        r = bns_rebuild_fill(source, target, path, ours);
    if (r < 0)
        return bns_fault_set(fault, "Could not rebuild %s: %s", path, strerror(-r));
    *out_fd = g_steal_fd(&target);
    return true;
}

bool
bns_rebuild_seal(const char *path, BnsFault *fault)
{
    int r = bns_mount_set_read_only(path, false);

    return r >= 0 ? true
                  : bns_fault_set(fault, "Could not make %s read-only: %s", path,
                                  strerror(-r));
}
