/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The terminal, as a person meets it: a real interactive bash on a pseudo terminal starts
 * boundary-ns, and keys are pressed. Everything must be as if the command had been
 * started directly.
 */
#include "tests/sandbox/screen.h"
#include "tests/support/test.h"

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void
tell_ctrl_c(Screen *screen)
{
    screen_type(screen, B "sh -c 'echo star\"\"ted; exec sleep 1000'\n");
    screen_expect(screen, "started\r\n");
    screen_type(screen, CTRL_C);
    screen_expect_status(screen, 130);
}

static void
tell_ctrl_c_in_loop(Screen *screen)
{
    screen_type(screen, "for i in 1 2 3; do echo ro\"\"und; " B
                        "sh -c 'echo star\"\"ted; exec sleep 1000'; done\n");
    screen_expect(screen, "started\r\n");
    screen_type(screen, CTRL_C);
    screen_expect_status(screen, 130);
    g_assert_null(strstr(screen->text->str, "round"));
}

/* A command that handles SIGINT goes on, and gets it once. */
static void
tell_ctrl_c_handled(Screen *screen)
{
    screen_type(screen, B
                "bash -c 'n=0; trap \"let n++; echo got-\\$n\" INT; echo star\"\"ted; "
                "while [ $n = 0 ]; do sleep 0.02; done; read x; echo to\"\"tal-$n'\n");
    screen_expect(screen, "started\r\n");
    screen_type(screen, CTRL_C);
    screen_expect(screen, "got-1\r\n");
    screen_type(screen, "\n");
    screen_expect(screen, "total-1\r\n");
    screen_expect_status(screen, 0);
}

static void
tell_ctrl_z(Screen *screen)
{
    screen_type(screen, B "sh -c 'echo star\"\"ted; read x; echo got-$x'\n");
    screen_expect(screen, "started\r\n");
    screen_type(screen, CTRL_Z);
    screen_expect(screen, "Stopped");
    screen_expect_prompt(screen);
    screen_type(screen, "echo ba\"\"ck\n");
    screen_expect(screen, "back\r\n");
    screen_type(screen, "fg\n");
    screen_expect(screen, "read x");
    screen_type(screen, "word\n");
    screen_expect(screen, "got-word\r\n");
    screen_expect_status(screen, 0);
}

/* As full-screen programs do: they catch the key and stop their own group. */
static void
tell_kill_group(Screen *screen)
{
    screen_type(screen, B "sh -c 'echo star\"\"ted; kill -TSTP 0; echo resu\"\"med'\n");
    screen_expect(screen, "Stopped");
    screen_expect_prompt(screen);
    screen_type(screen, "fg\n");
    screen_expect(screen, "resumed\r\n");
    screen_expect_status(screen, 0);
}

static void
tell_stop_itself(Screen *screen)
{
    screen_type(screen, B "sh -c 'kill -STOP $$; echo resu\"\"med'\n");
    screen_expect(screen, "Stopped");
    screen_expect_prompt(screen);
    screen_type(screen, "bg\n");
    screen_expect(screen, "resumed\r\n");
}

static void
tell_background(Screen *screen)
{
    screen_type(screen, B "sh -c 'echo from-be\"\"low' &\n");
    screen_expect(screen, "from-below\r\n");
    screen_type(screen, "wait %1\n");
    screen_expect_status(screen, 0);
}

static void
tell_background_read(Screen *screen)
{
    screen_type(screen, B "sh -c 'read x; echo got-$x' &\n");
    screen_type(screen, "until jobs | grep Stop\"\"ped; do :; done\n");
    screen_expect(screen, "Stopped");
    screen_expect_prompt(screen);
    screen_type(screen, "fg\n");
    screen_expect(screen, "read x");
    screen_type(screen, "word\n");
    screen_expect(screen, "got-word\r\n");
    screen_expect_status(screen, 0);
}

static void
tell_resize(Screen *screen)
{
    screen_type(screen, B "bash -c 'trap \"stty size; d=1\" WINCH; echo star\"\"ted; "
                          "while [ -z \"$d\" ]; do sleep 0.02; done'\n");
    screen_expect(screen, "started\r\n");
    screen_resize(screen, 33, 99);
    screen_expect(screen, "33 99\r\n");
    screen_expect_status(screen, 0);
}

static void
tell_pipeline(Screen *screen)
{
    screen_type(screen, B "yes | head -n 1; echo pipe-${PIPESTATUS[0]}\n");
    screen_expect(screen, "y\r\npipe-141\r\n");
}

/* Nobody but the reader of the terminal takes a key. */
static void
tell_keys_in_pipeline(Screen *screen)
{
    screen_type(screen,
                B "sleep 1000 | bash -c 'echo star\"\"ted; read -n1 k </dev/tty; "
                  "echo key-$k; read y </dev/tty'\n");
    screen_expect(screen, "started\r\n");
    screen_type(screen, "q");
    screen_expect(screen, "key-q\r\n");
    screen_type(screen, CTRL_C);
    screen_expect_status(screen, 130);
}

