/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/file_git.h"

#include "sandbox/sight.h"
#include "sandbox/tree.h"

#include <string.h>

/* Pointers to directories: one path. */
#define POINTER_MAX 4096

/* Returns: (transfer full) (nullable): the line of a pointer file, after @prefix. */
static char *
read_pointer(const char *dir, const char *name, const char *prefix)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    g_autofree char *text = NULL;
    gsize len = 0;

    if (!bns_sight_is(path, S_IFREG) || !g_file_get_contents(path, &text, &len, NULL) ||
        len > POINTER_MAX || !g_str_has_prefix(text, prefix))
        return NULL;
    return g_strdup(g_strchomp(text + strlen(prefix)));
}

/* Returns: (transfer full) (nullable): the real path of @path as of @dir. */
static char *
resolve_from(const char *dir, const char *path)
{
    g_autofree char *absolute =
        path != NULL ? g_canonicalize_filename(path, dir) : NULL;

    return absolute != NULL ? bns_file_names_resolve(absolute) : NULL;
}

static bool
has(const char *dir, const char *name, mode_t type)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);

    return bns_sight_is(path, type);
}

static bool
is_repository(const char *dir)
{
    return has(dir, "HEAD", S_IFREG) && has(dir, "objects", S_IFDIR) &&
           has(dir, "refs", S_IFDIR);
}

static void
take(const BnsFileNames *names, GPtrArray *found, const char *dir)
{
    if (is_repository(dir) && !bns_file_names_hold_home(names, dir) &&
        !bns_file_names_are_own(dir))
        g_ptr_array_add(found, g_strdup(dir));
}

/* @root has a file .git, as the main repository's worktrees have. */
static void
take_main(const BnsFileNames *names, GPtrArray *found, const char *root)
{
    g_autofree char *pointer = read_pointer(root, ".git", "gitdir: ");
    g_autofree char *own = resolve_from(root, pointer);
    g_autofree char *back = own != NULL ? read_pointer(own, "gitdir", "") : NULL;
    g_autofree char *expected = g_build_filename(root, ".git", NULL);
    g_autofree char *common = own != NULL ? read_pointer(own, "commondir", "") : NULL;
    g_autofree char *main_dir = own != NULL ? resolve_from(own, common) : NULL;

    if (back != NULL && main_dir != NULL && strcmp(back, expected) == 0 &&
        bns_tree_is_within(own, main_dir))
        take(names, found, main_dir);
}

/* Returns: (transfer full) (nullable): the nearest directory .git above @root. */
static char *
find_above(const BnsFileNames *names, const char *root)
{
    g_autofree char *at = g_path_get_dirname(root);

    while (strcmp(at, "/") != 0 && !bns_file_names_hold_home(names, at)) {
        char *parent = g_path_get_dirname(at);
        g_autofree char *git = g_build_filename(at, ".git", NULL);

        g_free(at);
        at = parent;
        if (bns_sight_is(git, S_IFDIR))
            return bns_file_names_resolve(git);
    }
    return NULL;
}

/* The same of a submodule, which is kept in the repository above. */
static void
take_module(const BnsFileNames *names, GPtrArray *found, const char *root)
{
    g_autofree char *pointer = read_pointer(root, ".git", "gitdir: ");
    g_autofree char *own = resolve_from(root, pointer);
    g_autofree char *above = find_above(names, root);

    if (own != NULL && above != NULL && bns_tree_is_within(own, above))
        take(names, found, own);
}

GPtrArray *
bns_file_git_find(const BnsFileNames *names)
{
    GPtrArray *found = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *at = g_strdup(names->workdir);

    while (strcmp(at, "/") != 0 && !bns_file_names_hold_home(names, at)) {
        g_autofree char *git = g_build_filename(at, ".git", NULL);
        char *parent;

        if (bns_sight_is_link(git))
            break;
        if (bns_sight_is(git, S_IFDIR)) {
            take(names, found, git);
            break;
        }
        if (bns_sight_is(git, S_IFREG)) {
            take_main(names, found, at);
            take_module(names, found, at);
            break;
        }
        parent = g_path_get_dirname(at);
        g_free(at);
        at = parent;
    }
    return found;
}
