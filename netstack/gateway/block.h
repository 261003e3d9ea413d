/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Block: the answers that the gateway writes itself: 403, 400, 421, 431, 501, 502, 504.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint16_t status;
    const char *reason;     /* one sentence */
    const char *method;     /* nullable */
    const char *host;       /* nullable */
    const char *path;       /* nullable */
    const char *suggestion; /* nullable; 403: a rule that would allow it, unquoted */
    bool wants_json;        /* the request's Accept or Content-Type is JSON */
    bool is_head;           /* no body follows, its length is still given */
    bool keep_alive;        /* else Connection: close */
} BnsBlock;

/* Returns: (transfer full): a whole HTTP/1.1 response. Foreign text in it is escaped. */
GBytes *bns_block_response(const BnsBlock *block);
