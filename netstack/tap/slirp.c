/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/tap/slirp.h"

#include "base/fd.h"
#include "netstack/tap/slirp_entries.h"
#include "netstack/tap/slirp_poll.h"
#include "netstack/tap/tap.h"

#include <errno.h>
#include <linux/sockios.h>
#include <slirp/libslirp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

/* The version of SlirpConfig that disable_dhcp came with; 4.7.0 refuses a later one. */
#define CONFIG_VERSION 4

/* libslirp connects blocking, in our own thread: a full backlog would stop us for ever.
 * There is never more than one unaccepted connection. */
#define BACKLOG 8

/* Uploads stall when the stream takes less than libslirp's window; the kernel caps this
 * at net.core.wmem_max. */
#define STREAM_SEND_BUFFER_BYTES (1024 * 1024)

/* libslirp waits at most this long when nothing is due; then there is nothing to do. */
#define IDLE_TIMEOUT_MS 1000

struct BnsSlirp {
    BnsLoop *loop;                  /* borrowed */
    const BnsSlirpHandler *handler; /* borrowed */
    void *data;
    Slirp *slirp;             /* owned */
    BnsSlirpEntries *entries; /* owned */
    BnsSlirpPoll *poll;       /* owned */
    BnsWatch *watch;          /* owned: the poll set */
    BnsTimer *timer;          /* owned: when libslirp runs next */
    int listen_fd;            /* owned */
    int backend_fd; /* libslirp's end of what is not accepted yet; borrowed; or -1 */
    GHashTable *streams; /* owned, of libslirp's ends; borrowed */
    bool is_due;         /* it did not run yet since something happened to it */
    uint32_t n_writes;   /* to streams; for bns_slirp_waits() */
};

G_DEFINE_QUARK(bns_slirp_error, bns_slirp_error)

/* --- what libslirp calls --- */

