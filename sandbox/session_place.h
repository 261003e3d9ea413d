/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Session places: the directories of what is known of running sessions
 * (sandbox/session_record.h). Each is the user's alone.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* In the order in which they are tried. */
typedef enum {
    BNS_SESSION_PLACE_RUNTIME, /* $XDG_RUNTIME_DIR/boundary-ns */
    BNS_SESSION_PLACE_STATE,   /* boundary-ns/run below the user's state */
    BNS_N_SESSION_PLACES,
} BnsSessionPlace;

/* @create: if it is not there. Returns: (transfer full): the directory, or -1; with @error,
 * unless there is just none (yet, or for want of $XDG_RUNTIME_DIR). */
int bns_session_place_open(BnsSessionPlace place, bool create, GError **error);

/* The same for sockets: one may be connected to wherever it is seen, read-only or not, so it
 * is where the command has a directory of its own, whatever its policy says. Returns:
 * (transfer full): or -1 with @error */
int bns_session_place_open_for_sockets(bool create, GError **error);
