/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading one layer, for policy/load*.c only.
 */
#pragma once

#include "policy/policy_private.h"
#include "policy/preset_load.h"

/* A layer that is being filled. */
typedef struct {
    const BnsPolicySource *source; /* borrowed */
    BnsPolicy *policy;             /* borrowed */
    GPtrArray *notices;            /* borrowed */
    GHashTable *done;   /* owned set of "device:inode": files read or being read */
    GPtrArray *configs; /* owned, of owned BnsConfig: files, in order */
    BnsPresetList presets;
    BnsConfig *profile;     /* borrowed from the files; NULL: none */
    bool stops_auto_preset; /* a layer above does */
    /* Borrowed; who alone, but for root, may change the files. NULL: anybody, for what the
     * person chooses himself. */
    const uid_t *owner;
} BnsLoader;

/* What is owned; the rest is the caller's. */
void bns_loader_init(BnsLoader *loader);
void bns_loader_clear(BnsLoader *loader);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BnsLoader, bns_loader_clear)

/* Reads the file @name, relative to the working directory, and all that it extends. */
bool bns_loader_add_file(BnsLoader *loader, const char *name, GError **error);

/* Reads all that @config extends: @file itself, or a profile in it. */
bool bns_loader_add_extends(BnsLoader *loader,
                            const char *file,
                            const BnsConfig *config,
                            GError **error);

/* Adds what was read to the policy: presets, files, the profile. Once. */
void bns_loader_apply(BnsLoader *loader);

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
