/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/tap/netstack.h"

#include "base/drain.h"
#include "base/fd.h"
#include "base/loop.h"
#include "base/ready.h"
#include "netstack/tap/dns.h"
#include "netstack/tap/reply.h"
#include "netstack/tap/tap.h"
#include "netstack/tap/tcp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <sys/resource.h>

/* How often counted refusals are recorded and old flows are looked for. */
#define TICK_US G_USEC_PER_SEC

#define DESCRIPTORS_PER_FLOW 2
/* Standard streams, sockets to our neighbours, the link, libslirp's socket, epoll: a dozen;
 * the rest is slack. */
#define DESCRIPTORS_RESERVED 32

struct BnsNetstack {
    BnsNetstackConfig config;
    BnsLoop *loop; /* owned, as all below */
    BnsWatch *life;
    BnsTimer *tick;
    bool is_ticking;
    BnsNames *names;
    BnsNotes *notes;
    BnsLink *link;
    BnsWireQueue *wire;
    BnsTcp *tcp;
    BnsDrain *drain;
    uint64_t dropped[BNS_N_DROPS];
    GError *failure; /* why the session must end */
};

G_DEFINE_QUARK(bns_netstack_error, bns_netstack_error)

static void
fail(BnsNetstack *netstack, const char *what)
{
    if (netstack->failure == NULL)
        g_set_error_literal(&netstack->failure, BNS_NETSTACK_ERROR, 0, what);
    bns_loop_quit(netstack->loop);
}

/* The tick runs only while there is something to look after: flows and refusals come
 * from the link alone. */
static void
start_tick(BnsNetstack *netstack)
{
    if (netstack->is_ticking ||
        (bns_tcp_flows(netstack->tcp) == 0 && !bns_notes_is_pending(netstack->notes)))
        return;
    netstack->is_ticking = true;
    bns_timer_set(netstack->tick, bns_loop_now_us(netstack->loop) + TICK_US);
}

static void
on_tick(void *data)
{
    BnsNetstack *netstack = data;

    netstack->is_ticking = false;
    bns_tcp_on_tick(netstack->tcp);
    bns_notes_flush(netstack->notes);
    start_tick(netstack);
}

/* --- records --- */

static void
record(const BnsRecord *what, void *data)
{
    BnsNetstack *netstack = data;

    if (!netstack->config.record(what, netstack->config.record_data))
        fail(netstack, "the recorder is gone");
}

static void
record_drops(BnsNetstack *netstack)
{
    g_autoptr(GString) reason = g_string_new(NULL);
    BnsRecord what = { .event = BNS_EVENT_FRAMES_DROPPED };

    for (int drop = 0; drop < BNS_N_DROPS; drop++) {
        if (netstack->dropped[drop] == 0)
            continue;
        g_string_append_printf(reason, "%s%s %" G_GUINT64_FORMAT,
                               reason->len > 0 ? ", " : "",
                               bns_drop_name((BnsDrop)drop), netstack->dropped[drop]);
        what.count += netstack->dropped[drop];
    }
    what.reason = reason->str;
    if (what.count > 0)
        record(&what, netstack);
}

/* --- DNS and other UDP --- */

static const char *
dns_refusal(BnsDnsNews news)
{
    switch (news) {
    case BNS_DNS_REFUSED_INVALID:
        return "not a host name";
    case BNS_DNS_REFUSED_LIMIT:
        return "more names than limits.names allows";
    case BNS_DNS_OLD:
    case BNS_DNS_NEW_NAME:
    default:
        return NULL;
    }
}

static void
record_dns(BnsNetstack *netstack, const BnsDnsResult *result)
{
    char text[INET_ADDRSTRLEN];
    BnsRecord what = { .host = result->name, .reason = dns_refusal(result->news) };

    if (result->news == BNS_DNS_NEW_NAME) {
        uint32_t addr;
        bool is_new;

        bns_names_address(netstack->names, result->name, &addr, &is_new);
        addr = htonl(addr);
        what.event = BNS_EVENT_DNS_NAME;
        what.addr = inet_ntop(AF_INET, &addr, text, sizeof(text));
        record(&what, netstack);
    } else if (what.reason != NULL) {
        what.event = BNS_EVENT_DNS_REFUSED;
        bns_notes_add(netstack->notes, &what);
    }
}

static size_t
answer_dns(const uint8_t *query, size_t len, uint8_t *out, void *data)
{
    BnsNetstack *netstack = data;
    BnsDnsResult result = bns_dns_answer(netstack->names, query, len, out);

    record_dns(netstack, &result);
    return result.len;
}

