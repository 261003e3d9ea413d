/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private trees: directories that are empty inside, on a tmpfs.
 *
 * Plain C.
 */
#pragma once

#include "sandbox/fault.h"
#include "sandbox/init.h"

#include <stdbool.h>

/* Whether the directory @path, a real path, is one of them, not below one. */
bool bns_private_trees_contain(const char *path);

/**
 * bns_private_trees_mount:
 *
 * /tmp, /run, /var/tmp, /var/run (where that is not a link to /run), with what programs
 * expect in them: /run/lock, the links of /run (NixOS keeps its programs behind one), the
 * user's runtime directory (XDG_RUNTIME_DIR of @config->envp, 0700, empty, wherever it
 * is), and the working directory with its content if it lies below one of them. The
 * directories themselves are never shown, even if one is the working directory.
 */
bool bns_private_trees_mount(const BnsInitConfig *config, BnsFault *fault);
