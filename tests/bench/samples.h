/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Samples: numbers of which the middle counts.
 */
#pragma once

#include <glib.h>

typedef struct {
    GArray *values; /* owned, of double */
} Samples;

void samples_init(Samples *samples);
void samples_clear(Samples *samples);
void samples_add(Samples *samples, double value);
/* Sorts them. @q: 0.5 is the median. Returns: 0 if there is none. */
double samples_quantile(Samples *samples, double q);
