/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/dial.h"

#include "netstack/gateway/engine.h"
#include "netstack/gateway/race.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>

/* Resolving and connecting together. curl waits for 300 s, browsers for 30 to 60; the
 * command should hear of it before its own patience ends. */
#define DIAL_TIMEOUT_US (30 * G_USEC_PER_SEC)
/* From the beginning of the last attempt: three SYNs (0, 1, 3 s) went unanswered. */
#define CONNECT_TIMEOUT_US (10 * G_USEC_PER_SEC)

struct BnsDial {
    struct BnsEngine *engine; /* borrowed */
    BnsDialTarget target;
    BnsDialFunc func;
    void *data;

    BnsTimer *timer;                 /* owned: the beginning, then the end */
    BnsLookup *lookup;               /* (transfer none); NULL when not asking */
    BnsRace *race;                   /* (transfer none); NULL when not connecting */
    const BnsProxy *proxy;           /* borrowed; NULL: directly */
    struct sockaddr_storage literal; /* of the target, if a proxy leads to it */
    int64_t deadline_us;
    int64_t step_began_us;
    bool is_begun;
    bool is_given;
    BnsTimings timings;
    struct sockaddr_storage addresses[BNS_RESOLVER_ADDRESSES_MAX];
    guint n_addresses; /* that may be dialled */
    struct sockaddr_storage spares[BNS_RESOLVER_ADDRESSES_MAX];
    guint n_spares; /* that deny rules would skip: if there is no other */
};

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
    bns_race_cancel(dial->race);
    bns_timer_free(dial->timer);
    g_free(dial);
}

static void
finish(BnsDial *dial, BnsDialResult result)
{
    BnsDialFunc func = dial->func;
    void *data = dial->data;

    result.is_given = dial->is_given;
    result.proxy = dial->proxy;
    result.timings = dial->timings;
    bns_dial_cancel(dial);
    func(&result, data);
}

/* Whom the socket leads to. */
static const BnsHost *
dialled_host(const BnsDial *dial)
{
    return dial->proxy != NULL ? &dial->proxy->host : &dial->target.host;
}

