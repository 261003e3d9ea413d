/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/review_place.h"

#include "base/fd.h"
#include "sandbox/review_upper.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

/* As setxattr(2) has them. */
#define XATTR_NAMES_MAX 65536
#define XATTR_VALUE_MAX 65536
#define COPY_BYTES      (64 * 1024)
/* Nobody acts for another by what a command made. */
#define MODE_MASK 0777

/* --- content --- */

/* Where the kernel cannot do it. Returns: bytes, 0 at the end, or -errno. */
static ssize_t
copy_by_hand(int from, off_t *at, int to, size_t len)
{
    char block[COPY_BYTES];
    ssize_t n = pread(from, block, MIN(len, sizeof(block)), *at);
    off_t target = *at;

    if (n <= 0)
        return n < 0 ? -errno : 0;
    for (ssize_t done = 0; done < n;) {
        ssize_t written = pwrite(to, block + done, (size_t)(n - done), target + done);

        if (written < 0 && errno != EINTR)
            return -errno;
        done += MAX(written, 0);
    }
    *at += n;
    return n;
}

static int
copy_range(int from, off_t at, int to, off_t end)
{
    bool by_hand = false;

    while (at < end) {
        size_t len = (size_t)MIN(end - at, (off_t)1 << 30);
        off_t target = at;
        ssize_t n = by_hand ? copy_by_hand(from, &at, to, len)
                            : copy_file_range(from, &at, to, &target, len, 0);

        if (n < 0 && !by_hand && errno != ENOSPC && errno != EDQUOT && errno != EIO)
            by_hand = true;
        else if (n < 0)
            return by_hand ? (int)n : -errno;
        else if (n == 0 && by_hand)
            return -EIO;
        else if (n == 0)
            by_hand = true;
    }
    return 0;
}

/* Holes cost nothing, and stay so. */
static int
copy_content(int from, int to, off_t size)
{
    off_t data = 0;
    int r = ftruncate(to, size) < 0 ? -errno : 0;

    while (r == 0 && data < size) {
        off_t hole;

        data = lseek(from, data, SEEK_DATA);
        if (data < 0)
            return errno == ENXIO ? 0 : -errno;
        hole = lseek(from, data, SEEK_HOLE);
        if (hole < 0)
            return -errno;
        r = copy_range(from, data, to, MIN(hole, size));
        data = hole;
    }
    return r;
}

/* --- attributes --- */

static bool
comes_along(const char *name)
{
    return strcmp(name, "system.posix_acl_access") == 0 ||
           strcmp(name, "system.posix_acl_default") == 0 ||
           (g_str_has_prefix(name, "user.") && !bns_upper_owns_xattr(name));
}

static int
copy_xattr(int from, int to, const char *name, char *value)
{
    ssize_t len = fgetxattr(from, name, value, XATTR_VALUE_MAX);

    if (len < 0)
        return errno == ENODATA ? 0 : -errno;
    return fsetxattr(to, name, value, (size_t)len, 0) < 0 ? -errno : 0;
}

/* Not every file system has them; nor as many. What does not fit is no reason to lose the
 * file. */
static void
copy_xattrs(int from, int to)
{
    g_autofree char *names = g_malloc(XATTR_NAMES_MAX);
    g_autofree char *value = g_malloc(XATTR_VALUE_MAX);
    ssize_t len = flistxattr(from, names, XATTR_NAMES_MAX);

    for (ssize_t at = 0; at < len; at += (ssize_t)strlen(names + at) + 1) {
        int r = comes_along(names + at) ? copy_xattr(from, to, names + at, value) : 0;

        if (r < 0)
            g_info("attribute %s is not kept: %s", names + at, g_strerror(-r));
    }
}

static int
set_times(int fd, const struct stat *as)
{
    const struct timespec times[2] = { as->st_mtim, as->st_mtim };

    return futimens(fd, times) < 0 ? -errno : 0;
}

/* A file that takes another's place belongs to whom that belonged, if we may say so. */
static void
keep_owner(int fd, const struct stat *before)
{
    if (S_ISREG(before->st_mode) &&
        (before->st_uid != geteuid() || before->st_gid != getegid()) &&
        fchown(fd, before->st_uid, before->st_gid) < 0 && errno != EPERM)
        g_info("owner is not kept: %s", g_strerror(errno));
}

/* --- a new name --- */

