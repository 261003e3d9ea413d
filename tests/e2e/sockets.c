/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets: the host's are out of reach wherever they lie, the command's own work. */
#include "base/fd.h"
#include "tests/e2e/host_sockets.h"
#include "tests/support/test.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define MANY 2000

/* --- stories --- */

static void
test_at_start(gconstpointer data)
{
    g_autoptr(Story) story = begin();
    g_autoptr(StoryRun) run = NULL;

    host_socket_in(SOCK_STREAM, story->work, "s");
    host_socket_in(SOCK_DGRAM, story->work, "deep/d");
    host_socket_in(SOCK_SEQPACKET, story->work, "q");
    host_socket_in(SOCK_STREAM, story->home, ".docker/run/d.sock");
    host_socket_in(SOCK_STREAM, story->home, "h");
    host_socket_in(SOCK_STREAM, story->dir, "other/o");
    story_write(story, "shared.yaml", "files: { mode: shared }\n");
    run = run_probe(story, data,
                    "stream:s dgram:deep/d seqpacket:q "
                    "stream:../home/.docker/run/d.sock stream:../other/o "
                    "stream:../home/h");
    story_assert_status(run, 0);
    story_assert_no_out(run, "connected");
    story_assert_out(run, "stream:s Connection refused\n"
                          "dgram:deep/d Connection refused\n"
                          "seqpacket:q Connection refused\n"
                          "stream:../home/.docker/run/d.sock Connection refused\n"
                          "stream:../other/o Connection refused\n");
    story_assert_record(run, "\"socket.masked\"", "work/s\"");
    story_assert_record(run, "\"socket.masked\"", "work/deep/d\"");
    story_assert_record(run, "\"socket.masked\"", "other/o\"");
    g_assert_cmpuint(count_masked(story, run, "/work/s\""), ==, 1);
}

/* What nobody listens at is not masked: it can be replaced. */
static void
test_own(void)
{
    g_autoptr(Story) story = begin();
    g_autofree char *stale = path_in(story->work, "stale");
    g_autofree char *command = NULL;
    g_autoptr(StoryRun) run = NULL;

    host_socket(SOCK_STREAM, stale);
    close_host_sockets();
    host_socket_in(SOCK_STREAM, story->work, "host");
    command = g_strdup_printf(
        "-- sh -c 'P=%s; $P serve:own serve:/tmp/own serve:host stream:own; rm stale; "
        "$P serve:stale; rm host; mv host h; ls'",
        g_getenv("BNS_UNIX_PROBE"));
    run = story_run(story, command);
    g_assert_cmpstr(run->out, ==,
                    "serve:own connected\n"
                    "serve:/tmp/own connected\n"
                    "serve:host Address already in use\n"
                    "stream:own connected\n"
                    "serve:stale connected\n"
                    "host\nown\nstale\n");
    story_assert_err(run, "resource busy");
}

/* Between two processes, while the host's are masked beside it. */
static void
test_own_stays(void)
{
    g_autoptr(Story) story = begin();
    g_autofree char *command = g_strdup_printf(
        "-- sh -c 'P=%s; sleep 1000 | $P serve:own wait & while ! [ -S own ]; do :; "
        "done; $P wait serve:again; exec true'",
        g_getenv("BNS_UNIX_PROBE"));
    g_autoptr(Live) live = live_start(story, command);
    g_autoptr(StoryRun) run = NULL;

    live_await_out(live, "serve:own connected");
    host_socket_in(SOCK_STREAM, story->work, "host");
    await_record(story, story->work, "host");
    run = finish(live);
    story_assert_status(run, 0);
    story_assert_out(run, "serve:again connected");
    g_assert_cmpuint(count_masked(story, run, ""), ==, 1);
}

static void
test_later(void)
{
    g_autoptr(Story) story = begin();
    g_autoptr(Live) live = live_probe(
        story, "", "wait stream:s dgram:new/d stream:../home/docs/h stream:rel");
    g_autofree char *current = g_get_current_dir();
    g_autoptr(StoryRun) run = NULL;

    host_socket_in(SOCK_STREAM, story->work, "s");
    host_socket_in(SOCK_DGRAM, story->work, "new/d");
    g_assert_cmpint(chdir(story->work), ==, 0);
    host_socket(SOCK_STREAM, "rel");
    await_record(story, story->work, "s");
    await_record(story, story->work, "new/d");
    await_record(story, story->work, "rel");
    g_assert_cmpint(chdir(current), ==, 0);
    run = finish(live);
    story_assert_out(run, "stream:s Connection refused\n"
                          "dgram:new/d Connection refused\n");
    story_assert_out(run, "stream:rel Connection refused\n");
    story_assert_no_out(run, "connected");
}

