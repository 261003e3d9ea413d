/* SPDX-License-Identifier: Apache-2.0 */
/* The search for sockets, in directories of the test's own. */
#include "sandbox/socket_search.h"

#include "base/fd.h"
#include "sandbox/host_sockets.h"
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define MANY G_GUINT64_CONSTANT(50000000)

typedef struct {
    char *dir;         /* owned; real */
    BnsViewMount view; /* it */
    BnsFileView views;
    unsigned major,
        minor;      /* of its file system, as the kernel tells them of a socket */
    GString *found; /* owned; lines */
} Fixture;

/* --- the fixture --- */

static void
on_socket(void *data, const BnsHostSocket *found)
{
    Fixture *f = data;

    if (strcmp(found->name, "bns-search-device") != 0)
        return;
    f->major = found->major;
    f->minor = found->minor;
}

static void
learn_device(Fixture *f)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX,
                                   .sun_path = "bns-search-device" };
    bns_autofd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bns_autofd diag = bns_host_sockets_open(NULL);

    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    /* A list may pass over one. */
    while (f->major == 0 && f->minor == 0)
        g_assert_true(bns_host_sockets_read(diag, true, BNS_SOCK_DIAG_ANSWER_BYTES,
                                            on_socket, f, NULL));
    g_assert_cmpint(unlink(address.sun_path), ==, 0);
}

static void
setup(Fixture *f)
{
    g_autofree char *current = g_get_current_dir();

    *f = (Fixture){ .dir = g_build_filename(current, "bns-search-XXXXXX", NULL) };
    g_assert_nonnull(g_mkdtemp(f->dir));
    g_assert_cmpint(chdir(f->dir), ==, 0);
    learn_device(f);
    f->view = (BnsViewMount){ f->dir, BNS_VIEW_WRITE, false };
    f->views = (BnsFileView){ .mounts = &f->view, .n_mounts = 1 };
    f->found = g_string_new(NULL);
}

static void
teardown(Fixture *f)
{

    g_assert_cmpint(chdir(".."), ==, 0);
    bns_test_remove_tree(f->dir);
    g_string_free(f->found, TRUE);
    g_free(f->dir);
}

/* One that was bound as @name of the fixture, and lies at @path by now. */
static BnsHostSocket
make_socket(const Fixture *f, const char *name, const char *path)
{
    g_autofree char *parent = g_path_get_dirname(path);
    BnsHostSocket made = { .major = f->major, .minor = f->minor };
    struct stat info;

    g_assert_cmpint(g_mkdir_with_parents(parent, 0700), ==, 0);
    g_assert_cmpint(mknod(path, S_IFSOCK | 0600, 0), ==, 0);
    g_assert_cmpint(lstat(path, &info), ==, 0);
    made.inode = (uint32_t)info.st_ino;
    g_snprintf(made.name, sizeof(made.name), "%s/%s", f->dir, name);
    return made;
}

static void
on_found(void *data, const BnsHostSocket *socket, const char *path)
{
    Fixture *f = data;

    g_assert_true(g_str_has_prefix(path, f->dir));
    if (strstr(f->found->str, path + strlen(f->dir)) == NULL)
        g_string_append_printf(f->found, "%s\n", path + strlen(f->dir) + 1);
}

/* Returns: how many steps it took. */
static unsigned
run(Fixture *f, BnsSocketSearch *search, gint64 budget_us)
{
    unsigned n = 1;

    while (!bns_socket_search_step(search, budget_us, on_found, f))
        n++;
    return n;
}

/* --- tests --- */

static void
test_nothing(void)
{
    Fixture f;
    g_autoptr(BnsSocketSearch) search = NULL;

    setup(&f);
    search = bns_socket_search_new(&f.views, MANY);
    g_assert_cmpuint(run(&f, search, 0), ==, 1);
    g_assert_cmpstr(f.found->str, ==, "");
    teardown(&f);
}

/* All names of one, wherever; a step for each directory if there is no time. */
static void
test_names(void)
{
    Fixture f;
    g_autoptr(BnsSocketSearch) search = NULL;
    BnsHostSocket wanted;

    setup(&f);
    wanted = make_socket(&f, "gone/s", "a/b/c/new");
    make_socket(&f, "x", "a/other");
    g_assert_cmpint(g_mkdir("z", 0700), ==, 0);
    g_assert_cmpint(link("a/b/c/new", "z/linked"), ==, 0);
    g_assert_cmpint(symlink("z", "link"), ==, 0);
    search = bns_socket_search_new(&f.views, MANY);
    bns_socket_search_add(search, &wanted);
    bns_socket_search_add(search, &wanted);
    g_assert_cmpuint(run(&f, search, 0), >, 3);
    g_assert_nonnull(strstr(f.found->str, "a/b/c/new\n"));
    g_assert_nonnull(strstr(f.found->str, "z/linked\n"));
    g_assert_cmpuint(f.found->len, ==, strlen("a/b/c/new\nz/linked\n"));
    g_assert_false(bns_socket_search_has_lost(search, &wanted));
    teardown(&f);
}

