/* SPDX-License-Identifier: Apache-2.0 */
/* Presets: a command that is called like an agent gets what that agent needs, and says
 * so; what an agent needs of a home is there, and outlives the session. */
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define API    "api.anthropic.com"
#define NOTICE "policy: preset claude-code, for claude; auto_preset: false"

/* Asks the API as Claude Code does, and sends telemetry, which nobody needs. */
static const char agent[] =
    "#!/bin/sh\n"
    "code() { curl -sS -m 20 -o /dev/null -w '%{http_code}\\n' \"$@\"; }\n"
    "code -d x https://" API "/v1/messages\n"
    "code -d x https://" API "/api/event_logging/v2/batch\n"
    "echo key=$ANTHROPIC_API_KEY token=$GH_TOKEN\n"
    "cat ~/.claude/.credentials.json ~/.codex/auth.json 2>&1\n"
    "echo new >~/.claude.json.tmp && mv ~/.claude.json.tmp ~/.claude.json\n"
    "echo line >>~/.claude/projects/p.jsonl\n"
    "echo evil >~/.claude/settings.json\n";

typedef struct {
    Story *story;
    BnsOrigin *api;
} Fixture;

static BnsOrigin *
stand_in(const Story *story, const char *host)
{
    g_autofree char *names = g_strconcat("DNS:", host, NULL);
    BnsTestCertSpec spec = { .issuer = story->authority,
                             .common_name = "stand-in",
                             .names = names };
    g_autoptr(BnsTestCert) leaf = bns_test_cert_new(&spec);
    SSL_CTX *ssl_ctx = bns_test_cert_server(leaf, NULL);
    BnsOrigin *origin = bns_origin_new(ssl_ctx);

    SSL_CTX_free(ssl_ctx);
    return origin;
}

