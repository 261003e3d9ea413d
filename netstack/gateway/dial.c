/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/dial.h"

#include "base/fd.h"
#include "netstack/gateway/engine.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

/* Resolving and connecting together. curl waits for 300 s, browsers for 30 to 60; the
 * command should hear of it before its own patience ends. */
#define DIAL_TIMEOUT_US (30 * G_USEC_PER_SEC)
/* From the beginning of the last attempt: three SYNs (0, 1, 3 s) went unanswered. */
#define CONNECT_TIMEOUT_US (10 * G_USEC_PER_SEC)
/* RFC 8305, 5: Connection Attempt Delay. */
#define ATTEMPT_DELAY_US (250 * 1000)

typedef struct {
    BnsDial *dial; /* borrowed */
    struct sockaddr_storage address;
    int fd;          /* owned; -1 while not being connected */
    BnsWatch *watch; /* owned */
} Attempt;

struct BnsDial {
    struct BnsEngine *engine; /* borrowed */
    BnsDialTarget target;
    BnsDialFunc func;
    void *data;

    BnsLookup *lookup; /* (transfer none); NULL when not asking */
    BnsTimer *timer;   /* owned: next attempt, or the end */
    int64_t deadline_us;
    bool is_begun;
    bool is_given;
    Attempt attempts[BNS_RESOLVER_ADDRESSES_MAX];
    guint n_attempts; /* addresses that may be dialled */
    guint next;       /* the first that was not tried yet */
    int error_no;     /* of the most telling failure */
    struct sockaddr_storage failed_address;
};

bool
bns_dial_is_never(const BnsHost *host)
{
    return bns_host_is_localhost(host->text) || bns_host_is_internal(host->text);
}

uint16_t
bns_dial_status(BnsDialOutcome outcome)
{
    if (outcome == BNS_DIAL_GUARDED)
        return 403;
    return outcome == BNS_DIAL_TIMED_OUT ? 504 : 502;
}

void
bns_dial_address_text(const struct sockaddr *address, char out_text[INET6_ADDRSTRLEN])
{
    const void *bytes = NULL;

    if (address->sa_family == AF_INET)
        bytes = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    else if (address->sa_family == AF_INET6)
        bytes = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    if (bytes == NULL ||
        inet_ntop(address->sa_family, bytes, out_text, INET6_ADDRSTRLEN) == NULL)
        out_text[0] = '\0';
}

/* --- the end --- */

void
bns_dial_cancel(BnsDial *dial)
{
    if (dial == NULL)
        return;
    bns_lookup_cancel(dial->lookup);
    bns_timer_free(dial->timer);
    for (guint i = 0; i < dial->n_attempts; i++) {
        bns_watch_free(dial->attempts[i].watch);
        bns_fd_clear(&dial->attempts[i].fd);
    }
    g_free(dial);
}

static void
finish(BnsDial *dial, BnsDialResult result)
{
    BnsDialFunc func = dial->func;
    void *data = dial->data;

    result.is_given = dial->is_given;
    bns_dial_cancel(dial);
    func(&result, data);
}

static void
fail(BnsDial *dial, BnsDialOutcome outcome, const char *what)
{
    g_autofree char *error = g_strdup_printf("%s: %s", dial->target.host.text, what);

    finish(dial, (BnsDialResult){ .outcome = outcome, .fd = -1, .error = error });
}

/* --resolve may name another port than the request has. */
static unsigned
get_port(const struct sockaddr_storage *address)
{
    return ntohs(address->ss_family == AF_INET
                     ? ((const struct sockaddr_in *)address)->sin_port
                     : ((const struct sockaddr_in6 *)address)->sin6_port);
}

static void
fail_errno(BnsDial *dial)
{
    char addr[INET6_ADDRSTRLEN];
    g_autofree char *what = NULL;
    BnsDialOutcome outcome = BNS_DIAL_UNREACHABLE;

    if (dial->error_no == ECONNREFUSED || dial->error_no == ECONNRESET)
        outcome = BNS_DIAL_REFUSED;
    else if (dial->error_no == ETIMEDOUT)
        outcome = BNS_DIAL_TIMED_OUT;
    bns_dial_address_text((const struct sockaddr *)&dial->failed_address, addr);
    what = g_strdup_printf("could not connect to %s, port %u: %s", addr,
                           get_port(&dial->failed_address), g_strerror(dial->error_no));
    fail(dial, outcome, what);
}

