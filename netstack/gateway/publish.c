/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/publish.h"

#include "base/fd.h"
#include "netstack/gateway/engine.h"
#include "netstack/gateway/visit.h"

#include <errno.h>

/* A crowd of visitors takes turns with the command's flows. */
#define ACCEPTS_PER_TURN 64

/* After the system could not give a descriptor. */
#define PAUSE_US (100 * 1000)

typedef struct {
    BnsPublisher *publisher;       /* borrowed */
    const BnsPublished *published; /* borrowed */
    BnsWatch *watch;               /* owned */
} Place;

struct BnsPublisher {
    struct BnsEngine *engine; /* borrowed */
    GPtrArray *places;        /* owned, of owned Place */
    GHashTable *visits;       /* owned; a set of owned BnsVisit */
    BnsWatch *lend_watch;     /* owned; NULL once init is gone */
    GQueue waiting;           /* of BnsVisit, borrowed: to be asked for */
    GQueue asked; /* the same, in the order of the answers; NULL: it has ended since */
    BnsTimer *timer; /* owned: the end of a pause */
};

struct BnsEngine *
bns_publisher_engine(const BnsPublisher *publisher)
{
    return publisher->engine;
}

/* --- visitors --- */

static void
listen_on(BnsPublisher *publisher, bool is_listening)
{
    for (guint i = 0; i < publisher->places->len; i++) {
        const Place *place = g_ptr_array_index(publisher->places, i);

        bns_watch_set_events(place->watch, is_listening ? EPOLLIN : 0);
    }
}

static bool
has_room(const BnsPublisher *publisher)
{
    return publisher->lend_watch != NULL &&
           g_hash_table_size(publisher->visits) <
               bns_policy_limits(publisher->engine->config->policy).flows;
}

static void
on_pause_over(void *data)
{
    BnsPublisher *publisher = data;

    listen_on(publisher, has_room(publisher));
}

/* Returns: whether there may be more. */
static bool
accept_one(Place *place)
{
    BnsPublisher *publisher = place->publisher;
    struct sockaddr_storage address = { 0 };
    socklen_t len = sizeof(address);
    int fd = accept4(place->published->fd, (struct sockaddr *)&address, &len,
                     SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd >= 0) {
        g_hash_table_add(publisher->visits,
                         bns_visit_new(publisher, place->published, &address, fd));
        return true;
    }
    if (errno == EAGAIN)
        return false;
    if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
        return true; /* one that has gone again */
    listen_on(publisher, false);
    bns_timer_set(publisher->timer,
                  bns_loop_now_us(publisher->engine->loop) + PAUSE_US);
    return false;
}

static void
on_visitor(uint32_t events, void *data)
{
    Place *place = data;
    bool is_more = true;

    for (int i = 0; i < ACCEPTS_PER_TURN && is_more; i++) {
        if (!has_room(place->publisher)) {
            listen_on(place->publisher, false);
            return;
        }
        is_more = accept_one(place);
    }
}

/* --- sockets --- */

/* The session is about to end: nobody inside can be reached any more. */
static void
on_init_gone(BnsPublisher *publisher)
{
    BnsVisit *visit;

    g_clear_pointer(&publisher->lend_watch, bns_watch_free);
    listen_on(publisher, false);
    while (!g_queue_is_empty(&publisher->asked))
        if ((visit = g_queue_pop_head(&publisher->asked)) != NULL)
            bns_visit_refuse(visit, "the session ends");
    while ((visit = g_queue_pop_head(&publisher->waiting)) != NULL)
        bns_visit_refuse(visit, "the session ends");
}

static void
ask_more(BnsPublisher *publisher)
{
    int lend_fd = publisher->engine->config->lend_fd;

    while (publisher->lend_watch != NULL && !g_queue_is_empty(&publisher->waiting) &&
           g_queue_get_length(&publisher->asked) < BNS_LEND_AHEAD_MAX) {
        BnsVisit *visit = g_queue_peek_head(&publisher->waiting);

        /* A failure is init's end, of which the watch tells. */
        if (bns_lend_ask(lend_fd, visit->family) < 0)
            return;
        g_queue_push_tail(&publisher->asked, g_queue_pop_head(&publisher->waiting));
    }
}

