/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/rebuild.h"

#include "base/fd.h"
#include "sandbox/mount_api.h"
#include "sandbox/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    int source_fd;
    int target_fd;
    const char *path;
    const BnsRebuildJudge *judge;
} Level;

static int
bind_entry(const Level *level, const char *name, bool is_directory, bool is_writable)
{
    int r = is_directory ? mkdirat(level->target_fd, name, 0755)
                         : mknodat(level->target_fd, name, S_IFREG | 0644, 0);

    if (r < 0)
        return -errno;
    return bns_mount_bind_entry(level->source_fd, level->target_fd, name,
                                is_writable ? BNS_BIND_WRITABLE : BNS_BIND_AS_IS);
}

static int
copy_entry(const Level *level, const char *name, mode_t mode)
{
    bns_autofd from = openat(level->source_fd, name,
                             O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    bns_autofd to = -1;

    if (from < 0)
        return -errno;
    to = openat(level->target_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                mode & 0777);
    return to < 0 ? -errno : bns_fd_copy(from, to, BNS_REBUILD_COPY_LARGE_MAX);
}

static int fill(const Level *level);

static int
rebuild_directory(const Level *level, const char *name, const char *path, mode_t mode)
{
    bns_autofd source =
        openat(level->source_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bns_autofd target = bns_tree_make_directory(level->target_fd, name, mode & 07777);
    Level below = { source, target, path, level->judge };

    /* What we may not read, the command may not either. */
    if (source < 0 || target < 0)
        return MIN(target, 0);
    return fill(&below);
}

static bool
is_copied(BnsRebuildAct act, const struct stat *info)
{
    return S_ISREG(info->st_mode) &&
           ((act == BNS_REBUILD_COPY && info->st_size <= BNS_REBUILD_COPY_MAX) ||
            (act == BNS_REBUILD_COPY_LARGE &&
             info->st_size <= BNS_REBUILD_COPY_LARGE_MAX));
}

static int
make_entry(const Level *level, const char *name, const char *path, BnsRebuildAct act)
{
    struct stat info;

    if (fstatat(level->source_fd, name, &info, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    if (S_ISLNK(info.st_mode))
        return bns_tree_copy_link(level->source_fd, level->target_fd, name);
    if (S_ISSOCK(info.st_mode) && act != BNS_REBUILD_BIND_NAMED)
        return 0;
    if (S_ISDIR(info.st_mode) && act == BNS_REBUILD_DESCEND)
        return rebuild_directory(level, name, path, info.st_mode);
    if (is_copied(act, &info))
        return copy_entry(level, name, info.st_mode);
    return bind_entry(level, name, S_ISDIR(info.st_mode),
                      act == BNS_REBUILD_BIND_WRITABLE);
}

static int
take_entry(void *data, const char *name)
{
    const Level *level = data;
    char path[BNS_REBUILD_PATH_MAX];
    BnsRebuildAct act;

    if (snprintf(path, sizeof(path), "%s/%s", level->path, name) >= (int)sizeof(path))
        return 0;
    act = level->judge->act(level->judge->data, path);
    return act == BNS_REBUILD_OMIT ? 0 : make_entry(level, name, path, act);
}

static int
fill(const Level *level)
{
    return bns_tree_each(level->source_fd, take_entry, (void *)(uintptr_t)level);
}

/* @data: the list of what is ours. */
static BnsRebuildAct
act_by_list(const void *data, const char *path)
{
    BnsRebuildAct act = BNS_REBUILD_BIND;

    for (const char *const *our = data; *our != NULL; our++) {
        if (strcmp(*our, path) == 0)
            return BNS_REBUILD_OMIT;
        if (bns_tree_is_within(*our, path))
            act = BNS_REBUILD_DESCEND;
    }
    return act;
}

/* Only the way there. */
static BnsRebuildAct
act_on_the_way(const void *data, const char *path)
{
    BnsRebuildAct act = act_by_list(data, path);

    return act == BNS_REBUILD_BIND ? BNS_REBUILD_OMIT : act;
}

int
bns_rebuild_fill(int source_fd,
                 int target_fd,
                 const char *path,
                 const char *const *ours)
{
    const BnsRebuildJudge judge = { act_by_list, ours };
    const Level level = { source_fd, target_fd, path, &judge };

    return fill(&level);
}

/* Returns: (transfer full): the new directory (O_PATH), or -errno. */
static int
mount_and_fill(const char *path, const BnsRebuildJudge *judge)
{
    bns_autofd source = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bns_autofd target = -1;
    Level level = { source, -1, path, judge };
    char options[32];
    struct stat info;
    int r;

    if (source < 0 || fstat(source, &info) < 0)
        return -errno;
    snprintf(options, sizeof(options), "mode=%04o", info.st_mode & 07777);
    level.target_fd = target = bns_mount_new(source, "tmpfs", options, false);
    r = target < 0 ? target : fill(&level);
    return r < 0 ? r : g_steal_fd(&target);
}

int
bns_rebuild_mount_judged(const char *path, const BnsRebuildJudge *judge)
{
    bns_autofd fd = mount_and_fill(path, judge);

    return MIN(fd, 0);
}

bool
bns_rebuild_mount(const char *path,
                  const char *const *ours,
                  int *out_fd,
                  BnsFault *fault)
{
    const BnsRebuildJudge judge = { act_by_list, ours };
    int fd = mount_and_fill(path, &judge);

    if (fd < 0)
        return bns_fault_set(fault, "Could not rebuild %s: %s", path, strerror(-fd));
    *out_fd = fd;
    return true;
}

bool
bns_rebuild_stack(const char *path,
                  const char *const *ours,
                  int *out_fd,
                  int *out_host_fd)
{
    const BnsRebuildJudge judge = { act_on_the_way, ours };
    bns_autofd host = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bns_autofd fd = host < 0 ? -1 : mount_and_fill(path, &judge);

    if (fd < 0)
        return false;
    if (bns_mount_stack(fd, host) < 0) {
        umount2(path, MNT_DETACH);
        return false;
    }
    *out_fd = g_steal_fd(&fd);
    *out_host_fd = g_steal_fd(&host);
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
