/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least that somebody does through whom all bytes go: of TLS that is opened two
 * handshakes, and each byte decrypted and encrypted once; of other bytes, read and written.
 * No sandbox, no parser, no policy, no record. What a machine has left beside it is about all
 * that a gateway can have for requests and bodies; what ours costs beyond it is ours. It
 * keeps no connection and resumes none: for new connections it is no limit.
 *
 * Usage: bench-relay CERTIFICATE KEY CA-FILE TLS-PORT PLAIN-PORT
 * Listens on 127.0.0.1, for both of the origin's ports. Shows @CERTIFICATE for every name,
 * and verifies the origin against CA-FILE. Prints "ready tls=PORT plain=PORT" and ends with
 * its standard input.
 */
#include "tests/bench/bytes.h"
#include "tests/bench/descriptors.h"
#include "tests/bench/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib-unix.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Not const: OpenSSL's macro for SNI casts that away. */
static char origin_name[] = "api.test";

typedef struct {
    BnsLoop *loop;
    SSL_CTX *to_client; /* owned, as the next */
    SSL_CTX *to_origin;
    in_port_t tls_port, plain_port; /* the origin's; network order */
} Relay;

typedef enum {
    PAIR_CLIENT, /* the client's handshake is under way */
    PAIR_ORIGIN, /* then the origin's */
    PAIR_OPEN,
    PAIR_GONE,
} PairState;

typedef struct {
    Bytes bytes;
    BnsWatch *watch; /* owned */
} Half;

typedef struct {
    const Relay *relay; /* borrowed */
    PairState state;
    Half client, origin;
} Pair;

static void on_ready(uint32_t events, void *data);

static void
pair_free(Pair *pair)
{
    bns_watch_free(pair->client.watch);
    bns_watch_free(pair->origin.watch);
    bytes_clear(&pair->client.bytes);
    bytes_clear(&pair->origin.bytes);
    g_free(pair);
}

/* @tls: (nullable): NULL: none */
static void
half_open(Pair *pair, Half *half, int fd, SSL_CTX *tls)
{
    bytes_init(&half->bytes, fd, tls != NULL ? SSL_new(tls) : NULL);
    if (tls != NULL) {
        SSL_set_read_ahead(half->bytes.ssl, 1);
        SSL_set_default_read_buffer_len(half->bytes.ssl, BYTES_READ_MAX);
    }
    half->watch = bns_loop_watch(pair->relay->loop, fd, EPOLLIN, on_ready, pair);
}

static int
dial(in_port_t port)
{
    const struct sockaddr_in origin = { .sin_family = AF_INET,
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                        .sin_port = port };
    const int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    /* On loopback it waits for nothing. */
    if (connect(fd, (const struct sockaddr *)&origin, sizeof(origin)) < 0)
        g_error("no origin: %m");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    g_unix_set_fd_nonblocking(fd, TRUE, NULL);
    return fd;
}

/* The origin is asked for the protocol that the client has chosen. */
static bool
begin_origin(Pair *pair)
{
    const unsigned char *protocol;
    unsigned char offer[32];
    unsigned len;

    half_open(pair, &pair->origin, dial(pair->relay->tls_port), pair->relay->to_origin);
    SSL_set_connect_state(pair->origin.bytes.ssl);
    SSL_set_tlsext_host_name(pair->origin.bytes.ssl, origin_name);
    SSL_set1_host(pair->origin.bytes.ssl, origin_name);
    SSL_get0_alpn_selected(pair->client.bytes.ssl, &protocol, &len);
    if (len == 0 || len >= sizeof(offer))
        return len == 0;
    offer[0] = (unsigned char)len;
    memcpy(offer + 1, protocol, len);
    return SSL_set_alpn_protos(pair->origin.bytes.ssl, offer, len + 1) == 0;
}

