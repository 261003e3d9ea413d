/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/tap/acks.h"

#include "netstack/tap/bytes.h"
#include "netstack/tap/frame.h"

#include <netinet/if_ether.h>
#include <string.h>

/* Connections whose acknowledgements can wait at the same time; another one's pushes it
 * out. */
#define SLOTS 64
/* A segment without options and data. */
#define BARE_BYTES (BNS_FRAME_ETH_BYTES + BNS_FRAME_IP_BYTES + BNS_FRAME_TCP_BYTES)
#define BARE_WORDS 5 /* its TCP header's length */

typedef struct {
    uint64_t key; /* of the connection, as bns_ends_key() */
    bool is_held;
    uint8_t frame[BARE_BYTES];
} Slot;

struct BnsAcks {
    BnsLoop *loop; /* borrowed */
    BnsAcksSend send;
    void *data;
    BnsTimer *timer; /* owned: something is held */
    Slot slots[SLOTS];
};

static const uint8_t *
tcp_of(const uint8_t *bytes)
{
    return bytes + BNS_FRAME_ETH_BYTES + BNS_FRAME_IP_BYTES;
}

/* Returns: whether it is a TCP segment, of the connection @out_key. */
static bool
read_key(const uint8_t *bytes, size_t len, uint64_t *out_key)
{
    const uint8_t *ip = bytes + BNS_FRAME_ETH_BYTES;
    BnsEnds ends;

    if (len < BARE_BYTES || bns_get16(bytes + 12) != ETHERTYPE_IP || ip[0] != 0x45 ||
        ip[9] != IPPROTO_TCP)
        return false;
    memcpy(&ends.addr, ip + 12, sizeof(ends.addr));
    ends.port = bns_get16(tcp_of(bytes));
    ends.guest_port = bns_get16(tcp_of(bytes) + 2);
    *out_key = bns_ends_key(&ends);
    return true;
}

static bool
is_bare(const uint8_t *bytes, size_t len)
{
    const uint8_t *tcp = tcp_of(bytes);

    return len == BARE_BYTES && tcp[12] >> 4 == BARE_WORDS && tcp[13] == BNS_TCP_ACK;
}

static Slot *
slot_of(BnsAcks *acks, uint64_t key)
{
    /* The upper half of a product with 2^64 / phi depends on all bits. */
    return &acks->slots[(key * UINT64_C(0x9e3779b97f4a7c15)) >> 32 & (SLOTS - 1)];
}

static void
let_go(BnsAcks *acks, Slot *slot)
{
    slot->is_held = false;
    acks->send(slot->frame, sizeof(slot->frame), acks->data);
}

static void
hold(BnsAcks *acks, Slot *slot, uint64_t key, const uint8_t *bytes)
{
    if (slot->is_held && slot->key != key)
        let_go(acks, slot);
    slot->key = key;
    slot->is_held = true;
    memcpy(slot->frame, bytes, sizeof(slot->frame));
    bns_timer_set(acks->timer, bns_loop_now_us(acks->loop));
}

void
bns_acks_frame(BnsAcks *acks, const uint8_t *bytes, size_t len)
{
    uint64_t key;

    if (read_key(bytes, len, &key)) {
        Slot *slot = slot_of(acks, key);

        if (is_bare(bytes, len)) {
            hold(acks, slot, key, bytes);
            return;
        }
        if (slot->key == key)
            slot->is_held = false;
    }
    acks->send(bytes, len, acks->data);
}

void
bns_acks_flush(BnsAcks *acks)
{
    for (size_t i = 0; i < SLOTS; i++)
        if (acks->slots[i].is_held)
            let_go(acks, &acks->slots[i]);
}

static void
on_turn(void *data)
{
    bns_acks_flush(data);
}

BnsAcks *
bns_acks_new(BnsLoop *loop, BnsAcksSend send, void *data)
{
    BnsAcks *acks = g_new0(BnsAcks, 1);

    acks->loop = loop;
    acks->send = send;
    acks->data = data;
    acks->timer = bns_loop_timer(loop, on_turn, acks);
    return acks;
}

void
bns_acks_free(BnsAcks *acks)
{
    if (acks == NULL)
        return;
    bns_timer_free(acks->timer);
    g_free(acks);
}
