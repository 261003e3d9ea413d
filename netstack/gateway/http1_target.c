/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.1 target: host, path and query of a request, read once (RFC 9112 3.2).
 *
 * The request line's grammar is known to hold: the target is not empty and consists of
 * 0x21-0x7e.
 */
#include "netstack/gateway/http1_private.h"

#include <string.h>

static const char proxy_sentence[] = "a proxy request: unset HTTP_PROXY/HTTPS_PROXY, "
                                     "boundary-ns needs no proxy settings";

static bool
contains(BnsSlice slice, char byte)
{
    return slice.len > 0 && memchr(slice.at, byte, slice.len) != NULL;
}

/* Takes "http://" or "https://" off @rest. */
static bool
take_scheme(BnsSlice *rest, bool *out_is_https)
{
    static const char *const schemes[] = { "http://", "https://" };

    for (size_t i = 0; i < G_N_ELEMENTS(schemes); i++) {
        size_t len = strlen(schemes[i]);

        if (rest->len < len ||
            !bns_slice_equal_case((BnsSlice){ rest->at, len }, schemes[i]))
            continue;
        *out_is_https = i == 1;
        *rest = bns_http1_skip(*rest, len);
        return true;
    }
    return false;
}

/* Takes the authority off @rest: up to a path, a query or the end. */
static BnsSlice
take_authority(BnsSlice *rest)
{
    BnsSlice authority = { rest->at, 0 };

    while (authority.len < rest->len && rest->at[authority.len] != '/' &&
           rest->at[authority.len] != '?')
        authority.len++;
    *rest = bns_http1_skip(*rest, authority.len);
    return authority;
}

static void
split_query(BnsSlice rest, BnsHttpTarget *target)
{
    const char *mark = rest.len > 0 ? memchr(rest.at, '?', rest.len) : NULL;
    size_t path_len = mark != NULL ? (size_t)(mark - rest.at) : rest.len;

    target->path = (BnsSlice){ rest.at, path_len };
    target->query = bns_http1_skip(rest, path_len);
    if (path_len == 0)
        target->path = (BnsSlice){ "/", 1 };
}

const char *
bns_http1_target(const BnsHttpHead *head, BnsHttpTarget *out_target)
{
    const BnsHttpField *host = bns_http1_field(head, "host");
    BnsSlice rest = head->target;
    bool is_options = bns_slice_equal(head->method, "OPTIONS");

    *out_target = (BnsHttpTarget){ 0 };
    if (host == NULL)
        return "there is not exactly one Host";
    out_target->host = host->value;
    if (bns_slice_equal(head->method, "CONNECT"))
        return proxy_sentence;
    if (bns_slice_equal(rest, "*"))
        return "a request for the whole server (*) has no path to decide on";
    if (contains(rest, '#'))
        return "the request target has a fragment";
    if (rest.len == 0 || rest.at[0] != '/') {
        BnsSlice authority;

        if (!take_scheme(&rest, &out_target->is_https))
            return "the request target is neither a path nor an http or https URL";
        out_target->is_absolute = true;
        authority = take_authority(&rest);
        if (contains(authority, '@'))
            return "the request target has user information";
        if (!bns_http1_same_name(authority, host->value))
            return "the request target names another host than Host does";
        if (is_options && rest.len == 0)
            return "a request for the whole server (*) has no path to decide on";
    }
    split_query(rest, out_target);
    return NULL;
}
