/* SPDX-License-Identifier: Apache-2.0 */
/* What the host executes later: names, settings of git, and what was changed. */
#include "sandbox/file_protect.h"

#include "sandbox/git_keys.h"
#include "sandbox/originals.h"
#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    const char *path;
    bool is_named;
} Name;

static const Name names[] = {
    { "/p/.git/hooks/pre-commit", true },
    { "/p/.git/hooks/deep/er", true },
    { "/p/deep/er/.git/hooks/post-merge", true },
    { "/p/.git/modules/sub/hooks/pre-push", true },
    { "/p/.git/config", true },
    { "/p/.git/modules/sub/config", true },
    { "/p/.git/config.worktree", true },
    { "/p/.git/commondir", true },
    { "/p/commondir", false },
    { "/p/w/.git", true },
    { "/p/bare/HEAD", true },
    { "/p/.git/HEAD", false },
    { "/p/.git/index", false },
    { "/p/git/hooks/pre-commit", false },
    { "/p/.envrc", true },
    { "/p/a/b/.envrc", true },
    { "/p/.envrc.example", false },
    { "/p/.vscode/tasks.json", true },
    { "/p/.claude/settings.local.json", true },
    { "/p/.claude/notes.md", false },
    { "/p/.github/workflows/ci.yml", true },
    { "/p/.github/README.md", false },
    { "/p/build.gradle.kts", true },
    { "/p/lefthook.yml", true },
    { "/p/lefthook.yaml", true },
    { "/p/Makefile", true },
    { "/p/Makefile.am", false },
    { "/p/src/main.c", false },
    { "/", false },
};

static void
test_names(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if ((bns_file_protect_reason(names[i].path) != NULL) != names[i].is_named)
            g_error("%s", names[i].path);
}

typedef struct {
    const char *text;
    const char *keys;
} Config;

static const Config configs[] = {
    { "", "" },
    { "[core]\n\tbare = false\n[user]\n\tname = N\n[branch \"m\"]\n\tremote = o\n",
      "" },
    { "[core]\n\thooksPath = x\n", "[core] hooksPath = x\n" },
    { "[CORE]\nHOOKSPATH=x", "[CORE] HOOKSPATH=x\n" },
    { "[core] pager = a\n", "[core] pager = a\n" },
    { "[filter \"lfs\"]\n clean = c\n; clean = d\n# smudge = e\n",
      "[filter \"lfs\"] clean = c\n" },
    { "[filter \"a]\\\"b\"]\nclean = c\n", "[filter \"a]\\\"b\"] clean = c\n" },
    { "[alias]\n\tx = !rm \\\n-r\n", "[alias] x = !rm -r\n" },
    { "[core]\n\tfsmonitor\n", "[core] fsmonitor\n" },
    { "[remote \"o\"]\n\turl = u\n\tfetch = f\n\tuploadpack = evil\n",
      "[remote \"o\"] uploadpack = evil\n" },
    { "[imap]\n\thost = h\n\ttunnel = ssh h\n", "[imap] tunnel = ssh h\n" },
    { "[lfs \"u\"]\n\taccess = basic\n[lfs \"customtransfer.t\"]\n\tpath = p\n",
      "[lfs \"customtransfer.t\"] path = p\n" },
    { "[include]\r\n\tpath = f\r\n", "[include] path = f\r\n" },
    { "[includeif.gitdir:x]\npath = f\n", "[includeif.gitdir:x] path = f\n" },
    { "[co\\\nre]\npager = x\n", "[core] pager = x\n" },
    { "[core\npager = x\n", "[core] pager = x\n" },
    { "[filter \"a\nclean = c\n", "[filter \"a\"] clean = c\n" },
    { "[alias]\n\tx = a\\\\\n\ty = b\n", "[alias] x = a\\\\\n[alias] y = b\n" },
    { "[alias]\r\n\tx = !rm \\\r\n-r\r\n", "[alias] x = !rm -r\r\n" },
    { "[alias]\n\tx = a\\", "[alias] x = a\\\n" },
    { "# a \\\n[core]\n\tpager = x\n", "[core] pager = x\n" },
    { "[user]\n\tname = N ; \\\n[core]\n\tpager = x\n", "[core] pager = x\n" },
    { "[alias]\n\tx = \";\" \\\nb\n", "[alias] x = \";\" b\n" },
    { "[alias]\n\tx = \"\\\";\" \\\nb\n", "[alias] x = \"\\\";\" b\n" },
    { "[user] [core] pager = x\n", "[core] pager = x\n" },
    { "\xef\xbb\xbf[core] pager = x\n", "[core] pager = x\n" },
};

