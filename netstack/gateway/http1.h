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
#include <string.h>

/* Request line or status line, with all fields: curl and nginx allow 8 to 100 KiB;
 * cookies and tokens fit well. Larger is 431. */
#define BNS_HTTP_HEAD_MAX (64 * 1024)
/* nginx and node stop near 100 to 2,000; no honest client sends more. */
#define BNS_HTTP_FIELDS_MAX 200
/* The longest registered method has 17 bytes (UPDATEREDIRECTREF). Longer is 501. */
#define BNS_HTTP_METHOD_MAX 24
/* nginx and Apache stop at 8 KiB, node at 16. Longer is 414. */
#define BNS_HTTP_TARGET_MAX (16 * 1024)
/* Options of all Connection fields together; honest ones have one to three. Bounds the
 * work of comparing each with every field. */
#define BNS_HTTP_OPTIONS_MAX 32
/* A chunk-size line with extensions, and all trailers together. */
#define BNS_HTTP_CHUNK_LINE_MAX 4096
#define BNS_HTTP_TRAILERS_MAX   (16 * 1024)
/* Interim responses (1xx) before the final one: who sends more of them sends nothing
 * else. */
#define BNS_HTTP_INTERIMS_MAX 20

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

/* Each field of a head is compared with dozens of names: a length that differs decides
 * nearly always, and that of a literal is known here. */
static inline bool
bns_slice_equal(BnsSlice slice, const char *text)
{
    return slice.len == strlen(text) &&
           (slice.len == 0 || memcmp(slice.at, text, slice.len) == 0);
}

/* ASCII case-insensitively. */
static inline bool
bns_slice_equal_case(BnsSlice slice, const char *text)
{
    return slice.len == strlen(text) &&
           (slice.len == 0 || g_ascii_strncasecmp(slice.at, text, slice.len) == 0);
}

typedef struct {
    BnsSlice name;
    BnsSlice value;  /* without surrounding white space */
    bool hop_by_hop; /* for this connection only (RFC 9110 7.6.1): never forwarded */
} BnsHttpField;

typedef enum {
    BNS_HTTP_BODY_NONE,
    BNS_HTTP_BODY_LENGTH,
    BNS_HTTP_BODY_CHUNKED,
    BNS_HTTP_BODY_UNTIL_CLOSE, /* responses only */
} BnsHttpBodyKind;

/* A parsed head. Slices point into the caller's buffer. After BAD, what was read before
 * the fault is there (for the record): an empty method or target was not reached. */
typedef struct {
    /* requests */
    BnsSlice method;
    BnsSlice target; /* as received */
    /* responses */
    uint16_t status;
    BnsSlice reason;
    /* both */
    uint8_t minor;   /* HTTP/1.x: 0 or 1 */
    size_t head_len; /* bytes of the head, final empty line included */
    BnsHttpBodyKind body;
    uint64_t body_len;       /* LENGTH only */
    bool has_content_length; /* also where no body follows: HEAD, 304 */
    uint64_t content_length; /* as received, if so */
    bool keep_alive;         /* as version and Connection say; not with has_upgrade */
    bool expects_continue;   /* a body follows, and the client waits for 100 */
    bool has_upgrade;        /* Upgrade named in Connection, both present */
    bool wants_trailers;     /* "TE: trailers" */
    const char *error;       /* BAD: static, a sentence without its final dot */
    uint16_t
        error_status; /* BAD request: 400, 414, 417, 431, 501, 505; response: 502 */
    size_t n_fields;
    BnsHttpField fields[BNS_HTTP_FIELDS_MAX]; /* beyond n_fields: anything */
} BnsHttpHead;

/* Everything but the fields' eight kilobytes, which would cost as much as a small head. */
static inline void
bns_http1_head_init(BnsHttpHead *head)
{
    memset(head, 0, offsetof(BnsHttpHead, fields));
}

/**
 * bns_http1_parse_request:
 *
 * Stateless: call it again with a longer buffer after MORE. A fault is reported as soon
 * as its line is complete, those in the field lines when the head is. Leading empty
 * lines are not accepted. Once BAD or DONE, more bytes change nothing.
 */
BnsParse bns_http1_parse_request(const char *buffer, size_t len, BnsHttpHead *out_head);
/* @request_method: of the request that is answered (HEAD has no body) */
BnsParse bns_http1_parse_response(const char *buffer,
                                  size_t len,
                                  BnsSlice request_method,
                                  BnsHttpHead *out_head);
/* A status line without a reason may lack the space after the code, as many servers
 * write it. A body where RFC 9110 forbids even its announcement (1xx, 204) is BAD, but
 * for "Content-Length: 0" with 204. */

