/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Own directory: a directory of the user's that the command has locked against him. Whoever
 * knows the names in it still gets at them, so it hides what the host executes; and what
 * cannot be removed from it stays.
 */
#pragma once

#include <sys/types.h>

/**
 * bns_own_directory_unlock:
 * @name: relative to @dir_fd; a directory, no symbolic link
 * @needed: of S_IRWXU: what its owner, if he is who we are, may do from now on
 *
 * Other permissions stay. Returns: 0, also if there was nothing to do, or -errno.
 */
int bns_own_directory_unlock(int dir_fd, const char *name, mode_t needed);
