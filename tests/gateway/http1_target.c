/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/gateway/http1_cases.h"
#include "tests/support/test.h"

#include <string.h>

typedef struct {
    const char *name;
    const char *method;
    const char *target;
    const char *host;
    const char *error; /* a part of the sentence; NULL: it is good */
    const char *path;
    const char *query;
    bool is_absolute;
    bool is_https;
} TargetCase;

static const TargetCase cases[] = {
    { "origin-form", "GET", "/a/b", "h", NULL, "/a/b", "" },
    { "root", "GET", "/", "h", NULL, "/", "" },
    { "query", "GET", "/a?b=c", "h", NULL, "/a", "?b=c" },
    { "empty-query", "GET", "/a?", "h", NULL, "/a", "?" },
    { "query-with-question-mark-and-slash", "GET", "/?a?/b", "h", NULL, "/", "?a?/b" },
    { "two-slashes-are-a-path", "GET", "//evil/a", "h", NULL, "//evil/a", "" },
    { "url-in-path", "GET", "/http://b/", "h", NULL, "/http://b/", "" },
    { "at-sign-in-path", "GET", "/a@b", "h", NULL, "/a@b", "" },
    { "options-with-path", "OPTIONS", "/a", "h", NULL, "/a", "" },
    { "absolute", "GET", "http://h/a?b", "h", NULL, "/a", "?b", true, false },
    { "absolute-https", "GET", "https://h/a", "h", NULL, "/a", "", true, true },
    { "absolute-scheme-in-any-case", "GET", "hTTpS://h/", "h", NULL, "/", "", true,
      true },
    { "absolute-host-in-any-case", "GET", "http://H.Example/", "h.eXAMPLE", NULL, "/",
      "", true },
    { "absolute-same-port", "GET", "http://h:80/", "h:80", NULL, "/", "", true },
    { "absolute-ipv6", "GET", "http://[::1]:80/", "[::1]:80", NULL, "/", "", true },
    { "absolute-empty-path", "GET", "http://h", "h", NULL, "/", "", true },
    { "absolute-empty-path-with-query", "GET", "http://h?b", "h", NULL, "/", "?b",
      true },
    { "absolute-options-with-path", "OPTIONS", "http://h/", "h", NULL, "/", "", true },
    { "absolute-at-sign-in-query", "GET", "http://h?u@b", "h", NULL, "/", "?u@b",
      true },
    { "absolute-other-host", "GET", "http://b/", "h", "another host" },
    { "absolute-longer-host", "GET", "http://hh/", "h", "another host" },
    { "absolute-shorter-host", "GET", "http://h/", "hh", "another host" },
    { "absolute-default-port-added", "GET", "http://h:80/", "h", "another host" },
    { "absolute-default-port-dropped", "GET", "http://h/", "h:80", "another host" },
    { "absolute-other-port", "GET", "http://h:81/", "h:80", "another host" },
    { "absolute-trailing-dot", "GET", "http://h./", "h", "another host" },
    { "absolute-empty-host", "GET", "http:///a", "h", "another host" },
    { "absolute-nothing", "GET", "http://", "h", "another host" },
    { "absolute-backslash", "GET", "http://h\\a/", "h", "another host" },
    { "absolute-userinfo", "GET", "http://u@h/", "h", "user information" },
    { "absolute-empty-userinfo", "GET", "http://@h/", "h", "user information" },
    { "absolute-password", "GET", "http://u:p@h/", "h", "user information" },
    { "absolute-host-as-userinfo", "GET", "http://h@b/", "h", "user information" },
    { "fragment", "GET", "/a#b", "h", "fragment" },
    { "fragment-in-query", "GET", "/a?b#c", "h", "fragment" },
    { "absolute-fragment", "GET", "http://h#@b/", "h", "fragment" },
    { "other-scheme", "GET", "ftp://h/", "h", "neither" },
    { "websocket-scheme", "GET", "ws://h/", "h", "neither" },
    { "one-slash", "GET", "http:/h/", "h", "neither" },
    { "no-scheme", "GET", "h/", "h", "neither" },
    { "authority-form", "GET", "h:80", "h:80", "neither" },
    { "question-mark-alone", "GET", "?a", "h", "neither" },
    { "star-with-get", "GET", "*", "h", "whole server" },
    { "star", "OPTIONS", "*", "h", "whole server" },
    { "star-in-absolute-form", "OPTIONS", "http://h", "h", "whole server" },
    { "connect", "CONNECT", "h:443", "h:443", "unset HTTP_PROXY/HTTPS_PROXY" },
    { "connect-to-a-path", "CONNECT", "/", "h", "unset HTTP_PROXY/HTTPS_PROXY" },
};

static void
test_case(gconstpointer data)
{
    const TargetCase *row = data;
    g_autofree char *text = g_strdup_printf("%s %s HTTP/1.1\r\nHost: %s\r\n\r\n",
                                            row->method, row->target, row->host);
    BnsHttpHead head;
    BnsHttpTarget target;
    const char *error;

    g_assert_cmpint(bns_http1_parse_request(text, strlen(text), &head), ==,
                    BNS_PARSE_DONE);
    error = bns_http1_target(&head, &target);
    if (row->error != NULL) {
        if (error == NULL || strstr(error, row->error) == NULL)
            g_error("\"%s\": \"%s\", expected \"%s\"", row->target, error, row->error);
        return;
    }
    g_assert_cmpstr(error, ==, NULL);
    assert_slice(target.host, row->host);
    assert_slice(target.path, row->path);
    assert_slice(target.query, row->query);
    g_assert_cmpint(target.is_absolute, ==, row->is_absolute);
    g_assert_cmpint(target.is_https, ==, row->is_https);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path =
            g_strconcat("/gateway/http1/target/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_case);
    }
    return g_test_run();
}
