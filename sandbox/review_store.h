/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Review store: where the changes of a session lie that are to be looked at before they
 * reach the user's tree.
 *
 *     $XDG_STATE_HOME|~/.local/state /boundary-ns/review/SESSION/
 *         review.ini           what it is of
 *         lock                 held (F_OFD_SETLK) by whoever works on it
 *         0/upper  0/work      of overlayfs (Documentation/filesystems/overlayfs.rst),
 *         1/upper  1/work      with the option "userxattr", for the first and second tree
 *
 * The command must not see this directory: the user's state is read-only inside. What lies
 * below N/upper it has made, and is hostile: modes, names, types and extended attributes.
 *
 * The lock goes with its descriptor through fork(2) and ends with the last copy. A review
 * whose lock is free is kept: of a session that is over, or that died.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define BNS_REVIEW_ERROR (bns_review_error_quark())
GQuark bns_review_error_quark(void);

typedef enum {
    BNS_REVIEW_ERROR_NONE,   /* there is no such review */
    BNS_REVIEW_ERROR_BUSY,   /* its session lives, or another process works on it */
    BNS_REVIEW_ERROR_FAILED, /* the system says no, or what lies there is not ours */
} BnsReviewError;

/* Of a session. Each is three directories, and a mount inside. */
#define BNS_REVIEW_TREES_MAX 64

/* A directory of the host's that the command seemed to write to. */
typedef struct {
    char *path;      /* owned; absolute and real, as it was at the start */
    uint64_t device; /* st_dev and st_ino of it, at the start */
    uint64_t inode;
    int64_t
        born_ns; /* stx_btime since 1970; 0: the file system does not tell. Numbers of
                      * devices change when a machine is started again; this does not */
} BnsReviewTree;

typedef struct {
    char session[37]; /* the audit's */
    char *path;       /* owned; absolute; of SESSION/ */
    char *workdir;    /* owned; of the command */
    GStrv command;    /* owned; secrets masked (audit/mask.h) */
    char *audit_path; /* owned */
    struct timespec
        started;      /* by the clock that stamps files: what has a later st_ctim was
                       * changed since */
    GPtrArray *trees; /* owned, of owned BnsReviewTree: index N is N/upper */
    GStrv hidden;     /* owned; absolute paths in them that the command did not see */
    bool is_live;     /* its lock was held by another when it was listed */
    int fd;           /* owned; SESSION/, readable */
    int lock_fd;      /* owned, CLOEXEC; -1: not locked by us */
} BnsReview;

/* What a new review is of. Borrowed. */
typedef struct {
    const char *session;
    const char *workdir;
    const char *const *command; /* argv, as typed */
    const char *audit_path;
    const char *const *trees; /* real paths of directories, none within another;
                               * NULL-terminated, at least one */
    const char *const
        *hidden; /* (nullable): what of them the command does not see, there
                                * or not; NULL-terminated */
} BnsReviewStart;

/**
 * bns_review_create:
 *
 * Makes the review, and locks it. Call it late, before the overlays are mounted: what is
 * changed on the host from then on is in conflict with what the command changes. Each
 * upper gets the mode, owner and times of its tree, since they are what the command sees.
 *
 * Returns: (transfer full): the review, or %NULL with @error: nothing is left of it
 */
BnsReview *bns_review_create(const BnsReviewStart *start, GError **error);

/**
 * bns_review_open:
 * @prefix: (nullable): the beginning of the id of one session; %NULL: the newest whose
 *          lock is free
 *
 * Returns: (transfer full): the review, locked, or %NULL with @error
 */
BnsReview *bns_review_open(const char *prefix, GError **error);

/* Returns: (transfer full): of owned BnsReview, not locked, the newest first; or %NULL with
 * @error: it cannot be told. What cannot be read as a review is left out, and said in
 * g_info(). */
GPtrArray *bns_review_list(GError **error);

/* Whether @path, absolute, is hidden, or lies in what is: whatever the command made there,
 * it did not see what it would replace. */
bool bns_review_hides(const BnsReview *review, const char *path);
/* Whether it, or something in it, is hidden: the same of what it removed or replaced as a
 * whole. */
bool bns_review_hides_within(const BnsReview *review, const char *path);

/* Gives up the lock: the review is kept, unless it was removed. */
void bns_review_free(BnsReview *review);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsReview, bns_review_free)

/**
 * bns_review_remove:
 * @review: locked by us; its session's mounts are gone
 *
 * Removes it from disk, whatever the command left in it: directories that nobody may enter,
 * and work/work, which has the mode 000. It goes away under its name first, so that a half
 * of it is never taken for a review; what a kill leaves is removed by the next one.
 */
bool bns_review_remove(BnsReview *review, GError **error);

/* When the file @fd was made, in nanoseconds since 1970; 0: the file system does not tell. */
int64_t bns_review_born_ns(int fd);

/* Returns: (transfer full): absolute paths for mount(2); they hold no ',', ':' or '\' of
 * ours, but may hold those of the user's home. */
char *bns_review_upper_path(const BnsReview *review, guint tree);
char *bns_review_work_path(const BnsReview *review, guint tree);

/* (transfer full): N/upper, readable, or -errno. */
int bns_review_open_upper(const BnsReview *review, guint tree);
