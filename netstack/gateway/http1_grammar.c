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
    BnsSlice name; /* lower-case */
    BnsNameTraits traits;
} Name;

#define NAME(text)                                                                     \
    {                                                                                  \
        text, sizeof(text) - 1                                                         \
    }

/* Connection may not name a field that every recipient needs: stripping it on the next
 * hop is the attack, not the option's purpose (RFC 9110 7.6.1). No trailer may frame,
 * route, authenticate, modify the request or describe the content (RFC 9110 6.5.1). */
static const Name names[] = {
    { NAME("alt-svc"), BNS_NAME_NO_TRAILER },
    { NAME("authorization"), BNS_NAME_END_TO_END | BNS_NAME_NO_TRAILER },
    { NAME("cache-control"), BNS_NAME_NO_TRAILER },
    { NAME("connection"), BNS_NAME_HOP | BNS_NAME_NO_TRAILER },
    { NAME("content-encoding"), BNS_NAME_END_TO_END | BNS_NAME_NO_TRAILER },
    { NAME("content-length"), BNS_NAME_END_TO_END | BNS_NAME_NO_TRAILER },
    { NAME("content-range"), BNS_NAME_END_TO_END | BNS_NAME_NO_TRAILER },
    { NAME("content-type"), BNS_NAME_END_TO_END | BNS_NAME_NO_TRAILER },
    { NAME("cookie"), BNS_NAME_END_TO_END | BNS_NAME_NO_TRAILER },
    { NAME("expect"), BNS_NAME_END_TO_END | BNS_NAME_NO_TRAILER },
    { NAME("host"), BNS_NAME_END_TO_END | BNS_NAME_NO_TRAILER },
    { NAME("http2-settings"), BNS_NAME_HOP | BNS_NAME_NO_TRAILER },
    { NAME("keep-alive"), BNS_NAME_HOP | BNS_NAME_NO_TRAILER },
    { NAME("location"), BNS_NAME_END_TO_END | BNS_NAME_NO_TRAILER },
    { NAME("max-forwards"), BNS_NAME_NO_TRAILER },
    { NAME("proxy-authenticate"), BNS_NAME_HOP | BNS_NAME_NO_TRAILER },
    { NAME("proxy-authentication-info"), BNS_NAME_HOP | BNS_NAME_NO_TRAILER },
    { NAME("proxy-authorization"), BNS_NAME_HOP | BNS_NAME_NO_TRAILER },
    { NAME("proxy-connection"), BNS_NAME_HOP | BNS_NAME_NO_TRAILER },
    { NAME("range"), BNS_NAME_END_TO_END | BNS_NAME_NO_TRAILER },
    { NAME("set-cookie"), BNS_NAME_END_TO_END | BNS_NAME_NO_TRAILER },
    { NAME("te"), BNS_NAME_HOP | BNS_NAME_NO_TRAILER },
    { NAME("trailer"), BNS_NAME_NO_TRAILER },
    { NAME("transfer-encoding"), BNS_NAME_END_TO_END | BNS_NAME_NO_TRAILER },
    { NAME("upgrade"), BNS_NAME_HOP | BNS_NAME_NO_TRAILER },
    { NAME("www-authenticate"), BNS_NAME_END_TO_END | BNS_NAME_NO_TRAILER },
    { NAME("x-coder-agent-firewall-sequence-number"), BNS_NAME_NO_TRAILER },
    { NAME("x-coder-agent-firewall-session-id"), BNS_NAME_NO_TRAILER },
};

static char
lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
}

/* Not g_ascii_strncasecmp(), which ends at a NUL. */
bool
bns_http1_same_name(BnsSlice a, BnsSlice b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.at[i]) != lower(b.at[i]))
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
        if (name.len == names[i].name.len && bns_http1_same_name(name, names[i].name))
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
