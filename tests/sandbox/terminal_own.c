/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command's own terminal: what lies between it and the user's, and who has the keys.
 */
#include "tests/sandbox/screen.h"
#include "tests/support/test.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char *directory; /* owned; for files of the stories */

static void
tell_own(Screen *screen)
{
    screen_type(screen, B "sh -c 'tty; ls -1 /dev/pts; stty size; cat </dev/tty'\n");
    screen_expect(screen, "/dev/pts/0\r\n0\r\nptmx\r\n24 80\r\n");
    screen_type(screen, "word\n");
    screen_expect(screen, "word\r\nword\r\n");
    screen_type(screen, CTRL_D);
    screen_expect_status(screen, 0);
}

static void
tell_injection(Screen *screen)
{
    screen_type(screen, B
                "python3 -c 'import fcntl\n"
                "for call in 0x5412, 0x541c, 0x5423, 0xffffffff00005412 - (1 << 64):\n"
                "  try: fcntl.ioctl(0, call, b\"q\" * 8); print(\"bad\")\n"
                "  except OSError as e: print(e.errno, end=\" \")\n"
                "print(\"al\" \"l\")'\n");
    screen_expect(screen, "1 1 1 1 all\r\n");
    screen_expect_status(screen, 0);
}

static void
tell_clipboard(Screen *screen)
{
    screen_type(screen, B "printf 'cl\\033]52;c;Zm9v\\aip\\n'\n");
    screen_expect(screen, "clip\r\n");
    screen_expect_status(screen, 0);
}

static void
tell_clipboard_in_pipeline(Screen *screen)
{
    screen_type(screen, B "sh -c 'printf \"cl\\033]52;c;Zm9v\\aip\\n\" >&2' | cat\n");
    screen_expect(screen, "clip\r\n");
    screen_expect_status(screen, 0);
}

static void
tell_clipboard_allowed(Screen *screen)
{
    g_autofree char *path = g_build_filename(directory, "tty.yaml", NULL);
    g_autofree char *line = g_strdup_printf(
        "\"$BNS_BINARY\" -q -c %s -- printf 'cl\\033]52;c;Zm9v\\aip\\n'\n", path);

    g_assert_true(g_file_set_contents(path, "tty: {clipboard: true}\n", -1, NULL));
    screen_type(screen, line);
    screen_expect(screen, "cl\033]52;c;Zm9v\aip\r\n");
    screen_expect_status(screen, 0);
}

/* Each line is processed by one terminal, not by two, whoever has the keys. */
static void
tell_newlines(Screen *screen)
{
    screen_type(screen, B "printf 'x\\na\\nb\\r\\nc\\n' </dev/null\n");
    screen_expect(screen, "x\r\na\r\nb\r\r\nc\r\n");
    screen_type(screen, B "sh -c 'stty raw; printf \"d\\ne\\n\"; stty sane'\n");
    screen_expect(screen, "d\ne\n");
    screen_expect_status(screen, 0);
}

static void
tell_less(Screen *screen)
{
    screen_type(screen, B "seq -f li\"\"ne%g 1000 | TERM=xterm less\n");
    screen_expect(screen, "line23");
    screen_type(screen, " ");
    screen_expect(screen, "line46");
    screen_type(screen, "q");
    screen_expect_status(screen, 0);
}

static void
tell_less_inside(Screen *screen)
{
    screen_type(screen, "seq -f li\"\"ne%g 1000 | " B
                        "sh -c 'TERM=xterm less; echo en\"\"d'\n");
    screen_expect(screen, "line23");
    screen_type(screen, " ");
    screen_expect(screen, "line46");
    screen_type(screen, "q");
    screen_expect(screen, "end\r\n");
    screen_expect_status(screen, 0);
}

/* Who is asked for a password in a pipeline gets it, and nobody sees it. */
static void
tell_password(Screen *screen)
{
    screen_type(screen,
                B "bash -c 'stty -echo </dev/tty; echo pass\"\"word: >&2; "
                  "read p </dev/tty; stty echo </dev/tty; echo pw-$p' | tr e E\n");
    screen_expect(screen, "password:");
    screen_type(screen, "secret\n");
    screen_expect(screen, "pw-sEcrEt\r\n");
    g_assert_cmpstr(screen->before, ==, "\r\n");
    screen_expect_status(screen, 0);
}

static void
tell_input_from_pipe(Screen *screen)
{
    screen_type(screen,
                "echo da\"\"ta | " B "sh -c 'cat; read x </dev/tty; echo got-$x'\n");
    screen_expect(screen, "data\r\n");
    screen_type(screen, "word\n");
    screen_expect(screen, "got-word\r\n");
    screen_expect_status(screen, 0);
}

/* An inner shell that ignores the signals of a background keeps the keys. */
static void
tell_shell_in_pipeline(Screen *screen)
{
    screen_type(screen, "PS1='in> ' " B "bash --norc --noediting -i | cat\n");
    screen_type(screen, "echo in\"\"side\n");
    screen_expect(screen, "inside\r\n");
    screen_type(screen, "echo ag\"\"ain\n");
    screen_expect(screen, "again\r\n");
    screen_type(screen, "exit\n");
    screen_expect_status(screen, 0);
}

