/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Race: from a few addresses of one origin to one connected TCP socket, as RFC 8305
 * ("happy eyeballs") wants it.
 *
 * The next address is tried when the last attempt has failed, or has kept silent for a
 * moment; the first connection wins and all others are closed. An address that has no
 * route fails at once and costs no time.
 *
 * Nothing here judges an address: whoever starts the race passes only those that may be
 * dialled.
 */
#pragma once

#include "base/loop.h"

#include <glib.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* RFC 8305, 5: Connection Attempt Delay. */
#define BNS_RACE_ATTEMPT_DELAY_US (250 * 1000)

typedef struct {
    int fd; /* (transfer full): connected, non-blocking; -1: none */
    int error_no;
    struct sockaddr_storage address; /* of @fd, or of the failure that says most */
} BnsRaceResult;

typedef struct BnsRace BnsRace;
typedef void (*BnsRaceFunc)(const BnsRaceResult *result, void *data);

/* RFC 8305, 4: the families take turns, the first address's family first; within a
 * family the order (RFC 6724's) stays. @addresses: AF_INET and AF_INET6. */
void bns_race_interleave(struct sockaddr_storage *addresses, guint n);

/**
 * bns_race_start:
 * @addresses: at least one, with their ports; copied
 * @timeout_us: from the beginning of the last attempt, when the race is given up
 *              (ETIMEDOUT)
 *
 * Returns: (transfer none): the race, until @func was called (once, never from within
 * this call) or it is cancelled.
 */
BnsRace *bns_race_start(BnsLoop *loop,
                        const struct sockaddr_storage *addresses,
                        guint n,
                        int64_t timeout_us,
                        BnsRaceFunc func,
                        void *data);
void bns_race_cancel(BnsRace *race);
