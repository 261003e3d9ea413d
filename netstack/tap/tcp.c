/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/tap/tcp.h"

#include "base/fd.h"
#include "netstack/tap/acks.h"
#include "netstack/tap/flows.h"
#include "netstack/tap/reply.h"
#include "netstack/tap/slirp.h"
#include "netstack/tap/tap.h"

#include <arpa/inet.h>

#define PORT_DNS 53

struct BnsTcp {
    BnsTcpConfig config;
    BnsFlows *flows;       /* owned */
    BnsSlirp *slirp;       /* owned */
    BnsAcks *acks;         /* owned */
    BnsDnsTcp *dns_server; /* owned */
};

static int64_t
now_us(const BnsTcp *tcp)
{
    return bns_loop_now_us(tcp->config.loop);
}

/* --- actions --- */

static void
send_to_gateway(BnsTcp *tcp, BnsWireType type, const BnsFlow *flow, int fd)
{
    BnsWire message = { .type = (uint8_t)type, .flow = flow->id };

    if (type == BNS_WIRE_OFFER) {
        const char *name = bns_names_name(tcp->config.names, ntohl(flow->ends.addr));

        message.addr = flow->ends.addr;
        message.port = flow->ends.port;
        message.guest_port = flow->ends.guest_port;
        g_strlcpy(message.name, name != NULL ? name : "", sizeof(message.name));
    }
    bns_wire_queue_send(tcp->config.wire, &message, fd);
}

static void
note_refusal(BnsTcp *tcp, const BnsEnds *ends, const char *reason)
{
    char addr[INET_ADDRSTRLEN];
    const BnsRecord record = {
        .event = BNS_EVENT_FLOW_REFUSED,
        .decision = BNS_DECIDED_DENY,
        .reason = reason,
        .host = bns_names_name(tcp->config.names, ntohl(ends->addr)),
        .addr = inet_ntop(AF_INET, &ends->addr, addr, sizeof(addr)),
        .port = ends->port,
    };

    bns_notes_add(tcp->config.notes, &record);
}

static void
tell_libslirp(BnsTcp *tcp, unsigned actions, const BnsFlow *flow)
{
    uint8_t frame[BNS_REPLY_MAX];
    size_t len;

    if ((actions & BNS_FLOW_RELEASE) != 0)
        bns_slirp_release(tcp->slirp, &flow->ends);
    if ((actions & BNS_FLOW_CUT) != 0) {
        len = bns_reply_cut(&flow->ends, flow->guest_next, frame);
        bns_slirp_input(tcp->slirp, &flow->ends, frame, len);
    }
    if ((actions & BNS_FLOW_ADMIT) != 0) {
        bns_slirp_hold(tcp->slirp, &flow->ends);
        len = bns_reply_syn(&flow->ends, flow->isn, flow->window, flow->mss, frame);
        bns_slirp_input(tcp->slirp, &flow->ends, frame, len);
    }
}

static void
tell_command(BnsTcp *tcp, unsigned actions, const BnsFlow *flow)
{
    uint8_t frame[BNS_REPLY_MAX];
    size_t len = 0;

    if ((actions & BNS_FLOW_REFUSE) != 0)
        len = bns_reply_refusal(&flow->ends, flow->isn, frame);
    else if ((actions & BNS_FLOW_UNREACHABLE) != 0)
        len = bns_reply_host_unreachable(&flow->ends, flow->isn, frame);
    else if ((actions & BNS_FLOW_RESET_GUEST) != 0)
        len = bns_reply_reset(&flow->ends, flow->guest_ack, frame);
    if (len == 0)
        return;
    bns_acks_flush(tcp->acks);
    bns_link_send(tcp->config.link, frame, len);
}