static ssize_t
on_send_packet(const void *bytes, size_t len, void *data)
{
    BnsSlirp *slirp = data;

    slirp->handler->on_frame(bytes, len, slirp->data);
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

static void
on_register(int fd, void *data)
{
    const int bytes = STREAM_SEND_BUFFER_BYTES;
    BnsSlirp *slirp = data;

    if (fd < 0) /* it could not open one */
        return;
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
    slirp->backend_fd = fd;
    g_hash_table_add(slirp->streams, GINT_TO_POINTER(fd));
}

static void
on_unregister(int fd, void *data)
{
    BnsSlirp *slirp = data;

    if (fd < 0) /* a connection that never had a stream */
        return;
    if (slirp->backend_fd == fd) {
        /* Closed before it was accepted: it must not be taken for the next one. */
        int backend_fd;
        int unwanted = bns_slirp_accept(slirp, &backend_fd);

        bns_fd_clear(&unwanted);
    }
    g_hash_table_remove(slirp->streams, GINT_TO_POINTER(fd));
    bns_slirp_poll_forget(slirp->poll, fd);
    if (slirp->slirp != NULL) /* not at the end of everything */
        slirp->handler->on_gone(fd, slirp->data);
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
on_notify(void *data)
{
    bns_slirp_wake(data);
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
    .notify = on_notify,
};

/* --- its turn --- */

static int
on_add_poll(int fd, int events, void *data)
{
    BnsSlirp *slirp = data;

    bns_slirp_poll_add(slirp->poll, fd, events);
    return fd;
}

static int
on_get_revents(int fd, void *data)
{
    BnsSlirp *slirp = data;

    int ready;

    /* In the middle of a turn, too: one turn of a thousand streams can be much. What is
     * ready stays ready. */
    if (slirp->handler->is_busy(slirp->data))
        return 0;
    ready = bns_slirp_poll_take(slirp->poll, fd);
    slirp->n_writes += (ready & SLIRP_POLL_OUT) != 0;
    return ready;
}

static void
run(void *data)
{
    BnsSlirp *slirp = data;
    uint32_t timeout_ms = UINT32_MAX;

    /* bns_slirp_wake() comes when the link has taken what it has. */
    if (slirp->handler->is_busy(slirp->data)) {
        bns_watch_set_events(slirp->watch, 0);
        return;
    }
    bns_watch_set_events(slirp->watch, EPOLLIN);
    bns_slirp_poll_collect(slirp->poll);
    slirp_pollfds_poll(slirp->slirp, 0, on_get_revents, slirp);
    bns_slirp_poll_begin(slirp->poll);
    slirp_pollfds_fill(slirp->slirp, &timeout_ms, on_add_poll, slirp);
    bns_slirp_poll_commit(slirp->poll);
    slirp->is_due = false;
    /* With no connection left nothing is due: an idle session sleeps. */
    if (timeout_ms < IDLE_TIMEOUT_MS || g_hash_table_size(slirp->streams) > 0)
        bns_timer_set(slirp->timer, bns_loop_now_us(slirp->loop) +
                                        MAX(1, (int64_t)timeout_ms) * 1000);
}

/* Timers fire after the descriptors of a turn, so this runs libslirp once, last. */
void
bns_slirp_wake(BnsSlirp *slirp)
{
    slirp->is_due = true;
    bns_timer_set(slirp->timer, bns_loop_now_us(slirp->loop));
}

static void
on_ready(uint32_t events, void *data)
{
    bns_slirp_wake(data);
}

void
bns_slirp_input(BnsSlirp *slirp, const uint8_t *bytes, size_t len)
{
    slirp_input(slirp->slirp, bytes, (int)len);
    bns_slirp_wake(slirp);
}

/* --- what waits --- */

static uint64_t
unread_in(int fd)
{
    int bytes = 0;

    return ioctl(fd, SIOCOUTQ, &bytes) == 0 ? (uint64_t)bytes : 0;
}

uint64_t
bns_slirp_waits(const BnsSlirp *slirp)
{
    uint64_t waits = slirp->is_due + bns_slirp_poll_writing(slirp->poll);
    GHashTableIter iter;
    gpointer fd;

    g_hash_table_iter_init(&iter, slirp->streams);
    while (g_hash_table_iter_next(&iter, &fd, NULL))
        waits += unread_in(GPOINTER_TO_INT(fd));
    /* A stream that is read and filled again may hold as much as before. */
    return waits == 0 ? 0 : waits + ((uint64_t)slirp->n_writes << 32);
}

/* --- entries and streams --- */

bool
bns_slirp_hold(BnsSlirp *slirp, uint32_t addr, uint16_t port)
{
    return bns_slirp_entries_hold(slirp->entries, addr, port);
}

void
bns_slirp_release(BnsSlirp *slirp, uint32_t addr, uint16_t port)
{
    bns_slirp_entries_release(slirp->entries, addr, port);
}

size_t
bns_slirp_entries(const BnsSlirp *slirp)
{
    return bns_slirp_entries_count(slirp->entries);
}

int
bns_slirp_accept(BnsSlirp *slirp, int *out_backend_fd)
{
    int fd;

    *out_backend_fd = slirp->backend_fd;
    if (slirp->backend_fd < 0)
        return -1;
    slirp->backend_fd = -1;
    fd = accept4(slirp->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    /* What is not accepted now would be taken for the next flow's, and so on for ever:
     * better no session. */
    if (fd < 0)
        g_error("Could not accept libslirp's connection: %s", g_strerror(errno));
    return fd;
}

/* --- life --- */

static bool
listen_at(BnsSlirp *slirp, const char *path, GError **error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    slirp->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (slirp->listen_fd >= 0 &&
        g_strlcpy(address.sun_path, path, sizeof(address.sun_path)) <
            sizeof(address.sun_path) &&
        bind(slirp->listen_fd, (const struct sockaddr *)&address, sizeof(address)) ==
            0 &&
        listen(slirp->listen_fd, BACKLOG) == 0)
        return true;
    g_set_error(error, BNS_SLIRP_ERROR, errno, "Could not listen at \"%s\": %s", path,
                g_strerror(errno));
    return false;
}

static Slirp *
start(BnsSlirp *slirp)
{
    const SlirpConfig config = {
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

    return slirp_new(&config, &callbacks, slirp);
}

BnsSlirp *
bns_slirp_new(BnsLoop *loop,
              const char *socket_path,
              const BnsSlirpHandler *handler,
              void *data,
              GError **error)
{
    g_autoptr(BnsSlirp) slirp = g_new0(BnsSlirp, 1);

    slirp->loop = loop;
    slirp->handler = handler;
    slirp->data = data;
    slirp->backend_fd = -1;
    slirp->listen_fd = -1;
    slirp->streams = g_hash_table_new(NULL, NULL);
    slirp->poll = bns_slirp_poll_new();
    slirp->watch =
        bns_loop_watch(loop, bns_slirp_poll_fd(slirp->poll), EPOLLIN, on_ready, slirp);
    slirp->timer = bns_loop_timer(loop, run, slirp);
    if (!listen_at(slirp, socket_path, error))
        return NULL;
    slirp->slirp = start(slirp);
    if (slirp->slirp == NULL) {
        g_set_error(error, BNS_SLIRP_ERROR, EINVAL,
                    "libslirp %s does not take our configuration",
                    slirp_version_string());
        return NULL;
    }
    slirp->entries = bns_slirp_entries_new(slirp->slirp, socket_path);
    /* Never released: this entry makes libslirp answer ARP for the name server. */
    bns_slirp_entries_hold(slirp->entries, htonl(BNS_TAP_NAMESERVER_ADDR), 53);
    return g_steal_pointer(&slirp);
}

void
bns_slirp_free(BnsSlirp *slirp)
{
    Slirp *libslirp;

    if (slirp == NULL)
        return;
    libslirp = g_steal_pointer(&slirp->slirp);
    if (libslirp != NULL)
        slirp_cleanup(libslirp);
    bns_slirp_entries_free(slirp->entries);
    bns_watch_free(slirp->watch);
    bns_timer_free(slirp->timer);
    bns_slirp_poll_free(slirp->poll);
    g_hash_table_unref(slirp->streams);
    bns_fd_clear(&slirp->listen_fd);
    g_free(slirp);
}
