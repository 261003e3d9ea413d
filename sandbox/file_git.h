/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File git: which directories outside of its working directory git writes to: the
 * repository above, of a subdirectory; the main one, of a linked worktree; what is kept in the repository
 * above, of a submodule.
 *
 * A project could name any directory of the user's as its repository. So one outside is
 * believed only if it looks like a repository and lies in one above, or, of a worktree,
 * names the working directory itself: what only somebody who may write there could have
 * done.
 */
#pragma once

#include "sandbox/file_names.h"

/* Returns: (transfer full): real paths, none of them a home or above one, for a command in
 * @names->workdir. */
GPtrArray *bns_file_git_find(const BnsFileNames *names);
