/* SPDX-License-Identifier: Apache-2.0 */
/* `explain` says what a run does: each answer is compared with one. */
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

/* "ENTRIES" are those of the lists. */
#define ENTRIES                                                                        \
    "  hide: ['.env.*', ~/given/key]\n"                                                \
    "  show: [~/.netrc]\n"                                                             \
    "  read_only: [kept]\n"

typedef struct {
    const char *name;
    const char *policy;
    const char *options; /* of the run alone */
} Row;

static const Row rows[] = {
    { "lists",
      "files:\n" ENTRIES "  write: [., ~/given]\n"
      "  private: [~/given/cache]\n"
      "  persist: [~/.tool.json]\n",
      "" },
    { "shared", "files:\n  mode: shared\n" ENTRIES, "" },
    { "review", "files:\n  review: true\n" ENTRIES, "--discard" },
    { "nothing-said", "version: 1\n", "" },
};

static void
save(const Story *story, const char *below, const char *name)
{
    g_autofree char *path = g_build_filename(story->dir, below, name, NULL);
    g_autofree char *dir = g_path_get_dirname(path);

    g_assert_cmpint(g_mkdir_with_parents(dir, 0700), ==, 0);
    g_assert_true(g_file_set_contents(path, "x", -1, NULL));
}

static Story *
story_with_files(void)
{
    static const char *const files[] = {
        "home/.netrc",
        "home/.pgpass",
        "home/.bashrc",
        "home/.tool.json",
        "home/given/a",
        "home/given/key",
        "home/given/cache/x",
        "home/.ssh/id_rsa",
        "home/.ssh/id.pub",
        "home/.cache/pip/x",
        "work/a",
        "elsewhere/a",
        "work/.env",
        "work/.env.x",
        "work/kept/a",
        "work/.git/config",
        "work/.git/hooks/pre-commit",
    };
    Story *story = story_new();

    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *dir = g_path_get_dirname(files[i]);
        g_autofree char *name = g_path_get_basename(files[i]);

        save(story, dir, name);
    }
    return story;
}

/* Each is asked about, and tried. */
static const char *const paths[] = {
    "./a",
    "./new",
    "./new-directory/x",
    "./.env",
    "./.env.x",
    "./.env.new",
    "./kept/a",
    "./kept/new",
    "./.git/config",
    "./.git/hooks/pre-commit",
    "./.git/hooks/new",
    "./p.yaml",
    "~/.netrc",
    "~/.pgpass",
    "~/.bashrc",
    "~/.tool.json",
    "~/new",
    "~/new-directory/x",
    "~/given/a",
    "~/given/key",
    "~/given/new",
    "~/given/cache/x",
    "~/given/cache/new",
    "~/.ssh/id_rsa",
    "~/.ssh/id.pub",
    "~/.cache/pip/x",
    "~/.config/boundary-ns/config.yaml",
    "~/.local/state/boundary-ns/x",
    "./link",
    "./link-to-a-hidden-file",
    "/etc/hostname",
    "/etc/new",
    "../elsewhere/a",
    "../elsewhere/new",
    "/tmp/new",
    "/tmp/new-directory/x",
    "/var/tmp/new",
    "/run/new",
};

/* Writes as programs do: what is missing on the way is made. "r-" "rw" "-w" "--" */
#define TRY                                                                            \
    "for p; do r=-; w=-; cat \"$p\" >/dev/null 2>&1 && r=r; "                          \
    "mkdir -p \"$(dirname \"$p\")\" 2>/dev/null; "                                     \
    "(true >> \"$p\") 2>/dev/null && w=w; printf \"%s%s %s\\n\" $r $w \"$p\"; done"

#define ASK                                                                            \
    "for p; do r=-; w=-; \"$BNS\" explain -c p.yaml read \"$p\" >/dev/null && r=r; "   \
    "\"$BNS\" explain -c p.yaml write \"$p\" >/dev/null && w=w; "                      \
    "printf \"%s%s %s\\n\" $r $w \"$p\"; done"

/* Returns: (transfer full): for a shell; "~" is $HOME. */
static char *
quote_all(const Story *story)
{
    GString *text = g_string_new(NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autofree char *path = paths[i][0] == '~'
                                    ? g_strconcat(story->home, paths[i] + 1, NULL)
                                    : g_strdup(paths[i]);
        g_autofree char *quoted = g_shell_quote(path);

        g_string_append_printf(text, " %s", quoted);
    }
    return g_string_free(text, FALSE);
}

