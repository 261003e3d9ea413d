/* SPDX-License-Identifier: Apache-2.0 */
/* What the host would execute is moved aside, and told of at once. */
#include "sandbox/quarantine.h"
#include "base/text.h"

#include "base/fd.h"
#include "sandbox/file_protect.h"
#include "sandbox/file_watch.h"
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    char *root;  /* owned; real */
    char *state; /* owned */
    BnsAuditFile file;
    BnsKeep *keep; /* owned */
} Project;

static void
put(const char *root, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(root, name, NULL);
    g_autofree char *dir = g_path_get_dirname(path);

    g_assert_cmpint(g_mkdir_with_parents(dir, 0755), ==, 0);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void
project_init(Project *project, const char *state_dir)
{
    g_autofree char *here = g_get_current_dir();

    project->root = g_build_filename(here, "quarantine-XXXXXX", NULL);
    g_assert_nonnull(g_mkdtemp(project->root));
    project->state = g_build_filename(state_dir != NULL ? state_dir : here,
                                      "quarantine-state-XXXXXX", NULL);
    g_assert_nonnull(g_mkdtemp(project->state));
    project->file =
        (BnsAuditFile){ .path = g_build_filename(project->state, "audit.jsonl", NULL),
                        .session = "s" };
    project->keep = bns_keep_new(&project->file);
}

static void
remove_tree(char *take_path)
{
    bns_test_remove_tree(take_path);
    g_free(take_path);
}

static void
project_clear(Project *project)
{
    bns_keep_free(project->keep);
    g_free(project->file.path);
    remove_tree(project->root);
    remove_tree(project->state);
}

/* "NAME=TEXT" of each file, "NAME@" of a link, "NAME!" of anything else; sorted. */
static void
list(const char *dir, const char *below, GPtrArray *found)
{
    g_autofree char *path = g_build_filename(dir, below, NULL);
    g_autoptr(GDir) entries = g_dir_open(path, 0, NULL);
    const char *name;

    while (entries != NULL && (name = g_dir_read_name(entries)) != NULL) {
        g_autofree char *shown =
            *below != '\0' ? g_build_filename(below, name, NULL) : g_strdup(name);
        g_autofree char *file = g_build_filename(dir, shown, NULL);
        g_autofree char *text = NULL;

        if (g_file_test(file, G_FILE_TEST_IS_SYMLINK))
            g_ptr_array_add(found, g_strconcat(shown, "@", NULL));
        else if (g_file_test(file, G_FILE_TEST_IS_DIR))
            list(dir, shown, found);
        else if (!g_file_test(file, G_FILE_TEST_IS_REGULAR))
            g_ptr_array_add(found, g_strconcat(shown, "!", NULL));
        else if (g_file_get_contents(file, &text, NULL, NULL))
            g_ptr_array_add(found, g_strconcat(shown, "=", text, NULL));
    }
}

static char *
describe(const char *dir)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);

    list(dir, "", found);
    g_ptr_array_sort(found, bns_text_compare);
    g_ptr_array_add(found, NULL);
    return g_strjoinv(" ", (char **)found->pdata);
}

/* --- one file --- */

typedef struct {
    const char *name;
    const char *before; /* of Makefile; NULL: none */
    void (*change)(const char *path);
    BnsQuarantined result;
    const char *host; /* as described */
    const char *kept; /* the same, without what is above the project */
} Case;

static void
write_it(const char *path)
{
    g_assert_true(g_file_set_contents(path, "new", -1, NULL));
}

static void
remove_it(const char *path)
{
    unlink(path);
}

static void
link_it(const char *path)
{
    unlink(path);
    g_assert_cmpint(symlink("/etc/passwd", path), ==, 0);
}

static void
make_a_fifo(const char *path)
{
    unlink(path);
    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
}

/* Larger than what is ever copied. */
static void
make_it_large(const char *path)
{
    unlink(path);
    write_it(path);
    g_assert_cmpint(truncate(path, 65 * 1024 * 1024), ==, 0);
}

