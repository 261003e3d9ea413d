/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/tap/flows.h"

#include "netstack/tap/bytes.h"
#include "netstack/tap/rate.h"

#include <string.h>

/* In by_tuple is what the command's next segment may belong to: not ABANDONED and
 * DETACHED flows. */
struct BnsFlows {
    size_t max;
    BnsRate rate;
    uint64_t last_id;
    size_t n_internal;
    GHashTable *by_id;      /* borrowed &flow->id -> owned BnsFlow */
    GHashTable *by_tuple;   /* owned tuple -> borrowed BnsFlow */
    GHashTable *by_backend; /* descriptor -> borrowed BnsFlow */
};

BnsFlows *
bns_flows_new(size_t max, uint32_t per_second)
{
    BnsFlows *flows = g_new0(BnsFlows, 1);

    flows->max = max;
    flows->rate = bns_rate(per_second);
    flows->by_id = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
    flows->by_tuple = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    flows->by_backend = g_hash_table_new(NULL, NULL);
    return flows;
}

void
bns_flows_free(BnsFlows *flows)
{
    if (flows == NULL)
        return;
    g_hash_table_unref(flows->by_backend);
    g_hash_table_unref(flows->by_tuple);
    g_hash_table_unref(flows->by_id);
    g_free(flows);
}

size_t
bns_flows_count(const BnsFlows *flows)
{
    return g_hash_table_size(flows->by_id);
}

/* --- the table --- */

static BnsFlow *
flow_at(BnsFlows *flows, const BnsEnds *ends)
{
    uint64_t tuple = bns_ends_key(ends);

    return g_hash_table_lookup(flows->by_tuple, &tuple);
}

static BnsFlow *
flow_add(BnsFlows *flows, const BnsFrame *syn, bool is_internal)
{
    BnsFlow *flow = g_new0(BnsFlow, 1);
    uint64_t tuple = bns_ends_key(&syn->ends);

    flow->id = ++flows->last_id;
    flow->ends = syn->ends;
    flow->is_internal = is_internal;
    flow->isn = syn->seq;
    flow->window = syn->window;
    flow->mss = syn->mss;
    flow->guest_next = syn->seq + 1;
    flow->backend_fd = -1;
    flow->deadline_us = INT64_MAX;
    flows->n_internal += is_internal;
    g_hash_table_insert(flows->by_id, &flow->id, flow);
    g_hash_table_insert(flows->by_tuple, g_memdup2(&tuple, sizeof(tuple)), flow);
    return flow;
}

/* The command's segments are not this flow's any more. */
static void
flow_leave_tuple(BnsFlows *flows, const BnsFlow *flow)
{
    uint64_t tuple = bns_ends_key(&flow->ends);

    if (g_hash_table_lookup(flows->by_tuple, &tuple) == flow)
        g_hash_table_remove(flows->by_tuple, &tuple);
}

static void
flow_leave_backend(BnsFlows *flows, BnsFlow *flow)
{
    if (flow->backend_fd >= 0)
        g_hash_table_remove(flows->by_backend, GINT_TO_POINTER(flow->backend_fd));
    flow->backend_fd = -1;
}

static void
flow_remove(BnsFlows *flows, BnsFlow *flow)
{
    flow_leave_tuple(flows, flow);
    flow_leave_backend(flows, flow);
    flows->n_internal -= flow->is_internal;
    g_hash_table_remove(flows->by_id, &flow->id);
}

/* --- what happens to one flow --- */

/* The command gave the connection up before there was a verdict. */
static void
flow_abandon(BnsFlows *flows, BnsFlow *flow)
{
    flow_leave_tuple(flows, flow);
    flow->state = BNS_FLOW_ABANDONED;
    flow->deadline_us = INT64_MAX;
}

/* libslirp has nothing of this flow any more, or is about to be told so; what remains is
 * the gateway's CLOSED, which an internal flow has no need of. */
static unsigned
flow_detach(BnsFlows *flows, BnsFlow *flow, bool was_reset)
{
    unsigned actions = 0;

    if (flow->is_internal) {
        flow_remove(flows, flow);
        return 0;
    }
    flow_leave_tuple(flows, flow);
    flow_leave_backend(flows, flow);
    flow->state = BNS_FLOW_DETACHED;
    flow->deadline_us = INT64_MAX;
    if ((was_reset || flow->asked_reset) && !flow->said_reset) {
        flow->said_reset = true;
        actions = BNS_FLOW_SAY_RESET;
    }
    return actions;
}

