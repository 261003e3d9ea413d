/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A published port: the origin is inside, the client is the host's.
 */
#include "tests/bench/section.h"

#include <unistd.h>

#define READY_S 30

static const Measure measures[] = {
    { LANE_PLAIN,
      "transfer bytes=134217728",
      "transfer bytes=67108864",
      0,
      0,
      { { FIGURE_MIB_S, "published port down, 1 flow", "MiB/s" },
        { FIGURE_CPU_PER_GIB, "CPU, published port down", "s/GiB" } } },
    { LANE_PLAIN,
      "transfer up=1 bytes=134217728",
      "transfer up=1 bytes=67108864",
      0,
      0,
      { { FIGURE_MIB_S, "published port up, 1 flow", "MiB/s" },
        { FIGURE_CPU_PER_GIB, "CPU, published port up", "s/GiB" } } },
    { LANE_PLAIN,
      "transfer flows=8 bytes=16777216",
      "transfer flows=8 bytes=8388608",
      0,
      0,
      { { FIGURE_MIB_S, "published port down, 8 flows", "MiB/s" } } },
    { LANE_PLAIN,
      "requests conns=1 time_us=1000000",
      "requests conns=1 time_us=150000",
      0,
      0,
      { { FIGURE_KEY, "published port, request latency, p50", "us",
          "latency_p50_us" } } },
};

/* @argv starts an origin that the host reaches at @port. */
static Lane *
start(const Bench *bench, const char *name, const char *const *argv, unsigned port)
{
    g_autoptr(Lane) lane = lane_new(name);
    g_autofree char *load = site_tool(bench->site, "bench-load");
    const char *client[] = { load, NULL };
    g_auto(GStrv) env = lane_environment(bench->site);
    g_autofree char *ready = NULL;
    g_autofree char *why = NULL;

    lane->where[LANE_PLAIN] =
        g_strdup_printf("name=localhost tls=0 port=%u at=127.0.0.1:%u", port, port);
    if (argv != NULL) {
        lane->helpers[0] =
            child_start(argv, bench->site->dir, env, bench->site->log, NULL);
        ready = lane->helpers[0] != NULL ? child_line(lane->helpers[0], READY_S) : NULL;
        if (ready == NULL) {
            g_print("%s publishes nothing, see %s\n", name, bench->site->log);
            return NULL;
        }
    }
    if (!lane_start_load(lane, bench->site, client, NULL, &why))
        return NULL;
    return g_steal_pointer(&lane);
}

static void
add(GPtrArray *lanes, Lane *lane, bool is_ours)
{
    if (lane == NULL)
        return;
    lane->is_ours = is_ours;
    g_ptr_array_add(lanes, lane);
}

static bool
has_lane(const Bench *bench, const char *name)
{
    for (guint i = 0; i < bench->lanes->len; i++)
        if (g_str_has_prefix(((Lane *)bench->lanes->pdata[i])->name, name))
            return true;
    return false;
}

void
section_published(const Bench *bench)
{
    g_autoptr(GPtrArray) lanes =
        g_ptr_array_new_with_free_func((GDestroyNotify)lane_free);
    g_autofree char *origin = site_tool(bench->site, "bench-origin");
    unsigned port = site_free_port(), pasta_port = site_free_port();
    g_autofree char *inside = g_strdup_printf("%u", port);
    g_autofree char *publish = g_strdup_printf("--publish=%u", port);
    g_autofree char *pasta_inside = g_strdup_printf("%u", pasta_port);
    const char *ours[] = {
        bench->site->boundary, "-q", publish, "--", origin, inside, NULL
    };
    const char *pasta[] = { "pasta",      "-q",         "-f",  "-t",
                            pasta_inside, "--runas",    "0:0", "--",
                            origin,       pasta_inside, NULL };
    const Bench own = { bench->site, lanes, bench->report, bench->is_quick };

    add(lanes, start(bench, "native", NULL, bench->site->plain_port), false);
    if (has_lane(bench, "boundary-ns"))
        add(lanes, start(bench, lane_our_name(), ours, port), true);
    if (has_lane(bench, "pasta") && geteuid() == 0)
        add(lanes, start(bench, "pasta", pasta, pasta_port), false);
    measures_run(&own, measures, G_N_ELEMENTS(measures));
}
