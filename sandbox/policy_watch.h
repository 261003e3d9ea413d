/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policy watch: tells that a name which leads to a policy's file may lead to something else
 * now.
 *
 * Directories are watched, not files: an editor writes another file and renames it. Every
 * directory is, in which a name on the way is looked up, those of symbolic links and those
 * above too: each of them may be replaced. Of what happens in them only those names count.
 */
#pragma once

#include "base/loop.h"

typedef struct BnsPolicyWatch BnsPolicyWatch;

/* Something may have changed: look. It may be told of the same again, and of nothing. */
typedef void (*BnsPolicyWatchFunc)(void *data);

/* Returns: (transfer full): a watch of nothing, or %NULL with errno: the user's limit of
 * inotify(7) is reached */
BnsPolicyWatch *
bns_policy_watch_new(BnsLoop *loop, BnsPolicyWatchFunc func, void *data);
void bns_policy_watch_free(BnsPolicyWatch *watch);

/**
 * bns_policy_watch_set:
 * @paths: of owned paths, absolute, there or not; whose last part is "*": any name there
 *
 * Watches these, and no others any more. Returns: false with errno if one cannot be watched.
 */
bool bns_policy_watch_set(BnsPolicyWatch *watch, const GPtrArray *paths);
