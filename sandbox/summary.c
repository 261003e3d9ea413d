/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/summary.h"

#include "base/text.h"
#include "policy/host.h"
#include "sandbox/judge.h"

#include <inttypes.h>
#include <string.h>

/* Columns of a destination in SUMMARY. */
typedef enum {
    COLUMN_COUNT,
    COLUMN_SCHEME,
    COLUMN_HOST,
    COLUMN_PORT,
    COLUMN_METHOD,
    COLUMN_PATH,
    COLUMN_KIND,
    COLUMN_REASON,
    N_COLUMNS,
} Column;

/* More blocked destinations than this are in the audit, not on the screen. */
#define DESTINATIONS_MAX 5
/* The end of a column that was cut. */
#define CUT "*"

static const char *
present(const char *column)
{
    return strcmp(column, "-") == 0 ? NULL : column;
}

/* Reads the columns back into a request. false: it was none (a host that is no name, a
 * column that was cut). */
static bool
read_request(char **columns, BnsHost *host, BnsRequest *out_request)
{
    g_autofree char *literal = bns_host_bracket(columns[COLUMN_HOST]);
    guint64 port = 0;

    if (!bns_host_canonical(literal, strlen(literal), host) ||
        !g_ascii_string_to_unsigned(columns[COLUMN_PORT], 10, 1, G_MAXUINT16, &port,
                                    NULL) ||
        g_str_has_suffix(columns[COLUMN_PATH], CUT))
        return false;
    *out_request = (BnsRequest){ .scheme = BNS_SCHEME_TCP,
                                 .host = host->text,
                                 .port = (uint16_t)port,
                                 .method = present(columns[COLUMN_METHOD]),
                                 .path = present(columns[COLUMN_PATH]) };
    for (BnsScheme scheme = 0; scheme < BNS_N_SCHEMES; scheme++)
        if (strcmp(columns[COLUMN_SCHEME], bns_scheme_name(scheme)) == 0)
            out_request->scheme = scheme;
    return (out_request->scheme == BNS_SCHEME_TCP) == (out_request->method == NULL);
}

/* "GET https://host:port/path", of what is known. */
static void
append_destination(GString *text, char **columns)
{
    const char *method = present(columns[COLUMN_METHOD]);
    const char *scheme = present(columns[COLUMN_SCHEME]);
    const char *port = present(columns[COLUMN_PORT]);
    const char *path = present(columns[COLUMN_PATH]);
    g_autofree char *host = bns_host_bracket(columns[COLUMN_HOST]);

    if (method != NULL)
        g_string_append_printf(text, "%s ", method);
    if (scheme != NULL)
        g_string_append_printf(text, "%s://", scheme);
    g_string_append(text, host);
    if (port != NULL &&
        !(g_strcmp0(scheme, "https") == 0 && strcmp(port, "443") == 0) &&
        !(g_strcmp0(scheme, "http") == 0 && strcmp(port, "80") == 0))
        g_string_append_printf(text, ":%s", port);
    if (path != NULL)
        g_string_append(text, path);
}

/* A flow that is refused though the policy would read or dial it has met a limit: no rule
 * is missing. */
static bool
met_a_limit(const BnsPolicy *policy, const BnsRequest *request)
{
    return request->scheme == BNS_SCHEME_TCP &&
           bns_policy_flow_kind(policy, request->host, request->port, NULL) !=
               BNS_FLOW_REFUSE;
}

/* Of a refusal: what no rule could allow was not decided by one. */
static BnsJudgement
judge(char **columns, const BnsPolicy *policy)
{
    BnsHost host;
    BnsRequest request;

    if (strcmp(columns[COLUMN_KIND], "refused") != 0 ||
        !read_request(columns, &host, &request) || met_a_limit(policy, &request))
        return (BnsJudgement){ 0 };
    return bns_judge(policy, &request);
}