static void
save_in_home(const Story *story, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(story->home, name, NULL);
    g_autofree char *dir = g_path_get_dirname(path);

    g_assert_cmpint(g_mkdir_with_parents(dir, 0700), ==, 0);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void
assert_in_home(const Story *story, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(story->home, name, NULL);
    g_autofree char *now = NULL;

    g_file_get_contents(path, &now, NULL, NULL);
    g_assert_cmpstr(now, ==, text);
}

static void
fixture_init(Fixture *f)
{
    g_autofree char *program = NULL;

    f->story = story_new();
    f->api = stand_in(f->story, API);
    program = story_file(f->story, "claude", agent);
    g_assert_cmpint(g_chmod(program, 0755), ==, 0);
    story_option(f->story, "--resolve " API ":443:127.0.0.1:%u",
                 bns_origin_port(f->api));
    story_setenv(f->story, "ANTHROPIC_API_KEY", "sk-a");
    story_setenv(f->story, "GH_TOKEN", "ghp-b");
    save_in_home(f->story, ".claude/.credentials.json", "login-of-claude\n");
    save_in_home(f->story, ".claude/projects/p.jsonl", "");
    save_in_home(f->story, ".claude/settings.json", "mine\n");
    save_in_home(f->story, ".claude.json", "old\n");
    save_in_home(f->story, ".codex/auth.json", "login-of-codex\n");
}

static void
fixture_clear(Fixture *f)
{
    bns_origin_free(f->api);
    story_free(f->story);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Fixture, fixture_clear)

static void
assert_served(const Fixture *f, const StoryRun *run)
{
    story_assert_status(run, 0);
    story_assert_out(run, "200\n403\n");
    story_assert_out(run, "key=sk-a token=\n");
    story_assert_out(run, "login-of-claude\n");
    story_assert_no_out(run, "login-of-codex");
    assert_in_home(f->story, ".claude.json", "new\n");
    assert_in_home(f->story, ".claude/projects/p.jsonl", "line\n");
    assert_in_home(f->story, ".claude/settings.json", "mine\n");
    story_assert_record(run, "http.request", "\"allow\"", "\"path\":\"/v1/messages\"",
                        "\"rule\":\"preset:claude-code:");
    story_assert_record(run, "http.request", "\"deny\"", "/api/event_logging");
    story_assert_record(run, "session.start", "\"preset:claude-code\"");
}

/* No policy at all: the newcomer. */
static void
test_command(void)
{
    g_auto(Fixture) f = { 0 };
    g_autoptr(StoryRun) run = NULL;

    fixture_init(&f);
    run = story_run(f.story, "-- ./claude");
    assert_served(&f, run);
    story_assert_err(run, NOTICE);
}

static void
test_quiet(void)
{
    g_auto(Fixture) f = { 0 };
    g_autoptr(StoryRun) run = NULL;

    fixture_init(&f);
    run = story_run(f.story, "-q -- ./claude");
    assert_served(&f, run);
    story_assert_no_err(run, "preset");
}

/* Somebody has named it: nothing to say. */
static void
test_named(void)
{
    static const char *const arguments[] = { "--preset claude-code -- ./claude",
                                             "--config p.yaml -- ./claude" };

    for (size_t i = 0; i < G_N_ELEMENTS(arguments); i++) {
        g_auto(Fixture) f = { 0 };
        g_autoptr(StoryRun) run = NULL;

        fixture_init(&f);
        story_write(f.story, "p.yaml", "extends: [preset:npm, preset:claude-code]\n");
        run = story_run(f.story, arguments[i]);
        assert_served(&f, run);
        story_assert_no_err(run, "policy: preset");
    }
}

static void
test_stopped(void)
{
    g_auto(Fixture) f = { 0 };
    g_autoptr(StoryRun) run = NULL;

    fixture_init(&f);
    story_write(f.story, "p.yaml", "auto_preset: false\n");
    run = story_run(f.story, "--config p.yaml -- ./claude");
    story_assert_out(run, "403\n403\n");
    story_assert_no_out(run, "login-of-claude");
    story_assert_no_err(run, "policy: preset");
    assert_in_home(f.story, ".claude.json", "old\n");
    g_assert_cmpuint(bns_origin_connections(f.api), ==, 0);
}

/* What a policy hides stays so, and nothing else fails for it. */
static void
test_hidden(void)
{
    g_auto(Fixture) f = { 0 };
    g_autoptr(StoryRun) run = NULL;

    fixture_init(&f);
    run = story_run(f.story,
                    "--hide ~/.claude/.credentials.json --hide ~/.claude/projects "
                    "--hide ~/.claude.json -- ./claude");
    story_assert_out(run, "200\n403\n");
    story_assert_no_out(run, "login-of-claude");
    assert_in_home(f.story, ".claude.json", "old\n");
    assert_in_home(f.story, ".claude/projects/p.jsonl", "");
}

/* What cannot be had of a preset is said, and passed over. */
static void
test_odd_home(void)
{
    g_auto(Fixture) f = { 0 };
    g_autoptr(StoryRun) run = NULL;
    g_autofree char *settings = NULL;

    fixture_init(&f);
    settings = g_build_filename(f.story->home, ".claude.json", NULL);
    g_assert_cmpint(g_unlink(settings), ==, 0);
    g_assert_cmpint(g_mkdir(settings, 0700), ==, 0);
    run = story_run(f.story, "-- ./claude");
    story_assert_out(run, "200\n403\n");
    story_assert_out(run, "login-of-claude\n");
    story_assert_err(run, "/.claude.json is not kept: it is a directory");
}

/* A home in which the agent never was: nothing is missed, its login is kept. */
static void
test_first_time(void)
{
    g_auto(Fixture) f = { 0 };
    g_autoptr(StoryRun) run = NULL;
    g_autofree char *claude = NULL;

    fixture_init(&f);
    claude = g_strdup_printf("rm -r %s/.claude %s/.claude.json", f.story->home,
                             f.story->home);
    g_assert_true(g_spawn_command_line_sync(claude, NULL, NULL, NULL, NULL));
    run = story_run(f.story,
                    "--preset claude-code -- sh -c 'mkdir -p ~/.claude && echo token "
                    ">~/.claude/.credentials.json && echo {} >~/.claude.json'");
    story_assert_status(run, 0);
    assert_in_home(f.story, ".claude/.credentials.json", "token\n");
    assert_in_home(f.story, ".claude.json", "{}\n");
}

static void
test_unknown(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = story_run(story, "--preset npmm -- touch ran");
    g_autofree char *ran = g_build_filename(story->work, "ran", NULL);

    story_assert_status(run, 125);
    story_assert_err(run, "--preset#1: there is no preset \"npmm\": is it npm?");
    g_assert_false(g_file_test(ran, G_FILE_TEST_EXISTS));
}

static const char profiles[] = "allow: [\"GET api.test\"]\n"
                               "profiles:\n"
                               "  review:\n"
                               "    for: [sh]\n"
                               "    files: { read_only: [.] }\n"
                               "    deny: [api.test/secret]\n"
                               "  deploy:\n"
                               "    allow: [\"POST api.test/hello\"]\n";

/* What programs the command starts are called does not matter. */
static const char look[] =
    " -c 'for m in GET POST; do curl -sS -m 20 -o /dev/null -w \"%{http_code} \" -X $m "
    "https://api.test/hello; done; curl -sS -m 20 -o /dev/null -w \"%{http_code}\\n\" "
    "https://api.test/secret; touch new && echo made'";

static const struct {
    const char *name;
    const char *arguments;
    const char *out;
    const char *err; /* NULL: not a word of profiles */
} profile_rows[] = {
    { "by-the-command", "-- sh", "200 403 403\n", "policy: profile review, for sh" },
    { "by-option", "--profile deploy -- sh", "200 200 200\nmade\n", NULL },
    { "quietly", "-q -- /bin/sh", "200 403 403\n", NULL },
    { "none", "-- bash", "200 403 200\nmade\n", NULL },
};

static void
test_profile(gconstpointer data)
{
    size_t i = GPOINTER_TO_SIZE(data);
    g_autoptr(Story) story = story_new();
    g_autofree char *arguments =
        g_strconcat("--config ../p.yaml ", profile_rows[i].arguments, look, NULL);
    g_autofree char *policy = g_build_filename(story->dir, "p.yaml", NULL);
    g_autoptr(StoryRun) run = NULL;

    g_assert_true(g_file_set_contents(policy, profiles, -1, NULL));
    run = story_run(story, arguments);
    g_assert_cmpstr(run->out, ==, profile_rows[i].out);
    if (profile_rows[i].err != NULL) {
        story_assert_err(run, profile_rows[i].err);
        story_assert_record(run, "session.start", "\"profile:review\"");
    } else {
        story_assert_no_err(run, "policy: profile");
    }
}

static void
test_unknown_profile(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;
    g_autofree char *ran = g_build_filename(story->work, "ran", NULL);

    story_write(story, "p.yaml", profiles);
    run = story_run(story, "--config p.yaml --profile reviews -- touch ran");
    story_assert_status(run, 125);
    story_assert_err(run, "--profile: there is no profile \"reviews\": is it review?");
    g_assert_false(g_file_test(ran, G_FILE_TEST_EXISTS));
}

static void
test_check_profile(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) check = NULL;
    g_autoptr(StoryRun) explain = NULL;

    story_write(story, "p.yaml", profiles);
    check = story_run(story, "check --config p.yaml --profile review");
    story_assert_status(check, 0);
    story_assert_out(check, "p.yaml:6\tdeny\tapi.test/secret\n");
    story_assert_out(check, "--profile\tprofile\treview\n");
    explain = story_run(
        story, "explain --config p.yaml --profile deploy POST https://api.test/hello");
    story_assert_status(explain, 0);
    story_assert_out(explain, "p.yaml:8\t");
}

