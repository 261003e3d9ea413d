/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Audit: the same requests with the records on the disk of the home directory and in
 * memory. There is no way to have none: what the recorder itself costs stands among the
 * parts of the CPU time.
 */
#include "tests/bench/section.h"

#include <unistd.h>

static const Measure measures[] = {
    { LANE_HTTPS,
      "requests conns=16 time_us=1000000",
      "requests conns=16 time_us=300000",
      0,
      0,
      { { FIGURE_RATE, "audit, requests, h1, 16 connections", "1/s" },
        { FIGURE_CPU_PER_REQUEST, "audit, CPU per request", "us" } } },
    { LANE_HTTPS,
      "requests conns=1 time_us=1000000",
      "requests conns=1 time_us=300000",
      0,
      0,
      { { FIGURE_KEY, "audit, request latency, p50", "us", "latency_p50_us" } } },
};

static void
add(const Bench *bench, GPtrArray *lanes, const char *name, const char *file)
{
    const char *options[] = { "--audit-log", file, NULL };
    g_autofree char *why = NULL;
    Lane *lane =
        lane_boundary_with(bench->site, "", file != NULL ? options : NULL, &why);

    if (lane == NULL) {
        g_print("%s is left out: %s\n", name, why);
        return;
    }
    g_free(lane->name);
    lane->name = g_strdup(name);
    g_ptr_array_add(lanes, lane);
}

void
section_audit(const Bench *bench)
{
    g_autoptr(GPtrArray) lanes =
        g_ptr_array_new_with_free_func((GDestroyNotify)lane_free);
    g_autofree char *file = g_strdup_printf("/dev/shm/bench-audit-%d.jsonl", getpid());
    const Bench own = { bench->site, lanes, bench->report, bench->is_quick };

    add(bench, lanes, "records in a file", NULL);
    if (access("/dev/shm", W_OK) == 0)
        add(bench, lanes, "records in memory", file);
    if (lanes->len > 0)
        measures_run(&own, measures, G_N_ELEMENTS(measures));
    (void)unlink(file);
}
