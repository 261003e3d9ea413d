/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the audit trail: `boundary-ns log` and `log verify`.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

typedef struct {
    const char *what;     /* a file, a session's unambiguous prefix, or NULL: the newest */
    bool follow;          /* go on with lines as they are written, until session.end */
    const char *decision; /* "allow", "deny", "would_deny", or NULL: all */
    bool is_jsonl;        /* lines byte for byte; else text for a person */
} BnsViewerOptions;

/* Prints to @out. Returns: an exit status: 0, or 2 with @error set. */
int bns_viewer_log(const BnsViewerOptions *options, FILE *out, GError **error);

/* Prints "ok N records", "ok, unfinished" or "broken at seq N: why". Returns: 0, 1 broken,
 * or 2 with @error set. */
int bns_viewer_verify(const char *path, FILE *out, GError **error);
