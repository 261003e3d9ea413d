/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pipe: one body on its way from one channel to another.
 *
 * It decodes the body as it arrives, encodes it anew (chunked or as it is) and writes
 * it, so that the two ends never depend on one reading of the framing. A fast source
 * waits for a slow sink: beyond BNS_CHANNEL_BYTES on either side nothing is read, hence
 * memory does not depend on the body's size. A byte that has arrived is written in the
 * same turn: an event stream passes event by event.
 *
 * Opaque bytes are a body that ends where its source does (UNTIL_CLOSE on both sides).
 */
#pragma once

#include "netstack/gateway/allowance.h"
#include "netstack/gateway/channel.h"
#include "netstack/gateway/http1.h"

/**
 * BnsPipeState:
 * @BNS_PIPE_FLOWING: the body has not ended
 * @BNS_PIPE_DONE: all of it, its end included, was handed to the sink's stream
 * @BNS_PIPE_CUT: the source broke off before the end
 * @BNS_PIPE_BAD: the source's framing is wrong (pipe->body.error)
 * @BNS_PIPE_STUCK: the sink takes nothing any more
 * @BNS_PIPE_OVER: what came next may not leave (pipe->allowance)
 */
typedef enum {
    BNS_PIPE_FLOWING,
    BNS_PIPE_DONE,
    BNS_PIPE_CUT,
    BNS_PIPE_BAD,
    BNS_PIPE_STUCK,
    BNS_PIPE_OVER,
} BnsPipeState;

typedef struct {
    BnsPipeState state;
    BnsChannel *from;        /* borrowed */
    BnsChannel *to;          /* borrowed */
    BnsAllowance *allowance; /* borrowed; NULL: all may pass */
    BnsHttpBody body;        /* of the source */
    BnsHttpBodyKind send_as;
    bool is_decoded;  /* the body's end was seen, and encoded */
    bool is_shut;     /* opaque bytes: the end was passed on, see bns_pipe_shut() */
    bool wants_read;  /* from the source; set by bns_pipe_run() */
    bool wants_write; /* to the sink */
    uint64_t n_bytes; /* of the body, taken from the source */
} BnsPipe;

/* @head: of the message whose body it is; NULL: opaque bytes. */
void bns_pipe_init(BnsPipe *pipe,
                   BnsChannel *from,
                   BnsChannel *to,
                   const BnsHttpHead *head,
                   BnsHttpBodyKind send_as);
void bns_pipe_clear(BnsPipe *pipe);

/* Moves what can be moved, and no more than a turn's fair share. Returns: whether any
 * byte was moved. */
bool bns_pipe_run(BnsPipe *pipe);

/* For opaque bytes: once they are DONE, ends the sink's direction, too. Returns: false if
 * that broke. */
bool bns_pipe_shut(BnsPipe *pipe);
/* Whether @len bytes more may pass; if not, the pipe is OVER. For those who pass bytes
 * beside it. */
bool bns_pipe_may_pass(BnsPipe *pipe, size_t len);
/* Whether the pipe can bring no more: neither FLOWING nor DONE. */
bool bns_pipe_has_failed(const BnsPipe *pipe);

/* Reads and forgets the rest of the body instead. At most @io_left bytes are read, which
 * are deducted. */
void bns_pipe_discard(BnsPipe *pipe, size_t *io_left);
/* For a body that has nothing but its end: it can be sent again, to another sink. */
void bns_pipe_rewind(BnsPipe *pipe);
