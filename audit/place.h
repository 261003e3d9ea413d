/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where audit files are kept when nobody names one, and what else we keep.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/**
 * BnsPlace:
 * @BNS_PLACE_STATE: $XDG_STATE_HOME or ~/.local/state, boundary-ns/audit below it. The
 *                   user's own tree: symbolic links of the user's are followed.
 * @BNS_PLACE_SHARED: /var/tmp/boundary-ns-UID/audit. Everybody may have been there
 *                    before: no link is followed, and the directory is ours, 0700.
 */
typedef enum {
    BNS_PLACE_STATE,
    BNS_PLACE_SHARED,
    BNS_N_PLACES,
} BnsPlace;

/**
 * bns_place_open:
 * @create: make the directories that are missing, 0700; not in a directory of another
 *          user than root
 * @out_path: (transfer full): its absolute path; also set if it cannot be opened, as far
 *            as it is known, else %NULL
 *
 * Returns: (transfer full): a descriptor of the directory, which is ours and nobody else
 *          may write to, or -1 with @error set
 */
int bns_place_open(BnsPlace place, bool create, char **out_path, GError **error);

/* The same of another directory than "audit" in that place: @name. */
int bns_place_open_named(
    BnsPlace place, const char *name, bool create, char **out_path, GError **error);
