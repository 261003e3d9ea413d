/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/http1.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHUNK_SIZE, /* in its line */
    CHUNK_DATA, /* body_left bytes */
    CHUNK_END,  /* CR LF behind the data */
    CHUNK_TRAILER /* lines behind the last; an empty one ends them */,
    CHUNK_DONE,
};

void
http1_reset(Http1 *http)
{
    http->head_len = 0;
    http->is_whole = false;
    http->is_chunked = false;
    http->body_left = 0;
    http->chunk_state = CHUNK_SIZE;
}

/* The value of header @name (with its colon) or %NULL. */
static const char *
find_header(const char *head, const char *name)
{
    const char *line = strstr(head, "\r\n");

    for (; line != NULL && line[2] != '\r'; line = strstr(line + 2, "\r\n"))
        if (g_ascii_strncasecmp(line + 2, name, strlen(name)) == 0)
            return line + 2 + strlen(name);
    return NULL;
}

static void
end_head(Http1 *http)
{
    const char *length, *coding;

    http->head[http->head_len] = '\0';
    http->is_whole = true;
    length = find_header(http->head, "content-length:");
    coding = find_header(http->head, "transfer-encoding:");
    http->is_chunked =
        coding != NULL && g_ascii_strncasecmp(coding, " chunked", 8) == 0;
    if (http->is_chunked)
        http->head_len = 0; /* its room now holds chunk lines; the status stays */
    else if (length != NULL)
        http->body_left = strtoull(length, NULL, 10);
    else
        http->body_left = http1_status(http) != 0 ? HTTP1_LENGTH_UNKNOWN : 0;
}

static long
feed_head(Http1 *http, const uint8_t *bytes, size_t len)
{
    size_t room = HTTP1_HEAD_MAX - http->head_len;
    size_t from = http->head_len < 3 ? 0 : http->head_len - 3;
    size_t take = MIN(len, room);
    const char *end;

    memcpy(http->head + http->head_len, bytes, take);
    end = memmem(http->head + from, http->head_len + take - from, "\r\n\r\n", 4);
    if (end == NULL) {
        http->head_len += take;
        return take == len ? (long)take : -1;
    }
    take = (size_t)(end + 4 - http->head) - http->head_len;
    http->head_len += take;
    end_head(http);
    return (long)take;
}

/* A line around chunks. Kept in the last bytes of the head's room. */
static long
feed_chunk_line(Http1 *http, const uint8_t *bytes, size_t len)
{
    char *line = http->head + HTTP1_HEAD_MAX - 64;
    const uint8_t *end = memchr(bytes, '\n', len);
    size_t take = end != NULL ? (size_t)(end - bytes) + 1 : len;

    if (http->head_len + take > 63)
        return -1;
    memcpy(line + http->head_len, bytes, take);
    http->head_len += take;
    if (end == NULL)
        return (long)take;
    line[http->head_len] = '\0';
    http->head_len = 0;
    if (http->chunk_state == CHUNK_SIZE) {
        http->body_left = strtoull(line, NULL, 16);
        http->chunk_state = http->body_left > 0 ? CHUNK_DATA : CHUNK_TRAILER;
    } else if (http->chunk_state == CHUNK_END) {
        http->chunk_state = CHUNK_SIZE;
    } else if (line[0] == '\r') {
        http->chunk_state = CHUNK_DONE;
    }
    return (long)take;
}

long
http1_feed(Http1 *http,
           const uint8_t *bytes,
           size_t len,
           size_t *out_body_at,
           size_t *out_body_len)
{
    size_t take;

    *out_body_at = *out_body_len = 0;
    if (!http->is_whole)
        return feed_head(http, bytes, len);
    if (http->is_chunked && http->chunk_state != CHUNK_DATA)
        return feed_chunk_line(http, bytes, len);
    take = MIN(http->body_left, (uint64_t)len);
    if (http->body_left != HTTP1_LENGTH_UNKNOWN)
        http->body_left -= take;
    if (http->is_chunked && http->body_left == 0)
        http->chunk_state = CHUNK_END;
    *out_body_len = take;
    return (long)take;
}

bool
http1_is_done(const Http1 *http)
{
    if (!http->is_whole)
        return false;
    return http->is_chunked ? http->chunk_state == CHUNK_DONE : http->body_left == 0;
}

int
http1_status(const Http1 *http)
{
    return strncmp(http->head, "HTTP/1.", 7) == 0 ? atoi(http->head + 9) : 0;
}
