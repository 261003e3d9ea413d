/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/tap/flows.h"

#include "tests/support/test.h"
#include "tests/tap/flows_fixture.h"

/* --- open --- */

static void
test_command_resets(void)
{
    Fixture f = flows_fixture_new(10);
    uint64_t id = flows_opened(&f, 1);

    g_assert_cmpuint(flows_segment(&f, 1, BNS_TCP_RST, ISN + 1, 0), ==, BNS_FLOW_PASS);
    g_assert_cmpuint(flows_gone(&f, 1), ==, BNS_FLOW_SAY_RESET);
    g_assert_cmpuint(flows_gone(&f, 1), ==, 0);
    g_assert_cmpuint(flows_closed(&f, id), ==, 0);
    g_assert_cmpuint(bns_flows_count(f.flows), ==, 0);
    flows_fixture_clear(&f);
}

/* FIN of the command, of the gateway, then libslirp is done: the command's kernel need not
 * wait. */
static void
test_command_ends_first(void)
{
    Fixture f = flows_fixture_new(10);
    uint64_t id = flows_opened(&f, 1);

    flows_segment(&f, 1, BNS_TCP_FIN | BNS_TCP_ACK, ISN + 1, 1);
    g_assert_cmpuint(bns_flows_after_pass(f.flows, id, &f.flow), ==, 0);
    flows_our_fin(&f, 1, 2);
    g_assert_cmpuint(flows_closed(&f, id), ==, 0);
    g_assert_cmpuint(flows_segment(&f, 1, BNS_TCP_ACK, ISN + 2, 2), ==, BNS_FLOW_PASS);
    /* libslirp was in LAST_ACK */
    g_assert_cmpuint(flows_gone(&f, 1), ==, BNS_FLOW_RESET_GUEST);
    g_assert_cmpuint(f.flow.guest_ack, ==, 2);
    g_assert_cmpuint(bns_flows_after_pass(f.flows, id, &f.flow), ==, 0);
    g_assert_cmpuint(bns_flows_count(f.flows), ==, 0);
    flows_fixture_clear(&f);
}

/* A flow that is over, of whose end the gateway has said nothing yet. */
static uint64_t
end_command_first(Fixture *f)
{
    uint64_t id = flows_opened(f, 1);

    flows_segment(f, 1, BNS_TCP_FIN | BNS_TCP_ACK, ISN + 1, 1);
    flows_our_fin(f, 1, 2);
    flows_segment(f, 1, BNS_TCP_ACK, ISN + 2, 2);
    return id;
}

/* The same, but the gateway says CLOSED last. */
static void
test_command_first_closed_last(void)
{
    Fixture f = flows_fixture_new(10);
    uint64_t id = end_command_first(&f);

    g_assert_cmpuint(flows_gone(&f, 1), ==, BNS_FLOW_RESET_GUEST);
    /* The port is free. */
    g_assert_cmpuint(flows_syn(&f, 1, ISN + 100), ==, BNS_FLOW_OFFER);
    g_assert_cmpuint(flows_closed(&f, id), ==, 0);
    flows_fixture_clear(&f);
}

/* libslirp does not let go by itself where its FIN had to wait. */
static void
test_command_first_cut(void)
{
    Fixture f = flows_fixture_new(10);
    uint64_t id = end_command_first(&f);

    g_assert_cmpuint(flows_closed(&f, id), ==, BNS_FLOW_CUT | BNS_FLOW_RESET_GUEST);
    g_assert_cmpuint(bns_flows_count(f.flows), ==, 0);
    flows_fixture_clear(&f);
}

/* Neither had seen the other's FIN. */
static void
test_ends_cross(void)
{
    Fixture f = flows_fixture_new(10);
    uint64_t id = flows_opened(&f, 1);

    g_assert_cmpuint(flows_closed(&f, id), ==, 0);
    flows_our_fin(&f, 1, 2);
    flows_segment(&f, 1, BNS_TCP_FIN | BNS_TCP_ACK, ISN + 1, 1);
    g_assert_cmpuint(bns_flows_after_pass(f.flows, id, &f.flow), ==, 0);
    flows_segment(&f, 1, BNS_TCP_ACK, ISN + 2, 2);
    g_assert_cmpuint(bns_flows_after_pass(f.flows, id, &f.flow), ==,
                     BNS_FLOW_CUT | BNS_FLOW_RESET_GUEST);
    flows_fixture_clear(&f);
}

