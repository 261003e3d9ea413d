/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/file_protect.h"

#include "base/fd.h"
#include "base/text.h"
#include "sandbox/file_names.h"
#include "sandbox/file_view.h"
#include "sandbox/git_hooks.h"
#include "sandbox/git_keys.h"
#include "sandbox/git_paths.h"
#include "sandbox/own_directory.h"
#include "sandbox/sight.h"
#include "sandbox/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const BnsProtectEntry bns_protect_entries[] = {
#include "data/protected.inc"
};
const size_t bns_n_protect_entries = G_N_ELEMENTS(bns_protect_entries);

/* The way there may be a link: what is behind it is none of this project's. */
static bool
is_real(const char *path)
{
    g_autofree char *real = bns_file_names_resolve(path);

    return real != NULL && strcmp(real, path) == 0;
}

static void
find_matches(const char *root, const char *pattern, GPtrArray *found)
{
    g_autofree char *path = g_build_filename(root, pattern, NULL);
    g_autoptr(GPtrArray) matches = bns_file_names_match(path);

    for (guint i = 0; i < matches->len; i++)
        if (is_real(matches->pdata[i]))
            g_ptr_array_add(found, g_strdup(matches->pdata[i]));
}

/* Of each submodule. */
static void
find_module_hooks(const char *root, GPtrArray *found)
{
    g_autofree char *modules = g_build_filename(root, ".git/modules", NULL);
    g_autoptr(GPtrArray) names = bns_sight_names(modules);

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *module = g_build_filename(modules, names->pdata[i], NULL);

        find_matches(module, "hooks", found);
    }
}

/* The repository itself cannot be one: git writes to it. */
static void
find_named_hooks(const char *root, GPtrArray *found)
{
    g_autofree char *hooks = bns_git_hooks_find(root);
    g_autofree char *git = g_build_filename(root, ".git", NULL);

    if (hooks != NULL && strcmp(hooks, git) != 0 && bns_sight_is(hooks, S_IFDIR) &&
        is_real(hooks) &&
        !g_ptr_array_find_with_equal_func(found, hooks, g_str_equal, NULL))
        g_ptr_array_add(found, g_steal_pointer(&hooks));
}

GPtrArray *
bns_file_protect_find(const char *root, BnsProtectPlace place)
{
    GPtrArray *found = g_ptr_array_new_with_free_func(g_free);

    for (size_t i = 0; i < bns_n_protect_entries; i++)
        if (bns_protect_entries[i].place == place &&
            bns_protect_entries[i].strength == BNS_PROTECT_PINNED)
            find_matches(root, bns_protect_entries[i].path, found);
    if (place == BNS_PROTECT_PROJECT) {
        find_module_hooks(root, found);
        find_named_hooks(root, found);
    }
    return found;
}

/* --- git's configuration --- */

char *
bns_file_protect_git_keys_of(int fd)
{
    gsize len;
    g_autofree char *text = bns_git_keys_read(fd, &len);

    return text != NULL ? bns_git_keys(text, len) : NULL;
}

/* Whoever wrote it may have put anything there. Returns: (transfer full) (nullable) */
static char *
read_git_keys(const char *path)
{
    bns_autofd fd =
        open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    return fd < 0 ? NULL : bns_file_protect_git_keys_of(fd);
}

GHashTable *
bns_file_protect_git_keys(const char *const *roots)
{
    GHashTable *all = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

    for (; *roots != NULL; roots++) {
        const char *name = strstr(*roots, "/.git") != NULL ? "config" : ".git/config";
        char *path = g_build_filename(*roots, name, NULL);
        char *keys = read_git_keys(path);

        if (keys != NULL)
            g_hash_table_insert(all, path, keys);
        else
            g_free(path);
    }
    return all;
}

/* Any but of what git writes there itself (branches, remotes, the user's name). */
static bool
has_same_programs(GHashTable *git_keys, const char *path)
{
    const char *before = g_hash_table_lookup(git_keys, path);
    g_autofree char *keys = read_git_keys(path);

    return keys != NULL && strcmp(keys, before != NULL ? before : "") == 0;
}

/* Samples that git puts into every new repository run only when they are renamed. */
static bool
is_sample(const char *path)
{
    return g_str_has_suffix(path, ".sample");
}

