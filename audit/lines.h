/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a file line by line, in memory that does not grow with it, also while
 * somebody still writes to it.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct BnsLines BnsLines;

/**
 * BnsLinesResult:
 * @BNS_LINES_LINE: a whole line, without its newline
 * @BNS_LINES_LONG: the beginning of a line that is longer than BNS_JSON_LINE_MAX; the rest
 *                  of it is left out
 * @BNS_LINES_END: nothing more for now
 * @BNS_LINES_TORN: the same, and these bytes lie behind the last newline
 * @BNS_LINES_ERROR: read(2) failed; errno says why
 *
 * After END and TORN the next call reads what was appended since.
 */
typedef enum {
    BNS_LINES_LINE,
    BNS_LINES_LONG,
    BNS_LINES_END,
    BNS_LINES_TORN,
    BNS_LINES_ERROR,
} BnsLinesResult;

/* @fd: borrowed. */
BnsLines *bns_lines_new(int fd);
void bns_lines_free(BnsLines *lines);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsLines, bns_lines_free)

/* *@out_line is valid until the next call and does not end in NUL. */
BnsLinesResult bns_lines_next(BnsLines *lines, const char **out_line, size_t *out_len);

/* For who reads @path so, and could not @what ("open", "read") it: sets @error
 * (BNS_AUDIT_ERROR_OPEN) to why. Returns: false */
bool
bns_lines_fail(const char *what, const char *path, int error_number, GError **error);
