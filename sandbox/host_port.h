/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --host-port [ADDR:]PORT: a port of the host's loopback for the command, as
 * host.boundary.internal:PORT. ADDR is a loopback address; without it 127.0.0.1 and [::1].
 *
 * It makes the name and opens nothing: a rule has to allow it, as any other host.
 */
#pragma once

#include "policy/policy.h"

#include <glib.h>
#include <stdbool.h>

#define BNS_HOST_PORT_ERROR (bns_host_port_error_quark())
GQuark bns_host_port_error_quark(void);

/* Tells @policy of the ports in @values. Returns: false with @error: one line. */
bool bns_host_port_offer(BnsPolicy *policy, char **values, GError **error);

/* Adds what is dialled for them to @resolves, of BnsResolve; @values passed
 * bns_host_port_offer(). */
void bns_host_port_resolve(char **values, GPtrArray *resolves);