static int
remove_left_over(const BnsReviewPlace *place)
{
    struct stat info;

    if (fstatat(place->lower_fd, place->temporary, &info, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (S_ISDIR(info.st_mode) || info.st_uid != geteuid())
        return -EEXIST;
    return unlinkat(place->lower_fd, place->temporary, 0) < 0 ? -errno : 0;
}

static int
take_name(const BnsReviewPlace *place)
{
    bool is_new = place->change->kind == BNS_CHANGE_ADDED && !place->is_replacing;
    int r = 0;

    if (renameat2(place->lower_fd, place->temporary, place->lower_fd, place->name,
                  is_new ? RENAME_NOREPLACE : 0) < 0)
        r = -errno;
    /* Two names of one file: rename(2) leaves both. */
    if (unlinkat(place->lower_fd, place->temporary, 0) < 0 && errno != ENOENT && r == 0)
        r = -errno;
    return r;
}

static int
fill(const BnsReviewPlace *place, int from, int to)
{
    const struct stat *upper = &place->change->upper;
    int r = copy_content(from, to, upper->st_size);

    if (r < 0)
        return r;
    keep_owner(to, &place->change->lower);
    copy_xattrs(from, to);
    if (fchmod(to, upper->st_mode & MODE_MASK) < 0)
        return -errno;
    return set_times(to, upper);
}

int
bns_review_place_file(const BnsReviewPlace *place)
{
    const BnsUpperEntry entry = { .info = place->change->upper };
    bns_autofd from = bns_upper_open(place->upper_fd, place->name, &entry);
    bns_autofd to = -1;
    int r = from < 0 ? from : remove_left_over(place);

    if (r < 0)
        return r;
    to = openat(place->lower_fd, place->temporary,
                O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (to < 0)
        return -errno;
    r = fill(place, from, to);
    if (r == 0)
        r = take_name(place);
    else
        unlinkat(place->lower_fd, place->temporary, 0);
    return r < 0 ? r : g_steal_fd(&to);
}

int
bns_review_place_link(const BnsReviewPlace *place,
                      int other_fd,
                      const char *other_name,
                      const struct stat *same)
{
    struct stat info;
    int r = remove_left_over(place);

    if (r == 0 &&
        linkat(other_fd, other_name, place->lower_fd, place->temporary, 0) < 0)
        r = -errno;
    if (r < 0)
        return r;
    if (fstatat(place->lower_fd, place->temporary, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
        info.st_dev == same->st_dev && info.st_ino == same->st_ino)
        return take_name(place);
    unlinkat(place->lower_fd, place->temporary, 0);
    return -ESTALE;
}

int
bns_review_place_symlink(const BnsReviewPlace *place)
{
    const struct timespec times[2] = { place->change->upper.st_mtim,
                                       place->change->upper.st_mtim };
    char target[PATH_MAX];
    ssize_t len = readlinkat(place->upper_fd, place->name, target, sizeof(target) - 1);
    int r = len < 0 ? -errno : remove_left_over(place);

    if (r < 0)
        return r;
    target[len] = '\0';
    if (symlinkat(target, place->lower_fd, place->temporary) < 0)
        return -errno;
    (void)utimensat(place->lower_fd, place->temporary, times, AT_SYMLINK_NOFOLLOW);
    return take_name(place);
}

/* --- directories --- */

int
bns_review_place_directory(const BnsReviewPlace *place)
{
    struct stat info;

    if (mkdirat(place->lower_fd, place->name, 0700) == 0)
        return 0;
    if (errno != EEXIST || !place->is_replacing)
        return -errno;
    if (fstatat(place->lower_fd, place->name, &info, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    return S_ISDIR(info.st_mode) ? 0 : -ENOTDIR;
}

/* @extra: permissions besides those of the upper. */
static int
set_mode(const BnsReviewPlace *place, mode_t extra)
{
    bns_autofd fd =
        openat(place->lower_fd, place->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct stat info;
    char link[64];
    mode_t mode;

    if (fd < 0 || fstat(fd, &info) < 0)
        return -errno;
    /* Through a link it would be another's. */
    if (!S_ISDIR(info.st_mode) && !S_ISREG(info.st_mode))
        return -ESTALE;
    mode = (info.st_mode & 07000 & ~(mode_t)MODE_MASK) |
           (place->change->upper.st_mode & MODE_MASK) | extra;
    if ((info.st_mode & 07777) == mode)
        return 0;
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    return chmod(link, mode) < 0 ? -errno : 0;
}

int
bns_review_place_mode(const BnsReviewPlace *place)
{
    return set_mode(place, S_ISDIR(place->change->upper.st_mode) ? S_IRWXU : 0);
}

int
bns_review_finish_directory(const BnsReviewPlace *place)
{
    const BnsUpperEntry entry = { .info = place->change->upper };
    bns_autofd from = -1, to = -1;
    int r = 0;

    if (place->change->kind != BNS_CHANGE_MODE) {
        from = bns_upper_open(place->upper_fd, place->name, &entry);
        to = bns_review_open_below(place->lower_fd, place->name);
        r = MIN(MIN(from, to), 0);
        if (r == 0)
            copy_xattrs(from, to);
    }
    if (r == 0)
        r = set_mode(place, 0);
    return r < 0 || to < 0 ? r : set_times(to, &place->change->upper);
}
