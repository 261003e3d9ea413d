/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/upstream.h"

#include "netstack/gateway/engine.h"
#include "netstack/gateway/proxy_tunnel.h"
#include "netstack/gateway/tickets.h"

#include <string.h>
#include <sys/socket.h>

/* Two round trips and a signature; ten times the slowest that is usual, on a busy machine. */
#define HANDSHAKE_TIMEOUT_US (30 * G_USEC_PER_SEC)

/* As much as a receive queue usually holds at most (tcp_rmem). */
#define UNREAD_MAX (8 * 1024 * 1024)

struct BnsConnect {
    struct BnsEngine *engine; /* borrowed */
    BnsDialTarget target;
    BnsConnectFunc func;
    void *data;
    BnsDial *dial;          /* (transfer none); NULL once it has ended */
    BnsProxyTunnel *tunnel; /* the same; through an upstream proxy only */
    int64_t tunnel_began_us;
    BnsUpstream *upstream; /* owned; NULL before */
    BnsTimer *timer;       /* owned: the handshake's end */
    int64_t tls_began_us;
};

/* --- upstream --- */

/* The kernel answers the close of a socket that holds unread bytes with an RST, and then
 * delivers nothing of what was sent before. What comes after the close has the same
 * effect, as for any program: that nobody can help. */
static void
forget_unread(const BnsStream *stream)
{
    char buffer[16 * 1024];
    size_t left = UNREAD_MAX;
    ssize_t n;

    while (left > 0 && (n = recv(bns_stream_fd(stream), buffer,
                                 MIN(left, sizeof(buffer)), MSG_DONTWAIT)) > 0)
        left -= (size_t)n;
}

void
bns_upstream_free(BnsUpstream *upstream)
{
    if (upstream == NULL)
        return;
    /* Never waits: if close_notify does not go at once, the connection just ends. */
    if (upstream->channel.stream != NULL) {
        bns_stream_shutdown(upstream->channel.stream);
        forget_unread(upstream->channel.stream);
    }
    bns_channel_clear(&upstream->channel);
    g_free(upstream);
}

void
bns_upstream_abort(BnsUpstream *upstream)
{
    if (upstream == NULL)
        return;
    bns_stream_abort(upstream->channel.stream);
    bns_channel_clear(&upstream->channel);
    g_free(upstream);
}

/* What only a proxy knows nobody judges. */
BnsDecision
bns_upstream_decide(struct BnsEngine *engine,
                    const BnsUpstream *upstream,
                    BnsScheme scheme,
                    const BnsDecision *decision)
{
    if (upstream->address.ss_family == AF_UNSPEC)
        return *decision;
    return bns_policy_decide_address(engine->policy, decision, scheme,
                                     (const struct sockaddr *)&upstream->address,
                                     upstream->port, upstream->is_given);
}

bool
bns_upstream_leads_to(struct BnsEngine *engine,
                      const BnsUpstream *upstream,
                      const BnsDialTarget *target)
{
    BnsDecision decision;

    if (upstream->port != target->port ||
        strcmp(upstream->host.text, target->host.text) != 0 ||
        upstream->proxy != bns_dial_route(engine, target))
        return false;
    decision = bns_upstream_decide(engine, upstream, target->scheme, &target->decision);
    return bns_decision_passes(&decision);
}

static bool
speaks(const BnsUpstream *upstream, BnsProtocols protocols)
{
    if (upstream->protocol == BNS_PROTOCOL_NONE)
        return true;
    return protocols == BNS_PROTOCOL_BOTH ? upstream->offered == protocols
                                          : upstream->protocol == protocols;
}

bool
bns_upstream_fits(struct BnsEngine *engine,
                  const BnsUpstream *upstream,
                  const BnsDialTarget *target)
{
    bool is_tls = target->scheme == BNS_SCHEME_HTTPS;

    return upstream->is_tls == is_tls &&
           (!is_tls ||
            bns_identity_equal(upstream->identity, target->decision.identity)) &&
           speaks(upstream, target->protocols) &&
           bns_upstream_leads_to(engine, upstream, target);
}

const char *
bns_upstream_addr(const BnsUpstream *upstream)
{
    return upstream->addr[0] == '\0' ? NULL : upstream->addr;
}

const char *
bns_upstream_error(const BnsChannel *channel)
{
    const SSL *ssl = bns_stream_ssl(channel->stream);
    const char *alert = ssl != NULL ? bns_trust_alert(ssl) : NULL;

    return alert != NULL ? alert : bns_stream_error(channel->stream);
}

