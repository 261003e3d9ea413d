/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Start-up: wall time of `boundary-ns -- true` beside the bare command, bubblewrap, pasta
 * and sandbox-runtime. Usage: bench-startup BOUNDARY-NS [ROUNDS [JSON-FILE]]
 */
#include "tests/bench/peers.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define ROUNDS_DEFAULT 40

static const Goal goals[] = { { GOAL_ADDED_MOST, "bwrap", 20, 8 }, { GOAL_NONE } };

/* Peers complain in each run, of what does not matter here. */
static void
be_silent(void)
{
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

    if (fd >= 0)
        dup2(fd, STDERR_FILENO);
}

int
main(int argc, char **argv)
{
    const char *boundary = argc > 1 ? argv[1] : "boundary-ns";
    unsigned rounds = argc > 2 ? (unsigned)atoi(argv[2]) : ROUNDS_DEFAULT;
    g_autofree char *user = g_strdup_printf("%u:%u", getuid(), getgid());
    g_autoptr(Report) report = report_new();
    const Peer peers[] = {
        { .name = "true", .argv = { "true" } },
        { .name = "bwrap --unshare-all",
          .argv = { "bwrap", "--unshare-all", "--dev-bind", "/", "/", "true" } },
        { .name = "boundary-ns",
          .argv = { boundary, "-q", "--", "true" },
          .is_ours = true },
        { .name = "boundary-ns --review",
          .argv = { boundary, "-q", "--review", "--", "true" } },
        { .name = "pasta",
          .argv = { "pasta", "-q", "--config-net", "--runas", user, "--", "true" } },
        { .name = "sandbox-runtime", .argv = { "srt", "--", "true" } },
    };

    be_silent();
    peers_time(peers, G_N_ELEMENTS(peers), rounds,
               report_row(report, "start-up", "ms", goals));
    report_print(report);
    return argc <= 3 || report_write(report, argv[3]) ? 0 : 1;
}
