/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/e2e/host_sockets.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* --- sockets of the host --- */

static void
bind_at(int fd, const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    if (strlen(path) >= sizeof(address.sun_path))
        g_error("%s is too long for a socket: run the test in another directory", path);
    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        g_error("bind %s: %s", path, g_strerror(errno));
}

/* Those of the test that runs. */
static GArray *host_fds;

void
close_host_sockets(void)
{
    for (guint i = 0; host_fds != NULL && i < host_fds->len; i++)
        close(g_array_index(host_fds, int, i));
    g_clear_pointer(&host_fds, g_array_unref);
}

Story *
begin(void)
{
    close_host_sockets();
    return story_new();
}

void
host_socket(int type, const char *path)
{
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

    bind_at(fd, path);
    if (type != SOCK_DGRAM)
        g_assert_cmpint(listen(fd, 8), ==, 0);
    if (host_fds == NULL)
        host_fds = g_array_new(FALSE, FALSE, sizeof(int));
    g_array_append_val(host_fds, fd);
}

char *
path_in(const char *dir, const char *name)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    g_autofree char *parent = g_path_get_dirname(path);

    g_assert_cmpint(g_mkdir_with_parents(parent, 0700), ==, 0);
    return g_steal_pointer(&path);
}

void
host_socket_in(int type, const char *dir, const char *name)
{
    g_autofree char *path = path_in(dir, name);

    host_socket(type, path);
}

void
rename_in(const char *dir, const char *from, const char *to)
{
    g_autofree char *old = g_build_filename(dir, from, NULL);
    g_autofree char *new = g_build_filename(dir, to, NULL);

    g_assert_cmpint(rename(old, new), ==, 0);
}

void
unlink_in(const char *dir, const char *name)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);

    g_assert_cmpint(unlink(path), ==, 0);
}

void
link_in(const char *dir, const char *from, const char *to)
{
    g_autofree char *old = g_build_filename(dir, from, NULL);
    g_autofree char *new = path_in(dir, to);

    g_assert_cmpint(link(old, new), ==, 0);
}

void
await_record(Story *story, const char *dir, const char *name)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    g_autofree char *text =
        g_strdup_printf("\"event\":\"socket.masked\",\"path\":\"%s\"", path);

    await_masked(story, text);
}

void
await_masked(Story *story, const char *part)
{
    for (;;) {
        g_autofree char *audit = story_read_audit(story);
        const StoryRun run = { .audit = audit };

        if (story_count_records(&run, "socket.masked", part, NULL) > 0)
            return;
        g_usleep(5000);
    }
}

/* --- the command --- */

static char *
probe(const char *what)
{
    g_autofree char *quoted = g_shell_quote(g_getenv("BNS_UNIX_PROBE"));

    return g_strdup_printf("%s %s", quoted, what);
}

StoryRun *
run_probe(Story *story, const char *options, const char *what)
{
    g_autofree char *command = probe(what);
    g_autofree char *arguments = g_strdup_printf("%s -- %s", options, command);

    return story_run(story, arguments);
}

Live *
live_probe(Story *story, const char *options, const char *what)
{
    g_autofree char *command = probe(what);
    g_autofree char *arguments = g_strdup_printf("%s -- %s", options, command);
    Live *live = live_start(story, arguments);

    live_await_out(live, "waiting");
    return live;
}

StoryRun *
finish(Live *live)
{
    live_write(live, "go\n");
    return live_end(live);
}

unsigned
count_masked(const Story *story, const StoryRun *run, const char *end)
{
    g_autofree char *path = g_strconcat(story->dir, end, NULL);

    return story_count_records(run, "socket.masked", path, NULL);
}