/* The rule that would allow it, or the recorded reason with the rule that is the cause. */
static void
append_explanation(GString *text, char **columns, const BnsPolicy *policy)
{
    g_auto(BnsJudgement) judgement = judge(columns, policy);
    const char *reason = present(columns[COLUMN_REASON]);

    if (judgement.suggestion != NULL) {
        g_autofree char *quoted = bns_text_shell_quote(judgement.suggestion);

        g_string_append_printf(text, "; would allow it: --allow %s", quoted);
        return;
    }
    if (reason != NULL)
        g_string_append_printf(text, ": %s", reason);
    if (judgement.decision.verdict == BNS_VERDICT_DENY &&
        judgement.decision.rule != NULL) {
        g_autofree char *rule = bns_text_escape(judgement.decision.rule, -1);

        g_string_append_printf(text, " (%s)", rule);
    }
}

static void
append_line(GString *text, const char *line, const BnsPolicy *policy)
{
    g_auto(GStrv) columns = g_strsplit(line, "\t", -1);

    if (g_strv_length(columns) != N_COLUMNS)
        return;
    g_string_append(text, "boundary-ns: blocked ");
    append_destination(text, columns);
    if (strcmp(columns[COLUMN_COUNT], "1") != 0)
        g_string_append_printf(text, " (%s times)", columns[COLUMN_COUNT]);
    append_explanation(text, columns, policy);
    g_string_append_c(text, '\n');
}

static guint64
number_or_zero(const char *text)
{
    guint64 number = 0;

    g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT64, &number, NULL);
    return number;
}

typedef struct {
    guint64 allowed;
    guint64 blocked;
    guint64 would_deny;
} Totals;

static Totals
append_totals(GString *text, const char *line, const BnsPolicy *policy)
{
    g_auto(GStrv) numbers = g_strsplit(line, " ", -1);
    Totals totals = { 0 };

    if (g_strv_length(numbers) != 3)
        return totals;
    totals.allowed = number_or_zero(numbers[0]);
    totals.blocked = number_or_zero(numbers[1]);
    totals.would_deny = number_or_zero(numbers[2]);
    g_string_append_printf(text,
                           "boundary-ns: %" G_GUINT64_FORMAT
                           " allowed, %" G_GUINT64_FORMAT " blocked",
                           totals.allowed, totals.blocked);
    if (totals.would_deny > 0 || bns_policy_observes(policy))
        g_string_append_printf(text,
                               ", %" G_GUINT64_FORMAT
                               " passed that would have been denied (mode: observe)",
                               totals.would_deny);
    g_string_append_c(text, '\n');
    return totals;
}

static void
append_observed(GString *text, const Totals *totals, const char *audit_path)
{
    g_autofree char *escaped = bns_text_escape(audit_path, -1);
    g_autofree char *quoted = bns_text_shell_quote(escaped);

    if (totals->would_deny > 0)
        g_string_append_printf(
            text, "boundary-ns: rules that would allow them: boundary-ns suggest %s\n",
            quoted);
}

/* The destinations, and how many refusals they leave out. */
static void
append_lines(GString *text, char **lines, guint64 blocked, const BnsPolicy *policy)
{
    guint64 shown = 0;

    for (guint i = 0; lines[i] != NULL && i < DESTINATIONS_MAX; i++) {
        g_autofree char *count = g_strndup(lines[i], strcspn(lines[i], "\t"));

        append_line(text, lines[i], policy);
        shown += number_or_zero(count);
    }
    if (blocked > shown && shown > 0)
        g_string_append_printf(text,
                               "boundary-ns: blocked %" G_GUINT64_FORMAT
                               " more: boundary-ns log --decision deny\n",
                               blocked - shown);
}

char *
bns_summary_text(const char *summary, const BnsPolicy *policy, const char *audit_path)
{
    GString *text = g_string_new(NULL);
    g_auto(GStrv) lines = g_strsplit(summary != NULL ? summary : "", "\n", -1);
    g_autofree char *path = bns_text_escape(audit_path, -1);

    if (lines[0] != NULL) {
        Totals totals = append_totals(text, lines[0], policy);

        append_lines(text, lines + 1, totals.blocked, policy);
        append_observed(text, &totals, audit_path);
    }
    g_string_append_printf(text, "boundary-ns: audit: %s\n", path);
    return g_string_free(text, FALSE);
}

