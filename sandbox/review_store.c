/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/review_store.h"

#include "audit/mask.h"
#include "audit/place.h"
#include "base/fd.h"
#include "base/text.h"
#include "sandbox/review_file.h"
#include "sandbox/review_lock.h"
#include "sandbox/review_remove.h"
#include "sandbox/review_upper.h"
#include "sandbox/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIRECTORY "review"
/* Not a review yet, and not any more. */
#define NEW_PREFIX  ".new-"
#define GONE_PREFIX ".gone-"
/* A review is made within milliseconds. */
#define NEW_SECONDS_MAX 60

G_DEFINE_QUARK(bns_review_error, bns_review_error)

static bool G_GNUC_PRINTF(3, 4)
    fail(BnsReviewError code, GError **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (error != NULL)
        *error = g_error_new_valist(BNS_REVIEW_ERROR, (int)code, format, args);
    va_end(args);
    return false;
}

static int
open_reviews(bool create, char **out_path, GError **error)
{
    g_autoptr(GError) why = NULL;
    int fd = bns_place_open_named(BNS_PLACE_STATE, DIRECTORY, create, out_path, &why);

    if (fd < 0)
        fail(BNS_REVIEW_ERROR_FAILED, error, "%s", why->message);
    return fd;
}

/* --- what is left of others --- */

static bool
is_old(int dir_fd)
{
    struct stat info;

    return fstat(dir_fd, &info) == 0 &&
           g_get_real_time() / G_USEC_PER_SEC - info.st_mtim.tv_sec > NEW_SECONDS_MAX;
}

static int
open_review(int reviews_fd, const char *name)
{
    int fd = openat(reviews_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

static int
sweep_one(void *data, const char *name)
{
    int reviews_fd = *(const int *)data;

    if (g_str_has_prefix(name, NEW_PREFIX)) {
        bns_autofd fd = open_review(reviews_fd, name);

        if (fd < 0 || bns_review_is_locked(fd) || !is_old(fd))
            return 0;
    } else if (!g_str_has_prefix(name, GONE_PREFIX)) {
        return 0;
    }
    (void)bns_review_remove_tree(reviews_fd, name);
    return 0;
}

static void
sweep(int reviews_fd)
{
    bns_autofd fd = open_review(reviews_fd, ".");

    if (fd >= 0)
        (void)bns_tree_each(fd, sweep_one, &reviews_fd);
}

/* --- a new one --- */

static void
tree_free(void *data)
{
    BnsReviewTree *tree = data;

    g_free(tree->path);
    g_free(tree);
}

static BnsReview *
review_new(const char *session)
{
    BnsReview *review = g_new0(BnsReview, 1);

    g_strlcpy(review->session, session, sizeof(review->session));
    review->trees = g_ptr_array_new_with_free_func(tree_free);
    review->fd = -1;
    review->lock_fd = -1;
    return review;
}

void
bns_review_free(BnsReview *review)
{
    if (review == NULL)
        return;
    bns_fd_clear(&review->fd);
    bns_fd_clear(&review->lock_fd);
    g_ptr_array_unref(review->trees);
    g_strfreev(review->command);
    g_strfreev(review->hidden);
    g_free(review->path);
    g_free(review->workdir);
    g_free(review->audit_path);
    g_free(review);
}

int64_t
bns_review_born_ns(int fd)
{
    struct statx info;

    if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &info) < 0 ||
        (info.stx_mask & STATX_BTIME) == 0)
        return 0;
    return info.stx_btime.tv_sec * INT64_C(1000000000) + info.stx_btime.tv_nsec;
}

/* An overlay's root is what its upper is. What of it we may not set, the command sees as
 * ours. */
static int
dress_upper(int upper_fd, const struct stat *as)
{
    const struct timespec times[2] = { as->st_atim, as->st_mtim };

    if ((as->st_uid != geteuid() || as->st_gid != getegid()) &&
        fchown(upper_fd, as->st_uid, as->st_gid) < 0 && errno != EPERM)
        return -errno;
    if (fchmod(upper_fd, as->st_mode & 07777) < 0 || futimens(upper_fd, times) < 0)
        return -errno;
    return 0;
}