/* Whether both directions are over: libslirp would wait in TIME_WAIT. */
static bool
flow_is_over(const BnsFlow *flow)
{
    return flow->guest_fin && flow->our_fin &&
           !bns_seq_after(flow->fin_end, flow->guest_ack);
}

/* The command's kernel ends TIME_WAIT for an RST with the number that it expects. */
static unsigned
spare_time_wait(const BnsFlow *flow)
{
    return flow->guest_first && flow_is_over(flow) ? BNS_FLOW_RESET_GUEST : 0;
}

/* Ends a connection that libslirp knows, from whatever state. */
static unsigned
flow_cut(BnsFlows *flows, BnsFlow *flow)
{
    unsigned actions = BNS_FLOW_CUT | spare_time_wait(flow);

    if (flow->state == BNS_FLOW_HANDSHAKE)
        actions |= BNS_FLOW_RELEASE;
    if (flow->state == BNS_FLOW_LINGERING) {
        flow_remove(flows, flow);
        return actions;
    }
    return actions | flow_detach(flows, flow, true);
}

/* --- the command --- */

/* A SYN on a tuple that is in use. Sets *@out_is_free if it may be used again. */
static unsigned
on_syn_again(BnsFlows *flows,
             BnsFlow *flow,
             const BnsFrame *syn,
             int64_t now_us,
             bool *out_is_free)
{
    bool is_same = syn->seq == flow->isn;

    *out_is_free = false;
    switch (flow->state) {
    case BNS_FLOW_HELD:
    case BNS_FLOW_SILENT:
        if (is_same) {
            flow->deadline_us = now_us + BNS_FLOW_SYN_TIMEOUT_US;
            return 0;
        }
        *out_is_free = true;
        if (flow->state == BNS_FLOW_HELD)
            flow_abandon(flows, flow);
        else
            flow_remove(flows, flow);
        return 0;
    case BNS_FLOW_HANDSHAKE:
    case BNS_FLOW_OPEN:
    case BNS_FLOW_LINGERING:
        /* A retransmission: libslirp answered the first. And where the command has
         * ended properly, its last bytes may still be on their way to the gateway: the
         * new connection waits for its own retransmission. */
        if (is_same || (flow->state == BNS_FLOW_OPEN && flow_is_over(flow)))
            return 0;
        /* Its kernel uses a port again only when it has forgotten the connection. */
        return BNS_FLOW_AGAIN | flow_cut(flows, flow);
    case BNS_FLOW_ABANDONED:
    case BNS_FLOW_DETACHED:
    case BNS_N_FLOW_STATES:
    default:
        g_assert_not_reached(); /* not in by_tuple */
    }
}

/* Whether there is room for one more. Returns: 0, or why not. */
static unsigned
check_room(BnsFlows *flows, bool is_internal, int64_t now_us)
{
    if (bns_flows_count(flows) >= flows->max ||
        (is_internal && flows->n_internal >= BNS_FLOW_INTERNAL_MAX))
        return BNS_FLOW_TOO_MANY;
    /* Questions for names have a limit of their own. */
    return is_internal || bns_rate_take(&flows->rate, now_us) ? 0 : BNS_FLOW_TOO_FAST;
}

unsigned
bns_flows_on_syn(BnsFlows *flows,
                 const BnsFrame *syn,
                 bool is_internal,
                 int64_t now_us,
                 BnsFlow *out_flow)
{
    BnsFlow *flow = flow_at(flows, &syn->ends);
    unsigned refusal;

    memset(out_flow, 0, sizeof(*out_flow));
    if (flow != NULL) {
        bool is_free;
        unsigned actions;

        *out_flow = *flow;
        actions = on_syn_again(flows, flow, syn, now_us, &is_free);
        if (!is_free)
            return actions;
    }
    refusal = check_room(flows, is_internal, now_us);
    if (refusal != 0) {
        out_flow->ends = syn->ends;
        out_flow->isn = syn->seq;
        return BNS_FLOW_REFUSE | refusal;
    }
    flow = flow_add(flows, syn, is_internal);
    flow->state = is_internal ? BNS_FLOW_HANDSHAKE : BNS_FLOW_HELD;
    flow->deadline_us = now_us + (is_internal ? BNS_FLOW_HANDSHAKE_TIMEOUT_US
                                              : BNS_FLOW_SYN_TIMEOUT_US);
    *out_flow = *flow;
    return is_internal ? BNS_FLOW_ADMIT : BNS_FLOW_OFFER;
}

