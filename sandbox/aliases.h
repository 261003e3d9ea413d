/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aliases: the other paths of one file. A bind mount (/home also at /srv/home, or the top
 * of a btrfs whose subvolume is /home) shows the same file where no pin of ours lies.
 */
#pragma once

#include <glib.h>

/**
 * bns_aliases_find:
 * @table: of mounts, as /proc/self/mountinfo (proc(5))
 * @path: absolute, without symbolic links
 *
 * What another file system shows of it (overlayfs, FUSE, NFS from here) is not found.
 *
 * Returns: (transfer full): where else the table shows @path, or a part of what is in it;
 * NULL-terminated.
 */
GStrv bns_aliases_find(const char *table, const char *path);

/* Returns: (transfer full) (nullable): where something is mounted below the directory
 * @path, not on it; %NULL: nowhere. */
char *bns_aliases_find_below(const char *table, const char *path);