bool
bns_file_protect_is_harmless(GHashTable *git_keys, const char *path)
{
    if (bns_git_path_is_settings(path))
        return has_same_programs(git_keys, path);
    return is_sample(path) || bns_git_path_is_plain(path);
}

/* --- what it is --- */

/* Whether the parts of @pattern are the next ones of @path. */
static bool
begins_with(const char *path, const char *pattern)
{
    while (true) {
        size_t len, pattern_len;

        /* Asked of each file, for each entry: mostly this is all. */
        if (*pattern != *path && *pattern != '*')
            return false;
        len = strcspn(path, "/");
        pattern_len = strcspn(pattern, "/");
        if (!bns_file_view_name_matches(pattern, path, len))
            return false;
        if (pattern[pattern_len] == '\0')
            return true;
        if (path[len] == '\0')
            return false;
        path += len + 1;
        pattern += pattern_len + 1;
    }
}

static const char *
find_reason_from(const char *path)
{
    for (size_t i = 0; i < bns_n_protect_entries; i++)
        if (bns_protect_entries[i].place == BNS_PROTECT_PROJECT &&
            begins_with(path, bns_protect_entries[i].path))
            return bns_protect_entries[i].why;
    return NULL;
}

/* Whether the parts of @path are the first ones of @pattern, but not all. */
static bool
is_on_the_way(const char *path, const char *pattern)
{
    while (true) {
        size_t len = strcspn(path, "/");
        size_t pattern_len = strcspn(pattern, "/");

        if (pattern[pattern_len] == '\0' ||
            !bns_file_view_name_matches(pattern, path, len))
            return false;
        if (path[len] == '\0')
            return true;
        path += len + 1;
        pattern += pattern_len + 1;
    }
}

const char *
bns_file_protect_reason(const char *path)
{
    const char *why = bns_git_path_reason(path);

    for (const char *part = strchr(path, '/'); part != NULL && why == NULL;
         part = strchr(part + 1, '/'))
        if (part[1] != '\0')
            why = find_reason_from(part + 1);
    return why;
}

static bool
is_on_some_way(const char *path)
{
    for (size_t i = 0; i < bns_n_protect_entries; i++)
        if (bns_protect_entries[i].place == BNS_PROTECT_PROJECT &&
            is_on_the_way(path, bns_protect_entries[i].path))
            return true;
    return false;
}

/* Whether all that is in the directory @path is named. */
static bool
is_named_as_a_whole(const char *path)
{
    g_autofree char *inside = g_build_filename(path, "x", NULL);

    return bns_file_protect_reason(inside) != NULL;
}

bool
bns_file_protect_leads_to(const char *below, const char *path)
{
    return is_on_some_way(below) || is_named_as_a_whole(path);
}

/* --- all of it --- */

typedef struct {
    int64_t since_us;
    bool is_all;
    BnsFileProtectFunc func;
    void *data;
    char *hooks;      /* owned, (nullable): of the root (sandbox/git_hooks.h) */
    bool gives_names; /* of the directory that is being read */
    unsigned n_entries;
    bool is_complete;
} Look;

static int64_t
changed_us(const struct stat *info)
{
    return info->st_ctim.tv_sec * G_USEC_PER_SEC + info->st_ctim.tv_nsec / 1000;
}

/* Whether more than their own names may name the files in the directory @path: there are
 * many, and few are such. */
static bool
gives_names(const char *path)
{
    for (const char *part = strchr(path, '/'); part != NULL;
         part = strchr(part + 1, '/'))
        if (is_on_some_way(part + 1))
            return true;
    return strstr(path, "/.git") != NULL || is_named_as_a_whole(path);
}

static bool
is_named(const Look *look, const char *path, const char *name)
{
    if (look->hooks != NULL && bns_tree_is_within(path, look->hooks))
        return true;
    return look->gives_names
               ? bns_file_protect_reason(path) != NULL
               : find_reason_from(name) != NULL || bns_git_path_reason(path) != NULL;
}

static void look_into(Look *look, int dir_fd, const char *path, int depth);

/* Most entries are files of no interest: to ask the kernel about each is where the time
 * would go. Not every file system says what an entry is. */
