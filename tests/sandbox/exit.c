/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sandbox/start.h"

#include "tests/support/test.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    const char *name;
    const char *arguments[8];
    int status;        /* of wait(2) */
    const char *error; /* in standard error; NULL: nothing is printed */
} ExitCase;

static const ExitCase exit_cases[] = {
    { "zero", { "-q", "--", "true" }, EXIT(0), NULL },
    { "one", { "-q", "--", "false" }, EXIT(1), NULL },
    { "the-highest", { "-q", "--", "sh", "-c", "exit 255" }, EXIT(255), NULL },
    { "ours-from-the-command",
      { "-q", "--", "sh", "-c", "exit 125" },
      EXIT(125),
      NULL },
    { "run-is-the-same", { "run", "-q", "sh", "-c", "exit 3" }, EXIT(3), NULL },
    { "a-signal", { "-q", "--", "sh", "-c", "kill -TERM $$" }, SIGTERM, NULL },
    { "sigkill", { "-q", "--", "sh", "-c", "kill -KILL $$" }, SIGKILL, NULL },
    { "no-core-of-ours", { "-q", "--", "sh", "-c", "kill -QUIT $$" }, SIGQUIT, NULL },
    { "not-found", { "-q", "--", "no-such-command" }, EXIT(127), "not found" },
    { "a-mistyped-subcommand",
      { "-q", "suggst" },
      EXIT(127),
      "there is no program suggst: is it boundary-ns suggest?" },
    { "a-subcommand-that-is-late",
      { "-q", "suggest" },
      EXIT(127),
      "to mean the subcommand write boundary-ns suggest" },
    { "help", { "-q", "help" }, EXIT(127), "write boundary-ns --help" },
    { "no-such-file", { "-q", "--", "/no/such/file" }, EXIT(127), "No such file" },
    { "not-executable", { "-q", "--", "/etc/passwd" }, EXIT(126), "Permission denied" },
    { "no-command", { "-q" }, EXIT(125), "expected" },
    { "unknown-option", { "--no-such", "true" }, EXIT(125), "unknown option" },
    { "bad-rule", { "--allow", "a b c", "--", "true" }, EXIT(125), "--allow#1" },
    { "no-config",
      { "-c", "/no/such/file", "--", "true" },
      EXIT(125),
      "/no/such/file" },
    { "bad-resolve", { "--resolve", "x", "--", "true" }, EXIT(125), "--resolve x" },
    { "no-workdir", { "--workdir", "/no/such", "--", "true" }, EXIT(125), "/no/such" },
    { "private-workdir",
      { "--workdir", "/tmp", "--", "true" },
      EXIT(0),
      "the command has a /tmp of its own" },
    { "bad-audit",
      { "--audit-log", "/dev/null", "--", "true" },
      EXIT(125),
      "/dev/null" },
    { "no-such-log", { "log", "/no/such" }, EXIT(2), "/no/such" },
    { "no-such-session", { "log", "0123abcd" }, EXIT(2), "0123abcd" },
    { "no-such-log-to-verify", { "log", "verify", "/no/such" }, EXIT(2), "/no/such" },
    { "explain-two-urls",
      { "explain", "https://a.org/", "https://b.org/" },
      EXIT(2),
      "\"https://a.org/\" is no method" },
    { "explain-lower-case",
      { "explain", "get", "https://a.org/" },
      EXIT(2),
      "\"get\" is no method: write GET" },
    { "explain-a-command",
      { "explain", "git", "push" },
      EXIT(2),
      "-- before a command" },
    { "explain-a-method-alone",
      { "explain", "DELETE" },
      EXIT(2),
      "a URL after a method" },
    { "explain-a-method-of-files",
      { "explain", "DELETE", "./x" },
      EXIT(2),
      "write read or write before it" },
    { "usage-of-another", { "log", "a", "b" }, EXIT(2), "expected" },
};

