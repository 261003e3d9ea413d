/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File watch: tells at once that a file which the host executes (sandbox/file_protect.h)
 * was made or changed, where its directory is known: in the directories that the command
 * may write to, those on the way to what the table names, and those that are made there
 * during the session.
 *
 * It is told of changes by anybody, and after the fact. What it misses (deeper
 * directories, more events than the kernel keeps), a look at the end finds.
 */
#pragma once

#include "base/loop.h"

typedef struct BnsFileWatch BnsFileWatch;

/* @path: absolute; something that is no directory was put there, or closed after it was
 * written to. It may be gone, and the same may be told again. */
typedef void (*BnsFileWatchFunc)(void *data, const char *path);

/**
 * bns_file_watch_new:
 * @roots: directories, NULL-terminated, borrowed for the call
 * @since_us: of the real-time clock: what was changed later is told of now
 *
 * Returns: (transfer full) (nullable): %NULL: there is nothing to watch, or the user's
 *          limit of inotify(7) is reached
 */
BnsFileWatch *bns_file_watch_new(BnsLoop *loop,
                                 const char *const *roots,
                                 int64_t since_us,
                                 BnsFileWatchFunc func,
                                 void *data);
void bns_file_watch_free(BnsFileWatch *watch);
