/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Link: the descriptor that carries the command's frames, a tap or the far end of a veth.
 *
 * A tap (read and written frame by frame) is what the sandbox has where /dev/net/tun can
 * be opened; else a veth pair, whose far end is an AF_PACKET socket. That one is read
 * from a ring of its own: its receive buffer would hold six frames. The sandbox's end of
 * the veth must have checksum and segmentation offloads off (init sees to it).
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

typedef enum {
    BNS_LINK_TAP,
    BNS_LINK_PACKET,
} BnsLinkKind;

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
 * @handler: borrowed, outlives the link
 *
 * Returns: (transfer full): a link, or %NULL with @error set
 */
BnsLink *bns_link_new(BnsLoop *loop,
                      int fd,
                      BnsLinkKind kind,
                      const BnsLinkHandler *handler,
                      void *data,
                      GError **error);
void bns_link_free(BnsLink *link);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsLink, bns_link_free)

void bns_link_send(BnsLink *link, const uint8_t *bytes, size_t len);

/* Whether frames wait to be written: make no more. */
bool bns_link_is_busy(const BnsLink *link);
