/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Review changes: upper and tree are walked together.
 *
 * In an opaque directory nothing of the tree's shows: what the tree has and the upper has
 * not was removed; that goes for all directories in it.
 */
#include "sandbox/review_changes.h"

#include "base/fd.h"
#include "base/text.h"
#include "sandbox/git_hooks.h"
#include "sandbox/review_mark.h"
#include "sandbox/review_same.h"
#include "sandbox/review_upper.h"
#include "sandbox/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    const BnsReview *review;   /* borrowed */
    BnsReviewChanges *changes; /* borrowed */
    guint tree;
    const char *hooks; /* borrowed; (nullable): of the tree (sandbox/git_hooks.h) */
    guint n_entries;
    gsize n_bytes; /* of their paths */
    GError *error; /* owned; the walk ends */
} Walk;

/* One directory of it. */
typedef struct {
    const char *path;   /* borrowed; below the tree; "": the tree */
    int upper_fd;       /* borrowed */
    int lower_fd;       /* borrowed; -1: the tree has none */
    bool hides_lower;   /* opaque, or in one that is */
    bool lower_is_new;  /* the tree's was made after the start: what only it has was not
                         * removed */
    bool lower_is_news; /* something went or came since the start */
    int depth;
} Place;

/* --- names --- */

static int
add_name(void *data, const char *name)
{
    GPtrArray *names = data;

    if (names->len >= BNS_REVIEW_ENTRIES_MAX)
        return -E2BIG;
    g_ptr_array_add(names, g_strdup(name));
    return 0;
}

static void
fail(Walk *walk, const char *path, int r)
{
    const BnsReviewTree *tree = g_ptr_array_index(walk->review->trees, walk->tree);
    g_autofree char *whole = g_build_filename(tree->path, path, NULL);
    g_autofree char *shown = bns_text_escape(whole, -1);

    if (walk->error == NULL)
        g_set_error(&walk->error, BNS_REVIEW_ERROR, BNS_REVIEW_ERROR_FAILED,
                    "Could not look at %s: %s", shown, g_strerror(-r));
}

/* Returns: (transfer full): sorted, of owned names. */
static GPtrArray *
read_names(Walk *walk, const Place *place, int dir_fd)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    int r = dir_fd < 0 ? 0 : bns_tree_each(dir_fd, add_name, names);

    if (r < 0)
        fail(walk, place->path, r);
    g_ptr_array_sort(names, bns_text_compare);
    return names;
}

/* --- changes --- */

static void
change_free(void *data)
{
    BnsChange *change = data;

    g_free(change->path);
    g_free(change);
}

static void
opaque_free(void *data)
{
    BnsOpaque *opaque = data;

    g_free(opaque->path);
    g_free(opaque);
}

void
bns_review_changes_free(BnsReviewChanges *changes)
{
    if (changes == NULL)
        return;
    g_ptr_array_unref(changes->list);
    g_ptr_array_unref(changes->opaque);
    g_free(changes);
}

static const char *
find_obstacle(mode_t mode)
{
    if (S_ISFIFO(mode))
        return "it is a pipe";
    if (S_ISSOCK(mode))
        return "it is a socket";
    return S_ISCHR(mode) || S_ISBLK(mode) ? "it is a device" : NULL;
}

/* What goes as a whole goes with all that was hidden in it. */
static bool
is_unseen(const BnsReview *review, const BnsChange *change)
{
    g_autofree char *path = bns_review_change_path(review, change);
    bool is_whole =
        change->kind == BNS_CHANGE_REMOVED || change->kind == BNS_CHANGE_REPLACED;

    return is_whole ? bns_review_hides_within(review, path)
                    : bns_review_hides(review, path);
}

static BnsChange *
add_change(Walk *walk,
           const char *path,
           BnsChangeKind kind,
           const struct stat *upper,
           const struct stat *lower)
{
    BnsChange *change = g_new0(BnsChange, 1);

    change->tree = walk->tree;
    change->path = g_strdup(path);
    walk->n_bytes += strlen(path);
    change->kind = kind;
    if (upper != NULL)
        change->upper = *upper;
    if (lower != NULL)
        change->lower = *lower;
    if (upper != NULL)
        change->obstacle = find_obstacle(upper->st_mode);
    if (is_unseen(walk->review, change))
        change->obstacle = "the command did not see what is there";
    g_ptr_array_add(walk->changes->list, change);
    return change;
}

