/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proxy: the HTTP proxies through which the host's user goes out, as a value.
 *
 * Every connection upstream that has a proxy goes through its CONNECT (proxy_tunnel.h),
 * plain HTTP and opaque TCP too: what is decided, verified and recorded stays the same.
 * The proxy's credentials are in @authorization and nowhere else; no text made here
 * shows them.
 */
#pragma once

#include "netstack/gateway/no_proxy.h"
#include "policy/host.h"
#include "policy/policy.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define BNS_PROXY_ERROR (bns_proxy_error_quark())
GQuark bns_proxy_error_quark(void);

typedef struct {
    bool is_tls; /* https: TLS to the proxy itself, verified as any origin's */
    BnsHost host;
    uint16_t port;
    char *authorization; /* owned; SECRET: the value of Proxy-Authorization, or NULL */
} BnsProxy;

/**
 * bns_proxy_parse:
 * @url: [http[s]://][USER[:PASSWORD]@]HOST[:PORT][/], user and password percent-encoded;
 *       without a scheme http, without a port the scheme's own
 *
 * Returns: (transfer full): the proxy, or %NULL with @error: half a sentence, for "NAME: "
 * in front, that repeats nothing of @url
 */
BnsProxy *bns_proxy_parse(const char *url, GError **error);
void bns_proxy_free(BnsProxy *proxy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsProxy, bns_proxy_free)

/* Returns: (transfer full): "http://proxy.example:3128": never with credentials. */
char *bns_proxy_text(const BnsProxy *proxy);

/* What goes where. All owned. */
typedef struct {
    BnsProxy *plain;    /* for http; NULL: direct, as in the next */
    BnsProxy *other;    /* for https and tcp; may be the same */
    BnsNoProxy *except; /* never NULL */
} BnsProxies;

void bns_proxies_free(BnsProxies *proxies);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsProxies, bns_proxies_free)

/* Overwrites the credentials: for the processes that have no use for them. */
void bns_proxies_wipe(BnsProxies *proxies);

/* Returns: (transfer none): the proxy that leads to @host and @port, or %NULL if it is
 * reached directly. @proxies: (nullable) */
const BnsProxy *bns_proxies_find(const BnsProxies *proxies,
                                 BnsScheme scheme,
                                 const BnsHost *host,
                                 uint16_t port);
