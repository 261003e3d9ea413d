/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Socket search: where sockets lie whose names do not lead to them: their directory was
 * renamed, they were moved or got a further name (link(2)), or their names are relative to
 * a directory that nobody of the user's is in.
 *
 * All directories that the command may see of the file systems in question are read:
 * first that of the name, then where the command may write, then near the name, then
 * everything else. 1.3 us for each entry that the kernel has in memory, so this is done
 * in steps, and ends once all names (st_nlink) of all sockets are known. What the kernel
 * has removed is found nowhere.
 *
 * The command may rename and make directories meanwhile. Nothing is followed: no symbolic
 * link, no mount.
 */
#pragma once

#include "sandbox/file_view.h"
#include "sandbox/sock_diag.h"

#include <glib.h>
#include <stdbool.h>

typedef struct BnsSocketSearch BnsSocketSearch;

/* @path: real, of one of its names; the same may be told twice. */
typedef void (*BnsSocketSearchFunc)(void *data,
                                    const BnsHostSocket *socket,
                                    const char *path);

/**
 * bns_socket_search_new:
 * @view: borrowed; what the command sees
 * @entries_max: how many entries of directories are read before it gives up
 *
 * Returns: (transfer full): one that looks for nothing yet
 */
BnsSocketSearch *bns_socket_search_new(const BnsFileView *view, guint64 entries_max);
void bns_socket_search_free(BnsSocketSearch *search);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsSocketSearch, bns_socket_search_free)

/* Before the first step. */
void bns_socket_search_add(BnsSocketSearch *search, const BnsHostSocket *socket);

/* Reads directories for about @budget_us, and one at least. Returns: whether it is over. */
bool bns_socket_search_step(BnsSocketSearch *search,
                            gint64 budget_us,
                            BnsSocketSearchFunc func,
                            void *data);

/* Once it is over. Returns: whether something was left out, for which @socket could not
 * be found: the limit was reached, a directory could not be read, or its path is too
 * long. */
bool
bns_socket_search_has_lost(const BnsSocketSearch *search, const BnsHostSocket *socket);
