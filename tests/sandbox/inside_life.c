/* SPDX-License-Identifier: Apache-2.0 */
/* How a command starts, stops, continues and ends, and that nothing outlives a session. */
#include "base/fd.h"
#include "base/ready.h"
#include "tests/sandbox/inside_fixture.h"
#include "tests/support/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void
test_status(void)
{
    const char *argv[] = { "sh", "-c", "exit 42", NULL };
    g_autofree char *output = NULL;
    int status;

    if (!inside_is_possible())
        return;
    output = inside_run(argv, NULL, &status);
    g_assert_cmpint(status, ==, 42 << 8);
}

static void
test_signal_status(void)
{
    const char *argv[] = { "sh", "-c", "kill -TERM $$", NULL };
    g_autofree char *output = NULL;
    int status;

    if (!inside_is_possible())
        return;
    output = inside_run(argv, NULL, &status);
    g_assert_true(WIFSIGNALED(status));
    g_assert_cmpint(WTERMSIG(status), ==, SIGTERM);
}

typedef struct {
    const char *name;
    const char *command; /* relative to a directory with "plain" (not executable),
                          * "script" (no interpreter line) and "lost" (one that is not
                          * there) */
    int status;
    const char *output;
} Exec;

static const Exec execs[] = {
    { "not-found-is-127", "no-such-program", 127,
      "boundary-ns: no-such-program: command not found" },
    { "no-such-path-is-127", "./missing", 127,
      "boundary-ns: ./missing: No such file or directory" },
    { "control-bytes-do-not-reach-the-screen", "a\033[2Jb", 127,
      "boundary-ns: a?[2Jb: command not found" },
    { "not-executable-is-126", "./plain", 126,
      "boundary-ns: ./plain: Permission denied" },
    { "a-directory-is-126", "/usr", 126, "boundary-ns: /usr: Permission denied" },
    { "a-lost-interpreter-is-127", "./lost", 127,
      "boundary-ns: ./lost: No such file or directory" },
    { "a-script-without-interpreter-line-runs", "./script", 7, "hello" },
};

static void
test_exec(gconstpointer data)
{
    const Exec *row = data;
    const char *argv[] = { row->command, NULL };
    g_autofree char *dir = inside_make_directory();
    InsideOptions options = { .workdir = dir };
    g_autofree char *output = NULL;
    int status;

    if (!inside_is_possible())
        return;
    inside_make_file(dir, "plain", "hello\n", 0644);
    inside_make_file(dir, "script", "echo hello; exit 7\n", 0755);
    inside_make_file(dir, "lost", "#!/no/such/interpreter\n", 0755);
    output = inside_run(argv, &options, &status);
    bns_test_remove_tree(dir);
    g_assert_cmpint(status, ==, row->status << 8);
    g_assert_cmpstr(output, ==, row->output);
}

static void
test_stop(void)
{
    const char *argv[] = { "sh", "-c", "kill -STOP $$; echo on; exit 3", NULL };
    g_autoptr(Inside) inside = NULL;
    g_autofree char *number = NULL;
    g_autofree char *output = NULL;

    if (!inside_is_possible())
        return;
    inside = inside_start(argv, NULL);
    number = inside_wait(inside, BNS_READY_STOPPED);
    g_assert_cmpint(atoi(number), ==, SIGSTOP);
    inside_tell(inside, BNS_READY_CONTINUE, NULL);
    g_assert_cmpint(inside_end(inside, NULL), ==, 3 << 8);
    output = inside_output(inside);
    g_assert_cmpstr(output, ==, "on\n");
}

/* Reads up to and with the first newline: the command is so far. */
static void
wait_for_line(Inside *inside, const char *line)
{
    g_autoptr(GString) seen = g_string_new(NULL);
    char byte;

    while (read(inside->output_fd, &byte, 1) == 1 && byte != '\n')
        g_string_append_c(seen, byte);
    g_assert_cmpstr(seen->str, ==, line);
}