bool
bns_upstream_was_quiet(BnsUpstream *upstream)
{
    BnsStream *stream = upstream->channel.stream;
    char byte;

    if (bns_buffer_len(&upstream->channel.in) > 0)
        return false;
    if (bns_stream_ssl(stream) != NULL)
        return bns_channel_fill(&upstream->channel, BNS_CHANNEL_BYTES) ==
               BNS_STREAM_AGAIN;
    return bns_stream_peek(stream, &byte, 1) == BNS_STREAM_AGAIN;
}

bool
bns_upstream_is_quiet(BnsUpstream *upstream)
{
    bns_stream_glance(upstream->channel.stream);
    return bns_upstream_was_quiet(upstream);
}

bool
bns_upstream_has_spoken(BnsUpstream *upstream)
{
    BnsStream *stream = upstream->channel.stream;
    char byte;

    bns_stream_look(stream);
    return bns_buffer_len(&upstream->channel.in) > 0 ||
           (bns_stream_ssl(stream) == NULL && bns_stream_peek(stream, &byte, 1) > 0);
}

void
bns_upstream_failure_free(BnsUpstreamFailure *failure)
{
    if (failure == NULL)
        return;
    g_free(failure->error);
    g_free(failure);
}

/* --- connect --- */

void
bns_connect_cancel(BnsConnect *connect)
{
    if (connect == NULL)
        return;
    bns_dial_cancel(connect->dial);
    bns_proxy_tunnel_cancel(connect->tunnel);
    bns_upstream_abort(connect->upstream);
    bns_timer_free(connect->timer);
    g_free(connect);
}

static void
finish(BnsConnect *connect, BnsUpstreamFailure *failure)
{
    BnsConnectFunc func = connect->func;
    BnsUpstream *upstream = NULL;
    void *data = connect->data;

    if (failure == NULL)
        upstream = g_steal_pointer(&connect->upstream);
    bns_connect_cancel(connect);
    func(upstream, failure, data);
}

static void
fail(BnsConnect *connect, BnsDialOutcome outcome, const char *rule, const char *error)
{
    BnsUpstreamFailure *failure = g_new0(BnsUpstreamFailure, 1);

    failure->outcome = outcome;
    failure->rule = g_intern_string(rule);
    failure->identity = connect->target.decision.identity;
    failure->error = g_strdup(error);
    finish(connect, failure);
}

/* @error: what is wrong with the peer; %NULL if nothing is, but with the connection. */
static void
fail_handshake(BnsConnect *connect, const char *error)
{
    BnsStream *stream = connect->upstream->channel.stream;
    g_autofree char *text = NULL;

    bns_tickets_forget(bns_stream_ssl(stream));
    if (error == NULL)
        text = g_strdup_printf("upstream TLS failed: %s", bns_stream_error(stream));
    fail(connect, BNS_DIAL_UNTRUSTED, NULL, error != NULL ? error : text);
}

/* The peer is verified by OpenSSL during the handshake; bns_trust_failure() looks at the
 * verdict once more, so that no path exists on which it was not read. */
static void
on_handshake(void *data)
{
    BnsConnect *connect = data;
    BnsStream *stream = connect->upstream->channel.stream;
    g_autofree char *error = NULL;
    ssize_t n = bns_stream_handshake(stream);

    if (n == BNS_STREAM_AGAIN)
        return;
    error = bns_trust_failure(bns_stream_ssl(stream));
    if (n != 1 || error != NULL) {
        fail_handshake(connect, error);
        return;
    }
    connect->upstream->protocol = bns_trust_protocol(bns_stream_ssl(stream));
    connect->upstream->timings.tls_us =
        bns_timings_between(connect->tls_began_us, g_get_monotonic_time());
    finish(connect, NULL);
}

static void
begin_handshake(BnsConnect *connect)
{
    BnsUpstream *upstream = connect->upstream;
    BnsStream *stream = upstream->channel.stream;
    SSL *ssl = bns_trust_client(connect->engine->trust, upstream->host.text,
                                connect->target.protocols);

    upstream->is_tls = true;
    upstream->offered = connect->target.protocols;
    upstream->identity = connect->target.decision.identity;
    bns_credentials_use(connect->engine->credentials, upstream->identity, ssl);
    bns_trust_resume(connect->engine->trust, ssl, upstream->host.text, upstream->port,
                     upstream->identity);
    bns_stream_set_owner(stream, on_handshake, connect);
    bns_stream_start_tls(stream, ssl);
    /* Not from the beginning of this turn: the first use of the trust store parses it. */
    connect->tls_began_us = g_get_monotonic_time();
    bns_timer_set(connect->timer, connect->tls_began_us + HANDSHAKE_TIMEOUT_US);
    on_handshake(connect);
}