/* --- attempts --- */

/* A refusal says more than a missing route: of an IPv6 address on a host without IPv6,
 * for instance. */
static void
note_failure(BnsDial *dial, const Attempt *attempt, int error_no)
{
    if (dial->error_no != 0 && error_no != ECONNREFUSED)
        return;
    dial->error_no = error_no;
    dial->failed_address = attempt->address;
}

static bool
is_attempting(const BnsDial *dial)
{
    for (guint i = 0; i < dial->next; i++)
        if (dial->attempts[i].fd >= 0)
            return true;
    return false;
}

static void
connected(BnsDial *dial, Attempt *attempt)
{
    g_clear_pointer(&attempt->watch, bns_watch_free);
    finish(dial, (BnsDialResult){ .outcome = BNS_DIAL_CONNECTED,
                                  .fd = g_steal_fd(&attempt->fd),
                                  .address = attempt->address });
}

static void
on_attempt(uint32_t events, void *data)
{
    Attempt *attempt = data;
    BnsDial *dial = attempt->dial;
    socklen_t len = sizeof(int);
    int error_no = 0;

    if (getsockopt(attempt->fd, SOL_SOCKET, SO_ERROR, &error_no, &len) < 0)
        error_no = errno;
    if (error_no == 0) {
        connected(dial, attempt);
        return;
    }
    note_failure(dial, attempt, error_no);
    g_clear_pointer(&attempt->watch, bns_watch_free);
    bns_fd_clear(&attempt->fd);
    bns_timer_set(dial->timer, bns_loop_now_us(dial->engine->loop));
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
    attempt->watch = bns_loop_watch(attempt->dial->engine->loop, attempt->fd, EPOLLOUT,
                                    on_attempt, attempt);
    return 0;
}

/* Begins the next attempt, and says when to look again. */
static void
try_next(BnsDial *dial)
{
    int64_t now_us = bns_loop_now_us(dial->engine->loop);

    while (dial->next < dial->n_attempts) {
        Attempt *attempt = &dial->attempts[dial->next++];
        int r = attempt_start(attempt);

        if (r == 0)
            break;
        note_failure(dial, attempt, -r);
    }
    if (!is_attempting(dial)) {
        fail_errno(dial);
        return;
    }
    if (dial->next < dial->n_attempts)
        bns_timer_set(dial->timer, MIN(dial->deadline_us, now_us + ATTEMPT_DELAY_US));
    else
        bns_timer_set(dial->timer, dial->deadline_us);
}

/* --- addresses --- */

static void
set_port(struct sockaddr_storage *address, uint16_t port)
{
    if (address->ss_family == AF_INET)
        ((struct sockaddr_in *)address)->sin_port = htons(port);
    else
        ((struct sockaddr_in6 *)address)->sin6_port = htons(port);
}

/* Only an address that passes the guard becomes an attempt. @io_refusal keeps the first
 * refusal. */
static void
consider(BnsDial *dial, const struct sockaddr_storage *address, BnsDecision *io_refusal)
{
    BnsDecision decision = bns_policy_decide_address(
        dial->engine->config->policy, &dial->target.decision, dial->target.scheme,
        (const struct sockaddr *)address, dial->target.port, dial->is_given);
    Attempt *attempt = &dial->attempts[dial->n_attempts];

    if (decision.verdict != BNS_VERDICT_ALLOW) {
        if (io_refusal->reason == NULL)
            *io_refusal = decision;
        return;
    }
    *attempt = (Attempt){ .dial = dial, .address = *address, .fd = -1 };
    dial->n_attempts++;
}

/* Dials what was considered. */
static void
begin_attempts(BnsDial *dial, const BnsDecision *refusal)
{
    int64_t now_us = bns_loop_now_us(dial->engine->loop);

    if (dial->n_attempts == 0) {
        finish(dial, (BnsDialResult){ .outcome = BNS_DIAL_GUARDED,
                                      .fd = -1,
                                      .rule = refusal->rule,
                                      .error = refusal->reason });
        return;
    }
    dial->deadline_us =
        MIN(dial->deadline_us,
            now_us + CONNECT_TIMEOUT_US + (dial->n_attempts - 1) * ATTEMPT_DELAY_US);
    try_next(dial);
}