static void
test_signal(void)
{
    const char *argv[] = {
        "sh", "-c", "trap 'echo caught; exit 5' USR1; echo set; sleep 1000 & wait", NULL
    };
    g_autoptr(Inside) inside = NULL;
    g_autofree char *number = g_strdup_printf("%d", SIGUSR1);

    if (!inside_is_possible())
        return;
    inside = inside_start(argv, NULL);
    wait_for_line(inside, "set");
    inside_tell(inside, BNS_READY_SIGNAL, number);
    wait_for_line(inside, "caught");
    g_assert_cmpint(inside_end(inside, NULL), ==, 5 << 8);
}

static void
test_bad_signal(gconstpointer text)
{
    const char *argv[] = { "sleep", "1000", NULL };
    g_autoptr(Inside) inside = NULL;
    g_autofree char *failure = NULL;

    if (!inside_is_possible())
        return;
    inside = inside_start(argv, NULL);
    free(inside_wait(inside, BNS_READY_READY));
    inside_tell(inside, BNS_READY_SIGNAL, text);
    g_assert_cmpint(inside_end(inside, &failure), ==, -1);
    g_assert_nonnull(strstr(failure, "pass on the signal"));
}

/* The C library keeps two signals to itself and lets nobody change them: if whoever
 * started this test ignored them, so does everything that it starts. */
#define RESERVED_SIGNALS UINT64_C(0x180000000)

static char *
expected_dispositions(uint64_t ignored)
{
    g_autofree char *text = NULL;
    const char *at;

    g_assert_true(g_file_get_contents("/proc/self/status", &text, NULL, NULL));
    at = strstr(text, "SigIgn:");
    g_assert_nonnull(at);
    ignored |= g_ascii_strtoull(at + strlen("SigIgn:\t"), NULL, 16) & RESERVED_SIGNALS;
    return g_strdup_printf("SigBlk:0000000000000000\nSigIgn:%016" G_GINT64_MODIFIER "x",
                           ignored);
}

/* SIGINT is ignored only where the caller ignored it, and init's own choices do not
 * reach the command. */
static void
test_dispositions(void)
{
    sigset_t ignored;
    InsideOptions options = { .ignored = &ignored };
    g_autofree char *plain = NULL;
    g_autofree char *nohup = NULL;
    g_autofree char *plain_expected = expected_dispositions(0);
    g_autofree char *nohup_expected = expected_dispositions(1);
    const char *script = "grep -E '^Sig(Blk|Ign)' /proc/self/status | tr -d '\\t'";

    if (!inside_is_possible())
        return;
    sigemptyset(&ignored);
    sigaddset(&ignored, SIGHUP);
    plain = inside_sh(script, NULL);
    nohup = inside_sh(script, &options);
    g_assert_cmpstr(plain, ==, plain_expected);
    g_assert_cmpstr(nohup, ==, nohup_expected);
}

static void
test_umask(void)
{
    g_autofree char *mask = NULL;
    mode_t old;

    if (!inside_is_possible())
        return;
    old = umask(0027);
    mask = inside_sh("umask", NULL);
    umask(old);
    g_assert_cmpstr(mask, ==, "0027");
}

/* Pid 1 inherits orphans; the script waits until none is left, as a zombie either. */
static void
test_orphans(void)
{
    g_autofree char *output = NULL;

    if (!inside_is_possible())
        return;
    output = inside_sh("(true & true & true &); cd /proc; set -- [0-9]*; "
                       "while [ $# -gt 2 ]; do set -- [0-9]*; done; echo $*",
                       NULL);
    g_assert_cmpstr(output, ==, "1 2");
}

/* The output ends only when every process of the sandbox has closed it. */
static void
test_end_takes_all(void)
{
    const char *argv[] = { "sh", "-c", "setsid -f sleep 1000; echo left", NULL };
    g_autofree char *output = NULL;
    int status;

    if (!inside_is_possible())
        return;
    output = inside_run(argv, NULL, &status);
    g_assert_cmpint(status, ==, 0);
    g_assert_cmpstr(output, ==, "left");
}

