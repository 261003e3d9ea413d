/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proxy tunnel: makes a connection to an upstream proxy one to an origin, by CONNECT.
 *
 * For an https proxy TLS is made first, verified for the proxy's own name. The request
 * is as small as can be; what the proxy answers is read as proxy_reply.h says. Bytes
 * that came behind the answer are the origin's, and stay in the channel.
 */
#pragma once

#include "netstack/gateway/channel.h"
#include "netstack/gateway/dial.h"
#include "netstack/gateway/proxy.h"

struct BnsEngine;

typedef struct BnsProxyTunnel BnsProxyTunnel;

/* @outcome: CONNECTED, or why not, with @error: one sentence without its final dot,
 * borrowed for the call. */
typedef void (*BnsProxyTunnelFunc)(BnsDialOutcome outcome,
                                   const char *error,
                                   void *data);

/**
 * bns_proxy_tunnel_open:
 * @channel: borrowed; connected to @proxy, and nobody else's until @func was called
 *
 * Returns: (transfer none): the tunnel in the making, until @func was called (once, never
 * from within this call) or it is cancelled.
 */
BnsProxyTunnel *bns_proxy_tunnel_open(struct BnsEngine *engine,
                                      BnsChannel *channel,
                                      const BnsProxy *proxy,
                                      const BnsHost *host,
                                      uint16_t port,
                                      BnsProxyTunnelFunc func,
                                      void *data);
void bns_proxy_tunnel_cancel(BnsProxyTunnel *tunnel);
