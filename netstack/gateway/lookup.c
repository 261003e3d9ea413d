/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/lookup.h"

#include <errno.h>

struct BnsLookups {
    BnsLoop *loop; /* borrowed */
    int resolver_fd;
    BnsWatch *watch;     /* owned; NULL once the resolver is lost */
    GHashTable *pending; /* owned; id -> owned BnsLookup */
    GQueue unasked;      /* of borrowed BnsLookup: the socket was full */
    uint64_t last_id;
    BnsLookupsLostFunc on_lost;
    void *data;
};

struct BnsLookup {
    BnsLookups *lookups; /* borrowed */
    uint64_t id;
    char *name; /* owned */
    BnsLookupFunc func;
    void *data;
};

static void
lookup_free(gpointer data)
{
    BnsLookup *lookup = data;

    g_free(lookup->name);
    g_free(lookup);
}

static void
lose(BnsLookups *lookups)
{
    g_clear_pointer(&lookups->watch, bns_watch_free);
    lookups->on_lost(lookups->data);
}

/* Asks what has not been asked. */
static void
flush(BnsLookups *lookups)
{
    while (!g_queue_is_empty(&lookups->unasked)) {
        BnsLookup *lookup = g_queue_peek_head(&lookups->unasked);
        int r = bns_resolver_ask(lookups->resolver_fd, lookup->id, lookup->name);

        if (r == -EAGAIN)
            break;
        if (r < 0) {
            lose(lookups);
            return;
        }
        g_queue_pop_head(&lookups->unasked);
    }
    bns_watch_set_events(lookups->watch, g_queue_is_empty(&lookups->unasked)
                                             ? EPOLLIN
                                             : EPOLLIN | EPOLLOUT);
}

static void
deliver(BnsLookups *lookups, const BnsResolverAnswer *answer)
{
    BnsLookup *lookup = g_hash_table_lookup(lookups->pending, &answer->id);
    BnsLookupFunc func;
    void *data;

    /* Cancelled in the meantime. */
    if (lookup == NULL)
        return;
    func = lookup->func;
    data = lookup->data;
    bns_lookup_cancel(lookup);
    func(answer, data);
}

static void
on_resolver(uint32_t events, void *data)
{
    BnsLookups *lookups = data;
    BnsResolverAnswer answer;
    int r;

    while ((r = bns_resolver_receive(lookups->resolver_fd, &answer)) == 1)
        deliver(lookups, &answer);
    if (r == -EAGAIN)
        flush(lookups);
    else
        lose(lookups);
}

BnsLookups *
bns_lookups_new(BnsLoop *loop, int resolver_fd, BnsLookupsLostFunc on_lost, void *data)
{
    BnsLookups *lookups = g_new0(BnsLookups, 1);

    lookups->loop = loop;
    lookups->resolver_fd = resolver_fd;
    lookups->on_lost = on_lost;
    lookups->data = data;
    lookups->pending =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, lookup_free);
    g_queue_init(&lookups->unasked);
    lookups->watch = bns_loop_watch(loop, resolver_fd, EPOLLIN, on_resolver, lookups);
    return lookups;
}

void
bns_lookups_free(BnsLookups *lookups)
{
    if (lookups == NULL)
        return;
    bns_watch_free(lookups->watch);
    g_queue_clear(&lookups->unasked);
    g_hash_table_unref(lookups->pending);
    g_free(lookups);
}

BnsLookup *
bns_lookup_start(BnsLookups *lookups,
                 const char *canonical_name,
                 BnsLookupFunc func,
                 void *data)
{
    BnsLookup *lookup = g_new0(BnsLookup, 1);

    lookup->lookups = lookups;
    lookup->id = ++lookups->last_id;
    lookup->name = g_strdup(canonical_name);
    lookup->func = func;
    lookup->data = data;
    g_hash_table_insert(lookups->pending, &lookup->id, lookup);
    g_queue_push_tail(&lookups->unasked, lookup);
    if (lookups->watch != NULL)
        flush(lookups);
    return lookup;
}

void
bns_lookup_cancel(BnsLookup *lookup)
{
    if (lookup == NULL)
        return;
    g_queue_remove(&lookup->lookups->unasked, lookup);
    g_hash_table_remove(lookup->lookups->pending, &lookup->id);
}
