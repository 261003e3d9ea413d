/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files: what a policy says of the file system: `files:`, `sockets:` and --write,
 * --read-only, --hide.
 *
 * Entries as they were written, in the order in which they were: defaults, what a path
 * means on this machine and what wins are sandbox/file_plan.h's affair. Nothing here
 * touches the file system.
 */
#pragma once

#include "policy/yaml.h"

/* One mount or more each, and each compared with every entry of a rebuilt directory. */
#define BNS_FILES_MAX 256

/**
 * BnsFileKind: what an entry says of its path and what is below it.
 * @BNS_FILE_WRITE: it is the host's, and can be written
 * @BNS_FILE_READ_ONLY: it can be read, and stays where it is
 * @BNS_FILE_PRIVATE: it can be read, and what is written lives as long as the session
 * @BNS_FILE_HIDE: it is not there
 * @BNS_FILE_SHOW: it is there, though something above it is hidden
 * @BNS_FILE_PERSIST: a file that is private, and is written back at a clean end
 * @BNS_FILE_SOCKET: what listens there may be connected to
 */
typedef enum {
    BNS_FILE_WRITE,
    BNS_FILE_READ_ONLY,
    BNS_FILE_PRIVATE,
    BNS_FILE_HIDE,
    BNS_FILE_SHOW,
    BNS_FILE_PERSIST,
    BNS_FILE_SOCKET,
    BNS_N_FILE_KINDS,
} BnsFileKind;

/* As in a policy: "write", "read_only", ... */
const char *bns_file_kind_name(BnsFileKind kind);

/* What is writable unless an entry says something else. */
typedef enum {
    BNS_FILE_MODE_NONE, /* not said */
    BNS_FILE_MODE_WORKSPACE,
    BNS_FILE_MODE_SHARED,
} BnsFileMode;

/* What becomes of what was changed though the host executes it. */
typedef enum {
    BNS_ON_PROTECTED_NONE, /* not said */
    BNS_ON_PROTECTED_REPORT,
    BNS_ON_PROTECTED_QUARANTINE,
} BnsOnProtected;

/* Whether what is written goes into a layer, to be looked at before it reaches the host
 * (sandbox/review_store.h). */
typedef enum {
    BNS_FILES_REVIEW_NONE, /* not said */
    BNS_FILES_REVIEW_OFF,
    BNS_FILES_REVIEW_ON,
} BnsFilesReview;

typedef struct {
    BnsFileKind kind;
    char
        *path; /* owned; "/…", "~", "~/…" or relative to the working directory; for HIDE
                 * and SHOW its last part may hold "*" */
    char *origin; /* owned; "file:line" or "--write#1" */
} BnsFileEntry;

typedef struct BnsFiles BnsFiles;
struct BnsFiles {
    BnsFileMode mode;
    BnsOnProtected on_protected;
    BnsFilesReview review;
    bool has_write;     /* write: was given, if only as an empty list */
    bool has_sockets;   /* sockets: was given */
    GPtrArray *entries; /* owned, of owned BnsFileEntry */
    BnsFiles *ceiling;  /* owned; of a system policy; NULL: none */
};

BnsFiles *bns_files_new(void);
void bns_files_free(BnsFiles *files);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsFiles, bns_files_free)

/* Reads the value of `files:` into @files. Errors: "file:line:column: ...". */
bool
bns_files_read(BnsFiles *files, const char *file, const BnsYaml *value, GError **error);

/* The same of `sockets:`, a list of paths. */
bool bns_files_read_sockets(BnsFiles *files,
                            const char *file,
                            const BnsYaml *value,
                            GError **error);

/* Adds one entry of the command line. @error: BNS_POLICY_ERROR_INVALID, "ORIGIN: ...". */
bool bns_files_add(BnsFiles *files,
                   BnsFileKind kind,
                   const char *path,
                   const char *origin,
                   GError **error);

/* Adds what @more says, of a file that is built on the one of @files. Empties @more. */
void bns_files_merge(BnsFiles *files, BnsFiles *more);

/* Puts @take_ceiling, of a system policy, above @files, whose modes become the stricter ones;
 * what its entries leave of @files' is sandbox/file_plan.h's affair. @out_mode,
  * @out_on_protected, @out_review: the system policy's key that decides it now, or %NULL. */
void bns_files_narrow(BnsFiles *files,
                      BnsFiles *take_ceiling,
                      const char **out_mode,
                      const char **out_on_protected,
                      const char **out_review);
