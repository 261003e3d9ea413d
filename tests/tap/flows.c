/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/tap/flows.h"

#include "tests/support/test.h"

#include <arpa/inet.h>

#define ISN     1000u
#define BACKEND 9

typedef struct {
    BnsFlows *flows;
    int64_t now_us;
    BnsFlow flow; /* of the last event */
} Fixture;

static Fixture
fixture_new(size_t max)
{
    return (Fixture){ .flows = bns_flows_new(max), .now_us = 1 };
}

static void
fixture_clear(Fixture *f)
{
    bns_flows_free(f->flows);
}

static BnsFrame
frame_of(uint16_t guest_port)
{
    return (BnsFrame){ .kind = BNS_FRAME_TCP,
                       .flags = BNS_TCP_ACK,
                       .seq = ISN + 1,
                       .ends = { .addr = inet_addr("198.18.3.7"),
                                 .port = 443,
                                 .guest_port = guest_port } };
}

static unsigned
syn(Fixture *f, uint16_t guest_port, uint32_t isn)
{
    BnsFrame frame = frame_of(guest_port);

    frame.kind = BNS_FRAME_SYN;
    frame.flags = BNS_TCP_SYN;
    frame.seq = isn;
    return bns_flows_on_syn(f->flows, &frame, false, f->now_us, &f->flow);
}

static unsigned
segment(Fixture *f, uint16_t guest_port, uint8_t flags, uint32_t seq, uint32_t ack)
{
    BnsFrame frame = frame_of(guest_port);

    frame.flags = flags;
    frame.seq = seq;
    frame.ack = ack;
    return bns_flows_on_segment(f->flows, &frame, &f->flow);
}

static unsigned
message(Fixture *f, uint64_t id, BnsWireType type, BnsWireVerdict verdict)
{
    BnsWire wire = { .type = (uint8_t)type, .verdict = (uint8_t)verdict, .flow = id };

    return bns_flows_on_message(f->flows, &wire, f->now_us, &f->flow);
}

static unsigned
verdict(Fixture *f, uint64_t id, BnsWireVerdict what)
{
    return message(f, id, BNS_WIRE_VERDICT, what);
}

static unsigned
closed(Fixture *f, uint64_t id)
{
    return message(f, id, BNS_WIRE_CLOSED, 0);
}

/* Expires all that is due. Returns: their number; the last one's actions. */
static unsigned
expire(Fixture *f, unsigned *out_actions)
{
    g_autoptr(GArray) ids = bns_flows_expired(f->flows, f->now_us);

    *out_actions = 0;
    for (guint i = 0; i < ids->len; i++)
        *out_actions =
            bns_flows_on_expiry(f->flows, g_array_index(ids, uint64_t, i), &f->flow);
    return ids->len;
}

/* Brings a new flow to HANDSHAKE, or on to OPEN. Returns: its id. */
static uint64_t
handshake(Fixture *f, uint16_t guest_port)
{
    g_assert_cmpuint(syn(f, guest_port, ISN), ==, BNS_FLOW_OFFER);
    g_assert_cmpuint(verdict(f, f->flow.id, BNS_WIRE_ACCEPT), ==, BNS_FLOW_ADMIT);
    return f->flow.id;
}

static uint64_t
opened(Fixture *f, uint16_t guest_port)
{
    uint64_t id = handshake(f, guest_port);

    g_assert_cmpuint(segment(f, guest_port, BNS_TCP_ACK, ISN + 1, 1), ==,
                     BNS_FLOW_PASS);
    g_assert_cmpint(f->flow.state, ==, BNS_FLOW_HANDSHAKE);
    g_assert_cmpuint(bns_flows_on_stream(f->flows, id, BACKEND + guest_port), ==,
                     BNS_FLOW_RELEASE);
    return id;
}

static void
our_fin(Fixture *f, uint16_t guest_port, uint32_t end)
{
    BnsFrame frame = frame_of(guest_port);

    bns_flows_on_our_fin(f->flows, &frame.ends, end, f->now_us);
}

