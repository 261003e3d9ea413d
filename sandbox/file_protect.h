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
#include <sys/stat.h>

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

/* Returns: (transfer full): what exists below @root of the pinned entries of @place, and
 * of a project the hooks that its repository's configuration names; of owned absolute
 * paths, not through a symbolic link. */
GPtrArray *bns_file_protect_find(const char *root, BnsProtectPlace place);

/* Why the host executes or obeys what is at @path, absolute: the reason of the entry for
 * projects that names it, or a directory that it lies in; or git's
 * (sandbox/git_paths.h). %NULL: it does not. */
const char *bns_file_protect_reason(const char *path);

/* Whether there may be such files in the directory @path, which @below is what is left of
 * below a directory that the command may write to. */
bool bns_file_protect_leads_to(const char *below, const char *path);

/* What one look may cost, some 50 ms: directories are read, files only looked at. */
#define BNS_FILE_PROTECT_ENTRIES_MAX 50000
#define BNS_FILE_PROTECT_DEPTH_MAX   32

/* Returns: (transfer full): by path, the settings of git that name programs
 * (sandbox/git_keys.h), of the repositories of @roots, NULL-terminated. */
GHashTable *bns_file_protect_git_keys(const char *const *roots);

/* Returns: (transfer full) (nullable): the same of the configuration @fd, read from where
 * it is; %NULL: it cannot be read as one. */
char *bns_file_protect_git_keys_of(int fd);

/* Whether @path, of such a file, is not worth a word: a sample, a repository's
 * configuration whose programs are those of @git_keys, or what git itself makes so
 * (sandbox/git_paths.h). */
bool bns_file_protect_is_harmless(GHashTable *git_keys, const char *path);

/* @path is @name in @dir_fd. */
typedef void (*BnsFileProtectFunc)(void *data,
                                   int dir_fd,
                                   const char *path,
                                   const char *name,
                                   const struct stat *info);

/**
 * bns_file_protect_each:
 * @roots: directories, NULL-terminated
 * @since_us: of the real-time clock
 * @is_all: else older files are passed over
 *
 * Calls @func for what bns_file_protect_reason() names, and for what lies where the
 * configuration in a root's .git says that its hooks are, but for directories. Follows no
 * symbolic link, opens nothing but directories. One that was changed since then and that
 * its owner, who is the user, cannot look into gets back his permissions
 * (sandbox/own_directory.h).
 *
 * Returns: whether all was seen, within the limits above
 */
bool bns_file_protect_each(const char *const *roots,
                           int64_t since_us,
                           bool is_all,
                           BnsFileProtectFunc func,
                           void *data);

/**
 * bns_file_protect_changed:
 * @git_keys: of the start
 * @originals: (nullable): by path, what there was at the start; what is not in it counts,
 *             however old it is
 * @since_us: of the real-time clock: what was changed (made, replaced, renamed) later
 * @out_is_complete: whether all was seen
 *
 * Looks at what is not harmless, whoever changed it.
 *
 * Returns: (transfer full): of owned absolute paths, sorted
 */
GPtrArray *bns_file_protect_changed(const char *const *roots,
                                    GHashTable *git_keys,
                                    GHashTable *originals,
                                    int64_t since_us,
                                    bool *out_is_complete);
