/* SPDX-License-Identifier: Apache-2.0 */
/* Persist: a file of a home that outlives the session, though the home is made anew. */
#include "tests/e2e/live.h"
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char policy[] = "files: { persist: [~/.agent.json, ~/.tool/auth] }\n";

static char *
in_home(const Story *story, const char *name)
{
    return g_build_filename(story->home, name, NULL);
}

static void
save_in_home(const Story *story, const char *name, const char *text)
{
    g_autofree char *path = in_home(story, name);
    g_autofree char *dir = g_path_get_dirname(path);

    g_assert_cmpint(g_mkdir_with_parents(dir, 0700), ==, 0);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* @text: NULL: there is none. */
static void
assert_in_home(const Story *story, const char *name, const char *text)
{
    g_autofree char *path = in_home(story, name);
    g_autofree char *now = NULL;

    g_file_get_contents(path, &now, NULL, NULL);
    g_assert_cmpstr(now, ==, text);
}

typedef struct {
    const char *name;
    const char *script;
    const char *before; /* NULL: there is no such file */
    const char *after;
    const char *err; /* "": nothing was wrong */
} Case;

static const Case cases[] = {
    { "as-agents-save",
      "mkdir ~/.agent.json.lock; echo new >~/.agent.json.tmp.1; mv ~/.agent.json.tmp.1 "
      "~/.agent.json; rmdir ~/.agent.json.lock",
      "old\n", "new\n", "" },
    { "changed-where-it-is", "echo new >>~/.agent.json", "old\n", "old\nnew\n", "" },
    { "made", "echo new >~/.agent.json", NULL, "new\n", "" },
    { "made-of-nothing", ": >~/.agent.json", NULL, "", "" },
    { "left-alone", "cat ~/.agent.json", "old\n", "old\n", "" },
    { "removed", "rm ~/.agent.json", "old\n", "old\n", "the command removed it" },
    { "a-link", "ln -sf ~/.secret ~/.agent.json", "old\n", "old\n",
      "the command made something else than a file of it" },
    { "a-link-on-the-way", "mkdir ~/t; echo new >~/t/auth; ln -s t ~/.tool", NULL, NULL,
      "the command made something else than a file of it" },
    { "a-fifo", "rm ~/.agent.json; mkfifo ~/.agent.json", "old\n", "old\n",
      "the command made something else than a file of it" },
    { "a-directory", "mkdir ~/.agent.json", NULL, NULL,
      "the command made something else than a file of it" },
    { "too-large", "truncate -s 65M ~/.agent.json", "old\n", "old\n",
      "File too large" },
    { "changed-by-a-command-that-fails", "echo new >~/.agent.json; exit 3", "old\n",
      "new\n", "" },
    { "changed-by-a-command-that-is-killed", "echo new >~/.agent.json; kill -9 $$",
      "old\n", "new\n", "" },
};

static void
test_case(gconstpointer data)
{
    const Case *row = data;
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;
    const char *words[] = { "-c", "p.yaml", "--", "sh", "-c", row->script, NULL };

    story_write(story, "p.yaml", policy);
    save_in_home(story, ".secret", "secret\n");
    if (row->before != NULL)
        save_in_home(story, ".agent.json", row->before);
    run = story_run_words(story, words);
    assert_in_home(story, ".agent.json", row->after);
    assert_in_home(story, ".secret", "secret\n");
    if (row->err[0] != '\0')
        story_assert_err(run, row->err);
    else
        story_assert_no_err(run, "written back");
    if (row->err[0] == '\0')
        story_assert_no_err(run, "not kept");
    if (row->err[0] == '\0' && g_strcmp0(row->before, row->after) != 0)
        story_assert_record(run, "\"event\":\"file.persist\"", "/home/.agent.json\"");
}

static void
test_mode(void)
{
    g_autoptr(Story) story = story_new();
    g_autofree char *path = in_home(story, ".agent.json");
    g_autofree char *made = in_home(story, ".tool/auth");
    g_autoptr(StoryRun) run = NULL;
    struct stat info;

    story_write(story, "p.yaml", policy);
    save_in_home(story, ".agent.json", "old");
    g_assert_cmpint(chmod(path, 0604), ==, 0);
    run = story_run(story,
                    "-c p.yaml -- sh -c 'echo x >~/n; chmod 777 ~/n; mv ~/n "
                    "~/.agent.json; umask 077; mkdir ~/.tool; echo x >~/.tool/auth'");
    story_assert_status(run, 0);
    g_assert_cmpint(stat(path, &info), ==, 0);
    g_assert_cmpint(info.st_mode & 07777, ==, 0604);
    g_assert_cmpint(stat(made, &info), ==, 0);
    g_assert_cmpint(info.st_mode & 07777, ==, 0600);
}

/* Returns: (transfer full): what is kept of the newest session, from its record. */
static char *
read_kept(const StoryRun *run)
{
    const char *at = strstr(run->audit, "\"kept\":\"");
    g_autofree char *path = NULL;
    char *text = NULL;

    g_assert_nonnull(at);
    at += strlen("\"kept\":\"");
    path = g_strndup(at, strcspn(at, "\""));
    g_file_get_contents(path, &text, NULL, NULL);
    return text;
}

static void
test_changed_outside(void)
{
    g_autoptr(Story) story = story_new();
    g_autofree char *kept = NULL;
    g_autoptr(Live) live = NULL;
    g_autoptr(StoryRun) run = NULL;

    story_write(story, "p.yaml", policy);
    save_in_home(story, ".agent.json", "old\n");
    live = live_start(story, "-q -c p.yaml -- sh -c 'echo inside >~/.agent.json; echo "
                             "began; read line'");
    live_await_out(live, "began");
    save_in_home(story, ".agent.json", "host\n");
    live_write(live, "\n");
    run = live_end(live);
    story_assert_status(run, 0);
    assert_in_home(story, ".agent.json", "host\n");
    story_assert_err(run, "was not written back: it was changed outside meanwhile; the "
                          "command's version is ");
    kept = read_kept(run);
    g_assert_cmpstr(kept, ==, "inside\n");
}

/* The second to end finds what the first made. */
static void
test_two_sessions(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(Live) live = NULL;
    g_autoptr(StoryRun) first = NULL;
    g_autoptr(StoryRun) second = NULL;
    g_autofree char *kept = NULL;

    story_write(story, "p.yaml", policy);
    live = live_start(story, "-c p.yaml -- sh -c 'echo one >~/.agent.json; echo began; "
                             "read line'");
    live_await_out(live, "began");
    second = story_run(story, "-c p.yaml -- sh -c 'cat ~/.agent.json; echo two "
                              ">~/.agent.json'");
    g_assert_cmpstr(second->out, ==, "");
    assert_in_home(story, ".agent.json", "two\n");
    live_write(live, "\n");
    first = live_end(live);
    assert_in_home(story, ".agent.json", "two\n");
    story_assert_err(first, "changed outside meanwhile");
    kept = g_strdup(first->err);
    g_assert_nonnull(strstr(kept, ".kept/"));
}

/* A process that outlives the command changes nothing any more. */
static void
test_left_behind(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;
    g_autofree char *path = in_home(story, ".agent.json");
    g_autofree char *text = NULL;
    gsize len;

    story_write(story, "p.yaml", policy);
    run = story_run(story,
                    "-c p.yaml -- sh -c 'echo complete >~/.agent.json; (while echo "
                    "more >~/.new && mv ~/.new ~/.agent.json; do :; done) & while "
                    "grep -q complete ~/.agent.json; do :; done'");
    story_assert_status(run, 0);
    g_assert_true(g_file_get_contents(path, &text, &len, NULL));
    g_assert_true(len == 0 || strcmp(text, "more\n") == 0);
}

static void
test_killed(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(Live) live = NULL;
    g_autoptr(GArray) processes = NULL;
    g_autoptr(StoryRun) run = NULL;

    story_write(story, "p.yaml", policy);
    save_in_home(story, ".agent.json", "old\n");
    live = live_start(story, "-c p.yaml -- sh -c 'echo new >~/.agent.json; echo began; "
                             "read line'");
    live_await_out(live, "began");
    processes = live_processes(live);
    g_assert_cmpint(kill(live_find(processes, "bns-gateway")->pid, SIGKILL), ==, 0);
    run = live_end(live);
    story_assert_status(run, 125);
    assert_in_home(story, ".agent.json", "old\n");
    story_assert_err(run, "/.agent.json was not written back: the session failed\n");
}

static void
test_refused(void)
{
    static const struct {
        const char *path, *err;
    } rows[] = {
        { "~/docs",
          "/home/docs is a directory: name it below write, or the files in it" },
        { "/etc/hosts", "/etc/hosts is the sandbox's own" },
        { "/tmp/x", "/tmp/x lies in a directory that the sandbox makes itself" },
        { "~/.netrc'], hide: ['~/.netrc", "/home/.netrc is hidden" },
    };
    g_autoptr(Story) story = story_new();

    save_in_home(story, "docs/file", "");
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *yaml =
            g_strdup_printf("files: { persist: ['%s'] }\n", rows[i].path);
        g_autoptr(StoryRun) run = NULL;

        story_write(story, "p.yaml", yaml);
        run = story_run(story, "-c p.yaml -- touch ran");
        story_assert_status(run, 125);
        story_assert_err(run, rows[i].err);
    }
}

