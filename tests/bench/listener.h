/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listener: a port on 127.0.0.1 to which the load generator comes, with TLS or without.
 */
#pragma once

#include "base/loop.h"

#include <openssl/ssl.h>

/* Takes over @fd, a connected socket that does not block. */
typedef void (*ListenerFunc)(int fd, void *data);

typedef struct {
    ListenerFunc func;
    void *data;
    int fd;          /* owned, until the process ends */
    BnsWatch *watch; /* the same */
    unsigned port;
} Listener;

/* @port: 0 lets the kernel choose. Aborts if it is taken. */
void listener_start(
    Listener *listener, BnsLoop *loop, unsigned port, ListenerFunc func, void *data);

/* (transfer full): for servers; by ALPN HTTP/2 rather than HTTP/1.1. Aborts if @certificate and @key, files in PEM form, are none. */
SSL_CTX *listener_tls(const char *certificate, const char *key);

/* The process ends with its standard input. */
void listener_watch_input(BnsLoop *loop);