static void
test_files(gconstpointer data)
{
    const Row *row = data;
    g_autoptr(Story) story = story_with_files();
    g_autofree char *all = quote_all(story);
    g_autofree char *ask =
        g_strconcat("ln -s a link; ln -s ../home/.boto link-to-a-hidden-file; set --",
                    all, "; " ASK, NULL);
    g_autofree char *try = g_strconcat("set --", all, "; \"$BNS\" -q ", row->options,
                                       " -c p.yaml -- sh -c '" TRY "' sh \"$@\"", NULL);
    g_autoptr(StoryRun) said = NULL;
    g_autoptr(StoryRun) done = NULL;

    story_write(story, "p.yaml", row->policy);
    said = story_shell(story, ask);
    done = story_shell(story, try);
    story_assert_status(done, 0);
    g_assert_cmpstr(said->out, ==, done->out);
}

/* --- commands --- */

#define COMMANDS                                                                       \
    "commands:\n"                                                                      \
    "  exec: record\n"                                                                 \
    "  deny:\n"                                                                        \
    "    - head\n"                                                                     \
    "    - { command: env, arguments: '-u *', reason: not that one }\n"

static void
test_commands(void)
{
    static const char *const lines[] = { "head -c0 /dev/null", "env -u A true",
                                         "env true", "true", "no-such-program" };
    g_autoptr(Story) story = story_new();

    story_write(story, "p.yaml", COMMANDS);
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autofree char *ask = g_strconcat("explain -c p.yaml -- ", lines[i], NULL);
        g_autofree char *try =
            g_strconcat("\"$BNS\" -q -c p.yaml -- sh -c '", lines[i], "'", NULL);
        g_autoptr(StoryRun) said = story_run(story, ask);
        g_autoptr(StoryRun) done = story_shell(story, try);

        if ((said->status == 0) != (done->status == 0))
            g_error("%s: %s said, %s done", lines[i], said->out, done->err);
    }
}

static void
test_command_prose(void)
{
    g_autoptr(Story) story = story_new();
    g_autofree char *place = story_file(story, "p.yaml", COMMANDS);
    g_autofree char *denied = g_strdup_printf("deny\t%s:5\tnot that one\n", place);
    g_autofree char *near = g_strdup_printf(
        "Rules that come near:\n  %s:5 (deny env -u *): the arguments do not match\n",
        place);
    g_autoptr(StoryRun) no = story_run(story, "explain -c p.yaml -- env -u A true");
    g_autoptr(StoryRun) yes = story_run(story, "explain -c p.yaml -- env A=1 true");

    story_assert_status(no, 1);
    g_assert_true(g_str_has_prefix(no->out, denied));
    story_assert_status(yes, 0);
    g_assert_true(g_str_has_prefix(yes->out, "allow\t-\tno rule denies it\n"));
    story_assert_out(yes, near);
}

/* --- what else can be asked --- */

static void
test_prose(void)
{
    g_autoptr(Story) story = story_with_files();
    g_autofree char *place = story_file(story, "p.yaml", rows[0].policy);
    g_autofree char *near = g_strdup_printf(
        "Entries that come near:\n  hide %s/.env.* (%s:2): the name does not match\n",
        story->work, place);
    g_autoptr(StoryRun) yes = story_run(story, "explain -c p.yaml write ./.env");
    g_autoptr(StoryRun) no = story_run(story, "explain -c p.yaml ~/.pgpass");
    g_autoptr(StoryRun) below = story_run(story, "explain -c p.yaml new/../.env.x");

    story_assert_status(yes, 0);
    g_assert_true(g_str_has_prefix(yes->out, "allow\t"));
    story_assert_out(yes, near);
    story_assert_status(no, 1);
    g_assert_true(g_str_has_prefix(no->out, "deny\tdefault\tit is hidden\n"));
    story_assert_out(no, "passwords of PostgreSQL");
    story_assert_out(no, "This would allow it: files: { show: ['");
    story_assert_status(below, 1);
}

