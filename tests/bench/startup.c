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

/* A tree of ours would be looked through at the end of each session, as a project is. */
static char *
enter_empty_dir(void)
{
    char *dir = g_dir_make_tmp("bench-XXXXXX", NULL);

    if (dir == NULL || chdir(dir) < 0)
        g_error("no directory to start in");
    return dir;
}

int
main(int argc, char **argv)
{
    g_autofree char *here = g_get_current_dir();
    g_autofree char *boundary =
        g_canonicalize_filename(argc > 1 ? argv[1] : "boundary-ns", here);
    unsigned rounds = argc > 2 ? (unsigned)atoi(argv[2]) : ROUNDS_DEFAULT;
    g_autofree char *user = g_strdup_printf("%u:%u", getuid(), getgid());
    g_autoptr(Report) report = report_new();
    g_autofree char *dir = NULL;
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

    dir = enter_empty_dir();
    be_silent();
    peers_time(peers, G_N_ELEMENTS(peers), rounds,
               report_row(report, "start-up", "ms", goals));
    report_print(report);
    if (chdir(here) < 0 || rmdir(dir) < 0)
        g_printerr("bench: %s stays\n", dir);
    return argc <= 3 || report_write(report, argv[3]) ? 0 : 1;
}
