/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Socket watch: which sockets of the host's init must mask (sandbox/socket_masks.h).
 *
 * Each poll compares the kernel's list with the last one. What is new, or has got another
 * name since, becomes questions for init, which alone sees what the command sees. A
 * socket is known by its inode and its cookie, never by a name alone.
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

/* Returns: (transfer full) (nullable): the text of the next SOCKETS (base/ready.h). */
char *bns_socket_watch_next(BnsSocketWatch *watch);

/* Takes @text of a MASKED. Returns: (transfer none): the path in it, or %NULL. */
const char *bns_socket_watch_masked(BnsSocketWatch *watch, const char *text);