static void
test_variables(void)
{
    g_autoptr(Story) story = story_new();

    story_write(story, "p.yaml", "env: {hide: [MY_ID], set: {OURS: secret-value}}\n");
    story_setenv(story, "MY_ID", "secret-value");
    story_setenv(story, "GITHUB_TOKEN", "secret-value");
    g_autoptr(StoryRun) hidden = story_run(story, "explain -c p.yaml --variable MY_ID");
    g_autoptr(StoryRun) token =
        story_run(story, "explain -c p.yaml --variable GITHUB_TOKEN");
    g_autoptr(StoryRun) set = story_run(story, "explain -c p.yaml --variable OURS");
    g_autoptr(StoryRun) near = story_run(story, "explain -c p.yaml --variable my_id");

    story_assert_status(hidden, 1);
    story_assert_out(hidden, "p.yaml:1\tit is hidden by name\n");
    story_assert_status(token, 1);
    g_assert_true(g_str_has_prefix(token->out, "deny\tdefault\t"));
    story_assert_out(token, "This would allow it: --env GITHUB_TOKEN\n");
    story_assert_status(set, 0);
    story_assert_out(set, "p.yaml:1\tit is set to a value\n");
    story_assert_out(near, "upper and lower case differ\n");
    story_assert_no_out(hidden, "secret-value");
    story_assert_no_out(set, "secret-value");
}

static void
test_ambiguous(void)
{
    g_autoptr(Story) story = story_new();

    story_write(story, "api.test", "x");
    g_autoptr(StoryRun) either = story_run(story, "explain --allow api.test api.test");
    g_autoptr(StoryRun) host =
        story_run(story, "explain --allow api.test https://api.test");
    g_autoptr(StoryRun) dashes =
        story_run(story, "explain --allow api.test -- https://api.test");
    g_autoptr(StoryRun) file = story_run(story, "explain --allow api.test ./api.test");

    story_assert_status(either, 2);
    story_assert_err(either, "write ./api.test for the file, https://api.test for the "
                             "host, or -- api.test for the command");
    story_assert_status(host, 0);
    story_assert_status(dashes, 0);
    story_assert_out(dashes, "Asked: GET / by https at api.test, port 443\n");
    story_assert_status(file, 0);
    story_assert_out(file, "Asked: read ");
}

/* As in a run. */
static void
test_whose_policy(void)
{
    static const char url[] = "POST https://api.anthropic.com/v1/messages";
    g_autoptr(Story) story = story_new();
    g_autofree char *ask = g_strconcat("explain ", url, NULL);
    g_autofree char *as = g_strconcat("explain --as /opt/claude ", url, NULL);
    g_autoptr(StoryRun) check = story_run(story, "check -- claude --version");
    g_autoptr(StoryRun) nobody = story_run(story, ask);
    g_autoptr(StoryRun) claude = story_run(story, as);

    story_assert_status(check, 0);
    story_assert_out(check, "preset:claude-code:");
    story_assert_status(nobody, 1);
    story_assert_status(claude, 0);
    g_assert_true(g_str_has_prefix(claude->out, "allow\tpreset:claude-code:"));
}

static void
test_json(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = story_shell(
        story, "\"$BNS\" explain --format json https://api.test/x | python3 -c '\n"
               "import json, sys\n"
               "e = json.load(sys.stdin)\n"
               "print(e[\"format\"], e[\"kind\"], e[\"decision\"], \"rule\" in e,\n"
               "      e[\"suggestion\"], e[\"text\"].splitlines()[0])\n"
               "'");

    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==,
                    "1 request deny False GET api.test/x Asked: GET /x by https at "
                    "api.test, port 443\n");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 120);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/explain/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path =
            g_strconcat("/e2e/explain/files-are-as-it-says/", rows[i].name, NULL);

        bns_test_add_data(path, &rows[i], test_files);
    }
    bns_test_add("/e2e/explain/commands-are-as-it-says", test_commands);
    bns_test_add("/e2e/explain/a-command-with-its-rule", test_command_prose);
    bns_test_add("/e2e/explain/a-file-with-its-entry", test_prose);
    bns_test_add("/e2e/explain/variables-without-their-values", test_variables);
    bns_test_add("/e2e/explain/what-is-ambiguous-is-not-guessed", test_ambiguous);
    bns_test_add("/e2e/explain/whose-policy-is-asked", test_whose_policy);
    bns_test_add("/e2e/explain/one-object-for-programs", test_json);
    return g_test_run();
}
