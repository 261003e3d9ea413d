/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/tap/flows.h"

#include "tests/support/test.h"
#include "tests/tap/flows_fixture.h"

/* --- held --- */

static void
test_offer(void)
{
    Fixture f = flows_fixture_new(10);

    g_assert_cmpuint(flows_syn(&f, 1, ISN), ==, BNS_FLOW_OFFER);
    g_assert_cmpuint(f.flow.id, ==, 1);
    g_assert_cmpint(f.flow.state, ==, BNS_FLOW_HELD);
    g_assert_cmpuint(flows_syn(&f, 2, ISN), ==, BNS_FLOW_OFFER);
    g_assert_cmpuint(f.flow.id, ==, 2);
    flows_fixture_clear(&f);
}

/* A second's worth at once, then one in each part of it. */
static void
test_rate(void)
{
    Fixture f = flows_fixture_new_with_rate(100, 4);

    f.now_us += G_USEC_PER_SEC;
    for (uint16_t port = 1; port <= 4; port++)
        g_assert_cmpuint(flows_syn(&f, port, ISN), ==, BNS_FLOW_OFFER);
    g_assert_cmpuint(flows_syn(&f, 5, ISN), ==, BNS_FLOW_REFUSE | BNS_FLOW_TOO_FAST);
    /* One that is there asks for nothing new. */
    g_assert_cmpuint(flows_syn(&f, 1, ISN), ==, 0);
    f.now_us += G_USEC_PER_SEC / 4 - 1;
    g_assert_cmpuint(flows_syn(&f, 5, ISN), ==, BNS_FLOW_REFUSE | BNS_FLOW_TOO_FAST);
    f.now_us += 1;
    g_assert_cmpuint(flows_syn(&f, 5, ISN), ==, BNS_FLOW_OFFER);
    g_assert_cmpuint(flows_syn(&f, 6, ISN), ==, BNS_FLOW_REFUSE | BNS_FLOW_TOO_FAST);
    /* A long pause saves up no more than a second's worth. */
    f.now_us += 5 * G_USEC_PER_SEC;
    for (uint16_t port = 6; port <= 9; port++)
        g_assert_cmpuint(flows_syn(&f, port, ISN), ==, BNS_FLOW_OFFER);
    g_assert_cmpuint(flows_syn(&f, 10, ISN), ==, BNS_FLOW_REFUSE | BNS_FLOW_TOO_FAST);
    flows_fixture_clear(&f);
}

static void
test_retransmission(void)
{
    Fixture f = flows_fixture_new(10);
    unsigned actions;

    flows_syn(&f, 1, ISN);
    f.now_us += 70 * G_USEC_PER_SEC;
    g_assert_cmpuint(flows_syn(&f, 1, ISN), ==, 0);
    /* Each one shows that the command still waits. */
    f.now_us += 70 * G_USEC_PER_SEC;
    g_assert_cmpuint(flows_expire(&f, &actions), ==, 0);
    g_assert_cmpuint(flows_verdict(&f, 1, BNS_WIRE_ACCEPT), ==, BNS_FLOW_ADMIT);
    g_assert_cmpuint(flows_syn(&f, 1, ISN), ==, 0);
    g_assert_cmpuint(bns_flows_count(f.flows), ==, 1);
    flows_fixture_clear(&f);
}

static void
test_refuse(void)
{
    Fixture f = flows_fixture_new(10);

    flows_syn(&f, 1, ISN);
    g_assert_cmpuint(flows_verdict(&f, 1, BNS_WIRE_REFUSE), ==, BNS_FLOW_REFUSE);
    g_assert_cmpuint(f.flow.isn, ==, ISN);
    g_assert_cmpuint(bns_flows_count(f.flows), ==, 0);
    g_assert_cmpuint(flows_syn(&f, 1, ISN), ==, BNS_FLOW_OFFER);
    g_assert_cmpuint(f.flow.id, ==, 2);
    g_assert_cmpuint(flows_verdict(&f, 2, BNS_WIRE_UNREACHABLE), ==,
                     BNS_FLOW_UNREACHABLE);
    g_assert_cmpuint(bns_flows_count(f.flows), ==, 0);
    flows_fixture_clear(&f);
}

static void
test_timeout(void)
{
    Fixture f = flows_fixture_new(10);
    unsigned actions;

    flows_syn(&f, 1, ISN);
    g_assert_cmpuint(flows_verdict(&f, 1, BNS_WIRE_TIMEOUT), ==, 0);
    f.now_us += 74 * G_USEC_PER_SEC;
    g_assert_cmpuint(flows_syn(&f, 1, ISN), ==, 0);
    f.now_us += 75 * G_USEC_PER_SEC - 1;
    g_assert_cmpuint(flows_expire(&f, &actions), ==, 0);
    f.now_us += 1;
    g_assert_cmpuint(flows_expire(&f, &actions), ==, 1);
    g_assert_cmpuint(actions, ==, 0);
    g_assert_cmpuint(bns_flows_count(f.flows), ==, 0);
    flows_fixture_clear(&f);
}

