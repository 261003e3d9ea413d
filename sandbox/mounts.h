/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts: the file system that the command sees.
 *
 * Plain C.
 */
#pragma once

#include "sandbox/fault.h"
#include "sandbox/init.h"

/* First: nothing mounted from here on is seen outside, and /proc shows our processes
 * and our network. The link needs it (sandbox/tap_link.h). */
bool bns_mounts_begin(BnsFault *fault);
