/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which upstream proxies the host's user has: --upstream-proxy, or the variables that
 * curl and most programs read.
 *
 *     plain HTTP            http_proxy, HTTP_PROXY, all_proxy, ALL_PROXY
 *     HTTPS, opaque TCP     https_proxy, HTTPS_PROXY, all_proxy, ALL_PROXY
 *     directly              no_proxy, NO_PROXY (also with --upstream-proxy)
 *
 * The first that is set and not empty counts. HTTP_PROXY does not where REQUEST_METHOD
 * is set: there a web client's "Proxy:" field would fill it.
 */
#pragma once

#include "netstack/gateway/proxy.h"
#include "policy/policy.h"

#include <glib.h>

/**
 * bns_upstream_proxy_read:
 * @url: of --upstream-proxy, or %NULL
 *
 * Returns: (transfer full): the proxies, none perhaps, or %NULL with @error set: one line
 * that names where the URL came from, never the URL.
 */
BnsProxies *bns_upstream_proxy_read(const char *url, GError **error);

/**
 * bns_upstream_proxy_take:
 * @url: (nullable): of --upstream-proxy; overwritten, as the variables are
 * @policy: has to permit a proxy
 *
 * The credentials stay in one place, which the gateway alone keeps (spawn.c).
 *
 * Returns: as bns_upstream_proxy_read()
 */
BnsProxies *bns_upstream_proxy_take(char *url, const BnsPolicy *policy, GError **error);

/* Returns: (transfer full) (nullable): "http://proxy.example:3128", or both if they
 * differ; %NULL if there is none. */
char *bns_upstream_proxy_text(const BnsProxies *proxies);
