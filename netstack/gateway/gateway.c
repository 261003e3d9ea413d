/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/gateway.h"

#include "base/drain.h"
#include "base/lockdown.h"
#include "base/ready.h"
#include "netstack/gateway/engine.h"
#include "netstack/gateway/reload.h"
#include "netstack/gateway/waits.h"

#include <openssl/x509.h>

/* What only flows need is made ready when none has come for so long, or when one needs it:
 * TLS, as soon as whoever waited for us runs, then the system's trust, which takes longer. */
#define TLS_DELAY_US   (2 * 1000)
#define TRUST_DELAY_US (300 * 1000)

/* Says why there is no gateway. Returns: the exit status. */
static int
fail(const BnsGatewayConfig *config, const char *why)
{
    bns_ready_send(config->control_fd, BNS_READY_FAILED, why, -1);
    return 1;
}

static bool
send_ca(const BnsGatewayConfig *config, const BnsCa *ca)
{
    g_autofree char *pem = bns_ca_pem(ca);
    g_autofree char *text = g_strdup_printf("%08lx%s", bns_ca_subject_hash(ca), pem);

    return bns_ready_send(config->control_fd, BNS_READY_CA, text, -1) == 0;
}

/* After the engine was made, which reads files, and before a byte of the command's. */
static bool
lock_down(GError **error)
{
    return bns_lockdown_isolate(BNS_ROLE_GATEWAY, error) &&
           bns_lockdown_enter(BNS_ROLE_GATEWAY, error);
}

static void
on_tls_due(void *data)
{
    bns_engine_open_tls(data);
}

static void
on_trust_due(void *data)
{
    bns_trust_prepare(data);
}

/* What the supervisor says before the session's end. */
static void
on_message(int type, const char *text, int fd, void *data)
{
    BnsEngine *engine = data;

    if (type == BNS_READY_POLICY)
        bns_engine_on_policy(engine, text, fd);
    else
        bns_engine_fail(engine, "the supervisor said what it may not say");
}

static uint64_t
count_waits(void *data)
{
    return bns_engine_waits(data);
}

/* Returns: the exit status. */
static int
serve(const BnsGatewayConfig *config, BnsEngine *engine, BnsLoop *loop)
{
    BnsWatch *life = bns_loop_watch_life(loop, config->life_fd);
    BnsTimer *tls = bns_loop_timer(loop, on_tls_due, engine);
    BnsTimer *trust = bns_loop_timer(loop, on_trust_due, engine->trust);
    BnsDrain *drain =
        bns_drain_new(loop, config->control_fd, count_waits, on_message, engine);

    bns_timer_set(tls, bns_loop_now_us(loop) + TLS_DELAY_US);
    bns_timer_set(trust, bns_loop_now_us(loop) + TRUST_DELAY_US);
    bns_loop_run(loop);
    bns_drain_free(drain);
    bns_timer_free(trust);
    bns_timer_free(tls);
    bns_watch_free(life);
    return engine->failure == NULL ? 0 : fail(config, engine->failure);
}

/* The command's start waits for the CA, then for ready: what it does not wait for comes
 * after those. */
int
bns_gateway_run(const BnsGatewayConfig *config)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsLoop) loop = bns_loop_new();
    g_autoptr(BnsEngine) engine = NULL;
    BnsCa *ca = bns_ca_new(&error);

    if (ca == NULL)
        return fail(config, error->message);
    if (!send_ca(config, ca))
        return 1;
    engine = bns_engine_new(config, ca, loop, &error);
    if (engine == NULL || !lock_down(&error))
        return fail(config, error->message);
    if (bns_ready_send(config->control_fd, BNS_READY_READY, NULL, -1) < 0)
        return 1;
    return serve(config, engine, loop);
}
