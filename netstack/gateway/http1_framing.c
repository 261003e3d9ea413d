/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.1 framing: what the fields of a head say about body and connection.
 *
 * RFC 9112 6.3 lets a recipient repair some contradictions; here each of them is a
 * fault, because the next server may repair it the other way.
 */
#include "netstack/gateway/http1_private.h"

#include <string.h>

typedef struct {
    const BnsHttpField *only; /* the last of that name */
    size_t count;
} Found;

static Found
find(const BnsHttpHead *head, const char *name)
{
    Found found = { 0 };

    for (size_t i = 0; i < head->n_fields; i++)
        if (bns_slice_equal_case(head->fields[i].name, name))
            found = (Found){ &head->fields[i], found.count + 1 };
    return found;
}

/* White space behind a value is no part of it, yet some readers take "chunked " for a
 * coding of its own, and "host " for a host. A head's field lines end in CRLF. */
static bool
has_blank_behind(const BnsHttpField *field)
{
    return field->value.at[field->value.len] != '\r';
}

/* Marks the fields that @option names. Returns: whether there is one. */
static bool
mark_hop(BnsHttpHead *head, BnsSlice option)
{
    bool has_any = false;

    for (size_t i = 0; i < head->n_fields; i++)
        if (bns_http1_same_name(head->fields[i].name, option))
            head->fields[i].hop_by_hop = has_any = true;
    return has_any;
}

static const char *
apply_option(BnsHttpHead *head, BnsSlice option, bool is_response, bool *out_is_close)
{
    bool has_field;

    /* Some content networks answer "Connection: Transfer-Encoding". It harms nobody:
     * framing is written anew. */
    if (is_response && bns_slice_equal_case(option, "transfer-encoding"))
        return NULL;
    if (bns_http1_name_traits(option) & BNS_NAME_END_TO_END)
        return "Connection names a field that is not the connection's";
    has_field = mark_hop(head, option);
    if (bns_slice_equal_case(option, "close")) {
        *out_is_close = true;
    } else if (bns_slice_equal_case(option, "keep-alive")) {
        head->keep_alive = true;
    } else if (has_field && bns_slice_equal_case(option, "upgrade")) {
        head->has_upgrade = head->minor == 1;
        /* Whether HTTP goes on behind a request that names an upgrade, servers do not
         * agree on, HTTP/1.0 or not. Here nothing does. */
        if (!is_response)
            *out_is_close = true;
    }
    return NULL;
}

/* All Connection fields: one list. "close" wins over all else. */
static const char *
read_connection(BnsHttpHead *head, bool is_response)
{
    size_t n_options = 0;
    bool is_close = false;

    head->keep_alive = head->minor == 1;
    for (size_t i = 0; i < head->n_fields; i++) {
        BnsSlice rest = head->fields[i].value;
        BnsSlice option;
        const char *error;

        if (!bns_slice_equal_case(head->fields[i].name, "connection"))
            continue;
        while (bns_http1_next_element(&rest, &option)) {
            if (++n_options > BNS_HTTP_OPTIONS_MAX)
                return "Connection has too many options";
            if (option.len == 0)
                continue;
            if (!bns_http1_is_token(option))
                return "Connection holds something that is no option";
            error = apply_option(head, option, is_response, &is_close);
            if (error != NULL)
                return error;
        }
    }
    if (is_close)
        head->keep_alive = false;
    return NULL;
}

/* Marks what is for one connection by its nature, and finds disguised framing. */
static const char *
read_names(BnsHttpHead *head)
{
    for (size_t i = 0; i < head->n_fields; i++) {
        BnsNameTraits traits = bns_http1_name_traits(head->fields[i].name);

        if (traits & BNS_NAME_DISGUISED)
            return "a field name reads like Content-Length or Transfer-Encoding";
        if (traits & BNS_NAME_HOP)
            head->fields[i].hop_by_hop = true;
    }
    return NULL;
}

/* Whether @value is a list of coding names in which "chunked" comes last at most: valid,
 * yet nothing that is spoken here. */
static bool
is_unknown_coding(BnsSlice value)
{
    BnsSlice coding = { NULL, 0 };
    bool had_chunked = false;

    while (bns_http1_next_element(&value, &coding)) {
        if (!bns_http1_is_token(coding) || had_chunked)
            return false;
        had_chunked = bns_slice_equal_case(coding, "chunked");
    }
    return true;
}

static const char *
read_coding(BnsHttpHead *head, Found coding, bool has_length, uint16_t *out_status)
{
    if (has_length)
        return "Transfer-Encoding and Content-Length come together";
    if (head->minor == 0)
        return "Transfer-Encoding in HTTP/1.0";
    if (coding.count > 1)
        return "Transfer-Encoding comes more than once";
    if (has_blank_behind(coding.only))
        return "white space stands behind Transfer-Encoding";
    if (!bns_slice_equal_case(coding.only->value, "chunked")) {
        if (!is_unknown_coding(coding.only->value))
            return "Transfer-Encoding is not \"chunked\"";
        *out_status = 501;
        return "the transfer coding is not implemented; only \"chunked\" is";
    }
    head->body = BNS_HTTP_BODY_CHUNKED;
    return NULL;
}

