/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Request: what a head asks for, as one value that does not change any more.
 *
 * Read once from the head's bytes; what is decided, dialled, verified and sent is this
 * value. No I/O.
 */
#pragma once

#include "netstack/gateway/block.h"
#include "netstack/gateway/http1.h"
#include "netstack/gateway/http2_fields.h"
#include "netstack/gateway/protocol.h"
#include "netstack/gateway/request_header.h"
#include "netstack/gateway/websocket.h"
#include "policy/host.h"
#include "policy/policy.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Where a request arrived. */
typedef struct {
    const BnsHost
        *host;     /* inside TLS: whom the ClientHello asks for; else the flow's */
    uint16_t port; /* the flow's destination */
    bool is_tls;
} BnsRequestContext;

typedef struct {
    BnsScheme scheme;
    BnsHost host;
    uint16_t port;
    char *method;             /* owned; NULL if it could not be read */
    char *path;               /* owned; as received, without query */
    char *query;              /* owned; as received, without its "?"; NULL: none */
    BnsRequestHeader *header; /* owned */
    BnsProtocols protocol;    /* that it came by, and goes by: one bit */
    uint8_t minor;            /* of HTTP/1 */
    bool is_head;
    bool keep_alive;
    BnsBlockForm block_form; /* of an answer of ours */
    bool expects_continue;
    bool is_websocket;
    BnsWebsocketOffer websocket; /* owned; is_websocket: what its answer may say */
    BnsHttpBodyKind body;
    uint64_t body_len; /* LENGTH only */
    GByteArray
        *head; /* owned; HTTP/1.1: what is sent upstream; NULL if it is refused */
    size_t head_size; /* of what is sent upstream; of HTTP/2 as its own limits count */
    char *authority;  /* owned; HTTP/2: the :authority that is sent; NULL if refused */
    bool is_grpc;     /* HTTP/2: a refusal is told by a gRPC status */
} BnsHttpRequest;

/* Why a request is refused before any rule is asked. */
typedef struct {
    uint16_t status;    /* 0: it is not */
    const char *reason; /* static, one sentence without its final dot */
} BnsRequestFault;

/**
 * bns_request_read:
 * @head: of a request that was parsed
 * @out_request: (transfer full): as far as it could be read; clear it in any case
 *
 * Returns: the fault, with status 400 (contradictions, odd hosts and paths) or 421
 * (inside TLS: another host than the ClientHello's), or status 0.
 */
BnsRequestFault bns_request_read(const BnsHttpHead *head,
                                 const BnsRequestContext *context,
                                 BnsHttpRequest *out_request);
/* The same for HTTP/2. @is_last: no body follows. Inside TLS another port or scheme than
 * the connection's is 421, too. */
BnsRequestFault bns_request_read_http2(const BnsHttp2Fields *fields,
                                       bool is_last,
                                       const BnsRequestContext *context,
                                       BnsHttpRequest *out_request);
void bns_request_clear(BnsHttpRequest *request);

/* For the record of a head that could not be read: what it says as far as that is known.
 * Returns: (transfer full) (nullable). The path is without query, and absent if it may
 * hold a password. */
char *bns_request_method(const BnsHttpHead *head);
char *bns_request_path(const BnsHttpHead *head);

/* As policy asks for it. Borrows from @request. */
BnsRequest bns_request_question(const BnsHttpRequest *request);
/* Whether sending it twice is the same as once, and it can be sent again: RFC 9110
 * 9.2.2, and no body. */
bool bns_request_is_repeatable(const BnsHttpRequest *request);
