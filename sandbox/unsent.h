/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unsent: what closed connections still have to deliver.
 *
 * Plain C.
 */
#pragma once

#include <stdint.h>

/* It is waited for as long as it gets less: for an origin that does not read so long at
 * most, and for one that reads slowly so long in all. */
#define BNS_UNSENT_STALL_US INT64_C(1000000)
#define BNS_UNSENT_TOTAL_US (10 * BNS_UNSENT_STALL_US)

/**
 * bns_unsent:
 *
 * Returns: of the TCP connections of this network namespace that their process has
 *          closed: how many bytes, the end counting as one, are not acknowledged yet. 0
 *          where /proc cannot be read.
 */
uint64_t bns_unsent(void);

/* What the command sent before it ended is delivered, as the host's kernel would: waits
 * for it, unless @life_fd ends or something comes on @control_fd: somebody wants the end
 * now. */
void bns_unsent_wait(int life_fd, int control_fd);
