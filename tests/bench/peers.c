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

void
peers_time(Peer *peers, gsize n, unsigned rounds)
{
    for (gsize i = 0; i < n; i++)
        peers[i].times_us = g_array_new(FALSE, FALSE, sizeof(int64_t));
    for (unsigned round = 0; round < rounds; round++)
        for (gsize i = 0; i < n; i++) {
            bool is_ready = peers[i].before[0] == NULL || run(peers[i].before) >= 0;
            int64_t time_us = is_ready ? run(peers[i].argv) : -1;

            if (time_us >= 0)
                g_array_append_val(peers[i].times_us, time_us);
        }
}

static int
compare(gconstpointer a, gconstpointer b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

    return (left > right) - (left < right);
}

static double
quantile_ms(GArray *times, double q)
{
    g_array_sort(times, compare);
    return (double)g_array_index(times, int64_t, (guint)((times->len - 1) * q)) / 1000;
}

void
peers_print(const char *title, Peer *peers, gsize n)
{
    double first_ms =
        peers[0].times_us->len > 0 ? quantile_ms(peers[0].times_us, 0.5) : 0;

    printf("%-24s %10s %10s %8s %6s\n", title, "median", "p90", "ratio", "runs");
    for (gsize i = 0; i < n; i++) {
        GArray *times = peers[i].times_us;
        double median_ms = times->len > 0 ? quantile_ms(times, 0.5) : 0;

        if (times->len == 0)
            printf("%-24s %10s\n", peers[i].name, "failed");
        else
            printf("%-24s %10.2f %10.2f %8.3f %6u\n", peers[i].name, median_ms,
                   quantile_ms(times, 0.9), first_ms > 0 ? median_ms / first_ms : 0,
                   times->len);
        g_array_unref(times);
    }
}
