/* SPDX-License-Identifier: Apache-2.0 */
/* A client that believes its origin alone (by a pinned key, or by an authority of its own)
 * works through a sealed rule, and only through that. */
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <string.h>
#include <unistd.h>

#define SEALED "allow:\n  - { domain: api.test, inspect: false }\n"
#define CURL   "curl -sS -m 20 "

/* Returns: (transfer full): the origin's key as curl's --pinnedpubkey wants it. */
static char *
read_pin(const Story *story)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(bns_origin_port(story->https)),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(ctx);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    unsigned char *key = NULL;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_len;
    g_autofree char *base64 = NULL;
    X509 *peer;
    int len;

    g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    SSL_set_fd(ssl, fd);
    g_assert_cmpint(SSL_connect(ssl), ==, 1);
    peer = SSL_get1_peer_certificate(ssl);
    len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(peer), &key);
    g_assert_cmpint(
        EVP_Digest(key, (size_t)len, digest, &digest_len, EVP_sha256(), NULL), ==, 1);
    base64 = g_base64_encode(digest, digest_len);
    OPENSSL_free(key);
    X509_free(peer);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    close(fd);
    return g_strconcat("sha256//", base64, NULL);
}

/* Runs curl with the origin's key pinned, and its authority alone trusted. */
static StoryRun *
run_pinned(Story *story, const char *options)
{
    g_autofree char *pin = read_pin(story);
    g_autofree char *arguments =
        g_strdup_printf("%s -- " CURL "--cacert %s --pinnedpubkey %s "
                        "https://api.test/hello",
                        options, story->ca_file, pin);

    return story_run(story, arguments);
}

static void
test_pinned(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    story_write(story, "p.yaml", SEALED);
    run = run_pinned(story, "--config p.yaml");
    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==, "hello\n");
    story_assert_record(run, "\"event\":\"tls.open\"", "\"decision\":\"allow\"",
                        "p.yaml:2\"", "\"host\":\"api.test\"", "\"scheme\":\"tls\"");
    story_assert_record(run, "\"event\":\"tcp.open\"", "\"decision\":\"allow\"",
                        "\"addr\":\"127.0.0.1\"", "\"scheme\":\"tls\"");
    story_assert_record(run, "\"event\":\"tcp.close\"", "\"bytes_received\":");
    g_assert_cmpuint(story_count_records(run, "\"event\":\"http.request\"", NULL), ==,
                     0);
    story_assert_record(run, "\"event\":\"session.end\"", "\"allowed\":\"1\"",
                        "\"denied\":\"0\"");
}

/* The same client is not deceived where the flow is inspected. */
static void
test_pinned_inspected(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = run_pinned(story, "--allow api.test");
    g_auto(GStrv) requests = bns_origin_requests(story->https);

    /* CURLE_SSL_PINNEDPUBKEYNOTMATCH */
    story_assert_status(run, 90);
    g_assert_cmpuint(g_strv_length(requests), ==, 0);
}

typedef struct {
    const char *name;
    const char *program;
    const char *command; /* a shell command; $CA is the origin's authority */
} Client;

static const Client clients[] = {
    { "wget", "wget",
      "wget -nv -T 20 -t 1 -O - --ca-certificate=$CA https://api.test/hello" },
    { "node", "node",
      "NODE_EXTRA_CA_CERTS=$CA node -e "
      "\"require('https').get('https://api.test/hello', "
      "r => r.pipe(process.stdout))\"" },
    { "python", "python3",
      "python3 -c \"\n"
      "import ssl, urllib.request\n"
      "print(urllib.request.urlopen('https://api.test/hello', timeout=20, "
      "context=ssl.create_default_context(cafile='$CA')).read().decode())\n\"" },
    { "openssl", "openssl",
      "printf 'GET /hello HTTP/1.1\\r\\nHost: api.test\\r\\nConnection: "
      "close\\r\\n\\r\\n' | "
      "openssl s_client -ign_eof -quiet -verify_return_error -CAfile $CA -connect "
      "api.test:443" },
    { "a-split-record", "python3", "python3 split.py $CA" },
};

/* A TLS client whose bytes leave in writes of three, each ClientHello in records of ten. */
static const char split[] =
    "import socket, ssl, sys\n"
    "s = socket.create_connection(('api.test', 443), 20)\n"
    "s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)\n"
    "i, o = ssl.MemoryBIO(), ssl.MemoryBIO()\n"
    "c = ssl.create_default_context(cafile=sys.argv[1])\n"
    "t = c.wrap_bio(i, o, server_hostname='api.test')\n"
    "def send(data):\n"
    "    for at in range(0, len(data), 3): s.sendall(data[at:at + 3])\n"
    "def run(step):\n"
    "    while True:\n"
    "        try: return step()\n"
    "        except ssl.SSLWantReadError: pass\n"
    "        send(o.read())\n"
    "        i.write(s.recv(65536))\n"
    "try: t.do_handshake()\n"
    "except ssl.SSLWantReadError: pass\n"
    "hello = o.read()[5:]\n"
    "send(b''.join(b'\\x16\\3\\1' + len(hello[at:at + 10]).to_bytes(2, 'big') +\n"
    "              hello[at:at + 10] for at in range(0, len(hello), 10)))\n"
    "i.write(s.recv(65536))\n"
    "run(t.do_handshake)\n"
    "t.write(b'GET /hello HTTP/1.1\\r\\nHost: api.test\\r\\n\\r\\n')\n"
    "send(o.read())\n"
    "print(run(lambda: t.read(9999)).decode())\n";