/* All of a job gets the key, as without us. */
static void
tell_ctrl_c_in_script(Screen *screen)
{
    screen_type(screen,
                "sh -c '" B
                "sh -c \"echo star\\\"\\\"ted; exec sleep 1000\"; echo af\"\"ter'\n");
    screen_expect(screen, "started\r\n");
    screen_type(screen, CTRL_C);
    screen_expect_status(screen, 130);
    g_assert_null(strstr(screen->text->str, "after"));
}

static void
tell_ctrl_z_in_script(Screen *screen)
{
    screen_type(screen,
                "sh -c '" B "sh -c \"echo star\\\"\\\"ted; read x; echo got-\\$x\"; "
                "echo af\"\"ter'\n");
    screen_expect(screen, "started\r\n");
    screen_type(screen, CTRL_Z);
    screen_expect(screen, "Stopped");
    screen_expect_prompt(screen);
    screen_type(screen, "fg\n");
    screen_expect(screen, "sh -c");
    screen_type(screen, "word\n");
    screen_expect(screen, "got-word\r\nafter\r\n");
    screen_expect_status(screen, 0);
}

/* Until vim has drawn a line that the first size does not have. Of a hundred signals that
 * come just before it waits for keys it overlooks one, with or without us. */
static void
resize_vim(Screen *screen)
{
    do {
        screen_resize(screen, 40, 99);
        screen_resize(screen, 40, 100);
        screen_type(screen, CTRL_L);
        screen_expect(screen, "\033[?25h");
    } while (strstr(screen->before, "\033[39;1H") == NULL);
}

static void
tell_vim(Screen *screen)
{
    screen_type(screen,
                "TERM=xterm " B "vim -u NONE -N -i NONE +'echo \"ed\" . \"its\"'\n");
    screen_expect(screen, "edits");
    resize_vim(screen);
    screen_type(screen, CTRL_Z);
    screen_expect(screen, "Stopped");
    screen_expect_prompt(screen);
    screen_type(screen, "stty -a\n");
    screen_expect(screen, " icanon ");
    screen_expect_prompt(screen);
    screen_type(screen, "fg\n");
    screen_expect(screen, "\033[39;1H");
    screen_type(screen, ":echo &lines . 'by' . &columns\r");
    screen_expect(screen, "40by100");
    screen_type(screen, ":q!\r");
    screen_expect_status(screen, 0);
}

static void
tell_tmux(Screen *screen)
{
    screen_type(screen, "TERM=xterm " B "tmux -S /tmp/bns-tmux -f /dev/null new "
                        "'echo in\"\"ner; read x; echo got-$x; read x'\n");
    screen_expect(screen, "inner");
    screen_type(screen, "word\n");
    screen_expect(screen, "got-word");
    screen_type(screen, "\n");
    screen_expect(screen, "[exited]");
    screen_expect_status(screen, 0);
}

static void
tell_script(Screen *screen)
{
    screen_type(screen, B "script -qec 'tty; read x; echo got-$x' /dev/null\n");
    screen_expect(screen, "/dev/pts/1\r\n");
    screen_type(screen, "word\n");
    screen_expect(screen, "got-word\r\n");
    screen_expect_status(screen, 0);
    screen_type(screen, "script -qec \"" B "sh -c 'tty; exit 4'\" /dev/null\n");
    screen_expect(screen, "/dev/pts/0\r\n");
    screen_expect_status(screen, 4);
}

/* fg of a job that runs: nobody tells it so. */
static void
tell_running_job(Screen *screen)
{
    screen_type(screen, B "sh -c 'echo star\"\"ted; exec sleep 1000' &\n");
    screen_expect(screen, "started\r\n");
    screen_type(screen, "fg\n");
    screen_expect(screen, "sleep 1000");
    screen_await_job(screen);
    screen_type(screen, CTRL_C);
    screen_expect_status(screen, 130);
}

static void
tell_tostop(Screen *screen)
{
    screen_type(screen, "stty tostop; " B "sh -c 'echo from-be\"\"low' &\n");
    screen_type(screen, "until jobs | grep Stop\"\"ped; do :; done\n");
    screen_expect(screen, "Stopped");
    screen_expect_prompt(screen);
    screen_type(screen, "fg\n");
    screen_expect(screen, "from-below\r\n");
    screen_expect_status(screen, 0);
}

/* In the background of a shell that is gone nobody could continue it: it is not stopped
 * when it reads, but finds the end of its terminal. */
static void
tell_orphan(Screen *screen)
{
    g_autofree char *file = g_build_filename(directory, "orphan", NULL);
    g_autofree char *start = g_strdup_printf(
        "bash -mc '\"$BNS_BINARY\" -q --write %s -- sh -c \"read x </dev/tty; "
        "echo over >%s\" &'\n",
        directory, file);
    g_autofree char *wait =
        g_strdup_printf("until [ -s %s ]; do sleep 0.01; done; cat %s\n", file, file);

    screen_type(screen, start);
    screen_expect_prompt(screen);
    screen_type(screen, wait);
    screen_expect(screen, "over\r\n");
}