static int
make_tree(BnsReview *review, const char *path)
{
    g_autofree char *name = g_strdup_printf("%u", review->trees->len);
    BnsReviewTree *tree = g_new0(BnsReviewTree, 1);
    bns_autofd real = bns_tree_look_along(path);
    bns_autofd dir = -1, upper = -1;
    struct stat info;

    tree->path = g_strdup(path);
    g_ptr_array_add(review->trees, tree);
    if (real < 0)
        return real;
    if (fstat(real, &info) < 0 || mkdirat(review->fd, name, 0700) < 0)
        return -errno;
    if (!S_ISDIR(info.st_mode))
        return -ENOTDIR;
    tree->device = info.st_dev;
    tree->inode = info.st_ino;
    tree->born_ns = bns_review_born_ns(real);
    dir = open_review(review->fd, name);
    if (dir < 0)
        return dir;
    if (mkdirat(dir, "work", 0700) < 0 || mkdirat(dir, "upper", 0700) < 0)
        return -errno;
    upper = open_review(dir, "upper");
    return upper < 0 ? upper : dress_upper(upper, &info);
}

static bool
make_trees(BnsReview *review, const BnsReviewStart *start, GError **error)
{
    for (const char *const *path = start->trees; *path != NULL; path++) {
        int r = review->trees->len >= BNS_REVIEW_TREES_MAX ? -E2BIG
                                                           : make_tree(review, *path);

        if (r == 0 && bns_tree_is_within(review->path, *path))
            r = -ELOOP;
        if (r < 0)
            return fail(BNS_REVIEW_ERROR_FAILED, error,
                        "Could not make a review of \"%s\": %s", *path,
                        r == -ELOOP ? "the reviews themselves are kept in it"
                                    : g_strerror(-r));
    }
    return true;
}

/* Later than all that was looked at, by the clock of file systems, which is coarser than
 * the real-time clock and behind it. */
static int
stamp(BnsReview *review)
{
    struct stat info;

    if (fchmod(review->lock_fd, 0600) < 0 || fstat(review->lock_fd, &info) < 0)
        return -errno;
    review->started = info.st_ctim;
    return 0;
}

static bool
fill(BnsReview *review, int reviews_fd, const BnsReviewStart *start, GError **error)
{
    g_autofree char *new_name = g_strconcat(NEW_PREFIX, start->session, NULL);
    int r;

    review->lock_fd = bns_review_lock(review->fd, O_CREAT | O_EXCL);
    if (review->lock_fd >= 0 && !make_trees(review, start, error))
        return false;
    r = review->lock_fd < 0 ? review->lock_fd : stamp(review);
    if (r == 0)
        r = bns_review_file_write(review);
    if (r == 0 && renameat2(reviews_fd, new_name, reviews_fd, start->session,
                            RENAME_NOREPLACE) < 0)
        r = -errno;
    return r == 0 || fail(BNS_REVIEW_ERROR_FAILED, error, "Could not make \"%s\": %s",
                          review->path, g_strerror(-r));
}