/* The gateway's word comes after the command gave up: by RST, by silence, by another
 * connection on the same tuple. */
static void
test_abandoned(gconstpointer data)
{
    BnsWireVerdict what = GPOINTER_TO_UINT(data) % BNS_N_WIRE_VERDICTS;
    unsigned how = GPOINTER_TO_UINT(data) / BNS_N_WIRE_VERDICTS;
    Fixture f = flows_fixture_new(10);
    unsigned actions;
    size_t others = how == 2;

    flows_syn(&f, 1, ISN);
    if (how == 0) {
        g_assert_cmpuint(flows_segment(&f, 1, BNS_TCP_RST, ISN + 1, 0), ==, 0);
    } else if (how == 1) {
        f.now_us += BNS_FLOW_SYN_TIMEOUT_US;
        g_assert_cmpuint(flows_expire(&f, &actions), ==, 1);
        g_assert_cmpuint(actions, ==, 0);
    } else {
        g_assert_cmpuint(flows_syn(&f, 1, ISN + 5), ==, BNS_FLOW_OFFER);
        g_assert_cmpuint(f.flow.id, ==, 2);
    }
    g_assert_cmpuint(bns_flows_count(f.flows), ==, 1 + others);
    if (what == BNS_WIRE_ACCEPT) {
        g_assert_cmpuint(flows_verdict(&f, 1, what), ==, BNS_FLOW_SAY_RESET);
        g_assert_cmpuint(flows_closed(&f, 1), ==, 0);
    } else {
        g_assert_cmpuint(flows_verdict(&f, 1, what), ==, 0);
    }
    g_assert_cmpuint(bns_flows_count(f.flows), ==, others);
    flows_fixture_clear(&f);
}

static void
test_silent_ends(void)
{
    Fixture f = flows_fixture_new(10);

    flows_syn(&f, 1, ISN);
    flows_verdict(&f, 1, BNS_WIRE_TIMEOUT);
    g_assert_cmpuint(flows_segment(&f, 1, BNS_TCP_RST, ISN + 1, 0), ==, 0);
    g_assert_cmpuint(bns_flows_count(f.flows), ==, 0);
    flows_syn(&f, 1, ISN);
    flows_verdict(&f, 2, BNS_WIRE_TIMEOUT);
    g_assert_cmpuint(flows_syn(&f, 1, ISN + 9), ==, BNS_FLOW_OFFER);
    g_assert_cmpuint(bns_flows_count(f.flows), ==, 1);
    flows_fixture_clear(&f);
}

static void
test_limit(void)
{
    Fixture f = flows_fixture_new(2);

    flows_syn(&f, 1, ISN);
    flows_syn(&f, 2, ISN);
    g_assert_cmpuint(flows_syn(&f, 3, ISN), ==, BNS_FLOW_REFUSE | BNS_FLOW_TOO_MANY);
    g_assert_cmpuint(f.flow.isn, ==, ISN);
    g_assert_cmpuint(f.flow.ends.guest_port, ==, 3);
    g_assert_cmpuint(flows_syn(&f, 2, ISN), ==, 0);
    flows_verdict(&f, 1, BNS_WIRE_REFUSE);
    g_assert_cmpuint(flows_syn(&f, 3, ISN), ==, BNS_FLOW_OFFER);
    flows_fixture_clear(&f);
}

/* --- in the handshake --- */

static void
test_handshake_reset(void)
{
    Fixture f = flows_fixture_new(10);
    uint64_t id = flows_handshake(&f, 1);

    g_assert_cmpuint(flows_segment(&f, 1, BNS_TCP_RST, ISN + 1, 0), ==,
                     BNS_FLOW_RELEASE | BNS_FLOW_CUT | BNS_FLOW_SAY_RESET);
    g_assert_cmpuint(f.flow.guest_next, ==, ISN + 1);
    /* The tuple is free, the flow waits for the last word. */
    g_assert_cmpuint(flows_syn(&f, 1, ISN), ==, BNS_FLOW_OFFER);
    g_assert_cmpuint(flows_closed(&f, id), ==, 0);
    g_assert_cmpuint(bns_flows_count(f.flows), ==, 1);
    flows_fixture_clear(&f);
}

static void
test_handshake_expires(void)
{
    Fixture f = flows_fixture_new(10);
    unsigned actions;
    uint64_t id = flows_handshake(&f, 1);

    f.now_us += BNS_FLOW_HANDSHAKE_TIMEOUT_US - 1;
    g_assert_cmpuint(flows_expire(&f, &actions), ==, 0);
    f.now_us += 1;
    g_assert_cmpuint(flows_expire(&f, &actions), ==, 1);
    g_assert_cmpuint(actions, ==, BNS_FLOW_RELEASE | BNS_FLOW_CUT | BNS_FLOW_SAY_RESET);
    g_assert_cmpuint(flows_closed(&f, id), ==, 0);
    g_assert_cmpuint(bns_flows_count(f.flows), ==, 0);
    flows_fixture_clear(&f);
}

