/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding the audit file that a person means.
 */
#pragma once

#include <glib.h>
#include <stdint.h>

/**
 * bns_sessions_find:
 * @what: (nullable): a file, if there is a slash in it; else the beginning of the id of
 *        one session in the default places; else, if no id begins so, a file in the
 *        working directory (which cannot pass itself off as a session by its name);
 *        %NULL: the newest session
 *
 * Returns: (transfer full): its path, or %NULL with @error set
 */
char *bns_sessions_find(const char *what, GError **error);

/* Returns: (transfer full): of owned strings: the paths of all sessions in the default places
 * that began at @from_s, seconds since 1970, or later; the oldest first. %NULL with @error if
 * there is none. */
GPtrArray *bns_sessions_list(int64_t from_s, GError **error);
