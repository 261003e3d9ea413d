/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measure: a work for the load generator, and the figures that one run of it gives. Each
 * round asks every lane once.
 */
#pragma once

#include "tests/bench/lane.h"
#include "tests/bench/report.h"

typedef enum {
    FIGURE_NONE,
    FIGURE_KEY,             /* a number of the reply */
    FIGURE_RATE,            /* requests in a second */
    FIGURE_MIB_S,           /* bytes= over elapsed_us= */
    FIGURE_PERCENT,         /* a number of the reply, of all requests */
    FIGURE_CPU_PER_REQUEST, /* microseconds of all but client and origin */
    FIGURE_CPU_PER_GIB,     /* seconds */
} FigureKind;

typedef struct {
    FigureKind kind;
    const char *title;
    const char *unit;
    const char *key; /* FIGURE_KEY's and FIGURE_PERCENT's */
    Goal goals[REPORT_GOALS_MAX];
} Figure;

#define MEASURE_FIGURES_MAX 4

typedef struct {
    LaneDoor door;
    const char *work;
    const char *quick;             /* instead, if it is to be quick; NULL: the same */
    unsigned rounds, quick_rounds; /* 0: the default */
    Figure figures[MEASURE_FIGURES_MAX];
} Measure;

typedef struct {
    const Site *site;
    GPtrArray *lanes; /* of Lane */
    Report *report;
    bool is_quick;
} Bench;

/* All of @measures, printed. */
void measures_run(const Bench *bench, const Measure *measures, size_t n);
