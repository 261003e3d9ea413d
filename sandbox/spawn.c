/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/spawn.h"

#include "base/fd.h"
#include "netstack/gateway/gateway.h"
#include "netstack/gateway/resolver.h"
#include "sandbox/log.h"
#include "sandbox/programs.h"
#include "sandbox/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

G_DEFINE_QUARK(bns_spawn_error, bns_spawn_error)

/* Sockets between two helpers; the first end is the first one's. */
typedef enum {
    PAIR_WIRE,             /* gateway, netstack */
    PAIR_NAMES,            /* gateway, resolver */
    PAIR_GATEWAY_RECORDS,  /* gateway, recorder */
    PAIR_NETSTACK_RECORDS, /* netstack, recorder */
    PAIR_OWN_RECORDS,      /* supervisor, recorder */
    PAIR_OWNERS,           /* gateway, init */
    PAIR_LEND,             /* gateway, init; only where something is published */
    PAIR_INIT_RECORDS,     /* init, recorder */
    N_PAIRS,
} Pair;

/* Everything that is opened before the first fork; what a child does not use it closes
 * before anything else. */
typedef struct {
    const BnsSession *session;
    int control[BNS_N_HELPERS][2]; /* the supervisor's end first */
    int pairs[N_PAIRS][2];
    int life[2]; /* as of pipe(2) */
    int recorder_life[2];
} Plan;

const char *
bns_helper_name(BnsHelper helper)
{
    static const char *const names[] = {
        [BNS_HELPER_RECORDER] = "recorder", [BNS_HELPER_RESOLVER] = "resolver",
        [BNS_HELPER_GATEWAY] = "gateway",   [BNS_HELPER_NETSTACK] = "netstack",
        [BNS_HELPER_INIT] = "init",
    };
    G_STATIC_ASSERT(G_N_ELEMENTS(names) == BNS_N_HELPERS);

    return names[helper];
}

/* --- in the child --- */

static int
compare_ints(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* Closes all but 0-2 and @keep. The life pipe's write ends are among them: from here on
 * the supervisor is their only holder. */
static void
close_all_but(int *keep, size_t n)
{
    int next = STDERR_FILENO + 1;

    qsort(keep, n, sizeof(*keep), compare_ints);
    for (size_t i = 0; i < n; i++) {
        for (; next < keep[i]; next++)
            close(next);
        next = keep[i] + 1;
    }
    bns_fd_close_from(next);
}

/* Helpers read nothing from the user and answer nothing; they must not keep a pipeline
 * open either. */
static void
leave_standard_streams(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null < 0)
        return;
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    close(null);
}

static int
recorder_main(const Plan *plan)
{
    const BnsRecorderConfig config = {
        .control_fd = plan->control[BNS_HELPER_RECORDER][1],
        .life_fd = plan->recorder_life[0],
        .gateway_fd = plan->pairs[PAIR_GATEWAY_RECORDS][1],
        .netstack_fd = plan->pairs[PAIR_NETSTACK_RECORDS][1],
        .supervisor_fd = plan->pairs[PAIR_OWN_RECORDS][1],
        .init_fd = plan->pairs[PAIR_INIT_RECORDS][1],
        .file = plan->session->audit,
        .start = plan->session->start,
    };
    int keep[] = { config.control_fd,  config.life_fd,       config.gateway_fd,
                   config.netstack_fd, config.supervisor_fd, config.init_fd,
                   config.file->fd };

    close_all_but(keep, G_N_ELEMENTS(keep));
    return bns_recorder_run(&config);
}

static int
resolver_main(const Plan *plan)
{
    const BnsResolverConfig config = {
        .control_fd = plan->control[BNS_HELPER_RESOLVER][1],
        .life_fd = plan->life[0],
        .gateway_fd = plan->pairs[PAIR_NAMES][1],
    };
    int keep[] = { config.control_fd, config.life_fd, config.gateway_fd };

    close_all_but(keep, G_N_ELEMENTS(keep));
    return bns_resolver_run(&config);
}

