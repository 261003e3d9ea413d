/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/correlation.h"

#include <nghttp2/nghttp2.h>
#include <string.h>

static bool
is_like(BnsSlice name, const char *ours)
{
    if (name.len != strlen(ours))
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char byte = name.at[i] == '_' ? '-' : g_ascii_tolower(name.at[i]);

        if (byte != g_ascii_tolower(ours[i]))
            return false;
    }
    return true;
}

bool
bns_correlation_owns(BnsSlice name)
{
    return is_like(name, BNS_CORRELATION_SESSION) ||
           is_like(name, BNS_CORRELATION_SEQUENCE);
}

/* --- HTTP/1.1 --- */

static void
put(GByteArray *out, const char *at, size_t len)
{
    g_byte_array_append(out, (const guint8 *)at, (guint)len);
}

static void
put_mark(GByteArray *out, const BnsCorrelationMark *mark)
{
    g_autofree char *lines =
        g_strdup_printf(BNS_CORRELATION_SESSION ": %s\r\n" BNS_CORRELATION_SEQUENCE
                                                ": %" G_GUINT64_FORMAT "\r\n",
                        mark->session, mark->seq);

    put(out, lines, strlen(lines));
}

/* A line that was written is a line that is read: each ends with the first CR LF. */
GByteArray *
bns_correlation_mark_http1(const GByteArray *head, const BnsCorrelationMark *mark)
{
    GByteArray *out = g_byte_array_sized_new(head->len + 256);
    const char *at = (const char *)head->data;
    const char *end = at + head->len;

    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t len = newline != NULL ? (size_t)(newline - at) + 1 : (size_t)(end - at);
        const char *colon = memchr(at, ':', len);
        bool is_field = out->len > 0 && colon != NULL;

        if (len == 2)
            put_mark(out, mark);
        if (!is_field || !bns_correlation_owns((BnsSlice){ at, (size_t)(colon - at) }))
            put(out, at, len);
        at += len;
    }
    return out;
}

/* --- HTTP/2 --- */

/* nghttp2 copies what it is given; its type is older than its manners. */
static uint8_t *
unconst(const char *at)
{
    return (uint8_t *)(uintptr_t)at;
}

static void
add(GArray *fields, const char *name, const char *value, size_t len)
{
    const nghttp2_nv nv = { .name = unconst(name),
                            .value = unconst(value),
                            .namelen = strlen(name),
                            .valuelen = len };

    g_array_append_val(fields, nv);
}

char *
bns_correlation_mark_http2(GArray *fields, const BnsCorrelationMark *mark)
{
    size_t session_len = strlen(mark->session);
    char *text = g_strdup_printf("%s%" G_GUINT64_FORMAT, mark->session, mark->seq);

    for (guint i = fields->len; i-- > 0;) {
        const nghttp2_nv *nv = &g_array_index(fields, nghttp2_nv, i);

        if (bns_correlation_owns((BnsSlice){ (const char *)nv->name, nv->namelen }))
            g_array_remove_index(fields, i);
    }
    add(fields, "x-coder-agent-firewall-session-id", text, session_len);
    add(fields, "x-coder-agent-firewall-sequence-number", text + session_len,
        strlen(text) - session_len);
    return text;
}
