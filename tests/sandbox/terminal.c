/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The terminal, as a person meets it: a real interactive bash on a pseudo terminal starts
 * boundary-ns, and keys are pressed. Everything must be as if the command had been
 * started directly.
 *
 * What is typed is echoed; so that an answer is never taken from the echo, the words
 * that are waited for are typed in another way than they are printed (star""ted).
 */
#include "tests/support/test.h"

#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define CTRL_C "\003"
#define CTRL_D "\004"
#define CTRL_Z "\032"
#define PROMPT "yes? "

typedef struct {
    int fd; /* the terminal's other end */
    pid_t shell;
    GString *text; /* printed since the last match */
} Screen;

static void
type(const Screen *screen, const char *text)
{
    g_assert_cmpint(write(screen->fd, text, strlen(text)), ==, strlen(text));
}

/* Waits until @text is printed; drops what came before it, and itself. */
static void
expect(Screen *screen, const char *text)
{
    const char *found;

    while ((found = strstr(screen->text->str, text)) == NULL) {
        char buffer[1024];
        ssize_t n = read(screen->fd, buffer, sizeof(buffer));

        if (n <= 0)
            g_error("the terminal ended before \"%s\":\n%s", text, screen->text->str);
        g_test_message("%.*s", (int)n, buffer);
        g_string_append_len(screen->text, buffer, n);
    }
    g_string_erase(screen->text, 0, found - screen->text->str + (gssize)strlen(text));
}

/* What is typed before the shell reads again may be read by a command that is about to
 * end. */
static void
expect_prompt(Screen *screen)
{
    expect(screen, PROMPT);
}

static void
expect_status(Screen *screen, int status)
{
    g_autofree char *text = g_strdup_printf("st-%d\r\n", status);

    expect_prompt(screen);
    type(screen, "echo st-$?\n");
    expect(screen, text);
}

static void G_GNUC_NORETURN
become_shell(void)
{
    g_setenv("PS1", PROMPT, TRUE);
    g_setenv("PS2", "", TRUE);
    g_setenv("TERM", "dumb", TRUE);
    g_unsetenv("ENV");
    signal(SIGPIPE, SIG_DFL); /* the test ignores it, and that would be inherited */
    execlp("bash", "bash", "--norc", "--noediting", "-i", NULL);
    _exit(127);
}

static void
screen_open(Screen *screen)
{
    struct winsize size = { .ws_row = 24, .ws_col = 80 };

    screen->text = g_string_new(NULL);
    screen->shell = forkpty(&screen->fd, NULL, NULL, &size);
    g_assert_cmpint(screen->shell, >=, 0);
    if (screen->shell == 0)
        become_shell();
    /* Short names for what the lines below start. */
    type(screen, "b() { \"$BNS_BINARY\" -q -- \"$@\"; }; echo re\"\"ady\n");
    expect(screen, "ready\r\n");
}

static void
screen_close(Screen *screen)
{
    type(screen, "exit\n");
    type(screen, "exit\n");
    while (waitpid(screen->shell, NULL, 0) < 0)
        ;
    close(screen->fd);
    g_string_free(screen->text, TRUE);
}

/* A story on a fresh screen. */
typedef struct {
    const char *name;
    void (*tell)(Screen *screen);
} Story;

/* b must be started by its full name to be a job of its own: a function is none. */
#define B "\"$BNS_BINARY\" -q -- "

static void
tell_ctrl_c(Screen *screen)
{
    type(screen, B "sh -c 'echo star\"\"ted; exec sleep 1000'\n");
    expect(screen, "started\r\n");
    type(screen, CTRL_C);
    expect_status(screen, 130);
}

static void
tell_ctrl_c_in_loop(Screen *screen)
{
    type(screen, "for i in 1 2 3; do echo ro\"\"und; " B
                 "sh -c 'echo star\"\"ted; exec sleep 1000'; done\n");
    expect(screen, "started\r\n");
    type(screen, CTRL_C);
    expect_status(screen, 130);
    g_assert_null(strstr(screen->text->str, "round"));
}

