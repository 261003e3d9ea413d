/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Start-up: wall time of `boundary-ns -- true` beside bubblewrap and the bare command,
 * interleaved, medians. Usage: bench-startup BOUNDARY-NS [ROUNDS]
 */
#include <glib.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS_DEFAULT 40

typedef struct {
    const char *name;
    const char *argv[12];
    GArray *times_us; /* owned, of int64_t */
} Peer;

static int64_t
run(const Peer *peer)
{
    int64_t start_us = g_get_monotonic_time();
    int status = 0;
    pid_t pid;

    if (posix_spawnp(&pid, peer->argv[0], NULL, NULL, (char **)(uintptr_t)peer->argv,
                     environ) != 0)
        return -1;
    waitpid(pid, &status, 0);
    return status == 0 ? g_get_monotonic_time() - start_us : -1;
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

int
main(int argc, char **argv)
{
    const char *boundary = argc > 1 ? argv[1] : "boundary-ns";
    int rounds = argc > 2 ? atoi(argv[2]) : ROUNDS_DEFAULT;
    Peer peers[] = {
        { "true", { "true" } },
        { "bwrap --unshare-all",
          { "bwrap", "--unshare-all", "--dev-bind", "/", "/", "true" } },
        { "boundary-ns", { boundary, "-q", "--", "true" } },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(peers); i++)
        peers[i].times_us = g_array_new(FALSE, FALSE, sizeof(int64_t));
    for (int round = 0; round < rounds; round++)
        for (size_t i = 0; i < G_N_ELEMENTS(peers); i++) {
            int64_t time_us = run(&peers[i]);

            if (time_us >= 0)
                g_array_append_val(peers[i].times_us, time_us);
        }
    printf("%-22s %10s %10s %6s\n", "start-up, ms", "median", "p90", "runs");
    for (size_t i = 0; i < G_N_ELEMENTS(peers); i++) {
        if (peers[i].times_us->len == 0)
            printf("%-22s %10s\n", peers[i].name, "failed");
        else
            printf("%-22s %10.2f %10.2f %6u\n", peers[i].name,
                   quantile_ms(peers[i].times_us, 0.5),
                   quantile_ms(peers[i].times_us, 0.9), peers[i].times_us->len);
        g_array_unref(peers[i].times_us);
    }
    return 0;
}
