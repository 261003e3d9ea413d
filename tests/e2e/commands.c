/* SPDX-License-Identifier: Apache-2.0 */
/* commands: what the command may not execute. */
#include "sandbox/landlock.h"
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

/* Runs sh with @script under @policy, with work/bin in its PATH. */
static StoryRun *
run_under(Story *story, const char *policy, const char *script)
{
    g_autofree char *quoted = g_shell_quote(script);
    g_autofree char *arguments = g_strdup_printf("-c p.yaml -- sh -c %s", quoted);
    g_autofree char *path =
        g_strdup_printf("%s/bin:%s", story->work, g_environ_getenv(story->env, "PATH"));

    story_setenv(story, "PATH", path);
    story_write(story, "p.yaml", policy);
    return story_run(story, arguments);
}

static StoryRun *
run_with(Story *story, const char *denied, const char *script)
{
    g_autofree char *policy = g_strdup_printf("commands:\n  deny:\n%s", denied);

    return run_under(story, policy, script);
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

/* --- exec: record --- */

#define RECORD "commands: {exec: record}\n"

static void
test_record(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;
    g_autofree char *cwd = NULL;
    g_autofree char *bin = NULL;

    install_tool(story);
    run = run_under(story, RECORD,
                    "tool --token=abc 'a b'; cd bin; ./twin; env other; nosuch; true");
    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==, "ran tool\nran twin\nran other\n");
    cwd = g_strdup_printf("\"cwd\":\"%s\",\"parent\":\"2\"", story->work);
    bin = g_strdup_printf("\"exe\":\"%s/bin/./twin\",\"argv\":[\"./twin\"]},\"cwd\":"
                          "\"%s/bin\"",
                          story->work, story->work);
    story_assert_record(
        run, "\"event\":\"exec\",\"decision\":\"allow\",\"process\":{\"pid\":2",
        "\"argv\":[\"sh\",\"-c\"", "\"parent\":\"1\"");
    story_assert_record(run, "\"argv\":[\"tool\",\"--token=***\",\"a b\"]", cwd);
    story_assert_record(run, bin);
    story_assert_record(run, "\"argv\":[\"other\"]");
    /* A search along PATH, or for what is nowhere, executes nothing. */
    g_assert_cmpuint(story_count_records(run, "\"exec\"", NULL), ==, 5);
    g_assert_cmpuint(story_count_records(run, "[\"nosuch\"", NULL), ==, 0);
}

static void
test_no_record(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = run_under(story, "", "env true");

    story_assert_status(run, 0);
    g_assert_cmpuint(story_count_records(run, "\"event\":\"exec\"", NULL), ==, 0);
}

/* From several processes and threads at once; each exactly once. */
static void
test_many(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = run_under(
        story, RECORD,
        "for j in 1 2 3 4; do (for i in $(seq 50); do env true n$j.$i; done) & "
        "done; wait");

    story_assert_status(run, 0);
    g_assert_cmpuint(story_count_records(run, "[\"true\",\"n", NULL), ==, 200);
    g_assert_cmpuint(story_count_records(run, "[\"env\",\"true\",\"n", NULL), ==, 200);
    story_assert_record(run, "[\"true\",\"n3.50\"]");
}

static void
test_arguments(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    install_tool(story);
    run =
        run_under(story,
                  "commands:\n  exec: record\n  deny:\n"
                  "    - {command: tool, arguments: 'push *--force*', reason: ask}\n",
                  "tool push --force x; echo $?; twin push x --force; echo $?; tool "
                  "push x; (exec 2>log; tool push --force); cat log; (exec 2>&1; tool "
                  "push --force | cat)");
    story_assert_status(run, 0);
    g_assert_true(g_str_has_prefix(run->out,
                                   "126\n126\nran tool\nboundary-ns: tool push "
                                   "*--force* is not permitted by policy ("));
    story_assert_err(run, "/p.yaml:4): ask\n");
    story_assert_record(run,
                        "\"exec\",\"decision\":\"deny\",\"reason\":\"ask\",\"rule\":\"",
                        "[\"tool\",\"push\",\"--force\",\"x\"]");
    story_assert_record(run, "\"deny\"", "[\"twin\",\"push\",\"x\",\"--force\"]");
    story_assert_record(run, "\"allow\"", "[\"tool\",\"push\",\"x\"]");
}

