/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Correlation: the headers by which coder/boundary tells a host in which session a
 * request was made, and by which record of the audit.
 *
 * They replace whatever the client sent by these names, or by what a server could take for
 * them: some read "_" as "-". In trailers nobody may send them (http1_grammar.c). Pure.
 */
#pragma once

#include "netstack/gateway/http1.h"

#include <glib.h>
#include <stdint.h>

#define BNS_CORRELATION_SESSION  "X-Coder-Agent-Firewall-Session-Id"
#define BNS_CORRELATION_SEQUENCE "X-Coder-Agent-Firewall-Sequence-Number"

/* What they say. */
typedef struct {
    const char *session; /* of the audit: a UUID; borrowed */
    uint64_t seq;        /* of the request's record */
} BnsCorrelationMark;

/* Whether @name, in any case, is one of them. */
bool bns_correlation_owns(BnsSlice name);

/* Returns: (transfer full): @head, of bns_http1_write_request(), with them. */
GByteArray *
bns_correlation_mark_http1(const GByteArray *head, const BnsCorrelationMark *mark);

/**
 * bns_correlation_mark_http2:
 * @fields: of bns_http2_write_request()
 *
 * Returns: (transfer full): a text that @fields points into from now on
 */
char *bns_correlation_mark_http2(GArray *fields, const BnsCorrelationMark *mark);
