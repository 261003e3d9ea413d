/* SPDX-License-Identifier: Apache-2.0 */
/* What an upstream proxy answers to CONNECT. */
#include "netstack/gateway/proxy_reply.h"
#include "tests/support/test.h"

#include <string.h>

#define OK_LINE "HTTP/1.1 200 Connection established\r\n"

typedef struct {
    const char *name;
    const char *reply;
    BnsParse result;
    size_t left;             /* DONE: bytes behind it, the tunnel's */
    const char *explanation; /* DONE: NULL: the tunnel is open; BAD: a part of why */
} Case;

static const Case cases[] = {
    { "open", OK_LINE "\r\n", BNS_PARSE_DONE, 0, NULL },
    { "http-1.0", "HTTP/1.0 200 Connection established\r\n\r\n", BNS_PARSE_DONE, 0,
      NULL },
    { "no-reason", "HTTP/1.1 200\r\n\r\n", BNS_PARSE_DONE, 0, NULL },
    { "any-2xx", "HTTP/1.1 204 No Content\r\n\r\n", BNS_PARSE_DONE, 0, NULL },
    { "server-speaks-first", OK_LINE "\r\nSSH-2.0-x\r\n", BNS_PARSE_DONE, 11, NULL },
    { "length-is-no-body", OK_LINE "Content-Length: 5\r\n\r\n12345", BNS_PARSE_DONE, 5,
      NULL },
    { "chunks-are-no-body", OK_LINE "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      BNS_PARSE_DONE, 5, NULL },
    { "second-head-is-the-tunnels", OK_LINE "\r\n" OK_LINE "\r\n", BNS_PARSE_DONE,
      sizeof(OK_LINE) - 1 + 2, NULL },
    { "interim-first", "HTTP/1.1 100 Continue\r\n\r\n" OK_LINE "\r\n", BNS_PARSE_DONE,
      0, NULL },

    { "nothing", "", BNS_PARSE_MORE, 0, NULL },
    { "half-a-line", "HTTP/1.1 20", BNS_PARSE_MORE, 0, NULL },
    { "half-a-head", OK_LINE "Via: x\r\n", BNS_PARSE_MORE, 0, NULL },
    { "interim-only", "HTTP/1.1 102 Processing\r\n\r\n", BNS_PARSE_MORE, 0, NULL },

    { "not-http", "SSH-2.0-OpenSSH\r\n", BNS_PARSE_BAD, 0, "status line" },
    { "http-2", "HTTP/2 200 OK\r\n\r\n", BNS_PARSE_BAD, 0, "status line" },
    { "bare-line-feed", "HTTP/1.1 200 OK\n\n", BNS_PARSE_BAD, 0, "" },
    { "folded-field", OK_LINE "A: b\r\n c\r\n\r\n", BNS_PARSE_BAD, 0, "" },
    { "both-lengths", OK_LINE "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
      BNS_PARSE_BAD, 0, "" },
    { "101", "HTTP/1.1 101 Switching Protocols\r\n\r\n", BNS_PARSE_BAD, 0, "101" },

    { "refused", "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", BNS_PARSE_DONE,
      0, "it answered 403 Forbidden" },
    { "redirection", "HTTP/1.1 302 Found\r\nLocation: http://x/\r\n\r\n",
      BNS_PARSE_DONE, 0, "it answered 302 Found" },
    { "no-reason-given", "HTTP/1.1 503\r\n\r\n", BNS_PARSE_DONE, 0, "it answered 503" },
    { "foreign-bytes-in-the-reason", "HTTP/1.1 502 \xc3\xa4\\\r\n\r\n", BNS_PARSE_DONE,
      0, "it answered 502 \\xc3\\xa4\\x5c" },
    { "wants-basic", "HTTP/1.1 407 X\r\nProxy-Authenticate: Basic realm=\"r\"\r\n\r\n",
      BNS_PARSE_DONE, 0,
      "it wants credentials: put them into its URL as http://USER:PASSWORD@HOST:PORT "
      "(407)" },
    { "wants-something", "HTTP/1.1 407 X\r\n\r\n", BNS_PARSE_DONE, 0,
      "it wants credentials: put them into its URL as http://USER:PASSWORD@HOST:PORT "
      "(407)" },
    { "wants-ntlm",
      "HTTP/1.1 407 X\r\nProxy-Authenticate: NTLM\r\nProxy-Authenticate: Negotiate "
      "x\r\n\r\n",
      BNS_PARSE_DONE, 0,
      "it wants credentials by NTLM, Negotiate, and only Basic is supported (407)" },
    { "wants-foreign-bytes",
      "HTTP/1.1 407 X\r\nProxy-Authenticate: \xff\xfe\r\n"
      "Proxy-Authenticate: Digest\x80\r\n\r\n",
      BNS_PARSE_DONE, 0,
      "it wants credentials by Digest, and only Basic is supported (407)" },
    { "wants-any-of-many",
      "HTTP/1.1 407 X\r\nProxy-Authenticate: A\r\nProxy-Authenticate: B\r\n"
      "Proxy-Authenticate: C\r\nProxy-Authenticate: D\r\nProxy-Authenticate: E\r\n"
      "Proxy-Authenticate: F\r\nProxy-Authenticate: G\r\n\r\n",
      BNS_PARSE_DONE, 0,
      "it wants credentials by A, B, C, D, and only Basic is supported (407)" },
};

static void
test_case(gconstpointer data)
{
    const Case *row = data;
    size_t len = strlen(row->reply);
    BnsProxyReply reply;
    g_autofree char *explanation = NULL;

    g_assert_cmpint(bns_proxy_reply_parse(row->reply, len, &reply), ==, row->result);
    if (row->result == BNS_PARSE_BAD)
        g_assert_nonnull(strstr(reply.error, row->explanation));
    if (row->result != BNS_PARSE_DONE)
        return;
    g_assert_cmpuint(len - reply.len, ==, row->left);
    g_assert_cmpint(bns_proxy_reply_is_open(&reply), ==, row->explanation == NULL);
    if (row->explanation == NULL)
        return;
    explanation = bns_proxy_reply_explain(&reply, false);
    g_assert_cmpstr(explanation, ==, row->explanation);
}

/* Every prefix of a reply wants more; what is behind it changes nothing. */
static void
test_pieces(void)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n" OK_LINE "Via: x\r\n\r\n";
    BnsProxyReply reply;

    for (size_t len = 0; len < sizeof(text) - 1; len++)
        g_assert_cmpint(bns_proxy_reply_parse(text, len, &reply), ==, BNS_PARSE_MORE);
    g_assert_cmpint(bns_proxy_reply_parse(text, sizeof(text) - 1, &reply), ==,
                    BNS_PARSE_DONE);
    g_assert_cmpuint(reply.len, ==, sizeof(text) - 1);
}

