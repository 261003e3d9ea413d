/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proxy reply: what an upstream proxy answers to CONNECT (RFC 9110, 9.3.6).
 *
 * Pure: bytes in, value out. It is read as strictly as any response, and bounded as one;
 * after a 2xx every byte behind the head is the tunnel's, whatever Content-Length or
 * Transfer-Encoding say.
 */
#pragma once

#include "netstack/gateway/http1.h"

#include <stdbool.h>

/* Slices point into the caller's buffer. */
typedef struct {
    BnsHttpHead head;  /* of the final response */
    size_t len;        /* bytes of the reply, interim heads included: the tunnel begins
                        * behind them */
    const char *error; /* BAD: static, half a sentence */
} BnsProxyReply;

/* Stateless: call it again with a longer buffer after MORE. */
BnsParse
bns_proxy_reply_parse(const char *buffer, size_t len, BnsProxyReply *out_reply);

/* Whether the tunnel is open. */
bool bns_proxy_reply_is_open(const BnsProxyReply *reply);

/**
 * bns_proxy_reply_explain:
 * @reply: one that does not open the tunnel
 * @has_credentials: some were sent, so that they may come back in its words
 *
 * Returns: (transfer full): what the person should know, as in "it wants credentials ...";
 *          foreign text in it is escaped
 */
char *bns_proxy_reply_explain(const BnsProxyReply *reply, bool has_credentials);
