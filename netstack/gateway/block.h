/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Block: the answers that the gateway writes itself: 403, 400, 414, 417, 421, 431, 501,
 * 502, 504, 505.
 *
 * A person or an agent reads them: 403 says what was blocked, why, and what to ask the
 * user for; the others say that it was boundary-ns who answered and not the origin.
 *
 * The reason is the one of `explain` and of the audit. Of rules a 403 names the place alone,
 * by the file's last name, for the user to look at: what else they allow, and where files
 * of the host lie, is not the blocked program's affair.
 */
#pragma once

#include "netstack/gateway/http1.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * BnsBlockForm:
 * @BNS_BLOCK_TEXT: plain text
 * @BNS_BLOCK_JSON: an object with error.type and error.message
 * @BNS_BLOCK_JSON_NPM: an object whose error is the text, as npm shows it
 */
typedef enum {
    BNS_BLOCK_TEXT,
    BNS_BLOCK_JSON,
    BNS_BLOCK_JSON_NPM,
} BnsBlockForm;

typedef struct {
    uint16_t status;
    const char *reason;     /* one sentence */
    const char *method;     /* nullable */
    const char *host;       /* nullable */
    const char *path;       /* nullable; without the query, which may hold secrets */
    const char *rule;       /* nullable; 403: where the rule is that decided; or */
    const char *near;       /* nullable; 403: the one that came nearest */
    const char *suggestion; /* nullable; 403: a rule that would allow it, unquoted */
    BnsBlockForm form;      /* what the request's Accept or Content-Type asks for */
    bool is_head;           /* no body follows, its length is still given */
    bool keep_alive;        /* else Connection: close */
} BnsBlock;

/* JSON if Content-Type, or one of the types in Accept, is application/json or ends in
 * +json; npm's form if npm asks so. */
BnsBlockForm bns_block_form(const BnsHttpHead *head);

/* Returns: (transfer full): the body, with its @out_type (static). */
GBytes *bns_block_body(const BnsBlock *block, const char **out_type);
/* Returns: (transfer full): a whole HTTP/1.1 response. Foreign text in it is escaped. */
GBytes *bns_block_response(const BnsBlock *block);
