/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/tap/slirp.h"

#include "base/crowd.h"
#include "base/fd.h"
#include "netstack/tap/slirp_poll.h"
#include "netstack/tap/slirp_stack.h"
#include "netstack/tap/tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <slirp/libslirp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

/* libslirp connects blocking, in our own thread: a full backlog would stop us for ever.
 * There is never more than one unaccepted connection. */
#define BACKLOG 8

/* libslirp's buffers of so many streams are some MiB, if they have been full. */
#define CROWD 16

/* A stack and its place in the queue. */
typedef struct {
    BnsSlirp *slirp;      /* borrowed */
    BnsSlirpStack *stack; /* owned; NULL before its first use */
    bool is_due;
    GList due; /* its link in the queue, if is_due */
} Slot;

struct BnsSlirp {
    BnsLoop *loop;                  /* borrowed */
    const BnsSlirpHandler *handler; /* borrowed */
    void *data;
    BnsSlirpPoll *poll; /* owned */
    BnsWatch *watch;    /* owned: the poll set */
    bool has_ready;     /* the poll set has not been asked since it became ready */
    Slot slots[BNS_SLIRP_STACKS];
    GQueue due;      /* of borrowed Slot: to have a turn, the one longest due first */
    BnsTimer *timer; /* owned: for the end of this turn */
    int listen_fd;   /* owned */
    int backend_fd;  /* libslirp's end of what is not accepted yet; borrowed; or -1 */
    GHashTable *streams; /* owned, of libslirp's ends; borrowed */
    BnsCrowd crowd;      /* of @streams */
    char *socket_path;
    bool is_ending;
};

G_DEFINE_QUARK(bns_slirp_error, bns_slirp_error)

/* --- what a stack says --- */

static void
on_stack_frame(const uint8_t *bytes, size_t len, void *data)
{
    const Slot *slot = data;

    slot->slirp->handler->on_frame(bytes, len, slot->slirp->data);
}

static void
on_stack_opened(int fd, void *data)
{
    BnsSlirp *slirp = ((Slot *)data)->slirp;

    slirp->backend_fd = fd;
    g_hash_table_add(slirp->streams, GINT_TO_POINTER(fd));
    bns_crowd_came(&slirp->crowd, g_hash_table_size(slirp->streams));
}

static void
on_stack_closing(int fd, void *data)
{
    BnsSlirp *slirp = ((Slot *)data)->slirp;

    if (slirp->backend_fd == fd) {
        /* Closed before it was accepted: it must not be taken for the next one. */
        int backend_fd;
        int unwanted = bns_slirp_accept(slirp, &backend_fd);

        bns_fd_clear(&unwanted);
    }
    g_hash_table_remove(slirp->streams, GINT_TO_POINTER(fd));
    bns_crowd_left(&slirp->crowd, g_hash_table_size(slirp->streams));
    if (!slirp->is_ending)
        slirp->handler->on_gone(fd, slirp->data);
}

static void
on_stack_due(void *data)
{
    Slot *slot = data;

    if (!slot->is_due)
        g_queue_push_tail_link(&slot->slirp->due, &slot->due);
    slot->is_due = true;
    bns_slirp_wake(slot->slirp);
}

static bool
is_busy(void *data)
{
    const BnsSlirp *slirp = ((Slot *)data)->slirp;

    return slirp->handler->is_busy(slirp->data);
}

static const BnsSlirpStackHandler stack_handler = {
    .on_frame = on_stack_frame,
    .on_opened = on_stack_opened,
    .on_closing = on_stack_closing,
    .on_due = on_stack_due,
    .is_busy = is_busy,
};

/* --- stacks --- */

/* Returns: false if libslirp does not take our configuration, which it does always or
 * never. */
static bool
make_stack(BnsSlirp *slirp, Slot *slot)
{
    const BnsSlirpStackConfig config = { .loop = slirp->loop,
                                         .poll = slirp->poll,
                                         .handler = &stack_handler,
                                         .data = slot,
                                         .socket_path = slirp->socket_path };

    slot->slirp = slirp;
    slot->due.data = slot;
    slot->stack = bns_slirp_stack_new(&config);
    return slot->stack != NULL;
}

/* ARP, which has no ends, belongs to the first. */
static BnsSlirpStack *
stack_of(BnsSlirp *slirp, const BnsEnds *ends)
{
    Slot *slot = &slirp->slots[bns_ends_place(bns_ends_key(ends), BNS_SLIRP_STACKS)];

    G_STATIC_ASSERT((BNS_SLIRP_STACKS & (BNS_SLIRP_STACKS - 1)) == 0);
    if (slot->stack == NULL && !make_stack(slirp, slot))
        g_error("Could not make another libslirp");
    return slot->stack;
}

