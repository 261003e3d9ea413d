/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.1 heads: start line and field lines, from a buffer that may still grow.
 *
 * Nothing is kept between two calls. So that a peer who sends byte by byte costs little,
 * a call looks for line ends first, with memchr(); the start line is read as far as it
 * has come, since it tells a stranger early; the field lines are read once, when the
 * empty line is there.
 */
#include "base/token.h"
#include "netstack/gateway/http1_private.h"

#include <string.h>

static BnsParse
bad(BnsHttpHead *head, uint16_t status, const char *error)
{
    head->error = error;
    head->error_status = status;
    return BNS_PARSE_BAD;
}

/* Finds the empty line, and on the way every line end that is not CRLF.
 * @out_line_len: the first line, as far as it is there, without line end
 * Returns: DONE with @out_head_len, MORE, or BAD with @out_error. */
static BnsParse
find_end(const char *buffer,
         size_t len,
         size_t *out_line_len,
         size_t *out_head_len,
         const char **out_error)
{
    size_t start = 0;

    while (start < len) {
        const char *line = buffer + start;
        const char *lf = memchr(line, '\n', len - start);
        size_t line_len = lf != NULL ? (size_t)(lf - line) : len - start;
        const char *cr = line_len > 0 ? memchr(line, '\r', line_len) : NULL;
        bool cr_is_last = cr != NULL && cr == line + line_len - 1;

        if (start == 0)
            *out_line_len = cr_is_last ? line_len - 1 : line_len;
        if (cr != NULL && !cr_is_last) {
            *out_error = "a bare carriage return in the head";
            return BNS_PARSE_BAD;
        }
        if (lf == NULL)
            return BNS_PARSE_MORE;
        if (cr == NULL) {
            *out_error = "a bare line feed in the head";
            return BNS_PARSE_BAD;
        }
        start += line_len + 1;
        if (line_len == 1) {
            *out_head_len = start;
            return BNS_PARSE_DONE;
        }
    }
    return BNS_PARSE_MORE;
}

/* Takes the longest run that @accepts from @rest, at most @max + 1 bytes: one more than
 * allowed shows that it is too long. */
static BnsSlice
take_run(BnsSlice *rest, size_t max, bool (*accepts)(unsigned char))
{
    BnsSlice run = { rest->at, 0 };

    while (run.len < rest->len && run.len <= max &&
           accepts((unsigned char)run.at[run.len]))
        run.len++;
    *rest = bns_http1_skip(*rest, run.len);
    return run;
}

static bool
is_target_byte(unsigned char byte)
{
    return byte > 0x20 && byte < 0x7f;
}

/* "HTTP/" DIGIT "." DIGIT */
static bool
is_version(BnsSlice text)
{
    return text.len == 8 && memcmp(text.at, "HTTP/", 5) == 0 && text.at[6] == '.' &&
           bns_http1_is_digit((unsigned char)text.at[5]) &&
           bns_http1_is_digit((unsigned char)text.at[7]);
}

static BnsParse
parse_request_version(BnsSlice version, BnsHttpHead *head)
{
    if (!is_version(version))
        return bad(head, 400, "the request line does not end in one HTTP version");
    if (version.at[5] != '1' || version.at[7] > '1')
        return bad(head, 505, "the HTTP version is neither 1.0 nor 1.1");
    head->minor = (uint8_t)(version.at[7] - '0');
    return BNS_PARSE_DONE;
}

/* @is_complete: the line's end is there; else @line is its beginning */
static BnsParse
parse_request_line(BnsSlice line, bool is_complete, BnsHttpHead *head)
{
    BnsSlice rest = line;
    BnsSlice method = take_run(&rest, BNS_HTTP_METHOD_MAX, bns_token_has_byte);
    BnsSlice target;

    if (method.len > BNS_HTTP_METHOD_MAX)
        return bad(head, 501, "the method is too long");
    if (rest.len == 0 && !is_complete)
        return BNS_PARSE_MORE;
    if (method.len == 0 || rest.len == 0 || rest.at[0] != ' ')
        return bad(head, 400,
                   "the request line does not begin with a method and a space");
    head->method = method;
    rest = bns_http1_skip(rest, 1);

    target = take_run(&rest, BNS_HTTP_TARGET_MAX, is_target_byte);
    if (target.len > BNS_HTTP_TARGET_MAX)
        return bad(head, 414, "the request target is too long");
    if (rest.len == 0 && !is_complete)
        return BNS_PARSE_MORE;
    if (rest.len == 0)
        return bad(head, 400, "the request line has no HTTP version");
    if (target.len == 0)
        return bad(head, 400, "the request line has two spaces in a row");
    if (rest.at[0] != ' ')
        return bad(head, 400, "the request target holds a control or non-ASCII byte");
    head->target = target;
    rest = bns_http1_skip(rest, 1);

    if (is_complete)
        return parse_request_version(rest, head);
    if (rest.len > strlen("HTTP/1.1"))
        return bad(head, 400, "the request line does not end in one HTTP version");
    return BNS_PARSE_MORE;
}