static void
on_answer(const BnsResolverAnswer *answer, void *data)
{
    BnsDial *dial = data;
    BnsDecision refusal = { 0 };

    dial->lookup = NULL;
    if (answer->error != 0) {
        g_autofree char *what = g_strdup_printf("the name could not be resolved: %s",
                                                gai_strerror(answer->error));

        fail(dial, BNS_DIAL_UNRESOLVED, what);
        return;
    }
    for (guint i = 0; i < answer->n_addresses; i++) {
        const BnsResolverAddress *found = &answer->addresses[i];
        struct sockaddr_storage address = { .ss_family = found->family };

        if (found->family == AF_INET)
            memcpy(&((struct sockaddr_in *)&address)->sin_addr, found->bytes, 4);
        else
            memcpy(&((struct sockaddr_in6 *)&address)->sin6_addr, found->bytes, 16);
        set_port(&address, dial->target.port);
        consider(dial, &address, &refusal);
    }
    begin_attempts(dial, &refusal);
}

static const BnsResolve *
find_given(const BnsDial *dial)
{
    const GPtrArray *resolves = dial->engine->config->resolves;

    for (guint i = 0; resolves != NULL && i < resolves->len; i++) {
        const BnsResolve *resolve = g_ptr_array_index(resolves, i);

        if (resolve->port == dial->target.port &&
            strcmp(resolve->host, dial->target.host.text) == 0)
            return resolve;
    }
    return NULL;
}

/* An address that needs no question: --resolve's, or the literal's own. */
static bool
find_address(BnsDial *dial, struct sockaddr_storage *out_address)
{
    const BnsResolve *given = find_given(dial);
    const BnsHost *host = &dial->target.host;

    *out_address = (struct sockaddr_storage){ 0 };
    if (given != NULL) {
        dial->is_given = true;
        *out_address = given->address;
        return true;
    }
    if (host->kind == BNS_HOST_NAME)
        return false;
    if (host->kind == BNS_HOST_IPV4) {
        out_address->ss_family = AF_INET;
        ((struct sockaddr_in *)out_address)->sin_addr = host->v4;
    } else {
        out_address->ss_family = AF_INET6;
        ((struct sockaddr_in6 *)out_address)->sin6_addr = host->v6;
    }
    set_port(out_address, dial->target.port);
    return true;
}

static void
begin(BnsDial *dial)
{
    struct sockaddr_storage address;
    BnsDecision refusal = { 0 };

    if (find_address(dial, &address)) {
        consider(dial, &address, &refusal);
        begin_attempts(dial, &refusal);
        return;
    }
    bns_timer_set(dial->timer, dial->deadline_us);
    dial->lookup = bns_lookup_start(dial->engine->lookups, dial->target.host.text,
                                    on_answer, dial);
}

static void
on_timer(void *data)
{
    BnsDial *dial = data;

    if (!dial->is_begun) {
        dial->is_begun = true;
        begin(dial);
    } else if (bns_loop_now_us(dial->engine->loop) < dial->deadline_us) {
        try_next(dial);
    } else if (dial->lookup != NULL) {
        fail(dial, BNS_DIAL_TIMED_OUT, "the name could not be resolved in time");
    } else {
        fail(dial, BNS_DIAL_TIMED_OUT, "could not connect in time");
    }
}

BnsDial *
bns_dial_start(struct BnsEngine *engine,
               const BnsDialTarget *target,
               BnsDialFunc func,
               void *data)
{
    BnsDial *dial = g_new0(BnsDial, 1);
    int64_t now_us = bns_loop_now_us(engine->loop);

    dial->engine = engine;
    dial->target = *target;
    dial->func = func;
    dial->data = data;
    dial->deadline_us = now_us + DIAL_TIMEOUT_US;
    dial->timer = bns_loop_timer(engine->loop, on_timer, dial);
    /* From the loop, so that nobody is called back before this has returned. */
    bns_timer_set(dial->timer, now_us);
    return dial;
}
