/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mount table: /proc/self/mountinfo as values (proc(5)). Pure.
 */
#pragma once

#include <glib.h>
#include <stdint.h>

/* All owned. */
typedef struct {
    uint64_t id;
    char *device; /* MAJOR:MINOR of the file system */
    char *root;   /* which directory of it is mounted */
    char *point;  /* where */
} BnsMount;

/* Returns: (transfer full): the BnsMount of each line of @table; a line that is none is
 * passed over. */
GArray *bns_mount_table_parse(const char *table);