/* Whether the host changed any file in the directory @fd; what went away is no matter. */
static bool
has_news(Walk *walk, int dir_fd, const char *name, int depth)
{
    bns_autofd fd = -1;
    g_autoptr(GPtrArray) names = NULL;
    struct stat info;
    bool found = false;

    if (fstatat(dir_fd, name, &info, AT_SYMLINK_NOFOLLOW) < 0)
        return errno != ENOENT;
    if (!S_ISDIR(info.st_mode))
        return bns_review_is_newer(walk->review, &info);
    /* What cannot be looked at may be anything. */
    fd = bns_review_open_below(dir_fd, name);
    if (fd < 0 || depth >= BNS_REVIEW_DEPTH_MAX)
        return true;
    names = g_ptr_array_new_with_free_func(g_free);
    if (bns_tree_each(fd, add_name, names) < 0)
        return true;
    for (guint i = 0; i < names->len && !found; i++)
        found = has_news(walk, fd, names->pdata[i], depth + 1);
    return found;
}

static void
add_removed(Walk *walk, const Place *place, const char *name, const char *path)
{
    BnsChange *change;
    struct stat lower;

    if (place->lower_fd < 0 ||
        fstatat(place->lower_fd, name, &lower, AT_SYMLINK_NOFOLLOW) < 0)
        return;
    change = add_change(walk, path, BNS_CHANGE_REMOVED, NULL, &lower);
    change->is_conflict = has_news(walk, place->lower_fd, name, 0);
    change->why =
        bns_review_mark(walk->review, walk->hooks, change, -1, place->lower_fd, name);
}

static bool
has_other_mode(const struct stat *upper, const struct stat *lower)
{
    /* The bits to act for others are not applied. */
    return ((upper->st_mode ^ lower->st_mode) & 0777) != 0;
}