static unsigned
gone(Fixture *f, uint16_t guest_port)
{
    return bns_flows_on_gone(f->flows, BACKEND + guest_port, &f->flow);
}

/* --- held --- */

static void
test_offer(void)
{
    Fixture f = fixture_new(10);

    g_assert_cmpuint(syn(&f, 1, ISN), ==, BNS_FLOW_OFFER);
    g_assert_cmpuint(f.flow.id, ==, 1);
    g_assert_cmpint(f.flow.state, ==, BNS_FLOW_HELD);
    g_assert_cmpuint(syn(&f, 2, ISN), ==, BNS_FLOW_OFFER);
    g_assert_cmpuint(f.flow.id, ==, 2);
    fixture_clear(&f);
}

static void
test_retransmission(void)
{
    Fixture f = fixture_new(10);
    unsigned actions;

    syn(&f, 1, ISN);
    f.now_us += 70 * G_USEC_PER_SEC;
    g_assert_cmpuint(syn(&f, 1, ISN), ==, 0);
    /* Each one shows that the command still waits. */
    f.now_us += 70 * G_USEC_PER_SEC;
    g_assert_cmpuint(expire(&f, &actions), ==, 0);
    g_assert_cmpuint(verdict(&f, 1, BNS_WIRE_ACCEPT), ==, BNS_FLOW_ADMIT);
    g_assert_cmpuint(syn(&f, 1, ISN), ==, 0);
    g_assert_cmpuint(bns_flows_count(f.flows), ==, 1);
    fixture_clear(&f);
}

static void
test_refuse(void)
{
    Fixture f = fixture_new(10);

    syn(&f, 1, ISN);
    g_assert_cmpuint(verdict(&f, 1, BNS_WIRE_REFUSE), ==, BNS_FLOW_REFUSE);
    g_assert_cmpuint(f.flow.isn, ==, ISN);
    g_assert_cmpuint(bns_flows_count(f.flows), ==, 0);
    g_assert_cmpuint(syn(&f, 1, ISN), ==, BNS_FLOW_OFFER);
    g_assert_cmpuint(f.flow.id, ==, 2);
    g_assert_cmpuint(verdict(&f, 2, BNS_WIRE_UNREACHABLE), ==, BNS_FLOW_UNREACHABLE);
    g_assert_cmpuint(bns_flows_count(f.flows), ==, 0);
    fixture_clear(&f);
}

static void
test_timeout(void)
{
    Fixture f = fixture_new(10);
    unsigned actions;

    syn(&f, 1, ISN);
    g_assert_cmpuint(verdict(&f, 1, BNS_WIRE_TIMEOUT), ==, 0);
    f.now_us += 74 * G_USEC_PER_SEC;
    g_assert_cmpuint(syn(&f, 1, ISN), ==, 0);
    f.now_us += 75 * G_USEC_PER_SEC - 1;
    g_assert_cmpuint(expire(&f, &actions), ==, 0);
    f.now_us += 1;
    g_assert_cmpuint(expire(&f, &actions), ==, 1);
    g_assert_cmpuint(actions, ==, 0);
    g_assert_cmpuint(bns_flows_count(f.flows), ==, 0);
    fixture_clear(&f);
}

/* The gateway's word comes after the command gave up: by RST, by silence, by another
 * connection on the same tuple. */
