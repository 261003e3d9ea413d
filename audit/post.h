/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Post: a helper's records on their way to the recorder, without standing still for each.
 *
 * A helper with a loop sends a record and goes on; whoever may not act before the record
 * is written is called when it is. All records of a post keep their order, whichever way
 * they were sent. Those of one turn of the loop go together, at its end. What nobody waits
 * for and nothing was decided by (an end, an error) goes with the next one, or after about
 * BNS_POST_NOTE_WAIT_US: a helper that is killed takes no more than that with it. What the
 * recorder has not taken is in the socket, and when that is full, or BNS_POST_WAITS_MAX
 * records wait for their answers, the helper stands still until the recorder goes on. So a
 * slow recorder slows its helper down, and no record is lost or kept without limit.
 *
 * Once a record could not be sent or was not answered in BNS_CLIENT_TIMEOUT_S, the post is
 * lost: everybody who waits is told so, and every later call fails.
 */
#pragma once

#include "audit/record.h"
#include "base/loop.h"

#include <stdbool.h>
#include <stdint.h>

/* Their answers have room in a socket that nobody reads, even if each is a message. */
#define BNS_POST_WAITS_MAX 128

/* How long a note waits for company. */
#define BNS_POST_NOTE_WAIT_US 1000

typedef struct BnsPost BnsPost;
/* A record that somebody waits for. */
typedef struct BnsPostWait BnsPostWait;

/* @is_written: the record is in the file, as its @seq; if not, it may be there or not, and
 * what waited for it must not happen. */
typedef void (*BnsPostFunc)(bool is_written, uint64_t seq, void *data);

/**
 * bns_post_new:
 * @recorder_fd: borrowed; this helper's SEQPACKET socket to the recorder, which nobody
 *               else uses from here on
 * @on_lost: called with @data when the post is lost with records that were not sent, or
 *           while somebody waits; before those are told
 */
BnsPost *bns_post_new(BnsLoop *loop, int recorder_fd, BnsLoopFunc on_lost, void *data);
/* Sends what is there. Nobody may wait any more. */
void bns_post_free(BnsPost *post);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsPost, bns_post_free)

/**
 * bns_post_record:
 *
 * Sends @record. Returns: (transfer none): until @func was called (once, never from within
 * this or another call of the post) or it is cancelled; or %NULL: the post is lost.
 */
BnsPostWait *
bns_post_record(BnsPost *post, const BnsRecord *record, BnsPostFunc func, void *data);
/* @func will not be called; the record is written all the same. */
void bns_post_cancel(BnsPostWait *wait);

/* Sends @record and stands still until it is written. Returns: whether it is. */
bool bns_post_record_now(BnsPost *post, const BnsRecord *record);
/* Sends @record before long, for which nobody waits. Returns: false if the post is lost. */
bool bns_post_note(BnsPost *post, const BnsRecord *record);
/* Sends now what is there so far: before something is said elsewhere that must not
 * overtake it. */
void bns_post_flush(BnsPost *post);
