/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Socket watch: which sockets of the host's init must mask (sandbox/socket_masks.h).
 *
 * Each poll compares the kernel's list with the last one. What is new, or has got another
 * name since, becomes questions for init, which alone sees what the command sees. A
 * socket is known by its inode and its cookie, never by a name alone. Those whose names
 * do not lead to them, or not alone, are searched for (sandbox/socket_search.h).
 */
#pragma once

#include "sandbox/file_view.h"

#include <glib.h>
#include <stdbool.h>

typedef struct BnsSocketWatch BnsSocketWatch;

/**
 * bns_socket_watch_new:
 * @view: borrowed
 * @allowed: (nullable): borrowed; real paths, NULL-terminated, of sockets that the
 *           command may reach
 *
 * Returns: (transfer full): the watch, or %NULL with @error
 */
BnsSocketWatch *bns_socket_watch_new(const BnsFileView *view,
                                     const char *const *allowed,
                                     GError **error);
void bns_socket_watch_free(BnsSocketWatch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsSocketWatch, bns_socket_watch_free)

/* Asks the kernel. Returns: false with @error if it does not answer. */
bool bns_socket_watch_poll(BnsSocketWatch *watch, GError **error);

/**
 * bns_socket_watch_search:
 * @is_first: the command does not run yet: a search begins at once, and what is found by a
 *            name that is allowed has it from the host. Else it begins when the last one is
 *            twenty times as long ago as it took
 *
 * Goes on with the search, for about @budget_us, if there is something to search for.
 *
 * Returns: whether it is under way
 */
bool bns_socket_watch_search(BnsSocketWatch *watch, gint64 budget_us, bool is_first);

/* Returns: (transfer none) (nullable): the name of one that is being searched for. */
const char *bns_socket_watch_sought(const BnsSocketWatch *watch);

/* Returns: (transfer full) (nullable): the name of one that a search gave up on since the
 * last call; the others are in the log. */
char *bns_socket_watch_take_lost(BnsSocketWatch *watch);

/* Returns: (transfer full) (nullable): the text of the next SOCKETS (base/ready.h). */
char *bns_socket_watch_next(BnsSocketWatch *watch);

/* Takes @text of a MASKED. Returns: (transfer none): the path in it, or %NULL. */
const char *bns_socket_watch_masked(BnsSocketWatch *watch, const char *text);
