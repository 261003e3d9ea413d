/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File protect: what the host executes later, in what the command may write
 * (data/protected.inc): what is pinned, and what was changed when the session is over.
 *
 * Nothing keeps the command from making such a file where there is none: that cannot be
 * done without a place to mount on, which would be left in the user's tree. So what was
 * made is named at the end.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum {
    BNS_PROTECT_PROJECT,
    BNS_PROTECT_HOME,
} BnsProtectPlace;

typedef enum {
    BNS_PROTECT_PINNED,
    BNS_PROTECT_WATCHED,
} BnsProtectStrength;

/* One line of data/protected.inc. */
typedef struct {
    BnsProtectPlace place;
    BnsProtectStrength strength;
    const char *path; /* relative */
    const char *why;
} BnsProtectEntry;

extern const BnsProtectEntry bns_protect_entries[];
extern const size_t bns_n_protect_entries;

/* Returns: (transfer full): what exists below @root of the pinned entries of @place; of
 * owned absolute paths, not through a symbolic link. */
GPtrArray *bns_file_protect_find(const char *root, BnsProtectPlace place);

/* Whether an entry for projects names @path, absolute, or a directory that it lies in; or
 * whether it lies in the hooks of any repository. */
bool bns_file_protect_names(const char *path);

/* What one look may cost, some 50 ms: directories are read, files only looked at. */
#define BNS_FILE_PROTECT_ENTRIES_MAX 50000
#define BNS_FILE_PROTECT_DEPTH_MAX   32

/* Returns: (transfer full): by path, the settings of git that name programs
 * (sandbox/git_keys.h), of the repositories of @roots, NULL-terminated. */
GHashTable *bns_file_protect_git_keys(const char *const *roots);

/**
 * bns_file_protect_changed:
 * @roots: directories, NULL-terminated
 * @git_keys: of the start: a repository's configuration whose programs are the same is not
 *            worth a word
 * @since_us: of the real-time clock: what was changed (made, replaced, renamed) later
 * @out_is_complete: whether all was seen, within the limits above
 *
 * Looks at what bns_file_protect_names() names, whoever changed it. Follows no symbolic
 * link, opens nothing but directories.
 *
 * Returns: (transfer full): of owned absolute paths, sorted
 */
GPtrArray *bns_file_protect_changed(const char *const *roots,
                                    GHashTable *git_keys,
                                    int64_t since_us,
                                    bool *out_is_complete);
