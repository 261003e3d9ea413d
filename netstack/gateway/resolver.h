/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resolver: the process that asks the system's resolver, so that the gateway needs no
 * thread, no file and no NSS plugin.
 *
 * The gateway sends a question, the resolver answers in any order. Names have passed
 * bns_host_canonical(). A small pool of threads calls getaddrinfo(3), AF_UNSPEC, without
 * search domains; /etc/hosts and every other source of nsswitch.conf count. How long an
 * answer may be used again comes with it, or a little later.
 *
 * How it works: resolver.c holds the messages and the gateway's side, resolver_main.c
 * the process, resolver_lifetime.c how long an answer lasts. Each side checks every
 * message of the other.
 */
#pragma once

#include "policy/host.h"

#include <glib.h>
#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

/* At most this many addresses of one name are tried. */
#define BNS_RESOLVER_ADDRESSES_MAX 16

typedef struct {
    int control_fd; /* supervisor (base/ready.h) */
    int life_fd;
    int gateway_fd; /* SEQPACKET: questions and answers */
} BnsResolverConfig;

/* The resolver's main: locks itself down, says READY (or FAILED), answers until the life
 * pipe or the gateway ends. Threads may still run then: leave the process by _exit(2).
 * Returns: the exit status. */
int bns_resolver_run(const BnsResolverConfig *config);

typedef struct {
    uint16_t family;   /* AF_INET, AF_INET6 */
    uint8_t bytes[16]; /* network order; an IPv4 address is the first four */
} BnsResolverAddress;

/**
 * BnsResolverKind:
 * @BNS_RESOLVER_ANSWER: one for each question
 * @BNS_RESOLVER_LIFETIME: perhaps, later: how long the answer lasts, counted from now
 */
typedef enum {
    BNS_RESOLVER_ANSWER,
    BNS_RESOLVER_LIFETIME,
    BNS_N_RESOLVER_KINDS,
} BnsResolverKind;

typedef struct {
    uint64_t id;          /* of the question */
    uint32_t kind;        /* BnsResolverKind */
    uint32_t lifetime_ms; /* it may be used again for so long; 0: not at all */
    int32_t error;        /* 0, or an EAI_* value */
    uint32_t n_addresses; /* at least one if there was no error; a lifetime has none */
    BnsResolverAddress addresses[BNS_RESOLVER_ADDRESSES_MAX]; /* in the order to try
                                                               * (RFC 6724) */
} BnsResolverAnswer;

/* The gateway's side. 0 or -errno (-EAGAIN if the resolver is too far behind). */
int bns_resolver_ask(int resolver_fd, uint64_t id, const char *canonical_name);
/* Returns: 1, 0 at the end of the stream, or -errno (-EAGAIN: none yet; -EBADMSG). */
int bns_resolver_receive(int resolver_fd, BnsResolverAnswer *out_answer);

typedef struct {
    uint64_t id;
    char name[BNS_HOST_MAX + 1];
} BnsResolverQuestion;

/* The resolver's side, with the same results. */
int bns_resolver_receive_question(int gateway_fd, BnsResolverQuestion *out_question);
int bns_resolver_answer(int gateway_fd, const BnsResolverAnswer *answer);
