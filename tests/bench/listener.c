/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/listener.h"

#include <arpa/inet.h>
#include <glib.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 4096

static int
on_alpn(SSL *ssl,
        const unsigned char **out_protocol,
        unsigned char *out_len,
        const unsigned char *offered,
        unsigned offered_len,
        void *data)
{
    static const unsigned char known[] = "\2h2\10http/1.1";

    return SSL_select_next_proto((unsigned char **)(uintptr_t)out_protocol, out_len,
                                 known, sizeof(known) - 1, offered,
                                 offered_len) == OPENSSL_NPN_NEGOTIATED
               ? SSL_TLSEXT_ERR_OK
               : SSL_TLSEXT_ERR_NOACK;
}

SSL_CTX *
listener_tls(const char *certificate, const char *key)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());

    SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
    if (SSL_CTX_use_certificate_chain_file(tls, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1)
        g_error("no certificate and key in %s, %s", certificate, key);
    SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_id_context(tls, (const unsigned char *)"bench", 5);
    SSL_CTX_set_alpn_select_cb(tls, on_alpn, NULL);
    return tls;
}

static void
on_visitor(uint32_t events, void *data)
{
    Listener *listener = data;
    const int one = 1;
    int fd;

    while ((fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >=
           0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        listener->func(fd, listener->data);
    }
}

void
listener_start(
    Listener *listener, BnsLoop *loop, unsigned port, ListenerFunc func, void *data)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(address);
    const int one = 1;

    listener->func = func;
    listener->data = data;
    listener->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(listener->fd, (const struct sockaddr *)&address, len) < 0 ||
        listen(listener->fd, BACKLOG) < 0 ||
        getsockname(listener->fd, (struct sockaddr *)&address, &len) < 0)
        g_error("port %u: %m", port);
    listener->port = ntohs(address.sin_port);
    listener->watch = bns_loop_watch(loop, listener->fd, EPOLLIN, on_visitor, listener);
}

static void
on_input(uint32_t events, void *data)
{
    char byte;

    if (read(STDIN_FILENO, &byte, 1) <= 0)
        bns_loop_quit(data);
}

void
listener_watch_input(BnsLoop *loop)
{
    bns_loop_watch(loop, STDIN_FILENO, EPOLLIN, on_input, loop);
}
