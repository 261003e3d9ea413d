/* SPDX-License-Identifier: Apache-2.0 */
/* What a command meets in its session, and which signals reach it. */
#include "tests/sandbox/start.h"

#include "tests/support/test.h"

#include <glib/gstdio.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- what the command meets --- */

static void
test_own_network(void)
{
    g_autofree char *ours = g_file_read_link("/proc/self/ns/net", NULL);
    g_autofree char *theirs = NULL;
    Session session;

    if (!session_can_start())
        return;
    session = session_start("-q", "--", "readlink", "/proc/self/ns/net");
    g_assert_cmpint(session_finish(&session, &theirs, NULL), ==, 0);
    g_assert_cmpstr(g_strchomp(theirs), !=, ours);
    g_assert_true(g_str_has_prefix(theirs, "net:["));
}

static void
disable(void)
{
    g_setenv("BOUNDARY_ENABLED", "false", TRUE);
}

static void
test_disabled(void)
{
    g_autofree char *ours = g_file_read_link("/proc/self/ns/net", NULL);
    g_autofree char *theirs = NULL;
    g_autofree char *errors = NULL;
    Session session = session_start_with(
        disable, (const char *const[]){ "--", "readlink", "/proc/self/ns/net", NULL });

    g_assert_cmpint(session_finish(&session, &theirs, &errors), ==, 0);
    g_assert_cmpstr(g_strchomp(theirs), ==, ours);
    g_assert_cmpstr(
        errors, ==,
        "boundary-ns: disabled (BOUNDARY_ENABLED=false): readlink runs without "
        "a sandbox\n");
}

static void
half_enable(void)
{
    g_setenv("BOUNDARY_ENABLED", "perhaps", TRUE);
}

static void
test_enabled_is_strict(void)
{
    g_autofree char *output = NULL;
    Session session = session_start_with(
        half_enable, (const char *const[]){ "--", "echo", "ran", NULL });

    g_assert_cmpint(session_finish(&session, &output, NULL), ==, EXIT(125));
    g_assert_cmpstr(output, ==, "");
}

static void
close_standard_streams(void)
{
    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    close(STDERR_FILENO);
}

static void
test_closed_streams(void)
{
    Session session;

    if (!session_can_start())
        return;
    session =
        session_start_with(close_standard_streams,
                           (const char *const[]){ "--", "sh", "-c", "exit 4", NULL });
    g_assert_cmpint(session_finish(&session, NULL, NULL), ==, EXIT(4));
}

static void
open_more(void)
{
    dup2(open("/", O_RDONLY), 9);
}

static void
test_inherited_descriptor(void)
{
    g_autofree char *output = NULL;
    Session session;

    if (!session_can_start())
        return;
    session = session_start_with(
        open_more, (const char *const[]){ "-q", "--", "sh", "-c",
                                          "ls /proc/$$/fd | tail -n 1", NULL });
    g_assert_cmpint(session_finish(&session, &output, NULL), ==, 0);
    g_assert_cmpint(atoi(output), <, 9);
}

static void
forget_home(void)
{
    g_unsetenv("HOME");
    g_unsetenv("XDG_RUNTIME_DIR");
}

static void
test_no_home(void)
{
    g_autofree char *audit = g_build_filename(session_home(), "no-home.jsonl", NULL);
    Session session;

    if (!session_can_start())
        return;
    session = session_start_with(
        forget_home,
        (const char *const[]){ "-q", "--audit-log", audit, "--", "true", NULL });
    g_assert_cmpint(session_finish(&session, NULL, NULL), ==, 0);
}

static void
take_read_only_home(void)
{
    g_setenv("HOME", "/proc", TRUE);
}

static void
test_read_only_home(void)
{
    g_autofree char *audit = g_build_filename(session_home(), "read-only.jsonl", NULL);
    Session session;

    if (!session_can_start())
        return;
    session = session_start_with(
        take_read_only_home,
        (const char *const[]){ "-q", "--audit-log", audit, "--", "true", NULL });
    g_assert_cmpint(session_finish(&session, NULL, NULL), ==, 0);
}