static const Case cases[] = {
    { "made", NULL, write_it, BNS_QUARANTINED_GONE, "", "Makefile=new" },
    { "changed", "old", write_it, BNS_QUARANTINED_RESTORED, "Makefile=old",
      "Makefile=new" },
    { "removed", "old", remove_it, BNS_QUARANTINED_GONE, "", "" },
    { "a-link", NULL, link_it, BNS_QUARANTINED_GONE, "", "Makefile@" },
    { "a-link-instead", "old", link_it, BNS_QUARANTINED_RESTORED, "Makefile=old",
      "Makefile@" },
    { "a-fifo-instead", "old", make_a_fifo, BNS_QUARANTINED_RESTORED, "Makefile=old",
      "Makefile!" },
};

/* Returns: (transfer full): what is kept of the project. */
static char *
describe_kept(const Project *project)
{
    g_autofree char *dir =
        g_build_filename(project->state, "audit-s.kept", project->root, NULL);

    return describe(dir);
}

static BnsQuarantined
change_and_quarantine(const Project *project,
                      const char *before,
                      void (*change)(const char *path),
                      char **out_kept)
{
    const char *const roots[] = { project->root, NULL };
    g_autofree char *path = g_build_filename(project->root, "Makefile", NULL);
    g_autoptr(GHashTable) originals = NULL;

    if (before != NULL)
        put(project->root, "Makefile", before);
    originals = bns_originals_read(roots);
    change(path);
    return bns_quarantine(path, g_hash_table_lookup(originals, path), project->keep,
                          out_kept);
}

static void
test_case(gconstpointer data)
{
    const Case *row = data;
    g_autofree char *where = NULL;
    g_autofree char *host = NULL;
    g_autofree char *kept = NULL;
    Project project;

    project_init(&project, NULL);
    g_assert_cmpint(change_and_quarantine(&project, row->before, row->change, &where),
                    ==, row->result);
    host = describe(project.root);
    kept = describe_kept(&project);
    g_assert_cmpstr(host, ==, row->host);
    g_assert_cmpstr(kept, ==, row->kept);
    g_assert_true((where != NULL) == (*row->kept != '\0'));
    project_clear(&project);
}

static void
test_large(void)
{
    g_autofree char *where = NULL;
    g_autofree char *host = NULL;
    struct stat info;
    Project project;

    project_init(&project, NULL);
    g_assert_cmpint(change_and_quarantine(&project, "old", make_it_large, &where), ==,
                    BNS_QUARANTINED_RESTORED);
    host = describe(project.root);
    g_assert_cmpstr(host, ==, "Makefile=old");
    g_assert_cmpint(stat(where, &info), ==, 0);
    g_assert_cmpint(info.st_size, ==, 65 * 1024 * 1024);
    project_clear(&project);
}

static ino_t
grow(const char *path)
{
    struct stat info;

    g_assert_cmpint(truncate(path, 40 * 1024 * 1024), ==, 0);
    g_assert_cmpint(stat(path, &info), ==, 0);
    return info.st_ino;
}

/* Holes cost nothing: what is copied of them is bounded, and the rest moved all the same. */
static void
test_many_large(void)
{
    static const char *const names[] = { "a/Makefile", "b/Makefile", "c/Makefile" };
    const char *all[2] = { NULL };
    g_autoptr(GHashTable) originals = NULL;
    g_autofree char *host = NULL;
    int n_copied = 0;
    Project project;

    project_init(&project, NULL);
    all[0] = project.root;
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        put(project.root, names[i], "old");
    originals = bns_originals_read(all);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(project.root, names[i], NULL);
        g_autofree char *where = NULL;
        ino_t inode = grow(path);
        struct stat info;

        g_assert_cmpint(bns_quarantine(path, g_hash_table_lookup(originals, path),
                                       project.keep, &where),
                        ==, BNS_QUARANTINED_RESTORED);
        g_assert_true(g_str_has_prefix(where, project.state));
        g_assert_cmpint(stat(where, &info), ==, 0);
        g_assert_cmpint(info.st_size, ==, 40 * 1024 * 1024);
        n_copied += info.st_ino != inode;
    }
    g_assert_cmpint(n_copied, ==, 1);
    host = describe(project.root);
    g_assert_cmpstr(host, ==, "a/Makefile=old b/Makefile=old c/Makefile=old");
    project_clear(&project);
}

