/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many sandboxes, started at once, with the limits that nobody set. Each asks as soon as
 * it can, while others still start.
 */
#include "tests/bench/section.h"

#include "tests/bench/processes.h"

#define WAIT_S 120
#define ASK    "requests name=api.test conns=1 count=10"

static const unsigned crowds[] = { 20, 100 };
#define CROWDS_QUICK 1

/* Returns: (transfer full): of owned Child. */
static GPtrArray *
start_all(const Bench *bench, unsigned n)
{
    GPtrArray *crowd = g_ptr_array_new_with_free_func((GDestroyNotify)child_free);
    const Site *site = bench->site;
    g_autofree char *load = site_tool(site, "bench-load");
    g_autofree char *resolve =
        g_strdup_printf("--resolve=api.test:443:127.0.0.1:%u", site->tls_port);
    const char *argv[] = {
        site->boundary,  "-q",          "--allow", "api.test", resolve,
        "--upstream-ca", site->ca_file, "--",      load,       NULL
    };
    g_auto(GStrv) env = lane_environment(site);

    for (unsigned i = 0; i < n; i++) {
        Child *child = child_start(argv, site->dir, env, site->log, NULL);

        if (child != NULL)
            g_ptr_array_add(crowd, child);
    }
    return crowd;
}

/* Returns: how many said they were ready and were asked. */
static unsigned
ask_all(GPtrArray *crowd)
{
    unsigned asked = 0;

    for (guint i = 0; i < crowd->len; i++) {
        Child *child = crowd->pdata[i];
        g_autofree char *ready = child_line(child, WAIT_S);

        asked += ready != NULL && child_tell(child, ASK);
    }
    return asked;
}

static unsigned
count_answers(GPtrArray *crowd)
{
    unsigned answered = 0;

    for (guint i = 0; i < crowd->len; i++) {
        g_autofree char *text = child_line(crowd->pdata[i], WAIT_S);
        g_autoptr(Command) reply = command_parse(text != NULL ? text : "");

        answered += command_number(reply, "failures", 1) == 0;
    }
    return answered;
}

static double
mean_memory_mib(GPtrArray *crowd)
{
    double sum_mib = 0;

    for (guint i = 0; i < crowd->len; i++) {
        g_autoptr(GArray) uses =
            processes_use(((Child *)crowd->pdata[i])->pid, TRUE, NULL);

        sum_mib += processes_mib(uses, "bench-load");
    }
    return sum_mib / MAX(crowd->len, 1);
}

static ReportRow *
make_row(const Bench *bench,
         unsigned n,
         const char *what,
         const char *unit,
         const Goal *goal)
{
    g_autofree char *title = g_strdup_printf("%u sandboxes at once, %s", n, what);

    return report_row(bench->report, title, unit, goal);
}

void
section_crowd(const Bench *bench)
{
    const Goal none[] = { { GOAL_VALUE_MOST, NULL, 0, 0 }, { GOAL_NONE } };
    size_t many = bench->is_quick ? CROWDS_QUICK : G_N_ELEMENTS(crowds);
    const char *us = lane_our_name();

    for (size_t i = 0; i < many; i++) {
        unsigned n = crowds[i], answered;
        int64_t begin_us = g_get_monotonic_time();
        g_autoptr(GPtrArray) crowd = start_all(bench, n);
        int64_t ready_us, answered_us;

        ask_all(crowd);
        ready_us = g_get_monotonic_time();
        answered = count_answers(crowd);
        answered_us = g_get_monotonic_time();
        report_add(make_row(bench, n, "failed", "sandboxes", none), us, true,
                   n - answered);
        report_add(make_row(bench, n, "all are ready", "ms", NULL), us, true,
                   (double)(ready_us - begin_us) / 1000);
        report_add(make_row(bench, n, "all have answers", "ms", NULL), us, true,
                   (double)(answered_us - begin_us) / 1000);
        report_add(make_row(bench, n, "memory of each", "MiB", NULL), us, true,
                   mean_memory_mib(crowd));
        report_print(bench->report);
    }
}
