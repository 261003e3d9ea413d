/* SPDX-License-Identifier: Apache-2.0 */
/* env: what of the user's environment is seen inside. */
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#include <string.h>

/* A story whose user has credentials, an agent's socket and a model's key. */
static Story *
story_with_secrets(void)
{
    Story *story = story_new();

    story_setenv(story, "AWS_SECRET_ACCESS_KEY", "hunter2-aws");
    story_setenv(story, "GITHUB_TOKEN", "hunter2-github");
    story_setenv(story, "PIP_INDEX_URL", "https://u:hunter2-pip@pypi.test/simple");
    story_setenv(story, "SSH_AUTH_SOCK", "/tmp/hunter2/agent");
    story_setenv(story, "ANTHROPIC_API_KEY", "sk-model");
    story_setenv(story, "EDITOR", "vi");
    return story;
}

/* No process inside has it in its environment, init neither. */
static const char look[] =
    "-- sh -c 'env; cat /proc/*/environ 2>/dev/null | tr \"\\\\0\" \"\\\\n\"'";

static void
test_hidden(void)
{
    static const char notice[] =
        "boundary-ns: hidden from the command: AWS_SECRET_ACCESS_KEY, GITHUB_TOKEN, "
        "PIP_INDEX_URL, SSH_AUTH_SOCK (--env NAME passes one)\n";
    g_autoptr(Story) story = story_with_secrets();
    g_autoptr(StoryRun) run = story_run(story, look);
    const char *said = strstr(run->err, notice);

    story_assert_status(run, 0);
    story_assert_no_out(run, "hunter2");
    story_assert_out(run, "ANTHROPIC_API_KEY=sk-model\n");
    story_assert_out(run, "EDITOR=vi\n");
    g_assert_nonnull(said);
    g_assert_null(strstr(said + strlen(notice), "hidden from"));
    story_assert_no_err(run, "hunter2");
    story_assert_record(run, "\"session.start\"",
                        ",\"env_hidden\":[\"AWS_SECRET_ACCESS_KEY\",\"GITHUB_TOKEN\","
                        "\"PIP_INDEX_URL\",\"SSH_AUTH_SOCK\"],\"prev\"");
    g_assert_null(strstr(run->audit, "hunter2"));
}

static void
test_quiet(void)
{
    g_autoptr(Story) story = story_with_secrets();
    g_autoptr(StoryRun) run = story_run(story, "-q -- env");

    story_assert_no_out(run, "hunter2");
    g_assert_cmpstr(run->err, ==, "");
    story_assert_record(run, "\"env_hidden\"");
}

static void
test_nothing_hidden(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = story_run(story, "-- true");

    story_assert_no_err(run, "hidden from");
    g_assert_null(strstr(run->audit, "env_hidden"));
}

static void
test_policy(void)
{
    g_autoptr(Story) story = story_with_secrets();
    g_autoptr(StoryRun) run = NULL;

    story_write(story, "p.yaml",
                "env:\n  pass: ['AWS_*']\n  set: { EDITOR: ed, PORT: 8080 }\n");
    run = story_run(story, "-c p.yaml --env GITHUB_TOKEN --env PORT=1 -- env");
    story_assert_status(run, 0);
    story_assert_out(run, "AWS_SECRET_ACCESS_KEY=hunter2-aws\n");
    story_assert_out(run, "GITHUB_TOKEN=hunter2-github\n");
    story_assert_out(run, "EDITOR=ed\n");
    story_assert_out(run, "PORT=1\n");
    story_assert_no_out(run, "hunter2-pip");
    story_assert_err(run, "command: PIP_INDEX_URL, SSH_AUTH_SOCK (");
}

static void
test_clean(void)
{
    g_autoptr(Story) story = story_with_secrets();
    g_autoptr(StoryRun) run = NULL;

    story_write(story, "p.yaml",
                "allow: [api.test]\nenv: { mode: clean, pass: [ANTHROPIC_API_KEY] }\n");
    run = story_run(story, "-c p.yaml -- sh -c 'env; curl -sS https://api.test/'");
    story_assert_status(run, 0);
    story_assert_out(run, "HOME=");
    story_assert_out(run, "LANG=C.UTF-8\n");
    story_assert_out(run, "ANTHROPIC_API_KEY=sk-model\n");
    story_assert_out(run, "SSL_CERT_FILE=");
    story_assert_no_out(run, "EDITOR");
    story_assert_no_out(run, "hunter2");
}

static void
test_check(void)
{
    g_autoptr(Story) story = story_with_secrets();
    g_autoptr(StoryRun) check = NULL;
    g_autoptr(StoryRun) bad = NULL;
    g_autofree char *file =
        story_file(story, "p.yaml", "env: { set: { A: hunter2 } }\n");
    g_autofree char *set = g_strdup_printf("%s:1\tenv.set\tA\n", file);
    g_autofree char *where = NULL;

    check = story_run(story, "check -c p.yaml --env GITHUB_TOKEN");
    story_assert_status(check, 0);
    story_assert_out(check, "env\tenv.mode\tinherit\n");
    story_assert_out(check, "tty\ttty.clipboard\tfalse\n");
    story_assert_out(check, "default\tenv.hide\tAWS_*\n");
    story_assert_out(check, set);
    story_assert_out(check, "--env#1\tenv.pass\tGITHUB_TOKEN\n");
    story_assert_out(check, "-\tenv.hidden\tAWS_SECRET_ACCESS_KEY\n");
    story_assert_no_out(check, "hidden\tGITHUB_TOKEN");
    story_assert_no_out(check, "hunter2");
    story_write(story, "p.yaml", "env:\n  set: { 'A*': x }\n");
    bad = story_run(story, "-c p.yaml -- true");
    where = g_strdup_printf(
        "%s:2:10: env.set: A*: is one name, without *: write each\n", file);
    story_assert_status(bad, 125);
    story_assert_err(bad, where);
}

/* The key is hidden; what git would say of it helps nobody. */
static void
test_signing(void)
{
    static const char notice[] =
        "boundary-ns: git signs commits here, and the key is out "
        "of reach: use git commit --no-gpg-sign";
    g_autoptr(Story) story = story_new();
    g_autofree char *path = g_build_filename(story->home, ".gitconfig", NULL);
    g_autoptr(StoryRun) told = NULL;
    g_autoptr(StoryRun) quiet = NULL;
    g_autoptr(StoryRun) other = NULL;

    g_assert_true(g_file_set_contents(path, "[commit]\n\tgpgsign = true\n", -1, NULL));
    told = story_run(story, "-- true");
    quiet = story_run(story, "-q -- true");
    other = story_run(story, "--env GIT_CONFIG_GLOBAL=/dev/null -- true");
    story_assert_err(told, notice);
    story_assert_no_err(quiet, "git signs");
    story_assert_no_err(other, "git signs");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/environment/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    bns_test_add("/e2e/environment/credentials-and-services-are-hidden", test_hidden);
    bns_test_add("/e2e/environment/quiet-is-quiet", test_quiet);
    bns_test_add("/e2e/environment/nothing-hidden-nothing-said", test_nothing_hidden);
    bns_test_add("/e2e/environment/a-policy-passes-and-sets", test_policy);
    bns_test_add("/e2e/environment/clean-is-clean", test_clean);
    bns_test_add("/e2e/environment/check-lists-it", test_check);
    bns_test_add("/e2e/environment/git-cannot-sign", test_signing);
    return g_test_run();
}
