/* SPDX-License-Identifier: Apache-2.0 */
/* What a run asked for becomes a policy, under which the same run is not blocked, and
 * another is. */
#include "tests/e2e/model_api.h"
#include "tests/e2e/npm.h"
#include "tests/e2e/registry.h"
#include "tests/e2e/server.h"
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#include <string.h>

#define CURL "curl -sS -m 20 -o /dev/null -w '%{http_code} ' "

static void
assert_exit(const StoryRun *run, int status)
{
    if (run->status != status << 8)
        g_error("status %d instead of %d: %s%s", run->status >> 8, status, run->out,
                run->err);
}

/* Returns: (transfer full): what `suggest` prints of the last session, which is p.yaml
 * besides. */
static char *
suggest(Story *story, const char *options)
{
    g_autofree char *arguments = g_strconcat("suggest ", options, NULL);
    g_autoptr(StoryRun) run = story_run(story, arguments);

    assert_exit(run, 0);
    g_assert_cmpstr(run->err, ==, "");
    story_write(story, "p.yaml", run->out);
    return g_steal_pointer(&run->out);
}

static void
assert_check(Story *story, int status, const char *out)
{
    g_autoptr(StoryRun) run = story_run(story, "suggest --check p.yaml");

    assert_exit(run, status);
    if (!g_str_has_prefix(run->out, out))
        g_error("it says: %s", run->out);
}

static unsigned
count_denied(const StoryRun *run)
{
    return story_count_records(run, "\"decision\":\"deny\"", NULL);
}

/* Items of `allow:` and `extends:`. */
static guint
count_items(const char *yaml)
{
    g_auto(GStrv) lines = g_strsplit(yaml, "\n", -1);
    guint n = 0;

    for (char **line = lines; *line != NULL; line++)
        n += g_str_has_prefix(*line, "  - ");
    return n;
}

/* Different hosts and methods that were asked. */
static guint
count_asked(const StoryRun *run)
{
    g_auto(GStrv) lines = g_strsplit(run->audit, "\n", -1);
    g_autoptr(GHashTable) asked =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GRegex) regex = g_regex_new(
        "\"event\":\"http.request\".*\"host\":(\"[^\"]*\").*\"method\":(\"[^\"]*\")",
        (GRegexCompileFlags)0, (GRegexMatchFlags)0, NULL);

    for (char **line = lines; *line != NULL; line++) {
        g_autoptr(GMatchInfo) match = NULL;

        if (g_regex_match(regex, *line, (GRegexMatchFlags)0, &match)) {
            g_autofree char *host = g_match_info_fetch(match, 1);
            g_autofree char *method = g_match_info_fetch(match, 2);

            g_hash_table_add(asked, g_strconcat(host, method, NULL));
        }
    }
    return g_hash_table_size(asked);
}

/* --- requests of curl --- */

#define REQUESTS                                                                       \
    CURL "https://api.test/hello https://api.test/hello?q=1 http://api.test/hello "    \
         "https://api.test/i/123456/x;" CURL                                           \
         "-X PUT -d x https://other.test/put/a;" CURL                                  \
         "https://a.wild.test/a//b https://other.test/@s%2fp"

static void
test_replay(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) first = story_run(story, "--observe -- sh -c \"" REQUESTS "\"");
    g_autofree char *yaml = suggest(story, "");
    g_autoptr(StoryRun) second = NULL;
    g_autoptr(StoryRun) other = NULL;

    story_assert_status(first, 0);
    g_assert_cmpuint(count_denied(first), ==, 0);
    if (strstr(yaml, "  # risky: sends data (PUT)\n"
                     "  - \"PUT https://other.test/put/a\"\n") == NULL)
        g_error("it says: %s", yaml);
    assert_check(story, 0, "ok 7 requests\n");
    second = story_run(story, "-c p.yaml -- sh -c \"" REQUESTS "\"");
    story_assert_status(second, 0);
    g_assert_cmpuint(count_denied(second), ==, 0);
    g_assert_cmpstr(second->out, ==, first->out);
    /* The id is another one; the rest was never asked for. */
    other = story_run(
        story, "-c p.yaml -- sh -c \"" CURL "https://api.test/i/98765/x;" CURL
               "https://api.test/bye;" CURL "-X PUT -d x https://other.test/put/b;" CURL
               "-X POST -d x https://api.test/hello\"");
    g_assert_true(g_str_has_suffix(other->out, " 403 403 403 "));
    g_assert_cmpuint(count_denied(other), ==, 3);
    assert_check(story, 1, "1\tGET https://api.test:443/bye\t");
}

