/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions: a request is judged by the query and the fields that the origin gets.
 */
#include "base/fd.h"
#include "tests/gateway/engine_front.h"
#include "tests/support/test.h"

#include <string.h>

static const char policy[] =
    "allow:\n"
    "  - { domain: origin.test, path: /q, query: { a: '1*', secret: false } }\n"
    "  - { domain: origin.test, path: /h, headers: { x-v: '1*', x-evil: false } }\n"
    "  - { domain: origin.test, path: /c, headers: { cookie: 'a=1; b=2' } }\n"
    "  - { domain: origin.test, path: /t, content_type: text/plain }\n"
    "  - { domain: origin.test, path: /ws, query: { room: '1' } }\n"
    "  - { domain: origin.test, path: /d }\n"
    "deny:\n"
    "  - { domain: origin.test, headers: { x-denied: true }, reason: not that }\n";

typedef struct {
    const char *name;
    const char *request; /* with its Host left out */
    bool is_allowed;
} Case;

#define UPGRADE                                                                        \
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"       \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

static const Case cases[] = {
    { "query", "GET /q?a=12 HTTP/1.1\r\n\r\n", true },
    { "query-in-an-absolute-target", "GET http://origin.test/q?a=1 HTTP/1.1\r\n\r\n",
      true },
    { "no-query", "GET /q HTTP/1.1\r\n\r\n", false },
    { "another-query", "GET /q?a=2 HTTP/1.1\r\n\r\n", false },
    { "a-secret", "GET /q?a=1&%73ecret=x HTTP/1.1\r\n\r\n", false },
    { "two-marks", "GET /q?a=1?secret=x HTTP/1.1\r\n\r\n", true },

    { "field", "GET /h HTTP/1.1\r\nX-V: 12\r\n\r\n", true },
    { "no-field", "GET /h HTTP/1.1\r\n\r\n", false },
    { "field-with-blanks", "GET /h HTTP/1.1\r\nX-V: \t 12 \r\n\r\n", true },
    { "field-that-is-not-passed-on",
      "GET /h HTTP/1.1\r\nX-V: 1\r\nConnection: x-v\r\n\r\n", false },
    { "evil-field", "GET /h HTTP/1.1\r\nX-V: 1\r\nx-EVIL: 1\r\n\r\n", false },
    { "evil-field-that-is-not-passed-on",
      "GET /h HTTP/1.1\r\nX-V: 1\r\nX-Evil: 1\r\nConnection: x-evil\r\n\r\n", true },
    { "a-second-field", "GET /h HTTP/1.1\r\nX-V: 1\r\nX-V: 2\r\n\r\n", false },
    { "denied-field", "GET /d HTTP/1.1\r\nX-Denied: 1\r\n\r\n", false },
    { "not-denied", "GET /d HTTP/1.1\r\nX-Other: 1\r\n\r\n", true },

    { "cookie", "GET /c HTTP/1.1\r\nCookie: a=1; b=2\r\n\r\n", true },
    { "cookies-in-two-fields",
      "GET /c HTTP/1.1\r\nCookie: a=1\r\nX: y\r\nCookie: b=2\r\n\r\n", true },
    { "a-cookie-too-many", "GET /c HTTP/1.1\r\nCookie: a=1; b=2\r\nCookie: c=3\r\n\r\n",
      false },

    { "type",
      "POST /t HTTP/1.1\r\nContent-Type: text/plain;x=y\r\nContent-Length: "
      "1\r\n\r\na",
      true },
    { "another-type",
      "POST /t HTTP/1.1\r\nContent-Type: text/html\r\nContent-Length: 1\r\n\r\na",
      false },
    { "no-type", "POST /t HTTP/1.1\r\nContent-Length: 1\r\n\r\na", false },
    { "no-type-and-chunks",
      "POST /t HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", false },
    { "no-type-and-length-0", "POST /t HTTP/1.1\r\nContent-Length: 0\r\n\r\n", true },
    { "no-type-and-no-body", "GET /t HTTP/1.1\r\n\r\n", true },
    { "two-types",
      "POST /t HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Type: "
      "text/plain\r\nContent-Length: 1\r\n\r\na",
      false },
    { "a-tunnel-has-no-type", "GET /t HTTP/1.1\r\n" UPGRADE, false },

    { "websocket", "GET /ws?room=1 HTTP/1.1\r\n" UPGRADE, true },
    { "another-websocket", "GET /ws?room=2 HTTP/1.1\r\n" UPGRADE, false },
};

/* Puts a Host behind the request line. */
static char *
with_host(const char *request)
{
    const char *line_end = strstr(request, "\r\n") + 2;

    return g_strdup_printf("%.*sHost: origin.test\r\n%s", (int)(line_end - request),
                           request, line_end);
}

static void
test_case(gconstpointer data)
{
    const Case *c = data;
    g_autofree char *request = with_host(c->request);
    g_autofree char *answer = NULL;
    Front f;

    front_init(&f, policy);
    rig_say(&f.flow, request);
    if (c->is_allowed) {
        f.origin = rig_accept(f.listener);
        g_free(rig_hear(&f.origin, "\r\n\r\n"));
        rig_say(&f.origin, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }
    answer = rig_hear_response(&f.flow, false);
    if (g_str_has_prefix(answer, "HTTP/1.1 200 ") != c->is_allowed)
        g_error("%s: %s", c->request, answer);
    g_assert_true(c->is_allowed || g_str_has_prefix(answer, "HTTP/1.1 403 "));
    g_assert_true(c->is_allowed || rig_nobody_came(f.listener));
    front_clear(&f);
}

/* Neither the answer nor a record says what was in the query or in a field. */
static void
test_secrets(void)
{
    Front f;
    g_autofree char *answer = NULL;
    const BnsRecord *record;

    front_init(&f, policy);
    rig_say(&f.flow,
            "GET /q?a=hush HTTP/1.1\r\nHost: origin.test\r\nX-V: hush\r\n\r\n");
    answer = rig_hear_response(&f.flow, false);
    g_assert_null(strstr(answer, "hush"));
    g_assert_nonnull(strstr(answer, "allows a request with this query"));
    /* Nor is a rule offered that would do without the condition. */
    g_assert_null(strstr(answer, "--allow"));
    record = rig_expect(f.rig, BNS_EVENT_HTTP_REQUEST, "deny 403 GET /q");
    g_assert_cmpstr(record->reason, ==,
                    "no rule for this host allows a request with this query");
    g_assert_cmpstr(record->path, ==, "/q");
    front_clear(&f);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *name =
            g_strconcat("/gateway/engine/conditions/", cases[i].name, NULL);

        bns_test_add_data(name, &cases[i], test_case);
    }
    bns_test_add("/gateway/engine/conditions/values-are-told-nobody", test_secrets);
    return g_test_run();
}
