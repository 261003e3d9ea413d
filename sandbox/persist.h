/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Persist: files that the command has as copies of its own (sandbox/rebuild.h) and that
 * are written back when it has ended.
 *
 * The supervisor notes what the host has at the start. At the end init hands out, by
 * descriptor, what lies at these paths inside (sandbox/left.h). When nothing of the
 * command is left that could change it, the host gets it, unless it changed its own
 * meanwhile, or the session failed: then the command's version is kept beside the audit
 * (sandbox/keep.h). What was removed inside, or is no regular file any more, changes
 * nothing outside.
 */
#pragma once

#include "sandbox/keep.h"

#include <stdbool.h>

typedef struct BnsPersist BnsPersist;

/* Looks at @paths, absolute and real, NULL-terminated, borrowed. Returns: (transfer full)
 */
BnsPersist *bns_persist_new(const char *const *paths);
void bns_persist_free(BnsPersist *persist);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsPersist, bns_persist_free)

/**
 * bns_persist_take:
 * @text: of init's PERSIST (base/ready.h)
 * @fd: borrowed; -1: none came along
 *
 * Returns: whether it makes sense, for the first time
 */
bool bns_persist_take(BnsPersist *persist, const char *text, int fd);

/**
 * BnsPersistFunc:
 * @why: (nullable): why @path was not written back; %NULL: it was
 * @kept: (nullable): where the command's version lies instead
 */
typedef void (*BnsPersistFunc)(void *data,
                               const char *path,
                               const char *why,
                               const char *kept);

/**
 * bns_persist_finish:
 * @is_clean: whether the session ended as its command did; else nothing is written back
 * @func: called for each file that the command changed
 *
 * Once, when all of the command's processes are dead.
 */
void bns_persist_finish(
    BnsPersist *persist, bool is_clean, BnsKeep *keep, BnsPersistFunc func, void *data);
