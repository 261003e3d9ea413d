/* SPDX-License-Identifier: Apache-2.0 */
/*
 * { "v": 1, "host": …, "cpus": …, "user": …, "rows": [ { "title", "unit", "lanes": [ {
 *   "lane", "ours", "median", "p10", "p90", "ratio", "added", "rounds": […], "parts": {
 *   NAME: MEDIAN }, "why", "goals": [ { "value", "against", "kind", "floor", "aim", "result" } ] } ] } ] }
 */
#include "tests/bench/report_rows.h"

#include <math.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static const char *const result_names[] = {
    [GOAL_MISSED] = "missed",
    [GOAL_FLOOR] = "floor",
    [GOAL_AIM] = "aim",
};

static const char *const kind_names[] = {
    [GOAL_NONE] = "",
    [GOAL_RATIO_LEAST] = "ratio_least",
    [GOAL_RATIO_MOST] = "ratio_most",
    [GOAL_ADDED_MOST] = "added_most",
    [GOAL_VALUE_MOST] = "value_most",
};

/* A reply may hold anything: what is not plain ASCII becomes "?". */
static void
put_string(GString *out, const char *text)
{
    g_string_append_c(out, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            g_string_append_c(out, '\\');
        g_string_append_c(out, *text >= 0x20 && *text < 0x7f ? *text : '?');
    }
    g_string_append_c(out, '"');
}

static void
put_number(GString *out, double value)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];

    g_string_append(out, isnan(value)
                             ? "null"
                             : g_ascii_formatd(text, sizeof(text), "%.6g", value));
}

static void
put_named_number(GString *out, const char *name, double value)
{
    g_string_append_printf(out, ", \"%s\": ", name);
    put_number(out, value);
}

static void
put_named_string(GString *out, const char *name, const char *value)
{
    if (value == NULL)
        return;
    g_string_append_printf(out, ", \"%s\": ", name);
    put_string(out, value);
}

static void
put_goals(GString *out, const ReportRow *row, const ReportColumn *column)
{
    bool is_first = true;

    g_string_append(out, ", \"goals\": [");
    for (size_t i = 0; column->is_ours && i < REPORT_GOALS_MAX; i++) {
        const Goal *goal = &row->goals[i];
        const char *against = "";
        GoalResult result;
        double value;

        if (!report_judge(row, column, goal, &value, &against, &result))
            continue;
        g_string_append_printf(out, "%s{\"result\": \"%s\"", is_first ? "" : ", ",
                               result_names[result]);
        put_named_number(out, "value", value);
        put_named_string(out, "kind", kind_names[goal->kind]);
        put_named_string(out, "against", against);
        put_named_number(out, "floor", goal->floor);
        put_named_number(out, "aim", goal->aim);
        g_string_append_c(out, '}');
        is_first = false;
    }
    g_string_append_c(out, ']');
}

static void
put_parts(GString *out, const ReportColumn *column)
{
    g_string_append(out, ", \"parts\": {");
    for (guint i = 0; i < column->parts->len; i++) {
        const ReportPart *part = column->parts->pdata[i];

        g_string_append(out, i > 0 ? ", " : "");
        put_string(out, part->name);
        g_string_append(out, ": ");
        put_number(out, report_quantile(part->rounds, 0.5));
    }
    g_string_append_c(out, '}');
}

static void
put_column(GString *out, const ReportRow *row, const ReportColumn *column)
{
    const ReportColumn *base = row->columns->pdata[0];

    g_string_append(out, "      {\"lane\": ");
    put_string(out, column->lane);
    g_string_append_printf(out, ", \"ours\": %s", column->is_ours ? "true" : "false");
    put_named_number(out, "median", report_quantile(column->rounds, 0.5));
    put_named_number(out, "p10", report_quantile(column->rounds, 0.1));
    put_named_number(out, "p90", report_quantile(column->rounds, 0.9));
    put_named_number(out, "ratio", report_ratio(column, base));
    put_named_number(out, "added", report_added(column, base));
    g_string_append(out, ", \"rounds\": [");
    for (guint i = 0; i < column->rounds->len; i++) {
        g_string_append(out, i > 0 ? ", " : "");
        put_number(out, g_array_index(column->rounds, double, i));
    }
    g_string_append_c(out, ']');
    put_parts(out, column);
    put_named_string(out, "why", column->why);
    put_goals(out, row, column);
    g_string_append_c(out, '}');
}

static void
put_row(GString *out, const ReportRow *row)
{
    g_string_append(out, "    {\"title\": ");
    put_string(out, row->title);
    put_named_string(out, "unit", row->unit);
    g_string_append(out, ", \"lanes\": [\n");
    for (guint i = 0; i < row->columns->len; i++) {
        put_column(out, row, row->columns->pdata[i]);
        g_string_append(out, i + 1 < row->columns->len ? ",\n" : "\n");
    }
    g_string_append(out, "    ]}");
}

bool
report_write(Report *report, const char *file)
{
    g_autoptr(GString) out = g_string_new("{\"v\": 1, \"kernel\": ");
    g_autoptr(GError) error = NULL;
    struct utsname system;

    uname(&system);
    put_string(out, system.release);
    g_string_append_printf(out, ", \"cpus\": %ld, \"root\": %s, \"rows\": [\n",
                           sysconf(_SC_NPROCESSORS_ONLN),
                           geteuid() == 0 ? "true" : "false");
    for (guint i = 0; i < report->rows->len; i++) {
        put_row(out, report->rows->pdata[i]);
        g_string_append(out, i + 1 < report->rows->len ? ",\n" : "\n");
    }
    g_string_append(out, "]}\n");
    if (g_file_set_contents(file, out->str, (gssize)out->len, &error))
        return true;
    g_printerr("bench: %s\n", error->message);
    return false;
}
