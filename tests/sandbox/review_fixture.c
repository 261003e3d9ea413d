/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sandbox/review_fixture.h"

#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

void
bns_review_fixture_init(BnsReviewFixture *fixture)
{
    g_autofree char *root = g_dir_make_tmp("bns-review-XXXXXX", NULL);
    g_autofree char *state = NULL;
    char *real = realpath(root, NULL);

    *fixture = (BnsReviewFixture){ .root = g_strdup(real) };
    free(real);
    fixture->tree = g_build_filename(fixture->root, "tree", NULL);
    g_assert_cmpint(g_mkdir(fixture->tree, 0755), ==, 0);
    state = g_build_filename(fixture->root, "state", NULL);
    g_setenv("XDG_STATE_HOME", state, TRUE);
    umask(022);
}

void
bns_review_fixture_clear(BnsReviewFixture *fixture)
{
    bns_review_free(fixture->review);
    bns_review_fixture_sh(fixture->root, "chmod -R u+rwx . 2>/dev/null; rm -rf ./*");
    g_assert_cmpint(g_rmdir(fixture->root), ==, 0);
    g_free(fixture->root);
    g_free(fixture->tree);
    g_free(fixture->upper);
}

/* Stamps of files are by a clock that stands still for some milliseconds. */
static void
wait_for_clock(const char *directory)
{
    g_autofree char *path = g_build_filename(directory, "clock", NULL);
    struct stat first, now;

    g_assert_true(g_file_set_contents(path, "", 0, NULL));
    g_assert_cmpint(stat(path, &first), ==, 0);
    do {
        g_assert_true(g_file_set_contents(path, "", 0, NULL));
        g_assert_cmpint(stat(path, &now), ==, 0);
    } while (now.st_ctim.tv_sec == first.st_ctim.tv_sec &&
             now.st_ctim.tv_nsec / 10000000 == first.st_ctim.tv_nsec / 10000000);
    g_assert_cmpint(g_unlink(path), ==, 0);
}

void
bns_review_fixture_begin(BnsReviewFixture *fixture)
{
    const char *const command[] = { "make", "TOKEN=abc", NULL };
    const char *const trees[] = { fixture->tree, NULL };
    g_autofree char *session = g_uuid_string_random();
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(fixture->tree, fixture->hidden, NULL);
    const char *const hidden[] = { fixture->hidden != NULL ? path : NULL, NULL };
    const BnsReviewStart start = { .session = session,
                                   .workdir = fixture->tree,
                                   .command = command,
                                   .audit_path = "/audit/file.jsonl",
                                   .trees = trees,
                                   .hidden = hidden };

    wait_for_clock(fixture->root);
    fixture->review = bns_review_create(&start, &error);
    g_assert_no_error(error);
    fixture->upper = bns_review_upper_path(fixture->review, 0);
    wait_for_clock(fixture->root);
}

static void
write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        _exit(97);
    close(fd);
}

#define NO_OVERLAY 98

/* What a session does, in small. */
static void G_GNUC_NORETURN
run_inside(const BnsReviewFixture *fixture, const char *script)
{
    g_autofree char *work = bns_review_work_path(fixture->review, 0);
    g_autofree char *uids = g_strdup_printf("%u %u 1", getuid(), getuid());
    g_autofree char *gids = g_strdup_printf("%u %u 1", getgid(), getgid());
    g_autofree char *options =
        g_strdup_printf("userxattr,lowerdir=%s,upperdir=%s,workdir=%s", fixture->tree,
                        fixture->upper, work);

    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
        _exit(NO_OVERLAY);
    write_text("/proc/self/setgroups", "deny");
    write_text("/proc/self/uid_map", uids);
    write_text("/proc/self/gid_map", gids);
    if (mount("overlay", fixture->tree, "overlay", 0, options) < 0)
        _exit(NO_OVERLAY);
    if (chdir(fixture->tree) < 0)
        _exit(97);
    execl("/bin/sh", "sh", "-ec", script, NULL);
    _exit(97);
}

bool
bns_review_fixture_run(BnsReviewFixture *fixture, const char *script)
{
    int status;
    pid_t pid = fork();

    g_assert_cmpint(pid, >=, 0);
    if (pid == 0)
        run_inside(fixture, script);
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == NO_OVERLAY) {
        bns_test_skip("no overlays in user namespaces here");
        return false;
    }
    g_assert_cmpint(status, ==, 0);
    wait_for_clock(fixture->root);
    return true;
}

void
bns_review_fixture_sh(const char *directory, const char *script)
{
    g_free(bns_review_fixture_output(directory, script));
}

char *
bns_review_fixture_output(const char *directory, const char *script)
{
    const char *argv[] = { "/bin/sh", "-c", script, NULL };
    g_autoptr(GError) error = NULL;
    char *output = NULL;
    int status = -1;

    g_spawn_sync(directory, (char **)(guintptr)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL,
                 &output, NULL, &status, &error);
    g_assert_no_error(error);
    if (status != 0)
        g_error("%s: status %d: %s", script, status, output);
    return output;
}