/* Returns: whether the handshake has ended well. */
static bool
shake(Pair *pair, Half *half)
{
    int result = bytes_handshake(&half->bytes);

    if (result == -EAGAIN)
        bns_watch_set_events(half->watch,
                             half->bytes.wants_write ? EPOLLIN | EPOLLOUT : EPOLLIN);
    else if (result < 0)
        pair->state = PAIR_GONE;
    return result == 1;
}

/* Moves what there is, until nothing more comes or goes. */
static void
move(Pair *pair, Half *from, Half *to)
{
    static uint8_t buffer[BYTES_READ_MAX];
    int sent = bytes_flush(&to->bytes);
    ssize_t n = -EAGAIN;

    while (sent == 0 && (n = bytes_read(&from->bytes, buffer, sizeof(buffer))) > 0)
        sent = bytes_send(&to->bytes, buffer, (size_t)n);
    if ((sent < 0 && sent != -EAGAIN) || (n <= 0 && n != -EAGAIN)) {
        pair->state = PAIR_GONE;
        return;
    }
    bns_watch_set_events(from->watch, (sent == 0 ? EPOLLIN : 0u) |
                                          (from->bytes.out->len > 0 ? EPOLLOUT : 0u));
    bns_watch_set_events(to->watch, (bns_watch_events(to->watch) & EPOLLIN) |
                                        (sent < 0 ? EPOLLOUT : 0u));
}

static void
on_ready(uint32_t events, void *data)
{
    Pair *pair = data;

    if (pair->state == PAIR_CLIENT && shake(pair, &pair->client)) {
        /* What it asks meanwhile is read by the first move. */
        bns_watch_set_events(pair->client.watch, 0);
        pair->state = begin_origin(pair) ? PAIR_ORIGIN : PAIR_GONE;
    }
    if (pair->state == PAIR_ORIGIN && shake(pair, &pair->origin))
        pair->state = PAIR_OPEN;
    if (pair->state == PAIR_OPEN)
        move(pair, &pair->client, &pair->origin);
    if (pair->state == PAIR_OPEN)
        move(pair, &pair->origin, &pair->client);
    if (pair->state == PAIR_GONE)
        pair_free(pair);
}

static void
on_visitor(int fd, void *data)
{
    Relay *relay = data;
    Pair *pair = g_new0(Pair, 1);

    pair->relay = relay;
    pair->origin.bytes.fd = -1;
    half_open(pair, &pair->client, fd, relay->to_client);
    SSL_set_accept_state(pair->client.bytes.ssl);
}

static void
on_plain_visitor(int fd, void *data)
{
    Relay *relay = data;
    Pair *pair = g_new0(Pair, 1);

    pair->relay = relay;
    pair->state = PAIR_OPEN;
    half_open(pair, &pair->client, fd, NULL);
    half_open(pair, &pair->origin, dial(relay->plain_port), NULL);
}

static SSL_CTX *
make_client_tls(const char *ca_file)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());

    if (SSL_CTX_load_verify_file(tls, ca_file) != 1)
        g_error("no certificates in %s", ca_file);
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    return tls;
}

int
main(int argc, char **argv)
{
    static Listener tls, plain;
    Relay relay = { 0 };

    if (argc != 6) {
        fprintf(stderr,
                "Usage: bench-relay CERTIFICATE KEY CA-FILE TLS-PORT PLAIN-PORT\n");
        return 2;
    }
    relay.loop = bns_loop_new();
    relay.to_client = listener_tls(argv[1], argv[2]);
    relay.to_origin = make_client_tls(argv[3]);
    relay.tls_port = htons((uint16_t)atoi(argv[4]));
    relay.plain_port = htons((uint16_t)atoi(argv[5]));
    descriptors_raise();
    listener_start(&tls, relay.loop, 0, on_visitor, &relay);
    listener_start(&plain, relay.loop, 0, on_plain_visitor, &relay);
    listener_watch_input(relay.loop);
    printf("ready tls=%u plain=%u\n", tls.port, plain.port);
    fflush(stdout);
    bns_loop_run(relay.loop);
    return 0;
}
