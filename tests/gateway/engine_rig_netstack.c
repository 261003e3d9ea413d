/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rig as netstack, as the command, and as an origin.
 */
#include "base/fd.h"
#include "netstack/gateway/flow.h"
#include "tests/gateway/engine_rig_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- netstack --- */

void
rig_send(Rig *rig, const BnsWire *message, int fd)
{
    g_assert_cmpint(bns_wire_send(rig->wire_pair[0], message, fd), ==, 0);
}

/* libslirp's end of the stream gets a byte, so that the engine's close resets it. */
static void
reset_stream(Rig *rig, const RigSeen *seen)
{
    BnsWire answer = { .type = BNS_WIRE_RESET, .flow = seen->id };

    if (send(seen->fd, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        g_debug("flow %" G_GUINT64_FORMAT ": cannot be reset", seen->id);
    /* An engine that fails does not wait for it. */
    if (bns_wire_send(rig->wire_pair[0], &answer, -1) < 0)
        g_debug("flow %" G_GUINT64_FORMAT ": the engine is gone", seen->id);
}

static void
handle(Rig *rig, const BnsWire *message)
{
    RigSeen *seen = g_hash_table_lookup(rig->flows, &message->flow);

    if (seen == NULL && rig->lets_unknown)
        return;
    g_assert_nonnull(seen);
    g_assert_false(seen->is_closed);
    switch (message->type) {
    case BNS_WIRE_VERDICT:
        g_assert_false(seen->has_verdict);
        seen->has_verdict = true;
        seen->verdict = message->verdict;
        break;
    case BNS_WIRE_RESET:
        g_assert_cmpint(seen->fd, >=, 0);
        g_assert_false(seen->is_reset);
        seen->is_reset = true;
        reset_stream(rig, seen);
        break;
    case BNS_WIRE_CLOSED:
        g_assert_cmpint(seen->verdict, ==, BNS_WIRE_ACCEPT);
        seen->is_closed = true;
        break;
    default:
        g_assert_not_reached();
    }
}

gpointer
rig_run_netstack(gpointer data)
{
    Rig *rig = data;
    BnsWire message;
    int fd = -1;

    while (bns_wire_receive(rig->wire_pair[0], &message, &fd) == 1) {
        g_mutex_lock(&rig->mutex);
        handle(rig, &message);
        g_cond_broadcast(&rig->cond);
        g_mutex_unlock(&rig->mutex);
    }
    return NULL;
}

uint64_t
rig_offer(Rig *rig, const char *host, uint16_t port)
{
    BnsWire offer = { .type = BNS_WIRE_OFFER, .port = port, .guest_port = 40000 };
    RigSeen *seen = g_new0(RigSeen, 1);

    g_mutex_lock(&rig->mutex);
    seen->id = offer.flow = ++rig->last_id;
    seen->fd = -1;
    g_hash_table_insert(rig->flows, &seen->id, seen);
    g_mutex_unlock(&rig->mutex);
    if (inet_pton(AF_INET, host, &offer.addr) != 1) {
        offer.addr = htonl(0xc6120010u);
        g_strlcpy(offer.name, host, sizeof(offer.name));
    }
    rig_send(rig, &offer, -1);
    return offer.flow;
}

BnsWireVerdict
rig_verdict(Rig *rig, uint64_t id)
{
    BnsWireVerdict verdict;
    RigSeen *seen;

    g_mutex_lock(&rig->mutex);
    seen = g_hash_table_lookup(rig->flows, &id);
    while (!seen->has_verdict)
        g_cond_wait(&rig->cond, &rig->mutex);
    verdict = seen->verdict;
    g_mutex_unlock(&rig->mutex);
    return verdict;
}

static RigFlow
pass_stream(Rig *rig, uint64_t id, bool is_lost)
{
    BnsWire message = { .type = BNS_WIRE_STREAM, .flow = id };
    RigFlow flow = { .id = id };
    struct timeval timeout = { .tv_sec = 40 };
    int pair[2];
    RigSeen *seen;

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    flow.fd = pair[0];
    g_mutex_lock(&rig->mutex);
    seen = g_hash_table_lookup(rig->flows, &id);
    seen->fd = pair[0];
    g_mutex_unlock(&rig->mutex);
    rig_send(rig, &message, is_lost ? -1 : pair[1]);
    close(pair[1]);
    return flow;
}

RigFlow
rig_stream(Rig *rig, uint64_t id)
{
    return pass_stream(rig, id, false);
}

RigFlow
rig_lost_stream(Rig *rig, uint64_t id)
{
    return pass_stream(rig, id, true);
}

RigFlow
rig_open(Rig *rig, const char *host, uint16_t port)
{
    uint64_t id = rig_offer(rig, host, port);

    g_assert_cmpint(rig_verdict(rig, id), ==, BNS_WIRE_ACCEPT);
    return rig_stream(rig, id);
}

void
rig_reset(Rig *rig, uint64_t id)
{
    BnsWire message = { .type = BNS_WIRE_RESET, .flow = id };

    rig_send(rig, &message, -1);
}

bool
rig_wait_closed(Rig *rig, uint64_t id)
{
    RigSeen *seen;
    bool is_reset;

    g_mutex_lock(&rig->mutex);
    seen = g_hash_table_lookup(rig->flows, &id);
    while (!seen->is_closed)
        g_cond_wait(&rig->cond, &rig->mutex);
    is_reset = seen->is_reset;
    g_mutex_unlock(&rig->mutex);
    return is_reset;
}

void
rig_close(Rig *rig, RigFlow *flow)
{
    RigSeen *seen;

    if (flow->ssl != NULL)
        SSL_shutdown(flow->ssl);
    g_clear_pointer(&flow->ssl, SSL_free);
    /* netstack must not write to a descriptor that may be another's by then. */
    if (flow->id != 0) {
        g_mutex_lock(&rig->mutex);
        seen = g_hash_table_lookup(rig->flows, &flow->id);
        shutdown(flow->fd, SHUT_RDWR);
        g_mutex_unlock(&rig->mutex);
        rig_wait_closed(rig, flow->id);
        g_mutex_lock(&rig->mutex);
        seen->fd = -1;
        g_mutex_unlock(&rig->mutex);
    }
    bns_fd_clear(&flow->fd);
}

/* --- the command, or an origin's connection --- */

void
rig_say_bytes(RigFlow *flow, const void *bytes, size_t len)
{
    if (flow->ssl != NULL) {
        g_assert_cmpint(SSL_write(flow->ssl, bytes, (int)len), ==, (int)len);
        return;
    }
    for (size_t done = 0; done < len;) {
        ssize_t n =
            send(flow->fd, (const char *)bytes + done, len - done, MSG_NOSIGNAL);

        g_assert_cmpint(n, >, 0);
        done += (size_t)n;
    }
}

void
rig_say(RigFlow *flow, const char *text)
{
    rig_say_bytes(flow, text, strlen(text));
}

bool
rig_try(RigFlow *flow, const char *text)
{
    size_t len = strlen(text);

    return send(flow->fd, text, len, MSG_NOSIGNAL) == (ssize_t)len;
}

void
rig_say_end(RigFlow *flow)
{
    if (flow->ssl != NULL)
        SSL_shutdown(flow->ssl);
    shutdown(flow->fd, SHUT_WR);
}

/* One byte: a count, 0 at a clean end, -1 if it broke. */
static int
hear_byte(RigFlow *flow, char *out_byte)
{
    if (flow->ssl != NULL) {
        int n = SSL_read(flow->ssl, out_byte, 1);

        if (n == 1)
            return 1;
        return SSL_get_error(flow->ssl, n) == SSL_ERROR_ZERO_RETURN ? 0 : -1;
    }
    return (int)recv(flow->fd, out_byte, 1, 0);
}

static bool
ends_with(const GString *heard, const char *text)
{
    size_t len = strlen(text);

    return heard->len >= len && memcmp(heard->str + heard->len - len, text, len) == 0;
}

char *
rig_hear(RigFlow *flow, const char *text)
{
    GString *heard = g_string_new(NULL);

    while (!ends_with(heard, text)) {
        char byte;
        int n = hear_byte(flow, &byte);

        if (n != 1)
            g_error("heard \"%s\" and then the end (%d), instead of \"%s\"", heard->str,
                    n, text);
        g_string_append_c(heard, byte);
    }
    return g_string_free(heard, FALSE);
}

static void
hear_count(RigFlow *flow, GString *heard, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char byte;

        g_assert_cmpint(hear_byte(flow, &byte), ==, 1);
        g_string_append_c(heard, byte);
    }
}

char *
rig_hear_response(RigFlow *flow, bool is_head)
{
    g_autofree char *head = rig_hear(flow, "\r\n\r\n");
    const char *length = strstr(head, "\r\nContent-Length: ");
    GString *heard = g_string_new(head);

    if (is_head)
        return g_string_free(heard, FALSE);
    if (length != NULL) {
        hear_count(flow, heard,
                   (size_t)g_ascii_strtoull(length + strlen("\r\nContent-Length: "),
                                            NULL, 10));
    } else if (strstr(head, "\r\nTransfer-Encoding: chunked\r\n") != NULL) {
        g_autofree char *body = rig_hear(flow, "0\r\n");
        g_autofree char *rest = rig_hear(flow, "\r\n");

        g_string_append_printf(heard, "%s%s", body, rest);
    }
    return g_string_free(heard, FALSE);
}

char *
rig_hear_end(RigFlow *flow, bool *out_is_broken)
{
    GString *heard = g_string_new(NULL);
    char byte;
    int n;

    while ((n = hear_byte(flow, &byte)) == 1)
        g_string_append_c(heard, byte);
    if (out_is_broken != NULL)
        *out_is_broken = n < 0;
    return g_string_free(heard, FALSE);
}

char *
rig_ask(RigFlow *flow, const char *request)
{
    rig_say(flow, request);
    return rig_hear_response(flow, g_str_has_prefix(request, "HEAD "));
}

/* --- TLS --- */

static X509 *
rig_ca(Rig *rig)
{
    g_mutex_lock(&rig->mutex);
    while (rig->ca == NULL)
        g_cond_wait(&rig->cond, &rig->mutex);
    g_mutex_unlock(&rig->mutex);
    return rig->ca;
}

/* As SSL_set_tlsext_host_name(), whose cast drops a const. */
static void
set_name(SSL *ssl, const char *name)
{
    SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             (void *)(uintptr_t)name);
}

