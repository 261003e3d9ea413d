/* SPDX-License-Identifier: Apache-2.0 */
/* Rules decide what a real curl gets, and what does not decide does not. */
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <string.h>

#define CURL      "curl -sS -m 20"
#define CURL_CODE CURL " -o /dev/null -w '%{http_code}'"

static void
test_no_rule(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = story_run(story, "-- " CURL " -i https://api.test/hello");

    story_assert_status(run, 0);
    story_assert_out(run, "HTTP/1.1 403 Forbidden");
    story_assert_out(run, "Request Blocked by Boundary");
    story_assert_out(run, "Network request blocked by Agent Boundaries policy.");
    story_assert_record(run, "\"event\":\"http.request\"", "\"decision\":\"deny\"",
                        "\"host\":\"api.test\"", "\"path\":\"/hello\"",
                        "\"status\":403");
    story_assert_err(run, "--allow '");
    g_assert_cmpuint(bns_origin_connections(story->https), ==, 0);
}

static void
test_allow_host(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run =
        story_run(story, "--allow api.test -- " CURL " https://api.test/hello");

    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==, "hello\n");
    story_assert_record(run, "\"event\":\"http.request\"", "\"decision\":\"allow\"",
                        "\"rule\":\"--allow#1\"", "\"addr\":\"127.0.0.1\"");
    story_assert_record(run, "\"event\":\"http.response\"", "\"status\":200",
                        "\"bytes_received\":6");
    story_assert_record(run, "\"event\":\"session.end\"", "\"allowed\":\"1\"",
                        "\"denied\":\"0\"");
}

typedef struct {
    const char *name;
    const char *arguments; /* of curl */
    const char *code;
} Row;

static const Row rows[] = {
    { "get-anything", "https://api.test/x/y", "200" },
    { "head-anything", "-I https://api.test/x", "200" },
    { "post-below-the-path", "-d a=b https://api.test/api/issues/7", "200" },
    { "post-elsewhere", "-d a=b https://api.test/api/pulls/7", "403" },
    { "post-beside-the-path", "-d a=b https://api.test/api/issues", "403" },
    { "post-out-of-the-path",
      "-d a=b --path-as-is https://api.test/api/issues/../pulls", "403" },
    { "post-out-of-the-path-encoded", "-d a=b https://api.test/api/issues/%2e%2e/pulls",
      "403" },
    { "another-host", "https://other.test/", "403" },
    { "plain-http-too", "http://api.test/x", "200" },
    { "backslash", "'https://api.test/a\\b'", "400" },
    { "method-in-lower-case", "-X get https://api.test/x", "403" },
};

static void
test_row(gconstpointer data)
{
    const Row *row = data;
    g_autoptr(Story) story = story_new();
    g_autofree char *arguments = g_strconcat(
        "--allow api.test/api/issues/* --allow 'GET,HEAD api.test' -- " CURL_CODE " ",
        row->arguments, NULL);
    g_autoptr(StoryRun) run = story_run(story, arguments);

    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==, row->code);
}

static void
test_config_file(void)
{
    g_autoptr(Story) story = story_new();
    g_autofree char *team =
        story_file(story, "team.yaml", "allow:\n  - api.test/hello\n");
    story_write(story, "boundary.yaml",
                "version: 1\nextends: [./team.yaml]\ndeny:\n"
                "  - { domain: other.test, reason: \"not that one\" }\n");
    g_autoptr(StoryRun) allowed = story_run(story, "run --config boundary.yaml -- " CURL
                                                   " https://api.test/hello");
    g_autoptr(StoryRun) denied =
        story_run(story, "run --config boundary.yaml -- " CURL " https://other.test/");
    g_autoptr(StoryRun) near = NULL;
    g_autofree char *origin = g_strdup_printf("\"rule\":\"%s:2\"", team);

    g_assert_cmpstr(allowed->out, ==, "hello\n");
    story_assert_record(allowed, "http.request", "\"allow\"", origin);
    story_assert_out(denied, "Reason: not that one\nRule: boundary.yaml:4\n");
    near = story_run(story, "run -c boundary.yaml -- " CURL " https://api.test/hullo");
    story_assert_out(near, "Reason: no rule for this host allows this path\n"
                           "Nearest rule: team.yaml:2\n");
    story_assert_no_out(near, story->work);
}

static void
test_workspace_is_not_trusted(void)
{
    g_autoptr(Story) story = story_new();
    story_write(story, "boundary.yaml", "allow:\n  - \"*\"\n");
    story_write(story, "config.yaml", "allow:\n  - \"*\"\n");
    g_autoptr(StoryRun) run =
        story_run(story, "-- " CURL_CODE " https://api.test/hello");

    g_assert_cmpstr(run->out, ==, "403");
}

