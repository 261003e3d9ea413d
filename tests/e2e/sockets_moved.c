/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets whose names do not lead to them: the host's are out of reach all the same. */
#include "base/fd.h"
#include "tests/e2e/host_sockets.h"
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* --- before the session --- */

static void
rename_directory(Story *story)
{
    host_socket_in(SOCK_STREAM, story->work, "d/e/s");
    rename_in(story->work, "d", "moved");
}

static void
rename_out_of_work(Story *story)
{
    host_socket_in(SOCK_STREAM, story->work, "d/s");
    g_free(path_in(story->home, "docs/x"));
    rename_in(story->dir, "work/d", "home/docs/d");
}

static void
rename_file(Story *story)
{
    host_socket_in(SOCK_DGRAM, story->dir, "other/s");
    g_free(path_in(story->work, "a/b/x"));
    rename_in(story->dir, "other/s", "work/a/b/new");
}

static void
link_elsewhere(Story *story)
{
    host_socket_in(SOCK_STREAM, story->home, "docs/s");
    g_free(path_in(story->work, "a/x"));
    link_in(story->dir, "home/docs/s", "work/a/linked");
}

/* Nobody is in that directory any more. */
static void
bind_relative(Story *story)
{
    g_autofree char *current = g_get_current_dir();
    g_autofree char *dir = path_in(story->work, "rel");

    g_assert_cmpint(g_mkdir(dir, 0700), ==, 0);
    g_assert_cmpint(chdir(dir), ==, 0);
    host_socket(SOCK_STREAM, "./s");
    g_assert_cmpint(chdir(current), ==, 0);
}

/* The kernel counts it among the connected ones as soon as somebody connects to it. */
static void
bind_datagram(Story *story)
{
    host_socket_in(SOCK_DGRAM, story->work, "sub/log");
}

/* By another name of its directory, that of a descriptor of this process. */
static void
bind_long(Story *story)
{
    g_autofree char *long_name = g_strnfill(100, 'n');
    g_autofree char *dir = path_in(story->work, long_name);
    g_autofree char *path = NULL;
    bns_autofd fd = -1;

    g_assert_cmpint(g_mkdir(dir, 0700), ==, 0);
    fd = open(dir, O_PATH | O_CLOEXEC);
    path = g_strdup_printf("/proc/self/fd/%d/s", fd);
    host_socket(SOCK_STREAM, path);
    rename_in(story->work, long_name, "short");
}

typedef struct {
    const char *name;
    void (*prepare)(Story *story);
    const char *options;
    const char *what; /* the probe's argument */
} Case;

static const Case cases[] = {
    { "a-directory-was-renamed", rename_directory, "", "stream:moved/e/s" },
    { "in-a-shared-tree-too", rename_directory, "-c shared.yaml", "stream:moved/e/s" },
    { "moved-to-where-the-command-only-reads", rename_out_of_work, "",
      "stream:../home/docs/d/s" },
    { "a-socket-was-moved", rename_file, "", "dgram:a/b/new" },
    { "a-datagram-socket-with-a-client", bind_datagram, "", "dgram:sub/log" },
    { "linked-elsewhere", link_elsewhere, "", "stream:a/linked" },
    { "bound-by-a-relative-name", bind_relative, "", "stream:rel/s" },
    { "bound-by-the-name-of-a-descriptor", bind_long, "", "stream:short/s" },
};

/* What is not masked can be connected to: or the test would prove nothing. */
static void
assert_is_reachable(const Story *story, const char *what)
{
    const char *name = strchr(what, ':') + 1;
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    bns_autofd fd =
        socket(AF_UNIX, g_str_has_prefix(what, "dgram") ? SOCK_DGRAM : SOCK_STREAM, 0);
    g_autofree char *current = g_get_current_dir();

    g_assert_cmpint(chdir(story->work), ==, 0);
    g_strlcpy(address.sun_path, name, sizeof(address.sun_path));
    g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    g_assert_cmpint(chdir(current), ==, 0);
}

static void
test_before(gconstpointer data)
{
    const Case *row = data;
    g_autoptr(Story) story = begin();
    g_autofree char *expected = g_strdup_printf("%s Connection refused\n", row->what);
    g_autoptr(StoryRun) run = NULL;

    story_write(story, "shared.yaml", "files: { mode: shared }\n");
    row->prepare(story);
    assert_is_reachable(story, row->what);
    run = run_probe(story, row->options, row->what);
    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==, expected);
    story_assert_record(run, "\"socket.masked\"", strrchr(row->what, '/'));
}

static void
test_allowed(void)
{
    g_autoptr(Story) story = begin();
    g_autoptr(StoryRun) run = NULL;

    rename_directory(story);
    story_write(story, "p.yaml", "sockets: [moved/e/s]\n");
    run = run_probe(story, "-c p.yaml", "stream:moved/e/s");
    g_assert_cmpstr(run->out, ==, "stream:moved/e/s connected\n");
    g_assert_cmpuint(count_masked(story, run, ""), ==, 0);
}

