/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/steps.h"

static int64_t began_us;

void
bns_steps_begin(void)
{
    began_us = g_get_monotonic_time();
}

void
bns_steps_note(const char *step)
{
    g_info("%s after %.1f ms", step,
           (double)(g_get_monotonic_time() - began_us) / 1000);
}
