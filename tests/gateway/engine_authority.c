/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fronting: however a request spells whom it is for, one canonical host decides, is
 * dialled, is verified and is sent. Two origins are allowed, so that a request that got to
 * the wrong one would be seen there.
 */
#include "tests/gateway/engine_rig.h"
#include "tests/support/certs.h"
#include "tests/support/origin.h"
#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <string.h>

static const char policy[] = "allow: [origin.test, other.test]\n";

typedef struct {
    char *directory; /* NULL: plain */
    char *ca_file;
    BnsOrigin *origin; /* origin.test */
    BnsOrigin *other;  /* other.test */
    Rig *rig;
    RigFlow flow; /* to origin.test */
} Fixture;

static BnsOrigin *
make_origin(const BnsTestCert *authority, const char *names)
{
    BnsTestCertSpec spec = { .issuer = authority, .names = names };
    g_autoptr(BnsTestCert) cert = bns_test_cert_new(&spec);
    SSL_CTX *ctx = bns_test_cert_server(cert, NULL);
    BnsOrigin *origin = bns_origin_new(ctx);

    SSL_CTX_free(ctx);
    return origin;
}

static void
start(Fixture *f, uint16_t port)
{
    unsigned origin_port = bns_origin_port(f->origin);
    unsigned other_port = bns_origin_port(f->other);
    g_autofree char *resolves =
        g_strdup_printf("origin.test:%u:%u other.test:%u:%u", (unsigned)port,
                        origin_port, (unsigned)port, other_port);

    f->rig = rig_new(policy, resolves, f->ca_file);
    f->flow = rig_open(f->rig, "origin.test", port);
}

static void
fixture_init_plain(Fixture *f)
{
    *f = (Fixture){ .origin = bns_origin_new(NULL), .other = bns_origin_new(NULL) };
    start(f, 80);
}

/* @sni: what the ClientHello asks for */
static void
fixture_init_tls(Fixture *f, const char *sni)
{
    g_autoptr(BnsTestCert) authority = bns_test_cert_authority("Test Authority");

    *f = (Fixture){ .directory = g_dir_make_tmp("authority-XXXXXX", NULL) };
    f->ca_file = bns_test_cert_write(authority, f->directory, "ca.pem");
    f->origin = make_origin(authority, "DNS:origin.test");
    f->other = make_origin(authority, "DNS:other.test");
    start(f, 443);
    g_assert_true(rig_start_tls(f->rig, &f->flow, sni, "http/1.1"));
}

static void
fixture_clear(Fixture *f)
{
    rig_close(f->rig, &f->flow);
    rig_free(f->rig);
    bns_origin_free(f->origin);
    bns_origin_free(f->other);
    if (f->directory != NULL) {
        g_unlink(f->ca_file);
        g_rmdir(f->directory);
    }
    g_free(f->ca_file);
    g_free(f->directory);
}

static void
assert_heard(BnsOrigin *origin, const char *expected)
{
    g_auto(GStrv) requests = bns_origin_requests(origin);
    g_autofree char *heard = g_strjoinv(",", requests);

    g_assert_cmpstr(heard, ==, expected);
}

typedef struct {
    const char *name;
    const char *target;
    const char *host;
    const char *status;
    const char *origin; /* what it heard */
    const char *other;
} Row;

#define HEARD_ORIGIN "GET /hello origin.test", ""
#define HEARD_OTHER  "", "GET /hello other.test"
#define HEARD_NONE   "", ""

