/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Review apply: the list of changes, from the first to the last: a directory before what
 * is in it; then back, since a directory's permissions and times come when it is filled.
 *
 * What a directory hides as a whole (opaque) is written out before, as a whiteout for each
 * name: else what was applied and is gone from such a directory would look removed.
 */
#include "sandbox/review_apply.h"

#include "base/fd.h"
#include "base/text.h"
#include "sandbox/review_place.h"
#include "sandbox/review_remove.h"
#include "sandbox/review_upper.h"
#include "sandbox/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A file of several names, at the first of them. */
typedef struct {
    guint tree;
    const char *path; /* borrowed */
    struct stat info; /* of the tree's */
} Named;

typedef struct {
    BnsReview *review;           /* borrowed */
    const BnsReviewApply *apply; /* borrowed */
    BnsReviewChanges *changes;   /* owned */
    GPtrArray *paths;            /* owned, of owned absolute paths; NULL: all */
    int *tree_fds;               /* owned, of owned */
    int *upper_fds;              /* owned, of owned */
    GHashTable *named;           /* owned; inode of an upper → owned Named */
    bool *is_applied;            /* owned; by index of the list */
    BnsReviewApplied *applied;   /* owned */
} Work;

void
bns_review_applied_free(BnsReviewApplied *applied)
{
    if (applied == NULL)
        return;
    g_ptr_array_unref(applied->kept);
    g_free(applied);
}

bool
bns_review_is_done(const BnsReviewApplied *applied)
{
    return applied->kept->len == 0 && applied->n_passed_over == 0;
}

/* --- where --- */

/* The directories that a change lies in. */
typedef struct {
    int upper_fd; /* owned */
    int lower_fd; /* owned */
    char *name;   /* owned; "." of the tree itself */
} Where;

static void
where_clear(Where *where)
{
    bns_fd_clear(&where->upper_fd);
    bns_fd_clear(&where->lower_fd);
    g_free(where->name);
}

static char *
parent_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? g_strndup(path, (gsize)(slash - path)) : g_strdup("");
}

static int
where_init(Where *where, const Work *work, guint tree, const char *path)
{
    g_autofree char *parent = parent_of(path);

    *where = (Where){ .lower_fd = -1 };
    where->name = *path == '\0' ? g_strdup(".") : g_path_get_basename(path);
    where->upper_fd = bns_review_open_below(work->upper_fds[tree], parent);
    where->lower_fd = bns_review_open_below(work->tree_fds[tree], parent);
    return MIN(MIN(where->upper_fd, where->lower_fd), 0);
}

/* --- before --- */

static int
write_out(const Work *work, const BnsChange *change)
{
    g_autofree char *parent = parent_of(change->path);
    g_autofree char *name = g_path_get_basename(change->path);
    bns_autofd fd = bns_review_open_below(work->upper_fds[change->tree], parent);
    int r = fd;

    if (fd >= 0 && change->kind == BNS_CHANGE_REMOVED)
        r = bns_upper_make_whiteout(fd, name);
    else if (fd >= 0)
        r = bns_upper_clear_origin(fd, name);
    return r == -EEXIST ? 0 : MIN(r, 0);
}

/* What is renamed is known to be that as long as nothing else happens in its directory: so
 * it is noted now. */
static bool
needs_writing_out(const BnsChange *change)
{
    bool has_attributes =
        S_ISREG(change->upper.st_mode) || S_ISDIR(change->upper.st_mode);

    return change->kind == BNS_CHANGE_REMOVED ||
           (change->kind == BNS_CHANGE_ADDED && !change->is_conflict && has_attributes);
}

static int
write_out_all(const Work *work)
{
    const GPtrArray *list = work->changes->list;
    const GPtrArray *opaque = work->changes->opaque;
    int r = 0;

    for (guint i = 0; i < list->len && r == 0; i++)
        if (needs_writing_out(list->pdata[i]))
            r = write_out(work, list->pdata[i]);
    for (guint i = 0; i < opaque->len && r == 0; i++) {
        const BnsOpaque *place = opaque->pdata[i];
        bns_autofd fd =
            bns_review_open_below(work->upper_fds[place->tree], place->path);

        r = fd < 0 ? fd : bns_upper_clear_opaque(fd);
    }
    return r;
}

/* --- one change --- */

