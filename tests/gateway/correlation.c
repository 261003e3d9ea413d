/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/correlation.h"

#include "tests/support/test.h"

#include <nghttp2/nghttp2.h>
#include <string.h>

static const BnsCorrelationMark mark = { "01234567-89ab-4def-8123-456789abcdef", 42 };

#define MARKED                                                                         \
    "X-Coder-Agent-Firewall-Session-Id: 01234567-89ab-4def-8123-456789abcdef\r\n"      \
    "X-Coder-Agent-Firewall-Sequence-Number: 42\r\n\r\n"

typedef struct {
    const char *name;
    const char *head;
    const char *marked;
} Row;

static const Row rows[] = {
    { "added", "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\n" MARKED },
    { "replaces-in-any-case",
      "GET / HTTP/1.1\r\nHost: a\r\nx-coder-agent-firewall-SESSION-ID: me\r\n"
      "A: b\r\nX-Coder-Agent-Firewall-Sequence-Number: 1\r\n"
      "X-Coder-Agent-Firewall-Sequence-Number: 2\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n" MARKED },
    { "replaces-what-looks-the-same",
      "GET / HTTP/1.1\r\nHost: a\r\nX_Coder_Agent-Firewall_Session_Id: me\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\n" MARKED },
    { "leaves-what-is-longer",
      "GET / HTTP/1.1\r\nHost: a\r\nX-Coder-Agent-Firewall-Session-Ids: me\r\n"
      "Y: X-Coder-Agent-Firewall-Session-Id: me\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nX-Coder-Agent-Firewall-Session-Ids: me\r\n"
      "Y: X-Coder-Agent-Firewall-Session-Id: me\r\n" MARKED },
    { "leaves-the-request-line",
      "GET /X-Coder-Agent-Firewall-Session-Id: HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /X-Coder-Agent-Firewall-Session-Id: HTTP/1.1\r\nHost: a\r\n" MARKED },
};

static void
test_http1(gconstpointer data)
{
    const Row *row = data;
    g_autoptr(GByteArray) head = g_byte_array_new();
    g_autoptr(GByteArray) marked = NULL;

    g_byte_array_append(head, (const guint8 *)row->head, (guint)strlen(row->head));
    marked = bns_correlation_mark_http1(head, &mark);
    g_byte_array_append(marked, (const guint8 *)"", 1);
    g_assert_cmpstr((const char *)marked->data, ==, row->marked);
}

static void
put(GArray *fields, const char *name, const char *value)
{
    const nghttp2_nv nv = { .name = (uint8_t *)(uintptr_t)name,
                            .value = (uint8_t *)(uintptr_t)value,
                            .namelen = strlen(name),
                            .valuelen = strlen(value) };

    g_array_append_val(fields, nv);
}

static void
test_http2(void)
{
    g_autoptr(GArray) fields = g_array_new(FALSE, FALSE, sizeof(nghttp2_nv));
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *kept = NULL;

    put(fields, "x-coder-agent-firewall-session-id", "me");
    put(fields, ":authority", "a");
    put(fields, "x_coder_agent_firewall_sequence_number", "7");
    put(fields, "x-coder-agent-firewall-sequence-number", "7");
    kept = bns_correlation_mark_http2(fields, &mark);
    for (guint i = 0; i < fields->len; i++) {
        const nghttp2_nv *nv = &g_array_index(fields, nghttp2_nv, i);

        g_string_append_printf(text, "%.*s=%.*s\n", (int)nv->namelen,
                               (const char *)nv->name, (int)nv->valuelen,
                               (const char *)nv->value);
    }
    g_assert_cmpstr(text->str, ==,
                    ":authority=a\n"
                    "x-coder-agent-firewall-session-id="
                    "01234567-89ab-4def-8123-456789abcdef\n"
                    "x-coder-agent-firewall-sequence-number=42\n");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path =
            g_strconcat("/gateway/correlation/http1/", rows[i].name, NULL);

        bns_test_add_data(path, &rows[i], test_http1);
    }
    bns_test_add("/gateway/correlation/http2-replaces-them", test_http2);
    return g_test_run();
}
