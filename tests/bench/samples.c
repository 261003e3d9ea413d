/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/samples.h"

void
samples_init(Samples *samples)
{
    samples->values = g_array_new(FALSE, FALSE, sizeof(double));
}

void
samples_clear(Samples *samples)
{
    g_clear_pointer(&samples->values, g_array_unref);
}

void
samples_add(Samples *samples, double value)
{
    g_array_append_val(samples->values, value);
}

static int
compare(gconstpointer a, gconstpointer b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

double
samples_quantile(Samples *samples, double q)
{
    GArray *values = samples->values;

    if (values->len == 0)
        return 0;
    g_array_sort(values, compare);
    return g_array_index(values, double, (guint)((values->len - 1) * q + 0.5));
}