/* Outside TLS the Host decides, whatever address the command used. */
static const Row plain_rows[] = {
    { "as-it-is", "/hello", "origin.test", "200", HEARD_ORIGIN },
    { "any-case", "/hello", "OriGin.TEST", "200", HEARD_ORIGIN },
    { "trailing-dot", "/hello", "origin.test.", "200", HEARD_ORIGIN },
    { "default-port", "/hello", "origin.test:80", "200", HEARD_ORIGIN },
    { "dot-and-port", "/hello", "Origin.test.:80", "200", HEARD_ORIGIN },
    { "another-host", "/hello", "other.test", "200", HEARD_OTHER },
    { "another-host-in-any-case", "/hello", "OTHER.test.", "200", HEARD_OTHER },
    { "absolute", "http://origin.test/hello", "origin.test", "200", HEARD_ORIGIN },
    { "absolute-any-case", "HTTP://ORIGIN.test/hello", "origin.TEST", "200",
      HEARD_ORIGIN },
    { "absolute-dots", "http://origin.test./hello", "origin.test.", "200",
      HEARD_ORIGIN },
    { "absolute-port", "http://origin.test:80/hello", "origin.test:80", "200",
      HEARD_ORIGIN },
    { "absolute-another", "http://other.test/hello", "other.test", "200", HEARD_OTHER },
    { "absolute-against-host", "http://other.test/hello", "origin.test", "400",
      HEARD_NONE },
    { "host-against-absolute", "http://origin.test/hello", "other.test", "400",
      HEARD_NONE },
    { "absolute-https", "https://origin.test/hello", "origin.test", "400", HEARD_NONE },
    { "absolute-userinfo", "http://origin.test@other.test/hello", "other.test", "400",
      HEARD_NONE },
    { "absolute-userinfo-as-host", "http://u@origin.test/hello", "u@origin.test", "400",
      HEARD_NONE },
    { "absolute-backslash", "http://other.test\\@origin.test/hello", "origin.test",
      "400", HEARD_NONE },
    { "absolute-fragment", "http://other.test#@origin.test/hello", "origin.test", "400",
      HEARD_NONE },
    { "userinfo", "/hello", "origin.test@other.test", "400", HEARD_NONE },
    { "another-port", "/hello", "origin.test:443", "400", HEARD_NONE },
    { "port-0", "/hello", "origin.test:0", "400", HEARD_NONE },
    { "port-with-zero", "/hello", "origin.test:080", "400", HEARD_NONE },
    { "port-with-sign", "/hello", "origin.test:+80", "400", HEARD_NONE },
    { "port-65616", "/hello", "origin.test:65616", "400", HEARD_NONE },
    { "no-port", "/hello", "origin.test:", "400", HEARD_NONE },
    { "two-ports", "/hello", "origin.test:80:80", "400", HEARD_NONE },
    { "two-dots", "/hello", "origin.test..", "400", HEARD_NONE },
    { "dot-in-front", "/hello", ".origin.test", "400", HEARD_NONE },
    { "percent-encoded", "/hello", "origin%2etest", "400", HEARD_NONE },
    { "percent-encoded-nul", "/hello", "other.test%00.origin.test", "400", HEARD_NONE },
    { "list", "/hello", "origin.test,other.test", "400", HEARD_NONE },
    { "blank", "/hello", "origin.test other.test", "400", HEARD_NONE },
    { "url", "/hello", "http://origin.test", "400", HEARD_NONE },
    { "slash", "/hello", "other.test/.origin.test", "400", HEARD_NONE },
    { "query", "/hello", "other.test?.origin.test", "400", HEARD_NONE },
    { "backslash", "/hello", "other.test\\.origin.test", "400", HEARD_NONE },
    { "u-label", "/hello", "\xc3\xb6rigin.test", "400", HEARD_NONE },
    { "full-width", "/hello", "\xef\xbd\x8frigin.test", "400", HEARD_NONE },
    { "ideographic-dot", "/hello", "origin\xe3\x80\x82test", "400", HEARD_NONE },
    { "zone", "/hello", "[fe80::1%25eth0]", "400", HEARD_NONE },
    { "zone-bare", "/hello", "[fe80::1%eth0]", "400", HEARD_NONE },
    { "brackets", "/hello", "[origin.test]", "400", HEARD_NONE },
    { "ipv6-without-brackets", "/hello", "::1", "400", HEARD_NONE },
    { "one-number", "/hello", "2130706433", "400", HEARD_NONE },
    { "two-numbers", "/hello", "127.1", "400", HEARD_NONE },
    { "octal", "/hello", "0177.0.0.1", "400", HEARD_NONE },
    { "hexadecimal", "/hello", "0x7f000001", "400", HEARD_NONE },
    { "address-behind-it", "/hello", "127.0.0.1", "403", HEARD_NONE },
    { "longer", "/hello", "origin.test.evil", "403", HEARD_NONE },
    { "prefix", "/hello", "evilorigin.test", "403", HEARD_NONE },
};

/* Inside TLS for origin.test the Host must be the same. */
static const Row tls_rows[] = {
    { "as-it-is", "/hello", "origin.test", "200", HEARD_ORIGIN },
    { "any-case", "/hello", "ORIGIN.TEST", "200", HEARD_ORIGIN },
    { "trailing-dot", "/hello", "origin.test.", "200", HEARD_ORIGIN },
    { "default-port", "/hello", "origin.test:443", "200", HEARD_ORIGIN },
    { "absolute", "https://origin.test/hello", "origin.test", "200", HEARD_ORIGIN },
    { "another-host", "/hello", "other.test", "421", HEARD_NONE },
    { "another-host-in-any-case", "/hello", "OTHER.test.", "421", HEARD_NONE },
    { "another-host-absolute", "https://other.test/hello", "other.test", "421",
      HEARD_NONE },
    { "below-it", "/hello", "www.origin.test", "421", HEARD_NONE },
    { "longer", "/hello", "origin.test.other.test", "421", HEARD_NONE },
    { "its-address", "/hello", "127.0.0.1", "421", HEARD_NONE },
    { "its-address-6", "/hello", "[::1]", "421", HEARD_NONE },
    { "ours", "/hello", "host.boundary.internal", "421", HEARD_NONE },
    { "absolute-against-host", "https://other.test/hello", "origin.test", "400",
      HEARD_NONE },
    { "absolute-http", "http://origin.test/hello", "origin.test", "400", HEARD_NONE },
    { "port-80", "/hello", "origin.test:80", "400", HEARD_NONE },
    { "userinfo", "/hello", "origin.test@other.test", "400", HEARD_NONE },
    { "percent-encoded", "/hello", "origin%2etest", "400", HEARD_NONE },
    { "two-dots", "/hello", "origin.test..", "400", HEARD_NONE },
};

