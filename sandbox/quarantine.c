/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/quarantine.h"

#include "base/fd.h"
#include "sandbox/own_directory.h"
#include "sandbox/rebuild.h"
#include "sandbox/tree.h"
#include "sandbox/write_back.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* No program takes a file with this ending for what it looks for. */
#define MARK "boundary-ns-quarantine"
/* What is copied in a session; the rest is renamed. Holes cost the command nothing, and us
 * the disk and the time in which the session does not end. */
#define COPIED_BYTES_MAX BNS_REBUILD_COPY_LARGE_MAX

typedef struct {
    const char *path; /* borrowed */
    char *name;       /* owned */
    int dir_fd;       /* owned */
} Place;

static int
place_init(Place *place, const char *path)
{
    g_autofree char *dir = g_path_get_dirname(path);

    *place = (Place){ .path = path, .name = g_path_get_basename(path) };
    place->dir_fd = bns_tree_look_along(dir);
    if (place->dir_fd >= 0)
        (void)bns_own_directory_unlock(place->dir_fd, ".", S_IRWXU);
    return MIN(place->dir_fd, 0);
}

static void
place_clear(Place *place)
{
    g_free(place->name);
    bns_fd_clear(&place->dir_fd);
}

/* --- out of the way --- */

/* @fd: as opened, may be an error. Returns: (transfer full) (nullable): where the copy is */
static char *
copy(const Place *place, BnsKeep *keep, int fd, BnsContent *out_content)
{
    uint64_t left = COPIED_BYTES_MAX - MIN(bns_keep_copied(keep), COPIED_BYTES_MAX);
    struct stat info;

    if (fd < 0 || fstat(fd, &info) < 0 || (uint64_t)info.st_size > left ||
        bns_content_read(fd, out_content) < 0)
        return NULL;
    return bns_keep_copy(keep, place->path, fd);
}

/* To another file system. Returns: (transfer full) (nullable) */
static char *
move_by_copy(const Place *place, BnsKeep *keep)
{
    bns_autofd fd = openat(place->dir_fd, place->name,
                           O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    BnsContent copied, now;
    char *kept = copy(place, keep, fd, &copied);

    if (kept != NULL && bns_content_look(place->path, &now) == 0 &&
        bns_content_equal(&copied, &now) &&
        unlinkat(place->dir_fd, place->name, 0) == 0)
        return kept;
    g_free(kept);
    return NULL;
}

static char *
move_within(const Place *place)
{
    g_autofree char *name =
        g_strdup_printf("%.200s." MARK "-%08x", place->name, g_random_int());
    g_autofree char *dir = g_path_get_dirname(place->path);

    if (renameat(place->dir_fd, place->name, place->dir_fd, name) < 0)
        return NULL;
    return g_build_filename(dir, name, NULL);
}

static char *
move_aside(const Place *place, BnsKeep *keep)
{
    char *kept = bns_keep_move(keep, place->path, place->dir_fd, place->name);

    if (kept == NULL)
        kept = move_by_copy(place, keep);
    return kept != NULL ? kept : move_within(place);
}

/* --- what was there --- */

static bool
restore(const char *path, const BnsOriginal *original, const BnsContent *before)
{
    bns_autofd fd = bns_original_open(original);

    return fd >= 0 && bns_write_back(path, before, fd, &original->info) == 0;
}

/* The original takes the place of what was copied in one step: whoever kills us, it is one
 * of the two. Returns: (transfer full) (nullable): where the copy is */
static char *
swap(const Place *place, const BnsOriginal *original, BnsKeep *keep)
{
    bns_autofd fd = openat(place->dir_fd, place->name,
                           O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    BnsContent now;
    g_autofree char *kept = copy(place, keep, fd, &now);

    return kept != NULL && restore(place->path, original, &now) ? g_steal_pointer(&kept)
                                                                : NULL;
}

static BnsQuarantined
act(const Place *place, const BnsOriginal *original, BnsKeep *keep, char **out_kept)
{
    static const BnsContent nothing = { 0 };
    bool is_known = original != NULL && original->bytes != NULL;

    if (is_known) {
        *out_kept = swap(place, original, keep);
        if (*out_kept != NULL)
            return BNS_QUARANTINED_RESTORED;
    }
    *out_kept = move_aside(place, keep);
    /* The last that was tried was to rename it where it is. */
    if (*out_kept == NULL)
        return errno == ENOENT ? BNS_QUARANTINED_GONE : BNS_QUARANTINED_NOT;
    return is_known && restore(place->path, original, &nothing)
               ? BNS_QUARANTINED_RESTORED
               : BNS_QUARANTINED_GONE;
}

BnsQuarantined
bns_quarantine(const char *path,
               const BnsOriginal *original,
               BnsKeep *keep,
               char **out_kept)
{
    Place place;
    BnsQuarantined result = BNS_QUARANTINED_GONE;
    int r = place_init(&place, path);

    *out_kept = NULL;
    if (r == 0) {
        result = act(&place, original, keep, out_kept);
    } else if (r != -ENOENT) {
        result = BNS_QUARANTINED_NOT;
        errno = -r;
    }
    r = errno;
    place_clear(&place);
    errno = r;
    return result;
}
