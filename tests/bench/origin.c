/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The origin: one process, one loop, HTTP/1.1 and HTTP/2. It costs as little as it can,
 * since its work stands on both sides of each ratio.
 *
 *     GET /bytes/N           N bytes
 *     POST /upload           reads the body, answers when it has all of it
 *     GET /events/N/MICROS   N events, one each MICROS; HTTP/1.1 alone
 *
 * Usage: bench-origin PORT [TLS-PORT CERTIFICATE KEY]
 * Listens on 127.0.0.1, plain and with TLS; port 0 lets the kernel choose. Prints
 * "ready plain=PORT tls=PORT" and ends with its standard input.
 */
#include "base/fd.h"
#include "base/loop.h"
#include "tests/bench/served.h"

#include <arpa/inet.h>
#include <glib.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 4096

typedef struct {
    BnsLoop *loop;
    int fd;       /* owned */
    SSL_CTX *tls; /* owned; NULL: plain */
    BnsWatch *watch;
    unsigned port;
} Listener;

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

static SSL_CTX *
make_tls(const char *certificate, const char *key)
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
        served_start(listener->loop, fd, listener->tls);
    }
}

static void
listen_on(Listener *listener, BnsLoop *loop, const char *port, SSL_CTX *tls)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)atoi(port)),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(address);
    const int one = 1;

    listener->loop = loop;
    listener->tls = tls;
    listener->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(listener->fd, (const struct sockaddr *)&address, len) < 0 ||
        listen(listener->fd, BACKLOG) < 0 ||
        getsockname(listener->fd, (struct sockaddr *)&address, &len) < 0)
        g_error("port %s: %m", port);
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

static void
raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int
main(int argc, char **argv)
{
    static Listener plain, secure;
    BnsLoop *loop = bns_loop_new();

    raise_descriptors();
    listen_on(&plain, loop, argc > 1 ? argv[1] : "0", NULL);
    if (argc > 4)
        listen_on(&secure, loop, argv[2], make_tls(argv[3], argv[4]));
    bns_loop_watch(loop, STDIN_FILENO, EPOLLIN, on_input, loop);
    printf("ready plain=%u tls=%u\n", plain.port, secure.port);
    fflush(stdout);
    bns_loop_run(loop);
    /* Its connections end with it. */
    return 0;
}
