/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names by a pattern in which "*" stands for any characters, none too, and everything
 * else for itself.
 *
 * Plain C: pure, allocates nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* @fold_case: ASCII letters match whatever their case. Takes @pattern_len times @len
 * steps at most. */
bool bns_star_matches(const char *pattern,
                      size_t pattern_len,
                      const char *text,
                      size_t len,
                      bool fold_case);
