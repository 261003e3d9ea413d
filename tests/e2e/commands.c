/* SPDX-License-Identifier: Apache-2.0 */
/* commands: what the command may not execute. */
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

/* Runs sh with @script under a policy of @commands, with work/bin in its PATH. */
static StoryRun *
run_with(Story *story, const char *commands, const char *script)
{
    g_autofree char *policy = g_strdup_printf("commands:\n  deny:\n%s", commands);
    g_autofree char *quoted = g_shell_quote(script);
    g_autofree char *arguments = g_strdup_printf("-c p.yaml -- sh -c %s", quoted);
    g_autofree char *path =
        g_strdup_printf("%s/bin:%s", story->work, g_environ_getenv(story->env, "PATH"));

    story_setenv(story, "PATH", path);
    story_write(story, "p.yaml", policy);
    return story_run(story, arguments);
}

/* work/bin/tool, which prints its name, with two further ones. */
static void
install_tool(const Story *story)
{
    g_autofree char *bin = g_build_filename(story->work, "bin", NULL);
    g_autofree char *tool = g_build_filename(bin, "tool", NULL);
    g_autofree char *twin = g_build_filename(bin, "twin", NULL);
    g_autofree char *link = g_build_filename(bin, "other", NULL);

    g_assert_cmpint(g_mkdir(bin, 0755), ==, 0);
    g_assert_true(g_file_set_contents_full(tool, "#!/bin/sh\necho ran ${0##*/}\n", -1,
                                           G_FILE_SET_CONTENTS_NONE, 0755, NULL));
    g_assert_cmpint(linkat(AT_FDCWD, tool, AT_FDCWD, twin, 0), ==, 0);
    g_assert_cmpint(symlink("tool", link), ==, 0);
}

static void
test_all_names(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    install_tool(story);
    run = run_with(story, "    - {command: tool, reason: ask the user for it}\n",
                   "for t in tool twin other; do $t; echo $?; done; cp bin/tool c; "
                   "./c; echo $?");
    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==, "126\n126\n126\n126\n");
    story_assert_err(run, "boundary-ns: tool is not permitted by policy (");
    story_assert_err(run, "/p.yaml:3): ask the user for it\n");
}

/* Without the policy they do run. */
static void
test_nothing_denied(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    install_tool(story);
    run = run_with(story, "    - absent\n", "tool; twin; other");
    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==, "ran tool\nran twin\nran other\n");
}

/* A copy is another file: the manual says so. */
static void
test_copy_from_before(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    install_tool(story);
    story_write(story, "copy", "#!/bin/sh\necho ran copy\n");
    run = run_with(story, "    - tool\n", "chmod +x copy; ./copy");
    g_assert_cmpstr(run->out, ==, "ran copy\n");
}

/* Not even a shell is needed to say no to one. */
static void
test_shell(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = run_with(story, "    - /bin/sh\n", "echo ran");
    g_autoptr(StoryRun) other = story_run(story, "-c p.yaml -- env echo yes");

    story_assert_status(run, 126);
    story_assert_no_out(run, "ran");
    story_assert_err(run, "boundary-ns: /bin/sh is not permitted by policy (");
    story_assert_record(run, "\"session.end\"", "\"exit\":\"126\"");
    story_assert_status(other, 0);
    g_assert_cmpstr(other->out, ==, "yes\n");
}

static void
test_check(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) good = NULL;
    g_autoptr(StoryRun) bad = NULL;
    g_autofree char *line = NULL;

    install_tool(story);
    story_write(story, "p.yaml", "commands:\n  deny: [~/../work/bin/twin, absent]\n");
    story_write(story, "bad.yaml", "commands: {deny: [rm -rf]}\n");
    good = story_run(story, "check -c p.yaml");
    bad = story_run(story, "run -c bad.yaml -- echo ran");
    story_assert_status(good, 0);
    line = g_strdup_printf("/p.yaml:2\tdeny-command\t%s/bin/tool\n", story->work);
    story_assert_out(good, line);
    story_assert_out(good, "/p.yaml:2\tdeny-command\tabsent (not on this machine)\n");
    story_assert_status(bad, 125);
    story_assert_no_out(bad, "ran");
    story_assert_err(bad, "bad.yaml:1:19: commands.deny: is one program, without");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/commands/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    bns_test_add("/e2e/commands/a-program-is-denied-by-all-its-names", test_all_names);
    bns_test_add("/e2e/commands/what-is-not-denied-runs", test_nothing_denied);
    bns_test_add("/e2e/commands/a-copy-is-another-program", test_copy_from_before);
    bns_test_add("/e2e/commands/the-shell-can-be-denied", test_shell);
    bns_test_add("/e2e/commands/check-names-the-files", test_check);
    return g_test_run();
}