/* The only field of that name; %NULL if there is none or more than one. */
const BnsHttpField *bns_http1_field(const BnsHttpHead *head, const char *name);

/* A request's target and Host, read once. */
typedef struct {
    BnsSlice host;  /* with port as sent; not yet canonical */
    BnsSlice path;  /* origin-form path without query; "/" for an empty one */
    BnsSlice query; /* with its '?', or empty */
    bool is_absolute;
    bool is_https; /* absolute only: its scheme */
} BnsHttpTarget;

/**
 * bns_http1_target:
 *
 * Origin-form and absolute-form (http and https). An authority must equal Host byte for
 * byte but for case: "host" against "host:80" is a contradiction, since only Host's port
 * is compared with the flow's. "OPTIONS *" and what means the same in absolute-form are
 * refused: a server-wide request has no path that a rule could judge. CONNECT is refused
 * with the sentence that says to drop the proxy. Slices point into @head's buffer or to
 * static text. Returns: %NULL, or a static sentence (without its final dot) why it is 400.
 */
const char *bns_http1_target(const BnsHttpHead *head, BnsHttpTarget *out_target);

/**
 * bns_http1_write_request / _response:
 *
 * Appends the head to forward: hop-by-hop fields (RFC 9110 7.6.1, those that Connection
 * names too) dropped, the others in their order, byte for byte; framing written anew from
 * @head->body, Host from @host first (as it shall be sent, with the port that is not the
 * scheme's default). "TE: trailers" stays. Responses lose Alt-Svc. Always HTTP/1.1. With
 * @upgrade the Upgrade fields stay (WebSocket only; a response: with status 101 only).
 */
void bns_http1_write_request(GByteArray *out,
                             const BnsHttpHead *head,
                             const BnsHttpTarget *target,
                             const char *host,
                             bool upgrade);
/* @keep_alive: whether the command's connection stays open; never with UNTIL_CLOSE.
 * @body: how the body is sent on (UNTIL_CLOSE becomes CHUNKED for HTTP/1.1 clients,
 * CHUNKED becomes UNTIL_CLOSE for HTTP/1.0 ones); LENGTH only if @head->body is LENGTH. */
void bns_http1_write_response(GByteArray *out,
                              const BnsHttpHead *head,
                              BnsHttpBodyKind body,
                              bool keep_alive,
                              bool upgrade);

/* Body decoder: cuts a stream of bytes into body bytes and the end of the message.
 *
 * Chunks are read strictly: CRLF only, 1 to 16 hex digits of at most 2^63-1, extensions by
 * their grammar without the "bad white space", then dropped. A trailer that frames, routes
 * or authenticates (RFC 9110 6.5.1) is BAD; the others are kept in @trailers. */
typedef struct {
    BnsHttpBodyKind kind;
    uint8_t state;     /* private */
    uint8_t digits;    /* private: of the chunk size */
    uint64_t left;     /* bytes of the body or chunk still to come */
    size_t line_len;   /* private: bytes of the current chunk line or trailer section */
    size_t line_start; /* private: of the current line in @trailers */
    size_t n_trailers; /* lines in @trailers */
    GByteArray *trailers; /* owned; raw trailer fields "Name: value\r\n"..., or NULL;
                           * whole when the body is DONE */
    const char *error;    /* BAD: static, a sentence without its final dot */
} BnsHttpBody;

void bns_http1_body_init(BnsHttpBody *body, const BnsHttpHead *head);
void bns_http1_body_clear(BnsHttpBody *body);

/**
 * bns_http1_body_step:
 * @out_data: a piece of @buffer that is body (may be empty)
 * @out_used: bytes of @buffer that were consumed, @out_data included
 *
 * Call it until it used all bytes or is done; with @len 0 it tells whether anything
 * follows at all. DONE comes with the last byte, and then always; UNTIL_CLOSE is never
 * DONE: its end is the connection's. For the others an end of the connection after MORE
 * is a cut message. Returns: DONE at the message's end, MORE, BAD with body->error.
 */
BnsParse bns_http1_body_step(BnsHttpBody *body,
                             const char *buffer,
                             size_t len,
                             BnsSlice *out_data,
                             size_t *out_used);

/* Appends @data as one chunk (nothing if it is empty: that would be the last); the last
 * chunk with @trailers (nullable; as the decoder kept them). */
void bns_http1_write_chunk(GByteArray *out, BnsSlice data);
void bns_http1_write_last_chunk(GByteArray *out, const GByteArray *trailers);