/* Arguments of a hostile program: what it asks for fails as it would, or is recorded. */
static void
test_hostile(void)
{
    static const char script[] =
        "import ctypes, os, threading\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "def run(path, argv):\n"
        "    pid = os.fork()\n"
        "    if pid == 0:\n"
        "        libc.execve(path, argv, None)\n"
        "        os._exit(ctypes.get_errno())\n"
        "    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)\n"
        "run(8, None)\n"
        "run(b'/bin/true', 8)\n"
        "run(b'/bin/true', (ctypes.c_void_p * 3)(8, 0, 0))\n"
        "run(b'/bin/true', (ctypes.c_char_p * 3)(b'\\xff\\x1e\\n', b'x' * 100000, "
        "None))\n"
        "def by_thread():\n"
        "    os.execv('/bin/echo', ['echo', 'thread'])\n"
        "threading.Thread(target=by_thread).start()\n"
        "threading.Event().wait()\n";
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    if (!story_needs("python3"))
        return;
    story_write(story, "p.yaml", RECORD);
    story_write(story, "hostile.py", script);
    run = story_run(story, "-c p.yaml -- python3 hostile.py");
    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==, "14\n14\n14\n0\nthread\n");
    story_assert_record(run, "[\"\xef\xbf\xbd\xef\xbf\xbd\\n\",\"xxxx", "xxx...\"]");
    /* Of the process, whatever thread asked. */
    story_assert_record(run, "\"pid\":2,", "[\"echo\",\"thread\"]", "\"parent\":\"1\"");
}

/* One process has one listener; a second is the kernel's to refuse. */
static void
test_nested_listener(void)
{
    static const char script[] =
        "import ctypes\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "class F(ctypes.Structure):\n"
        "    _fields_ = [('n', ctypes.c_ushort), ('p', ctypes.c_void_p)]\n"
        "allow = ctypes.create_string_buffer(b'\\x06\\0\\0\\0\\0\\0\\xff\\x7f', 8)\n"
        "f = F(1, ctypes.addressof(allow))\n"
        "import platform\n"
        "nr = 317 if platform.machine() == 'x86_64' else 277\n"
        "r = libc.syscall(nr, 1, 8, ctypes.byref(f))\n"
        "print(ctypes.get_errno() if r < 0 else 'made')\n";
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) watched = NULL;
    g_autoptr(StoryRun) unwatched = NULL;

    if (!story_needs("python3"))
        return;
    story_write(story, "p.yaml", RECORD);
    story_write(story, "listen.py", script);
    watched = story_run(story, "-c p.yaml -- python3 listen.py");
    unwatched = story_run(story, "-- python3 listen.py");
    g_assert_cmpstr(watched->out, ==, "16\n");
    g_assert_cmpstr(unwatched->out, ==, "made\n");
}

/* Without room for a record nothing is executed, and the session ends. */
static void
test_full(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run =
        run_under(story, "commands: {exec: record}\nlimits: {audit_size: 8K}\n",
                  "i=0; while :; do i=$((i+1)); env echo $i; done");

    story_assert_status(run, 125);
    story_assert_err(run, "is full (limits.audit_size)");
    g_assert_cmpuint(strlen(run->audit), <=, 8 * 1024);
    {
        g_auto(GStrv) lines = g_strsplit(run->out, "\n", -1);

        g_assert_cmpuint(g_strv_length(lines) - 1, <=,
                         story_count_records(run, "[\"echo\"", NULL));
    }
}

static void
test_check(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) good = NULL;
    g_autoptr(StoryRun) bad = NULL;
    g_autofree char *line = NULL;

    install_tool(story);
    story_write(story, "p.yaml",
                "commands:\n  exec: record\n  deny: [~/../work/bin/twin, absent]\n");
    story_write(story, "bad.yaml", "commands: {deny: [rm -rf]}\n");
    good = story_run(story, "check -c p.yaml");
    bad = story_run(story, "run -c bad.yaml -- echo ran");
    story_assert_status(good, 0);
    line = g_strdup_printf("/p.yaml:3\tdeny-command\t%s/bin/tool\n", story->work);
    story_assert_out(good, line);
    story_assert_out(good, "/p.yaml:3\tdeny-command\tabsent (not on this machine)\n");
    story_assert_out(good,
                     "/p.yaml:2\texec\trecord (programs inside that need a seccomp "
                     "listener of their own");
    story_assert_status(bad, 125);
    story_assert_no_out(bad, "ran");
    story_assert_err(bad,
                     "bad.yaml:1:19: commands.deny: arguments are judged only with");
}

/* --- allow --- */

static bool
has_landlock(void)
{
    if (bns_landlock_version() >= BNS_LANDLOCK_FILES)
        return true;
    bns_test_skip("this kernel has no Landlock");
    return false;
}

static void
test_allow(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    if (!has_landlock())
        return;
    install_tool(story);
    run =
        run_under(story, "commands: {allow: [sh, tool, cp, git, /usr/lib/git-core/]}\n",
                  "tool; git --version >/dev/null; echo $?; ls; echo $?; "
                  "cp /bin/ls l; ./l; echo $?; sh -c 'tool; env'; echo $?");
    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==, "ran tool\n0\n126\n126\nran tool\n126\n");
    story_assert_err(run, "ls: Permission denied");
}