/* "h2,http/1.1" in ALPN's form. */
static void
set_protocols(SSL *ssl, const char *alpn)
{
    g_auto(GStrv) names = g_strsplit(alpn, ",", -1);
    g_autoptr(GByteArray) wire = g_byte_array_new();

    for (guint i = 0; names[i] != NULL; i++) {
        guint8 len = (guint8)strlen(names[i]);

        g_byte_array_append(wire, &len, 1);
        g_byte_array_append(wire, (const guint8 *)names[i], len);
    }
    SSL_set_alpn_protos(ssl, wire->data, wire->len);
}

bool
rig_start_tls(Rig *rig, RigFlow *flow, const char *name, const char *alpn)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

    g_assert_cmpint(X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), rig_ca(rig)), ==,
                    1);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    flow->ssl = SSL_new(ctx);
    SSL_CTX_free(ctx);
    if (name != NULL) {
        set_name(flow->ssl, name);
        SSL_set1_host(flow->ssl, name);
    }
    if (alpn != NULL)
        set_protocols(flow->ssl, alpn);
    SSL_set_fd(flow->ssl, flow->fd);
    return SSL_connect(flow->ssl) == 1;
}

/* --- the origin --- */

/* Whoever binds the port after us must ask for it, as we do. */
static int
bind_loopback(struct sockaddr_in *io_address)
{
    static const int one = 1;
    socklen_t len = sizeof(*io_address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_assert_cmpint(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)), ==, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *)io_address, len), ==, 0);
    g_assert_cmpint(getsockname(fd, (struct sockaddr *)io_address, &len), ==, 0);
    return fd;
}

int
rig_listen(uint16_t *out_port)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = bind_loopback(&address);

    g_assert_cmpint(listen(fd, 64), ==, 0);
    *out_port = ntohs(address.sin_port);
    return fd;
}

void
rig_stop_listening(int *io_listener)
{
    struct sockaddr_in address;
    socklen_t len = sizeof(address);
    int fd;

    g_assert_cmpint(getsockname(*io_listener, (struct sockaddr *)&address, &len), ==,
                    0);
    fd = bind_loopback(&address);
    close(*io_listener);
    *io_listener = fd;
}

RigFlow
rig_accept(int listener)
{
    RigFlow flow = { .fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC) };
    struct timeval timeout = { .tv_sec = 40 };

    g_assert_cmpint(flow.fd, >=, 0);
    setsockopt(flow.fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    return flow;
}

bool
rig_nobody_came(int listener)
{
    struct pollfd poll_fd = { .fd = listener, .events = POLLIN };

    return poll(&poll_fd, 1, 0) == 0;
}
