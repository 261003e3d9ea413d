/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gateway: the process with a network. Every flow of the command ends here.
 *
 * How it works: gateway.c is the main; engine.c holds what all flows share and speaks with
 * netstack; flow.c is the machine of one flow's states, and flow_*.c are its steps up to
 * a request; exchange*.c is one request with its response; dial.c, upstream.c and pool.c
 * make, verify and keep the connections upstream (race.c: to which address; proxy*.c:
 * through which proxy); pipe.c moves bodies with back-pressure,
 * tunnel.c bytes that nobody reads (seal.c: but for the beginning of sealed TLS).
 * publish.c is the other direction: the host's visitors of a server inside. At the
 * session's end waits.c tells whether something is still to be sent. The
 * parsers (sniff.c, client_hello.c, server_hello.c, http1_*.c, websocket.c) and request.c
 * are pure. One thread, one epoll loop, no locks.
 */
#pragma once

#include "netstack/gateway/proxy.h"
#include "policy/policy.h"

#include <glib.h>

/* --resolve NAME:PORT:ADDR[:PORT] */
typedef struct {
    char *host;                      /* owned; canonical */
    uint16_t port;                   /* the port that the command asks for */
    struct sockaddr_storage address; /* what is dialled for it, port included */
} BnsResolve;

/* --publish [ADDR:]PORT[:PORT] */
typedef struct {
    int fd;         /* owned: listens on the host, non-blocking; -1 once closed */
    uint16_t port;  /* inside, on 127.0.0.1 or [::1] */
    char *name;     /* owned: "ADDR:PORT:PORT", as session.start has it */
    bool is_chosen; /* the kernel chose the host's port: nobody else knows it */
} BnsPublished;

typedef struct {
    int control_fd; /* supervisor (base/ready.h) */
    int life_fd;
    int wire_fd;             /* netstack (netstack/wire.h) */
    int recorder_fd;         /* records (audit/client.h) */
    int resolver_fd;         /* names (netstack/gateway/resolver.h) */
    int owner_fd;            /* the finder inside (base/owner.h); -1: there is none */
    int lend_fd;             /* init (base/lend.h); only where something is published */
    const char *session;     /* borrowed; its id in the audit */
    const BnsPolicy *policy; /* borrowed */
    const BnsPolicySource
        *source;                /* borrowed: what a reloaded one is made by, besides its
                                    * texts; NULL: none ever is */
    const GPtrArray *resolves;  /* borrowed, of BnsResolve */
    const GPtrArray *published; /* borrowed, of BnsPublished */
    const BnsProxies *proxies;  /* borrowed; NULL: everything is reached directly */
    const char *const
        *upstream_ca; /* borrowed: PEM files to trust besides the system's */
} BnsGatewayConfig;

/**
 * bns_gateway_run:
 *
 * The gateway's main: makes the CA and sends it (CA), for which init waits; reads trust
 * files, locks itself down, says READY, and serves until the life pipe ends. Returns: the
 * exit status.
 */
int bns_gateway_run(const BnsGatewayConfig *config);
