/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.1 grammar: the characters, the field line, and the names that are special.
 *
 * One table says which field names frame, route or authenticate, for heads, Connection
 * options and trailers alike.
 */
#include "base/token.h"
#include "netstack/gateway/http1_private.h"

#include <string.h>

typedef struct {
    const char *name; /* lower-case */
    BnsNameTraits traits;
} Name;

/* Connection may not name a field that every recipient needs: stripping it on the next
 * hop is the attack, not the option's purpose (RFC 9110 7.6.1). No trailer may frame,
 * route, authenticate, modify the request or describe the content (RFC 9110 6.5.1). */
static const Name names[] = {
    { "alt-svc", BNS_NAME_NO_TRAILER },
    { "authorization", BNS_NAME_END_TO_END | BNS_NAME_NO_TRAILER },
    { "cache-control", BNS_NAME_NO_TRAILER },
    { "connection", BNS_NAME_HOP | BNS_NAME_NO_TRAILER },
    { "content-encoding", BNS_NAME_END_TO_END | BNS_NAME_NO_TRAILER },
    { "content-length", BNS_NAME_END_TO_END | BNS_NAME_NO_TRAILER },
    { "content-range", BNS_NAME_END_TO_END | BNS_NAME_NO_TRAILER },
    { "content-type", BNS_NAME_END_TO_END | BNS_NAME_NO_TRAILER },
    { "cookie", BNS_NAME_END_TO_END | BNS_NAME_NO_TRAILER },
    { "expect", BNS_NAME_END_TO_END | BNS_NAME_NO_TRAILER },
    { "host", BNS_NAME_END_TO_END | BNS_NAME_NO_TRAILER },
    { "http2-settings", BNS_NAME_HOP | BNS_NAME_NO_TRAILER },
    { "keep-alive", BNS_NAME_HOP | BNS_NAME_NO_TRAILER },
    { "location", BNS_NAME_END_TO_END | BNS_NAME_NO_TRAILER },
    { "max-forwards", BNS_NAME_NO_TRAILER },
    { "proxy-authenticate", BNS_NAME_HOP | BNS_NAME_NO_TRAILER },
    { "proxy-authentication-info", BNS_NAME_HOP | BNS_NAME_NO_TRAILER },
    { "proxy-authorization", BNS_NAME_HOP | BNS_NAME_NO_TRAILER },
    { "proxy-connection", BNS_NAME_HOP | BNS_NAME_NO_TRAILER },
    { "range", BNS_NAME_END_TO_END | BNS_NAME_NO_TRAILER },
    { "set-cookie", BNS_NAME_END_TO_END | BNS_NAME_NO_TRAILER },
    { "te", BNS_NAME_HOP | BNS_NAME_NO_TRAILER },
    { "trailer", BNS_NAME_NO_TRAILER },
    { "transfer-encoding", BNS_NAME_END_TO_END | BNS_NAME_NO_TRAILER },
    { "upgrade", BNS_NAME_HOP | BNS_NAME_NO_TRAILER },
    { "www-authenticate", BNS_NAME_END_TO_END | BNS_NAME_NO_TRAILER },
    { "x-coder-agent-firewall-sequence-number", BNS_NAME_NO_TRAILER },
    { "x-coder-agent-firewall-session-id", BNS_NAME_NO_TRAILER },
};

bool
bns_slice_equal(BnsSlice slice, const char *text)
{
    return slice.len == strlen(text) &&
           (slice.len == 0 || memcmp(slice.at, text, slice.len) == 0);
}

bool
bns_slice_equal_case(BnsSlice slice, const char *text)
{
    return bns_http1_same_name(slice, (BnsSlice){ text, strlen(text) });
}

bool
bns_http1_same_name(BnsSlice a, BnsSlice b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (g_ascii_tolower(a.at[i]) != g_ascii_tolower(b.at[i]))
            return false;
    return true;
}

bool
bns_http1_is_digit(unsigned char byte)
{
    return byte >= '0' && byte <= '9';
}

bool
bns_http1_is_token(BnsSlice slice)
{
    return bns_token_is_valid(slice.at, slice.len);
}

bool
bns_http1_is_text(BnsSlice slice)
{
    for (size_t i = 0; i < slice.len; i++) {
        unsigned char byte = (unsigned char)slice.at[i];

        if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
            return false;
    }
    return true;
}

static bool
is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

BnsSlice
bns_http1_skip(BnsSlice slice, size_t count)
{
    return (BnsSlice){ slice.at + count, slice.len - count };
}

BnsSlice
bns_http1_trim(BnsSlice slice)
{
    while (slice.len > 0 && is_blank(slice.at[0]))
        slice = bns_http1_skip(slice, 1);
    while (slice.len > 0 && is_blank(slice.at[slice.len - 1]))
        slice.len--;
    return slice;
}

bool
bns_http1_next_element(BnsSlice *rest, BnsSlice *out_element)
{
    const char *comma;
    size_t len;

    if (rest->at == NULL)
        return false;
    comma = rest->len > 0 ? memchr(rest->at, ',', rest->len) : NULL;
    len = comma != NULL ? (size_t)(comma - rest->at) : rest->len;
    *out_element = bns_http1_trim((BnsSlice){ rest->at, len });
    *rest = comma != NULL ? bns_http1_skip(*rest, len + 1) : (BnsSlice){ NULL, 0 };
    return true;
}

const char *
bns_http1_parse_field(BnsSlice line, BnsHttpField *out_field)
{
    const char *colon = line.len > 0 ? memchr(line.at, ':', line.len) : NULL;
    BnsSlice name;

    if (line.len > 0 && is_blank(line.at[0]))
        return "a field line begins with white space (obsolete folding)";
    if (colon == NULL)
        return "a field line has no colon";
    name = (BnsSlice){ line.at, (size_t)(colon - line.at) };
    if (name.len > 0 && is_blank(name.at[name.len - 1]))
        return "white space stands before a field's colon";
    if (!bns_http1_is_token(name))
        return "a field name is empty or holds a forbidden byte";
    *out_field = (BnsHttpField){
        .name = name,
        .value = bns_http1_trim(bns_http1_skip(line, name.len + 1)),
    };
    if (!bns_http1_is_text(out_field->value))
        return "a field value holds a control byte";
    return NULL;
}

/* Whether @name would be @known to a server that reads every separator alike, as CGI's
 * variable names do. */
static bool
looks_like(BnsSlice name, const char *known)
{
    if (name.len != strlen(known))
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char byte = g_ascii_isalnum(name.at[i]) ? g_ascii_tolower(name.at[i]) : '-';

        if (byte != known[i])
            return false;
    }
    return true;
}

BnsNameTraits
bns_http1_name_traits(BnsSlice name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (bns_slice_equal_case(name, names[i].name))
            return names[i].traits;
    if (looks_like(name, "content-length") || looks_like(name, "transfer-encoding"))
        return BNS_NAME_DISGUISED;
    return 0;
}

bool
bns_http1_parse_length(BnsSlice value, uint64_t *out_length)
{
    uint64_t length = 0;

    for (size_t i = 0; i < value.len; i++) {
        unsigned char byte = (unsigned char)value.at[i];
        uint64_t digit = (uint64_t)byte - '0';

        if (!bns_http1_is_digit(byte) || length > (INT64_MAX - digit) / 10)
            return false;
        length = length * 10 + digit;
    }
    *out_length = length;
    return value.len > 0;
}
