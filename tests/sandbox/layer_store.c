/* SPDX-License-Identifier: Apache-2.0 */
/* What private directories hold on disk goes away, whoever dies. */
#include "sandbox/layer_store.h"

#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
    char *root; /* owned */
    char *all;  /* owned; where all stores are */
} Fixture;

static void
run(const char *directory, const char *script)
{
    const char *argv[] = { "sh", "-ec", script, NULL };
    int status = -1;

    g_assert_true(g_spawn_sync(directory, (char **)(uintptr_t)argv, NULL,
                               G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status,
                               NULL));
    g_assert_cmpint(status, ==, 0);
}

static void
fixture_init(Fixture *fixture)
{
    g_autofree char *root = g_dir_make_tmp("bns-layers-XXXXXX", NULL);
    char *real = realpath(root, NULL);

    fixture->root = g_strdup(real);
    free(real);
    g_setenv("XDG_STATE_HOME", fixture->root, TRUE);
    fixture->all = g_build_filename(fixture->root, "boundary-ns", "layers", NULL);
}

static void
fixture_clear(Fixture *fixture)
{
    run(fixture->root, "chmod -R u+rwx .; rm -rf ./*");
    g_assert_cmpint(g_rmdir(fixture->root), ==, 0);
    g_free(fixture->root);
    g_free(fixture->all);
}

static unsigned
count(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    unsigned n = 0;

    while (dir != NULL && g_dir_read_name(dir) != NULL)
        n++;
    return n;
}

/* Returns: (nullable): one that was made; %NULL: the test is skipped. */
static BnsLayerStore *
make(void)
{
    g_autoptr(BnsLayerStore) store = bns_layer_store_new();
    g_autoptr(GError) error = NULL;

    if (bns_layer_store_make(store, &error))
        return g_steal_pointer(&store);
    g_assert_nonnull(strstr(error->message, g_strerror(EOPNOTSUPP)));
    bns_test_skip("no attributes where temporary files are made");
    return NULL;
}

/* As overlayfs and a command leave it. */
static void
fill(const char *own)
{
    run(own,
        "mkdir -p 0/upper/a/b 0/work/work; echo x >0/upper/a/b/f; mkfifo 0/upper/p;"
        "ln -s / 0/upper/l; chmod 0 0/upper/a/b 0/upper/a 0/work/work");
}

static void
test_made(void)
{
    Fixture fixture;
    g_autoptr(BnsLayerStore) none = NULL;
    g_autoptr(BnsLayerStore) store = NULL;
    struct stat info;

    fixture_init(&fixture);
    none = bns_layer_store_new();
    g_assert_null(bns_layer_store_all(none));
    g_assert_null(bns_layer_store_own(none));
    g_assert_cmpuint(count(fixture.root), ==, 0);
    store = make();
    if (store != NULL) {
        g_assert_cmpstr(bns_layer_store_all(store), ==, fixture.all);
        g_assert_true(g_str_has_prefix(bns_layer_store_own(store), fixture.all));
        g_assert_cmpint(lstat(bns_layer_store_own(store), &info), ==, 0);
        g_assert_cmphex(info.st_mode & 07777, ==, 0700);
        fill(bns_layer_store_own(store));
        bns_layer_store_release(store);
        g_assert_null(bns_layer_store_own(store));
        g_assert_cmpuint(count(fixture.all), ==, 0);
    }
    fixture_clear(&fixture);
}