static void
say_hello(int fd, void *data)
{
    server_say(fd, "hello");
}

/* What was blocked is a comment first, and what a deny rule blocked always. */
static void
test_denied(void)
{
    static const char blocked[] = "--deny 'other.test' -- sh -c \"" CURL
                                  "https://api.test/a;" CURL "https://other.test/b\"";
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) first = story_run(story, blocked);
    g_autofree char *comments = suggest(story, "");
    g_autofree char *yaml = NULL;
    g_autoptr(StoryRun) second = NULL;

    g_assert_cmpuint(count_denied(first), >, 0);
    g_assert_cmpuint(count_items(comments), ==, 0);
    g_assert_nonnull(strstr(comments, "\n#  - \"GET https://api.test/a\"\n"));
    assert_check(story, 1, "1\tGET https://api.test:443/a\t");
    yaml = suggest(story, "--denied");
    g_assert_cmpuint(count_items(yaml), ==, 1);
    g_assert_nonnull(strstr(yaml, "\n  - \"GET https://api.test/a\"\n"));
    g_assert_nonnull(strstr(yaml, "\n#   GET https://other.test:443/b, by "));
    second = story_run(story, "-c p.yaml -- sh -c \"" CURL "https://api.test/a;" CURL
                              "https://other.test/b\"");
    g_assert_cmpuint(count_denied(second), >, 0);
    g_assert_true(g_str_has_suffix(second->out, " 403 "));
    g_assert_false(g_str_has_prefix(second->out, "403"));
}

/* What passed by a deny rule, what the guard refused and who did not trust us are
 * comments; a flow that could not be read is a rule. */
static void
test_observed(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(Server) server = server_new(say_hello, NULL);
    g_autoptr(StoryRun) first = NULL;
    g_autoptr(StoryRun) second = NULL;
    g_autofree char *yaml = NULL;

    story_write(story, "t.py",
                "import socket, ssl\n"
                "s = socket.create_connection(('api.test', 2525), 20)\n"
                "print(s.makefile('rb').read(5))\n"
                "s = socket.create_connection(('a.wild.test', 443), 20)\n"
                "c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)\n"
                "try: c.wrap_socket(s, server_hostname='a.wild.test')\n"
                "except ssl.SSLCertVerificationError: print('not trusted')\n");
    story_option(story, "--resolve api.test:2525:127.0.0.1:%u", server_port(server));
    first =
        story_run(story, "--observe --deny other.test -- sh -c \"python3 t.py; " CURL
                         "https://other.test/b;" CURL "http://10.0.0.1/x;" CURL
                         "https://10.0.0.1/x\"");
    g_assert_cmpstr(first->out, ==, "b'hello'\nnot trusted\n200 403 403 ");
    yaml = suggest(story, "--denied");
    g_assert_nonnull(strstr(yaml, "\n  - \"tcp://api.test:2525\"\n"));
    g_assert_nonnull(strstr(yaml, "\n#   GET https://other.test:443/b, by "));
    g_assert_nonnull(strstr(yaml, "\n#   GET http://10.0.0.1:80/x, by "));
    g_assert_nonnull(strstr(yaml, "\n#   GET https://10.0.0.1:443/x, by "));
    g_assert_nonnull(strstr(yaml, "\n#  - domain: a.wild.test\n#    port: 443\n"
                                  "#    inspect: false\n"));
    /* The flow, and TLS to him who did not trust us. */
    g_assert_cmpuint(count_items(yaml), ==, 2);
    second = story_run(story, "-c p.yaml -- sh -c \"python3 t.py; " CURL
                              "https://other.test/b;" CURL "https://10.0.0.1/x\"");
    g_assert_cmpstr(second->out, ==, "b'hello'\nnot trusted\n403 403 ");
}