/* A command that handles SIGINT goes on, and gets it once. */
static void
tell_ctrl_c_handled(Screen *screen)
{
    type(screen,
         B "bash -c 'n=0; trap \"let n++; echo got-\\$n\" INT; echo star\"\"ted; "
           "while [ $n = 0 ]; do sleep 0.02; done; read x; echo to\"\"tal-$n'\n");
    expect(screen, "started\r\n");
    type(screen, CTRL_C);
    expect(screen, "got-1\r\n");
    type(screen, "\n");
    expect(screen, "total-1\r\n");
    expect_status(screen, 0);
}

static void
tell_ctrl_z(Screen *screen)
{
    type(screen, B "sh -c 'echo star\"\"ted; read x; echo got-$x'\n");
    expect(screen, "started\r\n");
    type(screen, CTRL_Z);
    expect(screen, "Stopped");
    expect_prompt(screen);
    type(screen, "echo ba\"\"ck\n");
    expect(screen, "back\r\n");
    type(screen, "fg\n");
    expect(screen, "read x");
    type(screen, "word\n");
    expect(screen, "got-word\r\n");
    expect_status(screen, 0);
}

/* As full-screen programs do: they catch the key and stop their own group. */
static void
tell_kill_group(Screen *screen)
{
    type(screen, B "sh -c 'echo star\"\"ted; kill -TSTP 0; echo resu\"\"med'\n");
    expect(screen, "Stopped");
    expect_prompt(screen);
    type(screen, "fg\n");
    expect(screen, "resumed\r\n");
    expect_status(screen, 0);
}

static void
tell_stop_itself(Screen *screen)
{
    type(screen, B "sh -c 'kill -STOP $$; echo resu\"\"med'\n");
    expect(screen, "Stopped");
    expect_prompt(screen);
    type(screen, "bg\n");
    expect(screen, "resumed\r\n");
}

static void
tell_background(Screen *screen)
{
    type(screen, B "sh -c 'echo from-be\"\"low' &\n");
    expect(screen, "from-below\r\n");
    type(screen, "wait %1\n");
    expect_status(screen, 0);
}

static void
tell_background_read(Screen *screen)
{
    type(screen, B "sh -c 'read x; echo got-$x' &\n");
    type(screen, "until jobs | grep Stop\"\"ped; do :; done\n");
    expect(screen, "Stopped");
    expect_prompt(screen);
    type(screen, "fg\n");
    expect(screen, "read x");
    type(screen, "word\n");
    expect(screen, "got-word\r\n");
    expect_status(screen, 0);
}

static void
resize(const Screen *screen, unsigned short rows, unsigned short columns)
{
    struct winsize size = { .ws_row = rows, .ws_col = columns };

    g_assert_cmpint(ioctl(screen->fd, TIOCSWINSZ, &size), ==, 0);
}

static void
tell_resize(Screen *screen)
{
    type(screen, B "bash -c 'trap \"stty size; d=1\" WINCH; echo star\"\"ted; "
                   "while [ -z \"$d\" ]; do sleep 0.02; done'\n");
    expect(screen, "started\r\n");
    resize(screen, 33, 99);
    expect(screen, "33 99\r\n");
    expect_status(screen, 0);
}

static void
tell_pipeline(Screen *screen)
{
    type(screen, B "yes | head -n 1; echo pipe-${PIPESTATUS[0]}\n");
    expect(screen, "y\r\npipe-141\r\n");
}

/* Nobody but the reader of the terminal takes a key. */
static void
tell_keys_in_pipeline(Screen *screen)
{
    type(screen, B "sleep 1000 | bash -c 'echo star\"\"ted; read -n1 k </dev/tty; "
                   "echo key-$k; read y </dev/tty'\n");
    expect(screen, "started\r\n");
    type(screen, "q");
    expect(screen, "key-q\r\n");
    type(screen, CTRL_C);
    expect_status(screen, 130);
}

