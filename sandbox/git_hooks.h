/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Git hooks: where a repository's configuration says that its hooks lie (core.hooksPath,
 * git-config(1)): what is in such a directory git runs, whatever its name.
 */
#pragma once

/**
 * bns_git_hooks_find:
 * @root: absolute; of the working tree of a repository, or any directory
 *
 * Git takes a relative path from the top of the working tree, where it runs hooks.
 *
 * Returns: (transfer full) (nullable): the absolute path of that directory, which may not
 *          exist; %NULL: no configuration can be read in @root/.git, it names none, or one
 *          that is not below @root
 */
char *bns_git_hooks_find(const char *root);
