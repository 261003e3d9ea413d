/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libslirp: the TCP of the other end, without a network behind it.
 *
 * How it works: libslirp runs restricted with a network that holds every IPv4 address
 * (0.0.0.0/0), so that any address and port can be given an entry which leads to our own
 * unix socket; what has no entry gets an RST. An entry is needed from the SYN to the
 * handshake's last segment, in which libslirp connects to the socket: the caller holds
 * it for that long and accepts at once after that segment, so that it knows whose
 * connection it is. One unix socket serves all flows.
 *
 * libslirp wants to be polled. The descriptors that it asks for are kept in an epoll set
 * of their own, of which only the changes are told to the kernel; the set is one watch of
 * the loop. libslirp runs once at the end of each turn in which something happened to it.
 */
#pragma once

#include "base/loop.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BNS_SLIRP_ERROR (bns_slirp_error_quark())
GQuark bns_slirp_error_quark(void);

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

/* A frame from the command, read and found good (frame.h). */
void bns_slirp_input(BnsSlirp *slirp, const uint8_t *bytes, size_t len);

/**
 * bns_slirp_hold:
 * @addr: network order
 * @port: host order
 *
 * Lets the next SYN to this address pass; holds are counted. Returns: false for an
 * address that libslirp keeps for itself.
 */
bool bns_slirp_hold(BnsSlirp *slirp, uint32_t addr, uint16_t port);
void bns_slirp_release(BnsSlirp *slirp, uint32_t addr, uint16_t port);

/**
 * bns_slirp_accept:
 * @out_backend_fd: (transfer none): libslirp's end, for on_gone
 *
 * Call it after each bns_slirp_input(); no system call if there is nothing. Returns:
 * (transfer full): our end, non-blocking, of the connection that libslirp made in the
 * last bns_slirp_input(), or -1 if it made none.
 */
int bns_slirp_accept(BnsSlirp *slirp, int *out_backend_fd);

/* Runs libslirp at the end of this turn: after the link was busy. */
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