BnsReview *
bns_review_create(const BnsReviewStart *start, GError **error)
{
    g_autofree char *new_name = g_strconcat(NEW_PREFIX, start->session, NULL);
    g_autofree char *dir_path = NULL;
    bns_autofd reviews_fd = open_reviews(true, &dir_path, error);
    g_autoptr(BnsReview) review = review_new(start->session);

    if (reviews_fd < 0)
        return NULL;
    sweep(reviews_fd);
    review->path = g_build_filename(dir_path, start->session, NULL);
    review->workdir = g_strdup(start->workdir);
    review->command = bns_mask_argv(start->command);
    review->audit_path = g_strdup(start->audit_path);
    review->hidden = g_strdupv(start->hidden != NULL ? (GStrv)(uintptr_t)start->hidden
                                                     : (char *[]){ NULL });
    if (mkdirat(reviews_fd, new_name, 0700) == 0)
        review->fd = open_review(reviews_fd, new_name);
    else
        review->fd = -errno;
    if (review->fd < 0) {
        fail(BNS_REVIEW_ERROR_FAILED, error, "Could not make \"%s\": %s", review->path,
             g_strerror(-review->fd));
        return NULL;
    }
    if (fill(review, reviews_fd, start, error))
        return g_steal_pointer(&review);
    (void)bns_review_remove_tree(reviews_fd, new_name);
    return NULL;
}

/* --- those that there are --- */

typedef struct {
    GPtrArray *reviews; /* owned, of owned BnsReview */
    const char *path;   /* borrowed */
    int fd;             /* borrowed */
} Listing;

static int
list_one(void *data, const char *name)
{
    Listing *listing = data;
    g_autoptr(BnsReview) review = NULL;
    g_autofree char *shown = bns_text_escape(name, -1);
    int r;

    if (name[0] == '.')
        return 0;
    if (!g_uuid_string_is_valid(name)) {
        g_info("%s/%s is no review", listing->path, shown);
        return 0;
    }
    review = review_new(name);
    review->path = g_build_filename(listing->path, name, NULL);
    review->fd = open_review(listing->fd, name);
    r = review->fd < 0 ? review->fd : bns_review_file_read(review);
    if (r < 0) {
        g_info("%s: %s", review->path, g_strerror(-r));
        return 0;
    }
    review->is_live = bns_review_is_locked(review->fd);
    g_ptr_array_add(listing->reviews, g_steal_pointer(&review));
    return 0;
}

static int
compare(gconstpointer a, gconstpointer b)
{
    const BnsReview *one = *(const BnsReview *const *)a;
    const BnsReview *other = *(const BnsReview *const *)b;

    if (one->started.tv_sec != other->started.tv_sec)
        return one->started.tv_sec < other->started.tv_sec ? 1 : -1;
    if (one->started.tv_nsec != other->started.tv_nsec)
        return one->started.tv_nsec < other->started.tv_nsec ? 1 : -1;
    return strcmp(one->session, other->session);
}

/* Nobody has asked for a review yet. */
static bool
is_absent(const char *path)
{
    struct stat info;

    return path != NULL && lstat(path, &info) < 0 && errno == ENOENT;
}

static void
free_review(void *data)
{
    bns_review_free(data);
}

GPtrArray *
bns_review_list(GError **error)
{
    g_autoptr(GPtrArray) reviews = g_ptr_array_new_with_free_func(free_review);
    g_autofree char *path = NULL;
    bns_autofd fd = -1;
    Listing listing = { .reviews = reviews };
    int r;

    fd = open_reviews(false, &path, error);
    if (fd < 0 && !is_absent(path))
        return NULL;
    if (fd < 0) {
        g_clear_error(error);
        return g_steal_pointer(&reviews);
    }
    listing.path = path;
    listing.fd = fd;
    r = bns_tree_each(fd, list_one, &listing);
    if (r < 0) {
        fail(BNS_REVIEW_ERROR_FAILED, error, "Could not read \"%s\": %s", path,
             g_strerror(-r));
        return NULL;
    }
    g_ptr_array_sort(reviews, compare);
    return g_steal_pointer(&reviews);
}

/* --- one of them --- */

