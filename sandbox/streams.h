/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams: what the command's standard input, output and error are.
 *
 * Files and pipes are the caller's own. The user's terminal is replaced by one that the
 * sandbox makes (sandbox/pty.h), wherever a stream leads to it, and also where none does
 * but the caller has one: the command would open it as /dev/tty. A socket, and a terminal
 * that is not the caller's own, is replaced by a pipe (sandbox/relay.h moves the bytes):
 * a socket keeps the network that it was made in.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#define BNS_STREAMS 3

typedef enum {
    BNS_STREAM_KEPT,
    BNS_STREAM_TERMINAL,
    BNS_STREAM_PIPE,
} BnsStreamKind;

/* What init needs of it; plain C. */
typedef struct {
    bool has_terminal;
    BnsStreamKind kinds[BNS_STREAMS];
    int pipes[BNS_STREAMS]; /* PIPE: the command's end, owned; else -1 */
} BnsStreamsInside;

typedef struct {
    BnsStreamsInside inside;
    int terminal; /* owned; the user's, opened by us alone, non-blocking; -1: none */
    int ends[BNS_STREAMS];   /* PIPE: our end, owned, non-blocking; -1: none, or it is
                                output's */
    int others[BNS_STREAMS]; /* what is behind @ends, owned */
} BnsStreams;

#define BNS_STREAMS_NONE                                                               \
    {                                                                                  \
        .inside = { .pipes = { -1, -1, -1 } }, .terminal = -1, .ends = { -1, -1, -1 }, \
        .others = {                                                                    \
            -1,                                                                        \
            -1,                                                                        \
            -1                                                                         \
        }                                                                              \
    }

/**
 * bns_streams_open:
 * @out_streams: %BNS_STREAMS_NONE before; bns_streams_close() it in any case
 *
 * Looks at descriptors 0-2 and /dev/tty.
 * @error: of BNS_SPAWN_ERROR: a socket that is no connection, or no more descriptors
 */
bool bns_streams_open(BnsStreams *out_streams, GError **error);
void bns_streams_close(BnsStreams *streams);
/* The command has its ends: another copy would keep a pipe open. */
void bns_streams_close_inside(BnsStreams *streams);

/* Our own standard input and output become /dev/null: our copies would keep a pipeline open
 * that the command has left. */
void bns_streams_leave_own(void);