/* It may grow after it was looked at. */
static void
test_grown(void)
{
    g_autofree char *kept = NULL;
    bns_autofd fd = memfd_create("grown", MFD_CLOEXEC);
    Project project;

    project_init(&project, NULL);
    g_assert_cmpint(ftruncate(fd, 65 * 1024 * 1024), ==, 0);
    g_assert_null(bns_keep_copy(project.keep, "/x/Makefile", fd));
    g_assert_cmpint(errno, ==, EFBIG);
    kept = describe(project.state);
    g_assert_cmpstr(kept, ==, "");
    project_clear(&project);
}

/* Who may not write to a directory cannot remove anything from it; its owner may say. */
static void
test_locked_directory(void)
{
    const char *all[2] = { NULL };
    g_autoptr(GHashTable) originals = NULL;
    g_autofree char *path = NULL;
    g_autofree char *dir = NULL;
    g_autofree char *where = NULL;
    g_autofree char *host = NULL;
    g_autofree char *kept = NULL;
    Project project;

    project_init(&project, NULL);
    all[0] = project.root;
    put(project.root, "a/Makefile", "old");
    path = g_build_filename(project.root, "a/Makefile", NULL);
    dir = g_build_filename(project.root, "a", NULL);
    originals = bns_originals_read(all);
    write_it(path);
    g_assert_cmpint(chmod(dir, 0555), ==, 0);
    g_assert_cmpint(bns_quarantine(path, g_hash_table_lookup(originals, path),
                                   project.keep, &where),
                    ==, BNS_QUARANTINED_RESTORED);
    host = describe(project.root);
    kept = describe_kept(&project);
    g_assert_cmpstr(host, ==, "a/Makefile=old");
    g_assert_cmpstr(kept, ==, "a/Makefile=new");
    project_clear(&project);
}

static void
test_permissions(void)
{
    const mode_t old = 0640;
    const char *all[2] = { NULL };
    g_autoptr(GHashTable) originals = NULL;
    g_autofree char *path = NULL;
    g_autofree char *where = NULL;
    const BnsOriginal *original;
    struct stat info;
    Project project;

    project_init(&project, NULL);
    all[0] = project.root;
    put(project.root, "Makefile", "old");
    path = g_build_filename(project.root, "Makefile", NULL);
    g_assert_cmpint(chmod(path, old), ==, 0);
    originals = bns_originals_read(all);
    original = g_hash_table_lookup(originals, path);
    g_assert_true(bns_original_is_there(original, path));
    g_assert_cmpint(chmod(path, 0755), ==, 0);
    g_assert_false(bns_original_is_there(original, path));
    g_assert_cmpint(bns_quarantine(path, original, project.keep, &where), ==,
                    BNS_QUARANTINED_RESTORED);
    g_assert_cmpint(stat(path, &info), ==, 0);
    g_assert_cmpint(info.st_mode & 07777, ==, old);
    g_assert_true(bns_original_is_there(original, path));
    project_clear(&project);
}

/* Where nothing can be kept beside the audit, it stays in its directory. */
static void
test_nowhere(void)
{
    g_autofree char *where = NULL;
    g_autofree char *path = NULL;
    g_autofree char *text = NULL;
    Project project;

    project_init(&project, NULL);
    put(project.state, "audit-s.kept", "in the way");
    g_assert_cmpint(change_and_quarantine(&project, "old", write_it, &where), ==,
                    BNS_QUARANTINED_RESTORED);
    g_assert_true(g_str_has_prefix(where, project.root));
    g_assert_true(g_file_get_contents(where, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "new");
    g_clear_pointer(&text, g_free);
    path = g_build_filename(project.root, "Makefile", NULL);
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "old");
    project_clear(&project);
}