static void
test_client(gconstpointer data)
{
    const Client *client = data;
    g_autoptr(Story) story = NULL;
    g_autoptr(StoryRun) run = NULL;
    g_autofree char *script = NULL;

    if (!story_needs(client->program))
        return;
    story = story_new();
    script = g_strdup_printf("CA=%s\n%s\n", story->ca_file, client->command);
    story_write(story, "client.sh", script);
    story_write(story, "split.py", split);
    story_write(story, "p.yaml", SEALED);
    run = story_run(story, "--config p.yaml -- sh client.sh");
    story_assert_out(run, "hello\n");
    story_assert_record(run, "\"event\":\"tcp.close\"", "\"scheme\":\"tls\"");
}

/* --- refusals --- */

/* Another name on the way to the sealed host's address is decided by itself. */
static void
test_other_name(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    story_write(story, "p.yaml", SEALED);
    run = story_run(story, "--config p.yaml -- " CURL
                           "--connect-to other.test:443:api.test:443 "
                           "-o /dev/null -w '%{http_code}' https://other.test/");
    g_assert_cmpstr(run->out, ==, "403");
    g_assert_cmpuint(bns_origin_connections(story->https), ==, 0);
}

static void
test_denied(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    story_write(story, "p.yaml", SEALED "deny:\n  - api.test/secret/**\n");
    run = story_run(story, "--config p.yaml -- " CURL "https://api.test/hello");
    g_assert_cmpint(run->status, !=, 0);
    story_assert_err(run, "access denied");
    story_assert_err(run, "tls://api.test:443");
    story_assert_record(run, "\"event\":\"tls.open\"", "\"decision\":\"deny\"",
                        "p.yaml:4\"");
    story_assert_record(run, "\"event\":\"session.end\"", "\"allowed\":\"0\"",
                        "\"denied\":\"1\"");
    g_assert_cmpuint(bns_origin_connections(story->https), ==, 0);
}

/* --- words --- */

#define NOTICE "allows nothing: they cannot be seen in a flow that is not inspected"

static void
test_check_warns(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) check = NULL;
    g_autoptr(StoryRun) run = NULL;

    story_write(story, "p.yaml",
                "allow:\n"
                "  - { domain: api.test, inspect: false, methods: [GET] }\n");
    check = story_run(story, "check --config p.yaml");
    story_assert_status(check, 0);
    story_assert_err(check, "p.yaml:2: ");
    story_assert_err(check, NOTICE);
    story_assert_out(check, "{ domain: api.test, methods: GET, inspect: false }\n");

    run = story_run(story, "--config p.yaml -- " CURL "https://api.test/hello");
    g_assert_cmpint(run->status, !=, 0);
    story_assert_err(run, NOTICE);
    g_assert_null(strstr(strstr(run->err, NOTICE) + 1, NOTICE));
    g_assert_cmpuint(bns_origin_connections(story->https), ==, 0);
}

static void
test_explain(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    story_write(story, "p.yaml", SEALED);
    run = story_run(story, "explain --config p.yaml POST https://api.test/anything");
    story_assert_status(run, 0);
    g_assert_true(g_str_has_prefix(run->out, "allow\t"));
    story_assert_out(run, "p.yaml:2\tan allow rule matches\n");
    story_assert_out(run, "which is sealed (inspect: false)");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 120);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/sealed", story_skip);
        return g_test_run();
    }
    bns_test_add("/e2e/sealed/a-pinned-key-is-met", test_pinned);
    bns_test_add("/e2e/sealed/a-pinned-key-is-not-met-inspected",
                 test_pinned_inspected);
    for (size_t i = 0; i < G_N_ELEMENTS(clients); i++) {
        g_autofree char *path = g_strconcat("/e2e/sealed/", clients[i].name, NULL);

        bns_test_add_data(path, &clients[i], test_client);
    }
    bns_test_add("/e2e/sealed/another-name-is-decided-by-itself", test_other_name);
    bns_test_add("/e2e/sealed/a-deny-with-a-path-refuses", test_denied);
    bns_test_add("/e2e/sealed/check-warns-of-methods", test_check_warns);
    bns_test_add("/e2e/sealed/explain-knows-it", test_explain);
    return g_test_run();
}