static pid_t
child_of(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/task/%d/children", pid, pid);
    g_autofree char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return (pid_t)g_ascii_strtoull(text, NULL, 10);
}

/* A shell that is not interactive puts no modes back. */
static void
tell_crash(Screen *screen)
{
    pid_t supervisor;

    screen_type(screen, "sh -c 'ulimit -c 0; " B "sh -c \"echo star\\\"\\\"ted; "
                        "exec sleep 1000\"; stty -a'; echo mo\"\"des\n");
    screen_expect(screen, "started\r\n");
    supervisor = child_of(child_of(screen->shell));
    g_assert_cmpint(supervisor, >, 0);
    g_assert_cmpint(kill(supervisor, SIGABRT), ==, 0);
    screen_expect(screen, " icanon ");
    screen_expect(screen, " echo ");
    screen_expect(screen, "modes\r\n");
}

static const Story stories[] = {
    { "the-command-has-its-own", tell_own },
    { "nothing-is-typed-by-the-command", tell_injection },
    { "the-clipboard-is-out-of-reach", tell_clipboard },
    { "the-clipboard-is-out-of-reach-in-a-pipeline", tell_clipboard_in_pipeline },
    { "a-policy-gives-the-clipboard", tell_clipboard_allowed },
    { "newlines-are-processed-once", tell_newlines },
    { "less-behind-the-command-has-the-keys", tell_less },
    { "less-inside-a-pipeline-has-the-keys", tell_less_inside },
    { "a-password-in-a-pipeline", tell_password },
    { "input-from-a-pipe-and-the-terminal", tell_input_from_pipe },
    { "a-shell-in-a-pipeline-keeps-the-keys", tell_shell_in_pipeline },
    { "ctrl-c-ends-the-script-around-the-command", tell_ctrl_c_in_script },
    { "ctrl-z-stops-the-script-around-the-command", tell_ctrl_z_in_script },
    { "vim-is-stopped-continued-and-resized", tell_vim },
    { "tmux-inside", tell_tmux },
    { "script-inside-and-outside", tell_script },
    { "a-running-job-gets-the-keys", tell_running_job },
    { "tostop-holds", tell_tostop },
    { "reading-in-the-background-of-nobody", tell_orphan },
    { "modes-are-put-back-after-a-crash", tell_crash },
};

static void G_GNUC_NORETURN
become_session(const char *input, const char *script)
{
    const char *binary = g_getenv("BNS_BINARY");
    int fd = open(input, O_RDWR);

    dup2(fd, STDIN_FILENO);
    execl(binary, binary, "-q", "--write", directory, "--", "bash", "-c", script, NULL);
    _exit(127);
}

/* The window is closed. */
static void
expect_after_hangup(const char *file,
                    const char *input,
                    const char *script,
                    const char *expected)
{
    g_autofree char *text = NULL;
    Screen screen = { .text = g_string_new(NULL) };
    int status;

    if (!bns_test_can_unshare()) {
        bns_test_skip("user namespaces are off here");
        return;
    }
    screen.shell = forkpty(&screen.fd, NULL, NULL, NULL);
    if (screen.shell == 0)
        become_session(input, script);
    screen_expect(&screen, "started\r\n");
    close(screen.fd);
    g_assert_cmpint(waitpid(screen.shell, &status, 0), ==, screen.shell);
    g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, expected);
    g_string_free(screen.text, TRUE);
    g_free(screen.before);
}

static void
test_hangup(void)
{
    g_autofree char *file = g_build_filename(directory, "hup", NULL);
    g_autofree char *script = g_strdup_printf(
        "trap 'echo hup >%s; exit' HUP; echo started; while :; do read x; done", file);

    expect_after_hangup(file, "/dev/tty", script, "hup\n");
}

/* It takes no notice, and wants the keys, which it did not have, when they are gone. */
static void
test_read_after_hangup(void)
{
    g_autofree char *file = g_build_filename(directory, "read", NULL);
    g_autofree char *script = g_strdup_printf(
        "trap 'hup=1' HUP; echo started; until [ -n \"$hup\" ]; do sleep 0.01; done\n"
        "read x </dev/tty; echo over >%s",
        file);

    expect_after_hangup(file, "/dev/null", script, "over\n");
}

int
main(int argc, char **argv)
{
    int status;

    bns_test_init(&argc, &argv, 120);
    directory = g_dir_make_tmp("bns-terminal-XXXXXX", NULL);
    screen_add_stories(stories, G_N_ELEMENTS(stories));
    bns_test_add("/sandbox/terminal/a-hangup-reaches-the-command", test_hangup);
    bns_test_add("/sandbox/terminal/keys-are-wanted-after-a-hangup",
                 test_read_after_hangup);
    status = g_test_run();
    bns_test_remove_tree(directory);
    g_free(directory);
    return status;
}
