/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/write_back.h"

#include "base/fd.h"
#include "sandbox/rebuild.h"
#include "sandbox/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* Another session's end takes milliseconds; a program that locks directories for longer must
 * not keep ours. For all files of ours together. */
#define LOCK_TRIES   200
#define LOCK_STEP_US (10 * 1000)

/* --- contents --- */

int
bns_content_read(int fd, BnsContent *out_content)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    uint8_t block[16 * 1024];
    gsize size = sizeof(out_content->sha256);
    off_t at = 0;
    ssize_t n;

    *out_content = (BnsContent){ .is_there = true };
    if (fstat(fd, &out_content->info) < 0)
        return -errno;
    if (!S_ISREG(out_content->info.st_mode))
        return -EINVAL;
    if (out_content->info.st_size > BNS_REBUILD_COPY_LARGE_MAX)
        return -EFBIG;
    while ((n = pread(fd, block, sizeof(block), at)) > 0) {
        g_checksum_update(checksum, block, n);
        at += n;
        /* It grows while it is read. */
        if (at > BNS_REBUILD_COPY_LARGE_MAX)
            return -EFBIG;
    }
    if (n < 0)
        return -errno;
    g_checksum_get_digest(checksum, out_content->sha256, &size);
    return 0;
}

static int
look_at(int dir_fd, const char *name, BnsContent *out_content)
{
    bns_autofd fd =
        openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    *out_content = (BnsContent){ 0 };
    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    return bns_content_read(fd, out_content);
}

int
bns_content_look(const char *path, BnsContent *out_content)
{
    g_autofree char *dir = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    bns_autofd fd = bns_tree_look_along(dir);

    *out_content = (BnsContent){ 0 };
    if (fd < 0)
        return fd == -ENOENT ? 0 : fd;
    return look_at(fd, name, out_content);
}

bool
bns_content_equal(const BnsContent *one, const BnsContent *other)
{
    return one->is_there == other->is_there &&
           (!one->is_there ||
            memcmp(one->sha256, other->sha256, sizeof(one->sha256)) == 0);
}

/* --- the new file --- */

typedef struct {
    int dir_fd; /* borrowed */
    int fd;     /* owned */
    char name[48];
    bool has_name; /* of its own, to be taken away */
} NewFile;

static int
open_named(NewFile *new_file)
{
    new_file->fd = openat(new_file->dir_fd, new_file->name,
                          O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    new_file->has_name = new_file->fd >= 0;
    return new_file->fd < 0 ? -errno : 0;
}

/* Not every file system has files without a name. */
static int
new_file_open(NewFile *new_file, int dir_fd)
{
    *new_file = (NewFile){ .dir_fd = dir_fd };
    snprintf(new_file->name, sizeof(new_file->name), ".boundary-ns-%08x%08x",
             g_random_int(), g_random_int());
    new_file->fd = openat(dir_fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (new_file->fd >= 0)
        return 0;
    return errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL
               ? open_named(new_file)
               : -errno;
}

static void
new_file_clear(NewFile *new_file)
{
    bns_fd_clear(&new_file->fd);
    if (new_file->has_name)
        unlinkat(new_file->dir_fd, new_file->name, 0);
}

static int
new_file_fill(const NewFile *new_file, int from)
{
    bns_autofd start = -1;
    char link[64];
    int r;

    /* A position of its own: @from may be read by others, too. */
    snprintf(link, sizeof(link), "/proc/self/fd/%d", from);
    start = open(link, O_RDONLY | O_CLOEXEC);
    if (start < 0)
        return -errno;
    r = bns_fd_copy(start, new_file->fd, BNS_REBUILD_COPY_LARGE_MAX);
    return r == 0 && fsync(new_file->fd) < 0 ? -errno : r;
}

static int
new_file_own(const NewFile *new_file, const struct stat *as)
{
    if ((as->st_uid != geteuid() || as->st_gid != getegid()) &&
        fchown(new_file->fd, as->st_uid, as->st_gid) < 0)
        return -errno;
    return fchmod(new_file->fd, as->st_mode & 0777) < 0 ? -errno : 0;
}

static int
link_as(const NewFile *new_file, const char *name)
{
    char link[64];
    int r;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", new_file->fd);
    r = new_file->has_name
            ? linkat(new_file->dir_fd, new_file->name, new_file->dir_fd, name, 0)
            : linkat(AT_FDCWD, link, new_file->dir_fd, name, AT_SYMLINK_FOLLOW);
    return r < 0 ? -errno : 0;
}

/* Where there was none, none is replaced. */
static int
new_file_place(NewFile *new_file, const char *name, bool is_replacing)
{
    int r = 0;

    if (!is_replacing) {
        r = link_as(new_file, name);
        return r == -EEXIST ? -ESTALE : r;
    }
    if (!new_file->has_name)
        r = link_as(new_file, new_file->name);
    if (r < 0)
        return r;
    new_file->has_name =
        renameat(new_file->dir_fd, new_file->name, new_file->dir_fd, name) < 0;
    return new_file->has_name ? -errno : 0;
}

/* What the command made belongs to the user. */
static struct stat
describe(int fd)
{
    struct stat info;

    if (fstat(fd, &info) < 0)
        info.st_mode = 0600;
    info.st_uid = geteuid();
    info.st_gid = getegid();
    return info;
}

static int
put(NewFile *new_file,
    const char *name,
    const BnsContent *before,
    int fd,
    const struct stat *as)
{
    const struct stat inside = describe(fd);
    BnsContent now;
    int r = new_file_fill(new_file, fd);

    if (r < 0)
        return r;
    /* As late as possible; no file any more, or one that cannot be read, is another. */
    if (look_at(new_file->dir_fd, name, &now) < 0 || !bns_content_equal(&now, before))
        return -ESTALE;
    if (as == NULL)
        as = now.is_there ? &now.info : &inside;
    r = new_file_own(new_file, as);
    return r < 0 ? r : new_file_place(new_file, name, before->is_there);
}

/* --- where --- */

static int
lock(int dir_fd)
{
    static int tries_left = LOCK_TRIES;

    while (flock(dir_fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return -errno;
        if (tries_left == 0)
            return -EBUSY;
        tries_left--;
        g_usleep(LOCK_STEP_US);
    }
    return 0;
}

/* (transfer full): readable; it can be locked. */
static int
open_directory(const char *path, bool make)
{
    bns_autofd root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    bns_autofd at = bns_tree_look_along(path);
    int fd;

    if (at == -ENOENT && make)
        at = root < 0 ? root : bns_tree_make_path(root, path, 0700);
    if (at < 0)
        return at;
    fd = openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int
bns_write_back(const char *path,
               const BnsContent *before,
               int fd,
               const struct stat *as)
{
    g_autofree char *dir = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    bns_autofd dir_fd = open_directory(dir, !before->is_there);
    NewFile new_file;
    int r;

    if (dir_fd < 0)
        return dir_fd == -ENOENT ? -ESTALE : dir_fd;
    r = lock(dir_fd);
    if (r == 0)
        r = new_file_open(&new_file, dir_fd);
    if (r < 0)
        return r;
    r = put(&new_file, name, before, fd, as);
    new_file_clear(&new_file);
    return r;
}
