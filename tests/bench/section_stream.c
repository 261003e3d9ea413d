/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/section.h"

static const Measure measures[] = {
    { LANE_HTTPS,
      "stream events=100 interval_us=10000",
      "stream events=30 interval_us=10000",
      0,
      0,
      { { FIGURE_KEY,
          "first event of a stream",
          "us",
          "first_us",
          { { GOAL_ADDED_MOST, NULL, 1000, 300 } } },
        { FIGURE_KEY, "delay of events, p50", "us", "delay_p50_us" },
        { FIGURE_KEY, "delay of events, p99", "us", "delay_p99_us" } } },
};

void
section_stream(const Bench *bench)
{
    measures_run(bench, measures, G_N_ELEMENTS(measures));
}