/* Returns: (nullable): its place among @reviews, or %NULL with @error. */
static BnsReview **
choose(GPtrArray *reviews, const char *prefix, GError **error)
{
    g_autofree char *shown = NULL;
    BnsReview **found = NULL;
    guint n = 0;

    for (guint i = 0; i < reviews->len; i++) {
        BnsReview **review = (BnsReview **)&reviews->pdata[i];

        if (prefix == NULL ? !(*review)->is_live
                           : g_str_has_prefix((*review)->session, prefix)) {
            n++;
            if (found == NULL)
                found = review;
        }
    }
    if (prefix == NULL) {
        if (n == 0)
            fail(BNS_REVIEW_ERROR_NONE, error, "No review is kept");
        return found;
    }
    if (n == 1 && *prefix != '\0')
        return found;
    shown = bns_text_escape(prefix, -1);
    if (n == 0 || *prefix == '\0')
        fail(BNS_REVIEW_ERROR_NONE, error,
             "No review is kept of a session whose id begins with \"%s\"", shown);
    else
        fail(
            BNS_REVIEW_ERROR_NONE, error,
            "Reviews of %u sessions whose ids begin with \"%s\" are kept; give more of "
            "the one that you mean",
            n, shown);
    return NULL;
}

/* Whoever had the lock before us may have removed it. */
static bool
is_still_there(const BnsReview *review)
{
    struct stat now, then;

    return lstat(review->path, &now) == 0 && fstat(review->fd, &then) == 0 &&
           now.st_dev == then.st_dev && now.st_ino == then.st_ino;
}

BnsReview *
bns_review_open(const char *prefix, GError **error)
{
    g_autoptr(GPtrArray) reviews = bns_review_list(error);
    g_autoptr(BnsReview) review = NULL;
    BnsReview **place = reviews != NULL ? choose(reviews, prefix, error) : NULL;

    if (place == NULL)
        return NULL;
    review = g_steal_pointer(place);
    g_ptr_array_set_free_func(reviews, NULL);
    for (guint i = 0; i < reviews->len; i++)
        bns_review_free(reviews->pdata[i]);
    review->lock_fd = bns_review_lock(review->fd, 0);
    if (review->lock_fd == -EAGAIN)
        fail(BNS_REVIEW_ERROR_BUSY, error,
             "The session %s still runs, or its review is being worked on",
             review->session);
    else if (review->lock_fd < 0)
        fail(BNS_REVIEW_ERROR_FAILED, error, "Could not lock \"%s\": %s", review->path,
             g_strerror(-review->lock_fd));
    else if (!is_still_there(review))
        fail(BNS_REVIEW_ERROR_NONE, error, "The review of %s is gone", review->session);
    else {
        review->is_live = false;
        return g_steal_pointer(&review);
    }
    return NULL;
}

bool
bns_review_remove(BnsReview *review, GError **error)
{
    g_autofree char *gone = g_strconcat(GONE_PREFIX, review->session, NULL);
    g_autofree char *dir_path = NULL;
    bns_autofd reviews_fd = open_reviews(false, &dir_path, error);
    int r = 0;

    if (reviews_fd < 0)
        return false;
    sweep(reviews_fd);
    if (renameat(reviews_fd, review->session, reviews_fd, gone) < 0)
        r = -errno;
    if (r == 0)
        r = bns_review_remove_tree(reviews_fd, gone);
    return r == 0 || fail(BNS_REVIEW_ERROR_FAILED, error, "Could not remove \"%s\": %s",
                          review->path, g_strerror(-r));
}

static char *
path_in(const BnsReview *review, guint tree, const char *name)
{
    return g_strdup_printf("%s/%u/%s", review->path, tree, name);
}

char *
bns_review_upper_path(const BnsReview *review, guint tree)
{
    return path_in(review, tree, "upper");
}

char *
bns_review_work_path(const BnsReview *review, guint tree)
{
    return path_in(review, tree, "work");
}

int
bns_review_open_upper(const BnsReview *review, guint tree)
{
    g_autofree char *name = g_strdup_printf("%u", tree);
    bns_autofd dir = open_review(review->fd, name);
    BnsUpperEntry entry;
    int r;

    r = dir < 0 ? dir : bns_upper_look(dir, "upper", &entry);
    return r < 0 ? r : bns_upper_open(dir, "upper", &entry);
}