static void
test_swept(void)
{
    Fixture fixture;
    g_autoptr(BnsLayerStore) live = NULL;
    g_autoptr(BnsLayerStore) other = NULL;
    g_autofree char *dead = NULL;
    g_autofree char *link = NULL;

    fixture_init(&fixture);
    live = make();
    if (live != NULL) {
        dead = g_build_filename(fixture.all, "dead", NULL);
        link = g_build_filename(fixture.all, "link", NULL);
        g_assert_cmpint(g_mkdir(dead, 0700), ==, 0);
        g_assert_cmpint(symlink(bns_layer_store_own(live), link), ==, 0);
        fill(dead);
        fill(bns_layer_store_own(live));
        other = bns_layer_store_new();
        g_assert_false(g_file_test(dead, G_FILE_TEST_EXISTS));
        g_assert_true(g_file_test(bns_layer_store_own(live), G_FILE_TEST_IS_DIR));
        g_assert_true(g_file_test(link, G_FILE_TEST_IS_SYMLINK));
        g_assert_cmpint(g_unlink(link), ==, 0);
        g_clear_pointer(&live, bns_layer_store_free);
        g_assert_cmpuint(count(fixture.all), ==, 0);
    }
    fixture_clear(&fixture);
}

/* A session: says when it is there, and waits for its end. */
static void G_GNUC_NORETURN
session_main(int ready_fd)
{
    BnsLayerStore *store;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    store = make();

    fill(bns_layer_store_own(store));
    g_assert_true(bns_layer_store_keep(store, NULL));
    g_assert_cmpint(write(ready_fd, "y", 1), ==, 1);
    for (;;)
        pause();
}

/* Until nobody has it locked. */
static void
await_unlocked(int fd)
{
    g_assert_cmpint(flock(fd, LOCK_EX), ==, 0);
}

static void
test_killed(void)
{
    Fixture fixture;
    g_autoptr(BnsLayerStore) probe = NULL;
    g_autoptr(GDir) dir = NULL;
    g_autofree char *own = NULL;
    int ready[2], fd;
    char byte;
    pid_t pid;

    fixture_init(&fixture);
    probe = make();
    if (probe != NULL) {
        g_clear_pointer(&probe, bns_layer_store_free);
        g_assert_cmpint(pipe(ready), ==, 0);
        pid = fork();
        if (pid == 0)
            session_main(ready[1]);
        g_assert_cmpint(read(ready[0], &byte, 1), ==, 1);
        dir = g_dir_open(fixture.all, 0, NULL);
        own = g_build_filename(fixture.all, g_dir_read_name(dir), NULL);
        fd = open(own, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        g_assert_cmpint(kill(pid, SIGKILL), ==, 0);
        g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
        await_unlocked(fd);
        g_assert_cmpuint(count(fixture.all), ==, 0);
        close(fd);
        close(ready[0]);
        close(ready[1]);
    }
    fixture_clear(&fixture);
}

/* Its end waits for the keeper's. */
static void
test_kept(void)
{
    Fixture fixture;
    g_autoptr(BnsLayerStore) store = NULL;

    fixture_init(&fixture);
    store = make();
    if (store != NULL) {
        fill(bns_layer_store_own(store));
        g_assert_true(bns_layer_store_keep(store, NULL));
        bns_layer_store_release(store);
        g_assert_cmpuint(count(fixture.all), ==, 0);
        g_assert_cmpint(waitpid(-1, NULL, WNOHANG), ==, -1);
    }
    fixture_clear(&fixture);
}

/* Neither it, nor a mode, lets anybody make a directory there. */
static void
test_impossible(void)
{
    g_autoptr(BnsLayerStore) store = NULL;
    g_autoptr(GError) error = NULL;

    g_setenv("XDG_STATE_HOME", "/proc/self/fdinfo", TRUE);
    store = bns_layer_store_new();
    g_assert_false(bns_layer_store_make(store, &error));
    g_assert_nonnull(error);
    g_assert_null(bns_layer_store_own(store));
    g_assert_true(bns_layer_store_keep(store, NULL));
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 30);
    umask(022);
    bns_test_add("/sandbox/layer-store/is-made-when-asked-for-and-removed", test_made);
    bns_test_add("/sandbox/layer-store/of-the-dead-is-swept-of-the-living-not",
                 test_swept);
    bns_test_add("/sandbox/layer-store/of-a-killed-session-is-removed", test_killed);
    bns_test_add("/sandbox/layer-store/its-keeper-ends-with-it", test_kept);
    bns_test_add("/sandbox/layer-store/where-nothing-can-be-made-is-an-error",
                 test_impossible);
    return g_test_run();
}
