/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Same file: the further names (hard links) of a file.
 *
 * The kernel knows their number, not where they are: they are looked for from the file's
 * directory upwards, where packages put them (perl beside perl5.36.0, git in
 * lib/git-core).
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Entries of directories that are looked at for one file; a third of a second's work. */
#define BNS_SAME_FILE_ENTRIES_MAX 300000

/**
 * bns_same_file_find:
 * @path: absolute, without symbolic links; a file
 * @paths: of owned paths: what is found besides @path is added
 *
 * Returns: whether all of its names are found; costs nothing for a file that has one
 */
bool bns_same_file_find(const char *path, GPtrArray *paths);
