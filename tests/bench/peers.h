/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Peers: commands that are timed beside each other, interleaved, since a machine that is
 * shared is never as quick twice.
 */
#pragma once

#include "tests/bench/report.h"

#define PEER_WORDS_MAX 15

/**
 * Peer:
 * @argv: found along PATH; one that is not there is left out with a line
 * @before: (nullable): an untimed command before each run; as @argv
 */
typedef struct {
    const char *name;
    const char *argv[PEER_WORDS_MAX + 1];
    const char *before[PEER_WORDS_MAX + 1];
    bool is_ours;
} Peer;

/* Runs each once per round, in turn: milliseconds of runs that ended with 0. */
void peers_time(const Peer *peers, gsize n, unsigned rounds, ReportRow *row);