static void
test_abandoned(gconstpointer data)
{
    BnsWireVerdict what = GPOINTER_TO_UINT(data) % BNS_N_WIRE_VERDICTS;
    unsigned how = GPOINTER_TO_UINT(data) / BNS_N_WIRE_VERDICTS;
    Fixture f = fixture_new(10);
    unsigned actions;
    size_t others = how == 2;

    syn(&f, 1, ISN);
    if (how == 0) {
        g_assert_cmpuint(segment(&f, 1, BNS_TCP_RST, ISN + 1, 0), ==, 0);
    } else if (how == 1) {
        f.now_us += BNS_FLOW_SYN_TIMEOUT_US;
        g_assert_cmpuint(expire(&f, &actions), ==, 1);
        g_assert_cmpuint(actions, ==, 0);
    } else {
        g_assert_cmpuint(syn(&f, 1, ISN + 5), ==, BNS_FLOW_OFFER);
        g_assert_cmpuint(f.flow.id, ==, 2);
    }
    g_assert_cmpuint(bns_flows_count(f.flows), ==, 1 + others);
    if (what == BNS_WIRE_ACCEPT) {
        g_assert_cmpuint(verdict(&f, 1, what), ==, BNS_FLOW_SAY_RESET);
        g_assert_cmpuint(closed(&f, 1), ==, 0);
    } else {
        g_assert_cmpuint(verdict(&f, 1, what), ==, 0);
    }
    g_assert_cmpuint(bns_flows_count(f.flows), ==, others);
    fixture_clear(&f);
}

static void
test_silent_ends(void)
{
    Fixture f = fixture_new(10);

    syn(&f, 1, ISN);
    verdict(&f, 1, BNS_WIRE_TIMEOUT);
    g_assert_cmpuint(segment(&f, 1, BNS_TCP_RST, ISN + 1, 0), ==, 0);
    g_assert_cmpuint(bns_flows_count(f.flows), ==, 0);
    syn(&f, 1, ISN);
    verdict(&f, 2, BNS_WIRE_TIMEOUT);
    g_assert_cmpuint(syn(&f, 1, ISN + 9), ==, BNS_FLOW_OFFER);
    g_assert_cmpuint(bns_flows_count(f.flows), ==, 1);
    fixture_clear(&f);
}

static void
test_limit(void)
{
    Fixture f = fixture_new(2);

    syn(&f, 1, ISN);
    syn(&f, 2, ISN);
    g_assert_cmpuint(syn(&f, 3, ISN), ==, BNS_FLOW_REFUSE | BNS_FLOW_TOO_MANY);
    g_assert_cmpuint(f.flow.isn, ==, ISN);
    g_assert_cmpuint(f.flow.ends.guest_port, ==, 3);
    g_assert_cmpuint(syn(&f, 2, ISN), ==, 0);
    verdict(&f, 1, BNS_WIRE_REFUSE);
    g_assert_cmpuint(syn(&f, 3, ISN), ==, BNS_FLOW_OFFER);
    fixture_clear(&f);
}

/* --- in the handshake --- */

static void
test_handshake_reset(void)
{
    Fixture f = fixture_new(10);
    uint64_t id = handshake(&f, 1);

    g_assert_cmpuint(segment(&f, 1, BNS_TCP_RST, ISN + 1, 0), ==,
                     BNS_FLOW_RELEASE | BNS_FLOW_CUT | BNS_FLOW_SAY_RESET);
    g_assert_cmpuint(f.flow.guest_next, ==, ISN + 1);
    /* The tuple is free, the flow waits for the last word. */
    g_assert_cmpuint(syn(&f, 1, ISN), ==, BNS_FLOW_OFFER);
    g_assert_cmpuint(closed(&f, id), ==, 0);
    g_assert_cmpuint(bns_flows_count(f.flows), ==, 1);
    fixture_clear(&f);
}

static void
test_handshake_expires(void)
{
    Fixture f = fixture_new(10);
    unsigned actions;
    uint64_t id = handshake(&f, 1);

    f.now_us += BNS_FLOW_HANDSHAKE_TIMEOUT_US - 1;
    g_assert_cmpuint(expire(&f, &actions), ==, 0);
    f.now_us += 1;
    g_assert_cmpuint(expire(&f, &actions), ==, 1);
    g_assert_cmpuint(actions, ==, BNS_FLOW_RELEASE | BNS_FLOW_CUT | BNS_FLOW_SAY_RESET);
    g_assert_cmpuint(closed(&f, id), ==, 0);
    g_assert_cmpuint(bns_flows_count(f.flows), ==, 0);
    fixture_clear(&f);
}

