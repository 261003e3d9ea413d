/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libslirp: the TCP of the other end, without a network behind it.
 *
 * How it works: an entry of libslirp's is needed from a flow's SYN to the handshake's
 * last segment, in which libslirp connects to our unix socket: the caller holds it for
 * that long and accepts at once after that segment, so that it knows whose connection it
 * is. One unix socket serves all flows.
 *
 * libslirp walks all its connections for each segment of one that is not the last, and
 * twice in each turn. So there are many libslirps (slirp_stack.h), each with the flows
 * whose ends have its number as their hash: what one flow costs depends on the few that
 * share its stack. All descriptors are in one epoll set (slirp_poll.h), which is one watch
 * of the loop. At the end of a turn of the loop each stack to which something happened has
 * its turn, in the order in which it happened: one that the link kept from it is the next.
 */
#pragma once

#include "base/loop.h"
#include "netstack/tap/frame.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BNS_SLIRP_ERROR (bns_slirp_error_quark())
GQuark bns_slirp_error_quark(void);

/* A power of two. With 10,000 connections each has as many as cost a microsecond to
 * walk; itself it takes some 10 KiB, from its first connection on. */
#define BNS_SLIRP_STACKS 64

/**
 * BnsSlirpHandler:
 * @on_frame: a frame for the command
 * @on_gone: libslirp has closed @fd, its end of a stream
 * @is_busy: whether frames wait for the link: libslirp makes no more then
 */
typedef struct {
    void (*on_frame)(const uint8_t *bytes, size_t len, void *data);
    void (*on_gone)(int fd, void *data);
    bool (*is_busy)(void *data);
} BnsSlirpHandler;

typedef struct BnsSlirp BnsSlirp;

/**
 * bns_slirp_new:
 * @socket_path: where the unix socket is made; nothing else may be able to connect to it
 * @handler: borrowed, outlives the result
 *
 * Returns: (transfer full): or %NULL with @error set
 */
BnsSlirp *bns_slirp_new(BnsLoop *loop,
                        const char *socket_path,
                        const BnsSlirpHandler *handler,
                        void *data,
                        GError **error);
void bns_slirp_free(BnsSlirp *slirp);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsSlirp, bns_slirp_free)

/* A frame from the command, read and found good (frame.h), or one as if from it. */
void
bns_slirp_input(BnsSlirp *slirp, const BnsEnds *ends, const uint8_t *bytes, size_t len);

/* Lets the next SYN of these ends pass; holds are counted. Returns: false for an address
 * that libslirp keeps for itself. */
bool bns_slirp_hold(BnsSlirp *slirp, const BnsEnds *ends);
void bns_slirp_release(BnsSlirp *slirp, const BnsEnds *ends);

/**
 * bns_slirp_accept:
 * @out_backend_fd: (transfer none): libslirp's end, for on_gone
 *
 * Call it after each bns_slirp_input(); no system call if there is nothing. Returns:
 * (transfer full): our end, non-blocking, of the connection that libslirp made in the
 * last bns_slirp_input(), or -1 if it made none.
 */
int bns_slirp_accept(BnsSlirp *slirp, int *out_backend_fd);

/* Has stacks that are due take their turn at the end of this one: after the link was
 * busy. */
void bns_slirp_wake(BnsSlirp *slirp);

/**
 * bns_slirp_waits:
 *
 * What the command sent and nobody has read from the streams: in libslirp, which asks to
 * write to a stream exactly while it has something for it, or in the streams themselves.
 * Returns: 0 if nothing waits; else a number that changes whenever something moves.
 */
uint64_t bns_slirp_waits(const BnsSlirp *slirp);

/* Entries that libslirp has, held or not. */
size_t bns_slirp_entries(const BnsSlirp *slirp);
