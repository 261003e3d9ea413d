/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sandbox/start.h"

#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char *home; /* owned */

void
session_init(void)
{
    home = g_dir_make_tmp("bns-session-XXXXXX", NULL);
    g_setenv("HOME", home, TRUE);
    g_unsetenv("XDG_CONFIG_HOME");
    g_unsetenv("XDG_STATE_HOME");
    g_unsetenv("BOUNDARY_ENABLED");
    g_unsetenv("BOUNDARY_CONFIG");
    g_unsetenv("BOUNDARY_ALLOW");
}

void
session_clear(void)
{
    bns_test_remove_tree(home);
    g_clear_pointer(&home, g_free);
}

const char *
session_home(void)
{
    return home;
}

Session
session_start_with(void (*prepare)(void), const char *const *arguments)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    Session session = { .text = g_string_new(NULL) };
    int err[2], out[2];

    g_ptr_array_add(argv, (gpointer)(guintptr)g_getenv("BNS_BINARY"));
    for (; *arguments != NULL; arguments++)
        g_ptr_array_add(argv, (gpointer)(guintptr)*arguments);
    g_ptr_array_add(argv, NULL);
    g_assert_cmpint(pipe2(err, O_CLOEXEC), ==, 0);
    g_assert_cmpint(pipe2(out, O_CLOEXEC), ==, 0);
    session.pid = fork();
    if (session.pid == 0) {
        dup2(out[1], STDOUT_FILENO);
        dup2(err[1], STDERR_FILENO);
        signal(SIGPIPE, SIG_DFL);
        if (prepare != NULL)
            prepare();
        execv(g_ptr_array_index(argv, 0), (char **)argv->pdata);
        _exit(99);
    }
    close(err[1]);
    close(out[1]);
    session.err = err[0];
    session.out = out[0];
    return session;
}

static char *
read_all(int fd)
{
    GString *text = g_string_new(NULL);
    char buffer[4096];
    ssize_t n;

    while ((n = read(fd, buffer, sizeof(buffer))) > 0)
        g_string_append_len(text, buffer, n);
    close(fd);
    return g_string_free(text, FALSE);
}

void
session_wait_for(Session *session, const char *word)
{
    while (strstr(session->text->str, word) == NULL) {
        char buffer[1024];
        ssize_t n = read(session->err, buffer, sizeof(buffer));

        if (n <= 0)
            g_error("no \"%s\" in:\n%s", word, session->text->str);
        g_string_append_len(session->text, buffer, n);
    }
}

int
session_finish(Session *session, char **out_output, char **out_errors)
{
    g_autofree char *output = read_all(session->out);
    g_autofree char *errors = read_all(session->err);
    int status;

    while (waitpid(session->pid, &status, 0) < 0)
        g_assert_cmpint(errno, ==, EINTR);
    g_string_append(session->text, errors);
    if (out_output != NULL)
        *out_output = g_steal_pointer(&output);
    if (out_errors != NULL)
        *out_errors = g_strdup(session->text->str);
    g_string_free(session->text, TRUE);
    return status;
}

bool
session_can_start(void)
{
    if (bns_test_can_unshare())
        return true;
    bns_test_skip("user namespaces are off here");
    return false;
}
