/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Socket places: in which directories a socket of the host's may be found.
 *
 * The kernel tells the name that it was bound by, which may be relative, and which the
 * socket may have left. So it is looked for in the directory of that name (programs bind
 * a temporary name and rename it), from the working directories of the user's processes
 * if it is relative, and wherever a mount shows one of these once more.
 */
#pragma once

#include "sandbox/file_view.h"
#include "sandbox/sock_diag.h"

#include <glib.h>

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
 * @dirs: of owned real paths: where the command may see it
 */
typedef struct {
    char *path;
    guint n_links;
    GPtrArray *dirs;
} BnsSocketPlace;

#define BNS_SOCKET_PLACE_NONE                                                          \
    {                                                                                  \
        NULL, 0, NULL                                                                  \
    }

void bns_socket_places_find(BnsSocketPlaces *places,
                            const BnsHostSocket *socket,
                            BnsSocketPlace *out_place);
void bns_socket_place_clear(BnsSocketPlace *place);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BnsSocketPlace, bns_socket_place_clear)