/* Whether what lies there is still what the list was made from. */
static int
check_lower(const Where *where, const BnsChange *change)
{
    const struct stat *then = &change->lower;
    struct stat now;

    if (fstatat(where->lower_fd, where->name, &now, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT && then->st_mode == 0 ? 0 : -ESTALE;
    if (now.st_dev != then->st_dev || now.st_ino != then->st_ino)
        return -ESTALE;
    /* Its change is a change of what is in it. */
    if (S_ISDIR(now.st_mode))
        return S_ISDIR(then->st_mode) ? 0 : -ESTALE;
    return now.st_size == then->st_size && now.st_mtim.tv_sec == then->st_mtim.tv_sec &&
                   now.st_mtim.tv_nsec == then->st_mtim.tv_nsec
               ? 0
               : -ESTALE;
}

static int
place_again(const Work *work, const BnsReviewPlace *place)
{
    gint64 inode = (gint64)place->change->upper.st_ino;
    const Named *named = g_hash_table_lookup(work->named, &inode);
    Where other;
    int r =
        named == NULL ? -ENOENT : where_init(&other, work, named->tree, named->path);

    if (named == NULL)
        return r;
    if (r == 0)
        r = bns_review_place_link(place, other.lower_fd, other.name, &named->info);
    where_clear(&other);
    return r;
}

static int
place_file(const Work *work, const BnsReviewPlace *place)
{
    const BnsChange *change = place->change;
    bool has_names = change->upper.st_nlink > 1;
    bns_autofd fd = -1;
    Named *named;

    if (has_names && place_again(work, place) == 0)
        return 0;
    fd = bns_review_place_file(place);
    if (fd < 0 || !has_names)
        return MIN(fd, 0);
    named = g_new0(Named, 1);
    named->tree = change->tree;
    named->path = change->path;
    if (fstat(fd, &named->info) == 0)
        g_hash_table_replace(
            work->named,
            g_memdup2(&(gint64){ (gint64)change->upper.st_ino }, sizeof(gint64)),
            named);
    else
        g_free(named);
    return 0;
}

/* What is to be replaced by another type goes first, if it or the new one is a
 * directory. */
static int
make_room(const Where *where, const BnsChange *change)
{
    bool is_in_the_way =
        change->kind == BNS_CHANGE_REPLACED &&
        (S_ISDIR(change->lower.st_mode) || S_ISDIR(change->upper.st_mode));

    return is_in_the_way || change->kind == BNS_CHANGE_REMOVED
               ? bns_review_remove_tree(where->lower_fd, where->name)
               : 0;
}

static int
put(const Work *work, const Where *where, const BnsChange *change)
{
    char temporary[64];
    const BnsReviewPlace place = { .upper_fd = where->upper_fd,
                                   .lower_fd = where->lower_fd,
                                   .name = where->name,
                                   .temporary = temporary,
                                   .change = change,
                                   .is_replacing = work->apply->is_forced };
    int r = make_room(where, change);

    g_snprintf(temporary, sizeof(temporary),
               ".boundary-ns-%.8s-%" G_GINT64_MODIFIER "x", work->review->session,
               (guint64)change->upper.st_ino);
    if (r < 0 || change->kind == BNS_CHANGE_REMOVED)
        return r;
    if (change->kind == BNS_CHANGE_MODE)
        return bns_review_place_mode(&place);
    if (S_ISDIR(change->upper.st_mode))
        return bns_review_place_directory(&place);
    return S_ISLNK(change->upper.st_mode) ? bns_review_place_symlink(&place)
                                          : place_file(work, &place);
}

/* It has arrived. */
static int
take_away(const Where *where, const BnsChange *change)
{
    if (S_ISDIR(change->upper.st_mode))
        return 0;
    return unlinkat(where->upper_fd, where->name, 0) < 0 && errno != ENOENT ? -errno
                                                                            : 0;
}

static int
apply_one(const Work *work, const BnsChange *change)
{
    Where where;
    int r = where_init(&where, work, change->tree, change->path);

    if (r == 0 && !work->apply->is_forced)
        r = check_lower(&where, change);
    if (r == 0)
        r = put(work, &where, change);
    if (r == 0)
        r = take_away(&where, change);
    where_clear(&where);
    return r;
}

/* --- all of them --- */

static const char *
reason(const BnsChange *change, int r)
{
    switch (-r) {
    case ESTALE:
    case EEXIST:
        return "it is changed on the host right now";
    case ELOOP:
        return "a symbolic link is in its way";
    case EXDEV:
        return "another file system is mounted there";
    case ENOENT:
    case ENOTDIR:
        return "its directory is not there";
    default:
        return g_strerror(-r);
    }
}

static void
keep(Work *work, const BnsChange *change, const char *why)
{
    g_autofree char *path = bns_review_change_path(work->review, change);
    g_autofree char *shown = bns_text_escape(path, -1);

    g_ptr_array_add(work->applied->kept, g_strdup_printf("%s: %s", shown, why));
}

/* A directory that a named one lies in comes along, if it is new. */
static bool
is_named(const Work *work, const BnsChange *change)
{
    g_autofree char *path = bns_review_change_path(work->review, change);
    bool is_way = S_ISDIR(change->upper.st_mode) && change->kind != BNS_CHANGE_MODE;

    if (work->paths == NULL)
        return true;
    for (guint i = 0; i < work->paths->len; i++)
        if (bns_tree_is_within(path, work->paths->pdata[i]) ||
            (is_way && bns_tree_is_within(work->paths->pdata[i], path)))
            return true;
    return false;
}

static void
apply_at(Work *work, guint i)
{
    const BnsChange *change = g_ptr_array_index(work->changes->list, i);
    int r;

    if (!is_named(work, change)) {
        work->applied->n_passed_over++;
    } else if (change->obstacle != NULL) {
        keep(work, change, change->obstacle);
    } else if (change->is_conflict && !work->apply->is_forced) {
        keep(work, change, "it was changed on the host, too");
    } else {
        r = apply_one(work, change);
        if (r < 0)
            keep(work, change, reason(change, r));
        work->is_applied[i] = r == 0;
        work->applied->n_applied += r == 0 ? 1 : 0;
    }
}

static void
finish_at(Work *work, guint i)
{
    const BnsChange *change = g_ptr_array_index(work->changes->list, i);
    Where where;
    int r;

    if (!work->is_applied[i] || !S_ISDIR(change->upper.st_mode))
        return;
    r = where_init(&where, work, change->tree, change->path);
    if (r == 0)
        r = bns_review_finish_directory(&(BnsReviewPlace){ .upper_fd = where.upper_fd,
                                                           .lower_fd = where.lower_fd,
                                                           .name = where.name,
                                                           .change = change });
    /* What was not applied is still in it. */
    if (r == 0)
        (void)unlinkat(where.upper_fd, where.name, AT_REMOVEDIR);
    else
        keep(work, change, reason(change, r));
    where_clear(&where);
}

/* --- what is asked for --- */

static bool
has_change(const Work *work, const char *path)
{
    for (guint i = 0; i < work->changes->list->len; i++) {
        g_autofree char *changed =
            bns_review_change_path(work->review, work->changes->list->pdata[i]);

        if (bns_tree_is_within(changed, path))
            return true;
    }
    return false;
}

static bool
read_paths(Work *work, GError **error)
{
    if (work->apply->paths == NULL || *work->apply->paths == NULL)
        return true;
    work->paths = g_ptr_array_new_with_free_func(g_free);
    for (const char *const *path = work->apply->paths; *path != NULL; path++) {
        char *whole = g_canonicalize_filename(*path, work->review->workdir);

        g_ptr_array_add(work->paths, whole);
        if (!has_change(work, whole)) {
            g_autofree char *shown = bns_text_escape(whole, -1);

            g_set_error(error, BNS_REVIEW_ERROR, BNS_REVIEW_ERROR_NONE,
                        "Nothing was changed at %s", shown);
            return false;
        }
    }
    return true;
}

static bool
open_roots(Work *work, GError **error)
{
    guint n = work->review->trees->len;

    for (guint i = 0; i < n; i++) {
        work->tree_fds[i] = bns_review_open_tree(work->review, i, error);
        work->upper_fds[i] = bns_review_open_upper(work->review, i);
        if (work->tree_fds[i] < 0)
            return false;
        if (work->upper_fds[i] < 0) {
            g_set_error(error, BNS_REVIEW_ERROR, BNS_REVIEW_ERROR_FAILED,
                        "Could not open \"%s\": %s", work->review->path,
                        g_strerror(-work->upper_fds[i]));
            return false;
        }
    }
    return true;
}

static bool
check_all_seen(const Work *work, GError **error)
{
    int r = work->changes->is_complete ? write_out_all(work) : -E2BIG;

    if (r == 0)
        return true;
    g_set_error(error, BNS_REVIEW_ERROR, BNS_REVIEW_ERROR_FAILED,
                "Could not prepare the changes in \"%s\": %s", work->review->path,
                r == -E2BIG ? "there are too many" : g_strerror(-r));
    return false;
}

static void
work_init(Work *work, BnsReview *review, const BnsReviewApply *apply)
{
    guint n = review->trees->len;

    *work = (Work){ .review = review, .apply = apply };
    work->tree_fds = g_new(int, n);
    work->upper_fds = g_new(int, n);
    for (guint i = 0; i < n; i++)
        work->tree_fds[i] = work->upper_fds[i] = -1;
    work->named = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    work->applied = g_new0(BnsReviewApplied, 1);
    work->applied->kept = g_ptr_array_new_with_free_func(g_free);
}

static void
work_clear(Work *work)
{
    for (guint i = 0; i < work->review->trees->len; i++) {
        bns_fd_clear(&work->tree_fds[i]);
        bns_fd_clear(&work->upper_fds[i]);
    }
    g_free(work->tree_fds);
    g_free(work->upper_fds);
    g_free(work->is_applied);
    g_hash_table_unref(work->named);
    g_clear_pointer(&work->paths, g_ptr_array_unref);
    bns_review_changes_free(work->changes);
    bns_review_applied_free(work->applied);
}

BnsReviewApplied *
bns_review_apply(BnsReview *review, const BnsReviewApply *apply, GError **error)
{
    BnsReviewApplied *applied = NULL;
    Work work;

    work_init(&work, review, apply);
    work.changes = bns_review_changes(review, error);
    if (work.changes != NULL && read_paths(&work, error) && open_roots(&work, error) &&
        check_all_seen(&work, error)) {
        guint n = work.changes->list->len;

        work.is_applied = g_new0(bool, n);
        for (guint i = 0; i < n; i++)
            apply_at(&work, i);
        for (guint i = n; i > 0; i--)
            finish_at(&work, i - 1);
        applied = g_steal_pointer(&work.applied);
    }
    work_clear(&work);
    return applied;
}
