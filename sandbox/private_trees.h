/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private trees: directories that are empty inside, on a tmpfs.
 *
 * Plain C.
 */
#pragma once

#include "sandbox/fault.h"
#include "sandbox/init.h"
#include "sandbox/views.h"

#include <limits.h>
#include <stdbool.h>

/* Whether the directory @path, a real path, is one of them, not below one. */
bool bns_private_trees_contain(const char *path);
/* Whether it lies below one. */
bool bns_private_trees_cover(const char *path);

/* The user's runtime directory, if it is to be private: XDG_RUNTIME_DIR of @envp, its real
 * path as far as it is there. */
bool bns_private_trees_find_runtime(char *const *envp, char out_path[PATH_MAX]);

/**
 * bns_private_trees_mount:
 * @views: what is mounted by now
 *
 * /tmp, /run, /var/tmp, /var/run (where that is not a link to /run), with what programs
 * expect in them: /run/lock, the links of /run (NixOS keeps its programs behind one), the
 * user's runtime directory (XDG_RUNTIME_DIR of @config->envp, 0700, empty, wherever it
 * is), and what of @views lies below one of them. The directories themselves are never
 * shown, even if one is the working directory, which is always there.
 */
bool bns_private_trees_mount(const BnsInitConfig *config,
                             const BnsViews *views,
                             BnsFault *fault);
