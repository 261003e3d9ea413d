/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading: what a reader of HTTP/1 understood, as one line that can be compared.
 *
 *     END MESSAGE MESSAGE ...
 *
 * END is why there is no further message:
 *
 *     end    all bytes are used
 *     more   the next message is not whole
 *     bad    what follows is refused
 *     stop   the last message was said to be the last
 *
 * A MESSAGE is five parts with '|' between, each in hexadecimal, or '*' where the reader
 * cannot tell: method (or status), target (or reason), Host, fields, body. Fields are
 * "name: value\n", names in lower case, sorted, without Host and what frames: Content-Length,
 * Transfer-Encoding, Trailer, and Connection. A message is there when it is whole.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* How we read, and what we send on. */
typedef struct {
    char *line;       /* owned */
    GString *sent;    /* owned; what goes to the next hop */
    char *meant;      /* owned; how the next hop shall read it */
    unsigned n_whole; /* messages in it */
} Reading;

/* Requests that arrive on port 80. */
void reading_of_requests(Reading *reading, const char *bytes, size_t len);
/* What an origin said until it closed; @is_head: in answer to HEAD, else GET. */
void reading_of_response(Reading *reading, const char *bytes, size_t len, bool is_head);
void reading_clear(Reading *reading);

/**
 * reading_differs:
 * @ours: a line
 * @theirs: another reader's, of the same bytes
 *
 * That they refuse what we take is no difference, nor that either stops earlier in good
 * order. Returns: %NULL, or (static) what differs.
 */
const char *reading_differs(const char *ours, const char *theirs);