/* Everything but PASS and AGAIN, which need the frame. */
static void
carry_out(BnsTcp *tcp, unsigned actions, const BnsFlow *flow)
{
    tell_libslirp(tcp, actions, flow);
    if ((actions & BNS_FLOW_SAY_RESET) != 0)
        send_to_gateway(tcp, BNS_WIRE_RESET, flow, -1);
    if ((actions & BNS_FLOW_OFFER) != 0)
        send_to_gateway(tcp, BNS_WIRE_OFFER, flow, -1);
    tell_command(tcp, actions, flow);
    if ((actions & BNS_FLOW_TOO_MANY) != 0)
        note_refusal(tcp, &flow->ends, "too many connections are open (limits.flows)");
    if ((actions & BNS_FLOW_TOO_FAST) != 0)
        note_refusal(tcp, &flow->ends,
                     "too many connections in a second (limits.flow_rate)");
    if ((actions & BNS_FLOW_VIOLATION) != 0)
        tcp->config.on_violation("the gateway spoke of a flow out of turn",
                                 tcp->config.data);
}

/* --- from the command --- */

/* The link's own addresses have nothing to offer but the name server. */
static bool
is_on_link(const BnsEnds *ends)
{
    uint32_t mask = UINT32_MAX << (32 - BNS_TAP_PREFIX_LEN);

    return (ntohl(ends->addr) & mask) == (BNS_TAP_ROUTER_ADDR & mask) &&
           !(ntohl(ends->addr) == BNS_TAP_NAMESERVER_ADDR && ends->port == PORT_DNS);
}

static void
on_syn(BnsTcp *tcp, const BnsFrame *syn)
{
    uint8_t frame[BNS_REPLY_MAX];
    unsigned actions;
    BnsFlow flow;

    if (is_on_link(&syn->ends)) {
        note_refusal(tcp, &syn->ends, "an address of the sandbox's own link");
        bns_link_send(tcp->config.link, frame,
                      bns_reply_refusal(&syn->ends, syn->seq, frame));
        return;
    }
    do {
        actions = bns_flows_on_syn(tcp->flows, syn, syn->ends.port == PORT_DNS,
                                   now_us(tcp), &flow);
        carry_out(tcp, actions, &flow);
    } while ((actions & BNS_FLOW_AGAIN) != 0);
}

/* Takes the stream that libslirp made for the segment just passed. This is the only
 * place that accepts, and it knows whose segment it was: so each stream is its flow's. */
static void
take_stream(BnsTcp *tcp, const BnsFlow *flow)
{
    int backend_fd;
    bns_autofd fd = bns_slirp_accept(tcp->slirp, &backend_fd);

    if (fd < 0)
        return;
    if (flow->id == 0 || flow->state != BNS_FLOW_HANDSHAKE) {
        g_warning("libslirp connected for no flow");
        return;
    }
    carry_out(tcp, bns_flows_on_stream(tcp->flows, flow->id, backend_fd), flow);
    if (flow->is_internal)
        bns_dns_tcp_serve(tcp->dns_server, flow->id, g_steal_fd(&fd));
    else
        send_to_gateway(tcp, BNS_WIRE_STREAM, flow, g_steal_fd(&fd));
}

static void
on_segment(BnsTcp *tcp, const uint8_t *bytes, const BnsFrame *segment)
{
    BnsFlow flow;
    unsigned actions = bns_flows_on_segment(tcp->flows, segment, &flow);

    carry_out(tcp, actions, &flow);
    if ((actions & BNS_FLOW_PASS) == 0)
        return;
    bns_slirp_input(tcp->slirp, &segment->ends, bytes, segment->len);
    take_stream(tcp, &flow);
    if (flow.id != 0) {
        actions = bns_flows_after_pass(tcp->flows, flow.id, &flow);
        carry_out(tcp, actions, &flow);
    }
}

void
bns_tcp_on_frame(BnsTcp *tcp, const uint8_t *bytes, const BnsFrame *frame)
{
    if (frame->kind == BNS_FRAME_SYN)
        on_syn(tcp, frame);
    else if (frame->kind == BNS_FRAME_TCP)
        on_segment(tcp, bytes, frame);
    else if (frame->kind == BNS_FRAME_ARP)
        bns_slirp_input(tcp->slirp, &frame->ends, bytes, frame->len);
}

/* --- from libslirp --- */