/* Returns: (transfer full): what `suggest --check` says of a policy with this text. */
static StoryRun *
check(Story *story, const char *yaml)
{
    story_write(story, "c.yaml", yaml);
    return story_run(story, "suggest --check c.yaml");
}

/* What depends on what records do not hold is not claimed. */
static void
test_conditions(void)
{
    static const char one[] = "allow:\n  - { domain: api.test, query: { q: '1' } }\n"
                              "  - { domain: other.test, path: /b }\n";
    static const char both[] = "allow:\n  - { domain: api.test, query: { q: '1' } }\n"
                               "  - api.test/hello\n  - other.test\n";
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) first =
        story_run(story, "--observe -- sh -c \"" CURL "https://api.test/hello?q=1;" CURL
                         "-d x https://other.test/b\"");
    g_autoptr(StoryRun) unknown = check(story, one);
    g_autoptr(StoryRun) known = check(story, both);
    g_autoptr(StoryRun) blocked = NULL;
    g_autoptr(StoryRun) denied = NULL;

    story_assert_status(first, 0);
    assert_exit(unknown, 2);
    g_assert_true(
        g_str_has_prefix(unknown->out, "1\tGET https://api.test:443/hello\t"));
    story_assert_out(unknown, "\tnot known: it depends on ");
    story_assert_out(unknown, "c.yaml:2)\n");
    g_assert_null(strstr(unknown->out, "other.test"));
    story_assert_err(unknown, "1 of 2 requests cannot be judged: ");
    assert_exit(known, 0);
    g_assert_cmpstr(known->out, ==, "ok 2 requests\n");
    blocked = check(story, "allow: [{ domain: api.test, content_type: [a/b] }]\n");
    assert_exit(blocked, 1);
    story_assert_out(blocked, "not known: ");
    story_assert_out(blocked, "1\tPOST https://other.test:443/b\t");
    denied =
        check(story, "allow: ['*']\ndeny: [{ domain: api.test, query: { q: '1' } }]\n");
    assert_exit(denied, 2);
    story_assert_out(denied, "c.yaml:2)\n");
}

static void
test_caps(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) first =
        story_run(story, "--observe -- sh -c \"head -c 5000 /dev/zero >z;" CURL
                         "--data-binary @z https://api.test/upload;" CURL
                         "--data-binary @z https://api.test/upload\"");
    g_autoptr(StoryRun) wide = check(story, "allow: [{ domain: api.test, "
                                            "max_request_bytes: 5000, "
                                            "max_session_bytes: 20000 }]\n");
    g_autoptr(StoryRun) request = NULL;
    g_autoptr(StoryRun) session = NULL;

    story_assert_status(first, 0);
    assert_exit(wide, 0);
    request = check(story, "allow: [{ domain: api.test, max_request_bytes: 4999 }]\n");
    assert_exit(request, 1);
    g_assert_true(
        g_str_has_prefix(request->out, "2\tPOST https://api.test:443/upload\t"));
    story_assert_out(request, "c.yaml:1)\n");
    session = check(story, "allow: [{ domain: api.test, max_session_bytes: 9999 }]\n");
    assert_exit(session, 1);
    g_assert_true(
        g_str_has_prefix(session->out, "1\tPOST https://api.test:443/upload\t"));
}