static void
test_git_keys(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(configs); i++) {
        g_autofree char *keys = bns_git_keys(configs[i].text, strlen(configs[i].text));

        g_assert_cmpstr(keys, ==, configs[i].keys);
    }
}

static void
test_nul(void)
{
    static const char text[] = "[core]\0\npager\0= x\n";
    g_autofree char *keys = bns_git_keys(text, sizeof(text) - 1);

    g_assert_cmpstr(keys, ==, "[core] pager = x\n");
}

/* --- a project --- */

static char *
make_project(void)
{
    g_autofree char *here = g_get_current_dir();
    char *root = g_build_filename(here, "protect-XXXXXX", NULL);

    g_assert_nonnull(g_mkdtemp(root));
    return root;
}

static void
make_file(const char *root, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(root, name, NULL);
    g_autofree char *dir = g_path_get_dirname(path);

    g_assert_cmpint(g_mkdir_with_parents(dir, 0755), ==, 0);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void
remove_project(char *root)
{
    bns_test_remove_tree(root);
    g_free(root);
}

/* Returns: (transfer full): paths below @root, separated by spaces. */
static char *
join(const GPtrArray *paths, const char *root)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < paths->len; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? " " : "",
                               (const char *)paths->pdata[i] + strlen(root) + 1);
    return g_string_free(text, FALSE);
}

static void
test_find(void)
{
    char *root = make_project();
    g_autofree char *link = g_build_filename(root, ".idea", NULL);
    g_autoptr(GPtrArray) found = NULL;
    g_autofree char *text = NULL;

    make_file(root, ".git/hooks/pre-commit", "");
    make_file(root, ".git/modules/sub/hooks/pre-commit", "");
    make_file(root, ".git/config", "");
    make_file(root, ".envrc", "");
    make_file(root, "lefthook.yml", "");
    make_file(root, "Makefile", "");
    make_file(root, "elsewhere/x", "");
    g_assert_cmpint(symlink("elsewhere", link), ==, 0);
    found = bns_file_protect_find(root, BNS_PROTECT_PROJECT);
    text = join(found, root);
    g_assert_cmpstr(text, ==, ".git/hooks lefthook.yml .envrc .git/modules/sub/hooks");
    remove_project(root);
}

static void
test_changed(void)
{
    char *root = make_project();
    const char *const roots[] = { root, NULL };
    g_autoptr(GHashTable) keys = NULL;
    g_autoptr(GPtrArray) none = NULL;
    g_autoptr(GPtrArray) changed = NULL;
    g_autofree char *text = NULL;
    bool is_complete;
    int64_t since_us;

    make_file(root, ".envrc", "");
    make_file(root, ".git/config", "[core]\npager = x\n");
    make_file(root, "sub/.git/config", "[core]\nbare = false\n");
    keys = bns_file_protect_git_keys(roots);
    none = bns_file_protect_changed(roots, keys, NULL,
                                    g_get_real_time() + G_USEC_PER_SEC, &is_complete);
    g_assert_cmpuint(none->len, ==, 0);
    g_assert_true(is_complete);
    /* All of this is newer than the time. */
    since_us = g_get_real_time() - G_USEC_PER_SEC;
    make_file(root, "src/main.c", "");
    make_file(root, "node_modules/x/Makefile", "");
    make_file(root, "new/.git/hooks/pre-commit", "");
    make_file(root, "new/.git/hooks/pre-push.sample", "");
    make_file(root, "new/.git/config", "[core]\nfsmonitor = x\n");
    make_file(root, ".git/config", "[user]\nname = n\n[core]\npager = x\n");
    changed = bns_file_protect_changed(roots, keys, NULL, since_us, &is_complete);
    text = join(changed, root);
    g_assert_cmpstr(text, ==, ".envrc new/.git/config new/.git/hooks/pre-commit");
    g_assert_true(is_complete);
    remove_project(root);
}

