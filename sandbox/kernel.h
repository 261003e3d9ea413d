/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel: its version, where that decides and an attempt cannot. Plain C.
 */
#pragma once

#include <stdbool.h>

bool bns_kernel_is_since(int major, int minor);
