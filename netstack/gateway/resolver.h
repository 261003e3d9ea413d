/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resolver: the process that asks the system's resolver, so that the gateway needs no
 * thread, no file and no NSS plugin.
 *
 * The gateway sends a question, the resolver answers in any order. Names have passed
 * bns_host_canonical(). A small pool of threads calls getaddrinfo(3), AF_UNSPEC,
 * without search domains (the name is asked with a final dot where it has none and
 * contains one already).
 */
#pragma once

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

/* The resolver's main. Returns: the exit status. */
int bns_resolver_run(const BnsResolverConfig *config);

typedef struct {
    uint64_t id;    /* of the question */
    int32_t error;  /* 0, or an EAI_* value */
    uint32_t n_addresses;
    struct {
        uint16_t family; /* AF_INET, AF_INET6 */
        uint8_t bytes[16]; /* network order */
    } addresses[BNS_RESOLVER_ADDRESSES_MAX]; /* in the order to try (RFC 6724) */
} BnsResolverAnswer;

/* The gateway's side. 0 or -errno. */
int bns_resolver_ask(int resolver_fd, uint64_t id, const char *canonical_name);
/* Returns: 1, 0 at the end of the stream, or -errno (-EAGAIN: none yet; -EBADMSG). */
int bns_resolver_receive(int resolver_fd, BnsResolverAnswer *out_answer);