/* A program's name, made to write a rule. */
static void
test_hostile_name(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;
    g_autofree char *yaml = NULL;

    if (!story_needs("curl"))
        return;
    run = story_run(story, "--observe -- sh -c 'n=$(printf \"x\\n  - evil.test\\n#\"); "
                           "cp $(command -v curl) \"$n\" && ./\"$n\" -sS -o /dev/null "
                           "https://api.test/a'");
    story_assert_status(run, 0);
    yaml = suggest(story, "");
    g_assert_cmpuint(count_items(yaml), ==, 1);
    g_assert_nonnull(strstr(yaml, "x\\x0a  - evil.test\\x0a#\n"));
}

/* --- programs and registries --- */

typedef struct {
    const char *name;
    const char *kind; /* as of registries.c */
    const char *preset;
    const char *program;
    const char *script;
    const char *extends; /* what is suggested */
    /* Entries than methods of hosts; else as many: what is sent elsewhere than is read is
     * a rule of its own. */
    bool is_fewer;
} Client;

static const Client clients[] = {
    { "npm-install", "npm", "npm", "npm",
      "rm -rf p; mkdir p; cd p; echo '{}' >package.json\n"
      "npm install --registry https://$HOST/ --cache $PWD/cache --fetch-retries 0 "
      "--no-fund --loglevel error thing >&2\n"
      "node -p 'require(\"thing\")'",
      "extends:\n  - preset:npm\n", false },
    { "git-clone", "git", "github-read", "git",
      "rm -rf r; git clone -q https://$HOST/o/r.git && cat r/thing",
      "extends:\n  - preset:github-read\n", true },
};

static void
replay(Story *story,
       const Client *client,
       const char *command,
       const char *options,
       const char *extends)
{
    g_autofree char *open = g_strconcat("--observe -- ", command, NULL);
    g_autofree char *locked = g_strconcat("-c p.yaml -- ", command, NULL);
    g_autoptr(StoryRun) first = story_run(story, open);
    g_autofree char *yaml = NULL;
    g_autoptr(StoryRun) second = NULL;
    guint asked = count_asked(first);
    guint n;

    story_assert_status(first, 0);
    g_assert_cmpuint(count_denied(first), ==, 0);
    yaml = suggest(story, options);
    if ((strstr(yaml, "extends:") != NULL) != (extends != NULL) ||
        (extends != NULL && strstr(yaml, extends) == NULL))
        g_error("it says: %s", yaml);
    n = count_items(yaml);
    if (client->is_fewer ? n >= asked : n > asked)
        g_error("%u entries for %u methods of hosts: %s", n, asked, yaml);
    assert_check(story, 0, "ok ");
    second = story_run(story, locked);
    story_assert_status(second, 0);
    g_assert_cmpuint(count_denied(second), ==, 0);
    g_assert_cmpstr(second->out, ==, first->out);
}

static void
test_client(gconstpointer data)
{
    const Client *client = data;
    g_autoptr(Story) story = story_new();
    g_auto(Registry) registry = { 0 };
    g_autofree char *script = NULL;
    g_autofree char *command = NULL;

    if (!story_needs(client->program))
        return;
    registry_init(&registry, story, client->kind, client->preset, 0);
    script = story_file(story, "script", client->script);
    command = g_strconcat("sh ", script, NULL);
    replay(story, client, command, "", client->extends);
    replay(story, client, command, "--no-presets", NULL);
}