/* /dev/shm is another file system than any project. */
static void
test_other_file_system(void)
{
    g_autofree char *where = NULL;
    g_autofree char *host = NULL;
    g_autofree char *kept = NULL;
    Project project;

    if (access("/dev/shm", W_OK) < 0) {
        g_test_skip("no /dev/shm");
        return;
    }
    project_init(&project, "/dev/shm");
    g_assert_cmpint(change_and_quarantine(&project, NULL, write_it, &where), ==,
                    BNS_QUARANTINED_GONE);
    host = describe(project.root);
    kept = describe_kept(&project);
    g_assert_cmpstr(host, ==, "");
    g_assert_cmpstr(kept, ==, "Makefile=new");
    project_clear(&project);
}

static void
test_link_on_the_way(void)
{
    g_autofree char *where = NULL;
    g_autofree char *path = NULL;
    g_autofree char *link = NULL;
    g_autofree char *host = NULL;
    Project project;

    project_init(&project, NULL);
    put(project.root, "elsewhere/tasks.json", "mine");
    link = g_build_filename(project.root, ".vscode", NULL);
    g_assert_cmpint(symlink("elsewhere", link), ==, 0);
    path = g_build_filename(link, "tasks.json", NULL);
    g_assert_cmpint(bns_quarantine(path, NULL, project.keep, &where), ==,
                    BNS_QUARANTINED_NOT);
    g_assert_null(where);
    host = describe(project.root);
    g_assert_cmpstr(host, ==, ".vscode@ elsewhere/tasks.json=mine");
    project_clear(&project);
}

/* --- what there was --- */

static void
test_renamed_directory(void)
{
    const char *roots[2] = { NULL };
    g_autoptr(GHashTable) keys = NULL;
    g_autoptr(GHashTable) originals = NULL;
    g_autoptr(GPtrArray) changed = NULL;
    g_autofree char *from = NULL;
    g_autofree char *to = NULL;
    bool is_complete;
    Project project;

    project_init(&project, NULL);
    roots[0] = project.root;
    put(project.root, "templates/tasks.json", "old");
    put(project.root, "Makefile", "old");
    keys = bns_file_protect_git_keys(roots);
    originals = bns_originals_read(roots);
    from = g_build_filename(project.root, "templates", NULL);
    to = g_build_filename(project.root, ".vscode", NULL);
    g_assert_cmpint(rename(from, to), ==, 0);
    changed = bns_file_protect_changed(roots, keys, originals, INT64_MAX, &is_complete);
    g_assert_cmpuint(changed->len, ==, 1);
    g_assert_true(g_str_has_suffix(changed->pdata[0], "/.vscode/tasks.json"));
    project_clear(&project);
}

/* --- told at once --- */

typedef struct {
    Project project;
    BnsLoop *loop;
    BnsFileWatch *watch;
    GString *told;
} Watched;

static void
on_changed(void *data, const char *path)
{
    Watched *w = data;

    g_string_append_printf(w->told, "%s\n", path + strlen(w->project.root));
}

static void
watched_init(Watched *w)
{
    const char *roots[2] = { NULL };

    project_init(&w->project, NULL);
    put(w->project.root, "Makefile", "old");
    put(w->project.root, ".git/hooks/pre-commit", "old");
    put(w->project.root, ".github/workflows/ci.yml", "old");
    put(w->project.root, "src/main.c", "old");
    roots[0] = w->project.root;
    w->loop = bns_loop_new();
    w->told = g_string_new(NULL);
    w->watch = bns_file_watch_new(w->loop, roots, INT64_MAX, on_changed, w);
    g_assert_nonnull(w->watch);
}

static void
watched_clear(Watched *w)
{
    bns_file_watch_free(w->watch);
    bns_loop_free(w->loop);
    g_string_free(w->told, TRUE);
    project_clear(&w->project);
}

static void
await(Watched *w, const char *path)
{
    g_autofree char *line = g_strdup_printf("%s\n", path);

    while (strstr(w->told->str, line) == NULL)
        bns_loop_turn(w->loop, -1);
}