/* What leads git somewhere, or may one day. */
typedef struct {
    const char *name;
    const char *text; /* "@": the project */
    bool is_named;
} Pointer;

static const Pointer pointers[] = {
    { "worktree/.git", "gitdir: @/.git/worktrees/w\n", false },
    { "submodule/.git", "gitdir: ../.git/modules/s\n", false },
    { "evil/.git", "gitdir: ../repository\n", true },
    { "nowhere/.git", "gitdir: ../absent/.git\n", true },
    { "unseen/.git", "gitdir: ../node_modules/.git\n", true },
    { "deeper/.git", "gitdir: ../node_modules/x/.git/modules/s\n", true },
    { "object/.git", "gitdir: ../.git/objects/x\n", true },
    { ".git/worktrees/w/commondir", "../..\n", false },
    { ".git/worktrees/v/commondir", "../../objects/x\n", true },
    { "bare/HEAD", "ref: refs/heads/main\n", true },
    { "detached/HEAD", "0123456789012345678901234567890123456789\n", true },
    { "page/HEAD", "<head>\n", false },
    { "empty/HEAD", "", false },
};

static void
test_pointers(void)
{
    static const char *const dirs[] = { "repository", "node_modules/.git",
                                        "node_modules/x/.git/modules/s",
                                        ".git/objects/x", ".git/modules/s" };
    char *root = make_project();
    g_autofree char *link = g_build_filename(root, "linked/HEAD", NULL);
    g_autofree char *link_dir = g_path_get_dirname(link);

    for (size_t i = 0; i < G_N_ELEMENTS(dirs); i++) {
        g_autofree char *dir = g_build_filename(root, dirs[i], NULL);

        g_assert_cmpint(g_mkdir_with_parents(dir, 0755), ==, 0);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(pointers); i++) {
        g_auto(GStrv) parts = g_strsplit(pointers[i].text, "@", -1);
        g_autofree char *text = g_strjoinv(root, parts);

        make_file(root, pointers[i].name, text);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(pointers); i++) {
        g_autofree char *path = g_build_filename(root, pointers[i].name, NULL);

        g_assert_nonnull(bns_file_protect_reason(path));
        if (bns_file_protect_is_harmless(NULL, path) == pointers[i].is_named)
            g_error("%s", pointers[i].name);
    }
    g_assert_cmpint(g_mkdir(link_dir, 0755), ==, 0);
    g_assert_cmpint(symlink("refs/heads/main", link), ==, 0);
    g_assert_false(bns_file_protect_is_harmless(NULL, link));
    remove_project(root);
}

/* Names in a directory that nobody may list still lead to what is in it. */
typedef struct {
    const char *dir;
    mode_t mode;
    bool is_later; /* than what is looked for */
    bool has_originals;
} Lock;

static const Lock locks[] = {
    { ".", 0311, true },
    { "new", 0111, true },
    { "new/.git/hooks", 0111, true },
    { "new", 0, true },
    { "new/.git", 0600, true },
    { "new", 0111, false },
    { "new", 0111, true, true },
};