static void
enter_hostile_project(void)
{
    g_autofree char *dir =
        g_build_filename(session_home(), "project", "boundary-ns", NULL);

    g_mkdir_with_parents(dir, 0700);
    if (chdir(dir) < 0 || chdir("..") < 0 ||
        !g_file_set_contents("config.yaml", "allow: [", -1, NULL) ||
        !g_file_set_contents("boundary.yaml", "allow: [", -1, NULL) ||
        !g_file_set_contents("boundary-ns/config.yaml", "allow: [", -1, NULL))
        _exit(98);
}

static void
test_hostile_project(void)
{
    Session session;

    if (!session_can_start())
        return;
    session = session_start_with(enter_hostile_project,
                                 (const char *const[]){ "-q", "--", "true", NULL });
    g_assert_cmpint(session_finish(&session, NULL, NULL), ==, 0);
}

static void
test_summary(void)
{
    g_autofree char *errors = NULL;
    g_auto(GStrv) lines = NULL;
    Session session;

    if (!session_can_start())
        return;
    session = session_start("--", "true");
    g_assert_cmpint(session_finish(&session, NULL, &errors), ==, 0);
    lines = g_strsplit(errors, "\n", -1);
    g_assert_cmpuint(g_strv_length(lines), ==, 3);
    g_assert_cmpstr(lines[0], ==, "boundary-ns: 0 allowed, 0 blocked");
    g_assert_true(g_str_has_prefix(lines[1], "boundary-ns: audit: /"));
    g_assert_cmpstr(lines[2], ==, "");
}

/* --- signals --- */

static void
ignore_hangup(void)
{
    signal(SIGHUP, SIG_IGN);
}

static void
test_nohup(void)
{
    g_autofree char *output = NULL;
    Session session;

    if (!session_can_start())
        return;
    session = session_start_with(
        ignore_hangup, (const char *const[]){ "-q", "--", "sh", "-c",
                                              "kill -HUP $$; echo alive", NULL });
    g_assert_cmpint(session_finish(&session, &output, NULL), ==, 0);
    g_assert_cmpstr(output, ==, "alive\n");
}

static void
lead_group(void)
{
    setpgid(0, 0);
}

/* Counts SIGUSR1 until SIGTERM. A trap tells of nothing itself: bash 5.2 loses a signal that
 * comes while its trap still runs. */
#define COUNTER                                                                        \
    "n=0 told=0; trap 'n=$((n+1))' USR1; trap 'echo $n; exit 0' TERM; "                \
    "echo started >&2; "                                                               \
    "while :; do sleep 0.02; [ $n = $told ] || { told=$n; echo got >&2; }; done"

static void
count_signals(bool to_group)
{
    g_autofree char *output = NULL;
    Session session;

    if (!session_can_start())
        return;
    session = session_start_with(
        lead_group, (const char *const[]){ "-q", "--", "bash", "-c", COUNTER, NULL });
    session_wait_for(&session, "started");
    for (int i = 0; i < 3; i++) {
        g_string_truncate(session.text, 0);
        g_assert_cmpint(kill(to_group ? -session.pid : session.pid, SIGUSR1), ==, 0);
        session_wait_for(&session, "got");
    }
    g_assert_cmpint(kill(session.pid, SIGTERM), ==, 0);
    g_assert_cmpint(session_finish(&session, &output, NULL), ==, 0);
    g_assert_cmpstr(output, ==, "3\n");
}

static void
test_signal_to_us(void)
{
    count_signals(false);
}

static void
test_signal_to_group(void)
{
    count_signals(true);
}

static void
test_kill_zero_inside(void)
{
    g_autofree char *output = NULL;
    Session session;

    if (!session_can_start())
        return;
    /* It signals its group, us among it, and gets it once itself. */
    session = session_start_with(
        lead_group, (const char *const[]){ "-q", "--", "bash", "-c",
                                           "n=0; trap 'n=$((n+1))' USR1; kill -USR1 0; "
                                           "sleep 0.2; echo $n",
                                           NULL });
    g_assert_cmpint(session_finish(&session, &output, NULL), ==, 0);
    g_assert_cmpstr(output, ==, "1\n");
}

