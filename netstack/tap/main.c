/* SPDX-License-Identifier: Apache-2.0 */
/*
 * boundary-ns-netstack: a program of its own, so that libslirp runs where there is
 * nothing to steal: no key, no policy, no environment of the user. The supervisor starts
 * it; it is of no use to anyone else.
 */
#include "audit/client.h"
#include "base/lockdown.h"
#include "base/ready.h"
#include "netstack/tap/memory.h"
#include "netstack/tap/netstack.h"
#include "netstack/tap/tap.h"

#include <libslirp.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Ours alone: bns_lockdown_isolate() made the root that it lies in. */
#define SOCKET_PATH "/run/flow"

#ifdef BNS_SANITIZED
/* LeakSanitizer traces its own process, which the lock-down forbids. The tests of the
 * library look for leaks. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
    return "detect_leaks=0";
}
#endif

typedef struct {
    BnsNetstackConfig config;
    int recorder_fd;
    int log_level; /* 0 error to 3 debug, as sandbox/options.h counts */
} Arguments;

/* --- arguments --- */

typedef struct {
    const char *name;
    int64_t min;
    int64_t max;
} Number;

enum {
    CONTROL_FD,
    WIRE_FD,
    RECORDER_FD,
    LIFE_FD,
    NAMES,
    FLOWS,
    FLOW_RATE,
    LOG_LEVEL,
    HAS_HOST,
    N_NUMBERS,
};

static const Number numbers[] = {
    [CONTROL_FD] = { "CONTROL_FD", 0, INT_MAX },
    [WIRE_FD] = { "WIRE_FD", 0, INT_MAX },
    [RECORDER_FD] = { "RECORDER_FD", 0, INT_MAX },
    [LIFE_FD] = { "LIFE_FD", 0, INT_MAX },
    [NAMES] = { "NAMES", 1, BNS_TAP_POOL_LAST - BNS_TAP_POOL_FIRST + 1 },
    [FLOWS] = { "FLOWS", 1, 1024 * 1024 },
    [FLOW_RATE] = { "FLOW_RATE", 0, 1024 * 1024 },
    [LOG_LEVEL] = { "LOGLEVEL", 0, 3 },
    [HAS_HOST] = { "HAS_HOST", 0, 1 },
};
G_STATIC_ASSERT(G_N_ELEMENTS(numbers) == N_NUMBERS);

static bool
parse(int argc, char **argv, Arguments *out_arguments, GError **error)
{
    int64_t values[N_NUMBERS];

    if (argc != 1 + N_NUMBERS) {
        g_set_error(error, BNS_NETSTACK_ERROR, 0, "boundary-ns starts this program");
        return false;
    }
    for (int i = 0; i < N_NUMBERS; i++)
        if (!g_ascii_string_to_signed(argv[1 + i], 10, numbers[i].min, numbers[i].max,
                                      &values[i], error)) {
            g_prefix_error(error, "%s: ", numbers[i].name);
            return false;
        }
    *out_arguments = (Arguments){
        .config = { .control_fd = (int)values[CONTROL_FD],
                    .wire_fd = (int)values[WIRE_FD],
                    .life_fd = (int)values[LIFE_FD],
                    .max_names = (size_t)values[NAMES],
                    .max_flows = (size_t)values[FLOWS],
                    .flow_rate = (uint32_t)values[FLOW_RATE],
                    .has_host = values[HAS_HOST] != 0,
                    .socket_path = SOCKET_PATH },
        .recorder_fd = (int)values[RECORDER_FD],
        .log_level = (int)values[LOG_LEVEL],
    };
    return true;
}

/* --- output --- */

/* For `boundary-ns doctor`. */
static int
print_version(void)
{
    printf("boundary-ns-netstack " BNS_VERSION ", libslirp %s\n",
           slirp_version_string());
    return EXIT_SUCCESS;
}

/* Whoever started us by hand has standard error alone. A supervisor that cannot be told
 * has its own end to speak of. */
static int
fail(int control_fd, const char *why)
{
    if (control_fd < 0)
        fprintf(stderr, "boundary-ns: netstack: %s\n", why);
    else
        bns_ready_send(control_fd, BNS_READY_FAILED, why, -1);
    return EXIT_FAILURE;
}

static void
on_log(const char *domain, GLogLevelFlags flags, const char *message, void *data)
{
    static const GLogLevelFlags levels[] = {
        G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL,
        G_LOG_LEVEL_WARNING,
        G_LOG_LEVEL_MESSAGE | G_LOG_LEVEL_INFO,
        G_LOG_LEVEL_DEBUG,
    };
    const Arguments *arguments = data;

    /* The supervisor prints it; GLib would end us by a signal, as if by accident. */
    if ((flags & G_LOG_LEVEL_ERROR) != 0)
        _exit(fail(arguments->config.control_fd, message));
    for (int i = 0; i <= arguments->log_level; i++)
        if ((flags & levels[i]) != 0)
            fprintf(stderr, "boundary-ns: netstack: %s\n", message);
}

static bool
record(const BnsRecord *what, void *data)
{
    const Arguments *arguments = data;

    return bns_client_note(arguments->recorder_fd, what);
}

/* --- the process --- */

/* The order matters: our root is made before the socket in it, and everything is open
 * before the lock-down forbids to open more. */
static BnsNetstack *
start(const Arguments *arguments, GError **error)
{
    g_autoptr(BnsNetstack) netstack = NULL;

    if (!bns_lockdown_isolate(BNS_ROLE_NETSTACK, error))
        return NULL;
    netstack = bns_netstack_new(&arguments->config, error);
    if (netstack == NULL || !bns_lockdown_enter(BNS_ROLE_NETSTACK, error))
        return NULL;
    if (bns_ready_send(arguments->config.control_fd, BNS_READY_READY, NULL, -1) < 0) {
        g_set_error(error, BNS_NETSTACK_ERROR, 0, "Could not say that it is ready");
        return NULL;
    }
    return g_steal_pointer(&netstack);
}

/* Everybody sees at once that we are done. Left to the end of the process, these would
 * be closed after the tap, whose device the kernel takes tens of milliseconds to remove. */
static void
say_goodbye(const Arguments *arguments)
{
    close(arguments->recorder_fd);
    close(arguments->config.wire_fd);
    close(arguments->config.control_fd);
}

int
main(int argc, char **argv)
{
    g_autoptr(BnsNetstack) netstack = NULL;
    g_autoptr(GError) error = NULL;
    Arguments arguments;

    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return print_version();
    if (!parse(argc, argv, &arguments, &error))
        return fail(-1, error->message);
    signal(SIGPIPE, SIG_IGN);
    bns_memory_set_up();
    g_log_set_default_handler(on_log, &arguments);
    arguments.config.record = record;
    arguments.config.record_data = &arguments;
    netstack = start(&arguments, &error);
    if (netstack == NULL || !bns_netstack_run(netstack, &error))
        return fail(arguments.config.control_fd, error->message);
    say_goodbye(&arguments);
    return EXIT_SUCCESS;
}
