/* SPDX-License-Identifier: Apache-2.0 */
/* A rule's client certificate opens an origin that asks for one; the command needs
 * neither, and cannot change them. */
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#include <openssl/ssl.h>
#include <string.h>

#define RULE                                                                           \
    "allow:\n  - { domain: mtls.test, client_cert: me.pem, client_key: me.key }\n"
#define CURL "curl -sS -m 20 -w '\\n%{http_code}' https://mtls.test/hello"

/* A story with an origin that shows its door to nobody without a certificate of the
 * story's authority, and one such certificate in its working directory. */
typedef struct {
    Story *story;
    BnsOrigin *origin;
} Fixture;

static void
fixture_init(Fixture *f)
{
    BnsTestCertSpec spec = { .names = "DNS:mtls.test" };
    BnsTestCertSpec me_spec = { .common_name = "me" };
    g_autoptr(BnsTestCert) server = NULL;
    g_autoptr(BnsTestCert) me = NULL;
    g_autofree char *pem = NULL;
    g_autofree char *key = NULL;
    SSL_CTX *ctx;

    f->story = story_new();
    spec.issuer = me_spec.issuer = f->story->authority;
    server = bns_test_cert_new(&spec);
    me = bns_test_cert_new(&me_spec);
    ctx = bns_test_cert_server(server, NULL);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), f->story->authority->certificate);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    f->origin = bns_origin_new(ctx);
    SSL_CTX_free(ctx);
    pem = bns_test_cert_pem(me);
    key = bns_test_cert_key_pem(me);
    story_write(f->story, "me.pem", pem);
    story_write(f->story, "me.key", key);
    story_option(f->story, "--resolve mtls.test:443:127.0.0.1:%u",
                 bns_origin_port(f->origin));
}

static void
fixture_clear(Fixture *f)
{
    bns_origin_free(f->origin);
    story_free(f->story);
}

static void
test_shown(void)
{
    Fixture f;
    g_autoptr(StoryRun) run = NULL;

    fixture_init(&f);
    story_write(f.story, "p.yaml", RULE);
    run = story_run(f.story, "--config p.yaml -- " CURL);
    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==, "hello\n\n200");
    story_assert_record(run, "\"event\":\"http.request\"", "\"decision\":\"allow\"",
                        "p.yaml:2\"");
    fixture_clear(&f);
}

static void
test_not_shown(void)
{
    Fixture f;
    g_autoptr(StoryRun) run = NULL;

    fixture_init(&f);
    run = story_run(f.story, "--allow mtls.test -- " CURL);
    story_assert_out(run, "upstream asks for a client certificate (client_cert: of a "
                          "rule)");
    g_assert_true(g_str_has_suffix(run->out, "\n502"));
    story_assert_record(run, "\"event\":\"upstream.error\"",
                        "upstream asks for a client certificate");
    fixture_clear(&f);
}

/* An HTTP/2 origin that says whom it sees; its port is its first line. */
static const char h2_script[] =
    "const fs = require('fs');\n"
    "const server = require('http2').createSecureServer({\n"
    "  key: fs.readFileSync('origin.key'), cert: fs.readFileSync('origin.pem'),\n"
    "  ca: fs.readFileSync('../ca.pem'), requestCert: true, rejectUnauthorized: true "
    "},\n"
    "  (request, response) => response.end('HTTP/' + request.httpVersion + ' for ' +\n"
    "    request.socket.getPeerCertificate().subject.CN + '\\n'));\n"
    "server.on('sessionError', () => {});\n"
    "server.listen(0, '127.0.0.1', () => console.log(server.address().port));\n";

static const char h2_story[] = "mkfifo port\n"
                               "node origin.js > port & origin=$!\n"
                               "read port < port\n"
                               "run() {\n"
                               "  \"$BNS\" -q --upstream-ca ../ca.pem --resolve "
                               "mtls.test:443:127.0.0.1:$port \"$@\" "
                               "-- " CURL "\n"
                               "}\n"
                               "run --config p.yaml\n"
                               "run --allow mtls.test\n"
                               "kill $origin\n";

