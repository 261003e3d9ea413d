/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keep: files of a session that are not put where they belong, in a directory beside its
 * audit file, by the paths that they would have had:
 *
 *     .../audit/TIME-SESSION.jsonl
 *     .../audit/TIME-SESSION.kept/home/me/.claude.json
 */
#pragma once

#include "audit/recorder.h"

#include <glib.h>
#include <stdint.h>

typedef struct BnsKeep BnsKeep;

/* Makes nothing yet. @file: borrowed for the call. Returns: (transfer full) */
BnsKeep *bns_keep_new(const BnsAuditFile *file);
void bns_keep_free(BnsKeep *keep);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsKeep, bns_keep_free)

/**
 * bns_keep_copy:
 * @path: absolute; what the file would be
 * @fd: a regular file, read from where it is; of at most BNS_REBUILD_COPY_LARGE_MAX bytes
 *
 * The copy can be read and written by the user alone. A second one of a path is an error.
 *
 * Returns: (transfer full) (nullable): where it lies; %NULL: errno says why it could not
 *          be kept, and nothing of it is left
 */
char *bns_keep_copy(BnsKeep *keep, const char *path, int fd);

/* The same of the entry @name of @dir_fd, whatever it is, which is not there any more
 * then. Only within a file system. */
char *bns_keep_move(BnsKeep *keep, const char *path, int dir_fd, const char *name);

/* Bytes that were copied so far. */
uint64_t bns_keep_copied(const BnsKeep *keep);

/* Where they are, made or not. */
const char *bns_keep_path(const BnsKeep *keep);