static void
test_exit(gconstpointer data)
{
    const ExitCase *test = data;
    g_autofree char *errors = NULL;
    Session session;

    if (!session_can_start())
        return;
    session = session_start_with(NULL, test->arguments);
    g_assert_cmphex((guint)session_finish(&session, NULL, &errors), ==,
                    (guint)test->status);
    if (test->error == NULL)
        g_assert_cmpstr(errors, ==, "");
    else if (strstr(errors, test->error) == NULL)
        g_error("no \"%s\" in \"%s\"", test->error, errors);
}

static void
add_closed_directory_to_path(void)
{
    g_autofree char *dir = g_build_filename(session_home(), "closed", NULL);
    g_autofree char *path = g_strconcat(dir, ":", g_getenv("PATH"), NULL);

    g_mkdir(dir, 0000);
    g_setenv("PATH", path, TRUE);
}

/* Root may enter any directory, and so never meets this. */
static void
test_closed_path(void)
{
    Session session;

    if (!session_can_start())
        return;
    session = session_start_with(
        add_closed_directory_to_path,
        (const char *const[]){ "-q", "--", "no-such-command", NULL });
    g_assert_cmphex((guint)session_finish(&session, NULL, NULL), ==, EXIT(127));
}

static void
give_a_directory(void)
{
    int fd = open("/", O_RDONLY | O_DIRECTORY);

    if (fd < 0 || dup2(fd, STDIN_FILENO) < 0)
        _exit(98);
}

/* The other processes end because of it, each at its own pace: none of them is blamed. */
static void
test_cause_of_failed_start(void)
{
    if (!session_can_start())
        return;
    for (int i = 0; i < 10; i++) {
        g_autofree char *errors = NULL;
        Session session = session_start_with(
            give_a_directory, (const char *const[]){ "-q", "--", "true", NULL });

        g_assert_cmphex((guint)session_finish(&session, NULL, &errors), ==, EXIT(125));
        g_assert_cmpstr(errors, ==,
                        "boundary-ns: Standard input is a directory, which the sandbox "
                        "cannot confine\n");
    }
}

static void
write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        _exit(98);
    close(fd);
}

static void
allow_no_namespaces(void)
{
    g_autofree char *map = g_strdup_printf("0 %u 1", getuid());

    if (unshare(CLONE_NEWUSER) < 0)
        _exit(98);
    write_text("/proc/self/uid_map", map);
    write_text("/proc/sys/user/max_user_namespaces", "0");
}

/* One line, with what doctor says. */
static void
test_impossible(void)
{
    g_autofree char *errors = NULL;
    g_autofree char *output = NULL;
    Session session;

    if (!session_can_start())
        return;
    session = session_start_with(
        allow_no_namespaces, (const char *const[]){ "-q", "--", "echo", "ran", NULL });
    g_assert_cmphex((guint)session_finish(&session, &output, &errors), ==, EXIT(125));
    g_assert_cmpstr(output, ==, "");
    g_assert_true(
        g_str_has_prefix(errors, "boundary-ns: user.max_user_namespaces is 0; sudo "));
    g_assert_true(strchr(errors, '\n') == errors + strlen(errors) - 1);
    session = session_start_with(allow_no_namespaces,
                                 (const char *const[]){ "doctor", NULL });
    g_clear_pointer(&output, g_free);
    g_assert_cmphex((guint)session_finish(&session, &output, NULL), ==, EXIT(1));
    g_assert_nonnull(strstr(output,
                            "missing  user namespace: user.max_user_namespaces is "
                            "0 (No space left on device)\n         fix: sudo "));
}

int
main(int argc, char **argv)
{
    int status;

    bns_test_init(&argc, &argv, 60);
    session_init();
    for (size_t i = 0; i < G_N_ELEMENTS(exit_cases); i++) {
        g_autofree char *path = g_strconcat("/sandbox/exit/", exit_cases[i].name, NULL);

        bns_test_add_data(path, &exit_cases[i], test_exit);
    }
    bns_test_add("/sandbox/exit/a-start-that-fails-names-its-cause",
                 test_cause_of_failed_start);
    bns_test_add("/sandbox/exit/not-found-beyond-a-closed-directory", test_closed_path);
    bns_test_add("/sandbox/exit/what-cannot-start-says-why", test_impossible);
    status = g_test_run();
    session_clear();
    return status;
}
