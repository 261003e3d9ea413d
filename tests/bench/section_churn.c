/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flows that come and go. Memory is looked at before, each second meanwhile, and after,
 * until it is back or a quarter of a minute has gone: TIME_WAIT and the like take their time.
 */
#include "tests/bench/section.h"

#include "tests/bench/processes.h"

#define BACK      1.2 /* times what it was is back */
#define SETTLE_S  30
#define SECOND_US G_USEC_PER_SEC

typedef struct {
    const char *title;
    LaneDoor door;
    unsigned rate;
    unsigned time_s, quick_time_s; /* quick ones are also native's; 0: not then */
} Churn;

static const Churn churns[] = {
    { "opaque, 2000 new flows/s", LANE_PLAIN, 2000, 60, 5 },
    { "opaque, 5000 new flows/s", LANE_PLAIN, 5000, 10, 0 },
    { "inspected HTTP, 1000 new flows/s", LANE_HTTP, 1000, 10, 0 },
};

typedef struct {
    ReportRow *failures, *latency, *most, *after;
} Rows;

static double
memory_mib(const Lane *lane)
{
    g_autoptr(GArray) uses = processes_use(lane->load->pid, TRUE, NULL);
    double mib = processes_mib(uses, "bench-load");

    for (size_t i = 0; i < LANE_HELPERS_MAX && lane->helpers[i] != NULL; i++) {
        g_autoptr(GArray) others = processes_use(lane->helpers[i]->pid, TRUE, NULL);

        mib += processes_mib(others, "");
    }
    return mib;
}

static double
settle(const Lane *lane, double before_mib)
{
    double now_mib = memory_mib(lane);

    for (int i = 0; i < SETTLE_S && now_mib > before_mib * BACK; i++) {
        g_usleep(SECOND_US);
        now_mib = memory_mib(lane);
    }
    return now_mib;
}

/* Returns: (transfer full) (nullable): the reply. */
static Command *
run_churn(Lane *lane, const Churn *churn, unsigned time_s, double *out_most_mib)
{
    g_autofree char *line =
        g_strdup_printf("churn rate=%u time_us=%u000000 %s", churn->rate, time_s,
                        lane->where[churn->door]);
    g_autofree char *text = NULL;

    *out_most_mib = memory_mib(lane);
    if (!child_tell(lane->load, line))
        return NULL;
    while (!child_wait(lane->load, 1))
        *out_most_mib = MAX(*out_most_mib, memory_mib(lane));
    text = child_line(lane->load, 1);
    return text != NULL ? command_parse(text) : NULL;
}

static void
run_lane(const Bench *bench, const Lane *kind, const Churn *churn, const Rows *rows)
{
    g_autofree char *why = NULL;
    g_autoptr(Lane) lane = kind->start(bench->site, &why);
    bool is_short = bench->is_quick || (!kind->is_ours && churn->quick_time_s > 0);
    unsigned time_s = is_short ? churn->quick_time_s : churn->time_s;
    g_autoptr(Command) first = NULL;
    g_autoptr(Command) reply = NULL;
    double before_mib, most_mib;

    if (lane == NULL) {
        g_print("%s is left out: %s\n", kind->name, why);
        return;
    }
    first = lane_ask(lane, churn->door, "requests conns=1 new=1 count=10", 20);
    /* What is read once, when there is time, is read now. */
    g_usleep(SECOND_US);
    before_mib = memory_mib(lane);
    reply = run_churn(lane, churn, time_s, &most_mib);
    if (first == NULL || reply == NULL) {
        report_fail(rows->failures, lane->name, lane->is_ours, "no reply");
        return;
    }
    report_add(rows->failures, lane->name, lane->is_ours,
               (double)command_number(reply, "failures", 0));
    if (command_number(reply, "failures", 0) > 0)
        report_part(rows->failures, lane->name, command_text(reply, "error", "?"), 1);
    report_add(rows->latency, lane->name, lane->is_ours,
               (double)command_number(reply, "latency_p99_us", 0));
    if (kind == bench->lanes->pdata[0])
        return; /* nothing but the client */
    report_add(rows->most, lane->name, lane->is_ours, most_mib);
    report_add(rows->after, lane->name, lane->is_ours,
               settle(lane, before_mib) / before_mib);
    report_part(rows->after, lane->name, "MiB before", before_mib);
    report_part(rows->after, lane->name, "MiB at most", most_mib);
}

static ReportRow *
make_row(const Bench *bench,
         const Churn *churn,
         const char *what,
         const char *unit,
         const Goal *goal)
{
    g_autofree char *title = g_strdup_printf("churn, %s: %s", churn->title, what);

    return report_row(bench->report, title, unit, goal);
}

void
section_churn(const Bench *bench)
{
    const Goal none[] = { { GOAL_VALUE_MOST, NULL, 0, 0 }, { GOAL_NONE } };
    const Goal back[] = { { GOAL_VALUE_MOST, NULL, BACK, BACK }, { GOAL_NONE } };

    for (size_t i = 0; i < G_N_ELEMENTS(churns); i++) {
        const Churn *churn = &churns[i];
        Rows rows;

        if (bench->is_quick && churn->quick_time_s == 0)
            continue;
        rows =
            (Rows){ make_row(bench, churn, "failures", "flows", none),
                    make_row(bench, churn, "latency p99", "us", NULL),
                    make_row(bench, churn, "most memory", "MiB", NULL),
                    make_row(bench, churn, "memory afterwards", "times before", back) };
        for (guint j = 0; j < bench->lanes->len; j++) {
            const Lane *kind = bench->lanes->pdata[j];

            /* The others only show how they fail. */
            if (kind->where[churn->door] != NULL && (kind->is_ours || j == 0))
                run_lane(bench, kind, churn, &rows);
        }
        report_print(bench->report);
    }
}
