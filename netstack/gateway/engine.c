/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/engine.h"

#include "base/fd.h"
#include "netstack/gateway/allowance.h"
#include "netstack/gateway/flow.h"
#include "netstack/gateway/http2_stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

/* Flows whose memory is worth the few milliseconds that giving it back takes. */
#define CROWD 64

/* --- failure and records --- */

void
bns_engine_fail(BnsEngine *engine, const char *format, ...)
{
    va_list args;

    if (engine->failure == NULL) {
        va_start(args, format);
        engine->failure = g_strdup_vprintf(format, args);
        va_end(args);
    }
    bns_loop_quit(engine->loop);
}

static void
on_recorder_lost(void *data)
{
    bns_engine_fail(data, "a record could not be written");
}

bool
bns_engine_record(BnsEngine *engine, const BnsRecord *record)
{
    if (engine->failure == NULL && bns_post_record_now(engine->post, record))
        return true;
    on_recorder_lost(engine);
    return false;
}

BnsPostWait *
bns_engine_post(BnsEngine *engine,
                const BnsRecord *record,
                BnsPostFunc func,
                void *data)
{
    BnsPostWait *wait = NULL;

    if (engine->failure == NULL)
        wait = bns_post_record(engine->post, record, func, data);
    if (wait == NULL)
        on_recorder_lost(engine);
    return wait;
}

/* After a failure too: netstack may be gone a moment before we see that the session is
 * over, and what ends with it is to be recorded. If it was the recorder that failed, its
 * socket is shut. */
void
bns_engine_note(BnsEngine *engine, const BnsRecord *record)
{
    if (!bns_post_note(engine->post, record))
        on_recorder_lost(engine);
}

BnsDecision
bns_engine_keep(const BnsEngine *engine, BnsDecision decision)
{
    decision.rule = g_intern_string(decision.rule);
    decision.reason = g_intern_string(decision.reason);
    decision.near = g_intern_string(decision.near);
    for (BnsCapKind kind = 0; kind < BNS_N_CAPS; kind++) {
        decision.caps[kind].rule = g_intern_string(decision.caps[kind].rule);
        decision.caps[kind].reason = g_intern_string(decision.caps[kind].reason);
    }
    decision.identity = bns_credentials_find(engine->credentials, decision.identity);
    return decision;
}

void
bns_engine_put_decision(BnsRecord *record, const BnsDecision *decision)
{
    static const BnsDecided decided[] = {
        [BNS_VERDICT_DENY] = BNS_DECIDED_DENY,
        [BNS_VERDICT_WOULD_DENY] = BNS_DECIDED_WOULD_DENY,
        [BNS_VERDICT_ALLOW] = BNS_DECIDED_ALLOW,
    };
    G_STATIC_ASSERT(G_N_ELEMENTS(decided) == BNS_N_VERDICTS);

    record->decision = decided[decision->verdict];
    record->reason = decision->reason;
    record->rule = decision->rule;
}

static void
on_resolver_lost(void *data)
{
    bns_engine_fail(data, "the resolver is gone");
}

/* --- to netstack --- */

/* Sends what waits. */
static void
flush_outbox(BnsEngine *engine)
{
    while (!g_queue_is_empty(&engine->outbox)) {
        const BnsWire *message = g_queue_peek_head(&engine->outbox);
        int r = bns_wire_send(engine->config->wire_fd, message, -1);

        if (r == -EAGAIN)
            break;
        if (r < 0) {
            bns_engine_fail(engine, "netstack is gone: %s", g_strerror(-r));
            return;
        }
        g_free(g_queue_pop_head(&engine->outbox));
    }
    bns_watch_set_events(engine->wire_watch, g_queue_is_empty(&engine->outbox)
                                                 ? EPOLLIN
                                                 : EPOLLIN | EPOLLOUT);
}

void
bns_engine_tell(BnsEngine *engine,
                BnsWireType type,
                uint64_t flow,
                BnsWireVerdict verdict)
{
    BnsWire *message = g_new0(BnsWire, 1);

    message->type = (uint8_t)type;
    message->flow = flow;
    message->verdict = (uint8_t)verdict;
    g_queue_push_tail(&engine->outbox, message);
    flush_outbox(engine);
}

/* --- from netstack --- */

/* The host of an offer: netstack sends names in their one form, and only those. */
static bool
read_host(const BnsWire *message, BnsHost *out_host)
{
    char addr[INET_ADDRSTRLEN];
    const char *text = message->name;

    if (text[0] == '\0') {
        inet_ntop(AF_INET, &message->addr, addr, sizeof(addr));
        text = addr;
    }
    return bns_host_canonical(text, strlen(text), out_host) &&
           strcmp(out_host->text, text) == 0;
}

/* netstack counts too; a netstack that was taken over might not. */
static bool
has_room(const BnsEngine *engine)
{
    return g_hash_table_size(engine->flows) <=
           bns_policy_limits(engine->config->policy).flows;
}

void
bns_engine_open_tls(BnsEngine *engine)
{
    g_autoptr(GError) error = NULL;

    if (engine->hello != NULL)
        return;
    if (bns_trust_open(engine->trust, &error))
        engine->hello = bns_hello_new(engine->ca, &error);
    if (engine->hello == NULL)
        bns_engine_fail(engine, "%s", error->message);
}

static bool
on_offer(BnsEngine *engine, const BnsWire *message, int fd)
{
    BnsFlow *flow;

    if (g_hash_table_contains(engine->flows, &message->flow) || message->port == 0)
        return false;
    flow = bns_flow_new(engine, message->flow);
    g_hash_table_insert(engine->flows, &flow->id, flow);
    bns_crowd_came(&engine->crowd, g_hash_table_size(engine->flows));
    if (!read_host(message, &flow->host))
        return false;
    flow->port = message->port;
    inet_ntop(AF_INET, &message->addr, flow->addr, sizeof(flow->addr));
    bns_flow_begin(flow, message, has_room(engine));
    bns_engine_open_tls(engine);
    return true;
}