static void
note_segment(BnsFlow *flow, const BnsFrame *segment)
{
    bool has_fin = (segment->flags & BNS_TCP_FIN) != 0;
    uint32_t end = segment->seq + (uint32_t)segment->payload_len + has_fin;

    if (bns_seq_after(end, flow->guest_next))
        flow->guest_next = end;
    if (has_fin && !flow->guest_fin) {
        flow->guest_fin = true;
        flow->guest_first =
            !flow->our_fin || bns_seq_after(flow->fin_end, segment->ack);
    }
    if ((segment->flags & BNS_TCP_ACK) != 0)
        flow->guest_ack = segment->ack;
}

unsigned
bns_flows_on_segment(BnsFlows *flows, const BnsFrame *segment, BnsFlow *out_flow)
{
    BnsFlow *flow = flow_at(flows, &segment->ends);
    bool is_reset = (segment->flags & BNS_TCP_RST) != 0;

    memset(out_flow, 0, sizeof(*out_flow));
    if (flow == NULL)
        return BNS_FLOW_PASS;
    if (flow->state == BNS_FLOW_HELD || flow->state == BNS_FLOW_SILENT) {
        *out_flow = *flow;
        /* There is no connection yet: only an RST means anything. */
        if (is_reset && flow->state == BNS_FLOW_HELD)
            flow_abandon(flows, flow);
        else if (is_reset)
            flow_remove(flows, flow);
        return 0;
    }
    if (!is_reset)
        note_segment(flow, segment);
    *out_flow = *flow;
    /* Not passed: the RST of a cut has the number that libslirp expects in any case. */
    return is_reset && flow->state == BNS_FLOW_HANDSHAKE ? flow_cut(flows, flow)
                                                         : BNS_FLOW_PASS;
}

unsigned
bns_flows_after_pass(BnsFlows *flows, uint64_t id, BnsFlow *out_flow)
{
    BnsFlow *flow = g_hash_table_lookup(flows->by_id, &id);

    memset(out_flow, 0, sizeof(*out_flow));
    if (flow == NULL)
        return 0;
    *out_flow = *flow;
    return flow->state == BNS_FLOW_LINGERING && flow_is_over(flow)
               ? flow_cut(flows, flow)
               : 0;
}

/* --- libslirp --- */

unsigned
bns_flows_on_stream(BnsFlows *flows, uint64_t id, int backend_fd)
{
    BnsFlow *flow = g_hash_table_lookup(flows->by_id, &id);

    g_return_val_if_fail(flow != NULL && flow->state == BNS_FLOW_HANDSHAKE, 0);
    flow->state = BNS_FLOW_OPEN;
    flow->deadline_us = INT64_MAX;
    flow->backend_fd = backend_fd;
    g_hash_table_insert(flows->by_backend, GINT_TO_POINTER(backend_fd), flow);
    return BNS_FLOW_RELEASE;
}

void
bns_flows_on_our_fin(BnsFlows *flows,
                     const BnsEnds *ends,
                     uint32_t fin_end,
                     int64_t now_us)
{
    BnsFlow *flow = flow_at(flows, ends);

    if (flow == NULL || flow->our_fin)
        return;
    flow->our_fin = true;
    flow->fin_end = fin_end;
    if (flow->state == BNS_FLOW_LINGERING)
        flow->deadline_us = now_us + BNS_FLOW_LINGER_US;
}

unsigned
bns_flows_on_gone(BnsFlows *flows, int backend_fd, BnsFlow *out_flow)
{
    BnsFlow *flow = g_hash_table_lookup(flows->by_backend, GINT_TO_POINTER(backend_fd));

    memset(out_flow, 0, sizeof(*out_flow));
    if (flow == NULL)
        return 0;
    *out_flow = *flow;
    if (flow->state == BNS_FLOW_LINGERING) {
        flow_remove(flows, flow);
        return spare_time_wait(out_flow);
    }
    /* Without both FINs it was an RST, of the command or of libslirp itself. */
    return spare_time_wait(out_flow) |
           flow_detach(flows, flow, !(flow->guest_fin && flow->our_fin));
}

/* --- the gateway --- */