/* As ssh makes its control socket: another name than that which it was bound by. */
static void
test_other_name(void)
{
    g_autoptr(Story) story = begin();
    g_autoptr(StoryRun) run = NULL;

    host_socket_in(SOCK_STREAM, story->home, "ctl/cm.Ab3");
    host_socket_in(SOCK_STREAM, story->work, "s.tmp");
    link_in(story->home, "ctl/cm.Ab3", "ctl/cm");
    unlink_in(story->home, "ctl/cm.Ab3");
    rename_in(story->work, "s.tmp", "s");
    run = run_probe(story, "", "stream:../home/ctl/cm stream:s");
    g_assert_cmpstr(run->out, ==,
                    "stream:../home/ctl/cm Connection refused\n"
                    "stream:s Connection refused\n");
    story_assert_record(run, "socket.masked", "ctl/cm\"");
}

static void
test_linked(void)
{
    g_autoptr(Story) story = begin();
    g_autoptr(Live) live = NULL;
    g_autoptr(StoryRun) run = NULL;

    host_socket_in(SOCK_STREAM, story->work, "s");
    link_in(story->work, "s", "first");
    live =
        live_probe(story, "", "stream:first wait stream:s stream:first stream:second");
    link_in(story->work, "s", "second");
    await_record(story, story->work, "second");
    run = finish(live);
    g_assert_cmpstr(run->out, ==,
                    "stream:first Connection refused\nwaiting\n"
                    "stream:s Connection refused\n"
                    "stream:first Connection refused\n"
                    "stream:second Connection refused\n");
}

/* A mask goes where its socket goes. */
static void
test_renamed(void)
{
    g_autoptr(Story) story = begin();
    g_autoptr(Live) live = NULL;
    g_autoptr(StoryRun) run = NULL;

    host_socket_in(SOCK_STREAM, story->work, "dir/s");
    host_socket_in(SOCK_STREAM, story->work, "dir/o");
    live = live_probe(
        story, "", "wait stream:moved/new wait stream:moved/new wait stream:moved/s");
    rename_in(story->work, "dir/s", "dir/new");
    rename_in(story->work, "dir", "moved");
    live_write(live, "go\n");
    live_await_out(live, "stream:moved/new Connection refused\nwaiting\n");
    rename_in(story->work, "moved/o", "moved/new");
    live_write(live, "go\n");
    live_await_out(live, "stream:moved/new Connection refused\nwaiting\n"
                         "stream:moved/new Connection refused\nwaiting\n");
    host_socket_in(SOCK_STREAM, story->work, "moved/s");
    await_record(story, story->work, "moved/s");
    run = finish(live);
    story_assert_no_out(run, "connected");
    story_assert_out(run, "stream:moved/s Connection refused\n");
}

/* The command moves the directory away: the mask is there already. */
static void
test_moved_inside(void)
{
    g_autoptr(Story) story = begin();
    g_autofree char *command =
        g_strdup_printf("-- sh -c 'mv dir away && %s stream:away/s; ln away/s l'",
                        g_getenv("BNS_UNIX_PROBE"));
    g_autoptr(StoryRun) run = NULL;

    host_socket_in(SOCK_STREAM, story->work, "dir/s");
    run = story_run(story, command);
    g_assert_cmpstr(run->out, ==, "stream:away/s Connection refused\n");
    story_assert_err(run, "ln:");
}

/* --- sockets: --- */

static void
test_allowed(void)
{
    g_autoptr(Story) story = begin();
    g_autofree char *tmp = g_dir_make_tmp("bns-XXXXXX", NULL);
    g_autofree char *runtime = g_build_filename(story->dir, "run", NULL);
    g_autofree char *yaml = NULL;
    g_autofree char *what = NULL;
    g_autofree char *in_tmp = g_build_filename(tmp, "t", NULL);
    g_autoptr(StoryRun) run = NULL;

    host_socket_in(SOCK_STREAM, story->work, "s");
    host_socket_in(SOCK_STREAM, story->work, "o");
    host_socket_in(SOCK_STREAM, story->home, "h");
    host_socket(SOCK_STREAM, in_tmp);
    host_socket_in(SOCK_STREAM, story->dir, "run/r");
    story_setenv(story, "XDG_RUNTIME_DIR", runtime);
    yaml = g_strdup_printf("sockets: [s, ~/h, %s, %s/run/r, absent]\n", in_tmp,
                           story->dir);
    story_write(story, "p.yaml", yaml);
    what = g_strdup_printf("stream:s stream:o stream:../home/h stream:%s "
                           "stream:../run/r",
                           in_tmp);
    run = run_probe(story, "-c p.yaml", what);
    unlink(in_tmp);
    rmdir(tmp);
    story_assert_status(run, 0);
    story_assert_out(run, "stream:s connected\nstream:o Connection refused\n"
                          "stream:../home/h connected\n");
    story_assert_out(run, "t connected\nstream:../run/r connected\n");
    g_assert_cmpuint(count_masked(story, run, ""), ==, 1);
}

