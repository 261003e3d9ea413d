/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/tap/packet_ring.h"

#include "netstack/tap/frame.h"
#include "netstack/tap/link.h"
#include "netstack/tap/packet_gate.h"
#include "netstack/tap/tap.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <sys/mman.h>
#include <sys/socket.h>

/* 736 frames of any size. A quarter of that lost frames when 500 connections came at
 * once. */
#define BLOCK_BYTES (1024 * 1024)
#define N_BLOCKS    16
/* A frame of the link's MTU and what the kernel puts before it. */
#define SLOT_BYTES      (22 * 1024)
#define SLOTS_PER_BLOCK (BLOCK_BYTES / SLOT_BYTES)

G_STATIC_ASSERT(SLOT_BYTES % TPACKET_ALIGNMENT == 0);
G_STATIC_ASSERT(SLOT_BYTES >= TPACKET2_HDRLEN + BNS_FRAME_ETH_BYTES + BNS_TAP_MTU + 64);

struct BnsPacketRing {
    uint8_t *memory;
    unsigned at; /* the slot that is read next */
};

static bool
fail(const char *what, GError **error)
{
    int saved = errno;

    g_set_error(error, BNS_LINK_ERROR, saved, "Could not %s of the veth link: %s", what,
                g_strerror(saved));
    return false;
}

static bool
set_up(int fd, GError **error)
{
    const int version = TPACKET_V2;
    const struct tpacket_req request = { .tp_block_size = BLOCK_BYTES,
                                         .tp_block_nr = N_BLOCKS,
                                         .tp_frame_size = SLOT_BYTES,
                                         .tp_frame_nr = N_BLOCKS * SLOTS_PER_BLOCK };

    if (setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) < 0)
        return fail("choose the ring's version", error);
    if (setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof(request)) < 0)
        return fail("make the ring", error);
    if (bns_packet_gate_open(fd) < 0)
        return fail("open the ring", error);
    return true;
}

BnsPacketRing *
bns_packet_ring_new(int fd, GError **error)
{
    BnsPacketRing *ring;
    void *memory;

    if (!set_up(fd, error))
        return NULL;
    memory = mmap(NULL, (size_t)BLOCK_BYTES * N_BLOCKS, PROT_READ | PROT_WRITE,
                  MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) {
        fail("map the ring", error);
        return NULL;
    }
    ring = g_new0(BnsPacketRing, 1);
    ring->memory = memory;
    return ring;
}

void
bns_packet_ring_free(BnsPacketRing *ring)
{
    if (ring == NULL)
        return;
    munmap(ring->memory, (size_t)BLOCK_BYTES * N_BLOCKS);
    g_free(ring);
}

static struct tpacket2_hdr *
slot(const BnsPacketRing *ring)
{
    size_t block = ring->at / SLOTS_PER_BLOCK;
    size_t in_block = ring->at % SLOTS_PER_BLOCK;

    return (void *)(ring->memory + block * BLOCK_BYTES + in_block * SLOT_BYTES);
}

bool
bns_packet_ring_next(BnsPacketRing *ring, uint8_t **out_bytes, size_t *out_len)
{
    struct tpacket2_hdr *header = slot(ring);

    /* What the kernel wrote before it gave the slot to us is visible after this. */
    if ((__atomic_load_n(&header->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER) == 0)
        return false;
    *out_len = header->tp_snaplen;
    *out_bytes = header->tp_snaplen == header->tp_len
                     ? (uint8_t *)header + header->tp_mac
                     : NULL;
    return true;
}

void
bns_packet_ring_release(BnsPacketRing *ring)
{
    __atomic_store_n(&slot(ring)->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
    ring->at = (ring->at + 1) % (N_BLOCKS * SLOTS_PER_BLOCK);
}