static bool
on_stream(BnsEngine *engine, const BnsWire *message, int fd)
{
    BnsFlow *flow = g_hash_table_lookup(engine->flows, &message->flow);

    /* We have given it up, and said so: the messages crossed. */
    if (flow == NULL) {
        bns_fd_clear(&fd);
        return true;
    }
    if (flow->state != BNS_FLOW_ACCEPTED) {
        bns_fd_clear(&fd);
        return false;
    }
    if (fd >= 0) {
        bns_flow_stream(flow, fd);
        return true;
    }
    bns_flow_note_refused(flow, "no descriptor was left for it", NULL, NULL);
    bns_engine_tell(engine, BNS_WIRE_RESET, flow->id, BNS_WIRE_REFUSE);
    bns_flow_cut(flow);
    bns_flow_run(flow);
    return true;
}

static bool
on_reset(BnsEngine *engine, const BnsWire *message, int fd)
{
    BnsFlow *flow = g_hash_table_lookup(engine->flows, &message->flow);

    if (flow == NULL)
        return true;
    if (flow->state <= BNS_FLOW_OFFERED)
        return false;
    bns_flow_hear_out(flow);
    bns_flow_abandon(flow);
    bns_flow_run(flow);
    return true;
}

/* What netstack may say. A false return is a broken rule. */
static bool (*const handlers[BNS_N_WIRE_TYPES])(BnsEngine *engine,
                                                const BnsWire *message,
                                                int fd) = {
    [BNS_WIRE_OFFER] = on_offer,
    [BNS_WIRE_STREAM] = on_stream,
    [BNS_WIRE_RESET] = on_reset,
};

/* Messages of one turn: new flows must not starve those that are open. */
#define MESSAGES_PER_TURN 64

static void
on_wire(uint32_t events, void *data)
{
    BnsEngine *engine = data;

    for (int i = 0; i < MESSAGES_PER_TURN && engine->failure == NULL; i++) {
        BnsWire message;
        int fd = -1;
        int r = bns_wire_receive(engine->config->wire_fd, &message, &fd);

        if (r == -EAGAIN)
            break;
        if (r == 1 && handlers[message.type] != NULL &&
            handlers[message.type](engine, &message, fd))
            continue;
        if (r <= 0 && r != -EBADMSG)
            bns_engine_fail(engine, "netstack is gone");
        else
            bns_engine_fail(engine, "netstack sent what it may not send");
        return;
    }
    if (engine->failure == NULL)
        flush_outbox(engine);
}

void
bns_engine_forget(BnsEngine *engine, uint64_t flow)
{
    g_hash_table_remove(engine->flows, &flow);
    bns_crowd_left(&engine->crowd, g_hash_table_size(engine->flows));
}

/* --- life --- */

static void
flow_free(gpointer data)
{
    bns_flow_free(data);
}

static bool
read_files(BnsEngine *engine, GError **error)
{
    /* openssl.cnf, too: there is none after the lock-down. */
    OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL);
    engine->trust = bns_trust_read(engine->config->upstream_ca, error);
    if (engine->trust == NULL)
        return false;
    bns_trust_exclude(engine->trust, bns_ca_certificate(engine->ca));
    engine->credentials = bns_credentials_read(engine->config->policy, error);
    return engine->credentials != NULL;
}

BnsEngine *
bns_engine_new(const BnsGatewayConfig *config, BnsCa *ca, BnsLoop *loop, GError **error)
{
    g_autoptr(BnsEngine) engine = g_new0(BnsEngine, 1);

    engine->config = config;
    engine->ca = ca;
    engine->policy = config->policy;
    engine->loop = loop;
    engine->crowd.least = CROWD;
    g_queue_init(&engine->outbox);
    engine->sent = bns_sent_new();
    engine->flows = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, flow_free);
    if (!read_files(engine, error))
        return NULL;
    bns_fd_set_nonblocking(config->wire_fd, true);
    bns_fd_set_nonblocking(config->resolver_fd, true);
    engine->post = bns_post_new(loop, config->recorder_fd, on_recorder_lost, engine);
    engine->pool = bns_pool_new(engine);
    engine->http2 = bns_http2_pool_new(engine, &bns_http2_origin_events);
    engine->lookups =
        bns_lookups_new(loop, config->resolver_fd, on_resolver_lost, engine);
    engine->wire_watch =
        bns_loop_watch(loop, config->wire_fd, EPOLLIN, on_wire, engine);
    if (config->owner_fd >= 0)
        engine->owners = bns_owners_new(loop, config->owner_fd);
    if (config->published != NULL && config->published->len > 0)
        engine->publisher = bns_publisher_new(engine);
    return g_steal_pointer(&engine);
}

void
bns_engine_free(BnsEngine *engine)
{
    if (engine == NULL)
        return;
    engine->is_command_gone = true;
    bns_publisher_free(engine->publisher);
    g_hash_table_unref(engine->flows);
    g_hash_table_unref(engine->sent);
    bns_owners_free(engine->owners);
    bns_http2_pool_free(engine->http2);
    bns_pool_free(engine->pool);
    bns_lookups_free(engine->lookups);
    bns_post_free(engine->post);
    bns_watch_free(engine->wire_watch);
    g_queue_clear_full(&engine->outbox, g_free);
    bns_hello_free(engine->hello);
    bns_ca_free(engine->ca);
    bns_trust_free(engine->trust);
    bns_credentials_free(engine->credentials);
    bns_policy_free(engine->reloaded);
    g_free(engine->failure);
    g_free(engine);
}
