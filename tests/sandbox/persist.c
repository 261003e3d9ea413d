/* SPDX-License-Identifier: Apache-2.0 */
/* What the command made of a file becomes the host's, as a whole or not at all. */
#include "sandbox/persist.h"

#include "base/fd.h"
#include "sandbox/write_back.h"
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
    char *root; /* owned; real */
    char *path; /* owned: of the host's file */
} Place;

static char *
below(const Place *place, const char *name)
{
    return g_build_filename(place->root, name, NULL);
}

static void
place_init(Place *place)
{
    g_autofree char *here = g_get_current_dir();

    place->root = g_build_filename(here, "persist-XXXXXX", NULL);
    g_assert_nonnull(g_mkdtemp(place->root));
    place->path = below(place, "file");
}

static void
place_clear(Place *place)
{
    bns_test_remove_tree(place->root);
    g_free(place->root);
    g_free(place->path);
}

static void
put(const char *path, const char *text, mode_t mode)
{
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    g_assert_cmpint(chmod(path, mode), ==, 0);
}

static void
assert_holds(const char *path, const char *text)
{
    g_autofree char *now = NULL;

    g_file_get_contents(path, &now, NULL, NULL);
    g_assert_cmpstr(now, ==, text);
}

/* A file without a name, as it comes from inside. */
static int
inside(const char *text, mode_t mode)
{
    int fd = memfd_create("inside", MFD_CLOEXEC);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(bns_fd_write_all(fd, text, strlen(text)), ==, 0);
    g_assert_cmpint(lseek(fd, 0, SEEK_SET), ==, 0);
    g_assert_cmpint(fchmod(fd, mode), ==, 0);
    return fd;
}

static mode_t
mode_of(const char *path)
{
    struct stat info;

    g_assert_cmpint(lstat(path, &info), ==, 0);
    return info.st_mode & 07777;
}

static unsigned
count_entries(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    unsigned n = 0;

    while (g_dir_read_name(dir) != NULL)
        n++;
    return n;
}

/* --- write back --- */

typedef struct {
    const char *name;
    const char *before; /* NULL: no file */
    void (*change)(const Place *place);
    int result;
    const char *after; /* NULL: no file that could be read */
} Case;

static void
change_nothing(const Place *place)
{
}

static void
change_content(const Place *place)
{
    put(place->path, "host", 0640);
}

static void
save_the_same(const Place *place)
{
    put(place->path, "old", 0640);
}

static void
remove_it(const Place *place)
{
    g_assert_cmpint(unlink(place->path), ==, 0);
}

/* To something that holds the same: only the look may tell. */
static void
make_a_link(const Place *place)
{
    g_autofree char *target = below(place, "target");

    put(target, "old", 0600);
    unlink(place->path);
    g_assert_cmpint(symlink("target", place->path), ==, 0);
}

static void
make_a_dangling_link(const Place *place)
{
    unlink(place->path);
    g_assert_cmpint(symlink("made", place->path), ==, 0);
}

static void
make_a_fifo(const Place *place)
{
    unlink(place->path);
    g_assert_cmpint(mkfifo(place->path, 0600), ==, 0);
}

static void
make_a_directory(const Place *place)
{
    unlink(place->path);
    g_assert_cmpint(mkdir(place->path, 0700), ==, 0);
}

static const Case cases[] = {
    { "it-is-replaced", "old", change_nothing, 0, "new" },
    { "saved-anew-it-is-the-same", "old", save_the_same, 0, "new" },
    { "where-there-was-none-it-is-made", NULL, change_nothing, 0, "new" },
    { "not-if-it-was-changed", "old", change_content, -ESTALE, "host" },
    { "not-if-it-was-made", NULL, change_content, -ESTALE, "host" },
    { "not-if-it-was-removed", "old", remove_it, -ESTALE, NULL },
    { "not-through-a-link", "old", make_a_link, -ESTALE, "old" },
    { "not-to-where-a-link-leads", NULL, make_a_dangling_link, -ESTALE, NULL },
    { "not-into-a-fifo", "old", make_a_fifo, -ESTALE, NULL },
    { "not-over-a-directory", "old", make_a_directory, -ESTALE, NULL },
};

