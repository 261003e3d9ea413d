/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/proxy_tunnel.h"

#include "netstack/gateway/engine.h"
#include "netstack/gateway/proxy_reply.h"
#include "netstack/gateway/tickets.h"

#include <string.h>

/* TLS to the proxy, and its own dialling of the origin, which it may give as much time
 * as we would (dial.c). */
#define TUNNEL_TIMEOUT_US (30 * G_USEC_PER_SEC)

/**
 * State:
 * @STATE_NEW: nothing was done yet
 * @STATE_TLS: the handshake with the proxy is under way
 * @STATE_ASK: CONNECT waits in channel.out
 * @STATE_ANSWER: CONNECT was sent; what comes is the answer
 */
typedef enum {
    STATE_NEW,
    STATE_TLS,
    STATE_ASK,
    STATE_ANSWER,
} State;

struct BnsProxyTunnel {
    struct BnsEngine *engine; /* borrowed */
    BnsChannel *channel;      /* borrowed */
    const BnsProxy *proxy;    /* borrowed */
    BnsHost host;
    uint16_t port;
    BnsProxyTunnelFunc func;
    void *data;
    State state;
    BnsTimer *timer; /* owned: the beginning, then the end */
};

/* --- the end --- */

void
bns_proxy_tunnel_cancel(BnsProxyTunnel *tunnel)
{
    if (tunnel == NULL)
        return;
    bns_timer_free(tunnel->timer);
    g_free(tunnel);
}

static void
finish(BnsProxyTunnel *tunnel, BnsDialOutcome outcome, const char *error)
{
    BnsProxyTunnelFunc func = tunnel->func;
    void *data = tunnel->data;

    bns_stream_want(tunnel->channel->stream, false, false);
    bns_proxy_tunnel_cancel(tunnel);
    func(outcome, error, data);
}

static void
fail(BnsProxyTunnel *tunnel, BnsDialOutcome outcome, const char *what)
{
    g_autofree char *proxy = bns_proxy_text(tunnel->proxy);
    g_autofree char *error = g_strdup_printf("the upstream proxy %s: %s", proxy, what);

    finish(tunnel, outcome, error);
}

/* --- CONNECT --- */

static void
ask(BnsProxyTunnel *tunnel)
{
    GByteArray *out = bns_buffer_tail(&tunnel->channel->out);
    const char *authorization = tunnel->proxy->authorization;
    g_autofree char *host = bns_host_bracket(tunnel->host.text);
    g_autofree char *target = g_strdup_printf("%s:%u", host, tunnel->port);
    const char *const parts[] = { "CONNECT ",
                                  target,
                                  " HTTP/1.1\r\nHost: ",
                                  target,
                                  "\r\n",
                                  authorization == NULL ? "" : "Proxy-Authorization: ",
                                  authorization == NULL ? "" : authorization,
                                  authorization == NULL ? "" : "\r\n",
                                  "\r\n" };

    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
        g_byte_array_append(out, (const guint8 *)parts[i], (guint)strlen(parts[i]));
    tunnel->state = STATE_ASK;
}

/* Returns: whether to step on. */
static bool
send_request(BnsProxyTunnel *tunnel)
{
    BnsChannel *channel = tunnel->channel;
    ssize_t n = bns_channel_flush(channel);

    if (n == BNS_STREAM_AGAIN) {
        bns_stream_want(channel->stream, false, true);
        return false;
    }
    if (n != 1) {
        fail(tunnel, BNS_DIAL_PROXY, bns_stream_error(channel->stream));
        return false;
    }
    bns_buffer_clear(&channel->out);
    tunnel->state = STATE_ANSWER;
    return true;
}

/* --- the answer --- */

static void
on_answer(BnsProxyTunnel *tunnel, const BnsProxyReply *reply)
{
    g_autofree char *why = NULL;

    if (bns_proxy_reply_is_open(reply)) {
        bns_buffer_consume(&tunnel->channel->in, reply->len);
        finish(tunnel, BNS_DIAL_CONNECTED, NULL);
        return;
    }
    why = bns_proxy_reply_explain(reply, tunnel->proxy->authorization != NULL);
    fail(tunnel, reply->head.status == 504 ? BNS_DIAL_TIMED_OUT : BNS_DIAL_PROXY, why);
}

/* Returns: whether more bytes are needed. */
static bool
parse(BnsProxyTunnel *tunnel)
{
    const BnsBuffer *in = &tunnel->channel->in;
    g_autofree char *why = NULL;
    BnsProxyReply reply;

    switch (bns_proxy_reply_parse(bns_buffer_at(in), bns_buffer_len(in), &reply)) {
    case BNS_PARSE_MORE:
        return true;
    case BNS_PARSE_DONE:
        on_answer(tunnel, &reply);
        return false;
    case BNS_PARSE_BAD:
        break;
    }
    why = g_strdup_printf("its answer is invalid: %s", reply.error);
    fail(tunnel, BNS_DIAL_PROXY, why);
    return false;
}

