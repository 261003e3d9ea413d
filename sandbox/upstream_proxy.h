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

#include <glib.h>

/**
 * bns_upstream_proxy_read:
 * @url: of --upstream-proxy, or %NULL
 *
 * Returns: (transfer full): the proxies, none perhaps, or %NULL with @error set: one line
 * that names where the URL came from, never the URL.
 */
BnsProxies *bns_upstream_proxy_read(const char *url, GError **error);

/* Returns: (transfer full) (nullable): "http://proxy.example:3128", or both if they
 * differ; %NULL if there is none. */
char *bns_upstream_proxy_text(const BnsProxies *proxies);

/* Overwrites the values of those variables in this process's memory: what was read is
 * read, and the processes that are forked from here need not have the credentials. */
void bns_upstream_proxy_forget_environment(void);