static void
on_slirp_frame(const uint8_t *bytes, size_t len, void *data)
{
    BnsTcp *tcp = data;
    BnsOwnSegment segment;
    bool is_tcp = bns_frame_read_own(bytes, len, &segment);

    if (is_tcp && (segment.flags & BNS_TCP_FIN) != 0)
        bns_flows_on_our_fin(tcp->flows, &segment.ends, segment.fin_end, now_us(tcp));
    bns_acks_frame(tcp->acks, bytes, len, is_tcp ? &segment : NULL);
}

static void
send_frame(const uint8_t *bytes, size_t len, void *data)
{
    BnsTcp *tcp = data;

    bns_link_send(tcp->config.link, bytes, len);
}

static void
on_slirp_gone(int fd, void *data)
{
    BnsTcp *tcp = data;
    BnsFlow flow;
    unsigned actions = bns_flows_on_gone(tcp->flows, fd, &flow);

    carry_out(tcp, actions, &flow);
}

static bool
is_link_busy(void *data)
{
    const BnsTcp *tcp = data;

    return bns_link_is_busy(tcp->config.link);
}

static const BnsSlirpHandler slirp_handler = {
    .on_frame = on_slirp_frame,
    .on_gone = on_slirp_gone,
    .is_busy = is_link_busy,
};

/* --- from the server of internal flows --- */

static size_t
on_dns_query(const uint8_t *query, size_t len, uint8_t *out, void *data)
{
    const BnsTcp *tcp = data;

    return tcp->config.answer_dns(query, len, out, tcp->config.data);
}

static void
on_dns_end(uint64_t id, void *data)
{
    BnsTcp *tcp = data;
    BnsFlow flow;
    unsigned actions = bns_flows_on_internal_end(tcp->flows, id, now_us(tcp), &flow);

    carry_out(tcp, actions, &flow);
}

static const BnsDnsTcpHandler dns_handler = {
    .answer = on_dns_query,
    .on_end = on_dns_end,
};

/* --- from the gateway and the clock --- */

void
bns_tcp_on_message(BnsTcp *tcp, const BnsWire *message)
{
    BnsFlow flow;
    unsigned actions = bns_flows_on_message(tcp->flows, message, now_us(tcp), &flow);

    carry_out(tcp, actions, &flow);
}

void
bns_tcp_on_tick(BnsTcp *tcp)
{
    g_autoptr(GArray) ids = bns_flows_expired(tcp->flows, now_us(tcp));

    for (guint i = 0; i < ids->len; i++) {
        BnsFlow flow;
        unsigned actions =
            bns_flows_on_expiry(tcp->flows, g_array_index(ids, uint64_t, i), &flow);

        carry_out(tcp, actions, &flow);
    }
}

void
bns_tcp_wake(BnsTcp *tcp)
{
    bns_slirp_wake(tcp->slirp);
}

uint64_t
bns_tcp_waits(const BnsTcp *tcp)
{
    return bns_slirp_waits(tcp->slirp);
}

size_t
bns_tcp_flows(const BnsTcp *tcp)
{
    return bns_flows_count(tcp->flows);
}

size_t
bns_tcp_entries(const BnsTcp *tcp)
{
    return bns_slirp_entries(tcp->slirp);
}

/* --- life --- */

BnsTcp *
bns_tcp_new(const BnsTcpConfig *config, GError **error)
{
    g_autoptr(BnsTcp) tcp = g_new0(BnsTcp, 1);

    tcp->config = *config;
    tcp->flows = bns_flows_new(config->max_flows, config->flow_rate);
    tcp->acks = bns_acks_new(config->loop, send_frame, tcp);
    tcp->dns_server = bns_dns_tcp_new(config->loop, &dns_handler, tcp);
    tcp->slirp =
        bns_slirp_new(config->loop, config->socket_path, &slirp_handler, tcp, error);
    if (tcp->slirp == NULL)
        return NULL;
    return g_steal_pointer(&tcp);
}

void
bns_tcp_free(BnsTcp *tcp)
{
    if (tcp == NULL)
        return;
    bns_dns_tcp_free(tcp->dns_server);
    bns_slirp_free(tcp->slirp);
    bns_acks_free(tcp->acks);
    bns_flows_free(tcp->flows);
    g_free(tcp);
}