static void
test_handshake_closed(void)
{
    Fixture f = fixture_new(10);
    uint64_t id = handshake(&f, 1);

    g_assert_cmpuint(closed(&f, id), ==, BNS_FLOW_RELEASE | BNS_FLOW_CUT);
    g_assert_cmpuint(bns_flows_count(f.flows), ==, 0);
    fixture_clear(&f);
}

static void
test_handshake_replaced(void)
{
    Fixture f = fixture_new(10);
    uint64_t id = handshake(&f, 1);

    g_assert_cmpuint(syn(&f, 1, ISN + 7), ==,
                     BNS_FLOW_RELEASE | BNS_FLOW_CUT | BNS_FLOW_SAY_RESET |
                         BNS_FLOW_AGAIN);
    g_assert_cmpuint(f.flow.id, ==, id);
    g_assert_cmpuint(syn(&f, 1, ISN + 7), ==, BNS_FLOW_OFFER);
    fixture_clear(&f);
}

/* --- open --- */

static void
test_command_resets(void)
{
    Fixture f = fixture_new(10);
    uint64_t id = opened(&f, 1);

    g_assert_cmpuint(segment(&f, 1, BNS_TCP_RST, ISN + 1, 0), ==, BNS_FLOW_PASS);
    g_assert_cmpuint(gone(&f, 1), ==, BNS_FLOW_SAY_RESET);
    g_assert_cmpuint(gone(&f, 1), ==, 0);
    g_assert_cmpuint(closed(&f, id), ==, 0);
    g_assert_cmpuint(bns_flows_count(f.flows), ==, 0);
    fixture_clear(&f);
}

/* FIN of the command, of the gateway, then libslirp is done: nothing to say. */
static void
test_command_ends_first(void)
{
    Fixture f = fixture_new(10);
    uint64_t id = opened(&f, 1);

    segment(&f, 1, BNS_TCP_FIN | BNS_TCP_ACK, ISN + 1, 1);
    g_assert_cmpuint(bns_flows_after_pass(f.flows, id, &f.flow), ==, 0);
    our_fin(&f, 1, 2);
    g_assert_cmpuint(closed(&f, id), ==, 0);
    g_assert_cmpuint(segment(&f, 1, BNS_TCP_ACK, ISN + 2, 2), ==, BNS_FLOW_PASS);
    g_assert_cmpuint(gone(&f, 1), ==, 0); /* libslirp was in LAST_ACK */
    g_assert_cmpuint(bns_flows_after_pass(f.flows, id, &f.flow), ==, 0);
    g_assert_cmpuint(bns_flows_count(f.flows), ==, 0);
    fixture_clear(&f);
}

static void
test_gateway_ends_first(void)
{
    Fixture f = fixture_new(10);
    uint64_t id = opened(&f, 1);

    g_assert_cmpuint(closed(&f, id), ==, 0);
    our_fin(&f, 1, 2);
    segment(&f, 1, BNS_TCP_ACK, ISN + 1, 2);
    g_assert_cmpuint(bns_flows_after_pass(f.flows, id, &f.flow), ==, 0);
    segment(&f, 1, BNS_TCP_FIN | BNS_TCP_ACK, ISN + 1, 2);
    /* libslirp would sit in TIME_WAIT for ten seconds. */
    g_assert_cmpuint(bns_flows_after_pass(f.flows, id, &f.flow), ==, BNS_FLOW_CUT);
    g_assert_cmpuint(f.flow.guest_next, ==, ISN + 2);
    g_assert_cmpuint(bns_flows_count(f.flows), ==, 0);
    fixture_clear(&f);
}