static void
on_dns(BnsNetstack *netstack, const BnsFrame *frame)
{
    uint8_t answer[BNS_DNS_ANSWER_MAX];
    uint8_t reply[BNS_REPLY_MAX];
    size_t len = answer_dns(frame->payload, frame->payload_len, answer, netstack);

    G_STATIC_ASSERT(BNS_FRAME_ETH_BYTES + BNS_FRAME_IP_BYTES + BNS_FRAME_UDP_BYTES +
                        BNS_DNS_ANSWER_MAX <=
                    BNS_REPLY_MAX);
    if (len == 0)
        netstack->dropped[BNS_DROP_MALFORMED]++;
    else
        bns_link_send(netstack->link, reply,
                      bns_reply_datagram(&frame->ends, answer, len, reply));
}

static void
on_udp(BnsNetstack *netstack, const uint8_t *bytes, const BnsFrame *frame)
{
    char addr[INET_ADDRSTRLEN];
    uint8_t reply[BNS_REPLY_MAX];
    const BnsRecord what = {
        .event = BNS_EVENT_UDP_REFUSED,
        .decision = BNS_DECIDED_DENY,
        .host = bns_names_name(netstack->names, ntohl(frame->ends.addr)),
        .addr = inet_ntop(AF_INET, &frame->ends.addr, addr, sizeof(addr)),
        .port = frame->ends.port,
    };

    bns_notes_add(netstack->notes, &what);
    /* RFC 1122, 3.2.2: an error never answers what went to a group. */
    if (!frame->is_group)
        bns_link_send(
            netstack->link, reply,
            bns_reply_port_unreachable(&frame->ends, bytes, frame->len, reply));
}

/* --- the link --- */

static void
on_frame(uint8_t *bytes, size_t len, void *data)
{
    BnsNetstack *netstack = data;
    BnsFrame frame;

    bns_frame_read(bytes, len, &frame);
    switch (frame.kind) {
    case BNS_FRAME_ARP:
    case BNS_FRAME_SYN:
    case BNS_FRAME_TCP:
        bns_tcp_on_frame(netstack->tcp, bytes, &frame);
        break;
    case BNS_FRAME_DNS:
        on_dns(netstack, &frame);
        break;
    case BNS_FRAME_UDP:
        on_udp(netstack, bytes, &frame);
        break;
    case BNS_FRAME_DROP:
    case BNS_N_FRAME_KINDS:
    default:
        netstack->dropped[frame.drop]++;
        break;
    }
}

static void
on_link_turn(void *data)
{
    BnsNetstack *netstack = data;

    bns_tcp_wake(netstack->tcp);
    if (bns_tcp_flows(netstack->tcp) > BNS_LINK_NARROW_FLOWS)
        bns_link_widen(netstack->link);
    start_tick(netstack);
}

static void
on_link_lost(void *data)
{
    BnsNetstack *netstack = data;

    netstack->dropped[BNS_DROP_LINK]++;
}

/* The sandbox has ended; the life pipe will say so, too. */
static void
on_link_end(void *data)
{
    g_debug("the link is gone");
}

static const BnsLinkHandler link_handler = {
    .on_frame = on_frame,
    .on_turn = on_link_turn,
    .on_lost = on_link_lost,
    .on_end = on_link_end,
};

/* --- the gateway --- */

static void
on_wire(void *data)
{
    BnsNetstack *netstack = data;
    bns_autofd fd = -1;
    BnsWire message;
    int r = bns_wire_receive(netstack->config.wire_fd, &message, &fd);

    if (r == -EAGAIN)
        return;
    if (r <= 0)
        fail(netstack, r == 0 ? "the gateway is gone" : "the gateway cannot be read");
    else if (fd >= 0)
        fail(netstack, "the gateway sent a descriptor");
    else
        bns_tcp_on_message(netstack->tcp, &message);
}

static void
on_wire_broken(void *data)
{
    fail(data, "the gateway cannot be written to");
}

static void
on_violation(const char *what, void *data)
{
    fail(data, what);
}

/* --- life --- */

/* Takes a descriptor from the supervisor. Blocks: there is nothing else to do before the
 * link is there. Returns: what it is, 0 for anything else, with @error set. */
static int
receive_end(int control_fd, int *out_fd, GError **error)
{
    char text[BNS_READY_TEXT_MAX + 1];
    int type = bns_ready_receive(control_fd, text, out_fd);

    if (*out_fd >= 0 &&
        (type == BNS_READY_TAP || type == BNS_READY_WIDE || type == BNS_READY_PACKET))
        return type;
    g_set_error(error, BNS_NETSTACK_ERROR, 0, "Expected the link, got %s",
                type == 0  ? "the end of the session"
                : type < 0 ? g_strerror(-type)
                           : "something else");
    return 0;
}

