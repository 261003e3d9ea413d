/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths that were asked for, and the patterns that they justify.
 *
 * Rules of generalisation, for paths that are read (methods that only read):
 *
 * 1. A segment that is an id by its shape (policy/segment.h) is "*", the file of a
 *    package "*.tgz" or the like. A number of one or two digits is one if there are two.
 * 2. More than BNS_PATH_SIBLINGS_MAX names below one directory are "*", below the root
 *    more than BNS_PATH_ROOT_SIBLINGS_MAX; what was asked below each is asked below "*".
 * 3. Where more than BNS_PATH_PATTERNS_MAX patterns are left below a directory it is
 *    "/dir/ **" (the root: more than BNS_PATH_ROOT_PATTERNS_MAX).
 *
 * A path that some server may take for the directory itself ("/a/..", "/a/.") is refused: a
 * pattern for it would be one for all that is in it.
 *
 * For paths that are written to only the first, any id only if there are two of its shape
 * in one place, and none below the root: in the language of patterns a "*" at the end
 * includes all that is below.
 *
 * The result does not depend on the order of the paths. Memory is bounded: what does not
 * fit is refused, not generalised.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define BNS_PATH_SIBLINGS_MAX      8
#define BNS_PATH_ROOT_SIBLINGS_MAX 16
#define BNS_PATH_PATTERNS_MAX      8
#define BNS_PATH_ROOT_PATTERNS_MAX 24

typedef struct BnsPathTree BnsPathTree;

/* @bytes_left: (borrowed): memory that all trees of it may still take, about */
BnsPathTree *bns_path_tree_new(bool is_read, size_t *bytes_left);
void bns_path_tree_free(BnsPathTree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsPathTree, bns_path_tree_free)

/**
 * bns_path_tree_add:
 * @path: must have passed bns_path_check()
 * @covers: a bit for each of some rule sets that allow it
 *
 * Returns: whether it is in, or was; false: it is too long, there is no memory left for
 *          it, or no pattern for it but one of whole directories that are written to
 */
bool bns_path_tree_add(BnsPathTree *tree, const char *path, uint64_t covers);

/**
 * bns_path_tree_patterns:
 * @covered: rule sets that are in force besides
 *
 * Returns: (transfer full): of owned strings, sorted: patterns that match each path, in
 *          all its readings, but those that are covered; empty if all are
 */
GPtrArray *bns_path_tree_patterns(const BnsPathTree *tree, uint64_t covered);