static char *
read_regular(const char *path)
{
    char *text = NULL;

    if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
        g_file_get_contents(path, &text, NULL, NULL);
    return text;
}

static void
test_case(gconstpointer data)
{
    const Case *row = data;
    bns_autofd fd = inside("new", 0604);
    g_autofree char *after = NULL;
    BnsContent before;
    unsigned n;
    Place place;
    int r;

    place_init(&place);
    if (row->before != NULL)
        put(place.path, row->before, 0640);
    g_assert_cmpint(bns_content_look(place.path, &before), ==, 0);
    row->change(&place);
    n = count_entries(place.root);
    r = bns_write_back(place.path, &before, fd, NULL);
    if (r != row->result)
        g_error("%s: %d instead of %d", row->name, r, row->result);
    after = read_regular(place.path);
    g_assert_cmpstr(after, ==, row->after);
    if (r == 0)
        g_assert_cmpint(mode_of(place.path), ==, row->before != NULL ? 0640 : 0604);
    /* Nothing else was made. */
    g_assert_cmpuint(count_entries(place.root), ==,
                     row->before == NULL && r == 0 ? 1 : n);
    place_clear(&place);
}

static void
test_missing_directories(void)
{
    bns_autofd fd = inside("new", 0600);
    g_autofree char *path = NULL;
    g_autofree char *above = NULL;
    BnsContent before;
    Place place;

    umask(077);
    place_init(&place);
    path = below(&place, "a/b/file");
    above = below(&place, "a");
    g_assert_cmpint(bns_content_look(path, &before), ==, 0);
    g_assert_cmpint(bns_write_back(path, &before, fd, NULL), ==, 0);
    assert_holds(path, "new");
    g_assert_cmpint(mode_of(above) & 077, ==, 0);
    place_clear(&place);
}

