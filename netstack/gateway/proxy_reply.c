/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/proxy_reply.h"

#include "base/text.h"

#include <string.h>

/* Of the proxy's own words, enough for a sentence. */
#define REASON_SHOWN_MAX  80
#define SCHEME_SHOWN_MAX  24
#define SCHEMES_SHOWN_MAX 4

/* --- reading --- */

static BnsParse
bad(BnsProxyReply *reply, const char *why)
{
    reply->error = why;
    return BNS_PARSE_BAD;
}

BnsParse
bns_proxy_reply_parse(const char *buffer, size_t len, BnsProxyReply *out_reply)
{
    static const BnsSlice method = { "CONNECT", 7 };
    BnsHttpHead *head = &out_reply->head;

    *out_reply = (BnsProxyReply){ 0 };
    for (int i = 0; i <= BNS_HTTP_INTERIMS_MAX; i++) {
        BnsParse result = bns_http1_parse_response(buffer + out_reply->len,
                                                   len - out_reply->len, method, head);

        if (result == BNS_PARSE_BAD)
            return bad(out_reply, head->error);
        if (result != BNS_PARSE_DONE)
            return result;
        if (head->status == 101)
            return bad(out_reply, "101 was not asked for");
        out_reply->len += head->head_len;
        if (head->status >= 200)
            return BNS_PARSE_DONE;
    }
    return bad(out_reply, "too many interim responses");
}

bool
bns_proxy_reply_is_open(const BnsProxyReply *reply)
{
    return reply->head.status / 100 == 2;
}

/* --- explaining --- */

/* The scheme that a challenge begins with (RFC 9110, 11.6.1). */
static BnsSlice
scheme_of(BnsSlice challenge)
{
    size_t len = 0;

    while (len < challenge.len && len < SCHEME_SHOWN_MAX &&
           (g_ascii_isalnum(challenge.at[len]) || challenge.at[len] == '-'))
        len++;
    return (BnsSlice){ challenge.at, len };
}

/* "Basic, NTLM": the first challenge of each field. */
static GString *
list_schemes(const BnsHttpHead *head, bool *out_has_basic)
{
    GString *list = g_string_new(NULL);
    int n = 0;

    *out_has_basic = false;
    for (size_t i = 0; i < head->n_fields; i++) {
        BnsSlice scheme;

        if (!bns_slice_equal_case(head->fields[i].name, "proxy-authenticate"))
            continue;
        scheme = scheme_of(head->fields[i].value);
        if (bns_slice_equal_case(scheme, "basic"))
            *out_has_basic = true;
        if (scheme.len == 0 || n == SCHEMES_SHOWN_MAX)
            continue;
        n++;
        g_string_append(list, list->len > 0 ? ", " : "");
        g_string_append_len(list, scheme.at, (gssize)scheme.len);
    }
    return list;
}

static char *
explain_407(const BnsProxyReply *reply, bool has_credentials)
{
    bool has_basic;
    g_autoptr(GString) schemes = list_schemes(&reply->head, &has_basic);

    if (!has_basic && schemes->len > 0)
        return g_strdup_printf("it wants credentials by %s, and only Basic is "
                               "supported (407)",
                               schemes->str);
    if (has_credentials)
        return g_strdup("it does not accept the user and password of its URL (407)");
    return g_strdup("it wants credentials: put them into its URL as "
                    "http://USER:PASSWORD@HOST:PORT (407)");
}

/* "Service Unavailable". A proxy that answers with what it was sent would have the
 * command read the credentials in it. */
static bool
is_only_words(BnsSlice reason)
{
    for (size_t i = 0; i < reason.len; i++)
        if (!g_ascii_isalpha(reason.at[i]) && strchr(" -'", reason.at[i]) == NULL)
            return false;
    return true;
}

char *
bns_proxy_reply_explain(const BnsProxyReply *reply, bool has_credentials)
{
    BnsSlice reason = reply->head.reason;
    g_autofree char *shown = NULL;

    if (reply->head.status == 407)
        return explain_407(reply, has_credentials);
    if (reason.len == 0 || (has_credentials && !is_only_words(reason)))
        return g_strdup_printf("it answered %u", reply->head.status);
    shown = bns_text_escape(reason.at, (gssize)MIN(reason.len, REASON_SHOWN_MAX));
    return g_strdup_printf("it answered %u %s", reply->head.status, shown);
}
