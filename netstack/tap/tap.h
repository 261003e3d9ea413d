/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The addresses and sizes of the sandbox's only link, shared by both of its ends.
 *
 * 198.18.0.0/15 is the benchmarking network (RFC 2544): no real host is shadowed by it.
 */
#pragma once

/* The gateway address of the link, our DNS answerer, and the command's own address. */
#define BNS_TAP_ROUTER     "198.18.0.1"
#define BNS_TAP_NAMESERVER "198.18.0.2"
#define BNS_TAP_GUEST      "198.18.0.3"
/* The same, host order. */
#define BNS_TAP_ROUTER_ADDR     0xc6120001u
#define BNS_TAP_NAMESERVER_ADDR 0xc6120002u
#define BNS_TAP_GUEST_ADDR      0xc6120003u
/* libslirp keeps one address for a name server of its own and lets no flow have it; it
 * gets this one, which nothing uses. */
#define BNS_TAP_SPARE_ADDR 0xc6120004u
/* .0-.7 are on the link; all else goes through the router. */
#define BNS_TAP_PREFIX_LEN 29

/* Synthetic addresses, one per name: 198.18.0.16 to 198.19.255.255. */
#define BNS_TAP_POOL_FIRST 0xc6120010u
#define BNS_TAP_POOL_LAST  0xc613ffffu

/*
 * libslirp's window has no scaling, and it announces one that has reopened only when two
 * segments are free: with more than a third of it in one, what is left of the window when
 * the next does not fit could keep uploads waiting for ever.
 */
#define BNS_TAP_MSS (65535 / 3)
#define BNS_TAP_MTU (BNS_TAP_MSS + 40)

/* The device inside. */
#define BNS_TAP_NAME "tap0"