static void
test_killed_supervisor(void)
{
    const char *argv[] = { "sh", "-c",
                           "setsid -f sh -c 'trap \"\" TERM HUP; echo started; sleep "
                           "1000'; sleep 1000",
                           NULL };
    g_autoptr(Inside) inside = NULL;
    g_autofree char *rest = NULL;

    if (!inside_is_possible())
        return;
    inside = inside_start(argv, NULL);
    wait_for_line(inside, "started");
    kill(inside->supervisor, SIGKILL);
    rest = inside_output(inside);
    g_assert_cmpstr(rest, ==, "");
}

static int
link_type(void)
{
    return access("/dev/net/tun", R_OK | W_OK) == 0 ? BNS_READY_TAP : BNS_READY_PACKET;
}

/* Killed while init waits for the CA, and at whatever point before that it is. */
static void
test_killed_early(void)
{
    const char *argv[] = { "sleep", "1000", NULL };
    InsideOptions options = { .no_ca = true };

    if (!inside_is_possible())
        return;
    for (int i = 0; i < 20; i++) {
        g_autoptr(Inside) inside = inside_start(argv, &options);
        g_autofree char *rest = NULL;

        if (i % 2 == 0)
            free(inside_wait(inside, link_type()));
        kill(inside->supervisor, SIGKILL);
        rest = inside_output(inside);
        g_assert_cmpstr(rest, ==, "");
    }
}

static void
test_workdir_missing(void)
{
    const char *argv[] = { "true", NULL };
    InsideOptions options = { .workdir = "/no/such/directory" };
    g_autoptr(Inside) inside = NULL;
    g_autofree char *failure = NULL;

    if (!inside_is_possible())
        return;
    inside = inside_start(argv, &options);
    g_assert_cmpint(inside_end(inside, &failure), ==, -1);
    g_assert_cmpstr(failure, ==,
                    "Could not open the working directory \"/no/such/directory\": No "
                    "such file or directory");
}

static void
test_directory_as_input(void)
{
    const char *argv[] = { "true", NULL };
    bns_autofd fd = open("/run", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    InsideOptions options = { .input_fd = fd };
    g_autoptr(Inside) inside = NULL;
    g_autofree char *failure = NULL;

    if (!inside_is_possible())
        return;
    inside = inside_start(argv, &options);
    g_assert_cmpint(inside_end(inside, &failure), ==, -1);
    g_assert_cmpstr(failure, ==,
                    "Standard input is a directory, which the sandbox cannot confine");
}

static void
add_tests(void)
{
    static const char *const bad_signals[] = { "", "0", "65", "-1", "9x" };

    for (size_t i = 0; i < G_N_ELEMENTS(execs); i++) {
        g_autofree char *path =
            g_strdup_printf("/sandbox/inside/life/%s", execs[i].name);

        bns_test_add_data(path, &execs[i], test_exec);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(bad_signals); i++) {
        g_autofree char *path =
            g_strdup_printf("/sandbox/inside/life/refuses-signal/%zu", i);

        bns_test_add_data(path, bad_signals[i], test_bad_signal);
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    add_tests();
    bns_test_add("/sandbox/inside/life/the-status-is-the-commands", test_status);
    bns_test_add("/sandbox/inside/life/a-signal-is-told", test_signal_status);
    bns_test_add("/sandbox/inside/life/stops-and-continues", test_stop);
    bns_test_add("/sandbox/inside/life/signals-are-passed-on", test_signal);
    bns_test_add("/sandbox/inside/life/signals-are-as-the-caller-had-them",
                 test_dispositions);
    bns_test_add("/sandbox/inside/life/umask-is-the-users", test_umask);
    bns_test_add("/sandbox/inside/life/orphans-are-reaped", test_orphans);
    bns_test_add("/sandbox/inside/life/its-end-takes-all", test_end_takes_all);
    bns_test_add("/sandbox/inside/life/a-killed-supervisor-takes-all",
                 test_killed_supervisor);
    bns_test_add("/sandbox/inside/life/a-supervisor-killed-early-takes-all",
                 test_killed_early);
    bns_test_add("/sandbox/inside/life/a-directory-is-no-input",
                 test_directory_as_input);
    bns_test_add("/sandbox/inside/life/a-missing-workdir-is-named",
                 test_workdir_missing);
    return g_test_run();
}
