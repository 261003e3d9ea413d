/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Test proxy: an HTTP proxy on loopback that knows CONNECT, one thread per connection,
 * plain or TLS, with or without Basic credentials.
 */
#pragma once

#include <glib.h>
#include <openssl/ssl.h>
#include <stdint.h>

typedef struct TestProxy TestProxy;

/**
 * test_proxy_new:
 * @ssl_ctx: (nullable): a server context, up-referenced; plain without
 * @user: (nullable): "USER:PASSWORD" without which it answers 407
 */
TestProxy *test_proxy_new(SSL_CTX *ssl_ctx, const char *user);
void test_proxy_free(TestProxy *proxy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TestProxy, test_proxy_free)

uint16_t test_proxy_port(const TestProxy *proxy);
/* What it resolves: "HOST:PORT" leads to @port on loopback. All else is 502. Before the
 * first connection. */
void test_proxy_route(TestProxy *proxy, const char *target, uint16_t port);
/* Returns: (transfer full): "HOST:PORT STATUS" of each CONNECT so far. */
GStrv test_proxy_asked(TestProxy *proxy);
