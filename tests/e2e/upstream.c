/* SPDX-License-Identifier: Apache-2.0 */
/* What the command and the audit learn of an origin that is not to be believed, is not
 * there, or ends too early. */
#include "tests/e2e/server.h"
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#include <openssl/ssl.h>
#include <string.h>
#include <sys/socket.h>

#define DAY_S   (24 * 60 * 60)
#define CURL    "curl -sS -m 20 -w '\\n%{http_code}'"
#define COMMAND "--allow fault.test -- " CURL " https://fault.test/hello"

/* --- certificates --- */

typedef struct {
    const char *name;
    const char *sentence; /* "": the origin is believed */
    BnsTestCertSpec spec; /* without issuer */
    enum {
        BY_STORYS_AUTHORITY,
        BY_ITSELF,
        BY_STRANGER,
        BY_EXPIRED_INTERMEDIATE,
        BY_LEAF,
    } issuer;
} Fault;

static const Fault faults[] = {
    { "none", "", { .names = "DNS:fault.test" }, BY_STORYS_AUTHORITY },
    { "self-signed",
      "upstream certificate is self-signed",
      { .names = "DNS:fault.test" },
      BY_ITSELF },
    { "expired",
      "upstream certificate expired 3 days ago",
      { .names = "DNS:fault.test",
        .not_before_s = -30 * DAY_S,
        .not_after_s = -3 * DAY_S - 3600 },
      BY_STORYS_AUTHORITY },
    { "not-yet-valid",
      "upstream certificate is not valid for another 2 days",
      { .names = "DNS:fault.test",
        .not_before_s = 2 * DAY_S + 3600,
        .not_after_s = 9 * DAY_S },
      BY_STORYS_AUTHORITY },
    { "wrong-name",
      "upstream certificate is for other names (bank.test, www.bank.test)",
      { .names = "DNS:bank.test,DNS:www.bank.test" },
      BY_STORYS_AUTHORITY },
    { "wildcard-is-one-label",
      "upstream certificate is for other names (*.test.test)",
      { .names = "DNS:*.test.test" },
      BY_STORYS_AUTHORITY },
    { "name-in-the-subject-only",
      "upstream certificate names no host",
      { .common_name = "fault.test" },
      BY_STORYS_AUTHORITY },
    { "nul-in-the-name",
      "upstream certificate",
      { .raw_dns_name = "fault.test\0.evil.test", .raw_dns_len = 21 },
      BY_STORYS_AUTHORITY },
    { "untrusted-root",
      "upstream certificate has the unknown issuer \"stranger\"",
      { .names = "DNS:fault.test" },
      BY_STRANGER },
    { "expired-intermediate",
      "the issuer of the upstream certificate expired 1 day ago",
      { .names = "DNS:fault.test" },
      BY_EXPIRED_INTERMEDIATE },
    { "issued-by-a-leaf",
      "upstream certificate was issued by a certificate that may not issue any",
      { .names = "DNS:fault.test" },
      BY_LEAF },
    { "weak-key",
      "upstream certificate has a key that is too weak",
      { .names = "DNS:fault.test", .key = BNS_TEST_KEY_RSA1024 },
      BY_STORYS_AUTHORITY },
    { "weak-signature",
      "upstream certificate has a signature algorithm that is too weak",
      { .names = "DNS:fault.test", .digest = "SHA1" },
      BY_STORYS_AUTHORITY },
    { "not-for-servers",
      "upstream certificate is not meant for servers",
      { .names = "DNS:fault.test",
        .extensions = { { NID_ext_key_usage, "clientAuth" } } },
      BY_STORYS_AUTHORITY },
};

/* Returns: (transfer full) (nullable): what stands between the leaf and the root. */
static BnsTestCert *
make_issuer(const Story *story, const Fault *fault)
{
    const BnsTestCertSpec expired = { .issuer = story->authority,
                                      .common_name = "between",
                                      .is_ca = true,
                                      .not_before_s = -30 * DAY_S,
                                      .not_after_s = -DAY_S - 3600 };
    const BnsTestCertSpec leaf = { .issuer = story->authority,
                                   .common_name = "a leaf",
                                   .names = "DNS:other.test" };

    switch (fault->issuer) {
    case BY_STRANGER:
        return bns_test_cert_authority("stranger");
    case BY_EXPIRED_INTERMEDIATE:
        return bns_test_cert_new(&expired);
    case BY_LEAF:
        return bns_test_cert_new(&leaf);
    case BY_STORYS_AUTHORITY:
    case BY_ITSELF:
        break;
    }
    return NULL;
}

static BnsOrigin *
make_origin(const Story *story, const Fault *fault)
{
    g_autoptr(BnsTestCert) issuer = make_issuer(story, fault);
    g_autoptr(BnsTestCert) leaf = NULL;
    BnsTestCertSpec spec = fault->spec;
    BnsOrigin *origin;
    SSL_CTX *ssl_ctx;

    if (issuer != NULL)
        spec.issuer = issuer;
    else if (fault->issuer != BY_ITSELF)
        spec.issuer = story->authority;
    leaf = bns_test_cert_new(&spec);
    ssl_ctx = bns_test_cert_server(leaf, fault->issuer == BY_STRANGER ? NULL : issuer);
    origin = bns_origin_new(ssl_ctx);
    SSL_CTX_free(ssl_ctx);
    return origin;
}

