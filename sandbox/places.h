/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places: the directories of the user that we read and write, and that the command must
 * not make, move or change.
 *
 * Never a place in the working directory: whoever wrote the project would choose the
 * policy.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
    char *home;        /* owned; $HOME, or the user's in passwd(5); NULL: neither */
    char *passwd_home; /* owned; the user's in passwd(5); NULL: he has none */
    char *config_dir;  /* owned; $XDG_CONFIG_HOME/boundary-ns; NULL: no home */
    char
        *home_config_dir; /* owned; ~/.config/boundary-ns: ours where XDG_CONFIG_HOME is
                            * not set; NULL: no home */
    char *coder_dir;      /* owned; ~/.config/coder_boundary; NULL: no home */
    char *state_dir;      /* owned; $XDG_STATE_HOME/boundary-ns; NULL: no home */
} BnsPlaces;

/* Returns: (transfer full): the places of this user. Variables that are empty or not
 * absolute count as unset. */
BnsPlaces *bns_places_new(void);
void bns_places_free(BnsPlaces *places);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsPlaces, bns_places_free)

/* Makes the directories, 0700, so that the command cannot be the first to. What cannot
 * be made (a read-only home) cannot be made by the command either. */
void bns_places_create(const BnsPlaces *places);

/**
 * bns_places_find_config:
 *
 * Returns: (transfer full) (nullable): the first of the default config files that is
 *          there, readable or not, or %NULL: none
 */
char *bns_places_find_config(const BnsPlaces *places);
