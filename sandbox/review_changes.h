/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Review changes: what a session changed, as a list: by its uppers
 * (sandbox/review_store.h) and by what lies in the trees now.
 *
 * A file that was copied up but holds the same, under the same mode, is no change. What
 * the host changed since the session's start is in conflict: by the stamps of files
 * (st_ctim), which nobody but the kernel sets.
 *
 * Everything is looked at by descriptor, below the uppers and trees, through no symbolic
 * link and no mount; pipes, sockets and devices are not opened.
 */
#pragma once

#include "sandbox/review_store.h"

#include <glib.h>
#include <stdbool.h>
#include <sys/stat.h>

typedef enum {
    BNS_CHANGE_ADDED,
    BNS_CHANGE_CHANGED,  /* a file's content, or where a link leads to; its mode, too */
    BNS_CHANGE_REMOVED,  /* with all that is in it */
    BNS_CHANGE_REPLACED, /* by another type of file */
    BNS_CHANGE_MODE,     /* nothing else */
    BNS_N_CHANGES,
} BnsChangeKind;

typedef struct {
    guint tree; /* index in the review */
    char *path; /* owned; below the tree, without a slash at the ends; "": the tree */
    BnsChangeKind kind;
    struct stat upper;    /* zero for what is removed */
    struct stat lower;    /* of the tree, now; zero for what is added */
    const char *why;      /* static; the host executes or obeys it; NULL: it does not */
    bool is_conflict;     /* the host changed it, too */
    const char *obstacle; /* static; why it cannot be applied; NULL: it can */
} BnsChange;

/* A directory of an upper that hides all that its tree has there. */
typedef struct {
    guint tree;
    char *path; /* owned */
} BnsOpaque;

typedef struct {
    GPtrArray *opaque; /* owned, of owned BnsOpaque */
    GPtrArray *list; /* owned, of owned BnsChange: by tree and path, a directory before
                      * what is in it */
    guint n_marked;  /* of them, those with a why */
    guint n_conflicts;
    bool is_complete; /* else there are more than the limits below */
} BnsReviewChanges;

/* An installation of packages is some 100,000 files. */
#define BNS_REVIEW_ENTRIES_MAX 1000000
/* Of all their paths together: what is shown takes some times as much memory, which no
 * limit of the command's holds. */
#define BNS_REVIEW_PATHS_BYTES_MAX (128 * 1024 * 1024)
/* Two descriptors each. What lies deeper is not told, but that it does: an obstacle. */
#define BNS_REVIEW_DEPTH_MAX 200

/**
 * bns_review_changes:
 * @review: not mounted any more; locked by us, or else only to be looked at
 *
 * Returns: (transfer full): the changes, or %NULL with @error: a tree is not there any
 *          more, or cannot be read; or an upper is none
 */
BnsReviewChanges *bns_review_changes(const BnsReview *review, GError **error);
void bns_review_changes_free(BnsReviewChanges *changes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsReviewChanges, bns_review_changes_free)

/* (transfer full): the tree's own directory, O_PATH; -1 with @error: it is another one, or
 * none. */
int bns_review_open_tree(const BnsReview *review, guint tree, GError **error);

/* (transfer full): the directory @path below @root_fd, readable, or -errno: through no
 * symbolic link (-ELOOP) and no mount (-EXDEV). "" is @root_fd's own. */
int bns_review_open_below(int root_fd, const char *path);

/* Whether @info says that the file was changed after the session's start. */
bool bns_review_is_newer(const BnsReview *review, const struct stat *info);

/* Returns: (transfer full): the absolute path of @change. */
char *bns_review_change_path(const BnsReview *review, const BnsChange *change);
