/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --resolve NAME:PORT:ADDR[:PORT], as curl's option, read strictly.
 */
#pragma once

#include "netstack/gateway/gateway.h"

#include <glib.h>

#define BNS_RESOLVE_ERROR (bns_resolve_error_quark())
GQuark bns_resolve_error_quark(void);

/**
 * bns_resolve_parse:
 * @values: NULL-terminated
 *
 * NAME is a host (IPv6 in brackets), ADDR an address (IPv6 in brackets), the last PORT
 * the first one unless given. The same NAME and PORT twice is an error.
 *
 * Returns: (transfer full): of owned BnsResolve, or %NULL with @error: one line
 */
GPtrArray *bns_resolve_parse(char **values, GError **error);
