/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/report_rows.h"

#include <math.h>
#include <stdio.h>

static const char *const result_names[] = {
    [GOAL_MISSED] = "below the floor",
    [GOAL_FLOOR] = "floor",
    [GOAL_AIM] = "aim",
};

static void
print_number(double value)
{
    if (isnan(value))
        printf(" %10s", "-");
    else
        printf(fabs(value) >= 1000  ? " %10.0f"
               : fabs(value) >= 100 ? " %10.1f"
                                    : " %10.2f",
               value);
}

static void
print_goal(const ReportRow *row, const ReportColumn *column, const Goal *goal)
{
    const char *against = "";
    GoalResult result;
    double value;

    if (!report_judge(row, column, goal, &value, &against, &result))
        return;
    printf("      %s %.4g%s%s; floor %.4g, aim %.4g: %s\n",
           goal->kind == GOAL_ADDED_MOST   ? "adds"
           : goal->kind == GOAL_VALUE_MOST ? "is"
                                           : "ratio",
           value, goal->kind == GOAL_VALUE_MOST ? "" : " to ", against, goal->floor,
           goal->aim, result_names[result]);
}

static void
print_parts(const ReportColumn *column)
{
    const char *before = "";

    for (guint i = 0; i < column->parts->len; i++) {
        const ReportPart *part = column->parts->pdata[i];
        double value = report_quantile(part->rounds, 0.5);

        if (value < 0.01)
            continue;
        printf("%s%s %.*f", before, part->name, value >= 10 ? 0 : 2, value);
        before = ", ";
    }
    printf("\n");
}

static void
print_column(const ReportRow *row, const ReportColumn *column)
{
    const ReportColumn *base = row->columns->pdata[0];

    printf("  %-22s", column->lane);
    if (isnan(report_quantile(column->rounds, 0.5))) {
        printf(" failed: %s\n", column->why != NULL ? column->why : "not measured");
        return;
    }
    print_number(report_quantile(column->rounds, 0.5));
    print_number(report_quantile(column->rounds, 0.1));
    print_number(report_quantile(column->rounds, 0.9));
    print_number(report_ratio(column, base));
    print_number(report_added(column, base));
    printf("  %s", column->why != NULL ? "(some rounds failed) " : "");
    print_parts(column);
    for (size_t i = 0; column->is_ours && i < REPORT_GOALS_MAX; i++)
        print_goal(row, column, &row->goals[i]);
}

void
report_print(Report *report)
{
    for (guint i = 0; i < report->rows->len; i++) {
        ReportRow *row = report->rows->pdata[i];
        g_autofree char *title = g_strdup_printf("%s, %s", row->title, row->unit);

        if (row->is_printed || row->columns->len == 0)
            continue;
        printf("\n%-54s\n  %-22s %10s %10s %10s %10s %10s\n", title, "", "median",
               "p10", "p90", "ratio", "added");
        for (guint j = 0; j < row->columns->len; j++)
            print_column(row, row->columns->pdata[j]);
        row->is_printed = true;
    }
    fflush(stdout);
}