static bool
open_link(BnsNetstack *netstack, GError **error)
{
    bns_autofd wide = -1;
    bns_autofd fd = -1;
    int type = receive_end(netstack->config.control_fd, &fd, error);

    if (type == BNS_READY_WIDE) {
        wide = g_steal_fd(&fd);
        type = receive_end(netstack->config.control_fd, &fd, error);
    }
    if (type == 0)
        return false;
    if ((type == BNS_READY_PACKET) != (wide >= 0)) {
        g_set_error_literal(error, BNS_NETSTACK_ERROR, 0, "Got half of a link");
        return false;
    }
    netstack->link = bns_link_new(netstack->loop, g_steal_fd(&fd), g_steal_fd(&wide),
                                  &link_handler, netstack, error);
    return netstack->link != NULL;
}

/* Of what the command sent. A stream that waits for the gateway to take its descriptor
 * holds its bytes itself, but who reads it must know that it is there. */
static uint64_t
count_waits(void *data)
{
    const BnsNetstack *netstack = data;
    uint64_t waits = bns_tcp_waits(netstack->tcp);

    return bns_wire_queue_is_empty(netstack->wire) ? waits : waits + 1;
}

/* A flow has libslirp's end, and ours until the gateway has taken it: there is a descriptor
 * for every flow that is let in. */
static size_t
count_flows(const BnsNetstackConfig *config)
{
    struct rlimit limit;
    size_t room = 0;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > DESCRIPTORS_RESERVED)
        room = (limit.rlim_cur - DESCRIPTORS_RESERVED) / DESCRIPTORS_PER_FLOW;
    if (room < config->max_flows)
        g_info("%zu connections at once: the limit of descriptors allows no more",
               room);
    return MIN(room, config->max_flows);
}

static bool
open_all(BnsNetstack *netstack, GError **error)
{
    const BnsNetstackConfig *config = &netstack->config;
    BnsTcpConfig tcp = { .loop = netstack->loop,
                         .socket_path = config->socket_path,
                         .max_flows = count_flows(config),
                         .flow_rate = config->flow_rate,
                         .names = netstack->names,
                         .notes = netstack->notes,
                         .on_violation = on_violation,
                         .answer_dns = answer_dns,
                         .data = netstack };

    if (!open_link(netstack, error))
        return false;
    netstack->wire = bns_wire_queue_new(netstack->loop, config->wire_fd, on_wire,
                                        on_wire_broken, netstack);
    tcp.link = netstack->link;
    tcp.wire = netstack->wire;
    netstack->tcp = bns_tcp_new(&tcp, error);
    if (netstack->tcp == NULL)
        return false;
    /* The link was the last that came on the control socket. */
    netstack->drain =
        bns_drain_new(netstack->loop, config->control_fd, count_waits, NULL, netstack);
    return true;
}

static BnsNames *
make_names(const BnsNetstackConfig *config)
{
    BnsNames *names = bns_names_new(config->max_names + config->has_host);
    uint32_t addr;
    bool is_new;

    if (config->has_host)
        bns_names_address(names, "host.boundary.internal", &addr, &is_new);
    return names;
}

BnsNetstack *
bns_netstack_new(const BnsNetstackConfig *config, GError **error)
{
    g_autoptr(BnsNetstack) netstack = g_new0(BnsNetstack, 1);

    netstack->config = *config;
    netstack->loop = bns_loop_new();
    netstack->life = bns_loop_watch_life(netstack->loop, config->life_fd);
    netstack->tick = bns_loop_timer(netstack->loop, on_tick, netstack);
    netstack->names = make_names(config);
    netstack->notes = bns_notes_new(record, netstack);
    if (!open_all(netstack, error))
        return NULL;
    return g_steal_pointer(&netstack);
}

void
bns_netstack_free(BnsNetstack *netstack)
{
    if (netstack == NULL)
        return;
    bns_drain_free(netstack->drain);
    bns_tcp_free(netstack->tcp);
    bns_wire_queue_free(netstack->wire);
    bns_link_free(netstack->link);
    bns_notes_free(netstack->notes);
    bns_names_free(netstack->names);
    bns_timer_free(netstack->tick);
    bns_watch_free(netstack->life);
    bns_loop_free(netstack->loop);
    g_clear_error(&netstack->failure);
    g_free(netstack);
}

/* At the end of the session all helpers go, in any order. */
static bool
is_session_over(const BnsNetstack *netstack)
{
    struct pollfd life = { .fd = netstack->config.life_fd, .events = POLLIN };

    return poll(&life, 1, 0) == 1;
}

bool
bns_netstack_run(BnsNetstack *netstack, GError **error)
{
    bns_loop_run(netstack->loop);
    if (is_session_over(netstack)) {
        bns_notes_flush(netstack->notes);
        record_drops(netstack);
        return true;
    }
    g_propagate_error(error, g_steal_pointer(&netstack->failure));
    return false;
}

size_t
bns_netstack_flows(const BnsNetstack *netstack)
{
    return bns_tcp_flows(netstack->tcp);
}

size_t
bns_netstack_entries(const BnsNetstack *netstack)
{
    return bns_tcp_entries(netstack->tcp);
}
