/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Working directory: where the command starts.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/**
 * bns_workdir_find:
 * @named: (nullable): of --workdir; %NULL: ours
 * @quiet: does not say that what is written there would not last
 *
 * Returns: (transfer full): its real path, or %NULL with @error
 */
char *bns_workdir_find(const char *named, bool quiet, GError **error);