/* The timer runs the handshake's time; before, it begins one (bns_connect_secure()). */
static void
on_timer(void *data)
{
    BnsConnect *connect = data;

    if (connect->upstream->is_tls)
        fail(connect, BNS_DIAL_TIMED_OUT, NULL,
             "the upstream's TLS handshake took too long");
    else
        begin_handshake(connect);
}

/* A plain connection that is not asked for anything. */
static void
on_plain(void *data)
{
}

static BnsUpstream *
upstream_new(BnsConnect *connect, const BnsDialResult *result)
{
    BnsUpstream *upstream = g_new0(BnsUpstream, 1);

    upstream->channel.stream =
        bns_stream_new(connect->engine->loop, result->fd, on_plain, NULL);
    upstream->host = connect->target.host;
    upstream->port = connect->target.port;
    upstream->proxy = result->proxy;
    upstream->address = result->address;
    upstream->is_given = result->is_given;
    upstream->timings = result->timings;
    bns_dial_address_text((const struct sockaddr *)&result->address, upstream->addr);
    return upstream;
}

/* The socket leads to the origin: ends here, or goes on with TLS. */
static void
on_reached(BnsConnect *connect)
{
    BnsUpstream *upstream = connect->upstream;

    if (connect->target.scheme != BNS_SCHEME_HTTPS) {
        upstream->protocol = connect->target.protocols;
        finish(connect, NULL);
    } else if (bns_buffer_len(&upstream->channel.in) > 0) {
        /* TLS's server never speaks first: whoever this is, it is not the origin. */
        fail(connect, BNS_DIAL_PROXY, NULL,
             "the upstream proxy sent bytes of its own ahead of the origin's");
    } else {
        begin_handshake(connect);
    }
}

static void
on_tunnel(BnsDialOutcome outcome, const char *error, void *data)
{
    BnsConnect *connect = data;
    BnsUpstream *upstream = connect->upstream;

    connect->tunnel = NULL;
    if (outcome != BNS_DIAL_CONNECTED) {
        fail(connect, outcome, NULL, error);
        return;
    }
    upstream->timings.connect_us +=
        bns_timings_between(connect->tunnel_began_us, g_get_monotonic_time());
    bns_stream_set_owner(upstream->channel.stream, on_plain, NULL);
    on_reached(connect);
}

static void
on_dialled(const BnsDialResult *result, void *data)
{
    BnsConnect *connect = data;

    connect->dial = NULL;
    if (result->outcome != BNS_DIAL_CONNECTED) {
        fail(connect, result->outcome, result->rule, result->error);
        return;
    }
    connect->upstream = upstream_new(connect, result);
    if (result->proxy == NULL) {
        on_reached(connect);
        return;
    }
    connect->tunnel_began_us = g_get_monotonic_time();
    connect->tunnel = bns_proxy_tunnel_open(
        connect->engine, &connect->upstream->channel, result->proxy,
        &connect->target.host, connect->target.port, on_tunnel, connect);
}

static BnsConnect *
connect_new(struct BnsEngine *engine, BnsConnectFunc func, void *data)
{
    BnsConnect *connect = g_new0(BnsConnect, 1);

    connect->engine = engine;
    connect->func = func;
    connect->data = data;
    connect->timer = bns_loop_timer(engine->loop, on_timer, connect);
    return connect;
}

BnsConnect *
bns_connect_start(struct BnsEngine *engine,
                  const BnsDialTarget *target,
                  BnsConnectFunc func,
                  void *data)
{
    BnsConnect *connect = connect_new(engine, func, data);

    connect->target = *target;
    connect->dial = bns_dial_start(engine, target, on_dialled, connect);
    return connect;
}

BnsConnect *
bns_connect_secure(struct BnsEngine *engine,
                   const BnsDialTarget *target,
                   BnsUpstream *upstream,
                   BnsConnectFunc func,
                   void *data)
{
    BnsConnect *connect = connect_new(engine, func, data);

    connect->target = *target;
    connect->upstream = upstream;
    bns_stream_set_owner(upstream->channel.stream, on_plain, NULL);
    bns_timer_set(connect->timer, bns_loop_now_us(engine->loop));
    return connect;
}