/* The reader sees the end of the pipe when the command closes it, not when it ends. */
static void
tell_closed_pipe(Screen *screen)
{
    screen_type(screen, B "sh -c 'echo one; exec >&- 2>&-; read x </dev/tty' "
                          "2>/dev/null | sh -c 'cat; echo en\"\"ded'\n");
    screen_expect(screen, "ended\r\n");
    screen_type(screen, "\n");
    screen_expect_status(screen, 0);
}

/* An inner shell has its own jobs, and leaves the terminal to the outer one. */
static void
tell_inner_shell(Screen *screen)
{
    screen_type(screen, B "bash --norc --noediting -i\n");
    screen_type(screen, "sh -c 'echo in\"\"side; exec sleep 1000'\n");
    screen_expect(screen, "inside\r\n");
    screen_type(screen, CTRL_Z);
    screen_expect(screen, "Stopped");
    screen_expect_prompt(screen);
    screen_type(screen, "kill -9 %1; disown %1; exit 5\n");
    screen_expect_status(screen, 5);
    screen_type(screen, "sh -c 'echo ag\"\"ain; exec cat'\n");
    screen_expect(screen, "again\r\n");
    screen_type(screen, CTRL_C);
    screen_expect_status(screen, 130);
}

/* The inner shell is stopped as a whole and gets the terminal again. */
static void
tell_suspended_inner_shell(Screen *screen)
{
    screen_type(screen, B "bash --norc --noediting -i\n");
    screen_type(screen, "echo in\"\"side; suspend\n");
    screen_expect(screen, "inside\r\n");
    screen_expect(screen, "Stopped");
    screen_expect_prompt(screen);
    screen_type(screen, "echo ou\"\"ter; fg\n");
    screen_expect(screen, "outer\r\n");
    screen_type(screen, "echo ag\"\"ain; exit 6\n");
    screen_expect(screen, "again\r\n");
    screen_expect_status(screen, 6);
}

/* A shell that is not interactive puts no modes back. */
static void
tell_modes(Screen *screen)
{
    screen_type(screen,
                "sh -c '" B "sh -c \"stty raw -echo; kill -9 \\$\\$\"; stty -a'; "
                "echo mo\"\"des\n");
    screen_expect(screen, " icanon ");
    screen_expect(screen, " echo ");
    screen_expect(screen, "modes\r\n");
}

/* A command that ends by itself may want what it set. */
static void
tell_modes_that_stay(Screen *screen)
{
    screen_type(screen,
                "sh -c '" B "stty -echo; stty -a; stty echo'; echo mo\"\"des\n");
    screen_expect(screen, " -echo ");
    screen_expect(screen, "modes\r\n");
}

/* --- SIGKILL --- */

static pid_t
find_child(pid_t parent, const char *name)
{
    for (;;) {
        g_autofree char *path =
            g_strdup_printf("/proc/%d/task/%d/children", parent, parent);
        g_autofree char *text = NULL;
        g_auto(GStrv) children = NULL;

        g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
        children = g_strsplit(text, " ", -1);
        for (char **child = children; *child != NULL; child++) {
            g_autofree char *comm_path =
                g_build_filename("/proc", *child, "comm", NULL);
            g_autofree char *comm = NULL;

            if (**child != '\0' && g_file_get_contents(comm_path, &comm, NULL, NULL) &&
                strcmp(g_strchomp(comm), name) == 0)
                return (pid_t)atoi(*child);
        }
        g_usleep(1000);
    }
}

/* Nothing of ours is left to put anything back. */
static void
kill_session(pid_t supervisor)
{
    pid_t guard = find_child(supervisor, "boundary-tty");
    struct pollfd ended = { .fd = (int)syscall(SYS_pidfd_open, guard, 0),
                            .events = POLLIN };

    g_assert_cmpint(ended.fd, >=, 0);
    g_assert_cmpint(kill(supervisor, SIGKILL), ==, 0);
    g_assert_cmpint(poll(&ended, 1, -1), ==, 1);
    close(ended.fd);
}

/* A shell that is not interactive puts no modes back. */
static pid_t
start_raw(Screen *screen)
{
    struct termios modes;

    screen_type(screen,
                "sh -c '" B
                "sh -c \"echo star\\\"\\\"ted; exec sleep 1000\"; read x; stty -a; "
                "echo mo\"\"des'\n");
    screen_expect(screen, "started\r\n");
    g_assert_cmpint(tcgetattr(screen->fd, &modes), ==, 0);
    g_assert_cmpuint(modes.c_lflag & ICANON, ==, 0);
    return find_child(tcgetpgrp(screen->fd), "boundary-ns");
}

