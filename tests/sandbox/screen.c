/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sandbox/screen.h"

#include "tests/support/test.h"

#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROMPT "yes? "

void
screen_type(const Screen *screen, const char *text)
{
    g_assert_cmpint(write(screen->fd, text, strlen(text)), ==, strlen(text));
}

void
screen_expect(Screen *screen, const char *text)
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
    g_free(screen->before);
    screen->before = g_strndup(screen->text->str, (gsize)(found - screen->text->str));
    g_string_erase(screen->text, 0, found - screen->text->str + (gssize)strlen(text));
}

void
screen_expect_prompt(Screen *screen)
{
    screen_expect(screen, PROMPT);
}

void
screen_expect_status(Screen *screen, int status)
{
    g_autofree char *text = g_strdup_printf("st-%d\r\n", status);

    screen_expect_prompt(screen);
    screen_type(screen, "echo st-$?\n");
    screen_expect(screen, text);
}

void
screen_await_job(const Screen *screen)
{
    while (tcgetpgrp(screen->fd) == screen->shell)
        g_usleep(1000);
}

void
screen_resize(const Screen *screen, unsigned short rows, unsigned short columns)
{
    struct winsize size = { .ws_row = rows, .ws_col = columns };

    g_assert_cmpint(ioctl(screen->fd, TIOCSWINSZ, &size), ==, 0);
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

void
screen_open(Screen *screen)
{
    struct winsize size = { .ws_row = 24, .ws_col = 80 };

    *screen = (Screen){ .text = g_string_new(NULL) };
    screen->shell = forkpty(&screen->fd, NULL, NULL, &size);
    g_assert_cmpint(screen->shell, >=, 0);
    if (screen->shell == 0)
        become_shell();
    screen_type(screen, "echo re\"\"ady\n");
    screen_expect(screen, "ready\r\n");
}

void
screen_close(Screen *screen)
{
    screen_type(screen, "exit\n");
    screen_type(screen, "exit\n");
    while (waitpid(screen->shell, NULL, 0) < 0)
        ;
    close(screen->fd);
    g_string_free(screen->text, TRUE);
    g_free(screen->before);
}

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

void
screen_add_stories(const Story *stories, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        g_autofree char *path =
            g_strconcat("/sandbox/terminal/", stories[i].name, NULL);

        bns_test_add_data(path, &stories[i], test_story);
    }
}
