/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Link: the descriptors that carry the command's frames, a tap or the far end of a veth.
 *
 * A tap (read and written frame by frame) is what the sandbox has where /dev/net/tun can
 * be opened; else a veth pair, whose far end has two AF_PACKET sockets. The first one is
 * read like a tap, which costs nothing at the start. Its queue has no room for many
 * connections; when there are so many, or where the kernel gives it almost none, the link
 * becomes wide: the second socket takes over, with a receive ring (packet_ring.h). The
 * sandbox's end of the veth must have checksum and segmentation offloads off (init sees to
 * it).
 *
 * A frame to the command is never dropped because the link is busy: libslirp would wait a
 * second or more for its retransmission. It is queued, and nothing is read meanwhile.
 */
#pragma once

#include "base/loop.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BNS_LINK_ERROR (bns_link_error_quark())
GQuark bns_link_error_quark(void);

/* With more connections than this a link has to be wide. */
#define BNS_LINK_NARROW_FLOWS 32

/**
 * BnsLinkHandler:
 * @on_frame: one frame; @bytes may be changed and are the link's again on return
 * @on_turn: after the frames of one turn, or when the queue has been written
 * @on_lost: a frame could not be taken or given (cut by the ring, refused by the device)
 * @on_end: the device is gone; nothing will come any more
 */
typedef struct {
    void (*on_frame)(uint8_t *bytes, size_t len, void *data);
    void (*on_turn)(void *data);
    void (*on_lost)(void *data);
    void (*on_end)(void *data);
} BnsLinkHandler;

typedef struct BnsLink BnsLink;

/**
 * bns_link_new:
 * @fd: (transfer full): closed with the link, or on failure; may be blocking
 * @wide_fd: (transfer full): of a veth, the second socket, with its gate shut
 *           (packet_gate.h); -1 for a tap
 * @handler: borrowed, outlives the link
 *
 * Returns: (transfer full): a link, or %NULL with @error set
 */
BnsLink *bns_link_new(BnsLoop *loop,
                      int fd,
                      int wide_fd,
                      const BnsLinkHandler *handler,
                      void *data,
                      GError **error);
void bns_link_free(BnsLink *link);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsLink, bns_link_free)

void bns_link_send(BnsLink *link, const uint8_t *bytes, size_t len);

/* Whether frames wait to be written: make no more. */
bool bns_link_is_busy(const BnsLink *link);

/* There are, or will soon be, more than BNS_LINK_NARROW_FLOWS connections. Blocks for some
 * 10 ms. Does nothing for a tap, and the second time. */
void bns_link_widen(BnsLink *link);
