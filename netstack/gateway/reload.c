/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/reload.h"

#include "base/bytes.h"
#include "base/ready.h"
#include "netstack/gateway/flow.h"
#include "netstack/gateway/http2_stream.h"

#include <errno.h>
#include <unistd.h>

/* Of all files of a policy together; one has at most 4 MiB. */
#define PACKED_BYTES_MAX (512 * 1024 * 1024)

/* --- what is open --- */

/* Whether @decision, of the policy in force, lets the bytes go on to where they go. */
static bool
may_go_on(const BnsEngine *engine,
          const BnsDecision *decision,
          BnsScheme scheme,
          const BnsUpstream *upstream,
          uint16_t port)
{
    BnsDecision dialled = *decision;

    if (upstream != NULL && upstream->address.ss_family != AF_UNSPEC)
        dialled = bns_policy_decide_address(engine->policy, decision, scheme,
                                            (const struct sockaddr *)&upstream->address,
                                            port, upstream->is_given);
    return bns_decision_passes(&dialled);
}

static const BnsUpstream *
upstream_of(const BnsFlow *flow)
{
    return flow->tunnel != NULL ? flow->tunnel->upstream : flow->ahead;
}

static bool
is_opaque_allowed(BnsFlow *flow)
{
    const BnsPolicy *policy = flow->engine->policy;
    BnsDecision decision = bns_policy_decide_tcp(policy, flow->host.text, flow->port);

    /* What passes only since the policy observes was to be read first. */
    if (bns_policy_is_reserved(policy, flow->host.text, flow->port) ||
        (decision.verdict == BNS_VERDICT_ALLOW &&
         bns_policy_flow_kind(policy, flow->host.text, flow->port, NULL) !=
             BNS_FLOW_TCP))
        return false;
    flow->decision = bns_engine_keep(flow->engine, decision);
    if (flow->tunnel != NULL)
        bns_allowance_renew(&flow->tunnel->allowance, &flow->decision);
    return may_go_on(flow->engine, &decision, BNS_SCHEME_TCP, upstream_of(flow),
                     flow->port);
}

static bool
is_sealed_allowed(BnsFlow *flow)
{
    const BnsPolicy *policy = flow->engine->policy;
    BnsDecision decision =
        bns_policy_could_allow(policy, BNS_SCHEME_TLS, flow->tls_host.text, flow->port);

    if (!bns_policy_is_sealed(policy, flow->tls_host.text, flow->port))
        return false;
    flow->decision = bns_engine_keep(flow->engine, decision);
    if (flow->tunnel != NULL)
        bns_allowance_renew(&flow->tunnel->allowance, &flow->decision);
    return may_go_on(flow->engine, &decision, BNS_SCHEME_TLS, upstream_of(flow),
                     flow->port);
}

static bool
is_websocket_allowed(const BnsFlow *flow, BnsCall *call, const BnsUpstream *upstream)
{
    const BnsPolicy *policy = flow->engine->policy;
    BnsRequest question = bns_request_question(&call->request);
    BnsDecision decision =
        bns_engine_keep(flow->engine, bns_policy_decide(policy, &question));

    bns_allowance_renew(&call->allowance, &decision);
    return !bns_policy_is_reserved(policy, question.host, question.port) &&
           may_go_on(flow->engine, &decision, question.scheme, upstream, question.port);
}

/* --- resetting --- */

/* Nothing was passed on yet. */
static void
reset_early(BnsFlow *flow)
{
    bns_flow_note_refused(flow, BNS_RELOAD_ERROR, NULL, NULL);
    if (flow->state == BNS_FLOW_OFFERED)
        bns_flow_refuse(flow);
    else
        bns_flow_cut(flow);
}

static void
reset_tunnel(BnsFlow *flow)
{
    flow->tunnel->error = BNS_RELOAD_ERROR;
    bns_flow_cut(flow);
}

/* HTTP/1.1: from its request on; what was answered is none. */
static bool
reset_websocket(BnsFlow *flow)
{
    BnsExchange *exchange = flow->exchange;

    if (exchange == NULL || !exchange->call.request.is_websocket ||
        (flow->state != BNS_FLOW_TUNNEL && flow->state != BNS_FLOW_DIAL &&
         flow->state != BNS_FLOW_RECORD && flow->state != BNS_FLOW_RELAY) ||
        is_websocket_allowed(flow, &exchange->call,
                             flow->tunnel != NULL ? flow->tunnel->upstream
                                                  : exchange->upstream))
        return false;
    if (flow->tunnel != NULL) {
        reset_tunnel(flow);
        return true;
    }
    bns_exchange_note_end(exchange, BNS_RELOAD_ERROR);
    bns_flow_cut(flow);
    return true;
}

/* HTTP/2: the address is that of a connection which others use, too. Returns: how many. */
static guint
reset_streams(BnsFlow *flow)
{
    g_autoptr(GList) streams = g_hash_table_get_keys(flow->http2->streams);
    guint n = 0;

    for (GList *link = streams; link != NULL; link = link->next) {
        BnsHttp2Stream *stream = link->data;

        if (!stream->call.request.is_websocket || stream->state == BNS_HTTP2_ANSWERED ||
            stream->state == BNS_HTTP2_BROKEN ||
            is_websocket_allowed(flow, &stream->call, NULL))
            continue;
        bns_http2_stream_cut(stream, BNS_RELOAD_ERROR);
        n++;
    }
    return n;
}

