/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File names: what a path of a policy, or of data/files.inc, means on this machine.
 */
#pragma once

#include "policy/files.h"
#include "sandbox/places.h"

#include <glib.h>

/* One line of data/files.inc. */
typedef struct {
    BnsFileKind kind;
    const char *path;
    const char *why;
} BnsFileDefault;

extern const BnsFileDefault bns_file_defaults[];
extern const size_t bns_n_file_defaults;

/* @homes: those of $HOME and passwd(5), but for "/", one that the user may not read, and
 *         where the sandbox makes everything itself */
typedef struct {
    GPtrArray *homes; /* owned, of owned real paths */
    char *workdir;    /* owned; real */
} BnsFileNames;

/* @workdir: a real path. */
BnsFileNames *bns_file_names_new(const BnsPlaces *places, const char *workdir);
void bns_file_names_free(BnsFileNames *names);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsFileNames, bns_file_names_free)

/* Returns: (transfer full): the absolute paths that @path of a policy stands for, of owned
 * strings: one for each home if it begins with "~". */
GPtrArray *bns_file_names_expand(const BnsFileNames *names, const char *path);
/* The same for a path of data/files.inc, which may begin with a variable. */
GPtrArray *bns_file_names_expand_default(const BnsFileNames *names, const char *path);

/* Returns: (transfer full): @path, absolute, with what of its directory exists resolved;
 * its last part stays as it is. */
char *bns_file_names_resolve_parent(const char *path);
/* Returns: (transfer full) (nullable): the real path; %NULL: it does not exist. */
char *bns_file_names_resolve(const char *path);
/* Returns: (transfer full): what exists of @path, absolute, whose last part may hold "*",
 * of owned strings. */
GPtrArray *bns_file_names_match(const char *path);

/* Whether the user can change the names in the directory @path. */
bool bns_file_names_may_change(const char *path);

/* Whether @path lies where the sandbox makes everything itself: /etc, /dev, /proc, /sys. */
bool bns_file_names_are_own(const char *path);

/* Whether @path is a home, or above one. */
bool bns_file_names_hold_home(const BnsFileNames *names, const char *path);
bool bns_file_names_is_home(const BnsFileNames *names, const char *path);
/* Whether it is a home, or in one. */
bool bns_file_names_is_in_home(const BnsFileNames *names, const char *path);
