/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Git signing: whether git signs every commit (commit.gpgSign, git-config(1)) with a key
 * that the command cannot use. Each commit would fail then, for a reason that the signing
 * program does not tell.
 *
 * The system's, the user's and the repository's configuration are read, not what they
 * include.
 */
#pragma once

#include "sandbox/file_view.h"

/**
 * bns_git_signing_notice:
 * @view: of the command
 * @envp: the command's; HOME says whose configuration is read
 * @workdir: the command's
 *
 * Returns: (transfer full) (nullable): a line for the person, or %NULL: git signs nothing,
 *          or the key is in reach
 */
char *bns_git_signing_notice(const BnsFileView *view, char **envp, const char *workdir);
