/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The narrowest pattern that stands for one path.
 *
 * A rule must match a path in all its readings (policy/reading.h). Most paths are their
 * own pattern. Where dots, "//" or ";" make servers differ, wildcards stand for what
 * they differ in.
 */
#pragma once

#include "policy/reading.h"

#include <glib.h>

/**
 * bns_path_pattern:
 * @path: must have passed bns_path_check()
 *
 * Returns: (transfer full): a pattern that matches all readings of @path
 */
char *bns_path_pattern(const char *path);

/* Whether the pattern @text, any text, is one and matches all of them. */
bool bns_path_pattern_matches(const char *text, const BnsReadings *readings);