static void
fail(BnsDial *dial, BnsDialOutcome outcome, const char *what)
{
    g_autofree char *error =
        g_strdup_printf("%s%s: %s", dial->proxy != NULL ? "the upstream proxy " : "",
                        dialled_host(dial)->text, what);

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

static BnsDialOutcome
outcome_of(int error_no)
{
    if (error_no == ECONNREFUSED || error_no == ECONNRESET)
        return BNS_DIAL_REFUSED;
    return error_no == ETIMEDOUT ? BNS_DIAL_TIMED_OUT : BNS_DIAL_UNREACHABLE;
}

static void
fail_errno(BnsDial *dial, int error_no, const struct sockaddr_storage *address)
{
    char addr[INET6_ADDRSTRLEN];
    g_autofree char *what = NULL;

    bns_dial_address_text((const struct sockaddr *)address, addr);
    what = g_strdup_printf("could not connect to %s, port %u: %s", addr,
                           get_port(address), g_strerror(error_no));
    fail(dial, outcome_of(error_no), what);
}

/* --- connecting --- */

static void
on_raced(const BnsRaceResult *result, void *data)
{
    BnsDial *dial = data;

    dial->race = NULL;
    dial->timings.connect_us =
        bns_timings_between(dial->step_began_us, bns_loop_now_us(dial->engine->loop));
    if (result->fd >= 0) {
        finish(dial,
               (BnsDialResult){ .outcome = BNS_DIAL_CONNECTED,
                                .fd = result->fd,
                                .address = dial->proxy != NULL ? dial->literal
                                                               : result->address });
        return;
    }
    /* They may have moved. */
    bns_lookups_forget(dial->engine->lookups, dialled_host(dial)->text);
    if (result->error_no == ETIMEDOUT)
        fail(dial, BNS_DIAL_TIMED_OUT, "could not connect in time");
    else
        fail_errno(dial, result->error_no, &result->address);
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

static BnsDecision
judge(const BnsDial *dial, const struct sockaddr_storage *address)
{
    return bns_policy_decide_address(
        dial->engine->policy, &dial->target.decision, dial->target.scheme,
        (const struct sockaddr *)address, dial->target.port, dial->is_given);
}

/* Only an address that passes the guard is dialled; a proxy's is not asked about.
 * @io_refusal keeps the first refusal. */
static void
consider(BnsDial *dial, const struct sockaddr_storage *address, BnsDecision *io_refusal)
{
    BnsDecision decision = dial->target.decision;

    if (dial->proxy == NULL)
        decision = judge(dial, address);
    if (decision.verdict == dial->target.decision.verdict)
        dial->addresses[dial->n_addresses++] = *address;
    else if (bns_decision_passes(&decision))
        dial->spares[dial->n_spares++] = *address;
    else if (io_refusal->reason == NULL)
        *io_refusal = decision;
}

static void
refuse(BnsDial *dial, const BnsDecision *refusal)
{
    finish(dial, (BnsDialResult){ .outcome = BNS_DIAL_GUARDED,
                                  .fd = -1,
                                  .rule = refusal->rule,
                                  .error = refusal->reason });
}

/* Dials what was considered. */
static void
connect_any(BnsDial *dial, const BnsDecision *refusal)
{
    if (dial->n_addresses == 0) {
        dial->n_addresses = dial->n_spares;
        memcpy(dial->addresses, dial->spares, sizeof(dial->spares));
    }
    if (dial->n_addresses == 0) {
        refuse(dial, refusal);
        return;
    }
    bns_race_interleave(dial->addresses, dial->n_addresses);
    dial->step_began_us = bns_loop_now_us(dial->engine->loop);
    dial->race = bns_race_start(dial->engine->loop, dial->addresses, dial->n_addresses,
                                CONNECT_TIMEOUT_US, on_raced, dial);
}

static uint16_t
dialled_port(const BnsDial *dial)
{
    return dial->proxy != NULL ? dial->proxy->port : dial->target.port;
}

static void
use_answer(BnsDial *dial, const BnsResolverAnswer *answer)
{
    BnsDecision refusal = { 0 };

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
        set_port(&address, dialled_port(dial));
        consider(dial, &address, &refusal);
    }
    connect_any(dial, &refusal);
}

static void
on_answer(const BnsResolverAnswer *answer, void *data)
{
    BnsDial *dial = data;

    dial->lookup = NULL;
    dial->timings.dns_us =
        bns_timings_between(dial->step_began_us, bns_loop_now_us(dial->engine->loop));
    use_answer(dial, answer);
}

static bool
is_given(const BnsResolve *resolve, const BnsDialTarget *target)
{
    return resolve->port == target->port &&
           strcmp(resolve->host, target->host.text) == 0;
}

static bool
has_given(const struct BnsEngine *engine, const BnsDialTarget *target)
{
    const GPtrArray *resolves = engine->config->resolves;

    for (guint i = 0; resolves != NULL && i < resolves->len; i++)
        if (is_given(g_ptr_array_index(resolves, i), target))
            return true;
    return false;
}

/* Returns: whether @host is an address itself. */
static bool
read_literal(const BnsHost *host, uint16_t port, struct sockaddr_storage *out_address)
{
    *out_address = (struct sockaddr_storage){ 0 };
    if (host->kind == BNS_HOST_NAME)
        return false;
    if (host->kind == BNS_HOST_IPV4) {
        out_address->ss_family = AF_INET;
        ((struct sockaddr_in *)out_address)->sin_addr = host->v4;
    } else {
        out_address->ss_family = AF_INET6;
        ((struct sockaddr_in6 *)out_address)->sin6_addr = host->v6;
    }
    set_port(out_address, port);
    return true;
}

/* Dials @host, the target's or the proxy's. */
static void
begin_host(BnsDial *dial, const BnsHost *host)
{
    BnsLookups *lookups = dial->engine->lookups;
    struct sockaddr_storage address;
    BnsDecision refusal = { 0 };
    const BnsResolverAnswer *known;

    if (read_literal(host, dialled_port(dial), &address)) {
        consider(dial, &address, &refusal);
        connect_any(dial, &refusal);
        return;
    }
    known = bns_lookups_known(lookups, host->text);
    if (known != NULL) {
        use_answer(dial, known);
        return;
    }
    dial->step_began_us = bns_loop_now_us(dial->engine->loop);
    dial->lookup = bns_lookup_start(lookups, host->text, on_answer, dial);
}

/* --host-port gives two addresses: both loopbacks. */
static void
begin_given(BnsDial *dial)
{
    const GPtrArray *resolves = dial->engine->config->resolves;
    BnsDecision refusal = { 0 };

    dial->is_given = true;
    for (guint i = 0; i < resolves->len; i++) {
        const BnsResolve *resolve = g_ptr_array_index(resolves, i);

        if (is_given(resolve, &dial->target) &&
            dial->n_addresses + dial->n_spares < G_N_ELEMENTS(dial->addresses))
            consider(dial, &resolve->address, &refusal);
    }
    connect_any(dial, &refusal);
}

static void
begin_proxied(BnsDial *dial, const BnsProxy *proxy)
{
    if (read_literal(&dial->target.host, dial->target.port, &dial->literal)) {
        BnsDecision decision = judge(dial, &dial->literal);

        if (!bns_decision_passes(&decision)) {
            refuse(dial, &decision);
            return;
        }
    }
    dial->proxy = proxy;
    begin_host(dial, &proxy->host);
}

static void
begin(BnsDial *dial)
{
    const BnsProxy *proxy = bns_dial_route(dial->engine, &dial->target);

    if (has_given(dial->engine, &dial->target))
        begin_given(dial);
    else if (proxy != NULL)
        begin_proxied(dial, proxy);
    else
        begin_host(dial, &dial->target.host);
}

const BnsProxy *
bns_dial_route(struct BnsEngine *engine, const BnsDialTarget *target)
{
    if (has_given(engine, target))
        return NULL;
    return bns_proxies_find(engine->config->proxies, target->scheme, &target->host,
                            target->port);
}

static void
on_timer(void *data)
{
    BnsDial *dial = data;

    if (!dial->is_begun) {
        dial->is_begun = true;
        bns_timer_set(dial->timer, dial->deadline_us);
        begin(dial);
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
