/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report's insides, for those who print it.
 */
#pragma once

#include "tests/bench/report.h"

/* What figures are made of. */
typedef struct {
    char name[64];
    GArray *rounds; /* owned, of double */
} ReportPart;

/* A lane's figures in a row. */
typedef struct {
    char *lane; /* owned */
    bool is_ours;
    GArray *rounds;   /* owned, of double; NAN where there was none */
    char *why;        /* owned: of the last round without a figure; NULL */
    GPtrArray *parts; /* owned, of owned ReportPart */
} ReportColumn;

struct ReportRow {
    char *title;        /* owned */
    char *unit;         /* owned */
    GPtrArray *columns; /* owned, of owned ReportColumn */
    Goal goals[REPORT_GOALS_MAX];
    bool is_printed;
};

struct Report {
    GPtrArray *rows; /* owned, of owned ReportRow */
};

/* @rounds: of double. NAN if no round has a figure. @q: 0.5 is the median. */
double report_quantile(const GArray *rounds, double q);
/* The median over the rounds of what @column is to @base: divided, or less. */
double report_ratio(const ReportColumn *column, const ReportColumn *base);
double report_added(const ReportColumn *column, const ReportColumn *base);

typedef enum {
    GOAL_MISSED,
    GOAL_FLOOR,
    GOAL_AIM,
} GoalResult;

/* What @goal says of our @column. Returns: false if what it needs was not measured. */
bool report_judge(const ReportRow *row,
                  const ReportColumn *column,
                  const Goal *goal,
                  double *out_value,
                  const char **out_against,
                  GoalResult *out_result);
