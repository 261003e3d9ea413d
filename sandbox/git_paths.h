/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Git paths: what git runs and obeys by where it lies, and what leads it there from
 * somewhere else: a file .git, a repository's commondir, a directory that looks like a
 * repository of its own.
 */
#pragma once

#include <stdbool.h>

/* Why git runs or obeys the file @path, absolute; %NULL: it does not. Pure. */
const char *bns_git_path_reason(const char *path);

/* Whether it is one of git's settings (sandbox/git_keys.h). Pure. */
bool bns_git_path_is_settings(const char *path);

/**
 * bns_git_path_is_plain:
 *
 * Whether @path, of which there is a reason, is as git makes it: a worktree's or
 * submodule's pointer into a directory .git, where whatever git obeys has a reason of its
 * own and is looked at; or a HEAD that git takes for none.
 */
bool bns_git_path_is_plain(const char *path);

/* The same of the file @fd, which may belong at @path, but is not there; of a pointer it
 * cannot be told. */
bool bns_git_path_is_plain_file(const char *path, int fd);
