/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/tap/acks.h"

#include "netstack/tap/bytes.h"
#include "netstack/tap/frame.h"
#include "netstack/tap/tap.h"
#include "tests/support/test.h"

#include <string.h>

#define FLAGS_PSH_ACK (0x08 | BNS_TCP_ACK)

/* As much of a frame as tells them apart. */
typedef struct {
    uint16_t guest_port;
    uint8_t flags;
    uint32_t ack;
    uint8_t payload;
} Segment;

typedef struct {
    BnsLoop *loop;
    BnsAcks *acks;
    GString
        *sent; /* "PORT:ACK" of bare ones, "PORT:ACK+" of others, each with a space */
} Fixture;

static void
on_send(const uint8_t *bytes, size_t len, void *data)
{
    Fixture *f = data;
    const uint8_t *tcp = bytes + BNS_FRAME_ETH_BYTES + BNS_FRAME_IP_BYTES;

    if (bns_get16(bytes + 12) != 0x0800) {
        g_string_append(f->sent, "arp ");
        return;
    }
    g_string_append_printf(f->sent, "%u:%u%s ", bns_get16(tcp + 2), bns_get32(tcp + 8),
                           len > 54 || tcp[13] != BNS_TCP_ACK ? "+" : "");
}

static void
init(Fixture *f)
{
    *f = (Fixture){ .loop = bns_loop_new(), .sent = g_string_new(NULL) };
    f->acks = bns_acks_new(f->loop, on_send, f);
}

static void
clear(Fixture *f)
{
    bns_acks_free(f->acks);
    bns_loop_free(f->loop);
    g_string_free(f->sent, TRUE);
}

static void
put_frame(Fixture *f, const uint8_t *bytes, size_t len)
{
    BnsOwnSegment own;

    bns_acks_frame(f->acks, bytes, len,
                   bns_frame_read_own(bytes, len, &own) ? &own : NULL);
}

static void
put(Fixture *f, const Segment *segment)
{
    uint8_t bytes[54 + 8] = { [12] = 0x08, [14] = 0x45, [14 + 9] = 6 };
    uint8_t *tcp = bytes + 34;

    bns_put16(bytes + 14 + 2, (uint16_t)(40 + segment->payload));
    bns_put32(bytes + 14 + 12, 0xc6120064);
    bns_put16(tcp, 443);
    bns_put16(tcp + 2, segment->guest_port);
    bns_put32(tcp + 8, segment->ack);
    tcp[12] = 5 << 4;
    tcp[13] = segment->flags;
    put_frame(f, bytes, 54u + segment->payload);
}

static void
put_ack(Fixture *f, uint16_t port, uint32_t ack)
{
    put(f, &(Segment){ port, BNS_TCP_ACK, ack, 0 });
}

static void
assert_sent(Fixture *f, const char *expected)
{
    g_assert_cmpstr(f->sent->str, ==, expected);
    g_string_truncate(f->sent, 0);
}

static void
test_last_counts(void)
{
    Fixture f;

    init(&f);
    for (uint32_t ack = 1; ack <= 3; ack++)
        put_ack(&f, 1000, ack);
    assert_sent(&f, "");
    bns_loop_turn(f.loop, 0);
    assert_sent(&f, "1000:3 ");
    bns_loop_turn(f.loop, 0);
    assert_sent(&f, "");
    put_ack(&f, 1000, 4);
    bns_acks_flush(f.acks);
    assert_sent(&f, "1000:4 ");
    clear(&f);
}

/* A newer one goes with it. */
static void
test_segment_acknowledges(void)
{
    static const Segment segments[] = {
        { 1000, FLAGS_PSH_ACK, 2, 3 },
        { 1000, BNS_TCP_ACK, 2, 3 },
        { 1000, BNS_TCP_ACK | BNS_TCP_FIN, 2, 0 },
        { 1000, BNS_TCP_ACK | BNS_TCP_SYN, 2, 0 },
        { 1000, BNS_TCP_ACK | BNS_TCP_RST, 2, 0 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(segments); i++) {
        Fixture f;

        init(&f);
        put_ack(&f, 1000, 1);
        put(&f, &segments[i]);
        assert_sent(&f, "1000:2+ ");
        bns_loop_turn(f.loop, 0);
        assert_sent(&f, "");
        clear(&f);
    }
}

static void
test_each_its_own(void)
{
    Fixture f;

    init(&f);
    put_ack(&f, 1000, 1);
    put_ack(&f, 1001, 8);
    put(&f, &(Segment){ 1002, FLAGS_PSH_ACK, 5, 1 });
    put_ack(&f, 1000, 2);
    assert_sent(&f, "1002:5+ ");
    bns_acks_flush(f.acks);
    g_assert_nonnull(strstr(f.sent->str, "1000:2 "));
    g_assert_nonnull(strstr(f.sent->str, "1001:8 "));
    g_assert_cmpuint(f.sent->len, ==, strlen("1000:2 1001:8 "));
    clear(&f);
}

/* More connections than have a place. */
static void
test_many(void)
{
    unsigned n_sent = 0;
    Fixture f;

    init(&f);
    for (uint16_t port = 1; port <= 1000; port++)
        put_ack(&f, port, port);
    bns_acks_flush(f.acks);
    for (uint16_t port = 1; port <= 1000; port++) {
        g_autofree char *each = g_strdup_printf("%u:%u ", port, port);

        n_sent += strstr(f.sent->str, each) != NULL;
    }
    g_assert_cmpuint(n_sent, ==, 1000);
    clear(&f);
}

/* What is no TCP, or not all of it, is not looked into. */
static void
test_others(void)
{
    uint8_t arp[60] = { [12] = 0x08, [13] = 0x06 };
    Fixture f;

    init(&f);
    put_ack(&f, 1000, 1);
    put_frame(&f, arp, sizeof(arp));
    put_frame(&f, arp, BNS_FRAME_ETH_BYTES);
    assert_sent(&f, "arp arp ");
    clear(&f);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    bns_test_add("/tap/acks/the-last-one-counts", test_last_counts);
    bns_test_add("/tap/acks/a-segment-acknowledges-too", test_segment_acknowledges);
    bns_test_add("/tap/acks/each-connection-has-its-own", test_each_its_own);
    bns_test_add("/tap/acks/more-connections-than-places", test_many);
    bns_test_add("/tap/acks/other-frames-go-at-once", test_others);
    return g_test_run();
}