typedef struct {
    const char *name;
    const char *arguments;
    int status;
    const char *out; /* NULL: nothing */
    const char *err;
} Row;

static const Row rows[] = {
    { "list", "preset list", 0, "\nnpm\tnpm, yarn, pnpm, bun: packages are read", "" },
    { "show", "preset show github-read", 0, "git-upload-pack", "" },
    { "show-unknown", "preset show githb", 2, NULL,
      "there is no preset \"githb\": is it github or gitlab?" },
    { "show-nothing", "preset show", 2, NULL, "use preset list, or preset show NAME" },
    { "list-one", "preset list npm", 2, NULL, "use preset list, or preset show NAME" },
    { "nothing", "preset", 2, NULL, "expected list, or show and the name of a preset" },
    { "another-word", "preset add npm", 2, NULL, "use preset list" },
    { "check", "check --preset github", 0, "preset:github-read:", "" },
    { "check-nested", "check --preset codex --preset vscode", 0, "\tnested\tfull", "" },
    { "check-unknown", "check --preset x", 1, NULL, "there is no preset \"x\"" },
    { "explain-allowed",
      "explain --preset github POST https://github.com/o/r/git-receive-pack", 0,
      "allow\tpreset:github:", "" },
    { "explain-denied",
      "explain --preset github-read POST https://github.com/o/r/git-receive-pack", 1,
      "deny\t-\t", "" },
};

static void
test_row(gconstpointer data)
{
    const Row *row = data;
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = story_run(story, row->arguments);

    story_assert_status(run, row->status);
    if (row->out != NULL)
        story_assert_out(run, row->out);
    else
        g_assert_cmpstr(run->out, ==, "");
    story_assert_err(run, row->err);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 120);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/presets/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    bns_test_add("/e2e/presets/the-command-chooses", test_command);
    bns_test_add("/e2e/presets/quietly", test_quiet);
    bns_test_add("/e2e/presets/somebody-has-chosen", test_named);
    bns_test_add("/e2e/presets/a-policy-stops-it", test_stopped);
    bns_test_add("/e2e/presets/a-policy-hides-more", test_hidden);
    bns_test_add("/e2e/presets/an-odd-home", test_odd_home);
    bns_test_add("/e2e/presets/a-first-time", test_first_time);
    bns_test_add("/e2e/presets/an-unknown-one", test_unknown);
    for (size_t i = 0; i < G_N_ELEMENTS(profile_rows); i++) {
        g_autofree char *path =
            g_strdup_printf("/e2e/presets/profile/%s", profile_rows[i].name);

        bns_test_add_data(path, GSIZE_TO_POINTER(i), test_profile);
    }
    bns_test_add("/e2e/presets/profile/an-unknown-one", test_unknown_profile);
    bns_test_add("/e2e/presets/profile/check-and-explain", test_check_profile);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strdup_printf("/e2e/presets/%s", rows[i].name);

        bns_test_add_data(path, &rows[i], test_row);
    }
    return g_test_run();
}
