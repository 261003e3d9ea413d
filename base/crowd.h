/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Crowd: gives memory back when most of those who needed it have left.
 *
 * What is freed stays in the process, for whoever comes next: small blocks that live on
 * keep the heap's top where a crowd has pushed it, and the pages in between go back on
 * request alone (malloc_trim(3)). That takes up to milliseconds, so it is done once for
 * each crowd.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    size_t least; /* fewer are not worth it; at least 1 */
    size_t most;  /* at once, since memory was last given back; 0 at first */
} BnsCrowd;

/* Somebody came; there are @n now. */
static inline void
bns_crowd_came(BnsCrowd *crowd, size_t n)
{
    if (n > crowd->most)
        crowd->most = n;
}

/* Somebody may have left; @n are still there. Returns: whether memory was given back,
 * which is when an eighth is left. */
bool bns_crowd_left(BnsCrowd *crowd, size_t n);
