/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/tap/slirp_stack.h"

#include "netstack/tap/reply.h"
#include "netstack/tap/slirp_entries.h"
#include "netstack/tap/tap.h"

#include <slirp/libslirp.h>
#include <string.h>
#include <sys/socket.h>

/* The version of SlirpConfig that disable_dhcp came with; 4.7.0 refuses a later one. */
#define CONFIG_VERSION 4

/* Uploads stall when the stream takes less than libslirp's window. The kernel doubles this,
 * caps it at net.core.wmem_max, and wakes a writer only when three quarters have been read:
 * the rest has to last until more comes. */
#define STREAM_SEND_BUFFER_BYTES (1024 * 1024)

/* libslirp waits at most this long when nothing is due; then there is nothing to do. */
#define IDLE_TIMEOUT_MS 1000

/* What is not urgent (libslirp's clock of half a second) happens to all stacks in the same
 * turns: idle connections wake us twice a second, not twice for each stack. A little more
 * than libslirp's own interval, or it would find that it is not over yet. */
#define SLOW_MS 100
#define GRID_US (510 * 1000)

struct BnsSlirpStack {
    BnsSlirpStackConfig config;
    Slirp *slirp; /* owned, as all below */
    BnsSlirpEntries *entries;
    BnsSlirpPart *part;
    BnsTimer *timer;                        /* when it is due without any event */
    uint8_t guest_mac[BNS_FRAME_MAC_BYTES]; /* that libslirp knows; 0 at first */
};

/* --- what libslirp calls --- */

static ssize_t
on_send_packet(const void *bytes, size_t len, void *data)
{
    const BnsSlirpStack *stack = data;

    stack->config.handler->on_frame(bytes, len, stack->config.data);
    return (ssize_t)len;
}

static void
on_guest_error(const char *message, void *data)
{
    g_debug("libslirp: %s", message);
}

static int64_t
on_clock(void *data)
{
    return g_get_monotonic_time() * 1000;
}

