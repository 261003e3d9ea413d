/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network, inside and outside: one load generator and one origin (load.c, origin.c),
 * the same for all lanes (lane.h); medians and ratios over interleaved rounds, beside
 * what is wanted of them.
 *
 * Usage: bench-network [--quick] [--lanes NAME,...] [--json FILE] BOUNDARY-NS TOOLS-DIR
 *                      [SECTION...]
 *
 * Figures are of this machine at this time: compare ratios, not rates.
 */
#include "tests/bench/section.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

typedef struct {
    const char *name;
    void (*run)(const Bench *bench);
    bool is_alone; /* starts what it needs itself: what is shared would lessen PSS */
} Section;

static const Section sections[] = {
    { "requests", section_requests }, { "bulk", section_bulk },
    { "stream", section_stream },     { "published", section_published, true },
    { "fresh", section_fresh, true }, { "idle", section_idle, true },
    { "churn", section_churn, true }, { "crowd", section_crowd, true },
    { "audit", section_audit, true },
};

static gboolean is_quick;
static char *lanes_wanted;
static char *json_file;

static const GOptionEntry entries[] = {
    { "quick", 'q', 0, G_OPTION_ARG_NONE, &is_quick, "A tenth of the time", NULL },
    { "lanes", 'l', 0, G_OPTION_ARG_STRING, &lanes_wanted,
      "Only these besides native: boundary-ns, slirp4netns, pasta, relay, squid, "
      "mitmproxy, sandbox-runtime",
      "NAME,..." },
    { "json", 'j', 0, G_OPTION_ARG_FILENAME, &json_file, "Write figures there too",
      "FILE" },
    { NULL },
};

/* 10,000 idle flows are as many descriptors on each side; root may raise the limit. */
static void
raise_descriptors(void)
{
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max < 1 << 17) {
        struct rlimit more = { .rlim_cur = limit.rlim_cur, .rlim_max = 1 << 17 };

        setrlimit(RLIMIT_NOFILE, &more);
    }
}

static bool
is_wanted(const char *section, char **names)
{
    return *names == NULL || g_strv_contains((const char *const *)names, section);
}

int
main(int argc, char **argv)
{
    g_autoptr(GOptionContext) context =
        g_option_context_new("BOUNDARY-NS TOOLS-DIR [SECTION...]");
    g_autoptr(GError) error = NULL;
    g_autoptr(Report) report = report_new();
    g_autoptr(Site) site = NULL;
    Bench bench;

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error) || argc < 3) {
        g_printerr("bench-network: %s\n",
                   error != NULL ? error->message : "see --help");
        return 2;
    }
    raise_descriptors();
    site = site_new(argv[1], argv[2]);
    if (site == NULL)
        return 1;
    bench = (Bench){ site, lanes_start(site, lanes_wanted), report, is_quick };
    if (bench.lanes->len == 0)
        return 1;
    for (size_t i = 0; i < G_N_ELEMENTS(sections); i++) {
        if (!is_wanted(sections[i].name, argv + 3))
            continue;
        if (sections[i].is_alone)
            g_ptr_array_foreach(bench.lanes, (GFunc)(void (*)(void))lane_stop, NULL);
        sections[i].run(&bench);
    }
    g_ptr_array_unref(bench.lanes);
    return json_file == NULL || report_write(report, json_file) ? 0 : 1;
}
