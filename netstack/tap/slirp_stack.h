/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stack: one libslirp.
 *
 * How it works: libslirp runs restricted with a network that holds every IPv4 address
 * (0.0.0.0/0), so that any address and port can be given an entry which leads to our own
 * unix socket; what has no entry gets an RST. libslirp wants to be polled: it has a turn
 * after something has happened to it, and when it is time.
 */
#pragma once

#include "base/loop.h"
#include "netstack/tap/frame.h"
#include "netstack/tap/slirp_poll.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * BnsSlirpStackHandler:
 * @on_frame: a frame for the command
 * @on_opened: libslirp is about to connect @fd to the unix socket
 * @on_closing: libslirp is about to close @fd
 * @on_due: the stack must have a turn
 * @is_busy: whether frames wait for the link: libslirp makes no more then
 */
typedef struct {
    void (*on_frame)(const uint8_t *bytes, size_t len, void *data);
    void (*on_opened)(int fd, void *data);
    void (*on_closing)(int fd, void *data);
    void (*on_due)(void *data);
    bool (*is_busy)(void *data);
} BnsSlirpStackHandler;

/**
 * BnsSlirpStackConfig:
 * @poll: borrowed, as all below: outlives the stack
 * @data: for @handler, and the owner of the stack's part of @poll
 * @socket_path: the unix socket that flows are connected to
 */
typedef struct {
    BnsLoop *loop;
    BnsSlirpPoll *poll;
    const BnsSlirpStackHandler *handler;
    void *data;
    const char *socket_path;
} BnsSlirpStackConfig;

typedef struct BnsSlirpStack BnsSlirpStack;

/* Returns: (transfer full): or %NULL if libslirp does not take our configuration. */
BnsSlirpStack *bns_slirp_stack_new(const BnsSlirpStackConfig *config);
/* Closes its streams, with on_closing. */
void bns_slirp_stack_free(BnsSlirpStack *stack);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsSlirpStack, bns_slirp_stack_free)

/* A frame from the command, whose Ethernet address is @guest_mac. It is due after that. */
void bns_slirp_stack_input(BnsSlirpStack *stack,
                           const uint8_t *guest_mac,
                           const uint8_t *bytes,
                           size_t len);
/* Its turn: reads and writes what is ready, and says anew what it waits for. */
void bns_slirp_stack_turn(BnsSlirpStack *stack);

/* Either end of a stream: as much as the host allows may wait in it. */
void bns_slirp_stack_widen_stream(int fd);

/* As bns_slirp_entries_*(). */
bool bns_slirp_stack_hold(BnsSlirpStack *stack, uint32_t addr, uint16_t port);
void bns_slirp_stack_release(BnsSlirpStack *stack, uint32_t addr, uint16_t port);
size_t bns_slirp_stack_entries(const BnsSlirpStack *stack);