static int
gateway_main(const Plan *plan)
{
    const BnsGatewayConfig config = {
        .control_fd = plan->control[BNS_HELPER_GATEWAY][1],
        .life_fd = plan->life[0],
        .wire_fd = plan->pairs[PAIR_WIRE][0],
        .recorder_fd = plan->pairs[PAIR_GATEWAY_RECORDS][0],
        .resolver_fd = plan->pairs[PAIR_NAMES][0],
        .owner_fd = plan->pairs[PAIR_OWNERS][0],
        .lend_fd = plan->pairs[PAIR_LEND][0],
        .session = plan->session->audit->session,
        .policy = plan->session->policy,
        .source = plan->session->source,
        .resolves = plan->session->resolves,
        .published = plan->session->published,
        .proxies = plan->session->proxies,
        .upstream_ca = (const char *const *)plan->session->options->upstream_ca,
    };
    const GPtrArray *published = config.published;
    size_t n = 0;
    g_autofree int *keep = g_new(int, 7 + published->len);

    keep[n++] = config.control_fd;
    keep[n++] = config.life_fd;
    keep[n++] = config.wire_fd;
    keep[n++] = config.recorder_fd;
    keep[n++] = config.resolver_fd;
    keep[n++] = config.owner_fd;
    if (config.lend_fd >= 0)
        keep[n++] = config.lend_fd;
    for (guint i = 0; i < published->len; i++)
        keep[n++] = ((const BnsPublished *)g_ptr_array_index(published, i))->fd;
    close_all_but(keep, n);
    return bns_gateway_run(&config);
}

/* Whether the host has a name inside. */
static bool
offers_host(const BnsSession *session)
{
    return session->options->host_port[0] != NULL;
}

/* netstack is another program: none of our memory, and no environment, goes along. */
static int
netstack_main(const Plan *plan)
{
    int keep[] = { plan->control[BNS_HELPER_NETSTACK][1], plan->pairs[PAIR_WIRE][1],
                   plan->pairs[PAIR_NETSTACK_RECORDS][0], plan->life[0] };
    BnsPolicyLimits limits = bns_policy_limits(plan->session->policy);
    char numbers[9][16];
    char *argv[] = { (char[]){ BNS_NETSTACK_NAME },
                     numbers[0],
                     numbers[1],
                     numbers[2],
                     numbers[3],
                     numbers[4],
                     numbers[5],
                     numbers[6],
                     numbers[7],
                     numbers[8],
                     NULL };
    char *envp[] = { NULL };

    for (size_t i = 0; i < G_N_ELEMENTS(keep); i++) {
        g_snprintf(numbers[i], sizeof(numbers[i]), "%d", keep[i]);
        if (bns_fd_keep_on_exec(keep[i]) < 0)
            return BNS_EXIT_FAILED;
    }
    g_snprintf(numbers[4], sizeof(numbers[4]), "%u", limits.names);
    g_snprintf(numbers[5], sizeof(numbers[5]), "%u", limits.flows);
    g_snprintf(numbers[6], sizeof(numbers[6]), "%u", limits.flow_rate);
    g_snprintf(numbers[7], sizeof(numbers[7]), "%u", plan->session->helper_log_level);
    g_snprintf(numbers[8], sizeof(numbers[8]), "%d", offers_host(plan->session));
    close_all_but(keep, G_N_ELEMENTS(keep));
    execve(plan->session->netstack_path, argv, envp);
    return BNS_EXIT_NOT_EXECUTABLE;
}

static int (*const helper_mains[])(const Plan *plan) = {
    [BNS_HELPER_RECORDER] = recorder_main,
    [BNS_HELPER_RESOLVER] = resolver_main,
    [BNS_HELPER_GATEWAY] = gateway_main,
    [BNS_HELPER_NETSTACK] = netstack_main,
};
G_STATIC_ASSERT(G_N_ELEMENTS(helper_mains) == BNS_HELPER_INIT);

/* --- in the supervisor --- */

static pid_t
start_init(const Plan *plan)
{
    BnsInitConfig config = plan->session->init;

    config.control_fd = plan->control[BNS_HELPER_INIT][1];
    config.life_fd = plan->life[0];
    config.owner_fd = plan->pairs[PAIR_OWNERS][1];
    config.lend_fd = plan->pairs[PAIR_LEND][1];
    config.recorder_fd = config.exec.is_on ? plan->pairs[PAIR_INIT_RECORDS][0] : -1;
    return bns_init_clone(&config);
}

