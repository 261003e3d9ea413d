/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/http2_pool.h"

#include "netstack/gateway/flow.h"

#include <string.h>

/* To one origin, when no stream is left in those that there are: as many as browsers make
 * with HTTP/1.1, or as many as the command has itself, which would lead there without us.
 * Beyond it requests wait for a free stream. */
#define CONNECTIONS_MIN 6

/* A connection. */
typedef struct {
    BnsHttp2Pool *pool;    /* borrowed */
    BnsUpstream *upstream; /* owned */
    BnsHttp2Link *link;    /* owned */
    BnsTimer *timer;       /* owned: runs while it is idle */
    bool is_idle;
    BnsHttp2Tunnels tunnels; /* as the flows were told */
    GQueue waits;            /* of owned BnsHttp2Wait: for its settings */
} Origin;

/* A connection that is being made. */
typedef struct {
    BnsHttp2Pool *pool; /* borrowed */
    BnsDialTarget target;
    BnsConnect *connect; /* (transfer none); NULL once it has ended */
    GQueue waits;        /* of owned BnsHttp2Wait */
} Dial;

struct BnsHttp2Wait {
    Dial *dial;    /* borrowed; NULL once it has ended */
    GQueue *queue; /* borrowed: that it is in, or NULL: it is being served */
    BnsDialTarget target;
    BnsHttp2WaitFunc func;
    void *data;
};

struct BnsHttp2Pool {
    struct BnsEngine *engine;     /* borrowed */
    const BnsHttp2Events *events; /* borrowed */
    GQueue origins;               /* of owned Origin */
    GQueue dials;                 /* of owned Dial */
};

/* --- connections --- */

static void
origin_free(Origin *origin)
{
    bns_http2_link_free(origin->link);
    bns_upstream_free(origin->upstream);
    bns_timer_free(origin->timer);
    g_free(origin);
}

/* Those that wait for the settings. A callback may cancel the others. */
static void
serve_settings(Origin *origin, const BnsUpstreamFailure *failure)
{
    BnsHttp2Wait *wait;

    while ((wait = g_queue_pop_head(&origin->waits)) != NULL) {
        wait->func(failure == NULL ? origin->link : NULL,
                   failure == NULL ? origin->upstream : NULL, failure, wait->data);
        g_free(wait);
    }
}

static void
drop(Origin *origin)
{
    char error[] = "the upstream ended before its HTTP/2 settings came";
    BnsUpstreamFailure failure = { .outcome = BNS_DIAL_UNREACHABLE, .error = error };

    g_queue_remove(&origin->pool->origins, origin);
    serve_settings(origin, &failure);
    origin_free(origin);
}

/* Tells those whom it may concern: the commands' connections to this origin are found by
 * asking them all, once in the life of an origin's connection. */
static void
tell_tunnels(Origin *origin)
{
    BnsHttp2Tunnels tunnels = bns_http2_link_tunnels(origin->link);
    GHashTableIter iter;
    gpointer value;

    if (origin->tunnels == tunnels)
        return;
    origin->tunnels = tunnels;
    g_hash_table_iter_init(&iter, origin->pool->engine->flows);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        BnsFlow *flow = value;

        if (flow->http2 != NULL)
            bns_http2_server_learn(flow->http2);
    }
    serve_settings(origin, NULL);
}

/* Idle ones have their time; a hoarder of the oldest kind is dropped by its timer. */
static void
set_idle(Origin *origin, bool is_idle)
{
    if (origin->is_idle == is_idle)
        return;
    origin->is_idle = is_idle;
    bns_timer_set(origin->timer, is_idle ? bns_loop_now_us(origin->pool->engine->loop) +
                                               BNS_POOL_IDLE_US
                                         : INT64_MAX);
}

static void
run(void *data)
{
    Origin *origin = data;
    bool is_used;

    if (!bns_http2_link_run(origin->link)) {
        drop(origin);
        return;
    }
    tell_tunnels(origin);
    is_used = bns_http2_link_n_ends(origin->link) > 0;
    if (is_used || bns_http2_link_is_open(origin->link)) {
        set_idle(origin, !is_used);
        return;
    }
    bns_http2_link_leave(origin->link);
    drop(origin);
}

static void
on_idle(void *data)
{
    Origin *origin = data;

    bns_http2_link_leave(origin->link);
    drop(origin);
}