/* Both, of two sessions: fewer rules than hosts and methods. */
static void
test_merged(void)
{
    g_autoptr(Story) story = story_new();
    g_auto(Registry) npm = { 0 };
    g_auto(Registry) git = { 0 };
    g_autofree char *npm_script = NULL;
    g_autofree char *git_script = NULL;
    g_autofree char *npm_command = NULL;
    g_autofree char *git_command = NULL;
    g_autofree char *yaml = NULL;
    g_autoptr(StoryRun) first = NULL;
    g_autoptr(StoryRun) second = NULL;
    g_autoptr(StoryRun) check = NULL;
    guint asked;

    if (!story_needs("npm") || !story_needs("git"))
        return;
    registry_init(&npm, story, "npm", "npm", 0);
    npm_script = story_file(story, "npm", clients[0].script);
    npm_command = g_strdup_printf("--observe -- sh %s", npm_script);
    first = story_run(story, npm_command);
    story_assert_status(first, 0);
    registry_init(&git, story, "git", "github-read", 0);
    git_script = story_file(story, "git", clients[1].script);
    git_command = g_strdup_printf("--observe -- sh %s", git_script);
    second = story_run(story, git_command);
    story_assert_status(second, 0);
    asked = count_asked(first) + count_asked(second);
    yaml = suggest(story, "--since 1h");
    g_assert_cmpuint(count_items(yaml), <, asked);
    check = story_run(story, "suggest --all --check p.yaml");
    assert_exit(check, 0);
}

/* An agent's whole session, with what its preset brings. */
static void
test_agent(void)
{
    static const char command[] = "claude -p 'What did the boundary do?'";
    BnsTestCertSpec spec = { .common_name = "model API",
                             .names = "DNS:api.anthropic.com" };
    g_autoptr(Story) story = story_new();
    g_autoptr(BnsTestCert) leaf = NULL;
    g_autoptr(BnsOrigin) api = NULL;
    g_autoptr(StoryRun) first = NULL;
    g_autoptr(StoryRun) second = NULL;
    g_autofree char *arguments = g_strdup_printf("--observe -- %s", command);
    g_autofree char *locked = g_strdup_printf("-c p.yaml -- %s", command);
    g_autofree char *yaml = NULL;
    SSL_CTX *ssl_ctx;

    if (!story_npm(story, "@anthropic-ai/claude-code"))
        return;
    spec.issuer = story->authority;
    leaf = bns_test_cert_new(&spec);
    ssl_ctx = bns_test_cert_server(leaf, NULL);
    api = bns_origin_new(ssl_ctx);
    SSL_CTX_free(ssl_ctx);
    bns_origin_set_answer(api, model_api_answer);
    story_setenv(story, "ANTHROPIC_API_KEY", "sk-stand-in");
    story_setenv(story, "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1");
    story_option(story, "--resolve api.anthropic.com:443:127.0.0.1:%u",
                 bns_origin_port(api));
    first = story_run(story, arguments);
    story_assert_status(first, 0);
    story_assert_out(first, MODEL_API_ANSWER);
    g_assert_cmpuint(count_denied(first), ==, 0);
    yaml = suggest(story, "");
    g_assert_nonnull(strstr(yaml, "  - preset:claude-code\n"));
    if (count_items(yaml) >= count_asked(first))
        g_error("%u methods of hosts: %s", count_asked(first), yaml);
    second = story_run(story, locked);
    story_assert_status(second, 0);
    story_assert_out(second, MODEL_API_ANSWER);
    g_assert_cmpuint(count_denied(second), ==, 0);
}

/* --- what is wrong --- */

typedef struct {
    const char *name;
    const char *script; /* after a session whose file is $FILE */
    int status;
    const char *error; /* in standard error */
} Row;