/* Somebody still listens, but there is nothing to connect to, and nothing was missed. */
static void
test_removed(void)
{
    g_autoptr(Story) story = begin();
    g_autoptr(StoryRun) run = NULL;

    host_socket_in(SOCK_STREAM, story->work, "d/s");
    unlink_in(story->work, "d/s");
    run = run_probe(story, "", "stream:d/s serve:d/s");
    g_assert_cmpstr(run->out, ==,
                    "stream:d/s No such file or directory\nserve:d/s connected\n");
    story_assert_no_err(run, "not every directory");
}

/* --- during the session --- */

static void
test_moved_in(void)
{
    g_autoptr(Story) story = begin();
    g_autoptr(Live) live = NULL;
    g_autoptr(StoryRun) run = NULL;

    host_socket_in(SOCK_STREAM, story->dir, "other/s");
    host_socket_in(SOCK_STREAM, story->home, "docs/l");
    g_free(path_in(story->work, "a/x"));
    live = live_probe(story, "", "wait stream:a/new stream:a/linked stream:a/e/s");
    rename_in(story->dir, "other/s", "work/a/new");
    link_in(story->dir, "home/docs/l", "work/a/linked");
    host_socket_in(SOCK_STREAM, story->work, "d/s");
    rename_in(story->work, "d", "a/e");
    await_record(story, story->work, "a/new");
    await_record(story, story->work, "a/linked");
    await_record(story, story->work, "a/e/s");
    run = finish(live);
    g_assert_cmpstr(run->out, ==,
                    "waiting\nstream:a/new Connection refused\n"
                    "stream:a/linked Connection refused\n"
                    "stream:a/e/s Connection refused\n");
}

/* The command gives a socket of the host's the name of one that it may reach. */
static void
test_moved_to_what_is_allowed(void)
{
    g_autoptr(Story) story = begin();
    g_autofree char *command =
        g_strdup_printf("-c p.yaml -- sh -c 'echo started; until mv e d 2>mv; do :; "
                        "done; echo moved; read x; %s stream:d/s'",
                        g_getenv("BNS_UNIX_PROBE"));
    g_autoptr(Live) live = NULL;
    g_autoptr(StoryRun) run = NULL;

    story_write(story, "p.yaml", "sockets: [d/s]\n");
    host_socket_in(SOCK_STREAM, story->dir, "other/s");
    live = live_start(story, command);
    live_await_out(live, "started");
    rename_in(story->dir, "other", "work/e");
    live_await_out(live, "moved");
    await_masked(story, story->work);
    run = finish(live);
    story_assert_out(run, "stream:d/s Connection refused\n");
}

/* --- what cannot be found --- */

#define DEEP 20

/* Directories whose path is longer than a path may be. */
static int
make_deep(int dir_fd, const char *name)
{
    bns_autofd at = fcntl(dir_fd, F_DUPFD_CLOEXEC, 0);

    for (int i = 0; i < DEEP; i++) {
        int next;

        g_assert_cmpint(mkdirat(at, name, 0700), ==, 0);
        next = openat(at, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
        g_assert_cmpint(next, >=, 0);
        bns_fd_clear(&at);
        at = next;
    }
    return g_steal_fd(&at);
}

static void
remove_deep(int deep_fd, const char *name)
{
    bns_autofd at = openat(deep_fd, "..", O_PATH | O_CLOEXEC);

    for (int i = 0; i < DEEP; i++) {
        int above = openat(at, "..", O_PATH | O_CLOEXEC);

        g_assert_cmpint(unlinkat(at, name, AT_REMOVEDIR), ==, 0);
        bns_fd_clear(&at);
        at = above;
    }
}

static void
test_deep(void)
{
    g_autoptr(Story) story = begin();
    bns_autofd work = open(story->work, O_PATH | O_CLOEXEC);
    g_autofree char *name = g_strnfill(NAME_MAX - 5, 'n');
    bns_autofd deep = make_deep(work, name);
    g_autoptr(Live) live = NULL;
    g_autoptr(StoryRun) run = NULL;

    host_socket_in(SOCK_STREAM, story->work, "d/s");
    g_assert_cmpint(renameat(work, "d", deep, "d"), ==, 0);
    live = live_probe(story, "-vv", "wait stream:d/s");
    live_await_err(live, "searched for sockets");
    run = finish(live);
    g_assert_cmpint(renameat(deep, "d", work, "d"), ==, 0);
    remove_deep(deep, name);
    story_assert_err(run, "boundary-ns: not every directory could be searched for "
                          "sockets of other programs that were moved: the one that was "
                          "bound as \"");
    story_assert_err(run, "/work/d/s\"");
}

int
main(int argc, char **argv)
{
    int status;

    bns_test_init(&argc, &argv, 120);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/sockets-moved/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/e2e/sockets-moved/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_before);
    }
    bns_test_add("/e2e/sockets-moved/to-what-the-policy-names", test_allowed);
    bns_test_add("/e2e/sockets-moved/a-removed-one-is-nowhere", test_removed);
    bns_test_add("/e2e/sockets-moved/while-the-command-runs", test_moved_in);
    bns_test_add("/e2e/sockets-moved/by-the-command-to-what-it-may-reach",
                 test_moved_to_what_is_allowed);
    bns_test_add("/e2e/sockets-moved/what-was-not-found-is-said", test_deep);
    status = g_test_run();
    close_host_sockets();
    return status;
}