/* Returns: whether @flow was reset. */
static bool
reset_opaque(BnsFlow *flow)
{
    bool is_early = flow->state == BNS_FLOW_OFFERED ||
                    flow->state == BNS_FLOW_ACCEPTED || flow->state == BNS_FLOW_PASS;

    if (flow->kind != BNS_FLOW_TCP || (!is_early && flow->state != BNS_FLOW_TUNNEL) ||
        is_opaque_allowed(flow))
        return false;
    (is_early ? reset_early : reset_tunnel)(flow);
    return true;
}

static bool
reset_sealed(BnsFlow *flow)
{
    if (!flow->is_sealed ||
        (flow->state != BNS_FLOW_PASS && flow->state != BNS_FLOW_TUNNEL) ||
        is_sealed_allowed(flow))
        return false;
    if (flow->state == BNS_FLOW_TUNNEL) {
        reset_tunnel(flow);
        return true;
    }
    bns_flow_note_refused(flow, BNS_RELOAD_ERROR, NULL, NULL);
    bns_flow_cut(flow);
    return true;
}

/* Returns: how much of it was reset. */
static guint
review(BnsFlow *flow)
{
    if (flow->state == BNS_FLOW_STREAMS)
        return reset_streams(flow);
    return reset_opaque(flow) || reset_sealed(flow) || reset_websocket(flow);
}

static guint
review_all(BnsEngine *engine)
{
    g_autoptr(GList) flows = g_hash_table_get_values(engine->flows);
    guint n = 0;

    /* One flow never frees another. */
    for (GList *link = flows; link != NULL; link = link->next) {
        BnsFlow *flow = link->data;
        guint n_reset = review(flow);

        if (n_reset > 0)
            bns_flow_run(flow);
        n += n_reset;
    }
    return n;
}

/* --- the policy --- */

static BnsPolicy *
make(const BnsEngine *engine, GBytes *packed, GError **error)
{
    g_autoptr(BnsPolicyTexts) texts = bns_policy_texts_unpack(packed);
    BnsPolicySource source;
    BnsPolicy *policy;

    if (texts == NULL || engine->config->source == NULL) {
        g_set_error(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_READ,
                    "it is not what a policy is made of");
        return NULL;
    }
    source = *engine->config->source;
    source.texts = texts;
    policy = bns_policy_load(&source, NULL, error);
    if (policy != NULL)
        bns_policy_inherit(policy, engine->config->policy);
    return policy;
}

static bool
note(BnsEngine *engine, const BnsPolicy *policy, const char *reason)
{
    const BnsPolicy *before = engine->policy;
    BnsRecord record = { .event = BNS_EVENT_POLICY_RELOAD,
                         .reason = reason,
                         .policy_digest = bns_policy_digest(policy),
                         .policy_before = bns_policy_digest(before) };

    if (bns_policy_mode(policy) != bns_policy_mode(before))
        record.mode = bns_mode_name(bns_policy_mode(policy));
    if (bns_policy_system_mode(policy) != bns_policy_system_mode(before))
        record.system_mode = bns_mode_name(bns_policy_system_mode(policy));
    return bns_engine_record(engine, &record);
}

bool
bns_engine_reload(BnsEngine *engine,
                  GBytes *packed,
                  const char *reason,
                  guint *out_n_reset)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsPolicy) policy = make(engine, packed, &error);

    *out_n_reset = 0;
    if (policy == NULL) {
        bns_engine_fail(engine, "the policy could not be reloaded: %s", error->message);
        return false;
    }
    if (!note(engine, policy, reason))
        return false;
    bns_policy_free(engine->reloaded);
    engine->reloaded = g_steal_pointer(&policy);
    engine->policy = engine->reloaded;
    *out_n_reset = review_all(engine);
    return engine->failure == NULL;
}

/* --- the message --- */

/* The file is in memory (the supervisor's memfd), so that reading does not block.
 * Returns: (transfer full): its bytes, or %NULL with errno. */
static GBytes *
read_all(int fd)
{
    g_autoptr(GByteArray) bytes = bns_bytes_read(fd, PACKED_BYTES_MAX);

    if (bytes != NULL && bytes->len > PACKED_BYTES_MAX) {
        errno = EFBIG;
        return NULL;
    }
    return bytes != NULL ? g_byte_array_free_to_bytes(g_steal_pointer(&bytes)) : NULL;
}

void
bns_engine_on_policy(BnsEngine *engine, const char *reason, int fd)
{
    g_autoptr(GBytes) packed = fd >= 0 ? read_all(fd) : NULL;
    char answer[16];
    guint n_reset;

    if (packed == NULL) {
        bns_engine_fail(engine, "the policy could not be reloaded: %s",
                        fd >= 0 ? g_strerror(errno) : "it did not come along");
        return;
    }
    if (!bns_engine_reload(engine, packed, reason, &n_reset))
        return;
    g_snprintf(answer, sizeof(answer), "%u", n_reset);
    (void)bns_ready_send(engine->config->control_fd, BNS_READY_POLICY, answer, -1);
}