static BnsParse
parse_status_line(BnsSlice line, bool is_complete, BnsHttpHead *head)
{
    static const char shape[] = "HTTP/1.";
    size_t shown = MIN(line.len, strlen(shape));

    if (memcmp(line.at, shape, shown) != 0)
        return bad(head, 502, "the answer does not begin with an HTTP/1 status line");
    if (!is_complete)
        return BNS_PARSE_MORE;
    if (line.len < strlen("HTTP/1.1 200") || !is_version((BnsSlice){ line.at, 8 }) ||
        line.at[7] > '1' || line.at[8] != ' ')
        return bad(head, 502, "the status line has no valid HTTP version");
    head->minor = (uint8_t)(line.at[7] - '0');

    for (size_t i = 9; i < 12; i++) {
        if (!bns_http1_is_digit((unsigned char)line.at[i]))
            return bad(head, 502, "the status code is not three digits");
        head->status = (uint16_t)(head->status * 10 + (line.at[i] - '0'));
    }
    if (head->status < 100)
        return bad(head, 502, "the status code is below 100");
    if (line.len > 12 && line.at[12] != ' ')
        return bad(head, 502, "the status code is not three digits");
    head->reason = bns_http1_skip(line, MIN(line.len, 13));
    if (!bns_http1_is_text(head->reason))
        return bad(head, 502, "the reason phrase holds a control byte");
    return BNS_PARSE_DONE;
}

/* @lines: the field lines with their CRLFs, which find_end() has seen. The status of a
 * fault is the request's; parse_response() puts its own in its place. */
static BnsParse
parse_fields(BnsSlice lines, BnsHttpHead *head)
{
    while (lines.len > 0) {
        const char *lf = memchr(lines.at, '\n', lines.len);
        size_t line_len = (size_t)(lf - lines.at) - 1;
        BnsHttpField *field = &head->fields[head->n_fields];
        const char *error;

        if (head->n_fields == BNS_HTTP_FIELDS_MAX)
            return bad(head, 431, "the head has too many fields");
        error = bns_http1_parse_field((BnsSlice){ lines.at, line_len }, field);
        if (error != NULL)
            return bad(head, 400, error);
        head->n_fields++;
        lines = bns_http1_skip(lines, line_len + 2);
    }
    return BNS_PARSE_DONE;
}

typedef BnsParse (*ParseLine)(BnsSlice line, bool is_complete, BnsHttpHead *head);

/* The part that requests and responses share. */
static BnsParse
parse_head(const char *buffer, size_t len, ParseLine parse_line, BnsHttpHead *head)
{
    size_t seen = MIN(len, BNS_HTTP_HEAD_MAX);
    size_t line_len = 0;
    const char *error = NULL;
    BnsParse end;
    bool has_line;

    bns_http1_head_init(head);
    if (len == 0)
        return BNS_PARSE_MORE;
    end = find_end(buffer, seen, &line_len, &head->head_len, &error);
    has_line = seen - line_len >= 2 && memcmp(buffer + line_len, "\r\n", 2) == 0;
    if (parse_line((BnsSlice){ buffer, line_len }, has_line, head) == BNS_PARSE_BAD)
        return BNS_PARSE_BAD;
    if (end == BNS_PARSE_BAD)
        return bad(head, 400, error);
    if (end == BNS_PARSE_MORE && len >= BNS_HTTP_HEAD_MAX)
        return bad(head, 431, "the head is too long");
    if (end == BNS_PARSE_MORE)
        return BNS_PARSE_MORE;
    return parse_fields(
        (BnsSlice){ buffer + line_len + 2, head->head_len - line_len - 4 }, head);
}

BnsParse
bns_http1_parse_request(const char *buffer, size_t len, BnsHttpHead *out_head)
{
    BnsParse result = parse_head(buffer, len, parse_request_line, out_head);
    uint16_t status = 400;
    const char *error;

    if (result != BNS_PARSE_DONE)
        return result;
    error = bns_http1_frame_request(out_head, &status);
    return error == NULL ? BNS_PARSE_DONE : bad(out_head, status, error);
}

BnsParse
bns_http1_parse_response(const char *buffer,
                         size_t len,
                         BnsSlice request_method,
                         BnsHttpHead *out_head)
{
    BnsParse result = parse_head(buffer, len, parse_status_line, out_head);
    const char *error;

    if (result == BNS_PARSE_DONE) {
        error =
            bns_http1_frame_response(out_head, bns_slice_equal(request_method, "HEAD"));
        if (error != NULL)
            result = bad(out_head, 502, error);
    }
    if (result == BNS_PARSE_BAD)
        out_head->error_status = 502;
    return result;
}

const BnsHttpField *
bns_http1_field(const BnsHttpHead *head, const char *name)
{
    const BnsHttpField *found = NULL;

    for (size_t i = 0; i < head->n_fields; i++) {
        if (!bns_slice_equal_case(head->fields[i].name, name))
            continue;
        if (found != NULL)
            return NULL;
        found = &head->fields[i];
    }
    return found;
}