void
bns_slirp_stack_widen_stream(int fd)
{
    const int bytes = STREAM_SEND_BUFFER_BYTES;

    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

static void
on_register(int fd, void *data)
{
    const BnsSlirpStack *stack = data;

    if (fd < 0) /* it could not open one */
        return;
    bns_slirp_stack_widen_stream(fd);
    stack->config.handler->on_opened(fd, stack->config.data);
}

static void
on_unregister(int fd, void *data)
{
    const BnsSlirpStack *stack = data;

    if (fd < 0) /* a connection that never had a stream */
        return;
    bns_slirp_poll_forget(stack->config.poll, fd);
    stack->config.handler->on_closing(fd, stack->config.data);
}

/* libslirp's only timer sends IPv6 router advertisements, and there is no IPv6. */
static void *
on_timer_new(SlirpTimerId id, void *cb_opaque, void *data)
{
    g_error("libslirp wants timer %d, which only IPv6 has", (int)id);
    return NULL;
}

static void
on_timer_free(void *timer, void *data)
{
}

static void
on_timer_mod(void *timer, int64_t expire_ms, void *data)
{
}

static void
say_due(void *data)
{
    const BnsSlirpStack *stack = data;

    stack->config.handler->on_due(stack->config.data);
}

static const SlirpCb callbacks = {
    .send_packet = on_send_packet,
    .guest_error = on_guest_error,
    .clock_get_ns = on_clock,
    .timer_new_opaque = on_timer_new,
    .timer_free = on_timer_free,
    .timer_mod = on_timer_mod,
    .register_poll_fd = on_register,
    .unregister_poll_fd = on_unregister,
    .notify = say_due,
};

/* --- its turn --- */

static int
on_add_poll(int fd, int events, void *data)
{
    const BnsSlirpStack *stack = data;

    bns_slirp_part_add(stack->part, fd, events);
    return fd;
}

static int
on_get_revents(int fd, void *data)
{
    const BnsSlirpStack *stack = data;

    /* In the middle of a turn, too: one turn of many streams can be much. What is ready
     * stays ready. */
    if (stack->config.handler->is_busy(stack->config.data))
        return 0;
    return bns_slirp_poll_take(stack->config.poll, fd);
}

static void
set_timer(BnsSlirpStack *stack, uint32_t timeout_ms)
{
    int64_t deadline_us =
        bns_loop_now_us(stack->config.loop) + MAX(1, (int64_t)timeout_ms) * 1000;

    /* With no connection left nothing is due: an idle session sleeps. */
    if (timeout_ms >= IDLE_TIMEOUT_MS)
        deadline_us = INT64_MAX;
    else if (timeout_ms >= SLOW_MS)
        deadline_us = (deadline_us / GRID_US + 1) * GRID_US;
    bns_timer_set(stack->timer, deadline_us);
}

void
bns_slirp_stack_turn(BnsSlirpStack *stack)
{
    uint32_t timeout_ms = UINT32_MAX;

    slirp_pollfds_poll(stack->slirp, 0, on_get_revents, stack);
    bns_slirp_part_begin(stack->part);
    slirp_pollfds_fill(stack->slirp, &timeout_ms, on_add_poll, stack);
    bns_slirp_part_commit(stack->part);
    set_timer(stack, timeout_ms);
}

/* Without this each stack would ask for the command's address first. */
static void
introduce(BnsSlirpStack *stack, const uint8_t *guest_mac)
{
    uint8_t frame[BNS_REPLY_MAX];

    if (memcmp(stack->guest_mac, guest_mac, sizeof(stack->guest_mac)) == 0)
        return;
    memcpy(stack->guest_mac, guest_mac, sizeof(stack->guest_mac));
    slirp_input(stack->slirp, frame, (int)bns_reply_announce(guest_mac, frame));
}

void
bns_slirp_stack_input(BnsSlirpStack *stack,
                      const uint8_t *guest_mac,
                      const uint8_t *bytes,
                      size_t len)
{
    introduce(stack, guest_mac);
    slirp_input(stack->slirp, bytes, (int)len);
    say_due(stack);
}

/* --- entries --- */

bool
bns_slirp_stack_hold(BnsSlirpStack *stack, uint32_t addr, uint16_t port)
{
    return bns_slirp_entries_hold(stack->entries, addr, port);
}

void
bns_slirp_stack_release(BnsSlirpStack *stack, uint32_t addr, uint16_t port)
{
    bns_slirp_entries_release(stack->entries, addr, port);
}

size_t
bns_slirp_stack_entries(const BnsSlirpStack *stack)
{
    return bns_slirp_entries_count(stack->entries);
}

/* --- life --- */

BnsSlirpStack *
bns_slirp_stack_new(const BnsSlirpStackConfig *config)
{
    const SlirpConfig slirp_config = {
        .version = CONFIG_VERSION,
        .restricted = true,
        .in_enabled = true,
        .vnetwork.s_addr = INADDR_ANY,
        .vnetmask.s_addr = INADDR_ANY,
        .vhost.s_addr = htonl(BNS_TAP_ROUTER_ADDR),
        .vdhcp_start.s_addr = htonl(BNS_TAP_GUEST_ADDR),
        .vnameserver.s_addr = htonl(BNS_TAP_SPARE_ADDR),
        .if_mtu = BNS_TAP_MTU,
        .if_mru = BNS_TAP_MTU,
        .disable_host_loopback = true,
        .disable_dns = true,
        .disable_dhcp = true,
    };
    g_autoptr(BnsSlirpStack) stack = g_new0(BnsSlirpStack, 1);

    stack->config = *config;
    stack->slirp = slirp_new(&slirp_config, &callbacks, stack);
    if (stack->slirp == NULL)
        return NULL;
    stack->entries = bns_slirp_entries_new(stack->slirp, config->socket_path);
    stack->part = bns_slirp_part_new(config->poll, config->data);
    stack->timer = bns_loop_timer(config->loop, say_due, stack);
    return g_steal_pointer(&stack);
}

void
bns_slirp_stack_free(BnsSlirpStack *stack)
{
    if (stack == NULL)
        return;
    if (stack->slirp != NULL)
        slirp_cleanup(stack->slirp);
    bns_slirp_entries_free(stack->entries);
    bns_slirp_part_free(stack->part);
    bns_timer_free(stack->timer);
    g_free(stack);
}
