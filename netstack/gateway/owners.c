/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/owners.h"

#include "audit/record.h"
#include "base/fd.h"
#include "base/owner.h"

#include <errno.h>
#include <string.h>

/* They fit into the buffer of any socket. A finder that is stopped costs no more. */
#define QUERIES_MAX 32

/* After this an answer is not expected any more. */
#define GIVE_UP_US G_USEC_PER_SEC

/* Answers of one turn. */
#define ANSWERS_PER_TURN 64

struct BnsOwners {
    BnsLoop *loop;       /* borrowed */
    int fd;              /* borrowed */
    BnsWatch *watch;     /* owned; NULL once there is no finder any more */
    GHashTable *queries; /* owned; flow id -> owned BnsOwnerQuery */
    BnsProcess *last;    /* owned; of the last answer */
};

struct BnsOwnerQuery {
    BnsOwners *owners; /* borrowed */
    uint64_t flow;
    BnsTimer *timer;   /* owned */
    BnsOwnerFunc func; /* NULL: cancelled, but still to be answered */
    void *data;
};

/* --- processes --- */

static void
process_clear(void *data)
{
    BnsProcess *process = data;

    g_free((char *)(uintptr_t)process->exe);
    g_free((char *)(uintptr_t)process->argv);
}

BnsProcess *
bns_process_ref(BnsProcess *process)
{
    return g_rc_box_acquire(process);
}

void
bns_process_unref(BnsProcess *process)
{
    if (process != NULL)
        g_rc_box_release_full(process, process_clear);
}

/* Returns: (transfer full) (nullable): the words as records have them. */
static char *
join_words(const char *words, size_t len)
{
    g_autoptr(GString) argv = g_string_sized_new(len);

    for (size_t i = 0; i < len; i++)
        if (words[i] == '\0')
            g_string_append_c(argv, BNS_RECORD_ARGUMENT_END);
        else if (words[i] == BNS_RECORD_ARGUMENT_END)
            g_string_append(argv, "\xef\xbf\xbd");
        else
            g_string_append_c(argv, words[i]);
    return len > 0 ? g_string_free(g_steal_pointer(&argv), FALSE) : NULL;
}

static bool
is_same(const BnsProcess *process, const BnsProcess *other)
{
    return process->pid == other->pid && g_strcmp0(process->exe, other->exe) == 0 &&
           g_strcmp0(process->argv, other->argv) == 0;
}

static BnsProcess *
process_new(const BnsOwnerAnswer *answer)
{
    BnsProcess *process = g_rc_box_new0(BnsProcess);

    process->pid = answer->pid;
    if (answer->exe_len > 0)
        process->exe = g_strdup(answer->text);
    process->argv = join_words(answer->text + answer->exe_len, answer->argv_len);
    return process;
}

/* Returns: (transfer none) (nullable): whom @answer describes. */
static BnsProcess *
take_process(BnsOwners *owners, const BnsOwnerAnswer *answer)
{
    BnsProcess *process;

    if (answer->pid == 0)
        return NULL;
    process = process_new(answer);
    if (owners->last != NULL && is_same(owners->last, process)) {
        bns_process_unref(process);
        return owners->last;
    }
    bns_process_unref(owners->last);
    owners->last = process;
    return owners->last;
}

/* --- queries --- */

static void
query_free(void *data)
{
    BnsOwnerQuery *query = data;

    bns_timer_free(query->timer);
    g_free(query);
}

/* Ends the query. */
static void
finish(BnsOwnerQuery *query, BnsProcess *process)
{
    BnsOwnerFunc func = query->func;
    void *data = query->data;

    g_hash_table_remove(query->owners->queries, &query->flow);
    if (func != NULL)
        func(process, data);
}

static void
on_given_up(void *data)
{
    finish(data, NULL);
}

static void
on_answers(uint32_t events, void *data)
{
    BnsOwners *owners = data;
    static BnsOwnerAnswer answer;

    for (int i = 0; i < ANSWERS_PER_TURN; i++) {
        int r = bns_owner_receive_answer(owners->fd, &answer);
        BnsOwnerQuery *query;

        if (r == -EAGAIN)
            return;
        if (r != 1) {
            /* Init is gone, or it is not the finder any more that talks. */
            g_clear_pointer(&owners->watch, bns_watch_free);
            return;
        }
        query = g_hash_table_lookup(owners->queries, &answer.flow);
        if (query != NULL)
            finish(query, take_process(owners, &answer));
    }
}

BnsOwnerQuery *
bns_owners_ask(BnsOwners *owners, const BnsWire *offer, BnsOwnerFunc func, void *data)
{
    const BnsOwnerQuestion question = { .flow = offer->flow,
                                        .asked_us = g_get_monotonic_time(),
                                        .addr = offer->addr,
                                        .port = offer->port,
                                        .guest_port = offer->guest_port };
    BnsOwnerQuery *query;

    if (owners == NULL || owners->watch == NULL ||
        g_hash_table_size(owners->queries) >= QUERIES_MAX ||
        bns_owner_ask(owners->fd, &question) < 0)
        return NULL;
    query = g_new0(BnsOwnerQuery, 1);
    query->owners = owners;
    query->flow = offer->flow;
    query->func = func;
    query->data = data;
    query->timer = bns_loop_timer(owners->loop, on_given_up, query);
    bns_timer_set(query->timer, bns_loop_now_us(owners->loop) + GIVE_UP_US);
    g_hash_table_insert(owners->queries, &query->flow, query);
    return query;
}

void
bns_owner_query_cancel(BnsOwnerQuery *query)
{
    if (query != NULL)
        query->func = NULL;
}

/* --- life --- */

BnsOwners *
bns_owners_new(BnsLoop *loop, int fd)
{
    BnsOwners *owners = g_new0(BnsOwners, 1);

    owners->loop = loop;
    owners->fd = fd;
    owners->queries =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, query_free);
    bns_fd_set_nonblocking(fd, true);
    owners->watch = bns_loop_watch(loop, fd, EPOLLIN, on_answers, owners);
    return owners;
}

void
bns_owners_free(BnsOwners *owners)
{
    if (owners == NULL)
        return;
    g_hash_table_unref(owners->queries);
    bns_watch_free(owners->watch);
    bns_process_unref(owners->last);
    g_free(owners);
}
