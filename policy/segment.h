/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one segment of a path looks like: a name that stays the same from run to run, or
 * an id that does not.
 *
 * Ids are numbers, UUIDs, hex digits and other long random words, versions with a dot,
 * dates, and the files of a package, whose name holds a version or a hash. "v1" is the
 * name of an interface, and stays.
 */
#pragma once

#include <stdbool.h>

/**
 * BnsSegmentKind:
 * @BNS_SEGMENT_NAME: no id
 * @BNS_SEGMENT_MAYBE: an id if there is another one beside it: a number of one or two
 *                     digits
 * @BNS_SEGMENT_ID: an id by its shape alone
 */
typedef enum {
    BNS_SEGMENT_NAME,
    BNS_SEGMENT_MAYBE,
    BNS_SEGMENT_ID,
} BnsSegmentKind;

/**
 * bns_segment_kind:
 * @segment: printable ASCII without "/"
 * @out_pattern: (nullable): what a rule has instead of an id: "*", or "*.tgz" of a file; %NULL for
 *               a name. Static.
 *
 * Pure.
 */
BnsSegmentKind bns_segment_kind(const char *segment, const char **out_pattern);