/* The reader sees the end of the pipe when the command closes it, not when it ends. */
static void
tell_closed_pipe(Screen *screen)
{
    type(screen, B "sh -c 'echo one; exec >&- 2>&-; read x </dev/tty' "
                   "2>/dev/null | sh -c 'cat; echo en\"\"ded'\n");
    expect(screen, "ended\r\n");
    type(screen, "\n");
    expect_status(screen, 0);
}

/* An inner shell has its own jobs, and leaves the terminal to the outer one. */
static void
tell_inner_shell(Screen *screen)
{
    type(screen, B "bash --norc --noediting -i\n");
    type(screen, "sh -c 'echo in\"\"side; exec sleep 1000'\n");
    expect(screen, "inside\r\n");
    type(screen, CTRL_Z);
    expect(screen, "Stopped");
    expect_prompt(screen);
    type(screen, "kill -9 %1; disown %1; exit 5\n");
    expect_status(screen, 5);
    type(screen, "sh -c 'echo ag\"\"ain; exec cat'\n");
    expect(screen, "again\r\n");
    type(screen, CTRL_C);
    expect_status(screen, 130);
}

/* The inner shell is stopped as a whole and gets the terminal again. */
static void
tell_suspended_inner_shell(Screen *screen)
{
    type(screen, B "bash --norc --noediting -i\n");
    type(screen, "echo in\"\"side; suspend\n");
    expect(screen, "inside\r\n");
    expect(screen, "Stopped");
    expect_prompt(screen);
    type(screen, "echo ou\"\"ter; fg\n");
    expect(screen, "outer\r\n");
    type(screen, "echo ag\"\"ain; exit 6\n");
    expect(screen, "again\r\n");
    expect_status(screen, 6);
}

/* A shell that is not interactive puts no modes back. */
static void
tell_modes(Screen *screen)
{
    type(screen, "sh -c '" B "sh -c \"stty raw -echo; kill -9 \\$\\$\"; stty -a'; "
                 "echo mo\"\"des\n");
    expect(screen, " icanon ");
    expect(screen, " echo ");
    expect(screen, "modes\r\n");
}

/* A command that ends by itself may want what it set. */
static void
tell_modes_that_stay(Screen *screen)
{
    type(screen, "sh -c '" B "stty -echo; stty -a; stty echo'; echo mo\"\"des\n");
    expect(screen, " -echo ");
    expect(screen, "modes\r\n");
}

static void
tell_kill_job(Screen *screen)
{
    type(screen,
         B "bash -c 'trap \"echo got-te\"\"rm; exit 3\" TERM; echo star\"\"ted; "
           "while :; do read -t 0.05; done' </dev/null &\n");
    expect(screen, "started\r\n");
    type(screen, "kill %1\n");
    expect(screen, "got-term\r\n");
    type(screen, "wait %1\n");
    expect_status(screen, 3);
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
};

static void
test_story(gconstpointer data)
{
    const Story *story = data;
    Screen screen;

    if (!bns_test_can_unshare()) {
        bns_test_skip("user namespaces are off here");
        return;
    }
    screen_open(&screen);
    story->tell(&screen);
    screen_close(&screen);
}

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
    expect(&screen, "started\r\n");
    type(&screen, CTRL_Z "word\n");
    expect(&screen, "got-word\r\n");
    type(&screen, CTRL_C);
    g_assert_cmpint(waitpid(screen.shell, &status, 0), ==, screen.shell);
    g_assert_cmpint(status, ==, SIGINT);
    close(screen.fd);
    g_string_free(screen.text, TRUE);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    for (size_t i = 0; i < G_N_ELEMENTS(stories); i++) {
        g_autofree char *path =
            g_strconcat("/sandbox/terminal/", stories[i].name, NULL);

        bns_test_add_data(path, &stories[i], test_story);
    }
    bns_test_add("/sandbox/terminal/without-a-shell-nothing-is-stopped",
                 test_without_shell);
    return g_test_run();
}
