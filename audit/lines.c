/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/lines.h"

#include "audit/json.h"
#include "audit/recorder.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Most lines are of some hundred bytes: one read(2) brings a hundred of them. */
#define FIRST_BYTES (64 * 1024)

struct BnsLines {
    int fd;        /* borrowed */
    char *buffer;  /* owned */
    size_t size;   /* of buffer, at most BNS_JSON_LINE_MAX */
    size_t start;  /* of the bytes not given out yet */
    size_t end;    /* behind them */
    bool skipping; /* the rest of a long line */
};

BnsLines *
bns_lines_new(int fd)
{
    BnsLines *lines = g_new0(BnsLines, 1);

    lines->fd = fd;
    lines->size = FIRST_BYTES;
    lines->buffer = g_malloc(lines->size);
    return lines;
}

void
bns_lines_free(BnsLines *lines)
{
    if (lines == NULL)
        return;
    g_free(lines->buffer);
    g_free(lines);
}

/* Makes room behind the bytes that are kept. */
static void
make_room(BnsLines *lines)
{
    if (lines->start > 0) {
        memmove(lines->buffer, lines->buffer + lines->start, lines->end - lines->start);
        lines->end -= lines->start;
        lines->start = 0;
    } else if (lines->end == lines->size) {
        lines->size = MIN(2 * lines->size, BNS_JSON_LINE_MAX);
        lines->buffer = g_realloc(lines->buffer, lines->size);
    }
}

/* Returns: what read(2) gives. */
static ssize_t
read_more(BnsLines *lines)
{
    ssize_t n;

    if (lines->end == lines->size)
        make_room(lines);
    do
        n = read(lines->fd, lines->buffer + lines->end, lines->size - lines->end);
    while (n < 0 && errno == EINTR);
    if (n > 0)
        lines->end += (size_t)n;
    return n;
}

static bool
is_full(const BnsLines *lines)
{
    return lines->start == 0 && lines->end == BNS_JSON_LINE_MAX;
}

/* Everything that is left, as one piece. */
static void
take_all(BnsLines *lines, const char **out_line, size_t *out_len)
{
    *out_line = lines->buffer + lines->start;
    *out_len = lines->end - lines->start;
    lines->start = lines->end = 0;
}

BnsLinesResult
bns_lines_next(BnsLines *lines, const char **out_line, size_t *out_len)
{
    size_t searched = lines->start;

    for (;;) {
        const char *from = lines->buffer + searched;
        const char *newline = memchr(from, '\n', lines->end - searched);
        ssize_t n;

        if (newline != NULL) {
            *out_line = lines->buffer + lines->start;
            *out_len = (size_t)(newline - *out_line);
            lines->start = (size_t)(newline + 1 - lines->buffer);
            searched = lines->start;
            if (!lines->skipping)
                return BNS_LINES_LINE;
            lines->skipping = false;
            continue;
        }
        if (lines->skipping) {
            take_all(lines, out_line, out_len);
        } else if (is_full(lines)) {
            lines->skipping = true;
            take_all(lines, out_line, out_len);
            return BNS_LINES_LONG;
        }
        searched = lines->end - lines->start;
        n = read_more(lines);
        if (n < 0)
            return BNS_LINES_ERROR;
        /* read_more() may have moved the bytes to the beginning, but not always. */
        searched += lines->start;
        if (n > 0)
            continue;
        if (lines->start == lines->end)
            return BNS_LINES_END;
        *out_line = lines->buffer + lines->start;
        *out_len = lines->end - lines->start;
        return BNS_LINES_TORN;
    }
}

bool
bns_lines_fail(const char *what, const char *path, int error_number, GError **error)
{
    g_autofree char *shown = bns_text_escape(path, -1);

    g_set_error(error, BNS_AUDIT_ERROR, BNS_AUDIT_ERROR_OPEN, "Could not %s \"%s\": %s",
                what, shown, g_strerror(error_number));
    return false;
}