/* More are a build, not something to be read. */
#define PATHS_MAX 8

/* " A, B and 3 more". @total: of which those are the first. */
static void
append_paths(GString *text, char *const *paths, guint n, guint64 total)
{
    guint shown = MIN(n, PATHS_MAX);

    for (guint i = 0; i < shown; i++) {
        g_autofree char *path = bns_text_escape(paths[i], -1);

        g_string_append_printf(text, "%s %s", i > 0 ? "," : "", path);
    }
    if (total > shown)
        g_string_append_printf(text, " and %" G_GUINT64_FORMAT " more", total - shown);
    g_string_append_c(text, '\n');
}

char *
bns_summary_changed(const GPtrArray *changed, bool is_complete)
{
    GString *text = g_string_new(NULL);

    if (changed->len > 0) {
        g_string_append(text, "boundary-ns: changed, and run or obeyed outside:");
        append_paths(text, (char *const *)changed->pdata, changed->len, changed->len);
    }
    if (!is_complete)
        g_string_append(text, "boundary-ns: there are too many files to look for all "
                              "that was changed and is run outside\n");
    return g_string_free(text, FALSE);
}

static void
append_list(GString *text, const char *what, const GPtrArray *paths)
{
    if (paths->len == 0)
        return;
    g_string_append(text, what);
    append_paths(text, (char *const *)paths->pdata, paths->len, paths->len);
}

char *
bns_summary_quarantined(const BnsSummaryQuarantine *quarantine, const char *dir)
{
    GString *text = g_string_new(NULL);
    g_autofree char *shown = bns_text_escape(dir, -1);
    g_autofree char *moved =
        g_strdup_printf("boundary-ns: run or obeyed outside, so moved to %s:", shown);

    append_list(text, moved, quarantine->moved);
    append_list(text, "boundary-ns: of these, what was there before is back:",
                quarantine->restored);
    append_list(
        text, "boundary-ns: run or obeyed outside, so now named:", quarantine->renamed);
    append_list(text, "boundary-ns: run or obeyed outside, and could not be moved:",
                quarantine->stuck);
    return g_string_free(text, FALSE);
}

char *
bns_summary_not_written_back(const char *path, const char *why, const char *kept)
{
    g_autofree char *shown = bns_text_escape(path, -1);
    g_autofree char *place = kept != NULL ? bns_text_escape(kept, -1) : NULL;

    return place != NULL
               ? g_strdup_printf("boundary-ns: %s was not written back: %s; the "
                                 "command's version is %s\n",
                                 shown, why, place)
               : g_strdup_printf("boundary-ns: %s was not written back: %s\n", shown,
                                 why);
}

char *
bns_summary_limits(const uint64_t met[BNS_N_CGROUP_LIMITS])
{
    GString *text = g_string_new(NULL);
    uint64_t killed = met[BNS_CGROUP_MEMORY];
    uint64_t refused = met[BNS_CGROUP_PIDS];

    if (killed > 0)
        g_string_append_printf(text,
                               "boundary-ns: limits.memory was reached: %" PRIu64
                               " process%s killed\n",
                               killed, killed == 1 ? "" : "es");
    if (refused > 0)
        g_string_append_printf(text,
                               "boundary-ns: limits.processes was reached: %" PRIu64
                               " process%s not started\n",
                               refused, refused == 1 ? "" : "es");
    return g_string_free(text, FALSE);
}

char *
bns_summary_left(const char *left)
{
    GString *text = g_string_new(NULL);
    g_auto(GStrv) lines = g_strsplit(left != NULL ? left : "", "\n", -1);

    if (lines[0] == NULL)
        return g_string_free(text, FALSE);
    g_string_append(text,
                    "boundary-ns: not kept (--write DIR keeps what is made in DIR):");
    append_paths(text, lines + 1, g_strv_length(lines) - 1, number_or_zero(lines[0]));
    return g_string_free(text, FALSE);
}
