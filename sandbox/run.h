/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run: from options to a session, or to a plain exec where we are disabled.
 */
#pragma once

#include "sandbox/options.h"

/* Returns: the exit status (boundary.1, EXIT STATUS). Call it single-threaded. */
int bns_run(const BnsOptions *options);
