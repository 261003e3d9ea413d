/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resolver: the process.
 *
 * How it works: one thread reads questions and starts workers, as many as there are
 * questions waiting, up to a limit; each worker asks the system and sends the answer
 * itself. What comes in while all are busy waits in a queue; beyond that the answer is
 * at once that the gateway should try again.
 *
 * Search domains would let a name that policy allowed stand for another one. A final dot
 * turns them off, but hides what /etc/hosts says; an empty LOCALDOMAIN (resolv.conf(5))
 * does not, and the resolver's watch over resolv.conf goes on. What remains: for a name
 * of one label systemd-resolved applies search domains of its own.
 */
#include "netstack/gateway/resolver.h"

#include "base/fd.h"
#include "base/lockdown.h"
#include "base/ready.h"
#include "netstack/gateway/resolver_lifetime.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>

/* A name whose servers do not answer holds a worker for 10 s and more. */
#define WORKERS_MAX 16
/* Far above what 500 flows ask at once after the gateway's own cache. */
#define QUEUE_MAX 1024

typedef struct {
    int gateway_fd; /* borrowed */
    bool uses_dns;
    GMutex mutex; /* guards what follows */
    GCond more;
    GQueue questions; /* of owned BnsResolverQuestion */
    guint n_workers;
    guint n_idle;
} Pool;

/* --- answering --- */

static void
add_address(BnsResolverAnswer *answer, const struct sockaddr *address)
{
    BnsResolverAddress *next = &answer->addresses[answer->n_addresses];

    if (answer->n_addresses == BNS_RESOLVER_ADDRESSES_MAX)
        return;
    if (address->sa_family == AF_INET)
        memcpy(next->bytes, &((const struct sockaddr_in *)address)->sin_addr, 4);
    else if (address->sa_family == AF_INET6)
        memcpy(next->bytes, &((const struct sockaddr_in6 *)address)->sin6_addr, 16);
    else
        return;
    next->family = address->sa_family;
    answer->n_addresses++;
}

static void
resolve(const BnsResolverQuestion *question, BnsResolverAnswer *out_answer)
{
    static const struct addrinfo hints = { .ai_family = AF_UNSPEC,
                                           .ai_socktype = SOCK_STREAM };
    struct addrinfo *list = NULL;
    BnsHost host;

    *out_answer = (BnsResolverAnswer){ .id = question->id, .error = EAI_NONAME };
    /* The gateway has checked it; a name that is none never gets here honestly. */
    if (!bns_host_canonical(question->name, strlen(question->name), &host) ||
        host.kind != BNS_HOST_NAME || strcmp(host.text, question->name) != 0)
        return;
    out_answer->error = getaddrinfo(question->name, NULL, &hints, &list);
    if (out_answer->error != 0)
        return;
    for (const struct addrinfo *info = list; info != NULL; info = info->ai_next)
        add_address(out_answer, info->ai_addr);
    freeaddrinfo(list);
    if (out_answer->n_addresses == 0)
        out_answer->error = EAI_NONAME;
}

/* The answer, then, if the DNS has one, its lifetime. If the gateway is gone the main
 * thread sees it too. */
static void
answer_question(const Pool *pool, const BnsResolverQuestion *question)
{
    BnsResolverAnswer answer;
    BnsResolverAnswer lifetime = { .id = question->id, .kind = BNS_RESOLVER_LIFETIME };

    resolve(question, &answer);
    answer.lifetime_ms = bns_resolver_default_lifetime_ms(answer.error);
    bns_resolver_answer(pool->gateway_fd, &answer);
    if (answer.error == 0 && pool->uses_dns &&
        bns_resolver_ask_lifetime(question->name, &answer, &lifetime.lifetime_ms))
        bns_resolver_answer(pool->gateway_fd, &lifetime);
}

/* --- workers --- */

static BnsResolverQuestion *
next_question(Pool *pool)
{
    BnsResolverQuestion *question;

    g_mutex_lock(&pool->mutex);
    pool->n_idle++;
    while ((question = g_queue_pop_head(&pool->questions)) == NULL)
        g_cond_wait(&pool->more, &pool->mutex);
    pool->n_idle--;
    g_mutex_unlock(&pool->mutex);
    return question;
}

static void *
work(void *data)
{
    Pool *pool = data;

    for (;;) {
        g_autofree BnsResolverQuestion *question = next_question(pool);

        answer_question(pool, question);
    }
    return NULL;
}

/* Another worker, if more questions wait than workers do. Holds the mutex. */
static void
add_worker(Pool *pool)
{
    GThread *thread;

    if (pool->n_workers == WORKERS_MAX || pool->questions.length <= pool->n_idle)
        return;
    thread = g_thread_try_new("resolve", work, pool, NULL);
    if (thread == NULL)
        return;
    pool->n_workers++;
    g_thread_unref(thread);
}

/* Returns: whether somebody will answer. */
static bool
enqueue(Pool *pool, const BnsResolverQuestion *question)
{
    bool accepted = false;

    g_mutex_lock(&pool->mutex);
    if (pool->questions.length < QUEUE_MAX) {
        g_queue_push_tail(&pool->questions, g_memdup2(question, sizeof(*question)));
        add_worker(pool);
        accepted = pool->n_workers > 0;
        if (!accepted)
            g_free(g_queue_pop_tail(&pool->questions));
    }
    g_cond_signal(&pool->more);
    g_mutex_unlock(&pool->mutex);
    return accepted;
}

/* --- the main thread --- */

/* Takes one question. Returns: 1, 0 at the end, or -errno. */
static int
take_question(Pool *pool)
{
    BnsResolverQuestion question;
    BnsResolverAnswer busy = { .error = EAI_AGAIN };
    int r = bns_resolver_receive_question(pool->gateway_fd, &question);

    if (r <= 0 || enqueue(pool, &question))
        return r;
    busy.id = question.id;
    r = bns_resolver_answer(pool->gateway_fd, &busy);
    return r == 0 ? 1 : r;
}

/* Returns: whether it was the session that ended. */
static bool
serve(Pool *pool, int life_fd)
{
    struct pollfd fds[] = { { .fd = life_fd, .events = POLLIN },
                            { .fd = pool->gateway_fd, .events = POLLIN } };
    int r = 1;

    while (r > 0) {
        if (poll(fds, G_N_ELEMENTS(fds), -1) < 0 && errno != EINTR)
            return false;
        if (fds[0].revents != 0)
            return true;
        if (fds[1].revents != 0)
            r = take_question(pool);
    }
    if (r < 0)
        g_warning("The gateway's question could not be taken: %s", g_strerror(-r));
    return r == 0;
}

static bool
lock_down(GError **error)
{
    return g_setenv("LOCALDOMAIN", "", TRUE) &&
           bns_lockdown_isolate(BNS_ROLE_RESOLVER, error) &&
           bns_lockdown_enter(BNS_ROLE_RESOLVER, error);
}

int
bns_resolver_run(const BnsResolverConfig *config)
{
    g_autoptr(GError) error = NULL;
    /* Lives as long as the process: workers still use it when the main thread ends. */
    static Pool pool;

    pool.gateway_fd = config->gateway_fd;
    pool.uses_dns = bns_resolver_uses_dns();
    bns_fd_set_nonblocking(pool.gateway_fd, false);
    if (!lock_down(&error)) {
        bns_ready_send(config->control_fd, BNS_READY_FAILED, error->message, -1);
        return 1;
    }
    if (bns_ready_send(config->control_fd, BNS_READY_READY, NULL, -1) < 0)
        return 1;
    return serve(&pool, config->life_fd) ? 0 : 1;
}