static void
test_refused_credentials(void)
{
    static const char text[] =
        "HTTP/1.1 407 X\r\nProxy-Authenticate: basic realm=x\r\n\r\n";
    BnsProxyReply reply;
    g_autofree char *explanation = NULL;

    bns_proxy_reply_parse(text, sizeof(text) - 1, &reply);
    explanation = bns_proxy_reply_explain(&reply, true);
    g_assert_cmpstr(explanation, ==,
                    "it does not accept the user and password of its URL (407)");
}

/* What was sent may come back in the proxy's words; words that are only that are told. */
static void
test_echoed_credentials(void)
{
    static const char echo[] = "HTTP/1.1 500 CONNECT x.test:443 HTTP/1.1 "
                               "Proxy-Authorization: Basic dTpw\r\n\r\n";
    static const char words[] = "HTTP/1.1 503 Service Unavailable\r\n\r\n";
    BnsProxyReply reply;
    g_autofree char *of_echo = NULL;
    g_autofree char *of_words = NULL;

    bns_proxy_reply_parse(echo, sizeof(echo) - 1, &reply);
    of_echo = bns_proxy_reply_explain(&reply, true);
    g_assert_cmpstr(of_echo, ==, "it answered 500");
    bns_proxy_reply_parse(words, sizeof(words) - 1, &reply);
    of_words = bns_proxy_reply_explain(&reply, true);
    g_assert_cmpstr(of_words, ==, "it answered 503 Service Unavailable");
}

static void
test_interim_flood(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    BnsProxyReply reply;

    for (int i = 0; i < BNS_HTTP_INTERIMS_MAX; i++)
        g_string_append(text, "HTTP/1.1 102 X\r\n\r\n");
    g_assert_cmpint(bns_proxy_reply_parse(text->str, text->len, &reply), ==,
                    BNS_PARSE_MORE);
    g_string_append(text, "HTTP/1.1 102 X\r\n\r\n");
    g_assert_cmpint(bns_proxy_reply_parse(text->str, text->len, &reply), ==,
                    BNS_PARSE_BAD);
}

static void
test_endless(void)
{
    g_autofree char *text = g_malloc(BNS_HTTP_HEAD_MAX);
    BnsProxyReply reply;

    memset(text, 'x', BNS_HTTP_HEAD_MAX);
    memcpy(text, OK_LINE "A: ", strlen(OK_LINE "A: "));
    g_assert_cmpint(bns_proxy_reply_parse(text, BNS_HTTP_HEAD_MAX - 1, &reply), ==,
                    BNS_PARSE_MORE);
    g_assert_cmpint(bns_proxy_reply_parse(text, BNS_HTTP_HEAD_MAX, &reply), ==,
                    BNS_PARSE_BAD);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 30);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path =
            g_strdup_printf("/gateway/proxy-reply/%s", cases[i].name);

        bns_test_add_data(path, &cases[i], test_case);
    }
    bns_test_add("/gateway/proxy-reply/arrives-in-pieces", test_pieces);
    bns_test_add("/gateway/proxy-reply/credentials-were-wrong",
                 test_refused_credentials);
    bns_test_add("/gateway/proxy-reply/credentials-are-not-repeated",
                 test_echoed_credentials);
    bns_test_add("/gateway/proxy-reply/interim-flood-is-bad", test_interim_flood);
    bns_test_add("/gateway/proxy-reply/endless-head-is-bad", test_endless);
    return g_test_run();
}
