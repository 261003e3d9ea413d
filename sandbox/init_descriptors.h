/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What init keeps of the supervisor's descriptors.
 *
 * Plain C.
 */
#pragma once

#include "sandbox/fault.h"
#include "sandbox/init.h"

/* Leaves 0-2 and those of @config, which it renumbers: the lowest numbers. */
bool bns_init_take_descriptors(BnsInitConfig *config, BnsFault *fault);
