/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/race.h"

#include "base/fd.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    BnsRace *race; /* borrowed */
    struct sockaddr_storage address;
    int fd;          /* owned; -1 while not being connected */
    BnsWatch *watch; /* owned */
} Attempt;

struct BnsRace {
    BnsLoop *loop;   /* borrowed */
    BnsTimer *timer; /* owned: the next attempt, or the end */
    BnsRaceFunc func;
    void *data;
    int64_t timeout_us;
    int64_t deadline_us; /* once the last attempt has begun */
    guint next;          /* the first that was not tried yet */
    BnsRaceResult failure;
    guint n_attempts;
    Attempt attempts[];
};

/* --- order --- */

void
bns_race_interleave(struct sockaddr_storage *addresses, guint n)
{
    for (guint i = 1; i < n; i++) {
        guint found = i;
        struct sockaddr_storage address;

        while (found < n && addresses[found].ss_family == addresses[i - 1].ss_family)
            found++;
        if (found == n)
            return;
        address = addresses[found];
        memmove(&addresses[i + 1], &addresses[i], (found - i) * sizeof(address));
        addresses[i] = address;
    }
}

/* --- the end --- */

void
bns_race_cancel(BnsRace *race)
{
    if (race == NULL)
        return;
    bns_timer_free(race->timer);
    for (guint i = 0; i < race->n_attempts; i++) {
        bns_watch_free(race->attempts[i].watch);
        bns_fd_clear(&race->attempts[i].fd);
    }
    g_free(race);
}

static void
finish(BnsRace *race, const BnsRaceResult *result)
{
    BnsRaceFunc func = race->func;
    void *data = race->data;
    BnsRaceResult copy = *result;

    bns_race_cancel(race);
    func(&copy, data);
}

static void
win(BnsRace *race, Attempt *attempt)
{
    g_clear_pointer(&attempt->watch, bns_watch_free);
    finish(race, &(BnsRaceResult){ .fd = g_steal_fd(&attempt->fd),
                                   .address = attempt->address });
}

/* A refusal says more than a missing route: of an IPv6 address on a host without IPv6,
 * for instance. */
static void
note_failure(BnsRace *race, const Attempt *attempt, int error_no)
{
    if (race->failure.error_no != 0 && error_no != ECONNREFUSED)
        return;
    race->failure.error_no = error_no;
    race->failure.address = attempt->address;
}

/* --- attempts --- */

static bool
is_attempting(const BnsRace *race)
{
    for (guint i = 0; i < race->next; i++)
        if (race->attempts[i].fd >= 0)
            return true;
    return false;
}

static void
on_attempt(uint32_t events, void *data)
{
    Attempt *attempt = data;
    BnsRace *race = attempt->race;
    socklen_t len = sizeof(int);
    int error_no = 0;

    if (getsockopt(attempt->fd, SOL_SOCKET, SO_ERROR, &error_no, &len) < 0)
        error_no = errno;
    if (error_no == 0) {
        win(race, attempt);
        return;
    }
    note_failure(race, attempt, error_no);
    g_clear_pointer(&attempt->watch, bns_watch_free);
    bns_fd_clear(&attempt->fd);
    if (race->next < race->n_attempts || !is_attempting(race))
        bns_timer_set(race->timer, bns_loop_now_us(race->loop));
}

/* Keep-alive finds origins that vanished without a word under an idle tunnel. */
static int
open_socket(int family)
{
    static const int on = 1;
    static const int idle_s = 60;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
    return fd;
}

static socklen_t
address_len(const struct sockaddr_storage *address)
{
    return address->ss_family == AF_INET ? sizeof(struct sockaddr_in)
                                         : sizeof(struct sockaddr_in6);
}

/* 0 or -errno. */
static int
attempt_start(Attempt *attempt)
{
    bns_autofd fd = open_socket(attempt->address.ss_family);

    if (fd < 0)
        return fd;
    if (connect(fd, (const struct sockaddr *)&attempt->address,
                address_len(&attempt->address)) < 0 &&
        errno != EINPROGRESS)
        return -errno;
    attempt->fd = g_steal_fd(&fd);
    attempt->watch =
        bns_loop_watch(attempt->race->loop, attempt->fd, EPOLLOUT, on_attempt, attempt);
    return 0;
}

/* Begins the next attempt that does not fail at once, and says when to look again. */
static void
try_next(BnsRace *race)
{
    int64_t now_us = bns_loop_now_us(race->loop);

    while (race->next < race->n_attempts) {
        Attempt *attempt = &race->attempts[race->next++];
        int r = attempt_start(attempt);

        if (r == 0)
            break;
        note_failure(race, attempt, -r);
    }
    if (!is_attempting(race)) {
        finish(race, &race->failure);
        return;
    }
    if (race->next < race->n_attempts) {
        bns_timer_set(race->timer, now_us + BNS_RACE_ATTEMPT_DELAY_US);
        return;
    }
    race->deadline_us = now_us + race->timeout_us;
    bns_timer_set(race->timer, race->deadline_us);
}

static void
on_timer(void *data)
{
    BnsRace *race = data;

    if (race->next < race->n_attempts)
        try_next(race);
    else if (is_attempting(race))
        finish(race, &(BnsRaceResult){ .fd = -1,
                                       .error_no = ETIMEDOUT,
                                       .address = race->attempts[0].address });
    else
        finish(race, &race->failure);
}

BnsRace *
bns_race_start(BnsLoop *loop,
               const struct sockaddr_storage *addresses,
               guint n,
               int64_t timeout_us,
               BnsRaceFunc func,
               void *data)
{
    BnsRace *race = g_malloc0(sizeof(*race) + n * sizeof(race->attempts[0]));

    race->loop = loop;
    race->func = func;
    race->data = data;
    race->timeout_us = timeout_us;
    race->failure.fd = -1;
    race->n_attempts = n;
    for (guint i = 0; i < n; i++)
        race->attempts[i] =
            (Attempt){ .race = race, .address = addresses[i], .fd = -1 };
    race->timer = bns_loop_timer(loop, on_timer, race);
    /* From the loop, so that nobody is called back before this has returned. */
    bns_timer_set(race->timer, bns_loop_now_us(loop));
    return race;
}
