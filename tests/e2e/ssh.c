/* SPDX-License-Identifier: Apache-2.0 */
/* ssh, scp and git to a real sshd on loopback, over a tcp rule. */
#include "tests/e2e/server.h"
#include "tests/e2e/story.h"
#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Where sshd wants an empty directory when root starts it, which Debian makes at boot. */
#define PRIVSEP "/run/sshd"

typedef struct {
    Story *story; /* owned */
    char *dir;    /* owned: keys and configuration */
    pid_t pid;
    bool has_made_privsep;
} Sshd;

static void
make_key(const char *dir, const char *name)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    const char *argv[] = { "ssh-keygen", "-q", "-t", "ed25519", "-N",
                           "",           "-f", path, NULL };
    g_autoptr(GError) error = NULL;

    g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL,
                 NULL, NULL, NULL, &error);
    g_assert_no_error(error);
}

static void
write_below(const char *dir, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static char *
read_below(const char *dir, const char *name)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

/* The server's side, and what the client needs: "ssh -F ssh_config". */
static void
configure(const Sshd *sshd, unsigned port)
{
    g_autofree char *server_text = g_strdup_printf(
        "ListenAddress 127.0.0.1\nPort %u\nHostKey %s/host\nPidFile none\n"
        "AuthorizedKeysFile %s/user.pub\nUsePAM no\nStrictModes no\n"
        "PermitRootLogin yes\nSubsystem sftp internal-sftp\n",
        port, sshd->dir, sshd->dir);
    g_autofree char *client_text = g_strdup_printf(
        "User %s\nIdentityFile %s/user\nIdentitiesOnly yes\nBatchMode yes\n"
        "UserKnownHostsFile %s/known_hosts\nStrictHostKeyChecking yes\n"
        "ConnectTimeout 20\n",
        g_get_user_name(), sshd->dir, sshd->dir);
    g_autofree char *host_key = read_below(sshd->dir, "host.pub");
    g_autofree char *known = g_strdup_printf("host.test %s", host_key);

    write_below(sshd->dir, "sshd_config", server_text);
    write_below(sshd->dir, "ssh_config", client_text);
    write_below(sshd->dir, "known_hosts", known);
}

static void
await_listening(int fd)
{
    g_autoptr(GString) text = g_string_new(NULL);
    char byte;

    while (strstr(text->str, "Server listening on 127.0.0.1") == NULL) {
        if (read(fd, &byte, 1) != 1)
            g_error("sshd: %s", text->str);
        g_string_append_c(text, byte);
    }
}

static char *
find_sshd(void)
{
    char *path = g_find_program_in_path("sshd");

    return path != NULL ? path : g_strdup("/usr/sbin/sshd");
}

static void
start(Sshd *sshd)
{
    g_autofree char *program = find_sshd();
    g_autofree char *config = g_build_filename(sshd->dir, "sshd_config", NULL);
    const char *argv[] = { program, "-D", "-e", "-f", config, NULL };
    ClosedPort closed = closed_port_new();
    g_autoptr(GError) error = NULL;
    int fd;

    configure(sshd, closed.port);
    sshd->has_made_privsep = geteuid() == 0 && g_mkdir(PRIVSEP, 0755) == 0;
    closed_port_clear(&closed);
    g_spawn_async_with_pipes(NULL, (char **)(uintptr_t)argv, NULL,
                             G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &sshd->pid, NULL,
                             NULL, &fd, &error);
    g_assert_no_error(error);
    await_listening(fd);
    /* Its log fills the pipe at some time; nobody reads it any more. */
    close(fd);
    story_option(sshd->story, "--resolve host.test:22:127.0.0.1:%u",
                 (unsigned)closed.port);
}

static Sshd *
sshd_new(void)
{
    Sshd *sshd = g_new0(Sshd, 1);

    sshd->story = story_new();
    sshd->dir = g_build_filename(sshd->story->dir, "sshd", NULL);
    g_assert_cmpint(g_mkdir(sshd->dir, 0700), ==, 0);
    make_key(sshd->dir, "host");
    make_key(sshd->dir, "user");
    start(sshd);
    return sshd;
}

static void
sshd_free(Sshd *sshd)
{
    kill(sshd->pid, SIGTERM);
    waitpid(sshd->pid, NULL, 0);
    if (sshd->has_made_privsep)
        g_rmdir(PRIVSEP);
    story_free(sshd->story);
    g_free(sshd->dir);
    g_free(sshd);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sshd, sshd_free)

static bool
has_programs(void)
{
    g_autofree char *program = find_sshd();

    return story_needs("ssh") && story_needs("ssh-keygen") && story_needs(program);
}

static void
test_ssh(void)
{
    g_autoptr(Sshd) sshd = NULL;
    g_autoptr(StoryRun) run = NULL;

    if (!has_programs())
        return;
    sshd = sshd_new();
    run = story_run(sshd->story,
                    "--allow tcp://host.test:22 -- ssh -F ../sshd/ssh_config host.test "
                    "'echo from the other side; exit 7'");
    story_assert_status(run, 7);
    g_assert_cmpstr(run->out, ==, "from the other side\n");
    story_assert_record(run, "tcp.open", "\"allow\"", "\"host\":\"host.test\"",
                        "\"port\":22");
    story_assert_record(run, "tcp.close", "\"host\":\"host.test\"");
}

static void
test_ssh_without_rule(void)
{
    g_autoptr(Sshd) sshd = NULL;
    g_autoptr(StoryRun) run = NULL;

    if (!has_programs())
        return;
    sshd = sshd_new();
    run = story_run(sshd->story, "--allow host.test -- ssh -F ../sshd/ssh_config "
                                 "host.test true");
    story_assert_status(run, 255);
    story_assert_err(run, "Connection refused");
    story_assert_record(run, "flow.refused", "\"host\":\"host.test\"", "\"port\":22");
}

static void
test_scp(void)
{
    g_autoptr(Sshd) sshd = NULL;
    g_autoptr(StoryRun) run = NULL;

    if (!has_programs() || !story_needs("scp"))
        return;
    sshd = sshd_new();
    run = story_run(sshd->story,
                    "--allow tcp://host.test:22 -- sh -c '"
                    "head -c 8000000 /dev/urandom >big && "
                    "scp -q -F ../sshd/ssh_config big host.test:$PWD/there && "
                    "scp -q -F ../sshd/ssh_config host.test:$PWD/there back && "
                    "cmp big back && echo same'");
    g_assert_cmpstr(run->out, ==, "same\n");
}

static void
test_git(void)
{
    g_autoptr(Sshd) sshd = NULL;
    g_autoptr(StoryRun) run = NULL;

    if (!has_programs() || !story_needs("git"))
        return;
    sshd = sshd_new();
    g_free(story_file(sshd->story, "clone.sh",
                      "set -e\n"
                      "export GIT_SSH_COMMAND=\"ssh -F $PWD/../sshd/ssh_config\"\n"
                      "export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com\n"
                      "export GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.com\n"
                      "git init -q --bare origin.git\n"
                      "url=ssh://host.test$PWD/origin.git\n"
                      "git clone -q $url one 2>/dev/null\n"
                      "echo hello >one/file\n"
                      "git -C one add file\n"
                      "git -C one commit -q -m first\n"
                      "git -C one push -q origin HEAD:main\n"
                      "git clone -q -b main $url two\n"
                      "cat two/file\n"));
    run = story_run(sshd->story, "--allow tcp://host.test:22 -- sh clone.sh");
    story_assert_status(run, 0);
    g_assert_cmpstr(run->out, ==, "hello\n");
    g_assert_cmpuint(story_count_records(run, "tcp.open", "host.test", NULL), ==, 3);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    if (!bns_test_can_unshare()) {
        bns_test_add("/e2e/ssh/needs-user-namespaces", story_skip);
        return g_test_run();
    }
    bns_test_add("/e2e/ssh/a-command-there", test_ssh);
    bns_test_add("/e2e/ssh/refused-without-a-tcp-rule", test_ssh_without_rule);
    bns_test_add("/e2e/ssh/scp-both-ways", test_scp);
    bns_test_add("/e2e/ssh/git-clones-and-pushes", test_git);
    return g_test_run();
}
