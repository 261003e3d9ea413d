/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs: where our other programs are.
 */
#pragma once

#include <glib.h>

#define BNS_NETSTACK_NAME "boundary-ns-netstack"
#define BNS_PROBES_NAME   "boundary-ns-probes"
#define BNS_SCOPE_NAME    "boundary-ns-scope"

/**
 * bns_programs_find:
 * @self: path of our own executable
 *
 * Returns: (transfer full): @name beside @self, else in libexecdir, or %NULL: neither is
 *          executable
 */
char *bns_programs_find(const char *self, const char *name);

/* The same of BNS_NETSTACK_NAME. */
char *bns_programs_find_netstack(const char *self);