/* --- turns --- */

static void
take_turns(BnsSlirp *slirp)
{
    /* What becomes due meanwhile is for the next time. */
    for (guint n = slirp->due.length; n > 0; n--) {
        Slot *slot = slirp->due.head->data;

        if (slirp->handler->is_busy(slirp->data))
            return;
        g_queue_unlink(&slirp->due, &slot->due);
        slot->is_due = false;
        bns_slirp_stack_turn(slot->stack);
    }
}

static void
run(void *data)
{
    BnsSlirp *slirp = data;

    /* bns_slirp_wake() comes when the link has taken what it has. */
    if (slirp->handler->is_busy(slirp->data)) {
        bns_watch_set_events(slirp->watch, 0);
        return;
    }
    bns_watch_set_events(slirp->watch, EPOLLIN);
    if (slirp->has_ready)
        bns_slirp_poll_collect(slirp->poll, on_stack_due);
    slirp->has_ready = false;
    take_turns(slirp);
}

/* Timers fire after the descriptors of a turn, so the stacks have theirs last, once. */
void
bns_slirp_wake(BnsSlirp *slirp)
{
    bns_timer_set(slirp->timer, bns_loop_now_us(slirp->loop));
}

static void
on_ready(uint32_t events, void *data)
{
    BnsSlirp *slirp = data;

    slirp->has_ready = true;
    bns_slirp_wake(slirp);
}

void
bns_slirp_input(BnsSlirp *slirp, const BnsEnds *ends, const uint8_t *bytes, size_t len)
{
    bns_slirp_stack_input(stack_of(slirp, ends), ends->guest_mac, bytes, len);
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
    uint64_t waits = slirp->due.length + bns_slirp_poll_writing(slirp->poll);
    GHashTableIter iter;
    gpointer fd;

    g_hash_table_iter_init(&iter, slirp->streams);
    while (g_hash_table_iter_next(&iter, &fd, NULL))
        waits += unread_in(GPOINTER_TO_INT(fd));
    /* A stream that is read and filled again may hold as much as before. */
    return waits == 0 ? 0
                      : waits + ((uint64_t)bns_slirp_poll_written(slirp->poll) << 32);
}

/* --- entries and streams --- */

bool
bns_slirp_hold(BnsSlirp *slirp, const BnsEnds *ends)
{
    return bns_slirp_stack_hold(stack_of(slirp, ends), ends->addr, ends->port);
}

void
bns_slirp_release(BnsSlirp *slirp, const BnsEnds *ends)
{
    bns_slirp_stack_release(stack_of(slirp, ends), ends->addr, ends->port);
}

size_t
bns_slirp_entries(const BnsSlirp *slirp)
{
    size_t n = 0;

    for (unsigned i = 0; i < BNS_SLIRP_STACKS; i++)
        if (slirp->slots[i].stack != NULL)
            n += bns_slirp_stack_entries(slirp->slots[i].stack);
    return n;
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
    bns_slirp_stack_widen_stream(fd);
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
    slirp->crowd.least = CROWD;
    slirp->streams = g_hash_table_new(NULL, NULL);
    slirp->poll = bns_slirp_poll_new();
    slirp->watch =
        bns_loop_watch(loop, bns_slirp_poll_fd(slirp->poll), EPOLLIN, on_ready, slirp);
    slirp->timer = bns_loop_timer(loop, run, slirp);
    slirp->socket_path = g_strdup(socket_path);
    if (!listen_at(slirp, socket_path, error))
        return NULL;
    /* The first answers ARP, and shows before the lock-down what is wrong with libslirp. */
    if (!make_stack(slirp, &slirp->slots[0])) {
        g_set_error(error, BNS_SLIRP_ERROR, EINVAL,
                    "libslirp %s does not take our configuration",
                    slirp_version_string());
        return NULL;
    }
    /* Never released: this entry makes libslirp answer ARP for the name server. */
    bns_slirp_stack_hold(slirp->slots[0].stack, htonl(BNS_TAP_NAMESERVER_ADDR), 53);
    return g_steal_pointer(&slirp);
}

void
bns_slirp_free(BnsSlirp *slirp)
{
    if (slirp == NULL)
        return;
    slirp->is_ending = true;
    for (unsigned i = 0; i < BNS_SLIRP_STACKS; i++)
        bns_slirp_stack_free(slirp->slots[i].stack);
    bns_watch_free(slirp->watch);
    bns_timer_free(slirp->timer);
    bns_slirp_poll_free(slirp->poll);
    g_hash_table_unref(slirp->streams);
    bns_fd_clear(&slirp->listen_fd);
    g_free(slirp->socket_path);
    g_free(slirp);
}
