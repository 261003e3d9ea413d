/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unsent: what closed connections still have to deliver.
 *
 * Plain C.
 */
#pragma once

#include <stdint.h>

/**
 * bns_unsent:
 *
 * Returns: of the TCP connections of this network namespace that their process has
 *          closed: how many bytes, the end counting as one, are not acknowledged yet. 0
 *          where /proc cannot be read.
 */
uint64_t bns_unsent(void);
