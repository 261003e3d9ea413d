/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pump: one direction between two descriptors of any kind, in the supervisor's loop.
 *
 * It reads only when all that it has read before is written: a writer is slowed down by
 * its reader, as without us. The end of the one is passed to the other: a socket is shut
 * down for writing, anything else closed.
 */
#pragma once

#include "base/loop.h"

#include <stddef.h>
#include <stdint.h>

/* A pipe's capacity. */
#define BNS_PUMP_BYTES (64 * 1024)
/* How many bytes a transformation may add to what it gets. */
#define BNS_PUMP_ROOM 128

typedef struct BnsPump BnsPump;

/**
 * BnsPumpHooks: what somebody else decides. All may be NULL.
 * @may_read: asked before each read; after false nothing is read until bns_pump_resume()
 * @transform: writes what goes on to @out, which has room for @len + BNS_PUMP_ROOM;
 *             returns how many bytes. @len 0: the last call, for what was held back
 * @on_end: nothing comes any more. The pump has ended
 * @on_broken: nobody takes what is written any more. The pump has ended
 */
typedef struct {
    bool (*may_read)(void *data);
    size_t (*transform)(void *data, const uint8_t *in, size_t len, uint8_t *out);
    void (*on_end)(void *data);
    void (*on_broken)(void *data);
    void *data;
} BnsPumpHooks;

/**
 * bns_pump_new:
 * @from, @to: (transfer full): neither may block. A socket need not be non-blocking:
 *             others may share its flags, and it is asked not to block at each call
 * @hooks: copied
 *
 * Returns: (transfer full): a pump at work. Free it outside of its hooks.
 */
BnsPump *bns_pump_new(BnsLoop *loop, int from, int to, const BnsPumpHooks *hooks);
void bns_pump_free(BnsPump *pump);

/* @amend: changes in place what is still to be written. Returns: its length now, which is
 * not more. */
void bns_pump_amend(BnsPump *pump,
                    size_t (*amend)(void *data, uint8_t *bytes, size_t len),
                    void *data);

/* Reads again. */
void bns_pump_resume(BnsPump *pump);
/* Reads no more until then; what was read is written. */
void bns_pump_pause(BnsPump *pump);
/* Moves what can be moved now, without waiting. */
void bns_pump_run(BnsPump *pump);
/* Whether all has been moved, up to the end, or nobody takes it. */
bool bns_pump_has_ended(const BnsPump *pump);