static unsigned
on_verdict(BnsFlows *flows, BnsFlow *flow, BnsWireVerdict verdict, int64_t now_us)
{
    bool is_wanted = flow->state == BNS_FLOW_HELD;

    if (flow->state != BNS_FLOW_HELD && flow->state != BNS_FLOW_ABANDONED)
        return BNS_FLOW_VIOLATION;
    if (verdict == BNS_WIRE_ACCEPT && !is_wanted)
        return flow_detach(flows, flow, true);
    if (verdict == BNS_WIRE_ACCEPT) {
        flow->state = BNS_FLOW_HANDSHAKE;
        flow->deadline_us = now_us + BNS_FLOW_HANDSHAKE_TIMEOUT_US;
        return BNS_FLOW_ADMIT;
    }
    if (verdict == BNS_WIRE_TIMEOUT && is_wanted) {
        flow->state = BNS_FLOW_SILENT;
        return 0;
    }
    flow_remove(flows, flow);
    if (!is_wanted)
        return 0;
    return verdict == BNS_WIRE_UNREACHABLE ? BNS_FLOW_UNREACHABLE : BNS_FLOW_REFUSE;
}

static unsigned
on_closed(BnsFlows *flows, BnsFlow *flow, int64_t now_us)
{
    switch (flow->state) {
    case BNS_FLOW_DETACHED:
        flow_remove(flows, flow);
        return 0;
    case BNS_FLOW_HANDSHAKE:
        /* The command's own next segment gets libslirp's RST. */
        flow_remove(flows, flow);
        return BNS_FLOW_RELEASE | BNS_FLOW_CUT;
    case BNS_FLOW_OPEN:
        flow->state = BNS_FLOW_LINGERING;
        if (flow_is_over(flow))
            return flow_cut(flows, flow);
        if (flow->our_fin)
            flow->deadline_us = now_us + BNS_FLOW_LINGER_US;
        return 0;
    case BNS_FLOW_HELD:
    case BNS_FLOW_ABANDONED:
    case BNS_FLOW_SILENT:
    case BNS_FLOW_LINGERING:
    case BNS_N_FLOW_STATES:
    default:
        return BNS_FLOW_VIOLATION;
    }
}

/* The gateway asks for an RST to the command. It reaches the command by two ways: ours
 * may not have the exact sequence number, which makes the command answer it (RFC 5961),
 * and libslirp, which has forgotten the connection, answer that with the exact one. */
static unsigned
on_reset(BnsFlows *flows, BnsFlow *flow)
{
    if (flow->asked_reset)
        return BNS_FLOW_VIOLATION;
    flow->asked_reset = true;
    if (flow->state == BNS_FLOW_DETACHED)
        return flow_detach(flows, flow, true);
    if (flow->state == BNS_FLOW_OPEN)
        return flow_cut(flows, flow) | BNS_FLOW_RESET_GUEST;
    return BNS_FLOW_VIOLATION;
}

unsigned
bns_flows_on_message(BnsFlows *flows,
                     const BnsWire *message,
                     int64_t now_us,
                     BnsFlow *out_flow)
{
    BnsFlow *flow = g_hash_table_lookup(flows->by_id, &message->flow);

    memset(out_flow, 0, sizeof(*out_flow));
    if (flow == NULL || flow->is_internal)
        return BNS_FLOW_VIOLATION;
    *out_flow = *flow;
    switch (message->type) {
    case BNS_WIRE_VERDICT:
        return on_verdict(flows, flow, message->verdict, now_us);
    case BNS_WIRE_CLOSED:
        return on_closed(flows, flow, now_us);
    case BNS_WIRE_RESET:
        return on_reset(flows, flow);
    default:
        return BNS_FLOW_VIOLATION;
    }
}

unsigned
bns_flows_on_internal_end(BnsFlows *flows,
                          uint64_t id,
                          int64_t now_us,
                          BnsFlow *out_flow)
{
    BnsFlow *flow = g_hash_table_lookup(flows->by_id, &id);

    memset(out_flow, 0, sizeof(*out_flow));
    if (flow == NULL)
        return 0;
    *out_flow = *flow;
    return on_closed(flows, flow, now_us);
}

/* --- time --- */

GArray *
bns_flows_expired(const BnsFlows *flows, int64_t now_us)
{
    GArray *ids = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, flows->by_id);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const BnsFlow *flow = value;

        if (flow->deadline_us <= now_us)
            g_array_append_val(ids, flow->id);
    }
    return ids;
}

unsigned
bns_flows_on_expiry(BnsFlows *flows, uint64_t id, BnsFlow *out_flow)
{
    BnsFlow *flow = g_hash_table_lookup(flows->by_id, &id);

    memset(out_flow, 0, sizeof(*out_flow));
    if (flow == NULL)
        return 0;
    *out_flow = *flow;
    if (flow->state == BNS_FLOW_HELD)
        flow_abandon(flows, flow);
    else if (flow->state == BNS_FLOW_SILENT)
        flow_remove(flows, flow);
    else
        return flow_cut(flows, flow);
    return 0;
}
