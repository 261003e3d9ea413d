/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/lookup.h"

#include "netstack/gateway/resolver_lifetime.h"

#include <errno.h>

/* A name that is known, or that somebody waits for. */
typedef struct {
    char *text;      /* owned */
    uint64_t id;     /* of the last question about it */
    bool is_pending; /* the question has no answer yet */
    GQueue waiting;  /* of owned BnsLookup: while pending, and while they are told */
    GList *link;     /* in lookups->by_age */
    BnsResolverAnswer answer;
    int64_t good_until_us;
} Name;

struct BnsLookups {
    BnsLoop *loop; /* borrowed */
    int resolver_fd;
    BnsWatch *watch;     /* owned; NULL once the resolver is lost */
    GHashTable *by_text; /* owned; text -> owned Name */
    GHashTable *by_id;   /* owned; id -> borrowed Name */
    GQueue by_age;       /* of borrowed Name, the one asked first at the head */
    GQueue unasked;      /* of borrowed Name: the socket was full */
    uint64_t last_id;
    BnsLookupsLostFunc on_lost;
    void *data;
};

struct BnsLookup {
    Name *name; /* borrowed */
    BnsLookupFunc func;
    void *data;
};

/* --- names --- */

static void
name_free(gpointer data)
{
    Name *name = data;

    g_queue_clear_full(&name->waiting, g_free);
    g_free(name->text);
    g_free(name);
}

static void
drop(BnsLookups *lookups, Name *name)
{
    g_queue_delete_link(&lookups->by_age, name->link);
    g_queue_remove(&lookups->unasked, name);
    g_hash_table_remove(lookups->by_id, &name->id);
    g_hash_table_remove(lookups->by_text, name->text);
}

static bool
is_good(const BnsLookups *lookups, const Name *name)
{
    return !name->is_pending && name->good_until_us > bns_loop_now_us(lookups->loop);
}

/* Drops what is no longer good, and if there is too much the oldest; never one that is
 * waited for. */
static void
make_room(BnsLookups *lookups)
{
    for (GList *link = lookups->by_age.head, *next; link != NULL; link = next) {
        Name *name = link->data;
        bool is_full = g_hash_table_size(lookups->by_text) >= BNS_LOOKUP_NAMES_MAX;

        next = link->next;
        if (is_good(lookups, name) && !is_full)
            return;
        if (name->waiting.length == 0 && (!name->is_pending || is_full))
            drop(lookups, name);
    }
}

static Name *
name_new(BnsLookups *lookups, const char *text)
{
    Name *name = g_new0(Name, 1);

    name->text = g_strdup(text);
    name->id = ++lookups->last_id;
    name->is_pending = true;
    g_queue_init(&name->waiting);
    g_queue_push_tail(&lookups->by_age, name);
    name->link = lookups->by_age.tail;
    g_hash_table_insert(lookups->by_text, name->text, name);
    g_hash_table_insert(lookups->by_id, &name->id, name);
    g_queue_push_tail(&lookups->unasked, name);
    return name;
}

/* --- to the resolver --- */

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
        const Name *name = g_queue_peek_head(&lookups->unasked);
        int r = bns_resolver_ask(lookups->resolver_fd, name->id, name->text);

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

/* --- from it --- */

static void
set_lifetime(BnsLookups *lookups, Name *name, uint32_t lifetime_ms)
{
    int64_t lifetime_us =
        MIN(lifetime_ms, BNS_RESOLVER_LIFETIME_MAX_MS) * INT64_C(1000);

    name->good_until_us = bns_loop_now_us(lookups->loop) + lifetime_us;
}

/* Those who wait may do anything when they are told, cancel others and ask anew too. */
static void
tell(BnsLookups *lookups, Name *name)
{
    BnsResolverAnswer answer = name->answer;
    BnsLookup *lookup;

    while ((lookup = g_queue_pop_head(&name->waiting)) != NULL) {
        BnsLookupFunc func = lookup->func;
        void *data = lookup->data;
        bool is_last = g_queue_is_empty(&name->waiting);

        g_free(lookup);
        func(&answer, data);
        /* Nobody drops a name that is waited for; after the last, anybody may have. */
        if (is_last)
            return;
    }
}

static void
deliver(BnsLookups *lookups, const BnsResolverAnswer *answer)
{
    Name *name = g_hash_table_lookup(lookups->by_id, &answer->id);

    /* Forgotten in the meantime. */
    if (name == NULL)
        return;
    if (answer->kind == BNS_RESOLVER_LIFETIME) {
        if (!name->is_pending)
            set_lifetime(lookups, name, answer->lifetime_ms);
        return;
    }
    if (!name->is_pending)
        return;
    name->answer = *answer;
    name->is_pending = false;
    set_lifetime(lookups, name, answer->lifetime_ms);
    tell(lookups, name);
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

/* --- life --- */

BnsLookups *
bns_lookups_new(BnsLoop *loop, int resolver_fd, BnsLookupsLostFunc on_lost, void *data)
{
    BnsLookups *lookups = g_new0(BnsLookups, 1);

    lookups->loop = loop;
    lookups->resolver_fd = resolver_fd;
    lookups->on_lost = on_lost;
    lookups->data = data;
    lookups->by_text = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, name_free);
    lookups->by_id = g_hash_table_new(g_int64_hash, g_int64_equal);
    g_queue_init(&lookups->by_age);
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
    g_queue_clear(&lookups->by_age);
    g_hash_table_unref(lookups->by_id);
    g_hash_table_unref(lookups->by_text);
    g_free(lookups);
}

/* --- asking --- */

const BnsResolverAnswer *
bns_lookups_known(BnsLookups *lookups, const char *canonical_name)
{
    const Name *name = g_hash_table_lookup(lookups->by_text, canonical_name);

    return name != NULL && is_good(lookups, name) ? &name->answer : NULL;
}

void
bns_lookups_forget(BnsLookups *lookups, const char *canonical_name)
{
    Name *name = g_hash_table_lookup(lookups->by_text, canonical_name);

    if (name != NULL && !name->is_pending && name->waiting.length == 0)
        drop(lookups, name);
}

BnsLookup *
bns_lookup_start(BnsLookups *lookups,
                 const char *canonical_name,
                 BnsLookupFunc func,
                 void *data)
{
    BnsLookup *lookup = g_new0(BnsLookup, 1);
    Name *name;

    /* An answer that is known is not used here: it would be told from within this call. */
    bns_lookups_forget(lookups, canonical_name);
    name = g_hash_table_lookup(lookups->by_text, canonical_name);
    if (name == NULL) {
        make_room(lookups);
        name = name_new(lookups, canonical_name);
    }
    lookup->name = name;
    lookup->func = func;
    lookup->data = data;
    g_queue_push_tail(&name->waiting, lookup);
    if (lookups->watch != NULL)
        flush(lookups);
    return lookup;
}

/* The answer will be good for others: the question stays. */
void
bns_lookup_cancel(BnsLookup *lookup)
{
    if (lookup == NULL)
        return;
    g_queue_remove(&lookup->name->waiting, lookup);
    g_free(lookup);
}