/* Returns: whether to step on. */
static bool
read_answer(BnsProxyTunnel *tunnel)
{
    BnsChannel *channel = tunnel->channel;
    ssize_t n = bns_channel_fill_line(channel, BNS_HTTP_HEAD_MAX);

    if (n > 0)
        return parse(tunnel);
    if (n == BNS_STREAM_AGAIN) {
        bns_stream_want(channel->stream, true, false);
        return false;
    }
    if (n == BNS_STREAM_EOF)
        fail(tunnel, BNS_DIAL_PROXY, "it closed the connection without an answer");
    else if (bns_buffer_len(&channel->in) >= BNS_HTTP_HEAD_MAX)
        fail(tunnel, BNS_DIAL_PROXY, "its answer is too long");
    else
        fail(tunnel, BNS_DIAL_PROXY, bns_stream_error(channel->stream));
    return false;
}

/* --- TLS to the proxy --- */

/* @error: what is wrong with the proxy; %NULL if nothing is, but with the connection. */
static void
fail_tls(BnsProxyTunnel *tunnel, const char *error)
{
    BnsStream *stream = tunnel->channel->stream;
    g_autofree char *text = NULL;

    bns_tickets_forget(bns_stream_ssl(stream));
    if (error == NULL)
        text = g_strdup_printf("TLS failed: %s", bns_stream_error(stream));
    fail(tunnel, BNS_DIAL_UNTRUSTED, error != NULL ? error : text);
}

/* Returns: whether to step on. */
static bool
shake_hands(BnsProxyTunnel *tunnel)
{
    BnsStream *stream = tunnel->channel->stream;
    ssize_t n = bns_stream_handshake(stream);
    g_autofree char *error = NULL;

    if (n == BNS_STREAM_AGAIN)
        return false;
    error = bns_trust_failure(bns_stream_ssl(stream));
    if (n != 1 || error != NULL) {
        fail_tls(tunnel, error);
        return false;
    }
    ask(tunnel);
    return true;
}

/* --- the machine --- */

static bool
begin(BnsProxyTunnel *tunnel)
{
    const BnsProxy *proxy = tunnel->proxy;
    BnsTrust *trust = tunnel->engine->trust;
    SSL *ssl;

    if (!proxy->is_tls) {
        ask(tunnel);
        return true;
    }
    ssl = bns_trust_client(trust, proxy->host.text, BNS_PROTOCOL_HTTP1);
    bns_trust_resume(trust, ssl, proxy->host.text, proxy->port, NULL);
    tunnel->state = STATE_TLS;
    bns_stream_start_tls(tunnel->channel->stream, ssl);
    return true;
}

/* A step that ends the tunnel says false: it is gone then. */
static bool (*const steps[])(BnsProxyTunnel *tunnel) = {
    [STATE_NEW] = begin,
    [STATE_TLS] = shake_hands,
    [STATE_ASK] = send_request,
    [STATE_ANSWER] = read_answer,
};

static void
on_ready(void *data)
{
    BnsProxyTunnel *tunnel = data;

    while (steps[tunnel->state](tunnel))
        ;
}

static void
on_timer(void *data)
{
    BnsProxyTunnel *tunnel = data;

    if (tunnel->state != STATE_NEW) {
        fail(tunnel, BNS_DIAL_TIMED_OUT, "it did not answer in time");
        return;
    }
    /* Not from the beginning of this turn: the first use of the trust store parses it. */
    if (tunnel->proxy->is_tls)
        bns_trust_prepare(tunnel->engine->trust);
    bns_timer_set(tunnel->timer, g_get_monotonic_time() + TUNNEL_TIMEOUT_US);
    bns_stream_set_owner(tunnel->channel->stream, on_ready, tunnel);
    on_ready(tunnel);
}

BnsProxyTunnel *
bns_proxy_tunnel_open(struct BnsEngine *engine,
                      BnsChannel *channel,
                      const BnsProxy *proxy,
                      const BnsHost *host,
                      uint16_t port,
                      BnsProxyTunnelFunc func,
                      void *data)
{
    BnsProxyTunnel *tunnel = g_new0(BnsProxyTunnel, 1);

    tunnel->engine = engine;
    tunnel->channel = channel;
    tunnel->proxy = proxy;
    tunnel->host = *host;
    tunnel->port = port;
    tunnel->func = func;
    tunnel->data = data;
    tunnel->timer = bns_loop_timer(engine->loop, on_timer, tunnel);
    bns_timer_set(tunnel->timer, bns_loop_now_us(engine->loop));
    return tunnel;
}