static void
ask(Fixture *f, const Row *row)
{
    g_autofree char *request =
        g_strdup_printf("GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", row->target, row->host);
    g_autofree char *status = g_strdup_printf("HTTP/1.1 %s ", row->status);
    g_autofree char *response = rig_ask(&f->flow, request);

    if (!g_str_has_prefix(response, status))
        g_error("%s: expected %s, not %s", row->name, row->status, response);
    assert_heard(f->origin, row->origin);
    assert_heard(f->other, row->other);
}

static void
test_plain(gconstpointer data)
{
    const Row *row = data;
    Fixture f;

    fixture_init_plain(&f);
    ask(&f, row);
    /* Who was asked for is who is recorded. */
    if (strcmp(row->status, "200") == 0)
        g_assert_cmpstr(rig_record(f.rig, BNS_EVENT_HTTP_REQUEST)->host, ==,
                        *row->origin != '\0' ? "origin.test" : "other.test");
    fixture_clear(&f);
}

static void
test_tls(gconstpointer data)
{
    Fixture f;

    fixture_init_tls(&f, "origin.test");
    ask(&f, data);
    g_assert_cmpuint(bns_origin_connections(f.other), ==, 0);
    fixture_clear(&f);
}

/* The ClientHello's name is read as a Host is (a client that ends it in a dot verifies it
 * so, and no certificate has one). */
static void
test_sni(gconstpointer data)
{
    static const Row same = { "same", "/hello", "origin.test", "200", HEARD_ORIGIN };
    Fixture f;

    fixture_init_tls(&f, data);
    ask(&f, &same);
    g_assert_cmpstr(rig_record(f.rig, BNS_EVENT_TLS_OPEN)->host, ==, "origin.test");
    fixture_clear(&f);
}

/* It wins over the name behind the address that the command used. */
static void
test_sni_of_another(void)
{
    static const Row rows[] = {
        { "another", "/hello", "other.test", "200", HEARD_OTHER },
        { "flows", "/hello", "origin.test", "421", HEARD_OTHER },
    };
    Fixture f;

    fixture_init_tls(&f, "other.test");
    ask(&f, &rows[0]);
    ask(&f, &rows[1]);
    g_assert_cmpuint(bns_origin_connections(f.origin), ==, 0);
    fixture_clear(&f);
}

/* Each request of a connection is for its own host. */
static void
test_several(void)
{
    static const char both[] = "GET /hello origin.test,GET /hello origin.test";
    static const Row rows[] = {
        { "first", "/hello", "origin.test", "200", HEARD_ORIGIN },
        { "second", "/hello", "other.test", "200", "GET /hello origin.test",
          "GET /hello other.test" },
        { "third", "/hello", "third.test", "403", "GET /hello origin.test",
          "GET /hello other.test" },
        { "first-again", "/hello", "ORIGIN.test:80", "200", both,
          "GET /hello other.test" },
    };
    Fixture f;

    fixture_init_plain(&f);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        ask(&f, &rows[i]);
    fixture_clear(&f);
}

static void
test_several_in_tls(void)
{
    static const char both[] = "GET /hello origin.test,GET /hello origin.test";
    static const Row rows[] = {
        { "first", "/hello", "origin.test", "200", HEARD_ORIGIN },
        { "second", "/hello", "other.test", "421", HEARD_ORIGIN },
        { "first-again", "/hello", "origin.test", "200", both, "" },
    };
    Fixture f;

    fixture_init_tls(&f, "origin.test");
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        ask(&f, &rows[i]);
    g_assert_cmpuint(bns_origin_connections(f.other), ==, 0);
    fixture_clear(&f);
}

static void
add_rows(const char *prefix, const Row *rows, size_t n, void (*func)(gconstpointer))
{
    for (size_t i = 0; i < n; i++) {
        g_autofree char *path =
            g_strdup_printf("/gateway/authority/%s/%s", prefix, rows[i].name);

        bns_test_add_data(path, &rows[i], func);
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    add_rows("plain", plain_rows, G_N_ELEMENTS(plain_rows), test_plain);
    add_rows("tls", tls_rows, G_N_ELEMENTS(tls_rows), test_tls);
    bns_test_add_data("/gateway/authority/sni/any-case", "OriGin.TEST", test_sni);
    bns_test_add("/gateway/authority/sni/wins-over-the-address", test_sni_of_another);
    bns_test_add("/gateway/authority/several-on-one-connection", test_several);
    bns_test_add("/gateway/authority/several-in-one-tls", test_several_in_tls);
    return g_test_run();
}