/* The host's program begins after the session, or once more. */
static void
test_allowed_later(void)
{
    g_autoptr(Story) story = begin();
    g_autoptr(Live) live = NULL;
    g_autoptr(StoryRun) run = NULL;

    story_write(story, "p.yaml", "sockets: [s]\n");
    live = live_probe(story, "-c p.yaml", "wait stream:s");
    host_socket_in(SOCK_STREAM, story->work, "s");
    host_socket_in(SOCK_STREAM, story->work, "later");
    await_record(story, story->work, "later");
    run = finish(live);
    story_assert_out(run, "stream:s connected\n");
    g_assert_cmpuint(count_masked(story, run, "/work/s\""), ==, 0);
}

typedef struct {
    const char *name;
    const char *yaml;
    const char *error;
} BadCase;

static const BadCase bad_cases[] = {
    { "a-file-is-no-socket", "sockets: [p.yaml]\n", "p.yaml:1: " },
    { "a-socket-is-not-written-to", "files: { write: [s] }\n",
      "is a socket: name it in sockets:" },
    { "a-hidden-one", "sockets: [s]\nfiles: { hide: [s] }\n", "is hidden" },
};

static void
test_bad(gconstpointer data)
{
    const BadCase *row = data;
    g_autoptr(Story) story = begin();
    g_autoptr(StoryRun) run = NULL;

    host_socket_in(SOCK_STREAM, story->work, "s");
    story_write(story, "p.yaml", row->yaml);
    run = story_run(story, "-c p.yaml -- echo ran");
    story_assert_status(run, 125);
    story_assert_err(run, row->error);
    story_assert_no_out(run, "ran");
}

static void
test_check(void)
{
    g_autoptr(Story) story = begin();
    g_autofree char *line = g_strdup_printf("\tsocket\t%s/s\n", story->work);
    g_autoptr(StoryRun) run = NULL;

    host_socket_in(SOCK_STREAM, story->work, "s");
    story_write(story, "p.yaml", "sockets: [s]\n");
    run = story_run(story, "check -c p.yaml");
    story_assert_status(run, 0);
    story_assert_out(run, line);
}

/* --- others' --- */

static void
test_ssh_agent(void)
{
    g_autoptr(Story) story = begin();
    g_autofree char *path = path_in(story->home, "agent/s");
    const char *argv[] = { "ssh-agent", "-D", "-a", path, NULL };
    g_autoptr(StoryRun) run = NULL, allowed = NULL;
    GPid pid;

    if (!story_needs("ssh-agent") || !story_needs("ssh-add"))
        return;
    g_assert_true(g_spawn_async(NULL, (char **)(uintptr_t)argv, NULL,
                                G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD |
                                    G_SPAWN_STDOUT_TO_DEV_NULL,
                                NULL, NULL, &pid, NULL));
    while (!g_file_test(path, G_FILE_TEST_EXISTS))
        g_usleep(1000);
    story_setenv(story, "SSH_AUTH_SOCK", path);
    story_write(story, "p.yaml", "sockets: [~/agent/s]\n");
    run = story_run(story, "--env SSH_AUTH_SOCK -- ssh-add -l");
    allowed = story_run(story, "-c p.yaml --env SSH_AUTH_SOCK -- ssh-add -l");
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
    story_assert_status(run, 2);
    story_assert_err(run, "Connection refused");
    story_assert_out(allowed, "The agent has no identities");
}

