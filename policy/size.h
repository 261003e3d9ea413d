/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sizes in a policy: a number of bytes, or one with K, M, G or T (of 1024) behind it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* A TiB of memory, of a file or of a request is as good as no limit, and fits all that is
 * computed with it. */
#define BNS_SIZE_MAX (UINT64_C(1024) * 1024 * 1024 * 1024)

/* Returns: false if @text is no size, or one beyond BNS_SIZE_MAX. */
bool bns_size_parse(const char *text, uint64_t *out_bytes);
/* Returns: (transfer full): the shortest way to write it. */
char *bns_size_to_string(uint64_t bytes);