/* What is not over is not reset: the command would lose what it has not read, or sent. */
static void
test_unacknowledged_end(void)
{
    Fixture f = flows_fixture_new(10);
    uint64_t id = flows_opened(&f, 1);

    flows_segment(&f, 1, BNS_TCP_FIN | BNS_TCP_ACK, ISN + 1, 1);
    flows_our_fin(&f, 1, 5);
    flows_segment(&f, 1, BNS_TCP_ACK, ISN + 2, 4);
    g_assert_cmpuint(flows_closed(&f, id), ==, 0);
    g_assert_cmpuint(bns_flows_after_pass(f.flows, id, &f.flow), ==, 0);
    g_assert_cmpuint(flows_gone(&f, 1), ==, 0);
    flows_fixture_clear(&f);
}

static void
test_gateway_ends_first(void)
{
    Fixture f = flows_fixture_new(10);
    uint64_t id = flows_opened(&f, 1);

    g_assert_cmpuint(flows_closed(&f, id), ==, 0);
    flows_our_fin(&f, 1, 2);
    flows_segment(&f, 1, BNS_TCP_ACK, ISN + 1, 2);
    g_assert_cmpuint(bns_flows_after_pass(f.flows, id, &f.flow), ==, 0);
    flows_segment(&f, 1, BNS_TCP_FIN | BNS_TCP_ACK, ISN + 1, 2);
    /* libslirp would sit in TIME_WAIT for ten seconds. */
    g_assert_cmpuint(bns_flows_after_pass(f.flows, id, &f.flow), ==, BNS_FLOW_CUT);
    g_assert_cmpuint(f.flow.guest_next, ==, ISN + 2);
    g_assert_cmpuint(bns_flows_count(f.flows), ==, 0);
    flows_fixture_clear(&f);
}

/* Both have ended before the gateway says CLOSED: its end may hold unread bytes. */
static void
test_closed_comes_last(void)
{
    Fixture f = flows_fixture_new(10);
    uint64_t id = flows_opened(&f, 1);

    flows_our_fin(&f, 1, 2);
    flows_segment(&f, 1, BNS_TCP_FIN | BNS_TCP_ACK, ISN + 1, 2);
    g_assert_cmpuint(bns_flows_after_pass(f.flows, id, &f.flow), ==, 0);
    /* Nor may the next connection cut it. */
    g_assert_cmpuint(flows_syn(&f, 1, ISN + 100), ==, 0);
    g_assert_cmpuint(flows_closed(&f, id), ==, BNS_FLOW_CUT);
    g_assert_cmpuint(flows_syn(&f, 1, ISN + 100), ==, BNS_FLOW_OFFER);
    flows_fixture_clear(&f);
}

static void
test_lingering_expires(void)
{
    Fixture f = flows_fixture_new(10);
    unsigned actions;
    uint64_t id = flows_opened(&f, 1);

    flows_closed(&f, id);
    f.now_us += 1000 * G_USEC_PER_SEC;
    /* libslirp still has bytes for a slow command. */
    g_assert_cmpuint(flows_expire(&f, &actions), ==, 0);
    flows_our_fin(&f, 1, 2);
    f.now_us += BNS_FLOW_LINGER_US - 1;
    g_assert_cmpuint(flows_expire(&f, &actions), ==, 0);
    f.now_us += 1;
    g_assert_cmpuint(flows_expire(&f, &actions), ==, 1);
    g_assert_cmpuint(actions, ==, BNS_FLOW_CUT);
    g_assert_cmpuint(bns_flows_count(f.flows), ==, 0);
    flows_fixture_clear(&f);
}

static void
test_lingering_counts_fin_before_closed(void)
{
    Fixture f = flows_fixture_new(10);
    unsigned actions;
    uint64_t id = flows_opened(&f, 1);

    flows_our_fin(&f, 1, 2);
    flows_closed(&f, id);
    f.now_us += BNS_FLOW_LINGER_US;
    g_assert_cmpuint(flows_expire(&f, &actions), ==, 1);
    flows_fixture_clear(&f);
}

