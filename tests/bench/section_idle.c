/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each lane anew, so that memory is what the flows need and not what came before. A peer
 * is asked for a thousand alone: some take minutes for more.
 */
#include "tests/bench/section.h"

#include "tests/bench/processes.h"

#include <math.h>
#include <sys/resource.h>

#define PEER_FLOWS_MAX 1000
#define HOLD_S         300
#define ASK_S          60
#define ASK            "requests conns=1 time_us=1000000"
#define ASK_QUICK      "requests conns=1 time_us=200000"

typedef struct {
    unsigned flows;
    bool is_quick;               /* also if it is to be quick */
    Goal memory[2], slowdown[2]; /* each ends with GOAL_NONE */
} Step;

static const Step steps[] = {
    { 0, true, { { GOAL_VALUE_MOST, NULL, 25, 15 } } },
    { 1000, true, { { GOAL_VALUE_MOST, NULL, 70, 50 } } },
    { 5000, false, { { GOAL_NONE } }, { { GOAL_VALUE_MOST, NULL, 3, 1.5 } } },
    { 10000, false, { { GOAL_VALUE_MOST, NULL, 450, 300 } } },
};

typedef struct {
    ReportRow *memory, *latency, *slowdown;
} Rows;

/* Helpers need two descriptors for a flow, and some. */
static unsigned
count_flows(const Step *step)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return step->flows;
    return (unsigned)MIN(step->flows, (limit.rlim_max - 200) / 2);
}

/* A part for each name, and how many did not show it. Returns: all but the client. */
static double
weigh_tree(ReportRow *row, const Lane *lane, pid_t root)
{
    unsigned unreadable = 0;
    g_autoptr(GArray) uses = processes_use(root, TRUE, &unreadable);

    for (guint i = 0; i < uses->len; i++) {
        const ProcessUse *use = &g_array_index(uses, ProcessUse, i);

        report_part(row, lane->name, use->name, (double)use->pss_kib / 1024);
    }
    if (unreadable > 0)
        report_part(row, lane->name, "processes not shown", unreadable);
    return processes_mib(uses, "bench-load");
}

static void
weigh(ReportRow *row, const Lane *lane)
{
    double sum_mib = weigh_tree(row, lane, lane->load->pid);

    for (size_t i = 0; i < LANE_HELPERS_MAX && lane->helpers[i] != NULL; i++)
        sum_mib += weigh_tree(row, lane, lane->helpers[i]->pid);
    report_add(row, lane->name, lane->is_ours, sum_mib);
}
/* Returns: the latency, or NAN. */
static double
measure(
    const Bench *bench, Lane *lane, const Step *step, const Rows *rows, double idle_us)
{
    g_autofree char *hold = g_strdup_printf("hold count=%u", count_flows(step));
    g_autoptr(Command) held = lane_ask(lane, LANE_HTTPS, hold, HOLD_S);
    g_autoptr(Command) reply = NULL;
    double latency_us;

    if (held != NULL && command_number(held, "failures", 1) == 0)
        reply = lane_ask(lane, LANE_HTTPS, bench->is_quick ? ASK_QUICK : ASK, ASK_S);
    if (reply == NULL || command_number(reply, "failures", 1) != 0) {
        const Command *last = reply != NULL ? reply : held;
        const char *why =
            last != NULL ? command_text(last, "error", "it failed") : "no reply";

        report_fail(rows->memory, lane->name, lane->is_ours, why);
        report_fail(rows->latency, lane->name, lane->is_ours, why);
        return NAN;
    }
    weigh(rows->memory, lane);
    latency_us = (double)command_number(reply, "latency_p50_us", 0);
    report_add(rows->latency, lane->name, lane->is_ours, latency_us);
    if (step->flows > 0 && idle_us > 0)
        report_add(rows->slowdown, lane->name, lane->is_ours, latency_us / idle_us);
    return latency_us;
}

static void
run_lane(const Bench *bench, const Lane *kind, const Rows *rows)
{
    g_autofree char *why = NULL;
    g_autoptr(Lane) lane = kind->start(bench->site, &why);
    double idle_us = NAN;

    if (lane == NULL)
        g_print("%s is left out: %s\n", kind->name, why);
    for (size_t i = 0; lane != NULL && i < G_N_ELEMENTS(steps); i++) {
        bool is_peer = !lane->is_ours && kind != bench->lanes->pdata[0];
        double latency_us;

        if ((bench->is_quick && !steps[i].is_quick) ||
            (is_peer && steps[i].flows > PEER_FLOWS_MAX))
            continue;
        latency_us = measure(bench, lane, &steps[i], &rows[i], idle_us);
        if (isnan(latency_us))
            return;
        if (steps[i].flows == 0)
            idle_us = latency_us;
    }
}

void
section_idle(const Bench *bench)
{
    Rows rows[G_N_ELEMENTS(steps)];

    for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
        unsigned flows = count_flows(&steps[i]);
        bool is_enough = flows >= steps[i].flows / 20 * 19;
        g_autofree char *memory =
            g_strdup_printf("memory of all but the client, %u idle flows", flows);
        g_autofree char *latency =
            g_strdup_printf("request latency, %u idle flows, p50", flows);
        g_autofree char *slowdown =
            g_strdup_printf("slower with %u idle flows than with none", flows);

        rows[i].memory = report_row(bench->report, memory, "MiB",
                                    is_enough ? steps[i].memory : NULL);
        rows[i].latency = report_row(bench->report, latency, "us", NULL);
        rows[i].slowdown = report_row(bench->report, slowdown, "times",
                                      is_enough ? steps[i].slowdown : NULL);
    }
    for (guint i = 0; i < bench->lanes->len; i++) {
        const Lane *kind = bench->lanes->pdata[i];

        if (!kind->is_slow && kind->where[LANE_HTTPS] != NULL)
            run_lane(bench, kind, rows);
    }
    report_print(bench->report);
}
