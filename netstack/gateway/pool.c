/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/pool.h"

#include "netstack/gateway/engine.h"

/* An agent talks to few hosts, with at most six connections each, as browsers do. */
#define CONNECTIONS_MAX 64

struct BnsPool {
    struct BnsEngine *engine; /* borrowed */
    GQueue idle;              /* of owned BnsUpstream, the last used first */
    BnsTimer *timer;          /* owned: the oldest one's end */
};

static void
drop(BnsPool *pool, BnsUpstream *upstream)
{
    g_queue_remove(&pool->idle, upstream);
    bns_upstream_free(upstream);
}

static void
set_timer(BnsPool *pool)
{
    const BnsUpstream *oldest = g_queue_peek_tail(&pool->idle);

    bns_timer_set(pool->timer, oldest == NULL ? INT64_MAX : oldest->idle_until_us);
}

static void
on_timer(void *data)
{
    BnsPool *pool = data;
    int64_t now_us = bns_loop_now_us(pool->engine->loop);
    BnsUpstream *oldest;

    while ((oldest = g_queue_peek_tail(&pool->idle)) != NULL &&
           oldest->idle_until_us <= now_us)
        drop(pool, oldest);
    set_timer(pool);
}

/* An origin that speaks or ends while nothing was asked. */
static void
on_idle_ready(void *data)
{
    BnsUpstream *upstream = data;

    if (!bns_upstream_is_quiet(upstream))
        drop(upstream->pool, upstream);
}

BnsPool *
bns_pool_new(struct BnsEngine *engine)
{
    BnsPool *pool = g_new0(BnsPool, 1);

    pool->engine = engine;
    g_queue_init(&pool->idle);
    pool->timer = bns_loop_timer(engine->loop, on_timer, pool);
    return pool;
}

void
bns_pool_free(BnsPool *pool)
{
    if (pool == NULL)
        return;
    while (!g_queue_is_empty(&pool->idle))
        bns_upstream_free(g_queue_pop_head(&pool->idle));
    bns_timer_free(pool->timer);
    g_free(pool);
}

void
bns_pool_put(BnsPool *pool, BnsUpstream *upstream)
{
    /* What it says from here on is seen by on_idle_ready(), or before the next request. */
    if (!bns_upstream_was_quiet(upstream)) {
        bns_upstream_free(upstream);
        return;
    }
    bns_channel_release(&upstream->channel);
    upstream->pool = pool;
    upstream->idle_until_us = bns_loop_now_us(pool->engine->loop) + BNS_POOL_IDLE_US;
    bns_stream_set_owner(upstream->channel.stream, on_idle_ready, upstream);
    bns_stream_want(upstream->channel.stream, true, false);
    g_queue_push_head(&pool->idle, upstream);
    if (pool->idle.length > CONNECTIONS_MAX)
        bns_upstream_free(g_queue_pop_tail(&pool->idle));
    set_timer(pool);
}

BnsUpstream *
bns_pool_take(BnsPool *pool, const BnsDialTarget *target)
{
    for (GList *link = pool->idle.head, *next; link != NULL; link = next) {
        BnsUpstream *upstream = link->data;

        next = link->next;
        if (!bns_upstream_fits(pool->engine, upstream, target))
            continue;
        g_queue_delete_link(&pool->idle, link);
        upstream->pool = NULL;
        upstream->is_kept = true;
        bns_stream_want(upstream->channel.stream, false, false);
        return upstream;
    }
    return NULL;
}