static const Row rows[] = {
    { "no-such-file", "suggest ./no-such", 2, "Could not open \"./no-such\"" },
    { "no-such-session", "suggest zzz", 2, "no session whose id begins so" },
    { "a-directory", "suggest ./", 2, "Is a directory" },
    { "no-audit-file", "suggest ./p.yaml", 2, "There is no record in what was read" },
    { "a-second-file-is-missing", "suggest $FILE ./no-such", 2, "./no-such" },
    { "an-output-that-is-there", "suggest --output p.yaml", 2,
      "Could not create \"p.yaml\": File exists" },
    { "no-place-to-print", "suggest > /dev/full", 2, "standard output: No space left" },
    { "a-policy-that-is-none", "suggest --check bad.yaml", 2, "bad.yaml:1:1: " },
    { "a-policy-that-is-missing", "suggest --check ./no-such", 2, "no-such" },
    { "a-broken-chain", "suggest ./changed", 0,
      "./changed: broken at seq 2: the line is not what its hash says: it may not say "
      "what happened\n" },
    { "a-last-line-without-end", "suggest ./torn", 0,
      "./torn: the last line has no end, and is left out\n" },
    { "a-broken-chain-that-is-checked", "suggest --check p.yaml ./changed", 1,
      "broken at seq 2" },
    { "a-deny-rule-for-the-address-that-was-dialled",
      "suggest --check cidr.yaml ./public", 1, "" },
    { "a-private-address-of-an-opaque-flow", "suggest --check cidr.yaml ./private", 1,
      "" },
    { "a-file-that-is-made", "suggest --output new.yaml && \"$BNS\" check -c new.yaml",
      0, "" },
};

#define RECORD(event, port, scheme, addr)                                              \
    "{\"v\":1,\"seq\":1,\"event\":\"" event                                            \
    "\",\"decision\":\"allow\",\"host\":\"a.test\",\"addr\":\"" addr                   \
    "\",\"port\":" port ",\"scheme\":\"" scheme                                        \
    "\",\"method\":\"GET\",\"path\":\"/\"}\n"

static void
test_wrong(gconstpointer data)
{
    const Row *row = data;
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) session =
        story_run(story, "--allow '*' -- sh -c \"" CURL "https://api.test/hello\"");
    g_autofree char *script =
        g_strconcat("FILE=$(ls \"$HOME\"/.local/state/boundary-ns/audit/*.jsonl)\n"
                    "sed '2s/seq/Seq/' \"$FILE\" > changed\n"
                    "{ cat \"$FILE\"; printf '{\"v\":1'; } > torn\n"
                    "exec 3>&1; \"$BNS\" ",
                    row->script, NULL);
    g_autoptr(StoryRun) run = NULL;

    story_assert_status(session, 0);
    story_write(story, "p.yaml", "version: 1\n");
    story_write(story, "bad.yaml", "alow: []\n");
    story_write(
        story, "cidr.yaml",
        "allow: [ a.test, tcp://a.test:22 ]\ndeny: [ { cidr: 192.0.1.0/24 } ]\n");
    story_write(story, "public", RECORD("http.request", "443", "https", "192.0.1.7"));
    story_write(story, "private", RECORD("tcp.open", "22", "tcp", "10.0.0.7"));
    run = story_shell(story, script);
    assert_exit(run, row->status);
    if (strstr(run->err, row->error) == NULL)
        g_error("it says: %s", run->err);
    if (row->status == 2)
        g_assert_cmpstr(run->out, ==, "");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 250);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/suggest/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    bns_test_add("/e2e/suggest/the-same-run-is-not-blocked", test_replay);
    bns_test_add("/e2e/suggest/what-was-blocked", test_denied);
    bns_test_add("/e2e/suggest/what-was-observed", test_observed);
    bns_test_add("/e2e/suggest/check/conditions", test_conditions);
    bns_test_add("/e2e/suggest/check/caps", test_caps);
    bns_test_add("/e2e/suggest/a-program-with-a-hostile-name", test_hostile_name);
    for (size_t i = 0; i < G_N_ELEMENTS(clients); i++) {
        g_autofree char *path =
            g_strdup_printf("/e2e/suggest/replay/%s", clients[i].name);

        bns_test_add_data(path, &clients[i], test_client);
    }
    bns_test_add("/e2e/suggest/replay/two-sessions", test_merged);
    bns_test_add("/e2e/suggest/replay/an-agent", test_agent);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strdup_printf("/e2e/suggest/wrong/%s", rows[i].name);

        bns_test_add_data(path, &rows[i], test_wrong);
    }
    return g_test_run();
}