/* Returns: the pid or -errno. */
static pid_t
start_helper(const Plan *plan, BnsHelper helper)
{
    char name[16];
    pid_t pid;

    if (helper == BNS_HELPER_INIT)
        return start_init(plan);
    pid = fork();
    if (pid < 0)
        return -errno;
    if (pid > 0)
        return pid;
    leave_standard_streams();
    g_snprintf(name, sizeof(name), "bns-%s", bns_helper_name(helper));
    prctl(PR_SET_NAME, name); /* for ps(1) */
    bns_log_set_process(bns_helper_name(helper), plan->control[helper][1]);
    bns_log_set_level(plan->session->helper_log_level);
    _exit(helper_mains[helper](plan));
}

static bool
is_needed(const Plan *plan, Pair pair)
{
    return pair != PAIR_LEND || plan->session->published->len > 0;
}

static bool
open_plan(Plan *plan)
{
    for (int i = 0; i < BNS_N_HELPERS; i++)
        if (bns_fd_pair(plan->control[i]) < 0 ||
            bns_fd_set_nonblocking(plan->control[i][0], true) < 0)
            return false;
    for (int i = 0; i < N_PAIRS; i++)
        if (is_needed(plan, (Pair)i) && bns_fd_pair(plan->pairs[i]) < 0)
            return false;
    return pipe2(plan->life, O_CLOEXEC) == 0 &&
           pipe2(plan->recorder_life, O_CLOEXEC) == 0;
}

/* Leaves only what the supervisor keeps. */
static void
close_plan(Plan *plan, BnsSpawn *spawn)
{
    for (int i = 0; i < BNS_N_HELPERS; i++) {
        spawn->controls[i] = plan->control[i][0];
        bns_fd_clear(&plan->control[i][1]);
    }
    spawn->records_fd = g_steal_fd(&plan->pairs[PAIR_OWN_RECORDS][0]);
    for (int i = 0; i < N_PAIRS; i++) {
        bns_fd_clear(&plan->pairs[i][0]);
        bns_fd_clear(&plan->pairs[i][1]);
    }
    bns_fd_clear(&plan->life[0]);
    bns_fd_clear(&plan->recorder_life[0]);
    spawn->life_fd = plan->life[1];
    spawn->recorder_life_fd = plan->recorder_life[1];
}

/* The longest way to ready first: the gateway makes keys, init mounts. All after it are
 * forked without the upstream proxy's credentials. */
static const BnsHelper start_order[] = { BNS_HELPER_GATEWAY, BNS_HELPER_INIT,
                                         BNS_HELPER_NETSTACK, BNS_HELPER_RECORDER,
                                         BNS_HELPER_RESOLVER };
G_STATIC_ASSERT(G_N_ELEMENTS(start_order) == BNS_N_HELPERS);

bool
bns_spawn_all(const BnsSession *session, BnsSpawn *out_spawn, GError **error)
{
    Plan plan;
    bool is_good;

    memset(&plan, 0xff, sizeof(plan)); /* every descriptor -1 */
    memset(out_spawn, 0, sizeof(*out_spawn));
    plan.session = session;
    is_good = open_plan(&plan);
    if (!is_good)
        g_set_error(error, BNS_SPAWN_ERROR, errno, "Could not make sockets: %s",
                    g_strerror(errno));
    for (size_t i = 0; is_good && i < G_N_ELEMENTS(start_order); i++) {
        pid_t pid = start_helper(&plan, start_order[i]);

        is_good = pid > 0;
        if (start_order[i] == BNS_HELPER_GATEWAY)
            bns_proxies_wipe(session->proxies);
        if (is_good)
            out_spawn->pids[start_order[i]] = pid;
        else
            g_set_error(error, BNS_SPAWN_ERROR, -pid, "Could not start %s: %s",
                        bns_helper_name(start_order[i]), g_strerror(-pid));
    }
    close_plan(&plan, out_spawn);
    bns_publish_close(session->published);
    return is_good;
}
