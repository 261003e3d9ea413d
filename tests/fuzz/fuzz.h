/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fuzz target: one function that takes any bytes and must neither crash nor break an
 * invariant that it asserts with g_assert_*(). It keeps nothing between calls.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Returns: 0 always. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
