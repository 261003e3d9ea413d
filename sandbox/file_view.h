/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File view: what the command sees of the host's tree, as a value: made by the supervisor
 * (sandbox/file_plan.h), mounted by init (sandbox/views.h).
 *
 * Plain C.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/**
 * BnsViewAccess: how a path differs from what is around it.
 * @BNS_VIEW_READ_ONLY: of the host, not to be written
 * @BNS_VIEW_WRITE: of the host, writable as it is there
 * @BNS_VIEW_PRIVATE: of the host; what is written goes into a layer of the session's
 * @BNS_VIEW_REVIEW: the same, into a layer that is kept (sandbox/review_mount.h)
 */
typedef enum {
    BNS_VIEW_READ_ONLY,
    BNS_VIEW_WRITE,
    BNS_VIEW_PRIVATE,
    BNS_VIEW_REVIEW,
} BnsViewAccess;

typedef struct {
    const char *path; /* absolute, without symbolic links */
    BnsViewAccess access;
    bool is_rebuilt; /* directories in it are, or itself: there is nothing to mount as a
                      * whole, its parts get its access one by one */
    const char *origin; /* where it was said, for people; NULL: not known */
    const char *why;    /* of a default; NULL: not known */
} BnsViewMount;

typedef struct {
    const char *path;   /* its last part may hold "*" */
    size_t dir_len;     /* of what is before the last part, without its slash */
    bool is_hidden;     /* else shown, against a rule for something above */
    const char *origin; /* where it was said, for people; NULL: not known */
    const char *why;    /* of a default; NULL: not known */
} BnsViewRule;

/* Borrowed. */
typedef struct {
    bool is_shared;           /* what nothing is said of can be written */
    const BnsViewRule *rules; /* among equally deep ones the last decides */
    size_t n_rules;
    const char *const *rebuilt; /* directories that hold something hidden, each below a
                                 * name that the user cannot change, parents first;
                                 * NULL-terminated */
    const BnsViewMount *mounts; /* parents first */
    size_t n_mounts;
    const char *const *persisted; /* files that are copied into the session, and handed
                                   * out at its end; NULL-terminated, or NULL: none */
    const char *review_dir; /* absolute and real, of the host: N/upper and N/work of it
                             * are the N-th REVIEW mount's; NULL: there are none */
    /* Real paths of sandbox/layer_store.h: of all sessions, which is covered; in it of
     * this one, for the layers of private directories. NULL: there is none. */
    const char *layer_stores;
    const char *layer_store;
} BnsFileView;

/* The deepest rule that names @path, or something above it; NULL: none. */
const BnsViewRule *bns_file_view_find_rule(const BnsFileView *view, const char *path);

/* Whether the deepest rule that names @path, or something above it, hides it. */
bool bns_file_view_hides(const BnsFileView *view, const char *path);

/* Whether the directory @path is rebuilt, and whether something at or below it is. */
bool bns_file_view_rebuilds(const BnsFileView *view, const char *path);
bool bns_file_view_rebuilds_within(const BnsFileView *view, const char *path);

bool bns_file_view_persists(const BnsFileView *view, const char *path);

/* Whether @path and all below it is as on the host, and read-only. */
bool bns_file_view_is_plain(const BnsFileView *view, const char *path);

/* The deepest mount that @path is or lies below; NULL: none. */
const BnsViewMount *bns_file_view_find_mount(const BnsFileView *view, const char *path);

/* Whether @name of @len bytes, one part of a path, is what the first part of @pattern
 * names, in which "*" stands for any bytes. */
bool bns_file_view_name_matches(const char *pattern, const char *name, size_t len);