static void
test_bad_config(void)
{
    g_autoptr(Story) story = story_new();
    g_autofree char *file =
        story_file(story, "bad.yaml", "allow:\n  - domain: api.test\n    pfad: /x\n");
    g_autofree char *place = g_strdup_printf("%s:3:5: ", file);
    g_autoptr(StoryRun) run = story_run(story, "-c bad.yaml -- touch ran");
    g_autofree char *ran = g_build_filename(story->work, "ran", NULL);

    story_assert_status(run, 125);
    story_assert_err(run, place);
    story_assert_err(run, "pfad");
    g_assert_false(g_file_test(ran, G_FILE_TEST_EXISTS));
}

static void
test_json_block(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run =
        story_run(story, "-- " CURL
                         " -H 'Accept: application/json' https://api.test/v1/messages");

    story_assert_out(run, "\"type\":\"boundary_denied\"");
    story_assert_out(run, "\"message\":");
}

static void
test_check_and_explain(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) check = story_run(story, "check --allow 'GET api.test/x/*'");
    g_autoptr(StoryRun) yes =
        story_run(story, "explain --allow api.test GET https://api.test/x");
    g_autoptr(StoryRun) no =
        story_run(story, "explain --allow api.test tcp://api.test:22");
    g_autoptr(StoryRun) bad = story_run(story, "check --allow 'api.test:0'");
    g_autoptr(StoryRun) unreadable = story_run(story, "explain -c /nonexistent x.test");

    story_assert_status(check, 0);
    g_assert_true(g_str_has_prefix(check->out, "ok: 1 rules\n--allow#1\tallow\t"));
    story_assert_status(yes, 0);
    g_assert_true(g_str_has_prefix(yes->out, "allow\t--allow#1\t"));
    story_assert_status(no, 1);
    g_assert_true(g_str_has_prefix(no->out, "deny\t-\t"));
    story_assert_out(no, "tcp://api.test:22");
    story_assert_status(bad, 1);
    story_assert_err(bad, "--allow#1: ");
    story_assert_status(unreadable, 2);
}

static void
test_disabled(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    story_setenv(story, "BOUNDARY_ENABLED", "false");
    run = story_run(story, "-- sh -c 'echo direct; exit 5'");
    story_assert_status(run, 5);
    g_assert_cmpstr(run->out, ==, "direct\n");
    story_assert_err(run, "boundary-ns: ");
}

static void
test_environment_allow(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    story_setenv(story, "BOUNDARY_ALLOW", "GET api.test");
    run = story_run(story, "-- " CURL " https://api.test/hello");
    g_assert_cmpstr(run->out, ==, "hello\n");
    story_assert_record(run, "\"rule\":\"$BOUNDARY_ALLOW\"");
}

/* A program reads what a person does. */
static void
test_check_as_json(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;
    g_autoptr(StoryRun) bad = NULL;

    story_write(story, "p.yaml", "allow: [api.test]\nfiles: {read_only: [kept]}\n");
    story_write(story, "bad.yaml", "alow: []\n");
    run = story_shell(
        story,
        "mkdir kept; \"$BNS\" check -c p.yaml --format json | python3 -c '\n"
        "import json, sys\n"
        "policy = json.load(sys.stdin)\n"
        "print(policy[\"valid\"], policy[\"files\"][0][-7:],\n"
        "      [rule[\"rule\"] for rule in policy[\"rules\"]],\n"
        "      [s[\"value\"][-5:] for s in policy[\"settings\"]\n"
        "       if s[\"key\"] == \"read_only\" and \"p.yaml\" in s[\"origin\"]])\n"
        "'");
    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==, "True /p.yaml ['api.test'] ['/kept']\n");
    bad = story_shell(story, "exec \"$BNS\" check -c bad.yaml --format json");
    g_assert_cmpint(bad->status, ==, 1 << 8);
    story_assert_out(bad, "\"valid\":false,\"error\":\"");
    story_assert_out(bad, "bad.yaml:1:1: unknown key \\\"alow\\\": is it allow?\"}\n");
    story_assert_err(bad, "bad.yaml:1:1: unknown key \"alow\": is it allow?");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/policy/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    bns_test_add("/e2e/policy/no-rule-blocks-everything", test_no_rule);
    bns_test_add("/e2e/policy/allow-lets-a-host-through", test_allow_host);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strdup_printf("/e2e/policy/rules/%s", rows[i].name);

        bns_test_add_data(path, &rows[i], test_row);
    }
    bns_test_add("/e2e/policy/config-file-and-what-it-extends", test_config_file);
    bns_test_add("/e2e/policy/files-of-the-workspace-are-not-trusted",
                 test_workspace_is_not_trusted);
    bns_test_add("/e2e/policy/bad-config-runs-nothing", test_bad_config);
    bns_test_add("/e2e/policy/json-clients-get-json", test_json_block);
    bns_test_add("/e2e/policy/check-and-explain", test_check_and_explain);
    bns_test_add("/e2e/policy/check-as-json", test_check_as_json);
    bns_test_add("/e2e/policy/disabled-runs-directly", test_disabled);
    bns_test_add("/e2e/policy/environment-holds-one-more-rule", test_environment_allow);
    return g_test_run();
}