static void
look_at(Look *look, int dir_fd, const char *path, const struct dirent *entry, int depth)
{
    const char *name = entry->d_name;
    bool may_be_directory = entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN;
    g_autofree char *below = g_build_filename(path, name, NULL);
    struct stat info;

    if ((!may_be_directory && !is_named(look, below, name)) ||
        fstatat(dir_fd, name, &info, AT_SYMLINK_NOFOLLOW) < 0)
        return;
    if (S_ISDIR(info.st_mode))
        look_into(look, dir_fd, below, depth + 1);
    else if ((look->is_all || changed_us(&info) >= look->since_us) &&
             (!may_be_directory || is_named(look, below, name)))
        look->func(look->data, dir_fd, below, name, &info);
}

/* There are many, and nothing goes there to run what has one of these names. */
static bool
is_passed_over(const char *path, const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
           strcmp(name, "node_modules") == 0 ||
           (strcmp(name, "objects") == 0 && g_str_has_suffix(path, ".git"));
}

/* (transfer full): the directory @name, or -1. The command may have made it one that lets
 * programs through and nobody look: its owner, who is us, gets back what he needs for
 * that. */
static int
open_directory(const Look *look, int parent_fd, const char *name)
{
    struct stat info;

    if (fstatat(parent_fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
        changed_us(&info) >= look->since_us)
        (void)bns_own_directory_unlock(parent_fd, name, S_IRUSR | S_IXUSR);
    return openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static void
look_into(Look *look, int parent_fd, const char *path, int depth)
{
    g_autofree char *name = g_path_get_basename(path);
    int fd = open_directory(look, parent_fd, parent_fd == AT_FDCWD ? path : name);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;
    bool around = look->gives_names;

    if (dir == NULL) {
        bns_fd_clear(&fd);
        return;
    }
    look->gives_names = gives_names(path);
    if (depth >= BNS_FILE_PROTECT_DEPTH_MAX)
        look->is_complete = false;
    while (depth < BNS_FILE_PROTECT_DEPTH_MAX && (entry = readdir(dir)) != NULL) {
        if (is_passed_over(path, entry->d_name))
            continue;
        if (look->n_entries++ >= BNS_FILE_PROTECT_ENTRIES_MAX) {
            look->is_complete = false;
            break;
        }
        look_at(look, fd, path, entry, depth);
    }
    look->gives_names = around;
    closedir(dir);
}

bool
bns_file_protect_each(const char *const *roots,
                      int64_t since_us,
                      bool is_all,
                      BnsFileProtectFunc func,
                      void *data)
{
    Look look = { .since_us = since_us,
                  .is_all = is_all,
                  .func = func,
                  .data = data,
                  .is_complete = true };

    for (; *roots != NULL; roots++) {
        look.hooks = bns_git_hooks_find(*roots);
        look_into(&look, AT_FDCWD, *roots, 0);
        g_clear_pointer(&look.hooks, g_free);
    }
    return look.is_complete;
}

/* --- what was changed --- */

typedef struct {
    GPtrArray *found;     /* owned */
    GHashTable *git_keys; /* borrowed, as all here */
    GHashTable *originals;
    int64_t since_us;
} Changes;

/* A directory that was renamed takes along what is older. */
static bool
is_news(const Changes *changes, const char *path, const struct stat *info)
{
    return changed_us(info) >= changes->since_us ||
           (changes->originals != NULL &&
            !g_hash_table_contains(changes->originals, path));
}

static void
take_changed(
    void *data, int dir_fd, const char *path, const char *name, const struct stat *info)
{
    Changes *changes = data;

    if (is_news(changes, path, info) &&
        !bns_file_protect_is_harmless(changes->git_keys, path))
        g_ptr_array_add(changes->found, g_strdup(path));
}

GPtrArray *
bns_file_protect_changed(const char *const *roots,
                         GHashTable *git_keys,
                         GHashTable *originals,
                         int64_t since_us,
                         bool *out_is_complete)
{
    Changes changes = { .git_keys = git_keys,
                        .originals = originals,
                        .since_us = since_us };

    changes.found = g_ptr_array_new_with_free_func(g_free);
    *out_is_complete = bns_file_protect_each(roots, since_us, originals != NULL,
                                             take_changed, &changes);
    g_ptr_array_sort(changes.found, bns_text_compare);
    return changes.found;
}
