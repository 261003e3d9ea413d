/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/2 header sections (RFC 9113 8), strictly: fields in, value out.
 *
 * nghttp2 decodes HPACK and refuses most of what is malformed; what decides is checked
 * here again, so that it depends on no library's opinion, and by the same functions as an
 * HTTP/1.1 head. What is ambiguous is an error, never repaired: a pseudo-header that is
 * missing, doubled, unknown or late, a Host that contradicts :authority, upper-case or
 * odd names, fields that belong to an HTTP/1.1 connection. Pure: no socket, no clock, and
 * memory is bounded by BNS_HTTP_HEAD_MAX and BNS_HTTP_FIELDS_MAX.
 */
#pragma once

#include "netstack/gateway/http1.h"

#include <glib.h>
#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What RFC 9113 6.5.2 adds to each field's bytes, in MAX_HEADER_LIST_SIZE. */
#define BNS_HTTP2_FIELD_OVERHEAD 32

/* Times BNS_HTTP_HEAD_MAX: a section of that size is not read any further. */
#define BNS_HTTP2_EXCESS 4

/* One section, in the order of its arrival. */
typedef struct BnsHttp2Fields BnsHttp2Fields;

BnsHttp2Fields *bns_http2_fields_new(void);
void bns_http2_fields_free(BnsHttp2Fields *fields);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsHttp2Fields, bns_http2_fields_free)

/* Copies a field. Beyond the limits nothing is kept any more, and the section is too
 * large. @is_secret: never to be put into a compression table (RFC 7541 6.2.3). */
void bns_http2_fields_add(BnsHttp2Fields *fields,
                          BnsSlice name,
                          BnsSlice value,
                          bool is_secret);
bool bns_http2_fields_is_too_large(const BnsHttp2Fields *fields);
/* Whether it is so much larger that it is not worth an answer: a few bytes of HPACK can
 * name the same large field again and again. */
bool bns_http2_fields_is_excessive(const BnsHttp2Fields *fields);
/* As MAX_HEADER_LIST_SIZE counts. */
size_t bns_http2_fields_size(const BnsHttp2Fields *fields);
size_t bns_http2_fields_count(const BnsHttp2Fields *fields);
/* The field at @i. @out_is_secret: (nullable) */
BnsHttpField
bns_http2_fields_get(const BnsHttp2Fields *fields, size_t i, bool *out_is_secret);

/**
 * bns_http2_read_request:
 * @is_last: nothing follows: the section ended the stream
 * @out_head: as HTTP/1.1 would have it: Host is :authority; slices point into @fields.
 *            LENGTH and CHUNKED both mean that a body follows
 * @out_scheme: :scheme, to be compared with the connection's
 *
 * Extended CONNECT (RFC 8441) for a WebSocket has the method GET and has_upgrade, as the
 * handshake of HTTP/1.1 would; for any other protocol it is 501 (RFC 9220 3), and without
 * END_STREAM it has a "body", the tunnel. Returns: whether it is well-formed; if not, out_head->error and error_status say why, and what was read before
 * is there (for the record).
 */
bool bns_http2_read_request(const BnsHttp2Fields *fields,
                            bool is_last,
                            BnsHttpHead *out_head,
                            BnsSlice *out_scheme);
/* A response's section, interim or final. Returns: %NULL, or a static sentence (without
 * its final dot) why it is 502. */
const char *bns_http2_read_response(const BnsHttp2Fields *fields, uint16_t *out_status);
/* The fields of a section that was read without an error, without its pseudo-headers, for
 * those who look for names: slices point into @fields. */
void bns_http2_copy_fields(const BnsHttp2Fields *fields, BnsHttpHead *out_head);
/* Fields after a body. Returns: %NULL, or what is wrong with them. */
const char *bns_http2_read_trailers(const BnsHttp2Fields *fields);

/* The sections to send, as nghttp2 takes them: (transfer full), of nghttp2_nv that point
 * into @fields (and @authority). All were read without an error before. What concerns one
 * connection only is left out; Alt-Svc too in a response: it would lead the client to a
 * port or protocol that nobody reads. */
GArray *bns_http2_write_request(const BnsHttp2Fields *fields, const char *authority);
GArray *bns_http2_write_response(const BnsHttp2Fields *fields);
GArray *bns_http2_write_trailers(const BnsHttp2Fields *fields);