/* A denied one of those that are allowed. */
static void
test_allow_and_deny(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;
    g_autoptr(StoryRun) command = NULL;

    if (!has_landlock())
        return;
    install_tool(story);
    run = run_under(story,
                    "commands:\n  allow: [sh, tool]\n"
                    "  deny: [{command: tool, reason: not now}]\n",
                    "tool; echo $?");
    g_assert_cmpstr(run->out, ==, "126\n");
    story_assert_err(run, "/p.yaml:3): not now\n");
    command = story_run(story, "-c p.yaml -- tool");
    story_assert_status(command, 126);
    story_assert_err(command, "/p.yaml:3): not now\n");
}

/* The command itself is judged before anything starts. */
static void
test_command_not_allowed(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    if (!has_landlock())
        return;
    story_write(story, "p.yaml", "commands: {allow: [sh]}\n");
    run = story_run(story, "-c p.yaml -- env echo ran");
    story_assert_status(run, 126);
    g_assert_cmpstr(run->out, ==, "");
    g_assert_true(g_str_has_prefix(run->err,
                                   "boundary-ns: env is not among what policy "
                                   "permits to execute ("));
    g_assert_true(g_str_has_suffix(run->err, "/p.yaml:1)\n"));
}

/* Who watches can say it: on the program's standard error, and in the audit. */
static void
test_allow_recorded(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) run = NULL;

    if (!has_landlock())
        return;
    install_tool(story);
    run = run_under(story,
                    "commands:\n  exec: record\n  allow: [sh, tool, cp]\n"
                    "  deny: [env]\n",
                    "tool; /bin/ls; echo $?; cp /bin/ls l; ./l; echo $?; env; echo $?");
    g_assert_cmpstr(run->out, ==, "ran tool\n126\n126\n126\n");
    story_assert_err(run, "/ls is not among what policy permits to execute\n");
    story_assert_err(run, "/./l is not among what policy permits to execute\n");
    story_assert_err(run, "boundary-ns: env is not permitted by policy (");
    g_assert_cmpuint(story_count_records(run, "\"deny\"",
                                         "\"reason\":\"not among commands.allow\"",
                                         NULL),
                     ==, 2);
}

static void
test_allow_check(void)
{
    g_autoptr(Story) story = story_new();
    g_autoptr(StoryRun) good = NULL;
    g_autoptr(StoryRun) bad = NULL;
    g_autofree char *line = NULL;

    install_tool(story);
    story_write(story, "p.yaml",
                "commands:\n  allow: [~/../work/bin/tool, ~/../work/bin/, absent]\n");
    story_write(story, "bad.yaml", "commands: {allow: [sh]}\nnested: full\n");
    good = story_run(story, "check -c p.yaml");
    story_assert_status(good, 0);
    line = g_strdup_printf("/p.yaml:2\tallow-command\t%s/bin/tool\n", story->work);
    story_assert_out(good, line);
    g_free(line);
    line = g_strdup_printf("/p.yaml:2\tallow-command\t%s/bin/\n", story->work);
    story_assert_out(good, line);
    story_assert_out(good, "/p.yaml:2\tallow-command\tabsent (not on this machine)\n");
    story_assert_out(good, "/p.yaml:2\tcommands.allow\tnothing but what follows");
    bad = story_run(story, "run -c bad.yaml -- sh -c true");
    story_assert_status(bad, 125);
    story_assert_err(bad,
                     "bad.yaml:1:20: commands.allow: cannot hold with nested: full");
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
    bns_test_add("/e2e/commands/what-is-executed-is-recorded", test_record);
    bns_test_add("/e2e/commands/only-if-wanted", test_no_record);
    bns_test_add("/e2e/commands/many-at-once-are-recorded-once-each", test_many);
    bns_test_add("/e2e/commands/arguments-may-be-denied", test_arguments);
    bns_test_add("/e2e/commands/hostile-arguments-do-no-harm", test_hostile);
    bns_test_add("/e2e/commands/one-listener-is-all", test_nested_listener);
    bns_test_add("/e2e/commands/no-record-no-program", test_full);
    bns_test_add("/e2e/commands/only-what-is-allowed-runs", test_allow);
    bns_test_add("/e2e/commands/what-is-denied-is-not-allowed", test_allow_and_deny);
    bns_test_add("/e2e/commands/the-command-is-allowed-or-not-started",
                 test_command_not_allowed);
    bns_test_add("/e2e/commands/what-is-not-allowed-is-recorded", test_allow_recorded);
    bns_test_add("/e2e/commands/check-names-what-is-allowed", test_allow_check);
    return g_test_run();
}
