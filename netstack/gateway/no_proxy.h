/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No proxy: which hosts are reached directly though there is an upstream proxy.
 *
 * There is no standard for NO_PROXY. What most programs agree on is what counts here:
 *
 *     *                     every host
 *     example.com           that host and everything below it; so do .example.com and
 *                           *.example.com, as curl and Go's newer versions have it
 *     192.0.2.1 2001:db8::1 that address, when a request names it
 *     192.0.2.0/24          the addresses in it, when a request names one
 *     example.com:8080      any of the above, on that port only
 *
 * separated by commas or white space. Names are not resolved for it. What cannot be read
 * is passed over: it makes no host direct.
 */
#pragma once

#include "policy/host.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct BnsNoProxy BnsNoProxy;

/* @list: (nullable). Returns: (transfer full): what it says. */
BnsNoProxy *bns_no_proxy_new(const char *list);
void bns_no_proxy_free(BnsNoProxy *no_proxy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsNoProxy, bns_no_proxy_free)

/* Whether @host and @port are reached directly. Loopback always is. Pure. */
bool
bns_no_proxy_matches(const BnsNoProxy *no_proxy, const BnsHost *host, uint16_t port);
