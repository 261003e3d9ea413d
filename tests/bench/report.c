/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/report.h"

#include "tests/bench/report_rows.h"
#include "tests/bench/samples.h"

#include <math.h>
#include <string.h>

static void
part_free(ReportPart *part)
{
    g_array_unref(part->rounds);
    g_free(part);
}

static void
column_free(ReportColumn *column)
{
    g_free(column->lane);
    g_array_unref(column->rounds);
    g_free(column->why);
    g_ptr_array_unref(column->parts);
    g_free(column);
}

static void
row_free(ReportRow *row)
{
    g_free(row->title);
    g_free(row->unit);
    g_ptr_array_unref(row->columns);
    g_free(row);
}

Report *
report_new(void)
{
    Report *report = g_new0(Report, 1);

    report->rows = g_ptr_array_new_with_free_func((GDestroyNotify)row_free);
    return report;
}

void
report_free(Report *report)
{
    if (report == NULL)
        return;
    g_ptr_array_unref(report->rows);
    g_free(report);
}

ReportRow *
report_row(Report *report, const char *title, const char *unit, const Goal *goals)
{
    ReportRow *row = g_new0(ReportRow, 1);

    row->title = g_strdup(title);
    row->unit = g_strdup(unit);
    row->columns = g_ptr_array_new_with_free_func((GDestroyNotify)column_free);
    for (size_t i = 0;
         goals != NULL && i < REPORT_GOALS_MAX && goals[i].kind != GOAL_NONE; i++)
        row->goals[i] = goals[i];
    g_ptr_array_add(report->rows, row);
    return row;
}

static ReportColumn *
find_column(ReportRow *row, const char *lane, bool is_ours)
{
    ReportColumn *column;

    for (guint i = 0; i < row->columns->len; i++) {
        column = row->columns->pdata[i];
        if (strcmp(column->lane, lane) == 0)
            return column;
    }
    column = g_new0(ReportColumn, 1);
    column->lane = g_strdup(lane);
    column->is_ours = is_ours;
    column->rounds = g_array_new(FALSE, FALSE, sizeof(double));
    column->parts = g_ptr_array_new_with_free_func((GDestroyNotify)part_free);
    g_ptr_array_add(row->columns, column);
    return column;
}

void
report_add(ReportRow *row, const char *lane, bool is_ours, double value)
{
    g_array_append_val(find_column(row, lane, is_ours)->rounds, value);
}

void
report_fail(ReportRow *row, const char *lane, bool is_ours, const char *why)
{
    ReportColumn *column = find_column(row, lane, is_ours);
    double none = NAN;

    g_array_append_val(column->rounds, none);
    g_free(column->why);
    column->why = g_strdup(why);
}

static ReportPart *
find_part(ReportColumn *column, const char *name)
{
    ReportPart *part;

    for (guint i = 0; i < column->parts->len; i++) {
        part = column->parts->pdata[i];
        if (strcmp(part->name, name) == 0)
            return part;
    }
    part = g_new0(ReportPart, 1);
    g_strlcpy(part->name, name, sizeof(part->name));
    part->rounds = g_array_new(FALSE, FALSE, sizeof(double));
    g_ptr_array_add(column->parts, part);
    return part;
}

void
report_part(ReportRow *row, const char *lane, const char *part, double value)
{
    g_array_append_val(find_part(find_column(row, lane, false), part)->rounds, value);
}

/* --- what they come to --- */

static double
quantile_of(Samples *samples, double q)
{
    double result = samples->values->len > 0 ? samples_quantile(samples, q) : NAN;

    samples_clear(samples);
    return result;
}

double
report_quantile(const GArray *rounds, double q)
{
    Samples samples;

    samples_init(&samples);
    for (guint i = 0; i < rounds->len; i++) {
        double value = g_array_index(rounds, double, i);

        if (!isnan(value))
            samples_add(&samples, value);
    }
    return quantile_of(&samples, q);
}

static double
compare(const ReportColumn *column, const ReportColumn *base, bool is_ratio)
{
    guint rounds = MIN(column->rounds->len, base->rounds->len);
    Samples samples;

    samples_init(&samples);
    for (guint i = 0; i < rounds; i++) {
        double ours = g_array_index(column->rounds, double, i);
        double theirs = g_array_index(base->rounds, double, i);

        if (!isnan(ours) && !isnan(theirs) && (!is_ratio || theirs > 0))
            samples_add(&samples, is_ratio ? ours / theirs : ours - theirs);
    }
    return quantile_of(&samples, 0.5);
}

double
report_ratio(const ReportColumn *column, const ReportColumn *base)
{
    return compare(column, base, true);
}

double
report_added(const ReportColumn *column, const ReportColumn *base)
{
    return compare(column, base, false);
}

static const ReportColumn *
find_against(const ReportRow *row, const Goal *goal)
{
    if (goal->against == NULL)
        return row->columns->pdata[0];
    for (guint i = 0; i < row->columns->len; i++) {
        const ReportColumn *column = row->columns->pdata[i];

        if (g_str_has_prefix(column->lane, goal->against))
            return column;
    }
    return NULL;
}

static GoalResult
judge(const Goal *goal, double value)
{
    if (goal->kind == GOAL_RATIO_LEAST)
        return value >= goal->aim     ? GOAL_AIM
               : value >= goal->floor ? GOAL_FLOOR
                                      : GOAL_MISSED;
    return value <= goal->aim     ? GOAL_AIM
           : value <= goal->floor ? GOAL_FLOOR
                                  : GOAL_MISSED;
}

bool
report_judge(const ReportRow *row,
             const ReportColumn *column,
             const Goal *goal,
             double *out_value,
             const char **out_against,
             GoalResult *out_result)
{
    const ReportColumn *base = find_against(row, goal);

    if (goal->kind == GOAL_NONE || base == NULL)
        return false;
    *out_against = goal->kind == GOAL_VALUE_MOST ? "" : base->lane;
    if (goal->kind == GOAL_VALUE_MOST)
        *out_value = report_quantile(column->rounds, 0.5);
    else if (goal->kind == GOAL_ADDED_MOST)
        *out_value = report_added(column, base);
    else
        *out_value = report_ratio(column, base);
    if (isnan(*out_value))
        return false;
    *out_result = judge(goal, *out_value);
    return true;
}