/* Both have ended before the gateway says CLOSED: its end may hold unread bytes. */
static void
test_closed_comes_last(void)
{
    Fixture f = fixture_new(10);
    uint64_t id = opened(&f, 1);

    our_fin(&f, 1, 2);
    segment(&f, 1, BNS_TCP_FIN | BNS_TCP_ACK, ISN + 1, 2);
    g_assert_cmpuint(bns_flows_after_pass(f.flows, id, &f.flow), ==, 0);
    /* Nor may the next connection cut it. */
    g_assert_cmpuint(syn(&f, 1, ISN + 100), ==, 0);
    g_assert_cmpuint(closed(&f, id), ==, BNS_FLOW_CUT);
    g_assert_cmpuint(syn(&f, 1, ISN + 100), ==, BNS_FLOW_OFFER);
    fixture_clear(&f);
}

static void
test_lingering_expires(void)
{
    Fixture f = fixture_new(10);
    unsigned actions;
    uint64_t id = opened(&f, 1);

    closed(&f, id);
    f.now_us += 1000 * G_USEC_PER_SEC;
    /* libslirp still has bytes for a slow command. */
    g_assert_cmpuint(expire(&f, &actions), ==, 0);
    our_fin(&f, 1, 2);
    f.now_us += BNS_FLOW_LINGER_US - 1;
    g_assert_cmpuint(expire(&f, &actions), ==, 0);
    f.now_us += 1;
    g_assert_cmpuint(expire(&f, &actions), ==, 1);
    g_assert_cmpuint(actions, ==, BNS_FLOW_CUT);
    g_assert_cmpuint(bns_flows_count(f.flows), ==, 0);
    fixture_clear(&f);
}

static void
test_lingering_counts_fin_before_closed(void)
{
    Fixture f = fixture_new(10);
    unsigned actions;
    uint64_t id = opened(&f, 1);

    our_fin(&f, 1, 2);
    closed(&f, id);
    f.now_us += BNS_FLOW_LINGER_US;
    g_assert_cmpuint(expire(&f, &actions), ==, 1);
    fixture_clear(&f);
}

static void
test_open_replaced(void)
{
    Fixture f = fixture_new(10);
    uint64_t id = opened(&f, 1);

    g_assert_cmpuint(syn(&f, 1, ISN), ==, 0);
    g_assert_cmpuint(syn(&f, 1, ISN + 100), ==,
                     BNS_FLOW_CUT | BNS_FLOW_SAY_RESET | BNS_FLOW_AGAIN);
    g_assert_cmpuint(syn(&f, 1, ISN + 100), ==, BNS_FLOW_OFFER);
    g_assert_cmpuint(f.flow.id, ==, id + 1);
    /* libslirp's end of the first is not the second's. */
    g_assert_cmpuint(gone(&f, 1), ==, 0);
    g_assert_cmpuint(closed(&f, id), ==, 0);
    g_assert_cmpuint(bns_flows_count(f.flows), ==, 1);
    fixture_clear(&f);
}

static void
test_lingering_replaced(void)
{
    Fixture f = fixture_new(10);
    uint64_t id = opened(&f, 1);

    closed(&f, id);
    g_assert_cmpuint(syn(&f, 1, ISN + 100), ==, BNS_FLOW_CUT | BNS_FLOW_AGAIN);
    g_assert_cmpuint(syn(&f, 1, ISN + 100), ==, BNS_FLOW_OFFER);
    fixture_clear(&f);
}

static void
test_next_byte(void)
{
    Fixture f = fixture_new(10);
    BnsFrame frame = frame_of(1);

    opened(&f, 1);
    frame.payload_len = 100;
    frame.seq = ISN + 1;
    bns_flows_on_segment(f.flows, &frame, &f.flow);
    g_assert_cmpuint(f.flow.guest_next, ==, ISN + 101);
    /* A retransmission does not move it back. */
    frame.payload_len = 10;
    bns_flows_on_segment(f.flows, &frame, &f.flow);
    g_assert_cmpuint(f.flow.guest_next, ==, ISN + 101);
    fixture_clear(&f);
}

/* --- the gateway asks for a reset --- */

