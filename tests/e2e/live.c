/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/e2e/live.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The promise is a second; a machine with a hundred tests on it gets more. */
#define DEATH_TIMEOUT_MS 20000

static void
on_child(gpointer data)
{
    const Story *story = data;

    if (story->prepare != NULL)
        story->prepare();
}

Live *
live_start(Story *story, const char *arguments)
{
    Live *live = g_new0(Live, 1);
    g_autoptr(GPtrArray) argv = story_argv(story, arguments);
    g_autoptr(GError) error = NULL;

    live->story = story;
    live->out = g_string_new(NULL);
    live->err = g_string_new(NULL);
    g_spawn_async_with_pipes(story->work, (char **)argv->pdata, story->env,
                             G_SPAWN_DO_NOT_REAP_CHILD, on_child, story, &live->pid,
                             &live->in_fd, &live->out_fd, &live->err_fd, &error);
    g_assert_no_error(error);
    return live;
}

/* Takes what is there. */
static void
read_some(int *fd, GString *text)
{
    char buffer[65536];
    ssize_t n = TEMP_FAILURE_RETRY(read(*fd, buffer, sizeof(buffer)));

    if (n > 0) {
        g_string_append_len(text, buffer, n);
        return;
    }
    close(*fd);
    *fd = -1;
}

/* Waits for more of either stream. Returns: false when both have ended. */
static bool
read_more(Live *live)
{
    struct pollfd fds[] = { { .fd = live->out_fd, .events = POLLIN },
                            { .fd = live->err_fd, .events = POLLIN } };

    if (live->out_fd < 0 && live->err_fd < 0)
        return false;
    if (poll(fds, G_N_ELEMENTS(fds), -1) < 0)
        return errno == EINTR;
    if (fds[0].revents != 0)
        read_some(&live->out_fd, live->out);
    if (fds[1].revents != 0)
        read_some(&live->err_fd, live->err);
    return true;
}

static void
await(Live *live, const GString *stream, const char *text)
{
    while (strstr(stream->str, text) == NULL)
        if (!read_more(live))
            g_error("\"%s\" never came\nout:\n%s\nerr:\n%s", text, live->out->str,
                    live->err->str);
}

void
live_await_out(Live *live, const char *text)
{
    await(live, live->out, text);
}

void
live_await_err(Live *live, const char *text)
{
    await(live, live->err, text);
}

void
live_write(Live *live, const char *text)
{
    size_t len = strlen(text);

    g_assert_cmpint(write(live->in_fd, text, len), ==, (ssize_t)len);
}

void
live_close_input(Live *live)
{
    if (live->in_fd >= 0)
        close(live->in_fd);
    live->in_fd = -1;
}

StoryRun *
live_end(Live *live)
{
    StoryRun *run = g_new0(StoryRun, 1);

    while (read_more(live))
        ;
    g_assert_cmpint(TEMP_FAILURE_RETRY(waitpid(live->pid, &run->status, 0)), ==,
                    live->pid);
    live->pid = 0;
    run->out = g_strdup(live->out->str);
    run->err = g_strdup(live->err->str);
    run->audit = story_read_audit(live->story);
    return run;
}

void
live_free(Live *live)
{
    if (live == NULL)
        return;
    if (live->pid > 0) {
        kill(live->pid, SIGKILL);
        waitpid(live->pid, NULL, 0);
    }
    live_close_input(live);
    if (live->out_fd >= 0)
        close(live->out_fd);
    if (live->err_fd >= 0)
        close(live->err_fd);
    g_string_free(live->out, TRUE);
    g_string_free(live->err, TRUE);
    g_free(live);
}

void
live_ask(Live *live, const char *path, int code)
{
    g_autofree char *line = g_strconcat(path, "\n", NULL);
    g_autofree char *answer = g_strdup_printf("%s=%d\n", path, code);
    g_autofree char *any = g_strconcat(path, "=", NULL);

    live_write(live, line);
    live_await_out(live, any);
    live_await_out(live, answer);
}

StoryRun *
live_finish(Live *live)
{
    live_close_input(live);
    return live_end(live);
}

/* --- its processes --- */

static void
process_clear(gpointer data)
{
    LiveProcess *process = data;

    close(process->fd);
}

/* proc(5): "PID (NAME) STATE PPID ...", where NAME may hold anything. */
static bool
read_process(pid_t pid, LiveProcess *out_process)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/stat", pid);
    g_autofree char *text = NULL;
    const char *begin, *end;

    memset(out_process, 0, sizeof(*out_process));
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return false;
    begin = strchr(text, '(');
    end = strrchr(text, ')');
    if (begin == NULL || end == NULL || end[1] != ' ' || end[2] == 'Z')
        return false;
    out_process->pid = pid;
    g_strlcpy(out_process->name, begin + 1,
              MIN(sizeof(out_process->name), (size_t)(end - begin)));
    return sscanf(end + 1, " %*c %d", &out_process->parent) == 1;
}

static void
add_process(GArray *processes, const LiveProcess *process)
{
    LiveProcess added = *process;

    added.fd = (int)syscall(SYS_pidfd_open, process->pid, 0);
    if (added.fd >= 0)
        g_array_append_val(processes, added);
}

/* Every process of the machine. */
static GArray *
list_all(void)
{
    GArray *all = g_array_new(FALSE, FALSE, sizeof(LiveProcess));
    g_autoptr(GDir) proc = g_dir_open("/proc", 0, NULL);
    const char *name;
    LiveProcess process;

    while ((name = g_dir_read_name(proc)) != NULL)
        if (g_ascii_isdigit(*name) && read_process(atoi(name), &process))
            g_array_append_val(all, process);
    return all;
}

GArray *
live_processes(const Live *live)
{
    GArray *found = g_array_new(FALSE, FALSE, sizeof(LiveProcess));
    g_autoptr(GArray) all = list_all();
    LiveProcess process;

    g_array_set_clear_func(found, process_clear);
    g_assert_true(read_process(live->pid, &process));
    add_process(found, &process);
    for (guint i = 0; i < found->len; i++) {
        pid_t parent = g_array_index(found, LiveProcess, i).pid;

        for (guint k = 0; k < all->len; k++)
            if (g_array_index(all, LiveProcess, k).parent == parent)
                add_process(found, &g_array_index(all, LiveProcess, k));
    }
    return found;
}

const LiveProcess *
live_find(GArray *processes, const char *name)
{
    for (guint i = 0; i < processes->len; i++) {
        const LiveProcess *process = &g_array_index(processes, LiveProcess, i);

        if (strcmp(process->name, name) == 0)
            return process;
    }
    g_error("there is no process \"%s\" among %u", name, processes->len);
}

void
live_await_death(GArray *processes)
{
    int64_t deadline_us = g_get_monotonic_time() + DEATH_TIMEOUT_MS * INT64_C(1000);

    for (guint i = 0; i < processes->len; i++) {
        const LiveProcess *process = &g_array_index(processes, LiveProcess, i);
        struct pollfd fd = { .fd = process->fd, .events = POLLIN };
        int64_t left_us = MAX(deadline_us - g_get_monotonic_time(), 0);

        if (poll(&fd, 1, (int)(left_us / 1000)) != 1)
            g_error("%s (%d) still lives", process->name, process->pid);
    }
}

unsigned
live_pss_kib(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/smaps_rollup", pid);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    const char *line;
    unsigned kib = 0;

    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    line = strstr(text, "\nPss:");
    g_assert_nonnull(line);
    g_assert_cmpint(sscanf(line, "\nPss: %u kB", &kib), ==, 1);
    return kib;
}
