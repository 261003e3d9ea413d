/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trusted files: whether nobody but one user, and root, can change what a path leads to.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

/**
 * bns_trusted_check_directory:
 * @path: absolute, canonical; may be absent
 *
 * Whether each directory down to @path is one, no symbolic link, of @owner or root, and
 * not writable to others, but where its sticky bit keeps what is in it. Does not look
 * further once a directory is absent.
 *
 * Returns: %NULL, or (transfer full): a sentence that says what is wrong
 */
char *bns_trusted_check_directory(const char *path, uid_t owner);

/* The same of a file's own status: its owner and who may write to it. (static) */
const char *bns_trusted_check_status(const struct stat *status, uid_t owner);
