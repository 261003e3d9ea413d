/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.1 heads and bodies (RFC 9112), strictly: bytes in, value out.
 *
 * What two parsers could read differently is an error, never repaired: both length
 * fields, a length that is not plain digits, obs-fold, bare CR or LF, space before a
 * colon, a transfer coding other than a single final "chunked", a second Host, a target
 * that disagrees with Host. Pure functions: no socket, no clock, no allocation by size
 * that a peer names.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Request line or status line, with all fields: curl and nginx allow 8 to 100 KiB;
 * cookies and tokens fit well. Larger is 431. */
#define BNS_HTTP_HEAD_MAX (64 * 1024)
/* nginx and node stop near 100 to 2,000; no honest client sends more. */
#define BNS_HTTP_FIELDS_MAX 200
/* A chunk-size line with extensions, and all trailers together. */
#define BNS_HTTP_CHUNK_LINE_MAX 4096
#define BNS_HTTP_TRAILERS_MAX (16 * 1024)

typedef enum {
    BNS_PARSE_DONE,
    BNS_PARSE_MORE, /* a prefix of something valid */
    BNS_PARSE_BAD,
} BnsParse;

/* A piece of the buffer that was parsed: not NUL-terminated. */
typedef struct {
    const char *at;
    size_t len;
} BnsSlice;

bool bns_slice_equal(BnsSlice slice, const char *text);
/* ASCII case-insensitively. */
bool bns_slice_equal_case(BnsSlice slice, const char *text);

typedef struct {
    BnsSlice name;
    BnsSlice value; /* without surrounding white space */
} BnsHttpField;

typedef enum {
    BNS_HTTP_BODY_NONE,
    BNS_HTTP_BODY_LENGTH,
    BNS_HTTP_BODY_CHUNKED,
    BNS_HTTP_BODY_UNTIL_CLOSE, /* responses only */
} BnsHttpBodyKind;

/* A parsed head. Slices point into the caller's buffer. */
typedef struct {
    /* requests */
    BnsSlice method;
    BnsSlice target; /* as received */
    /* responses */
    uint16_t status;
    BnsSlice reason;
    /* both */
    uint8_t minor; /* HTTP/1.x: 0 or 1 */
    BnsHttpField fields[BNS_HTTP_FIELDS_MAX];
    size_t n_fields;
    size_t head_len; /* bytes of the head, final empty line included */
    BnsHttpBodyKind body;
    uint64_t body_len; /* LENGTH only */
    bool keep_alive;   /* as version and Connection say */
    bool expects_continue;
    bool has_upgrade;  /* Upgrade named in Connection, both present */
    const char *error; /* BAD: static, one sentence */
    uint16_t error_status; /* BAD request: 400, 414, 431, 501, 505 */
} BnsHttpHead;

/* Leading empty lines are not accepted. */
BnsParse bns_http1_parse_request(const char *buffer, size_t len, BnsHttpHead *out_head);
/* @request_method: of the request that is answered (HEAD has no body) */
BnsParse bns_http1_parse_response(const char *buffer,
                                  size_t len,
                                  BnsSlice request_method,
                                  BnsHttpHead *out_head);

/* The only field of that name; %NULL if there is none or more than one. */
const BnsHttpField *bns_http1_field(const BnsHttpHead *head, const char *name);

/* A request's target and Host, read once. */
typedef struct {
    BnsSlice host;   /* with port as sent; not yet canonical */
    BnsSlice path;   /* origin-form path without query; "*" for OPTIONS * */
    BnsSlice query;  /* with its '?', or empty */
    bool is_absolute;
    bool is_https;   /* absolute only: its scheme */
} BnsHttpTarget;

/**
 * bns_http1_target:
 *
 * Origin-form, absolute-form (http and https; its authority must equal Host), OPTIONS *.
 * CONNECT is refused here, with the sentence that says to drop the proxy. Returns: %NULL,
 * or a static sentence why it is 400.
 */
const char *bns_http1_target(const BnsHttpHead *head, BnsHttpTarget *out_target);

/**
 * bns_http1_write_request / _response:
 *
 * Appends the head to forward: hop-by-hop fields (RFC 9110 7.6.1, those that Connection
 * names too) dropped, framing written anew from @head->body, Host from @host first;
 * responses lose Alt-Svc. With @upgrade the Upgrade fields stay (WebSocket only).
 */
void bns_http1_write_request(GByteArray *out,
                             const BnsHttpHead *head,
                             const BnsHttpTarget *target,
                             const char *host,
                             bool upgrade);
/* @keep_alive: whether the command's connection stays open; @body: how the body is sent
 * on (UNTIL_CLOSE becomes CHUNKED for HTTP/1.1 clients). */
void bns_http1_write_response(GByteArray *out,
                              const BnsHttpHead *head,
                              BnsHttpBodyKind body,
                              bool keep_alive,
                              bool upgrade);

/* Body decoder: cuts a stream of bytes into body bytes and the end of the message. */
typedef struct {
    BnsHttpBodyKind kind;
    uint8_t state;        /* private */
    uint64_t left;        /* bytes of the body or chunk still to come */
    size_t line_len;      /* private: bytes of the current chunk line or trailer section */
    GByteArray *trailers; /* owned; raw trailer fields "Name: value\r\n"..., or NULL */
    const char *error;
} BnsHttpBody;

void bns_http1_body_init(BnsHttpBody *body, const BnsHttpHead *head);
void bns_http1_body_clear(BnsHttpBody *body);

/**
 * bns_http1_body_step:
 * @out_data: a piece of @buffer that is body (may be empty)
 * @out_used: bytes of @buffer that were consumed, @out_data included
 *
 * Call it until it used all bytes or is done. Returns: DONE at the message's end, MORE,
 * BAD with body->error.
 */
BnsParse bns_http1_body_step(BnsHttpBody *body,
                             const char *buffer,
                             size_t len,
                             BnsSlice *out_data,
                             size_t *out_used);

/* Appends @data as one chunk; the last chunk with @trailers (nullable). */
void bns_http1_write_chunk(GByteArray *out, BnsSlice data);
void bns_http1_write_last_chunk(GByteArray *out, const GByteArray *trailers);
