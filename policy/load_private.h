/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading one layer, for policy/load*.c only.
 */
#pragma once

#include "policy/policy_private.h"

/* A layer that is being filled. */
typedef struct {
    BnsPolicy *policy;  /* borrowed */
    GPtrArray *notices; /* borrowed */
    GHashTable *done;   /* borrowed set of "device:inode": files read or being read */
    const uid_t
        *owner; /* borrowed; who alone, but for root, may change the files; NULL:
                         * anybody, for what the person chooses himself */
} BnsLoader;

/* Reads the file @name, relative to the working directory, and all that it extends. */
bool bns_loader_add_file(BnsLoader *loader, const char *name, GError **error);

/* Sets @error to that @path could not be read. Returns: false. */
bool bns_loader_fail(GError **error, const char *path, const char *why);

/**
 * bns_loader_read_system:
 *
 * Reads the system layer of @source. @out_policy: (transfer full) (nullable): %NULL: there is
 * none. Returns: false with @error if there may be one that cannot be used.
 */
bool bns_loader_read_system(const BnsPolicySource *source,
                            GPtrArray *notices,
                            BnsPolicy **out_policy,
                            GError **error);