/* Regular files and links of one type. Returns: whether they differ. */
static bool
has_other_content(const Place *place, const char *name, const BnsUpperEntry *entry)
{
    bns_autofd upper = -1, lower = -1;

    if (S_ISLNK(entry->info.st_mode))
        return !bns_review_same_link(place->upper_fd, place->lower_fd, name);
    if (!S_ISREG(entry->info.st_mode))
        return false;
    upper = bns_upper_open(place->upper_fd, name, entry);
    lower = openat(place->lower_fd, name,
                   O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return upper < 0 || lower < 0 || !bns_review_same_content(upper, lower);
}

static void
add_file(Walk *walk,
         const Place *place,
         const char *name,
         const char *path,
         const BnsUpperEntry *entry,
         const struct stat *lower)
{
    BnsChange *change = NULL;

    if (lower == NULL) {
        change = add_change(walk, path, BNS_CHANGE_ADDED, &entry->info, NULL);
        /* What was copied up was there, here or under another name. */
        change->is_conflict = entry->has_origin && place->lower_is_news;
    } else if ((entry->info.st_mode & S_IFMT) != (lower->st_mode & S_IFMT)) {
        change = add_change(walk, path, BNS_CHANGE_REPLACED, &entry->info, lower);
        change->is_conflict = has_news(walk, place->lower_fd, name, 0);
    } else if (has_other_content(place, name, entry)) {
        change = add_change(walk, path, BNS_CHANGE_CHANGED, &entry->info, lower);
        change->is_conflict = bns_review_is_newer(walk->review, lower);
    } else if (!S_ISLNK(lower->st_mode) && has_other_mode(&entry->info, lower)) {
        change = add_change(walk, path, BNS_CHANGE_MODE, &entry->info, lower);
        change->is_conflict = bns_review_is_newer(walk->review, lower);
    }
    if (change != NULL)
        change->why = bns_review_mark(walk->review, walk->hooks, change,
                                      place->upper_fd, place->lower_fd, name);
}

/* --- the walk --- */

static bool
was_made_later(const BnsReview *review, int fd)
{
    return bns_review_born_ns(fd) >
           review->started.tv_sec * INT64_C(1000000000) + review->started.tv_nsec;
}

static void walk_directory(Walk *walk, const Place *place);

static void
add_opaque(Walk *walk, const char *path)
{
    BnsOpaque *opaque = g_new0(BnsOpaque, 1);

    opaque->tree = walk->tree;
    opaque->path = g_strdup(path);
    g_ptr_array_add(walk->changes->opaque, opaque);
}

/* @change: (nullable): of the directory itself */
static void
enter(Walk *walk,
      const Place *around,
      const char *name,
      const char *path,
      const BnsUpperEntry *entry,
      BnsChange *change,
      const struct stat *lower)
{
    bns_autofd upper_fd = bns_upper_open(around->upper_fd, name, entry);
    bns_autofd lower_fd = -1;
    Place place = { .path = path,
                    .hides_lower = around->hides_lower || entry->is_opaque,
                    .upper_fd = upper_fd,
                    .lower_is_news = around->lower_is_news,
                    .depth = around->depth + 1 };

    if (upper_fd < 0) {
        fail(walk, path, upper_fd);
        return;
    }
    if (entry->is_opaque)
        add_opaque(walk, path);
    if (lower != NULL) {
        lower_fd = bns_review_open_below(around->lower_fd, name);
        if (lower_fd < 0) {
            if (change == NULL)
                change = add_change(walk, path, BNS_CHANGE_MODE, &entry->info, lower);
            change->obstacle = lower_fd == -EXDEV
                                   ? "another file system is mounted there"
                                   : "the directory cannot be opened";
            return;
        }
        place.lower_is_new = was_made_later(walk->review, lower_fd);
        place.lower_is_news = bns_review_is_newer(walk->review, lower);
    }
    place.lower_fd = lower_fd;
    walk_directory(walk, &place);
}

static void
add_directory(Walk *walk,
              const Place *place,
              const char *name,
              const char *path,
              const BnsUpperEntry *entry,
              const struct stat *lower)
{
    bool is_merged = lower != NULL && S_ISDIR(lower->st_mode);
    BnsChange *change = NULL;

    if (lower == NULL || !is_merged)
        change = add_change(walk, path,
                            lower == NULL ? BNS_CHANGE_ADDED : BNS_CHANGE_REPLACED,
                            &entry->info, lower);
    else if (has_other_mode(&entry->info, lower))
        change = add_change(walk, path, BNS_CHANGE_MODE, &entry->info, lower);
    if (change != NULL)
        change->is_conflict =
            lower == NULL ? entry->has_origin && place->lower_is_news
                          : !is_merged && bns_review_is_newer(walk->review, lower);
    if (place->depth + 1 >= BNS_REVIEW_DEPTH_MAX || strlen(path) >= PATH_MAX / 2) {
        if (change == NULL)
            change = add_change(walk, path, BNS_CHANGE_MODE, &entry->info, lower);
        change->obstacle = "it lies too deep";
        /* What would be removed there cannot be told. */
        if (is_merged && (place->hides_lower || entry->is_opaque))
            fail(walk, path, -ENAMETOOLONG);
        return;
    }
    enter(walk, place, name, path, entry, change, is_merged ? lower : NULL);
}

static char *
path_in(const Place *place, const char *name)
{
    return *place->path == '\0' ? g_strdup(name)
                                : g_strconcat(place->path, "/", name, NULL);
}

static void
look_at(Walk *walk, const Place *place, const char *name)
{
    g_autofree char *path = path_in(place, name);
    BnsUpperEntry entry;
    struct stat lower;
    bool has_lower = place->lower_fd >= 0 &&
                     fstatat(place->lower_fd, name, &lower, AT_SYMLINK_NOFOLLOW) == 0;
    int r = bns_upper_look(place->upper_fd, name, &entry);

    if (r < 0)
        fail(walk, path, r);
    else if (entry.is_foreign)
        g_set_error(&walk->error, BNS_REVIEW_ERROR, BNS_REVIEW_ERROR_FAILED,
                    "%s: parts of the review lie elsewhere: it was made with other "
                    "options of overlayfs than ours",
                    walk->review->path);
    else if (entry.is_whiteout)
        add_removed(walk, place, name, path);
    else if (S_ISDIR(entry.info.st_mode))
        add_directory(walk, place, name, path, &entry, has_lower ? &lower : NULL);
    else
        add_file(walk, place, name, path, &entry, has_lower ? &lower : NULL);
}

/* Both are sorted. */
static void
look_at_all(Walk *walk, const Place *place, GPtrArray *uppers, GPtrArray *hidden)
{
    guint at = 0;

    for (guint i = 0; i < uppers->len || at < hidden->len;) {
        int order = i >= uppers->len    ? 1
                    : at >= hidden->len ? -1
                                        : strcmp(uppers->pdata[i], hidden->pdata[at]);

        if (walk->error != NULL)
            return;
        if (walk->n_entries++ >= BNS_REVIEW_ENTRIES_MAX ||
            walk->n_bytes >= BNS_REVIEW_PATHS_BYTES_MAX) {
            walk->changes->is_complete = false;
            return;
        }
        if (order <= 0)
            look_at(walk, place, uppers->pdata[i++]);
        else {
            g_autofree char *path = path_in(place, hidden->pdata[at]);

            add_removed(walk, place, hidden->pdata[at], path);
        }
        if (order >= 0)
            at++;
    }
}

static void
walk_directory(Walk *walk, const Place *place)
{
    bool hides = place->hides_lower && !place->lower_is_new;
    g_autoptr(GPtrArray) uppers = read_names(walk, place, place->upper_fd);
    g_autoptr(GPtrArray) hidden = read_names(walk, place, hides ? place->lower_fd : -1);

    look_at_all(walk, place, uppers, hidden);
}

static bool
walk_tree(Walk *walk, GError **error)
{
    bns_autofd tree_fd = bns_review_open_tree(walk->review, walk->tree, error);
    bns_autofd upper_fd = bns_review_open_upper(walk->review, walk->tree);
    bns_autofd lower_fd = -1;
    Place place = { .path = "" };
    BnsUpperEntry entry;
    struct stat lower;
    int r;

    if (tree_fd < 0)
        return false;
    lower_fd = bns_review_open_below(tree_fd, "");
    r = MIN(upper_fd, lower_fd);
    if (r >= 0)
        r = bns_upper_look(upper_fd, ".", &entry);
    if (r >= 0 && fstat(lower_fd, &lower) < 0)
        r = -errno;
    if (r < 0) {
        fail(walk, "", r);
        g_propagate_error(error, walk->error);
        return false;
    }
    if (has_other_mode(&entry.info, &lower))
        add_change(walk, "", BNS_CHANGE_MODE, &entry.info, &lower);
    if (entry.is_opaque)
        add_opaque(walk, "");
    place.upper_fd = upper_fd;
    place.lower_fd = lower_fd;
    place.hides_lower = entry.is_opaque;
    place.lower_is_news = bns_review_is_newer(walk->review, &lower);
    walk_directory(walk, &place);
    if (walk->error == NULL)
        return true;
    g_propagate_error(error, walk->error);
    return false;
}

BnsReviewChanges *
bns_review_changes(const BnsReview *review, GError **error)
{
    g_autoptr(BnsReviewChanges) changes = g_new0(BnsReviewChanges, 1);
    Walk walk = { .review = review, .changes = changes };

    changes->list = g_ptr_array_new_with_free_func(change_free);
    changes->opaque = g_ptr_array_new_with_free_func(opaque_free);
    changes->is_complete = true;
    for (; walk.tree < review->trees->len; walk.tree++) {
        const BnsReviewTree *tree = g_ptr_array_index(review->trees, walk.tree);
        g_autofree char *hooks = bns_git_hooks_find(tree->path);

        walk.hooks = hooks;
        if (!walk_tree(&walk, error))
            return NULL;
    }
    for (guint i = 0; i < changes->list->len; i++) {
        const BnsChange *change = g_ptr_array_index(changes->list, i);

        changes->n_marked += change->why != NULL ? 1 : 0;
        changes->n_conflicts += change->is_conflict ? 1 : 0;
    }
    return g_steal_pointer(&changes);
}
