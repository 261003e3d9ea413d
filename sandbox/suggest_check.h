/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `suggest --check POLICY`: what a policy would have blocked.
 */
#pragma once

#include "sandbox/options.h"

/* Prints "ok N requests", or "COUNT TAB WHAT TAB PROGRAMS TAB REASON" of each thing that
 * would have been blocked, sorted. Returns: an exit status: 0 nothing would, 1 something,
 * 2 it could not be told. */
int bns_suggest_check(const BnsOptions *options);
