/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Report: figures of lanes by round; medians and ratios of them as a table and as JSON.
 *
 * A ratio is the median of the ratios of each round, since rounds are what is alike; so
 * are differences. The first lane of a row is what others are compared with.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum {
    GOAL_NONE,
    GOAL_RATIO_LEAST, /* ours, divided by the other's, is at least */
    GOAL_RATIO_MOST,
    GOAL_ADDED_MOST, /* ours, less the other's, is at most */
    GOAL_VALUE_MOST, /* ours is at most */
} GoalKind;

/* What issue-makers want of a row. */
typedef struct {
    GoalKind kind;
    const char *against; /* beginning of a lane's name; NULL: the row's first */
    double floor, aim;
} Goal;

#define REPORT_GOALS_MAX 4

typedef struct Report Report;
typedef struct ReportRow ReportRow;

Report *report_new(void);
void report_free(Report *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Report, report_free)

/* @goals: (nullable): ends with GOAL_NONE or at REPORT_GOALS_MAX. Returns: (transfer none) */
ReportRow *
report_row(Report *report, const char *title, const char *unit, const Goal *goals);

/* Call it for each lane in each round, in the same order: without a figure, with @why. */
void report_add(ReportRow *row, const char *lane, bool is_ours, double value);
void report_fail(ReportRow *row, const char *lane, bool is_ours, const char *why);
/* What the round's figure is made of, by name; in the order in which they first came. */
void report_part(ReportRow *row, const char *lane, const char *part, double value);

/* Prints the rows that were not printed yet. */
void report_print(Report *report);
/* Returns: whether it was written. */
bool report_write(Report *report, const char *file);