void
bns_http2_pool_add(BnsHttp2Pool *pool, BnsUpstream *upstream)
{
    Origin *origin = g_new0(Origin, 1);
    BnsLoop *loop = pool->engine->loop;

    upstream->protocol = BNS_PROTOCOL_HTTP2;
    origin->pool = pool;
    g_queue_init(&origin->waits);
    origin->upstream = upstream;
    origin->link =
        bns_http2_link_new(loop, &upstream->channel, false, pool->events, run, origin);
    origin->timer = bns_loop_timer(loop, on_idle, origin);
    bns_stream_set_owner(upstream->channel.stream, run, origin);
    /* The preface goes, and the origin's settings are read, as soon as possible. */
    bns_stream_want(upstream->channel.stream, true, true);
    set_idle(origin, true);
    g_queue_push_head(&pool->origins, origin);
}

/* --- what there is --- */

static bool
fits(const Origin *origin, const BnsDialTarget *target)
{
    return bns_http2_link_is_open(origin->link) &&
           bns_upstream_fits(origin->pool->engine, origin->upstream, target);
}

BnsHttp2Tunnels
bns_http2_pool_tunnels(BnsHttp2Pool *pool, const BnsDialTarget *target)
{
    BnsHttp2Tunnels known = BNS_HTTP2_TUNNELS_NO;

    for (GList *link = pool->origins.head; link != NULL; link = link->next) {
        const Origin *origin = link->data;
        BnsHttp2Tunnels tunnels = bns_http2_link_tunnels(origin->link);

        if (tunnels == BNS_HTTP2_TUNNELS_NO || !fits(origin, target))
            continue;
        if (tunnels == BNS_HTTP2_TUNNELS_YES)
            return tunnels;
        known = tunnels;
    }
    return known;
}

static bool
is_same(const BnsDialTarget *a, const BnsDialTarget *b)
{
    return a->scheme == b->scheme && a->port == b->port &&
           strcmp(a->host.text, b->host.text) == 0;
}

bool
bns_http2_pool_has(BnsHttp2Pool *pool, const BnsDialTarget *target)
{
    for (GList *link = pool->origins.head; link != NULL; link = link->next)
        if (fits(link->data, target))
            return true;
    return false;
}

/* Whether @a takes a request rather than @b: by the streams that are left, which are
 * none where an origin allows none any more. */
static bool
is_better(const Origin *a, const Origin *b)
{
    unsigned room_a = bns_http2_link_room(a->link);
    unsigned room_b = bns_http2_link_room(b->link);

    if (room_a != room_b)
        return room_a > room_b;
    return bns_http2_link_n_ends(a->link) < bns_http2_link_n_ends(b->link);
}

/* Which fit is a question to the policy: it is asked only of those that would be taken. */
static const Origin *
find_best(BnsHttp2Pool *pool, const BnsDialTarget *target)
{
    const Origin *best = NULL;

    for (GList *link = pool->origins.head; link != NULL; link = link->next) {
        const Origin *origin = link->data;

        if ((best == NULL || is_better(origin, best)) && fits(origin, target))
            best = origin;
    }
    return best;
}

/* Whether there are as many as there may be. */
static bool
has_enough(BnsHttp2Pool *pool, const BnsDialTarget *target)
{
    guint max = MAX(CONNECTIONS_MIN, g_hash_table_size(pool->engine->flows));
    guint n = 0;

    for (GList *link = pool->origins.head; link != NULL && n < max; link = link->next)
        n += fits(link->data, target);
    return n == max;
}

BnsHttp2Link *
bns_http2_pool_take(BnsHttp2Pool *pool,
                    const BnsDialTarget *target,
                    BnsUpstream **out_upstream)
{
    const Origin *best = find_best(pool, target);

    /* With enough connections, one without room is asked nevertheless: nghttp2 holds the
     * request until there is. */
    if (best == NULL ||
        (bns_http2_link_room(best->link) == 0 && !has_enough(pool, target)))
        return NULL;
    *out_upstream = best->upstream;
    return best->link;
}

/* --- waiting --- */

static void
dial_free(Dial *dial)
{
    g_queue_remove(&dial->pool->dials, dial);
    bns_connect_cancel(dial->connect);
    g_queue_clear_full(&dial->waits, g_free);
    g_free(dial);
}

static void begin_wait(BnsHttp2Pool *pool, BnsHttp2Wait *wait);

/* Gives @wait what has come, or has it wait on: the connection is full, or was dialled
 * for another request whose rule lifts the guard. */
static void
serve(BnsHttp2Pool *pool, BnsHttp2Wait *wait, const BnsUpstreamFailure *failure)
{
    BnsUpstream *upstream = NULL;
    BnsHttp2Link *link = NULL;

    wait->dial = NULL;
    wait->queue = NULL;
    if (failure == NULL) {
        link = bns_http2_pool_take(pool, &wait->target, &upstream);
        if (link == NULL) {
            begin_wait(pool, wait);
            return;
        }
    }
    wait->func(link, upstream, failure, wait->data);
    g_free(wait);
}