/* A program that holds a lock keeps no session: not once for each of its files either. */
static void
test_locked(void)
{
    bns_autofd fd = inside("new", 0600);
    bns_autofd dir = -1;
    BnsContent before;
    Place place;

    place_init(&place);
    put(place.path, "old", 0600);
    dir = open(place.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    g_assert_cmpint(flock(dir, LOCK_EX), ==, 0);
    g_assert_cmpint(bns_content_look(place.path, &before), ==, 0);
    /* Each for itself would be longer than this test may take. */
    for (int i = 0; i < 100; i++)
        g_assert_cmpint(bns_write_back(place.path, &before, fd, NULL), ==, -EBUSY);
    assert_holds(place.path, "old");
    g_assert_cmpint(flock(dir, LOCK_UN), ==, 0);
    g_assert_cmpint(bns_write_back(place.path, &before, fd, NULL), ==, 0);
    assert_holds(place.path, "new");
    place_clear(&place);
}

static void
test_directory_link(void)
{
    bns_autofd fd = inside("new", 0600);
    g_autofree char *path = NULL;
    g_autofree char *dir = NULL;
    g_autofree char *other = NULL;
    BnsContent before;
    Place place;

    place_init(&place);
    dir = below(&place, "dir");
    other = below(&place, "other");
    path = below(&place, "dir/file");
    g_assert_cmpint(mkdir(dir, 0700), ==, 0);
    put(path, "old", 0600);
    g_assert_cmpint(bns_content_look(path, &before), ==, 0);
    g_assert_cmpint(rename(dir, other), ==, 0);
    g_assert_cmpint(symlink("other", dir), ==, 0);
    g_assert_cmpint(bns_write_back(path, &before, fd, NULL), <, 0);
    assert_holds(path, "old");
    place_clear(&place);
}

static void
test_owner(void)
{
    bns_autofd fd = inside("new", 0600);
    BnsContent before;
    struct stat info;
    Place place;

    place_init(&place);
    put(place.path, "old", 04755);
    /* Only root can give a file away; a user's own stays his. */
    if (geteuid() == 0)
        g_assert_cmpint(chown(place.path, 1234, 4321), ==, 0);
    g_assert_cmpint(bns_content_look(place.path, &before), ==, 0);
    g_assert_cmpint(bns_write_back(place.path, &before, fd, NULL), ==, 0);
    g_assert_cmpint(stat(place.path, &info), ==, 0);
    g_assert_cmpint(info.st_uid, ==, geteuid() == 0 ? 1234 : geteuid());
    g_assert_cmpint(info.st_gid, ==, before.info.st_gid);
    /* Whoever wrote it must not act for its owner. */
    g_assert_cmpint(info.st_mode & 07777, ==, 0755);
    place_clear(&place);
}

/* Runs @func in a child. Returns: its exit status. */
static int
in_child(int (*func)(const Place *place), const Place *place)
{
    pid_t pid = fork();
    int status;

    g_assert_cmpint(pid, >=, 0);
    if (pid == 0)
        _exit(func(place));
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* A limit stands for a disk that is full: the write in the middle fails. */
static int
write_to_full_disk(const Place *place)
{
    const struct rlimit limit = { 20 * 1024, 20 * 1024 };
    g_autofree char *text = g_strnfill(64 * 1024, 'n');
    bns_autofd fd = inside(text, 0600);
    BnsContent before;

    signal(SIGXFSZ, SIG_IGN);
    if (bns_content_look(place->path, &before) < 0 ||
        setrlimit(RLIMIT_FSIZE, &limit) < 0)
        return 99;
    return -bns_write_back(place->path, &before, fd, NULL);
}

static void
test_full_disk(void)
{
    Place place;

    place_init(&place);
    put(place.path, "old", 0600);
    g_assert_cmpint(in_child(write_to_full_disk, &place), ==, EFBIG);
    assert_holds(place.path, "old");
    g_assert_cmpuint(count_entries(place.root), ==, 1);
    place_clear(&place);
}

static void
test_too_large(void)
{
    bns_autofd file = -1;
    BnsContent content;
    Place place;

    place_init(&place);
    file = open(place.path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    g_assert_cmpint(ftruncate(file, 65 * 1024 * 1024), ==, 0);
    g_assert_cmpint(bns_content_read(file, &content), ==, -EFBIG);
    g_assert_cmpint(bns_content_look(place.root, &content), ==, -EINVAL);
    place_clear(&place);
}

#define N_SESSIONS 8

/* All begin with the same, and one is the first. */
static void
test_sessions_at_once(void)
{
    pid_t pids[N_SESSIONS];
    BnsContent before;
    unsigned n_written = 0;
    Place place;
    int start[2];

    place_init(&place);
    put(place.path, "old", 0600);
    g_assert_cmpint(bns_content_look(place.path, &before), ==, 0);
    g_assert_cmpint(pipe2(start, O_CLOEXEC), ==, 0);
    for (int i = 0; i < N_SESSIONS; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            g_autofree char *text = g_strdup_printf("session %d", i);
            bns_autofd fd = inside(text, 0600);
            char byte;
            int r;

            close(start[1]);
            r = (int)read(start[0], &byte, 1);
            r = bns_write_back(place.path, &before, fd, NULL);
            _exit(r == 0 ? 0 : r == -ESTALE ? 1 : 2);
        }
    }
    close(start[0]);
    close(start[1]);
    for (int i = 0; i < N_SESSIONS; i++) {
        int status;

        g_assert_cmpint(waitpid(pids[i], &status, 0), ==, pids[i]);
        g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
        n_written += WEXITSTATUS(status) == 0;
    }
    g_assert_cmpuint(n_written, ==, 1);
    g_assert_cmpuint(count_entries(place.root), ==, 1);
    place_clear(&place);
}

#define N_KILLS   40
#define BIG_BYTES (256 * 1024)

static void G_GNUC_NORETURN
write_for_ever(const Place *place, int ready_fd)
{
    for (char c = 'a';; c = c == 'z' ? 'a' : (char)(c + 1)) {
        g_autofree char *text = g_strnfill(BIG_BYTES, c);
        bns_autofd fd = inside(text, 0600);
        BnsContent before;

        if (bns_content_look(place->path, &before) < 0 ||
            bns_write_back(place->path, &before, fd, NULL) < 0 ||
            write(ready_fd, "", 1) != 1)
            _exit(1);
    }
}

static void
kill_one(const Place *place)
{
    int ready[2];
    pid_t pid;
    char byte;

    g_assert_cmpint(pipe2(ready, O_CLOEXEC), ==, 0);
    pid = fork();
    if (pid == 0)
        write_for_ever(place, ready[1]);
    g_assert_cmpint(read(ready[0], &byte, 1), ==, 1);
    g_usleep((gulong)g_test_rand_int_range(0, 3000));
    g_assert_cmpint(kill(pid, SIGKILL), ==, 0);
    g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
    close(ready[0]);
    close(ready[1]);
}

static void
test_killed(void)
{
    Place place;

    place_init(&place);
    put(place.path, "old", 0600);
    for (int i = 0; i < N_KILLS; i++) {
        g_autofree char *text = NULL;
        gsize len;

        kill_one(&place);
        g_assert_true(g_file_get_contents(place.path, &text, &len, NULL));
        g_assert_cmpuint(len, ==, BIG_BYTES);
        g_assert_cmpuint(strspn(text, (char[]){ text[0], '\0' }), ==, BIG_BYTES);
    }
    place_clear(&place);
}

/* --- keep --- */

static void
test_keep(void)
{
    bns_autofd fd = inside("kept", 0644);
    BnsAuditFile file = { .session = "0b0e" };
    g_autoptr(BnsKeep) keep = NULL;
    g_autofree char *where = NULL;
    g_autofree char *expected = NULL;
    Place place;

    place_init(&place);
    file.path = below(&place, "2026-0b0e.jsonl");
    keep = bns_keep_new(&file);
    g_assert_cmpuint(count_entries(place.root), ==, 0);
    where = bns_keep_copy(keep, "/home/me/.rc", fd);
    expected = below(&place, "2026-0b0e.kept/home/me/.rc");
    g_assert_cmpstr(where, ==, expected);
    assert_holds(where, "kept");
    g_assert_cmpint(mode_of(where), ==, 0600);
    g_assert_null(bns_keep_copy(keep, "/home/me/.rc", fd));
    g_assert_cmpint(errno, ==, EEXIST);
    g_free(file.path);
    place_clear(&place);
}

static void
test_keep_beside_a_named_file(void)
{
    bns_autofd fd = inside("kept", 0644);
    BnsAuditFile file = { .session = "0b0e" };
    g_autoptr(BnsKeep) keep = NULL;
    g_autoptr(BnsKeep) second = NULL;
    g_autofree char *where = NULL;
    g_autofree char *expected = NULL;
    Place place;

    place_init(&place);
    file.path = below(&place, "named");
    keep = bns_keep_new(&file);
    second = bns_keep_new(&file);
    where = bns_keep_copy(keep, "/x", fd);
    expected = below(&place, "named-0b0e.kept/x");
    g_assert_cmpstr(where, ==, expected);
    /* Somebody was there before. */
    g_assert_null(bns_keep_copy(second, "/y", fd));
    g_free(file.path);
    place_clear(&place);
}

/* --- persist --- */

typedef struct {
    Place place;
    BnsAuditFile file;
    BnsKeep *keep;
    BnsPersist *persist;
    GString *said;
} World;

static void
world_init(World *world, const char *before)
{
    const char *paths[2] = { NULL };

    place_init(&world->place);
    if (before != NULL)
        put(world->place.path, before, 0600);
    paths[0] = world->place.path;
    world->file =
        (BnsAuditFile){ .path = below(&world->place, "audit.jsonl"), .session = "s" };
    world->keep = bns_keep_new(&world->file);
    world->persist = bns_persist_new(paths);
    world->said = g_string_new(NULL);
}

static void
world_clear(World *world)
{
    bns_persist_free(world->persist);
    bns_keep_free(world->keep);
    g_string_free(world->said, TRUE);
    g_free(world->file.path);
    place_clear(&world->place);
}

static void
on_persisted(void *data, const char *path, const char *why, const char *kept)
{
    World *world = data;

    g_assert_cmpstr(path, ==, world->place.path);
    g_string_append_printf(world->said, "%s;", why != NULL ? why : "written");
    if (kept != NULL)
        assert_holds(kept, "new");
}

typedef struct {
    const char *name;
    const char *before;
    const char *message; /* of init; with a descriptor if its last is 0 */
    const char *left;    /* of the descriptor */
    const char *host;    /* saved meanwhile; NULL: nothing */
    bool has_failed;
    const char *said;
    const char *after;
} PersistCase;

static const PersistCase persist_cases[] = {
    { "written", "old", "0 0", "new", NULL, false, "written;", "new" },
    { "made", NULL, "0 0", "new", NULL, false, "written;", "new" },
    { "not-changed", "old", "0 0", "old", NULL, false, "", "old" },
    { "not-changed-inside-but-outside", "old", "0 0", "old", "host", false, "",
      "host" },
    { "the-same-outside", "old", "0 0", "new", "new", false, "", "new" },
    { "changed-outside", "old", "0 0", "new", "host", false,
      "it was changed outside meanwhile;", "host" },
    { "made-outside", NULL, "0 0", "new", "host", false,
      "it was changed outside meanwhile;", "host" },
    { "removed", "old", "0 -2", NULL, NULL, false, "the command removed it;", "old" },
    { "never-made", NULL, "0 -2", NULL, NULL, false, "", NULL },
    { "a-link", "old", "0 -40", NULL, NULL, false,
      "the command made something else than a file of it;", "old" },
    { "a-fifo", NULL, "0 -22", NULL, NULL, false,
      "the command made something else than a file of it;", NULL },
    { "a-session-that-failed", "old", "0 0", "new", NULL, true, "the session failed;",
      "old" },
    { "lost-on-the-way", "old", NULL, NULL, NULL, false, "it could not be handed out;",
      "old" },
    { "init-was-killed", "old", NULL, NULL, NULL, true, "the session failed;", "old" },
};

static void
test_persist(gconstpointer data)
{
    const PersistCase *row = data;
    bns_autofd fd = row->left != NULL ? inside(row->left, 0600) : -1;
    World world;

    world_init(&world, row->before);
    if (row->message != NULL)
        g_assert_true(bns_persist_take(world.persist, row->message, fd));
    if (row->host != NULL)
        put(world.place.path, row->host, 0600);
    bns_persist_finish(world.persist, !row->has_failed, world.keep, on_persisted,
                       &world);
    if (strcmp(world.said->str, row->said) != 0)
        g_error("%s: \"%s\" instead of \"%s\"", row->name, world.said->str, row->said);
    assert_holds(world.place.path, row->after);
    world_clear(&world);
}

static void
test_nonsense(void)
{
    static const char *const texts[] = { "",      "0",     "0 1",   "1 -2",
                                         "-1 -2", "0 -2 ", "a -2",  "0 a",
                                         "0  0",  "0 -2x", " 0 -2", "0 0" };
    bns_autofd fd = inside("x", 0600);
    World world;

    world_init(&world, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        if (bns_persist_take(world.persist, texts[i], -1))
            g_error("\"%s\" was taken", texts[i]);
    g_assert_false(bns_persist_take(world.persist, "0 -2", fd));
    g_assert_true(bns_persist_take(world.persist, "0 0", fd));
    g_assert_false(bns_persist_take(world.persist, "0 0", fd));
    world_clear(&world);
}

static void
add_cases(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path =
            g_strconcat("/sandbox/write-back/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_case);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(persist_cases); i++) {
        g_autofree char *path =
            g_strconcat("/sandbox/persist/", persist_cases[i].name, NULL);

        bns_test_add_data(path, &persist_cases[i], test_persist);
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    add_cases();
    bns_test_add("/sandbox/write-back/directories-are-made", test_missing_directories);
    bns_test_add("/sandbox/write-back/no-link-on-the-way", test_directory_link);
    bns_test_add("/sandbox/write-back/owner-and-mode-stay", test_owner);
    bns_test_add("/sandbox/write-back/a-full-disk-changes-nothing", test_full_disk);
    bns_test_add("/sandbox/write-back/what-is-too-large", test_too_large);
    bns_test_add("/sandbox/write-back/one-of-many-sessions", test_sessions_at_once);
    bns_test_add("/sandbox/write-back/killed-it-is-old-or-new", test_killed);
    bns_test_add("/sandbox/keep/beside-the-audit", test_keep);
    bns_test_add("/sandbox/keep/beside-a-named-file", test_keep_beside_a_named_file);
    bns_test_add("/sandbox/persist/nonsense-is-refused", test_nonsense);
    /* Last: it takes the time that all have for it. */
    bns_test_add("/sandbox/write-back/a-lock-of-another", test_locked);
    return g_test_run();
}