static void
test_told(void)
{
    Watched w;
    g_autofree char *path = NULL;

    watched_init(&w);
    put(w.project.root, "src/main.c", "new");
    put(w.project.root, "README", "new");
    put(w.project.root, "Makefile", "new");
    await(&w, "/Makefile");
    /* What was there is not told of, nor what the host does not run. */
    g_assert_null(strstr(w.told->str, "README"));
    g_assert_null(strstr(w.told->str, "main.c"));
    g_assert_null(strstr(w.told->str, "ci.yml"));
    put(w.project.root, ".git/hooks/post-commit", "new");
    await(&w, "/.git/hooks/post-commit");
    put(w.project.root, ".github/workflows/more.yml", "new");
    await(&w, "/.github/workflows/more.yml");
    path = g_build_filename(w.project.root, ".envrc", NULL);
    g_assert_cmpint(symlink("/etc/passwd", path), ==, 0);
    await(&w, "/.envrc");
    watched_clear(&w);
}

/* What was changed before anybody watched. */
static void
test_told_of_the_past(void)
{
    const char *roots[2] = { NULL };
    Watched w;

    watched_init(&w);
    bns_file_watch_free(w.watch);
    roots[0] = w.project.root;
    w.watch = bns_file_watch_new(w.loop, roots, 0, on_changed, &w);
    g_assert_nonnull(strstr(w.told->str, "/Makefile\n"));
    g_assert_nonnull(strstr(w.told->str, "/.git/hooks/pre-commit\n"));
    g_assert_nonnull(strstr(w.told->str, "/.github/workflows/ci.yml\n"));
    g_assert_null(strstr(w.told->str, "main.c"));
    watched_clear(&w);
}

/* Directories that are made, and one that was filled before it came to its place. */
static void
test_told_of_directories(void)
{
    Watched w;
    g_autofree char *from = NULL;
    g_autofree char *to = NULL;

    watched_init(&w);
    put(w.project.root, ".vscode/tasks.json", "new");
    await(&w, "/.vscode/tasks.json");
    put(w.project.root, ".cargo/config.toml", "new");
    await(&w, "/.cargo/config.toml");
    put(w.project.root, "made/deep/er/hook", "new");
    from = g_build_filename(w.project.root, "made", NULL);
    to = g_build_filename(w.project.root, ".husky", NULL);
    g_assert_cmpint(rename(from, to), ==, 0);
    await(&w, "/.husky/deep/er/hook");
    put(w.project.root, ".husky/deep/er/second", "new");
    await(&w, "/.husky/deep/er/second");
    watched_clear(&w);
}

/* A link in the place of a directory leads nowhere. */
static void
test_link_is_not_watched(void)
{
    Watched w;
    g_autofree char *link = NULL;

    watched_init(&w);
    put(w.project.state, "tasks.json", "old");
    link = g_build_filename(w.project.root, ".idea", NULL);
    g_assert_cmpint(symlink(w.project.state, link), ==, 0);
    await(&w, "/.idea");
    put(w.project.state, "tasks.json", "new");
    put(w.project.root, "justfile", "new");
    await(&w, "/justfile");
    g_assert_null(strstr(w.told->str, "tasks.json"));
    watched_clear(&w);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path =
            g_strconcat("/sandbox/quarantine/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_case);
    }
    bns_test_add("/sandbox/quarantine/what-is-too-large-to-copy", test_large);
    bns_test_add("/sandbox/quarantine/many-that-are-large", test_many_large);
    bns_test_add("/sandbox/quarantine/what-grows-while-it-is-copied", test_grown);
    bns_test_add("/sandbox/quarantine/in-a-directory-that-is-locked",
                 test_locked_directory);
    bns_test_add("/sandbox/quarantine/permissions-are-back", test_permissions);
    bns_test_add("/sandbox/quarantine/nowhere-to-move-to", test_nowhere);
    bns_test_add("/sandbox/quarantine/to-another-file-system", test_other_file_system);
    bns_test_add("/sandbox/quarantine/no-link-on-the-way", test_link_on_the_way);
    bns_test_add("/sandbox/quarantine/a-renamed-directory", test_renamed_directory);
    bns_test_add("/sandbox/file-watch/told-at-once", test_told);
    bns_test_add("/sandbox/file-watch/the-past", test_told_of_the_past);
    bns_test_add("/sandbox/file-watch/new-directories", test_told_of_directories);
    bns_test_add("/sandbox/file-watch/no-link", test_link_is_not_watched);
    return g_test_run();
}
