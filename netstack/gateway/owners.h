/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owners: the processes that flows belong to, as the finder inside knows them
 * (base/owner.h).
 *
 * Nobody waits here: a question that cannot be sent, or is one too many, is not asked,
 * and an answer that never comes is given up after a second.
 */
#pragma once

#include "base/loop.h"
#include "netstack/wire.h"

#include <glib.h>
#include <stdint.h>

/* What is known of a process. Shared by the flows of one that has not changed. */
typedef struct {
    uint32_t pid;     /* inside */
    const char *exe;  /* NULL: not known */
    const char *argv; /* as of BnsRecord; NULL: not known; the command's words */
} BnsProcess;

BnsProcess *bns_process_ref(BnsProcess *process);
void bns_process_unref(BnsProcess *process);

typedef struct BnsOwners BnsOwners;
typedef struct BnsOwnerQuery BnsOwnerQuery;

/* @process: (transfer none) (nullable): not found, or not in time */
typedef void (*BnsOwnerFunc)(BnsProcess *process, void *data);

/* @fd: borrowed; becomes non-blocking */
BnsOwners *bns_owners_new(BnsLoop *loop, int fd);
/* All queries must have been answered or cancelled. %NULL is fine. */
void bns_owners_free(BnsOwners *owners);

/* @offer: the flow. Returns: (transfer none): until @func was called (once, never from
 * within this call) or it is cancelled; %NULL: not asked. %NULL for @owners is fine. */
BnsOwnerQuery *
bns_owners_ask(BnsOwners *owners, const BnsWire *offer, BnsOwnerFunc func, void *data);
/* %NULL is fine. */
void bns_owner_query_cancel(BnsOwnerQuery *query);