static void
test_http2(void)
{
    Fixture f;
    BnsTestCertSpec spec = { .names = "DNS:mtls.test" };
    g_autoptr(BnsTestCert) cert = NULL;
    g_autofree char *pem = NULL;
    g_autofree char *key = NULL;
    g_autoptr(StoryRun) run = NULL;

    if (!story_needs("node"))
        return;
    fixture_init(&f);
    spec.issuer = f.story->authority;
    cert = bns_test_cert_new(&spec);
    pem = bns_test_cert_pem(cert);
    key = bns_test_cert_key_pem(cert);
    story_write(f.story, "origin.pem", pem);
    story_write(f.story, "origin.key", key);
    story_write(f.story, "origin.js", h2_script);
    story_write(f.story, "p.yaml", RULE);
    run = story_shell(f.story, h2_story);
    g_assert_true(g_str_has_prefix(run->out, "HTTP/2.0 for me\n\n200"));
    story_assert_out(run, "upstream asks for a client certificate (client_cert: of a "
                          "rule)");
    g_assert_true(g_str_has_suffix(run->out, "\n502"));
    fixture_clear(&f);
}

static void
test_not_writable(void)
{
    Fixture f;
    g_autoptr(StoryRun) run = NULL;

    fixture_init(&f);
    story_write(f.story, "p.yaml", RULE);
    run =
        story_run(f.story, "--config p.yaml -- sh -c 'echo x >> me.pem; rm -f me.key; "
                           "mv me.pem you.pem; head -c 9 me.pem me.key'");
    story_assert_status(run, 0);
    story_assert_out(run, "==> me.key <==\n-----BEGI");
    fixture_clear(&f);
}

static const char hidden_script[] = CURL "\n"
                                         "ls ../keys; cat ../keys/me.key ../keys/*\n"
                                         "ln ../keys/me.key k; cat k; true\n";

static const char hidden_story[] =
    "mkdir ../keys && mv me.key ../keys\n"
    "\"$BNS\" -q --upstream-ca ../ca.pem --resolve mtls.test:443:127.0.0.1:$PORT "
    "--config p.yaml -- sh script.sh\n";

/* Where the command has no business, the gateway alone has the key. */
static void
test_hidden(void)
{
    Fixture f;
    g_autofree char *script = NULL;
    g_autoptr(StoryRun) run = NULL;

    fixture_init(&f);
    story_write(f.story, "p.yaml",
                "allow:\n  - { domain: mtls.test, client_cert: me.pem,\n"
                "      client_key: ../keys/me.key }\n");
    story_write(f.story, "script.sh", hidden_script);
    script = g_strdup_printf("PORT=%u\n%s", bns_origin_port(f.origin), hidden_story);
    run = story_shell(f.story, script);
    g_assert_true(g_str_has_prefix(run->out, "hello\n\n200"));
    story_assert_no_out(run, "me.key");
    story_assert_no_out(run, "PRIVATE KEY");
    fixture_clear(&f);
}

typedef struct {
    const char *name;
    const char *keys;
    const char *why;
} Fault;

static const Fault faults[] = {
    { "missing", "client_cert: none.pem", "p.yaml:2:39: client_cert: file \"" },
    { "no-key", "client_cert: me.pem", "holds no private key in PEM form" },
    { "another-key", "client_cert: ../ca.pem, client_key: me.key",
      "p.yaml:2:62: client_key: file \"" },
};

/* Nothing runs, and `check` says the same. */
static void
test_fault(gconstpointer data)
{
    const Fault *fault = data;
    Fixture f;
    g_autoptr(StoryRun) run = NULL;
    g_autoptr(StoryRun) check = NULL;
    g_autofree char *yaml =
        g_strdup_printf("allow:\n  - { domain: mtls.test, %s }\n", fault->keys);

    fixture_init(&f);
    story_write(f.story, "p.yaml", yaml);
    run = story_run(f.story, "--config p.yaml -- echo ran");
    story_assert_status(run, 125);
    story_assert_no_out(run, "ran");
    story_assert_err(run, fault->why);
    check = story_run(f.story, "check --config p.yaml");
    story_assert_status(check, 1);
    story_assert_err(check, fault->why);
    fixture_clear(&f);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 120);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/identity", story_skip);
        return g_test_run();
    }
    bns_test_add("/e2e/identity/the-rule's-is-shown", test_shown);
    bns_test_add("/e2e/identity/nobody's-is-explained", test_not_shown);
    bns_test_add("/e2e/identity/over-http-2", test_http2);
    bns_test_add("/e2e/identity/the-command-cannot-change-it", test_not_writable);
    bns_test_add("/e2e/identity/the-key-is-hidden", test_hidden);
    for (size_t i = 0; i < G_N_ELEMENTS(faults); i++) {
        g_autofree char *path =
            g_strconcat("/e2e/identity/fault/", faults[i].name, NULL);

        bns_test_add_data(path, &faults[i], test_fault);
    }
    return g_test_run();
}