/* 502 with the sentence in the body, once in the audit, and no request has left. */
static void
assert_failed(const StoryRun *run, const char *sentence)
{
    story_assert_status(run, 0);
    story_assert_out(run, "\n502");
    story_assert_out(run, sentence);
    g_assert_cmpuint(story_count_records(run, "upstream.error", "\"error\":", NULL), ==,
                     1);
}

static void
test_certificate(gconstpointer data)
{
    const Fault *fault = data;
    g_autoptr(Story) story = story_new();
    g_autoptr(BnsOrigin) origin = make_origin(story, fault);
    g_autofree char *escaped = g_strescape(fault->sentence, NULL);
    g_autoptr(StoryRun) run = NULL;
    g_auto(GStrv) requests = NULL;

    story_option(story, "--resolve fault.test:443:127.0.0.1:%u",
                 bns_origin_port(origin));
    run = story_run(story, COMMAND);
    requests = bns_origin_requests(origin);
    if (*fault->sentence == '\0') {
        g_assert_cmpstr(run->out, ==, "hello\n\n200");
        g_assert_cmpuint(g_strv_length(requests), ==, 1);
        return;
    }
    assert_failed(run, fault->sentence);
    story_assert_record(run, "upstream.error", "\"host\":\"fault.test\"", escaped);
    g_assert_cmpuint(g_strv_length(requests), ==, 0);
}

/* --- handshakes --- */