static void
test_locked(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(locks); i++) {
        char *root = make_project();
        const char *const roots[] = { root, NULL };
        g_autofree char *dir = g_build_filename(root, locks[i].dir, NULL);
        g_autoptr(GHashTable) keys = bns_file_protect_git_keys(roots);
        g_autoptr(GHashTable) originals =
            locks[i].has_originals ? bns_originals_read(roots) : NULL;
        g_autoptr(GPtrArray) changed = NULL;
        g_autofree char *text = NULL;
        bool is_complete;
        struct stat info;
        int64_t since_us;

        make_file(root, "new/.git/hooks/pre-commit", "");
        g_assert_cmpint(chmod(dir, locks[i].mode), ==, 0);
        since_us =
            g_get_real_time() + (locks[i].is_later ? -G_USEC_PER_SEC : G_USEC_PER_SEC);
        changed =
            bns_file_protect_changed(roots, keys, originals, since_us, &is_complete);
        text = join(changed, root);
        g_assert_cmpstr(text, ==, locks[i].is_later ? "new/.git/hooks/pre-commit" : "");
        g_assert_cmpint(stat(dir, &info), ==, 0);
        g_assert_cmpint(info.st_mode & 07777, ==,
                        locks[i].mode | (locks[i].is_later ? 0500 : 0));
        g_assert_cmpint(chmod(dir, 0700), ==, 0);
        remove_project(root);
    }
}

static void
test_limits(void)
{
    char *root = make_project();
    const char *const roots[] = { root, NULL };
    g_autoptr(GHashTable) keys = bns_file_protect_git_keys(roots);
    g_autoptr(GString) deep = g_string_new(NULL);
    g_autoptr(GPtrArray) changed = NULL;
    bool is_complete;

    for (int i = 0; i < BNS_FILE_PROTECT_DEPTH_MAX + 1; i++)
        g_string_append(deep, "d/");
    g_string_append(deep, ".envrc");
    make_file(root, deep->str, "");
    changed = bns_file_protect_changed(roots, keys, NULL, 0, &is_complete);
    g_assert_cmpuint(changed->len, ==, 0);
    g_assert_false(is_complete);
    remove_project(root);
}

/* It is a program's own business what it makes of its files; it must not stop us. */
static void
test_hostile(void)
{
    char *root = make_project();
    const char *const roots[] = { root, NULL };
    g_autofree char *git = g_build_filename(root, ".git", NULL);
    g_autofree char *fifo = g_build_filename(git, "config", NULL);
    g_autofree char *loop = g_build_filename(root, "loop", NULL);
    g_autoptr(GHashTable) keys = NULL;
    g_autoptr(GPtrArray) changed = NULL;
    g_autofree char *text = NULL;
    bool is_complete;

    g_assert_cmpint(g_mkdir(git, 0755), ==, 0);
    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    g_assert_cmpint(symlink("/", loop), ==, 0);
    keys = bns_file_protect_git_keys(roots);
    changed = bns_file_protect_changed(roots, keys, NULL, 0, &is_complete);
    text = join(changed, root);
    g_assert_cmpstr(text, ==, ".git/config");
    remove_project(root);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 30);
    bns_test_add("/sandbox/file-protect/names-at-any-depth", test_names);
    bns_test_add("/sandbox/file-protect/git-keys-that-name-programs", test_git_keys);
    bns_test_add("/sandbox/file-protect/git-keys-behind-a-nul", test_nul);
    bns_test_add("/sandbox/file-protect/what-exists-is-pinned", test_find);
    bns_test_add("/sandbox/file-protect/what-was-changed-is-found", test_changed);
    bns_test_add("/sandbox/file-protect/what-leads-git", test_pointers);
    bns_test_add("/sandbox/file-protect/what-is-locked-is-seen", test_locked);
    bns_test_add("/sandbox/file-protect/a-look-has-limits", test_limits);
    bns_test_add("/sandbox/file-protect/hostile-files", test_hostile);
    return g_test_run();
}
