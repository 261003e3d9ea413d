/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/tap/bytes.h"
#include "netstack/tap/frame.h"
#include "netstack/tap/reply.h"
#include "netstack/tap/tap.h"
#include "tests/fuzz/fuzz.h"

#include <glib.h>
#include <string.h>

/* What goes on to libslirp is what this says, and stays so when it is read again. */
static void
assert_good(const BnsFrame *frame, uint8_t *bytes)
{
    const uint8_t *ip = bytes + BNS_FRAME_ETH_BYTES;
    BnsFrame again;

    g_assert_cmpuint(frame->len, <=, BNS_FRAME_ETH_BYTES + BNS_TAP_MTU);
    bns_frame_read(bytes, frame->len, &again);
    g_assert_cmpint(again.kind, ==, frame->kind);
    if (frame->kind == BNS_FRAME_ARP)
        return;
    g_assert_cmpuint(ip[0], ==, 0x45);
    g_assert_cmpuint(ip[6] & 0x3f, ==, 0);
    g_assert_cmpuint(ip[7], ==, 0);
    g_assert_true(frame->payload >= bytes + 42);
    g_assert_true(frame->payload + frame->payload_len <= bytes + frame->len);
    if (frame->kind == BNS_FRAME_TCP || frame->kind == BNS_FRAME_SYN) {
        g_assert_cmpuint(frame->flags & BNS_TCP_URG, ==, 0);
        g_assert_cmpuint(bytes[52] | bytes[53], ==, 0);
    }
}

/* Mutations hardly ever hit a checksum: makes those of an IPv4 frame right. */
static void
mend(uint8_t *bytes, size_t size)
{
    uint8_t *ip = bytes + BNS_FRAME_ETH_BYTES;
    uint8_t *segment = ip + BNS_FRAME_IP_BYTES;
    size_t len = size - BNS_FRAME_ETH_BYTES - BNS_FRAME_IP_BYTES;
    size_t at = ip[9] == IPPROTO_TCP ? 16 : 6;

    bns_put16(ip + 2, (uint16_t)(BNS_FRAME_IP_BYTES + len));
    bns_put32(ip + 12, BNS_TAP_GUEST_ADDR);
    bns_put16(ip + 10, 0);
    bns_put16(ip + 10, bns_sum_finish(bns_sum_add(0, ip, BNS_FRAME_IP_BYTES)));
    if (len < at + 2)
        return;
    bns_put16(segment + at, 0);
    bns_put16(segment + at,
              bns_sum_finish(bns_sum_add(
                  bns_sum_add(0, ip + 12, 8) + ip[9] + (uint32_t)len, segment, len)));
}

static void
read_one(uint8_t *bytes, size_t size)
{
    uint8_t reply[BNS_REPLY_MAX];
    BnsFrame frame;

    bns_frame_read(bytes, size, &frame);
    if (frame.kind == BNS_FRAME_DROP)
        g_assert_cmpint(frame.drop, !=, BNS_DROP_NOT);
    else
        assert_good(&frame, bytes);
    if (frame.kind == BNS_FRAME_UDP)
        g_assert_cmpuint(
            bns_reply_port_unreachable(&frame.ends, bytes, frame.len, reply), <=,
            BNS_REPLY_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree uint8_t *bytes = g_memdup2(data, size);
    BnsOwnSegment own;

    read_one(bytes, size);
    if (size >= BNS_FRAME_ETH_BYTES + BNS_FRAME_IP_BYTES) {
        mend(bytes, size);
        read_one(bytes, size);
    }
    bns_frame_read_own(data, size, &own);
    return 0;
}