static void
test_handshake_closed(void)
{
    Fixture f = flows_fixture_new(10);
    uint64_t id = flows_handshake(&f, 1);

    g_assert_cmpuint(flows_closed(&f, id), ==, BNS_FLOW_RELEASE | BNS_FLOW_CUT);
    g_assert_cmpuint(bns_flows_count(f.flows), ==, 0);
    flows_fixture_clear(&f);
}

static void
test_handshake_replaced(void)
{
    Fixture f = flows_fixture_new(10);
    uint64_t id = flows_handshake(&f, 1);

    g_assert_cmpuint(flows_syn(&f, 1, ISN + 7), ==,
                     BNS_FLOW_RELEASE | BNS_FLOW_CUT | BNS_FLOW_SAY_RESET |
                         BNS_FLOW_AGAIN);
    g_assert_cmpuint(f.flow.id, ==, id);
    g_assert_cmpuint(flows_syn(&f, 1, ISN + 7), ==, BNS_FLOW_OFFER);
    flows_fixture_clear(&f);
}

/* --- what the gateway may not say --- */

static void
test_violations(void)
{
    Fixture f = flows_fixture_new(20);
    uint64_t id;

    g_assert_cmpuint(flows_verdict(&f, 7, BNS_WIRE_REFUSE), ==, BNS_FLOW_VIOLATION);
    flows_syn(&f, 1, ISN);
    id = f.flow.id;
    g_assert_cmpuint(flows_closed(&f, id), ==, BNS_FLOW_VIOLATION);
    g_assert_cmpuint(flows_message(&f, id, BNS_WIRE_RESET, 0), ==, BNS_FLOW_VIOLATION);
    g_assert_cmpuint(flows_message(&f, id, BNS_WIRE_OFFER, 0), ==, BNS_FLOW_VIOLATION);
    g_assert_cmpuint(flows_message(&f, id, BNS_WIRE_STREAM, 0), ==, BNS_FLOW_VIOLATION);
    id = flows_opened(&f, 2);
    g_assert_cmpuint(flows_verdict(&f, id, BNS_WIRE_ACCEPT), ==, BNS_FLOW_VIOLATION);
    flows_closed(&f, id);
    g_assert_cmpuint(flows_closed(&f, id), ==, BNS_FLOW_VIOLATION);
    flows_syn(&f, 3, ISN);
    id = f.flow.id;
    flows_verdict(&f, id, BNS_WIRE_TIMEOUT);
    g_assert_cmpuint(flows_closed(&f, id), ==, BNS_FLOW_VIOLATION);
    id = flows_handshake(&f, 4);
    g_assert_cmpuint(flows_message(&f, id, BNS_WIRE_RESET, 0), ==, BNS_FLOW_VIOLATION);
    flows_fixture_clear(&f);
}

/* --- internal flows --- */

static unsigned
internal_syn(Fixture *f, uint16_t guest_port)
{
    BnsFrame frame = flows_frame_of(guest_port);

    frame.kind = BNS_FRAME_SYN;
    frame.seq = ISN;
    return bns_flows_on_syn(f->flows, &frame, true, f->now_us, &f->flow);
}

static void
test_internal(void)
{
    Fixture f = flows_fixture_new(100);
    uint64_t id;

    g_assert_cmpuint(internal_syn(&f, 1), ==, BNS_FLOW_ADMIT);
    id = f.flow.id;
    g_assert_cmpuint(flows_closed(&f, id), ==, BNS_FLOW_VIOLATION);
    flows_segment(&f, 1, BNS_TCP_ACK, ISN + 1, 1);
    bns_flows_on_stream(f.flows, id, BACKEND + 1);
    g_assert_cmpuint(flows_segment(&f, 1, BNS_TCP_RST, ISN + 1, 1), ==, BNS_FLOW_PASS);
    g_assert_cmpuint(flows_gone(&f, 1), ==, 0);
    g_assert_cmpuint(bns_flows_count(f.flows), ==, 0);
    g_assert_cmpuint(bns_flows_on_internal_end(f.flows, id, f.now_us, &f.flow), ==, 0);
    for (uint16_t i = 0; i < BNS_FLOW_INTERNAL_MAX; i++)
        g_assert_cmpuint(internal_syn(&f, i), ==, BNS_FLOW_ADMIT);
    g_assert_cmpuint(internal_syn(&f, 99), ==, BNS_FLOW_REFUSE | BNS_FLOW_TOO_MANY);
    g_assert_cmpuint(flows_syn(&f, 98, ISN), ==, BNS_FLOW_OFFER);
    flows_fixture_clear(&f);
}

int
main(int argc, char **argv)
{
    static const char *const ways[] = { "rst", "silence", "another-connection" };

    bns_test_init(&argc, &argv, 20);
    bns_test_add("/tap/flows/a-syn-is-offered", test_offer);
    bns_test_add("/tap/flows/a-retransmission-is-swallowed", test_retransmission);
    bns_test_add("/tap/flows/so-many-in-a-second", test_rate);
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
    bns_test_add("/tap/flows/what-the-gateway-may-not-say", test_violations);
    bns_test_add("/tap/flows/internal-flows-are-ours", test_internal);
    return g_test_run();
}