/* The same number on another file system is another file. */
static void
test_device(void)
{
    Fixture f;
    g_autoptr(BnsSocketSearch) search = NULL;
    BnsHostSocket wanted;

    setup(&f);
    wanted = make_socket(&f, "gone", "s");
    wanted.minor ^= 0x80000;
    search = bns_socket_search_new(&f.views, MANY);
    bns_socket_search_add(search, &wanted);
    run(&f, search, G_USEC_PER_SEC);
    g_assert_cmpstr(f.found->str, ==, "");
    g_assert_false(bns_socket_search_has_lost(search, &wanted));
    teardown(&f);
}

/* One entry too many, and just enough: four below the directory with "a/b/s". */
static void
test_limit(gconstpointer data)
{
    guint64 entries_max = GPOINTER_TO_UINT(data);
    Fixture f;
    g_autoptr(BnsSocketSearch) search = NULL;
    BnsHostSocket wanted;

    setup(&f);
    wanted = make_socket(&f, "", "a/b/s");
    /* No directory of its name: nothing is read twice. */
    g_strlcpy(wanted.name, "relative", sizeof(wanted.name));
    search = bns_socket_search_new(&f.views, entries_max);
    bns_socket_search_add(search, &wanted);
    run(&f, search, G_USEC_PER_SEC);
    g_assert_cmpint(f.found->len > 0, ==, entries_max >= 3);
    g_assert_cmpint(bns_socket_search_has_lost(search, &wanted), ==, entries_max < 3);
    teardown(&f);
}

/* Where the user may not look the command may not either. */
static void
test_closed(void)
{
    Fixture f;
    g_autoptr(BnsSocketSearch) search = NULL;
    BnsHostSocket closed, open;

    if (geteuid() == 0) {
        g_test_skip("root may look everywhere");
        return;
    }
    setup(&f);
    closed = make_socket(&f, "gone", "closed/s");
    open = make_socket(&f, "gone", "open/s");
    g_assert_cmpint(chmod("closed", 0), ==, 0);
    search = bns_socket_search_new(&f.views, MANY);
    bns_socket_search_add(search, &closed);
    bns_socket_search_add(search, &open);
    run(&f, search, G_USEC_PER_SEC);
    g_assert_cmpstr(f.found->str, ==, "open/s\n");
    g_assert_false(bns_socket_search_has_lost(search, &closed));
    g_assert_cmpint(chmod("closed", 0700), ==, 0);
    teardown(&f);
}

/* A directory may be gone, or another thing, when its turn comes. */
static void
test_renamed_meanwhile(void)
{
    Fixture f;
    g_autoptr(BnsSocketSearch) search = NULL;
    BnsHostSocket wanted;

    setup(&f);
    wanted = make_socket(&f, "gone", "a/s");
    make_socket(&f, "x", "b/s");
    g_assert_cmpint(g_mkdir("out", 0700), ==, 0);
    search = bns_socket_search_new(&f.views, MANY);
    bns_socket_search_add(search, &wanted);
    /* The near directory alone, its end, and the next beginning. */
    for (int i = 0; i < 4; i++)
        g_assert_false(bns_socket_search_step(search, 0, on_found, &f));
    g_assert_cmpint(rename("b", "out/b"), ==, 0);
    g_assert_cmpint(symlink("/proc", "b"), ==, 0);
    run(&f, search, G_USEC_PER_SEC);
    g_assert_cmpstr(f.found->str, ==, "a/s\n");
    teardown(&f);
}

/* A place to begin at has become a link to elsewhere. */
static void
test_root_is_link(void)
{
    Fixture f;
    g_autoptr(BnsSocketSearch) search = NULL;
    g_autofree char *below = NULL;
    BnsHostSocket wanted;

    setup(&f);
    wanted = make_socket(&f, "", "real/sub/s");
    g_strlcpy(wanted.name, "relative", sizeof(wanted.name));
    g_assert_cmpint(symlink("real", "link"), ==, 0);
    below = g_build_filename(f.dir, "link", "sub", NULL);
    f.view.path = below;
    search = bns_socket_search_new(&f.views, 1);
    bns_socket_search_add(search, &wanted);
    run(&f, search, 0);
    g_assert_cmpstr(f.found->str, ==, "");
    teardown(&f);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 120);
    bns_test_add("/sandbox/socket-search/for-nothing", test_nothing);
    bns_test_add("/sandbox/socket-search/all-names-of-one", test_names);
    bns_test_add("/sandbox/socket-search/another-file-system", test_device);
    bns_test_add_data("/sandbox/socket-search/one-entry-too-many", GUINT_TO_POINTER(2),
                      test_limit);
    bns_test_add_data("/sandbox/socket-search/as-many-as-it-may", GUINT_TO_POINTER(3),
                      test_limit);
    bns_test_add("/sandbox/socket-search/where-nobody-may-look", test_closed);
    bns_test_add("/sandbox/socket-search/a-link-to-elsewhere", test_root_is_link);
    bns_test_add("/sandbox/socket-search/what-is-renamed-meanwhile",
                 test_renamed_meanwhile);
    return g_test_run();
}