/* The two length fields, as RFC 9112 6.3 begins; NONE if there is neither. */
static const char *
read_length(BnsHttpHead *head, uint16_t *out_status)
{
    Found length = find(head, "content-length");
    Found coding = find(head, "transfer-encoding");

    head->body = BNS_HTTP_BODY_NONE;
    if (coding.count > 0)
        return read_coding(head, coding, length.count > 0, out_status);
    if (length.count > 1)
        return "Content-Length comes more than once";
    if (length.count == 0)
        return NULL;
    if (!bns_http1_parse_length(length.only->value, &head->content_length))
        return "Content-Length is not a plain number";
    head->has_content_length = true;
    head->body = BNS_HTTP_BODY_LENGTH;
    head->body_len = head->content_length;
    return NULL;
}

/* What a host may hold at all; bns_host_split_port() judges it. */
static bool
is_host_text(BnsSlice value)
{
    static const char allowed[] = "-._~:[]%!$&'()*+;=";

    for (size_t i = 0; i < value.len; i++)
        if (!g_ascii_isalnum(value.at[i]) &&
            (value.at[i] == '\0' || strchr(allowed, value.at[i]) == NULL))
            return false;
    return value.len > 0;
}

static const char *
read_host(const BnsHttpHead *head)
{
    Found host = find(head, "host");

    if (host.count == 0)
        return "there is no Host";
    if (host.count > 1)
        return "Host comes more than once";
    if (!is_host_text(host.only->value) || has_blank_behind(host.only))
        return "Host is empty or holds a forbidden byte";
    return NULL;
}

/* RFC 9110 10.1.1: HTTP/1.0 knows no Expect, and without a body there is nothing to wait
 * for; then it is not passed on either. */
static const char *
read_expect(BnsHttpHead *head, uint16_t *out_status)
{
    Found expect = find(head, "expect");
    bool has_body = head->body == BNS_HTTP_BODY_CHUNKED ||
                    (head->body == BNS_HTTP_BODY_LENGTH && head->body_len > 0);

    if (expect.count == 0)
        return NULL;
    if (expect.count > 1 || !bns_slice_equal_case(expect.only->value, "100-continue")) {
        *out_status = 417;
        return "Expect is not \"100-continue\"";
    }
    head->expects_continue = has_body && head->minor == 1;
    if (!head->expects_continue)
        mark_hop(head, expect.only->name);
    return NULL;
}

/* llhttp reads Proxy-Connection as if it were Connection. Here it is dropped: it may say
 * what old clients say to a proxy, and nothing that would matter. */
static const char *
read_proxy_connection(const BnsHttpHead *head)
{
    for (size_t i = 0; i < head->n_fields; i++) {
        BnsSlice value = head->fields[i].value;

        if (bns_slice_equal_case(head->fields[i].name, "proxy-connection") &&
            !bns_slice_equal_case(value, "keep-alive") &&
            !bns_slice_equal_case(value, "close"))
            return "Proxy-Connection is neither \"keep-alive\" nor \"close\"";
    }
    return NULL;
}

/* "trailers" is all of TE that may be promised on: chunked is spoken anyway. */
static void
read_te(BnsHttpHead *head)
{
    Found te = find(head, "te");
    BnsSlice rest = te.count == 1 ? te.only->value : (BnsSlice){ NULL, 0 };
    BnsSlice coding;

    while (bns_http1_next_element(&rest, &coding))
        if (bns_slice_equal_case(coding, "trailers"))
            head->wants_trailers = true;
}

const char *
bns_http1_frame_request(BnsHttpHead *head, uint16_t *out_status)
{
    const char *error = read_names(head);

    if (error == NULL)
        error = read_host(head);
    if (error == NULL)
        error = read_length(head, out_status);
    if (error == NULL)
        error = read_connection(head, false);
    if (error == NULL)
        error = read_proxy_connection(head);
    if (error == NULL)
        error = read_expect(head, out_status);
    if (error != NULL)
        return error;
    read_te(head);
    return NULL;
}

/* RFC 9112 6.3: the answers that end with their head. */
static const char *
read_answer_length(BnsHttpHead *head, bool is_head_answer)
{
    bool is_interim = head->status < 200;

    if (is_interim && head->body != BNS_HTTP_BODY_NONE)
        return "an interim answer announces a body";
    if (head->status == 204 &&
        (head->body == BNS_HTTP_BODY_CHUNKED || head->body_len > 0))
        return "a 204 answer announces a body";
    if (is_interim || is_head_answer || head->status == 204 || head->status == 304) {
        head->body = BNS_HTTP_BODY_NONE;
        head->body_len = 0;
    } else if (head->body == BNS_HTTP_BODY_NONE) {
        head->body = BNS_HTTP_BODY_UNTIL_CLOSE;
    }
    return NULL;
}

const char *
bns_http1_frame_response(BnsHttpHead *head, bool is_head_answer)
{
    uint16_t status;
    const char *error = read_names(head);
    bool is_doubtful;

    if (error == NULL)
        error = read_length(head, &status);
    /* Some send a body here, and some clients read one: what follows is not known. */
    is_doubtful = head->status == 304 && head->body == BNS_HTTP_BODY_CHUNKED;
    if (error == NULL)
        error = read_answer_length(head, is_head_answer);
    if (error == NULL)
        error = read_connection(head, true);
    if (head->body == BNS_HTTP_BODY_UNTIL_CLOSE || is_doubtful)
        head->keep_alive = false;
    return error;
}
