/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages to the gateway that wait until it takes them.
 *
 * netstack must not stand still because the gateway is busy: the socket is non-blocking
 * and what it does not take is queued, in order. A flow has at most three messages
 * (OFFER, STREAM, RESET), so the limit of flows bounds the queue.
 */
#pragma once

#include "base/loop.h"
#include "netstack/wire.h"

#include <glib.h>

typedef struct BnsWireQueue BnsWireQueue;

/**
 * bns_wire_queue_new:
 * @wire_fd: borrowed, made non-blocking
 * @on_readable: called with @data when a message of the gateway can be read
 * @on_broken: called with @data when the gateway cannot be written to any more
 */
BnsWireQueue *bns_wire_queue_new(BnsLoop *loop,
                                 int wire_fd,
                                 BnsLoopFunc on_readable,
                                 BnsLoopFunc on_broken,
                                 void *data);
/* Closes the descriptors that were not sent. */
void bns_wire_queue_free(BnsWireQueue *queue);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsWireQueue, bns_wire_queue_free)

/* Whether the gateway's socket has all that was sent. */
bool bns_wire_queue_is_empty(const BnsWireQueue *queue);
/* @fd: (transfer full): for STREAM, else -1. */
void bns_wire_queue_send(BnsWireQueue *queue, const BnsWire *message, int fd);
