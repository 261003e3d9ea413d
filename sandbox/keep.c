/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/keep.h"

#include "base/fd.h"
#include "sandbox/rebuild.h"
#include "sandbox/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct BnsKeep {
    char *path; /* owned; absolute */
    int fd;     /* owned; O_PATH; -1: not made yet */
    uint64_t copied;
};

/* A file that was named holds several sessions. */
static char *
choose_path(const BnsAuditFile *file)
{
    gsize len = strlen(file->path);
    g_autofree char *base = g_strndup(file->path, g_str_has_suffix(file->path, ".jsonl")
                                                      ? len - strlen(".jsonl")
                                                      : len);

    return g_str_has_suffix(base, file->session)
               ? g_strconcat(base, ".kept", NULL)
               : g_strconcat(base, "-", file->session, ".kept", NULL);
}

BnsKeep *
bns_keep_new(const BnsAuditFile *file)
{
    BnsKeep *keep = g_new0(BnsKeep, 1);

    keep->path = choose_path(file);
    keep->fd = -1;
    return keep;
}

void
bns_keep_free(BnsKeep *keep)
{
    if (keep == NULL)
        return;
    bns_fd_clear(&keep->fd);
    g_free(keep->path);
    g_free(keep);
}

/* Whoever was there before us has no business with a session's files. */
static bool
make(BnsKeep *keep)
{
    if (keep->fd >= 0)
        return true;
    if (mkdir(keep->path, 0700) < 0)
        return false;
    keep->fd = open(keep->path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return keep->fd >= 0;
}

/* (transfer full): the directory of what is kept of @path, or -errno. */
static int
open_directory(const BnsKeep *keep, const char *path)
{
    g_autofree char *dir = g_path_get_dirname(path);

    return bns_tree_make_path(keep->fd, dir, 0700);
}

static int
copy(BnsKeep *keep, int dir_fd, const char *name, int from)
{
    bns_autofd to = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    struct stat info;
    int r = to < 0 ? -errno : bns_fd_copy(from, to, BNS_REBUILD_COPY_LARGE_MAX);

    if (to >= 0 && fstat(to, &info) == 0)
        keep->copied += (uint64_t)info.st_size;
    if (r < 0 && to >= 0)
        unlinkat(dir_fd, name, 0);
    return r;
}

/* Returns: (transfer full) (nullable): the place, or errno of @r. */
static char *
finish(const BnsKeep *keep, const char *path, int r)
{
    if (r == 0)
        return g_build_filename(keep->path, path, NULL);
    errno = -r;
    return NULL;
}

char *
bns_keep_copy(BnsKeep *keep, const char *path, int fd)
{
    g_autofree char *name = g_path_get_basename(path);
    bns_autofd dir = make(keep) ? open_directory(keep, path) : -errno;

    return finish(keep, path, dir < 0 ? dir : copy(keep, dir, name, fd));
}

char *
bns_keep_move(BnsKeep *keep, const char *path, int dir_fd, const char *name)
{
    g_autofree char *kept_name = g_path_get_basename(path);
    bns_autofd dir = make(keep) ? open_directory(keep, path) : -errno;
    int r = dir;

    if (dir >= 0)
        r = renameat2(dir_fd, name, dir, kept_name, RENAME_NOREPLACE) < 0 ? -errno : 0;
    return finish(keep, path, r);
}

uint64_t
bns_keep_copied(const BnsKeep *keep)
{
    return keep->copied;
}

const char *
bns_keep_path(const BnsKeep *keep)
{
    return keep->path;
}