static void
on_lent(uint32_t events, void *data)
{
    BnsPublisher *publisher = data;
    int r = 1;

    while (r == 1) {
        int fd = -1;
        BnsVisit *visit;

        r = bns_lend_receive(publisher->engine->config->lend_fd, &fd);
        /* More answers than questions: not init any more. */
        if (r == -EAGAIN || (r == 1 && g_queue_is_empty(&publisher->asked)))
            r = r == 1 ? 0 : r;
        if (r != 1) {
            bns_fd_clear(&fd);
            break;
        }
        visit = g_queue_pop_head(&publisher->asked);
        if (visit != NULL)
            bns_visit_lend(visit, fd);
        else
            bns_fd_clear(&fd);
    }
    if (r != -EAGAIN)
        on_init_gone(publisher);
    ask_more(publisher);
}

void
bns_publisher_ask(BnsPublisher *publisher, BnsVisit *visit)
{
    g_queue_push_tail(&publisher->waiting, visit);
    ask_more(publisher);
}

void
bns_publisher_forget(BnsPublisher *publisher, BnsVisit *visit)
{
    GList *asked = g_queue_find(&publisher->asked, visit);

    if (asked != NULL)
        asked->data = NULL;
    else if (visit->state == BNS_VISIT_ASKING)
        g_queue_remove(&publisher->waiting, visit);
    g_hash_table_remove(publisher->visits, visit);
    if (has_room(publisher))
        listen_on(publisher, true);
}

/* --- life --- */

static void
visit_free(void *data)
{
    bns_visit_free(data);
}

static void
place_free(void *data)
{
    Place *place = data;

    bns_watch_free(place->watch);
    g_free(place);
}

BnsPublisher *
bns_publisher_new(struct BnsEngine *engine)
{
    BnsPublisher *publisher = g_new0(BnsPublisher, 1);
    const GPtrArray *published = engine->config->published;

    publisher->engine = engine;
    publisher->visits = g_hash_table_new_full(NULL, NULL, visit_free, NULL);
    publisher->places = g_ptr_array_new_with_free_func(place_free);
    publisher->timer = bns_loop_timer(engine->loop, on_pause_over, publisher);
    g_queue_init(&publisher->waiting);
    g_queue_init(&publisher->asked);
    bns_fd_set_nonblocking(engine->config->lend_fd, true);
    publisher->lend_watch = bns_loop_watch(engine->loop, engine->config->lend_fd,
                                           EPOLLIN, on_lent, publisher);
    for (guint i = 0; i < published->len; i++) {
        Place *place = g_new0(Place, 1);

        place->publisher = publisher;
        place->published = g_ptr_array_index(published, i);
        place->watch = bns_loop_watch(engine->loop, place->published->fd, EPOLLIN,
                                      on_visitor, place);
        g_ptr_array_add(publisher->places, place);
    }
    return publisher;
}

void
bns_publisher_free(BnsPublisher *publisher)
{
    if (publisher == NULL)
        return;
    g_hash_table_unref(publisher->visits);
    g_ptr_array_unref(publisher->places);
    g_queue_clear(&publisher->waiting);
    g_queue_clear(&publisher->asked);
    bns_watch_free(publisher->lend_watch);
    bns_timer_free(publisher->timer);
    g_free(publisher);
}

uint64_t
bns_publisher_waits(const BnsPublisher *publisher)
{
    uint64_t waits = 0;
    GHashTableIter iter;
    gpointer visit;

    if (publisher == NULL)
        return 0;
    g_hash_table_iter_init(&iter, publisher->visits);
    while (g_hash_table_iter_next(&iter, &visit, NULL))
        waits += bns_visit_waits(visit);
    return waits;
}