static void
tell_killed(Screen *screen)
{
    kill_session(start_raw(screen));
    screen_type(screen, "\n");
    screen_expect(screen, " icanon ");
    screen_expect(screen, " echo ");
    screen_expect(screen, "modes\r\n");
}

/* Somebody else has the terminal by then. */
static void
tell_killed_too_late(Screen *screen)
{
    pid_t supervisor = start_raw(screen);
    struct termios modes;

    g_assert_cmpint(tcgetattr(screen->fd, &modes), ==, 0);
    modes.c_lflag |= ECHONL;
    g_assert_cmpint(tcsetattr(screen->fd, TCSANOW, &modes), ==, 0);
    kill_session(supervisor);
    screen_type(screen, "\n");
    screen_expect(screen, " -icanon ");
    screen_expect(screen, " echonl ");
}

/* It is no part of the session: without it all goes on. */
static void
tell_killed_guard(Screen *screen)
{
    screen_type(screen, B "sh -c 'echo star\"\"ted; read x; echo got-$x'\n");
    screen_expect(screen, "started\r\n");
    g_assert_cmpint(kill(find_child(tcgetpgrp(screen->fd), "boundary-tty"), SIGKILL),
                    ==, 0);
    screen_type(screen, CTRL_Z);
    screen_expect(screen, "Stopped");
    screen_expect_prompt(screen);
    screen_type(screen, "fg\n");
    screen_expect(screen, "read x");
    screen_type(screen, "word\n");
    screen_expect(screen, "got-word\r\n");
    screen_expect_status(screen, 0);
}

static void
tell_kill_job(Screen *screen)
{
    screen_type(screen,
                B "bash -c 'trap \"echo got-te\"\"rm; exit 3\" TERM; echo star\"\"ted; "
                  "while :; do read -t 0.05; done' </dev/null &\n");
    screen_expect(screen, "started\r\n");
    screen_type(screen, "kill %1\n");
    screen_expect(screen, "got-term\r\n");
    screen_type(screen, "wait %1\n");
    screen_expect_status(screen, 3);
}

static const Story stories[] = {
    { "ctrl-c-ends-the-command", tell_ctrl_c },
    { "ctrl-c-ends-a-loop-of-the-shell", tell_ctrl_c_in_loop },
    { "ctrl-c-that-is-handled-comes-once", tell_ctrl_c_handled },
    { "ctrl-z-stops-and-fg-continues", tell_ctrl_z },
    { "a-program-that-stops-its-group", tell_kill_group },
    { "a-program-that-stops-itself", tell_stop_itself },
    { "started-in-the-background", tell_background },
    { "reading-in-the-background-stops", tell_background_read },
    { "resizing-reaches-the-command", tell_resize },
    { "a-broken-pipe-ends-the-command", tell_pipeline },
    { "keys-belong-to-the-other-end-of-a-pipeline", tell_keys_in_pipeline },
    { "a-pipe-ends-when-the-command-closes-it", tell_closed_pipe },
    { "an-inner-shell-has-its-own-jobs", tell_inner_shell },
    { "an-inner-shell-is-suspended-and-resumed", tell_suspended_inner_shell },
    { "modes-are-put-back-after-a-kill", tell_modes },
    { "modes-that-the-command-set-stay", tell_modes_that_stay },
    { "kill-of-the-job-reaches-the-command", tell_kill_job },
    { "modes-are-put-back-after-sigkill", tell_killed },
    { "modes-of-somebody-else-stay-after-sigkill", tell_killed_too_late },
    { "who-puts-them-back-may-be-killed", tell_killed_guard },
};

static void G_GNUC_NORETURN
become_session(void)
{
    const char *binary = g_getenv("BNS_BINARY");

    execl(binary, binary, "-q", "--", "sh", "-c",
          "echo start\"\"ed; read x; echo got-$x; read x", NULL);
    _exit(127);
}

/* As in a container that has a terminal: nobody is there to continue what is stopped. */
static void
test_without_shell(void)
{
    Screen screen = { .text = g_string_new(NULL) };
    int status;

    if (!bns_test_can_unshare()) {
        bns_test_skip("user namespaces are off here");
        return;
    }
    screen.shell = forkpty(&screen.fd, NULL, NULL, NULL);
    if (screen.shell == 0)
        become_session();
    screen_expect(&screen, "started\r\n");
    screen_type(&screen, CTRL_Z "word\n");
    screen_expect(&screen, "got-word\r\n");
    screen_type(&screen, CTRL_C);
    g_assert_cmpint(waitpid(screen.shell, &status, 0), ==, screen.shell);
    g_assert_cmpint(status, ==, SIGINT);
    close(screen.fd);
    g_string_free(screen.text, TRUE);
    g_free(screen.before);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    screen_add_stories(stories, G_N_ELEMENTS(stories));
    bns_test_add("/sandbox/terminal/without-a-shell-nothing-is-stopped",
                 test_without_shell);
    return g_test_run();
}