static void
test_open_replaced(void)
{
    Fixture f = flows_fixture_new(10);
    uint64_t id = flows_opened(&f, 1);

    g_assert_cmpuint(flows_syn(&f, 1, ISN), ==, 0);
    g_assert_cmpuint(flows_syn(&f, 1, ISN + 100), ==,
                     BNS_FLOW_CUT | BNS_FLOW_SAY_RESET | BNS_FLOW_AGAIN);
    g_assert_cmpuint(flows_syn(&f, 1, ISN + 100), ==, BNS_FLOW_OFFER);
    g_assert_cmpuint(f.flow.id, ==, id + 1);
    /* libslirp's end of the first is not the second's. */
    g_assert_cmpuint(flows_gone(&f, 1), ==, 0);
    g_assert_cmpuint(flows_closed(&f, id), ==, 0);
    g_assert_cmpuint(bns_flows_count(f.flows), ==, 1);
    flows_fixture_clear(&f);
}

static void
test_lingering_replaced(void)
{
    Fixture f = flows_fixture_new(10);
    uint64_t id = flows_opened(&f, 1);

    flows_closed(&f, id);
    g_assert_cmpuint(flows_syn(&f, 1, ISN + 100), ==, BNS_FLOW_CUT | BNS_FLOW_AGAIN);
    g_assert_cmpuint(flows_syn(&f, 1, ISN + 100), ==, BNS_FLOW_OFFER);
    flows_fixture_clear(&f);
}

static void
test_next_byte(void)
{
    Fixture f = flows_fixture_new(10);
    BnsFrame frame = flows_frame_of(1);

    flows_opened(&f, 1);
    frame.payload_len = 100;
    frame.seq = ISN + 1;
    bns_flows_on_segment(f.flows, &frame, &f.flow);
    g_assert_cmpuint(f.flow.guest_next, ==, ISN + 101);
    /* A retransmission does not move it back. */
    frame.payload_len = 10;
    bns_flows_on_segment(f.flows, &frame, &f.flow);
    g_assert_cmpuint(f.flow.guest_next, ==, ISN + 101);
    flows_fixture_clear(&f);
}

/* --- the gateway asks for a reset --- */

static void
test_gateway_resets(void)
{
    Fixture f = flows_fixture_new(10);
    uint64_t id = flows_opened(&f, 1);

    flows_segment(&f, 1, BNS_TCP_ACK, ISN + 1, 500);
    g_assert_cmpuint(flows_message(&f, id, BNS_WIRE_RESET, 0), ==,
                     BNS_FLOW_CUT | BNS_FLOW_SAY_RESET | BNS_FLOW_RESET_GUEST);
    g_assert_cmpuint(f.flow.guest_ack, ==, 500);
    g_assert_cmpuint(flows_gone(&f, 1), ==, 0);
    g_assert_cmpuint(flows_closed(&f, id), ==, 0);
    g_assert_cmpuint(bns_flows_count(f.flows), ==, 0);
    flows_fixture_clear(&f);
}

static void
test_resets_cross(void)
{
    Fixture f = flows_fixture_new(10);
    uint64_t id = flows_opened(&f, 1);

    g_assert_cmpuint(flows_gone(&f, 1), ==, BNS_FLOW_SAY_RESET);
    g_assert_cmpuint(flows_message(&f, id, BNS_WIRE_RESET, 0), ==, 0);
    g_assert_cmpuint(flows_message(&f, id, BNS_WIRE_RESET, 0), ==, BNS_FLOW_VIOLATION);
    flows_fixture_clear(&f);
}

/* libslirp had ended properly, so nothing was said yet; the gateway waits for it. */
static void
test_reset_after_the_end(void)
{
    Fixture f = flows_fixture_new(10);
    uint64_t id = flows_opened(&f, 1);

    flows_segment(&f, 1, BNS_TCP_FIN | BNS_TCP_ACK, ISN + 1, 1);
    flows_our_fin(&f, 1, 2);
    g_assert_cmpuint(flows_gone(&f, 1), ==, 0);
    g_assert_cmpuint(flows_message(&f, id, BNS_WIRE_RESET, 0), ==, BNS_FLOW_SAY_RESET);
    g_assert_cmpuint(flows_closed(&f, id), ==, 0);
    flows_fixture_clear(&f);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    bns_test_add("/tap/flows/open/rst-is-told", test_command_resets);
    bns_test_add("/tap/flows/open/command-ends-first", test_command_ends_first);
    bns_test_add("/tap/flows/open/command-first-closed-last",
                 test_command_first_closed_last);
    bns_test_add("/tap/flows/open/command-first-cut", test_command_first_cut);
    bns_test_add("/tap/flows/open/ends-cross", test_ends_cross);
    bns_test_add("/tap/flows/open/unacknowledged-end", test_unacknowledged_end);
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
    return g_test_run();
}
