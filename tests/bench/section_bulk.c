/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/section.h"

#define DOWN_1  "transfer bytes=134217728"
#define UP_1    "transfer up=1 bytes=134217728"
#define DOWN_8  "transfer flows=8 bytes=16777216"
#define UP_8    "transfer up=1 flows=8 bytes=16777216"
#define DOWN_1Q "transfer bytes=67108864"
#define UP_1Q   "transfer up=1 bytes=67108864"
#define DOWN_8Q "transfer flows=8 bytes=8388608"
#define UP_8Q   "transfer up=1 flows=8 bytes=8388608"

static const Measure measures[] = {
    { LANE_HTTPS,
      DOWN_1,
      DOWN_1Q,
      0,
      0,
      { { FIGURE_MIB_S,
          "HTTPS down, 1 flow",
          "MiB/s",
          NULL,
          { { GOAL_RATIO_LEAST, NULL, 0.45, 0.55 } } },
        { FIGURE_CPU_PER_GIB,
          "CPU, HTTPS down, 1 flow",
          "s/GiB",
          NULL,
          { { GOAL_VALUE_MOST, NULL, 3.0, 2.2 } } } } },
    { LANE_HTTPS,
      UP_1,
      UP_1Q,
      0,
      0,
      { { FIGURE_MIB_S,
          "HTTPS up, 1 flow",
          "MiB/s",
          NULL,
          { { GOAL_RATIO_LEAST, NULL, 0.40, 0.55 } } },
        { FIGURE_CPU_PER_GIB, "CPU, HTTPS up, 1 flow", "s/GiB" } } },
    { LANE_HTTPS,
      DOWN_8,
      DOWN_8Q,
      0,
      0,
      { { FIGURE_MIB_S, "HTTPS down, 8 flows", "MiB/s" } } },
    { LANE_HTTPS,
      UP_8,
      UP_8Q,
      0,
      0,
      { { FIGURE_MIB_S, "HTTPS up, 8 flows", "MiB/s" } } },
    { LANE_SEALED,
      DOWN_1,
      DOWN_1Q,
      0,
      0,
      { { FIGURE_MIB_S, "sealed TLS down, 1 flow", "MiB/s" },
        { FIGURE_CPU_PER_GIB, "CPU, sealed TLS down, 1 flow", "s/GiB" } } },
    { LANE_PLAIN,
      DOWN_1,
      DOWN_1Q,
      0,
      0,
      { { FIGURE_MIB_S,
          "opaque down, 1 flow",
          "MiB/s",
          NULL,
          { { GOAL_RATIO_LEAST, "slirp4netns", 1.1, 1.5 } } },
        { FIGURE_CPU_PER_GIB, "CPU, opaque down, 1 flow", "s/GiB" } } },
    { LANE_PLAIN,
      UP_1,
      UP_1Q,
      0,
      0,
      { { FIGURE_MIB_S,
          "opaque up, 1 flow",
          "MiB/s",
          NULL,
          { { GOAL_RATIO_LEAST, "slirp4netns", 1.5, 2.0 } } },
        { FIGURE_CPU_PER_GIB, "CPU, opaque up, 1 flow", "s/GiB" } } },
    { LANE_PLAIN,
      DOWN_8,
      DOWN_8Q,
      0,
      0,
      { { FIGURE_MIB_S, "opaque down, 8 flows", "MiB/s" } } },
    { LANE_PLAIN,
      UP_8,
      UP_8Q,
      0,
      0,
      { { FIGURE_MIB_S, "opaque up, 8 flows", "MiB/s" } } },
};

void
section_bulk(const Bench *bench)
{
    measures_run(bench, measures, G_N_ELEMENTS(measures));
}
