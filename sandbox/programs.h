/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs: where our other program is.
 */
#pragma once

#include <glib.h>

#define BNS_NETSTACK_NAME "boundary-ns-netstack"

/**
 * bns_programs_find_netstack:
 * @self: path of our own executable
 *
 * Returns: (transfer full): BNS_NETSTACK_NAME beside @self, else in libexecdir, or %NULL:
 *          neither is executable
 */
char *bns_programs_find_netstack(const char *self);
