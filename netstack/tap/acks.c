/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/tap/acks.h"

#include <string.h>

/* Connections whose acknowledgements can wait at the same time; another one's pushes it
 * out. */
#define SLOTS 64
/* A segment without options and data. */
#define BARE_BYTES (BNS_FRAME_ETH_BYTES + BNS_FRAME_IP_BYTES + BNS_FRAME_TCP_BYTES)

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
bns_acks_frame(BnsAcks *acks,
               const uint8_t *bytes,
               size_t len,
               const BnsOwnSegment *segment)
{
    if (segment != NULL) {
        uint64_t key = bns_ends_key(&segment->ends);
        Slot *slot = &acks->slots[bns_ends_place(key, SLOTS)];

        if (segment->is_bare && segment->flags == BNS_TCP_ACK && len == BARE_BYTES) {
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
