/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths: which ones are refused, and in how many ways one can be read.
 *
 * Servers differ in what they decode, which dots they remove and what they do with
 * "//" and ";": a path is judged by all its readings (boundary.1, POLICY, Paths).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Percent-encoding may be nested this deep; deeper is refused. */
#define BNS_PATH_LAYERS_MAX 3

/**
 * bns_path_check:
 * @path: origin-form path without query
 *
 * Pure. Returns: %NULL if a request may have this path, or a static sentence (without
 * final dot) why it is refused with 400.
 */
const char *bns_path_check(const char *path, size_t len);

/* Pattern matching is internal to policy/: see path_match.h. */