static int
choose_h2(SSL *ssl,
          const unsigned char **out,
          unsigned char *out_len,
          const unsigned char *in,
          unsigned in_len,
          void *data)
{
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static void
test_h2_only(void)
{
    g_autoptr(Story) story = story_new();
    const BnsTestCertSpec spec = { .issuer = story->authority,
                                   .names = "DNS:fault.test" };
    g_autoptr(BnsTestCert) leaf = bns_test_cert_new(&spec);
    g_autoptr(BnsOrigin) origin = NULL;
    g_autoptr(StoryRun) run = NULL;
    SSL_CTX *ssl_ctx = bns_test_cert_server(leaf, NULL);

    SSL_CTX_set_alpn_select_cb(ssl_ctx, choose_h2, NULL);
    origin = bns_origin_new(ssl_ctx);
    SSL_CTX_free(ssl_ctx);
    story_option(story, "--resolve fault.test:443:127.0.0.1:%u",
                 bns_origin_port(origin));
    run = story_run(story, COMMAND);
    assert_failed(run, "upstream speaks no version of HTTP that the client offers");
}

static void
test_other_client(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    if (!story_needs("openssl"))
        return;
    run = story_run(story, "--allow api.test -- sh -c 'openssl s_client -alpn spdy/3 "
                           "-connect api.test:443 -servername api.test </dev/null 2>&1 "
                           "| grep -i alert'");
    story_assert_out(run, "no application protocol");
    story_assert_record(run, "tls.error", "\"host\":\"api.test\"");
    g_assert_cmpuint(story_count_records(run, "http.request", NULL), ==, 0);
}

/* --- origins without TLS, or without anything --- */

static void
close_at_once(int fd, void *data)
{
    shutdown(fd, SHUT_WR);
    server_drain(fd); /* unread bytes would make it an RST */
}

static void
break_at_once(int fd, void *data)
{
    server_break(fd);
}

static void
speak_http(int fd, void *data)
{
    server_say(fd, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    server_drain(fd);
}

typedef struct {
    const char *name;
    ServerFunc serve; /* NULL: nobody listens */
    const char *sentence;
} TlsDeath;

static const TlsDeath tls_deaths[] = {
    { "nobody-listens", NULL, "Connection refused" },
    { "closes-at-once", close_at_once,
      "upstream closed the connection during the TLS handshake" },
    { "breaks-at-once", break_at_once, "Connection reset by peer" },
    { "speaks-plain-http", speak_http, "upstream does not speak TLS on this port" },
};

static void
test_tls_death(gconstpointer data)
{
    const TlsDeath *death = data;
    g_autoptr(Story) story = story_new();
    g_autoptr(Server) server = NULL;
    g_auto(ClosedPort) closed = closed_port_new();
    g_autoptr(StoryRun) run = NULL;
    unsigned port = closed.port;

    if (death->serve != NULL) {
        server = server_new(death->serve, NULL);
        port = server_port(server);
    }
    story_option(story, "--resolve fault.test:443:127.0.0.1:%u", port);
    run = story_run(story, COMMAND);
    assert_failed(run, death->sentence);
}

/* --- origins that end in the middle --- */

static void
die_after_request(int fd, void *data)
{
    server_await(fd, "\r\n\r\n");
}

static void
break_after_request(int fd, void *data)
{
    server_await(fd, "\r\n\r\n");
    server_break(fd);
}

static void
die_in_head(int fd, void *data)
{
    if (server_await(fd, "\r\n\r\n"))
        server_say(fd, "HTTP/1.1 200 OK\r\nContent-Len");
}

static void
speak_nonsense(int fd, void *data)
{
    if (server_await(fd, "\r\n\r\n"))
        server_say(fd, "SSH-2.0-nonsense\r\n\r\n");
}

static void
say_two_lengths(int fd, void *data)
{
    if (server_await(fd, "\r\n\r\n"))
        server_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n"
                       "\r\nhello!");
}

static const TlsDeath http_deaths[] = {
    { "dies-before-the-head", die_after_request, "the upstream sent no response" },
    { "breaks-before-the-head", break_after_request, "the upstream sent no response" },
    { "dies-in-the-head", die_in_head, "the upstream sent no response" },
    { "speaks-nonsense", speak_nonsense, "the upstream's response is invalid" },
    { "says-two-lengths", say_two_lengths, "the upstream's response is invalid" },
};

static void
test_http_death(gconstpointer data)
{
    const TlsDeath *death = data;
    g_autoptr(Story) story = story_new();
    g_autoptr(Server) server = server_new(death->serve, NULL);
    g_autoptr(StoryRun) run = NULL;

    story_option(story, "--resolve fault.test:80:127.0.0.1:%u", server_port(server));
    run = story_run(story, "--allow fault.test -- " CURL " http://fault.test/hello");
    assert_failed(run, death->sentence);
    story_assert_record(run, "http.request", "\"allow\"", "\"host\":\"fault.test\"");
    story_assert_record(run, "http.response", "\"error\":", "\"status\":502");
}

static void
die_in_body(int fd, void *data)
{
    if (server_await(fd, "\r\n\r\n"))
        server_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
}

static void
die_in_chunk(int fd, void *data)
{
    if (server_await(fd, "\r\n\r\n"))
        server_say(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "4\r\nhalf\r\n10\r\nmore");
}

/* What came is passed on, and its end is not made to look like the whole. */
static void
test_body_death(gconstpointer data)
{
    ServerFunc serve = data == NULL ? die_in_body : die_in_chunk;
    g_autoptr(Story) story = story_new();
    g_autoptr(Server) server = server_new(serve, NULL);
    g_autoptr(StoryRun) run = NULL;

    story_option(story, "--resolve fault.test:80:127.0.0.1:%u", server_port(server));
    run = story_run(story, "--allow fault.test -- sh -c 'curl -sS -m 20 "
                           "http://fault.test/; s=$?; echo; echo curl $s'");
    g_assert_true(g_str_has_prefix(run->out, "half"));
    story_assert_out(run, "curl 18"); /* partial file */
    story_assert_record(run, "http.response", "\"status\":200", "\"error\":");
}

/* A kept connection ends between two requests: the second takes a new one. */
static void
serve_one(int fd, void *data)
{
    if (server_await(fd, "\r\n\r\n"))
        server_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n");
}

static void
test_kept_connection(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(Server) server = server_new(serve_one, NULL);
    g_autoptr(StoryRun) run = NULL;

    story_option(story, "--resolve fault.test:80:127.0.0.1:%u", server_port(server));
    run = story_run(story, "--allow fault.test -- curl -sS -m 20 "
                           "'http://fault.test/[1-20]'");
    story_assert_status(run, 0);
    g_assert_cmpuint(story_count_records(run, "http.response", "\"status\":200", NULL),
                     ==, 20);
    g_assert_cmpuint(story_count_records(run, "http.request", NULL), ==, 20);
    g_assert_cmpuint(server_connections(server), ==, 20);
}

static void
add_rows(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(faults); i++) {
        g_autofree char *path =
            g_strdup_printf("/e2e/upstream/certificate/%s", faults[i].name);

        bns_test_add_data(path, &faults[i], test_certificate);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(tls_deaths); i++) {
        g_autofree char *path =
            g_strdup_printf("/e2e/upstream/tls/%s", tls_deaths[i].name);

        bns_test_add_data(path, &tls_deaths[i], test_tls_death);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(http_deaths); i++) {
        g_autofree char *path =
            g_strdup_printf("/e2e/upstream/http/%s", http_deaths[i].name);

        bns_test_add_data(path, &http_deaths[i], test_http_death);
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/upstream/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    add_rows();
    bns_test_add("/e2e/upstream/tls/wants-http2-only", test_h2_only);
    bns_test_add("/e2e/upstream/client-of-another-protocol-is-alerted",
                 test_other_client);
    bns_test_add_data("/e2e/upstream/http/dies-in-the-body", NULL, test_body_death);
    bns_test_add_data("/e2e/upstream/http/dies-in-a-chunk", "chunk", test_body_death);
    bns_test_add("/e2e/upstream/http/a-kept-connection-that-ended-is-replaced",
                 test_kept_connection);
    return g_test_run();
}
