/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drain: a helper's part in an orderly end of the session.
 *
 * The command has ended, and what it said may still wait here on its way out. The
 * supervisor asks (DRAIN, base/ready.h); from then on the helper looks, as often as
 * BNS_DRAIN_POLL_US says, at what waits. It says DRAINING when some of it has moved on,
 * and DRAINED, once, when nothing waits any more. How long that may take is the
 * supervisor's affair.
 */
#pragma once

#include "base/loop.h"

#include <stdint.h>

/* Buffers in the kernel tell nobody when they have been read. */
#define BNS_DRAIN_POLL_US 1000
/* A session's end that waits for a slow origin needs no more news than this. */
#define BNS_DRAIN_NEWS_US (100 * 1000)

/* Returns: 0 if nothing waits; else a number that changes whenever something moves. */
typedef uint64_t (*BnsDrainFunc)(void *data);

typedef struct BnsDrain BnsDrain;

/* Any other message that comes before DRAIN. @fd: borrowed; that came along, or -1 */
typedef void (*BnsDrainOther)(int type, const char *text, int fd, void *data);

/**
 * bns_drain_new:
 * @control_fd: borrowed; read here until DRAIN has come
 * @other: gets what else is said on it; NULL: nothing is expected, and nobody listens
 *         after it
 *
 * Its end is no business of ours: the life pipe tells of the end. Returns: (transfer full)
 */
BnsDrain *bns_drain_new(
    BnsLoop *loop, int control_fd, BnsDrainFunc func, BnsDrainOther other, void *data);
void bns_drain_free(BnsDrain *drain);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsDrain, bns_drain_free)