static void
test_gateway_resets(void)
{
    Fixture f = fixture_new(10);
    uint64_t id = opened(&f, 1);

    segment(&f, 1, BNS_TCP_ACK, ISN + 1, 500);
    g_assert_cmpuint(message(&f, id, BNS_WIRE_RESET, 0), ==,
                     BNS_FLOW_CUT | BNS_FLOW_SAY_RESET | BNS_FLOW_RESET_GUEST);
    g_assert_cmpuint(f.flow.guest_ack, ==, 500);
    g_assert_cmpuint(gone(&f, 1), ==, 0);
    g_assert_cmpuint(closed(&f, id), ==, 0);
    g_assert_cmpuint(bns_flows_count(f.flows), ==, 0);
    fixture_clear(&f);
}

static void
test_resets_cross(void)
{
    Fixture f = fixture_new(10);
    uint64_t id = opened(&f, 1);

    g_assert_cmpuint(gone(&f, 1), ==, BNS_FLOW_SAY_RESET);
    g_assert_cmpuint(message(&f, id, BNS_WIRE_RESET, 0), ==, 0);
    g_assert_cmpuint(message(&f, id, BNS_WIRE_RESET, 0), ==, BNS_FLOW_VIOLATION);
    fixture_clear(&f);
}

/* libslirp had ended properly, so nothing was said yet; the gateway waits for it. */
static void
test_reset_after_the_end(void)
{
    Fixture f = fixture_new(10);
    uint64_t id = opened(&f, 1);

    segment(&f, 1, BNS_TCP_FIN | BNS_TCP_ACK, ISN + 1, 1);
    our_fin(&f, 1, 2);
    g_assert_cmpuint(gone(&f, 1), ==, 0);
    g_assert_cmpuint(message(&f, id, BNS_WIRE_RESET, 0), ==, BNS_FLOW_SAY_RESET);
    g_assert_cmpuint(closed(&f, id), ==, 0);
    fixture_clear(&f);
}

/* --- what the gateway may not say --- */

static void
test_violations(void)
{
    Fixture f = fixture_new(20);
    uint64_t id;

    g_assert_cmpuint(verdict(&f, 7, BNS_WIRE_REFUSE), ==, BNS_FLOW_VIOLATION);
    syn(&f, 1, ISN);
    id = f.flow.id;
    g_assert_cmpuint(closed(&f, id), ==, BNS_FLOW_VIOLATION);
    g_assert_cmpuint(message(&f, id, BNS_WIRE_RESET, 0), ==, BNS_FLOW_VIOLATION);
    g_assert_cmpuint(message(&f, id, BNS_WIRE_OFFER, 0), ==, BNS_FLOW_VIOLATION);
    g_assert_cmpuint(message(&f, id, BNS_WIRE_STREAM, 0), ==, BNS_FLOW_VIOLATION);
    id = opened(&f, 2);
    g_assert_cmpuint(verdict(&f, id, BNS_WIRE_ACCEPT), ==, BNS_FLOW_VIOLATION);
    closed(&f, id);
    g_assert_cmpuint(closed(&f, id), ==, BNS_FLOW_VIOLATION);
    syn(&f, 3, ISN);
    id = f.flow.id;
    verdict(&f, id, BNS_WIRE_TIMEOUT);
    g_assert_cmpuint(closed(&f, id), ==, BNS_FLOW_VIOLATION);
    id = handshake(&f, 4);
    g_assert_cmpuint(message(&f, id, BNS_WIRE_RESET, 0), ==, BNS_FLOW_VIOLATION);
    fixture_clear(&f);
}

/* --- internal flows --- */

static unsigned
internal_syn(Fixture *f, uint16_t guest_port)
{
    BnsFrame frame = frame_of(guest_port);

    frame.kind = BNS_FRAME_SYN;
    frame.seq = ISN;
    return bns_flows_on_syn(f->flows, &frame, true, f->now_us, &f->flow);
}