/* Somebody may keep it elsewhere, or have put it there to be written to. */
static void
test_link_outside(void)
{
    g_autoptr(Story) story = story_new();
    g_autofree char *link = in_home(story, ".agent.json");
    g_autoptr(StoryRun) run = NULL;

    story_write(story, "p.yaml", policy);
    save_in_home(story, ".profile", "mine\n");
    g_assert_cmpint(symlink(".profile", link), ==, 0);
    run =
        story_run(story, "-c p.yaml -- sh -c 'echo x >~/new; mv ~/new ~/.agent.json'");
    story_assert_status(run, 0);
    story_assert_err(run, "it is a symbolic link; name the file that it leads to");
    assert_in_home(story, ".profile", "mine\n");
    g_assert_true(g_file_test(link, G_FILE_TEST_IS_SYMLINK));
}

/* What is the host's and writable needs no copy; beside something hidden it does. */
static void
test_where_it_is_writable(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    story_write(story, "p.yaml", "files: { mode: shared, persist: [~/.agent.json] }\n");
    save_in_home(story, ".agent.json", "old\n");
    run = story_run(story, "-c p.yaml -- sh -c 'echo x >~/n; mv ~/n ~/.agent.json'");
    story_assert_status(run, 0);
    assert_in_home(story, ".agent.json", "x\n");
    g_assert_cmpuint(story_count_records(run, "file.persist", NULL), ==, 0);
    save_in_home(story, ".netrc", "secret\n");
    g_clear_pointer(&run, story_run_free);
    run = story_run(story, "-c p.yaml -- sh -c 'echo y >~/n; mv ~/n ~/.agent.json'");
    story_assert_status(run, 0);
    assert_in_home(story, ".agent.json", "y\n");
    story_assert_record(run, "\"event\":\"file.persist\"");
}

static void
test_extends(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    story_write(story, "base.yaml", policy);
    story_write(story, "p.yaml", "extends: [./base.yaml]\n");
    run = story_run(story, "-c p.yaml -- sh -c 'echo new >~/.agent.json'");
    story_assert_status(run, 0);
    assert_in_home(story, ".agent.json", "new\n");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 120);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/persist/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/e2e/persist/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_case);
    }
    bns_test_add("/e2e/persist/permissions-stay", test_mode);
    bns_test_add("/e2e/persist/changed-outside-it-is-kept", test_changed_outside);
    bns_test_add("/e2e/persist/two-sessions", test_two_sessions);
    bns_test_add("/e2e/persist/a-process-left-behind", test_left_behind);
    bns_test_add("/e2e/persist/a-session-that-fails", test_killed);
    bns_test_add("/e2e/persist/what-cannot-be-is-an-error", test_refused);
    bns_test_add("/e2e/persist/a-link-outside-is-not-followed", test_link_outside);
    bns_test_add("/e2e/persist/where-it-is-writable", test_where_it_is_writable);
    bns_test_add("/e2e/persist/by-extends", test_extends);
    return g_test_run();
}
