/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/measure.h"

#include "tests/bench/processes.h"

#include <math.h>
#include <string.h>

#define ROUNDS       3
#define ROUNDS_QUICK 2
/* Of those whose figures are far from anybody's. */
#define ROUNDS_SLOW 2
/* What takes longer has failed. */
#define REPLY_S       60
#define REPLY_QUICK_S 20
#define CLIENT        "bench-load"
#define ORIGIN        "bench-origin"

/* CPU time of a lane, and of what is beside it. */
typedef struct {
    GArray *lane;                      /* owned, of ProcessUse */
    GArray *helpers[LANE_HELPERS_MAX]; /* owned; NULL */
    GArray *origin;                    /* owned */
} Look;

static void
look(Look *look, const Bench *bench, const Lane *lane)
{
    look->lane = processes_use(lane->load->pid, FALSE, NULL);
    for (size_t i = 0; i < LANE_HELPERS_MAX; i++)
        look->helpers[i] = lane->helpers[i] != NULL
                               ? processes_use(lane->helpers[i]->pid, FALSE, NULL)
                               : NULL;
    look->origin = processes_use(bench->site->origin->pid, FALSE, NULL);
}

static void
look_clear(Look *look)
{
    g_clear_pointer(&look->lane, g_array_unref);
    for (size_t i = 0; i < LANE_HELPERS_MAX; i++)
        g_clear_pointer(&look->helpers[i], g_array_unref);
    g_clear_pointer(&look->origin, g_array_unref);
}

/* A part for each that worked. Returns: the sum of all but client and origin. */
static double
add_parts(const GArray *before,
          const GArray *after,
          double per,
          ReportRow *row,
          const Lane *lane)
{
    double sum = 0;

    for (guint i = 0; after != NULL && i < after->len; i++) {
        const ProcessUse *use = &g_array_index(after, ProcessUse, i);
        double cost = (double)(use->cpu_ns - processes_cpu_ns(before, use->name)) / per;

        if (strcmp(use->name, CLIENT) != 0 && strcmp(use->name, ORIGIN) != 0)
            sum += cost;
        report_part(row, lane->name, use->name, cost);
    }
    return sum;
}

static double
cpu_figure(
    const Look *before, const Look *after, double per, ReportRow *row, const Lane *lane)
{
    double sum = add_parts(before->lane, after->lane, per, row, lane);

    for (size_t i = 0; i < LANE_HELPERS_MAX; i++)
        sum += add_parts(before->helpers[i], after->helpers[i], per, row, lane);
    add_parts(before->origin, after->origin, per, row, lane);
    return sum;
}

static double
figure_value(const Figure *figure,
             const Command *reply,
             const Look *before,
             const Look *after,
             ReportRow *row,
             const Lane *lane)
{
    double elapsed_us = (double)command_number(reply, "elapsed_us", 0);
    double requests = (double)command_number(reply, "requests", 0);
    double bytes = (double)command_number(reply, "bytes", 0);

    switch (figure->kind) {
    case FIGURE_KEY:
        return (double)command_number(reply, figure->key, 0);
    case FIGURE_RATE:
        return requests * 1e6 / elapsed_us;
    case FIGURE_MIB_S:
        return bytes / (1 << 20) * 1e6 / elapsed_us;
    case FIGURE_PERCENT:
        return 100 * (double)command_number(reply, figure->key, 0) / requests;
    case FIGURE_CPU_PER_REQUEST:
        return cpu_figure(before, after, requests * 1e3, row, lane);
    case FIGURE_CPU_PER_GIB:
        return cpu_figure(before, after, bytes / (1 << 30) * 1e9, row, lane);
    case FIGURE_NONE:
    default:
        return NAN;
    }
}

static void
fail_all(ReportRow *const *rows,
         const Measure *measure,
         const Lane *lane,
         const char *why)
{
    for (size_t i = 0; i < MEASURE_FIGURES_MAX; i++)
        if (measure->figures[i].kind != FIGURE_NONE)
            report_fail(rows[i], lane->name, lane->is_ours, why);
}

static void
run_lane(const Bench *bench, const Measure *measure, Lane *lane, ReportRow *const *rows)
{
    const char *work =
        bench->is_quick && measure->quick != NULL ? measure->quick : measure->work;
    g_autoptr(Command) reply = NULL;
    Look before, after;

    look(&before, bench, lane);
    reply =
        lane_ask(lane, measure->door, work, bench->is_quick ? REPLY_QUICK_S : REPLY_S);
    look(&after, bench, lane);
    if (reply == NULL) {
        fail_all(rows, measure, lane, "no reply");
        g_clear_pointer(&lane->where[measure->door], g_free);
    } else if (command_number(reply, "failures", 1) > 0) {
        fail_all(rows, measure, lane, command_text(reply, "error", "it failed"));
    } else {
        for (size_t i = 0; i < MEASURE_FIGURES_MAX; i++)
            if (measure->figures[i].kind != FIGURE_NONE)
                report_add(rows[i], lane->name, lane->is_ours,
                           figure_value(&measure->figures[i], reply, &before, &after,
                                        rows[i], lane));
    }
    look_clear(&before);
    look_clear(&after);
}

static void
run_measure(const Bench *bench, const Measure *measure)
{
    unsigned rounds =
        bench->is_quick
            ? (measure->quick_rounds > 0 ? measure->quick_rounds : ROUNDS_QUICK)
            : (measure->rounds > 0 ? measure->rounds : ROUNDS);
    ReportRow *rows[MEASURE_FIGURES_MAX] = { NULL };

    for (size_t i = 0; i < MEASURE_FIGURES_MAX; i++)
        if (measure->figures[i].kind != FIGURE_NONE)
            rows[i] = report_row(bench->report, measure->figures[i].title,
                                 measure->figures[i].unit, measure->figures[i].goals);
    for (unsigned round = 0; round < rounds; round++)
        for (guint i = 0; i < bench->lanes->len; i++) {
            Lane *lane = bench->lanes->pdata[i];

            if (lane->where[measure->door] != NULL &&
                (!lane->is_slow || round < ROUNDS_SLOW))
                run_lane(bench, measure, lane, rows);
        }
    report_print(bench->report);
}

void
measures_run(const Bench *bench, const Measure *measures, size_t n)
{
    for (size_t i = 0; i < n; i++)
        run_measure(bench, &measures[i]);
}