static void
test_abstract(void)
{
    static const char name[] = "bns-test-abstract";
    g_autoptr(Story) story = begin();
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    bns_autofd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_autoptr(StoryRun) run = NULL;
    int r;

    memcpy(address.sun_path + 1, name, strlen(name));
    r = bind(fd, (struct sockaddr *)&address,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name)));
    /* Another run of this test has it. */
    g_assert_true(r == 0 || errno == EADDRINUSE);
    g_assert_true(r < 0 || listen(fd, 1) == 0);
    run = run_probe(story, "", "stream:@bns-test-abstract serve:@bns-test-abstract");
    g_assert_cmpstr(run->out, ==,
                    "stream:@bns-test-abstract Connection refused\n"
                    "serve:@bns-test-abstract connected\n");
}

static void
await_count(Story *story, unsigned n)
{
    unsigned n_masked = 0;

    while (n_masked < n) {
        g_autofree char *audit = story_read_audit(story);
        const StoryRun run = { .audit = audit };

        g_usleep(5000);
        n_masked = count_masked(story, &run, "");
    }
}

static void
test_many(void)
{
    g_autoptr(Story) story = begin();
    g_autoptr(Live) live = NULL;
    struct rlimit limit;
    g_autoptr(StoryRun) run = NULL;

    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    limit.rlim_cur = limit.rlim_max;
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    if (limit.rlim_cur < MANY + 100) {
        bns_test_skip("too few open files are permitted here");
        return;
    }
    for (int i = 0; i < MANY; i++) {
        g_autofree char *name = g_strdup_printf("d%d/%d", i % 40, i);

        host_socket_in(i % 2 ? SOCK_STREAM : SOCK_DGRAM, story->work, name);
    }
    live = live_probe(story, "", "wait stream:d1/1 stream:d39/1999 dgram:d38/1998");
    await_count(story, MANY);
    run = finish(live);
    g_assert_cmpstr(run->out, ==,
                    "waiting\nstream:d1/1 Connection refused\n"
                    "stream:d39/1999 Connection refused\n"
                    "dgram:d38/1998 Connection refused\n");
    g_assert_cmpuint(count_masked(story, run, ""), ==, MANY);
}

/* --- what cannot be known --- */

/* No list of sockets, as of a kernel without it. */
static void
refuse_sock_diag(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_socket, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NETLINK_SOCK_DIAG, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPROTONOSUPPORT),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = { G_N_ELEMENTS(filter), filter };

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
        _exit(99);
}

static void
test_unknown(void)
{
    g_autoptr(Story) story = begin();
    g_autoptr(StoryRun) run = NULL;

    story->prepare = refuse_sock_diag;
    run = story_run(story, "-- echo ran");
    story_assert_status(run, 125);
    story_assert_err(run, "boundary-ns: Could not list this machine's unix sockets, "
                          "which the command must not reach: Protocol not supported");
    story_assert_no_out(run, "ran");
}

int
main(int argc, char **argv)
{
    int status;

    bns_test_init(&argc, &argv, 120);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/sockets/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    bns_test_add_data("/e2e/sockets/of-the-start-are-out-of-reach", "", test_at_start);
    bns_test_add_data("/e2e/sockets/in-a-shared-tree-too", "-c shared.yaml",
                      test_at_start);
    bns_test_add("/e2e/sockets/the-commands-own-work", test_own);
    bns_test_add("/e2e/sockets/the-commands-own-are-never-masked", test_own_stays);
    bns_test_add("/e2e/sockets/that-come-later-too", test_later);
    bns_test_add("/e2e/sockets/by-another-name-than-they-were-bound", test_other_name);
    bns_test_add("/e2e/sockets/by-a-further-name", test_linked);
    bns_test_add("/e2e/sockets/renamed-by-the-host", test_renamed);
    bns_test_add("/e2e/sockets/moved-by-the-command", test_moved_inside);
    bns_test_add("/e2e/sockets/what-the-policy-names-is-reachable", test_allowed);
    bns_test_add("/e2e/sockets/named-before-they-are-there", test_allowed_later);
    for (size_t i = 0; i < G_N_ELEMENTS(bad_cases); i++) {
        g_autofree char *path = g_strconcat("/e2e/sockets/", bad_cases[i].name, NULL);

        bns_test_add_data(path, &bad_cases[i], test_bad);
    }
    bns_test_add("/e2e/sockets/check-lists-them", test_check);
    bns_test_add("/e2e/sockets/an-ssh-agent", test_ssh_agent);
    bns_test_add("/e2e/sockets/abstract-ones-are-another-networks", test_abstract);
    bns_test_add("/e2e/sockets/two-thousand", test_many);
    bns_test_add("/e2e/sockets/without-a-list-nothing-starts", test_unknown);
    status = g_test_run();
    close_host_sockets();
    return status;
}
