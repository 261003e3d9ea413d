/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Socket places: in which directories a socket of the host's may be found.
 *
 * The kernel tells the name that it was bound by, which may be relative, and which the
 * socket may have left. So it is looked for in the directory of that name (programs bind
 * a temporary name and rename it), from the working directories of the user's processes
 * if it is relative, and wherever a mount shows one of these once more. Where it is
 * otherwise a search finds (sandbox/socket_search.h).
 */
#pragma once

#include "sandbox/file_view.h"
#include "sandbox/sock_diag.h"

#include <glib.h>
#include <stdbool.h>

/* What was read of this machine for one round of questions. */
typedef struct BnsSocketPlaces BnsSocketPlaces;

/* @view: borrowed: what the command sees */
BnsSocketPlaces *bns_socket_places_new(const BnsFileView *view);
void bns_socket_places_free(BnsSocketPlaces *places);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsSocketPlaces, bns_socket_places_free)

/**
 * BnsSocketPlace: where one is. All owned; BNS_SOCKET_PLACE_NONE to begin with.
 * @path: (nullable): the real path at which it is now; %NULL: not by its name
 * @n_links: its names, with @path
 * @is_beyond: without @path: its name is where the user may not look
 * @dirs: of owned real paths: where the command may see it
 */
typedef struct {
    char *path;
    guint n_links;
    bool is_beyond;
    GPtrArray *dirs;
} BnsSocketPlace;

#define BNS_SOCKET_PLACE_NONE                                                          \
    {                                                                                  \
        NULL, 0, false, NULL                                                           \
    }

void bns_socket_places_find(BnsSocketPlaces *places,
                            const BnsHostSocket *socket,
                            BnsSocketPlace *out_place);
/* Returns: (transfer none): those, of owned real paths, that show the directory @dir, a
 * real path, to the command. */
const GPtrArray *bns_socket_places_shown(BnsSocketPlaces *places, const char *dir);
void bns_socket_place_clear(BnsSocketPlace *place);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BnsSocketPlace, bns_socket_place_clear)
