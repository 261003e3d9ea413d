/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the audit trail: `boundary-ns log` and `log verify`.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

/**
 * BnsViewerOptions:
 * @what: a file (with a slash, or one that is no session's), the beginning of the id of
 *        one session in the default places, or %NULL: the newest session there
 * @follow: go on with lines as they are written, until session.end, or until nobody
 *          holds the file's lock any more
 * @decision: "allow", "deny", "would_deny", or %NULL: all lines
 * @is_jsonl: whole lines byte for byte, else text for a person: one line per record,
 *            foreign text escaped by bns_text_escape(), refusals in capitals, and in
 *            colour on a terminal unless NO_COLOR is set
 *
 * A file that is damaged or no audit file is shown as far as it goes. Text says what is
 * not a record; jsonl leaves out a last line without newline and lines over 1 MiB.
 */
typedef struct {
    const char *what;
    bool follow;
    const char *decision;
    bool is_jsonl;
} BnsViewerOptions;

/* Prints to @out. Returns: an exit status: 0, or 2 with @error (BNS_AUDIT_ERROR) set. */
int bns_viewer_log(const BnsViewerOptions *options, FILE *out, GError **error);

/**
 * bns_viewer_verify:
 *
 * Prints one line to @out: "ok N records"; "ok, unfinished" if the last session has no
 * session.end, or there is none; "broken at seq N: why", N being the number that the
 * first wrong line should have. Needs constant memory.
 *
 * Returns: 0, 1 broken, or 2 with @error (BNS_AUDIT_ERROR) set.
 */
int bns_viewer_verify(const char *path, FILE *out, GError **error);
