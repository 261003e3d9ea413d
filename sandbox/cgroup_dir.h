/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cgroup directories: their files, and how they go away.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Names of a session's directories begin so. */
#define BNS_CGROUP_PREFIX "boundary-ns."

/* Writes @text to @file below @dir_fd, in one write(2) as these files want it. 0 or
 * -errno. */
int bns_cgroup_dir_write(int dir_fd, const char *file, const char *text);

/* The number in @file, or behind the word @key (nullable) in it. Returns: false: there is
 * none. */
bool
bns_cgroup_dir_number(int dir_fd, const char *file, const char *key, uint64_t *out);

/* Removes the directory with those below it, which the command may have made. 0 or -errno
 * (-EBUSY: there are processes). Plain C. */
int bns_cgroup_dir_remove(int parent_fd, const char *name);

/* Removes directories of sessions that are dead. Others stay as they are. */
void bns_cgroup_dir_sweep(int parent_fd);
