/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Peers: commands that are timed beside each other, interleaved, since a machine that is
 * shared is never as quick twice.
 */
#pragma once

#include <glib.h>

#define PEER_WORDS_MAX 15

/**
 * Peer:
 * @argv: found along PATH
 * @before: (nullable): an untimed command before each run; as @argv
 */
typedef struct {
    const char *name;
    const char *argv[PEER_WORDS_MAX + 1];
    const char *before[PEER_WORDS_MAX + 1];
    GArray *times_us; /* owned, of int64_t: those of runs that ended with 0 */
} Peer;

/* Runs each once per round, in turn. */
void peers_time(Peer *peers, gsize n, unsigned rounds);

/* Prints median, 90th percentile and the median's ratio to the first one's; frees the
 * times. */
void peers_print(const char *title, Peer *peers, gsize n);
