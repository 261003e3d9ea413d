/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/child.h"

#include "base/fd.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* More than there are at once: 100 sandboxes. */
#define LIVING_MAX  256
#define END_WAIT_US (10 * G_USEC_PER_SEC)
#define END_POLL_US (5 * 1000)

/* Those that live, for the signal handler; 0 is an empty place. */
static volatile pid_t living[LIVING_MAX];
static const char *dir_to_remove;

static void
replace_living(pid_t from, pid_t to)
{
    for (size_t i = 0; i < LIVING_MAX; i++)
        if (living[i] == from) {
            living[i] = to;
            return;
        }
}

/* Async-signal-safe. Who changed its user has lost its PR_SET_PDEATHSIG: squid does. */
static void
on_signal(int number)
{
    const char *const remove[] = { "rm", "-rf", dir_to_remove, NULL };

    for (size_t i = 0; i < LIVING_MAX; i++)
        if (living[i] > 0)
            kill(-living[i], SIGKILL);
    execv("/bin/rm", (char **)(uintptr_t)remove);
    _exit(1);
}

void
child_end_all_on_signal(const char *dir)
{
    dir_to_remove = dir;
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    signal(SIGHUP, on_signal);
}

static void
on_child_setup(gpointer log)
{
    int fd;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0);
    if (log == NULL)
        return;
    fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (fd >= 0)
        dup2(fd, STDERR_FILENO);
}

Child *
child_start(const char *const *argv,
            const char *dir,
            char **env,
            const char *log,
            GError **error)
{
    Child *child = g_new0(Child, 1);
    GPid pid;

    if (!g_spawn_async_with_pipes(dir, (char **)(uintptr_t)argv, env,
                                  G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD,
                                  on_child_setup, (gpointer)(uintptr_t)log, &pid,
                                  &child->in_fd, &child->out_fd, NULL, error)) {
        g_free(child);
        return NULL;
    }
    child->pid = pid;
    replace_living(0, pid);
    child->unread = g_string_new(NULL);
    return child;
}

static gboolean
has_ended(pid_t pid)
{
    return waitpid(pid, NULL, WNOHANG) != 0;
}

void
child_free(Child *child)
{
    int64_t deadline_us = g_get_monotonic_time() + END_WAIT_US;

    if (child == NULL)
        return;
    bns_fd_clear(&child->in_fd);
    bns_fd_clear(&child->out_fd);
    /* Who does not read its input is told, and so are peers' children. */
    kill(-child->pid, SIGTERM);
    while (!has_ended(child->pid)) {
        if (g_get_monotonic_time() > deadline_us)
            kill(child->pid, SIGKILL);
        g_usleep(END_POLL_US);
    }
    kill(-child->pid, SIGKILL);
    replace_living(child->pid, 0);
    g_string_free(child->unread, TRUE);
    g_free(child);
}

char *
child_line(Child *child, unsigned timeout_s)
{
    struct pollfd poll_fd = { .fd = child->out_fd, .events = POLLIN };
    char buffer[4096];
    const char *end;
    char *line;

    while ((end = strchr(child->unread->str, '\n')) == NULL) {
        ssize_t n;

        if (poll(&poll_fd, 1, (int)timeout_s * 1000) <= 0)
            return NULL;
        n = read(child->out_fd, buffer, sizeof(buffer));
        if (n <= 0)
            return NULL;
        g_string_append_len(child->unread, buffer, n);
    }
    line = g_strndup(child->unread->str, (gsize)(end - child->unread->str));
    g_string_erase(child->unread, 0, end + 1 - child->unread->str);
    return line;
}

bool
child_tell(Child *child, const char *line)
{
    g_autofree char *text = g_strconcat(line, "\n", NULL);

    return bns_fd_write_all(child->in_fd, text, strlen(text)) == 0;
}

bool
child_wait(Child *child, unsigned timeout_s)
{
    struct pollfd poll_fd = { .fd = child->out_fd, .events = POLLIN };

    return child->unread->len > 0 || poll(&poll_fd, 1, (int)timeout_s * 1000) > 0;
}

char *
child_ask(Child *child, const char *line, unsigned timeout_s)
{
    return child_tell(child, line) ? child_line(child, timeout_s) : NULL;
}