static void
on_connected(BnsUpstream *upstream, BnsUpstreamFailure *failure, void *data)
{
    Dial *dial = data;
    BnsHttp2Pool *pool = dial->pool;
    BnsHttp2Wait *wait;

    dial->connect = NULL;
    if (upstream != NULL)
        bns_http2_pool_add(pool, upstream);
    /* A callback may cancel the others: they are taken one by one. */
    while ((wait = g_queue_pop_head(&dial->waits)) != NULL)
        serve(pool, wait, failure);
    dial_free(dial);
    bns_upstream_failure_free(failure);
}

/* Only under the same rule, whatever a system layer adds to it: the guard's answer is then
 * the same, too. */
static Dial *
find_dial(BnsHttp2Pool *pool, const BnsDialTarget *target)
{
    for (GList *link = pool->dials.head; link != NULL; link = link->next) {
        Dial *dial = link->data;

        if (is_same(&dial->target, target) && dial->connect != NULL &&
            dial->target.decision.rule == target->decision.rule &&
            dial->target.decision.lifts_guard == target->decision.lifts_guard &&
            dial->target.decision.identity == target->decision.identity &&
            dial->waits.length < BNS_HTTP2_STREAMS_MAX)
            return dial;
    }
    return NULL;
}

static void
begin_wait(BnsHttp2Pool *pool, BnsHttp2Wait *wait)
{
    Dial *dial = find_dial(pool, &wait->target);

    if (dial == NULL) {
        dial = g_new0(Dial, 1);
        dial->pool = pool;
        dial->target = wait->target;
        g_queue_push_tail(&pool->dials, dial);
        dial->connect =
            bns_connect_start(pool->engine, &dial->target, on_connected, dial);
    }
    wait->dial = dial;
    wait->queue = &dial->waits;
    g_queue_push_tail(&dial->waits, wait);
}

static Origin *
find_origin(BnsHttp2Pool *pool, const BnsHttp2Link *link)
{
    for (GList *at = pool->origins.head; at != NULL; at = at->next) {
        Origin *origin = at->data;

        if (origin->link == link)
            return origin;
    }
    g_return_val_if_reached(NULL);
}

BnsHttp2Wait *
bns_http2_pool_wait(BnsHttp2Pool *pool,
                    const BnsDialTarget *target,
                    BnsHttp2WaitFunc func,
                    void *data)
{
    BnsHttp2Wait *wait = g_new0(BnsHttp2Wait, 1);

    wait->target = *target;
    wait->func = func;
    wait->data = data;
    begin_wait(pool, wait);
    return wait;
}

BnsHttp2Wait *
bns_http2_pool_wait_settings(BnsHttp2Pool *pool,
                             const BnsHttp2Link *link,
                             BnsHttp2WaitFunc func,
                             void *data)
{
    Origin *origin = find_origin(pool, link);
    BnsHttp2Wait *wait = g_new0(BnsHttp2Wait, 1);

    wait->func = func;
    wait->data = data;
    wait->queue = &origin->waits;
    g_queue_push_tail(&origin->waits, wait);
    return wait;
}

void
bns_http2_wait_cancel(BnsHttp2Wait *wait)
{
    Dial *dial;

    if (wait == NULL)
        return;
    dial = wait->dial;
    g_queue_remove(wait->queue, wait);
    g_free(wait);
    /* While its callbacks run the dial frees itself. */
    if (dial != NULL && g_queue_is_empty(&dial->waits) && dial->connect != NULL)
        dial_free(dial);
}

uint64_t
bns_http2_pool_waits(const BnsHttp2Pool *pool)
{
    uint64_t waits = 0;

    for (const GList *link = pool->origins.head; link != NULL; link = link->next) {
        const Origin *origin = link->data;

        waits += bns_http2_link_waits(origin->link);
    }
    return waits;
}

/* --- life --- */

BnsHttp2Pool *
bns_http2_pool_new(struct BnsEngine *engine, const BnsHttp2Events *events)
{
    BnsHttp2Pool *pool = g_new0(BnsHttp2Pool, 1);

    pool->engine = engine;
    pool->events = events;
    g_queue_init(&pool->origins);
    g_queue_init(&pool->dials);
    return pool;
}

void
bns_http2_pool_free(BnsHttp2Pool *pool)
{
    Origin *origin;

    if (pool == NULL)
        return;
    g_return_if_fail(g_queue_is_empty(&pool->dials));
    while ((origin = g_queue_pop_head(&pool->origins)) != NULL) {
        bns_http2_link_leave(origin->link);
        origin_free(origin);
    }
    g_free(pool);
}
