/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding the audit file that a person means.
 */
#pragma once

#include <glib.h>

/**
 * bns_sessions_find:
 * @what: (nullable): a file (with a slash in its name, or there), else the beginning of
 *        the id of one session in the default places; %NULL: the newest session there
 *
 * Returns: (transfer full): its path, or %NULL with @error set
 */
char *bns_sessions_find(const char *what, GError **error);
