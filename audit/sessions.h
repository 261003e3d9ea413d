/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding the audit file that a person means.
 */
#pragma once

#include <glib.h>

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