static void
forbid_everything(void)
{
    g_autofree char *home = g_build_filename(session_home(), "masked", NULL);

    g_setenv("HOME", home, TRUE);
    umask(0777);
}

/* A directory of ours that we cannot enter is none that we can protect. */
static void
test_umask(void)
{
    const char *const made[] = { ".config/boundary-ns", ".local/state/boundary-ns" };
    g_autofree char *home = g_build_filename(session_home(), "masked", NULL);
    g_autofree char *output = NULL;
    Session session;

    if (!session_can_start())
        return;
    g_assert_cmpint(g_mkdir(home, 0700), ==, 0);
    session = session_start_with(
        forbid_everything,
        (const char *const[]){ "-q", "--", "sh", "-c", "umask", NULL });
    g_assert_cmpint(session_finish(&session, &output, NULL), ==, 0);
    g_assert_cmpstr(output, ==, "0777\n");
    for (size_t i = 0; i < G_N_ELEMENTS(made); i++) {
        g_autofree char *path = g_build_filename(home, made[i], NULL);
        struct stat info;

        g_assert_cmpint(stat(path, &info), ==, 0);
        g_assert_cmphex(info.st_mode & 0777, ==, 0700);
    }
}

static void
go_to_linked_home(void)
{
    g_autofree char *home = g_build_filename(session_home(), "linked", NULL);

    g_setenv("HOME", home, TRUE);
}

/* As managers of dotfiles do it. */
static void
test_linked_config(void)
{
    static const char script[] =
        "cd; rm .config; mv .config c; mv dotfiles d; mv dotfiles/boundary-ns d; "
        "echo 'allow: [x.test]' > .config/boundary-ns/config.yaml; readlink .config; "
        "ls "
        "-A .config/boundary-ns";
    g_autofree char *home = g_build_filename(session_home(), "linked", NULL);
    g_autofree char *dotfiles = g_build_filename(home, "dotfiles", NULL);
    g_autofree char *link = g_build_filename(home, ".config", NULL);
    g_autofree char *output = NULL;
    Session session;

    if (!session_can_start())
        return;
    g_assert_cmpint(g_mkdir_with_parents(dotfiles, 0700), ==, 0);
    g_assert_cmpint(symlink("dotfiles", link), ==, 0);
    session = session_start_with(go_to_linked_home,
                                 (const char *const[]){ "-q", "--workdir", home, "--",
                                                        "sh", "-c", script, NULL });
    g_assert_cmpint(session_finish(&session, &output, NULL), ==, 0);
    g_assert_cmpstr(output, ==, "dotfiles\n");
}

int
main(int argc, char **argv)
{
    int status;

    bns_test_init(&argc, &argv, 60);
    session_init();
    bns_test_add("/sandbox/session/command-has-its-own-network", test_own_network);
    bns_test_add("/sandbox/session/disabled-runs-directly", test_disabled);
    bns_test_add("/sandbox/session/enabled-is-true-or-false", test_enabled_is_strict);
    bns_test_add("/sandbox/session/closed-standard-streams", test_closed_streams);
    bns_test_add("/sandbox/session/no-descriptor-is-inherited",
                 test_inherited_descriptor);
    bns_test_add("/sandbox/session/no-home", test_no_home);
    bns_test_add("/sandbox/session/the-umask-is-the-commands-alone", test_umask);
    bns_test_add("/sandbox/session/a-linked-config-stays-where-it-is",
                 test_linked_config);
    bns_test_add("/sandbox/session/a-read-only-home", test_read_only_home);
    bns_test_add("/sandbox/session/the-project-chooses-no-policy",
                 test_hostile_project);
    bns_test_add("/sandbox/session/totals-and-audit-at-the-end", test_summary);
    bns_test_add("/sandbox/session/an-ignored-signal-stays-ignored", test_nohup);
    bns_test_add("/sandbox/session/a-signal-to-us-reaches-the-command-once",
                 test_signal_to_us);
    bns_test_add("/sandbox/session/a-signal-to-the-group-reaches-it-once",
                 test_signal_to_group);
    bns_test_add("/sandbox/session/a-signal-from-inside-reaches-it-once",
                 test_kill_zero_inside);
    status = g_test_run();
    session_clear();
    return status;
}
