/* SPDX-License-Identifier: Apache-2.0 */
/* coder/boundary's session headers: what an origin hears of the session. */
#include "tests/e2e/h2_origin.h"
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#include <string.h>

#define SESSION  "X-Coder-Agent-Firewall-Session-Id"
#define SEQUENCE "X-Coder-Agent-Firewall-Sequence-Number"
#define SPOOFED                                                                        \
    " -H '" SESSION ": spoofed' -H 'x_coder_agent_firewall_session_id: spoofed' "      \
    "-H '" SEQUENCE ": 99999' "
#define CURL   "curl -sS -m 20 --http1.1" SPOOFED
#define TARGET "--session-id-inject-target 'domain=api.test path=/echo' "
#define ENABLED                                                                        \
    "--enable-session-correlation " TARGET "--allow api.test --allow other.test "

/* Returns: (transfer full): what follows @name in the record of the request for @path. */
static char *
of_record(const StoryRun *run, const char *path, const char *name)
{
    g_auto(GStrv) lines = g_strsplit(run->audit, "\n", -1);

    for (char **line = lines; *line != NULL; line++)
        if (strstr(*line, "\"event\":\"http.request\"") != NULL &&
            strstr(*line, path) != NULL) {
            const char *at = strstr(*line, name) + strlen(name);

            return g_strndup(at, strcspn(at, "\","));
        }
    g_error("no request for %s in\n%s", path, run->audit);
}

/* Fails unless the origin heard exactly this request's. */
static void
assert_told(const StoryRun *run, const char *path)
{
    g_autofree char *session = of_record(run, path, "\"session\":\"");
    g_autofree char *seq = of_record(run, path, "\"seq\":");
    g_autofree char *out = g_ascii_strdown(run->out, -1);
    g_autofree char *expected =
        g_strdup_printf("x-coder-agent-firewall-session-id: %s\n"
                        "x-coder-agent-firewall-sequence-number: %s\n",
                        session, seq);

    g_assert_true(g_uuid_string_is_valid(session));
    g_assert_cmpint(session[14], ==, '4');
    if (strstr(out, expected) == NULL || strstr(out, "spoofed") != NULL ||
        strstr(out, "99999") != NULL)
        g_error("not told: %s in\n%s", expected, run->out);
}

static void
test_http1(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) tls =
        story_run(story, ENABLED "-- " CURL "https://api.test/echo");
    g_autoptr(StoryRun) plain =
        story_run(story, ENABLED "-- " CURL "http://api.test/echo");

    story_assert_status(tls, 0);
    assert_told(tls, "\"path\":\"/echo\"");
    assert_told(plain, "\"path\":\"/echo\"");
}

static void
test_http2(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(H2Origin) origin = h2_origin_new(
        story, "stream.respond({ ':status': 200 });\n"
               "let text = '';\n"
               "for (const name in head)\n"
               "  if (name.startsWith('x')) text += `${name}: ${head[name]}\\n`;\n"
               "stream.end(text);\n");

    if (origin == NULL)
        return;
    g_autoptr(StoryRun) run = story_run(
        story, "--enable-session-correlation --session-id-inject-target domain=h2.test "
               "--allow h2.test -- curl -sS -m 60" SPOOFED "https://h2.test/x");
    story_assert_status(run, 0);
    assert_told(run, "\"path\":\"/x\"");
}

/* The rest of the world hears nothing of it. */
static void
test_others(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) other =
        story_run(story, ENABLED "-- curl -sS -m 20 --http1.1 https://api.test/echo?x "
                                 "https://api.test/hello https://other.test/echo");
    g_autoptr(StoryRun) off = story_run(
        story, TARGET "--allow api.test -- curl -sS -m 20 https://api.test/echo");

    story_assert_status(other, 0);
    story_assert_out(other, SESSION ": ");
    g_assert_null(strstr(strstr(other->out, SEQUENCE) + 1, SESSION));
    story_assert_no_out(off, SESSION);
}

/* An existing command line and file work. */
static void
test_settings(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;
    g_autoptr(StoryRun) check = NULL;
    g_autoptr(StoryRun) missing =
        story_run(story, "--enable-session-correlation -- touch ran");

    story_assert_status(missing, 125);
    story_assert_err(missing, "session correlation: no target: ");
    story_write(story, "coder.yaml",
                "allowlist: [domain=api.test]\nsession_correlation_enabled: true\n"
                "session_id_inject_targets: [domain=api.test path=/echo]\n");
    run = story_run(story, "-c coder.yaml -- " CURL "https://api.test/echo");
    assert_told(run, "\"path\":\"/echo\"");
    story_assert_no_err(run, "no effect");
    check = story_run(story, "check -c coder.yaml");
    story_assert_out(check, "coder.yaml:3\tsession_id_inject_target\tapi.test/echo\n");
    story_setenv(story, "CODER_AGENT_URL", "https://api.test/");
    story_setenv(story, "BOUNDARY_SESSION_CORRELATION_ENABLED", "true");
    g_autoptr(StoryRun) agent =
        story_run(story, "--allow api.test -- " CURL
                         "https://api.test/api/v2/aibridge/x https://api.test/echo");
    story_assert_status(agent, 0);
    story_assert_out(agent, "spoofed");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/correlation/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    bns_test_add("/e2e/correlation/http1-tells-and-overwrites", test_http1);
    bns_test_add("/e2e/correlation/http2-tells-and-overwrites", test_http2);
    bns_test_add("/e2e/correlation/no-other-request-tells", test_others);
    bns_test_add("/e2e/correlation/settings-of-coder-boundary", test_settings);
    return g_test_run();
}
