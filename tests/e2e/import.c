/* SPDX-License-Identifier: Apache-2.0 */
/* Another program's file, imported and obeyed. */
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#include <string.h>

#define CURL "curl -sS -m 20 -o /dev/null -w '%{http_code} ' "

static const char settings[] =
    "{\n"
    "  \"permissions\": {\n"
    "    \"allow\": [\"Bash(make:*)\"],\n"
    "    \"deny\": [\"Bash(env:*)\", \"Read(~/private/**)\", \"Edit(kept/**)\"]\n"
    "  },\n"
    "  \"sandbox\": {\n"
    "    \"enabled\": true,\n"
    "    \"network\": {\n"
    "      \"allowedDomains\": [\"api.test\", \"other.test\"],\n"
    "      \"deniedDomains\": [\"other.test\"]\n"
    "    }\n"
    "  }\n"
    "}\n";

static void
assert_exit(const StoryRun *run, int status)
{
    if (run->status != status << 8)
        g_error("status %d instead of %d: %s", run->status >> 8, status, run->err);
}

static void
test_imported(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) import = NULL;
    g_autoptr(StoryRun) run = NULL;

    story_write(story, "settings.json", settings);
    import = story_shell(story, "mkdir -p \"$HOME/private\" kept; echo x > kept/file; "
                                "echo secret > \"$HOME/private/file\"; "
                                "exec \"$BNS\" import claude settings.json > p.yaml");
    assert_exit(import, 1);
    g_assert_cmpstr(
        import->err, ==,
        "settings.json:9: host \"api.test\" and others: other protocols than "
        "HTTP (a rule tcp://HOST:PORT allows one): not expressed; the result "
        "is narrower\n");
    run = story_run(story,
                    "-c p.yaml -- sh -c \"" CURL "https://api.test/hello; " CURL
                    "https://other.test/; cat ~/private/file; echo y > new && cat new; "
                    "echo z > kept/file; env; echo $?\"");
    story_assert_status(run, 0);
    story_assert_out(run, "200 403 y\n");
    story_assert_out(run, "126\n");
    g_assert_null(strstr(run->out, "secret"));
    story_assert_err(run, "Read-only file system");
}

/* What is printed is a policy, whatever came in by a pipe. */
static void
test_pipe(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = story_shell(
        story,
        "printf 'a.test # one\\n*.b.test\\n' | \"$BNS\" import domains - > p.yaml "
        "&& \"$BNS\" check -c p.yaml");

    story_assert_status(run, 0);
    g_assert_cmpstr(run->err, ==, "");
    story_assert_out(run, "ok: 2 rules\n");
    story_assert_out(run, "\tallow\t*.b.test\n");
}

typedef struct {
    const char *name;
    const char *script; /* behind "$BNS import" */
    const char *error;
} Row;

static const Row rows[] = {
    { "no-file", "srt nowhere.json",
      "boundary-ns: Could not read \"nowhere.json\": No "
      "such file or directory\n" },
    { "a-directory", "srt .", "boundary-ns: Could not read \".\": Is a directory\n" },
    { "a-fifo", "srt fifo",
      "boundary-ns: Could not read \"fifo\": not a regular file; lead it to standard "
      "input, -\n" },
    { "no-such-format", "cursor x.json",
      "boundary-ns: import: use claude, srt, domains, codex or coder\n" },
    { "no-json", "srt x.json", "boundary-ns: x.json:3:1: a : is missing\n" },
    { "an-empty-file", "claude /dev/stdin < empty",
      "boundary-ns: /dev/stdin:1:1: no JSON value: a string has quotation marks\n" },
    { "what-never-ends", "domains - < /dev/zero",
      "boundary-ns: -:1:1: larger than 1 MiB\n" },
    { "no-place-to-print", "domains list > /dev/full",
      "boundary-ns: standard output: No space left on device\n" },
};

static void
test_refused(gconstpointer data)
{
    const Row *row = data;
    g_autoptr(Story) story = story_new();
    g_autofree char *script =
        g_strconcat("mkfifo fifo; : > empty; exec \"$BNS\" import ", row->script, NULL);
    g_autoptr(StoryRun) run = NULL;

    story_write(story, "x.json", "{\n\"a\"\n}\n");
    story_write(story, "list", "a.test\n");
    run = story_shell(story, script);
    assert_exit(run, 2);
    g_assert_cmpstr(run->out, ==, "");
    g_assert_cmpstr(run->err, ==, row->error);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    if (bns_test_can_unshare())
        bns_test_add("/e2e/import/an-imported-policy-is-obeyed", test_imported);
    else
        bns_test_add("/e2e/import/an-imported-policy-is-obeyed", story_skip);
    bns_test_add("/e2e/import/from-a-pipe", test_pipe);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strdup_printf("/e2e/import/refused/%s", rows[i].name);

        bns_test_add_data(path, &rows[i], test_refused);
    }
    return g_test_run();
}