static void
test_internal(void)
{
    Fixture f = fixture_new(100);
    uint64_t id;

    g_assert_cmpuint(internal_syn(&f, 1), ==, BNS_FLOW_ADMIT);
    id = f.flow.id;
    g_assert_cmpuint(closed(&f, id), ==, BNS_FLOW_VIOLATION);
    segment(&f, 1, BNS_TCP_ACK, ISN + 1, 1);
    bns_flows_on_stream(f.flows, id, BACKEND + 1);
    g_assert_cmpuint(segment(&f, 1, BNS_TCP_RST, ISN + 1, 1), ==, BNS_FLOW_PASS);
    g_assert_cmpuint(gone(&f, 1), ==, 0);
    g_assert_cmpuint(bns_flows_count(f.flows), ==, 0);
    g_assert_cmpuint(bns_flows_on_internal_end(f.flows, id, f.now_us, &f.flow), ==, 0);
    for (uint16_t i = 0; i < BNS_FLOW_INTERNAL_MAX; i++)
        g_assert_cmpuint(internal_syn(&f, i), ==, BNS_FLOW_ADMIT);
    g_assert_cmpuint(internal_syn(&f, 99), ==, BNS_FLOW_REFUSE | BNS_FLOW_TOO_MANY);
    g_assert_cmpuint(syn(&f, 98, ISN), ==, BNS_FLOW_OFFER);
    fixture_clear(&f);
}

int
main(int argc, char **argv)
{
    static const char *const ways[] = { "rst", "silence", "another-connection" };

    bns_test_init(&argc, &argv, 20);
    bns_test_add("/tap/flows/a-syn-is-offered", test_offer);
    bns_test_add("/tap/flows/a-retransmission-is-swallowed", test_retransmission);
    bns_test_add("/tap/flows/a-refusal-is-answered-and-forgotten", test_refuse);
    bns_test_add("/tap/flows/a-timeout-is-silent-while-the-command-waits",
                 test_timeout);
    for (unsigned i = 0; i < BNS_N_WIRE_VERDICTS * G_N_ELEMENTS(ways); i++) {
        g_autofree char *path =
            g_strdup_printf("/tap/flows/verdict-%u-after-%s", i % BNS_N_WIRE_VERDICTS,
                            ways[i / BNS_N_WIRE_VERDICTS]);

        bns_test_add_data(path, GUINT_TO_POINTER(i), test_abandoned);
    }
    bns_test_add("/tap/flows/silence-ends-with-the-connection", test_silent_ends);
    bns_test_add("/tap/flows/beyond-the-limit-is-refused", test_limit);
    bns_test_add("/tap/flows/handshake/rst", test_handshake_reset);
    bns_test_add("/tap/flows/handshake/expires", test_handshake_expires);
    bns_test_add("/tap/flows/handshake/gateway-gives-up", test_handshake_closed);
    bns_test_add("/tap/flows/handshake/new-connection", test_handshake_replaced);
    bns_test_add("/tap/flows/open/rst-is-told", test_command_resets);
    bns_test_add("/tap/flows/open/command-ends-first", test_command_ends_first);
    bns_test_add("/tap/flows/open/gateway-ends-first", test_gateway_ends_first);
    bns_test_add("/tap/flows/open/closed-comes-last", test_closed_comes_last);
    bns_test_add("/tap/flows/open/lingering-expires-after-fin", test_lingering_expires);
    bns_test_add("/tap/flows/open/lingering-expires-with-fin-first",
                 test_lingering_counts_fin_before_closed);
    bns_test_add("/tap/flows/open/new-connection-cuts-the-old", test_open_replaced);
    bns_test_add("/tap/flows/open/new-connection-cuts-what-lingers",
                 test_lingering_replaced);
    bns_test_add("/tap/flows/open/the-next-byte-is-known", test_next_byte);
    bns_test_add("/tap/flows/reset/gateway-asks", test_gateway_resets);
    bns_test_add("/tap/flows/reset/both-cross", test_resets_cross);
    bns_test_add("/tap/flows/reset/after-a-proper-end", test_reset_after_the_end);
    bns_test_add("/tap/flows/what-the-gateway-may-not-say", test_violations);
    bns_test_add("/tap/flows/internal-flows-are-ours", test_internal);
    return g_test_run();
}
