/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first request to a host that nobody asked for before: its name, its leaf, the
 * origin's handshake. The second one has a connection of its own too, but shares the
 * origin's. What such a handshake takes when nobody is in between is measured beside it:
 * no first request can add less.
 */
#include "tests/bench/section.h"

#define HOSTS       200
#define HOSTS_QUICK 30
#define REPLY_S     20

/* (transfer full): "--resolve=h0.fresh.test:443:127.0.0.1:PORT" and so on. */
static char **
make_options(const Site *site, unsigned hosts)
{
    GStrvBuilder *builder = g_strv_builder_new();
    char **options;

    for (unsigned i = 0; i < hosts; i++) {
        g_autofree char *option = g_strdup_printf(
            "--resolve=h%u.fresh.test:443:127.0.0.1:%u", i, site->tls_port);

        g_strv_builder_add(builder, option);
    }
    options = g_strv_builder_end(builder);
    g_strv_builder_unref(builder);
    return options;
}

/* The name is looked up by each. @words: besides. Returns: microseconds, or -1. */
static double
ask(Lane *lane, unsigned host, const char *words)
{
    g_autofree char *line = g_strdup_printf(
        "requests conns=1 count=1 path=/bytes/1 name=h%u.fresh.test %s", host, words);
    g_autofree char *text = child_ask(lane->load, line, REPLY_S);
    g_autoptr(Command) reply = command_parse(text != NULL ? text : "");

    if (command_number(reply, "failures", 1) != 0)
        return -1;
    return (double)(command_number(reply, "resolve_us", 0) +
                    command_number(reply, "latency_p50_us", 0));
}

/* What is asked of each host, in this order, and what it is called. */
typedef struct {
    const char *name, *words;
} Asked;

static void
run_hosts(
    Lane *lane, unsigned hosts, const Asked *first, const Asked *second, ReportRow *row)
{
    g_autofree char *first_name = g_strdup_printf("%s, %s", lane->name, first->name);
    g_autofree char *second_name = g_strdup_printf("%s, %s", lane->name, second->name);

    for (unsigned host = 0; host < hosts; host++) {
        double first_us = ask(lane, host, first->words);
        double second_us = ask(lane, host, second->words);

        if (first_us < 0 || second_us < 0) {
            report_fail(row, second_name, false, "it failed");
            report_fail(row, first_name, lane->is_ours, "it failed");
            return;
        }
        report_add(row, second_name, false, second_us);
        report_add(row, first_name, lane->is_ours, first_us);
    }
}

static void
run_ours(const Bench *bench, unsigned hosts)
{
    const Goal goal[] = { { GOAL_ADDED_MOST, NULL, 1500, 800 }, { GOAL_NONE } };
    const Asked first = { "first", "new=1" };
    const Asked second = { "second", "new=1" };
    g_auto(GStrv) options = make_options(bench->site, hosts);
    g_autofree char *why = NULL;
    g_autoptr(Lane) lane = lane_boundary_with(bench->site, "  - .fresh.test\n",
                                              (const char *const *)options, &why);

    if (lane == NULL)
        g_print("first requests are left out: %s\n", why);
    else
        run_hosts(lane, hosts, &first, &second,
                  report_row(bench->report, "first request to a host, and second", "us",
                             goal));
}

/* A request with a connection of its own, and one whose connection is there. */
static void
run_native(const Bench *bench, unsigned hosts)
{
    const Lane *model = g_ptr_array_index(bench->lanes, 0);
    g_autofree char *at = g_strdup_printf("port=%u at=127.0.0.1:%u",
                                          bench->site->tls_port, bench->site->tls_port);
    g_autofree char *new_at = g_strdup_printf("new=1 %s", at);
    const Asked first = { "new", new_at };
    const Asked second = { "open", at };
    g_autofree char *why = NULL;
    g_autoptr(Lane) lane = model->start(bench->site, &why);

    if (lane == NULL)
        g_print("native handshakes are left out: %s\n", why);
    else
        run_hosts(lane, hosts, &first, &second,
                  report_row(bench->report,
                             "a request on a new connection, and on one that is open",
                             "us", NULL));
}

void
section_fresh(const Bench *bench)
{
    unsigned hosts = bench->is_quick ? HOSTS_QUICK : HOSTS;

    run_ours(bench, hosts);
    run_native(bench, hosts);
    report_print(bench->report);
}
