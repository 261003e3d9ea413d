/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/review_upper.h"

#include "base/fd.h"
#include "sandbox/own_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#define PREFIX         "user.overlay."
#define OPAQUE_XATTR   PREFIX "opaque"
#define ORIGIN_XATTR   PREFIX "origin"
#define REDIRECT_XATTR PREFIX "redirect"
#define METACOPY_XATTR PREFIX "metacopy"
#define WHITEOUT_XATTR PREFIX "whiteout"
#define MODE_XATTR     PREFIX "boundary-ns-mode"

/* "/proc/self/fd/N/NAME": the calls for extended attributes know no descriptor of a
 * directory (xattrat(2) is of Linux 6.13). */
#define AT_BYTES (NAME_MAX + 64)

static int
path_at(int dir_fd, const char *name, char out_path[AT_BYTES])
{
    int n = snprintf(out_path, AT_BYTES, "/proc/self/fd/%d/%s", dir_fd, name);

    return n < 0 || n >= AT_BYTES ? -ENAMETOOLONG : 0;
}

static bool
has_xattr(const char *path, const char *name)
{
    return lgetxattr(path, name, NULL, 0) >= 0 || errno == ERANGE;
}

static bool
is_yes(const char *path, const char *name)
{
    char value;

    return lgetxattr(path, name, &value, 1) == 1 && value == 'y';
}

/* What it had before we changed it. */
static mode_t
find_mode(const char *path, mode_t now)
{
    char text[16];
    ssize_t n = lgetxattr(path, MODE_XATTR, text, sizeof(text) - 1);
    guint64 mode;

    if (n <= 0)
        return now;
    text[n] = '\0';
    return g_ascii_string_to_unsigned(text, 8, 0, 07777, &mode, NULL)
               ? (now & S_IFMT) | (mode_t)mode
               : now;
}

static void
read_xattrs(const char *path, BnsUpperEntry *entry)
{
    bool is_directory = S_ISDIR(entry->info.st_mode);

    entry->has_origin = has_xattr(path, ORIGIN_XATTR);
    entry->is_foreign =
        has_xattr(path, REDIRECT_XATTR) || has_xattr(path, METACOPY_XATTR);
    entry->is_opaque = is_directory && is_yes(path, OPAQUE_XATTR);
    entry->is_whiteout =
        !is_directory && entry->info.st_size == 0 && has_xattr(path, WHITEOUT_XATTR);
    entry->info.st_mode = find_mode(path, entry->info.st_mode);
}

int
bns_upper_look(int dir_fd, const char *name, BnsUpperEntry *out_entry)
{
    char path[AT_BYTES];
    int r = path_at(dir_fd, name, path);

    *out_entry = (BnsUpperEntry){ 0 };
    if (r < 0)
        return r;
    if (fstatat(dir_fd, name, &out_entry->info, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    if (S_ISCHR(out_entry->info.st_mode) && out_entry->info.st_rdev == makedev(0, 0))
        out_entry->is_whiteout = true;
    /* No others have user attributes (xattr(7)). Without the right to read, it is opened
     * first. */
    if (S_ISDIR(out_entry->info.st_mode) || S_ISREG(out_entry->info.st_mode)) {
        bns_autofd fd = bns_upper_open(dir_fd, name, out_entry);

        if (fd < 0)
            return fd;
        read_xattrs(path, out_entry);
    }
    return 0;
}

static int
keep_mode(int dir_fd, const char *name, mode_t mode)
{
    char path[AT_BYTES], text[16];
    int r = path_at(dir_fd, name, path);

    snprintf(text, sizeof(text), "%o", mode & 07777);
    if (r == 0 && lsetxattr(path, MODE_XATTR, text, strlen(text), XATTR_CREATE) < 0 &&
        errno != EEXIST)
        r = -errno;
    return r;
}

static int
unlock(int dir_fd, const char *name, const struct stat *info)
{
    bns_autofd fd = openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    char link[64];
    struct stat now;

    if (fd < 0 || fstat(fd, &now) < 0)
        return -errno;
    if (now.st_uid != geteuid() || now.st_ino != info->st_ino ||
        now.st_dev != info->st_dev)
        return -EACCES;
    /* By what was looked at. An attribute can be set by who may write. */
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    if (chmod(link, (now.st_mode & 07777) | S_IRWXU) < 0)
        return -errno;
    return keep_mode(dir_fd, name, now.st_mode);
}

static bool
is_locked(const struct stat *info)
{
    mode_t needed = S_ISDIR(info->st_mode) ? S_IRWXU : S_IRUSR;

    return geteuid() != 0 && (info->st_mode & needed) != needed;
}

int
bns_upper_open(int dir_fd, const char *name, const BnsUpperEntry *entry)
{
    int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    bns_autofd fd = -1;
    struct stat info, now;

    if (!S_ISDIR(entry->info.st_mode) && !S_ISREG(entry->info.st_mode))
        return -EINVAL;
    if (fstatat(dir_fd, name, &now, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    if (is_locked(&now)) {
        int r = unlock(dir_fd, name, &entry->info);

        if (r < 0)
            return r;
    }
    fd = openat(dir_fd, name, flags);
    if (fd < 0 || fstat(fd, &info) < 0)
        return -errno;
    return info.st_ino == entry->info.st_ino && info.st_dev == entry->info.st_dev
               ? g_steal_fd(&fd)
               : -ESTALE;
}

static int
clear(int r)
{
    return r < 0 && errno != ENODATA ? -errno : 0;
}

int
bns_upper_clear_opaque(int fd)
{
    return clear(fremovexattr(fd, OPAQUE_XATTR));
}

int
bns_upper_clear_origin(int dir_fd, const char *name)
{
    char path[AT_BYTES];
    struct stat info;
    int r = path_at(dir_fd, name, path);

    if (r == 0)
        r = clear(lremovexattr(path, ORIGIN_XATTR));
    /* Of a file that nobody may write to. */
    if (r == -EACCES && fstatat(dir_fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
        unlock(dir_fd, name, &info) == 0)
        r = clear(lremovexattr(path, ORIGIN_XATTR));
    return r;
}

int
bns_upper_set_opaque(int fd)
{
    return fsetxattr(fd, OPAQUE_XATTR, "y", 1, 0) < 0 ? -errno : 0;
}

int
bns_upper_make_whiteout(int dir_fd, const char *name)
{
    return mknodat(dir_fd, name, S_IFCHR, makedev(0, 0)) < 0 ? -errno : 0;
}

bool
bns_upper_owns_xattr(const char *name)
{
    return g_str_has_prefix(name, PREFIX);
}
