/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/peers.h"

#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Returns: the wall time, or -1 if it failed. */
static int64_t
run(const char *const *argv)
{
    int64_t start_us = g_get_monotonic_time();
    int status = 0;
    pid_t pid;

    if (posix_spawnp(&pid, argv[0], NULL, NULL, (char **)(uintptr_t)argv, environ) != 0)
        return -1;
    waitpid(pid, &status, 0);
    return status == 0 ? g_get_monotonic_time() - start_us : -1;
}

static bool
is_there(const Peer *peer)
{
    g_autofree char *path = g_find_program_in_path(peer->argv[0]);

    return path != NULL;
}

static void
time_one(const Peer *peer, ReportRow *row)
{
    bool is_ready = peer->before[0] == NULL || run(peer->before) >= 0;
    int64_t time_us = is_ready ? run(peer->argv) : -1;

    if (time_us >= 0)
        report_add(row, peer->name, peer->is_ours, (double)time_us / 1000);
    else
        report_fail(row, peer->name, peer->is_ours, "it failed");
}

void
peers_time(const Peer *peers, gsize n, unsigned rounds, ReportRow *row)
{
    for (gsize i = 0; i < n; i++)
        if (!is_there(&peers[i]))
            g_print("%s is left out: %s is not installed\n", peers[i].name,
                    peers[i].argv[0]);
    for (unsigned round = 0; round < rounds; round++)
        for (gsize i = 0; i < n; i++)
            if (is_there(&peers[i]))
                time_one(&peers[i], row);
}
