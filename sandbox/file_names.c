/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/file_names.h"

#include "sandbox/file_view.h"
#include "sandbox/sight.h"
#include "sandbox/tree.h"

#include <string.h>
#include <unistd.h>

const BnsFileDefault bns_file_defaults[] = {
#include "data/files.inc"
};
const size_t bns_n_file_defaults = G_N_ELEMENTS(bns_file_defaults);

char *
bns_file_names_resolve(const char *path)
{
    return bns_sight_real(path);
}

GPtrArray *
bns_file_names_match(const char *path)
{
    GPtrArray *matches = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *dir_path = g_path_get_dirname(path);
    const char *pattern = strrchr(path, '/') + 1;
    g_autoptr(GPtrArray) names = NULL;

    if (strchr(pattern, '*') == NULL) {
        if (bns_sight_has(path))
            g_ptr_array_add(matches, g_strdup(path));
        return matches;
    }
    names = bns_sight_names(dir_path);
    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];

        if (bns_file_view_name_matches(pattern, name, strlen(name)))
            g_ptr_array_add(matches, g_build_filename(dir_path, name, NULL));
    }
    return matches;
}

bool
bns_file_names_are_own(const char *path)
{
    static const char *const trees[] = { "/etc", "/dev", "/proc", "/sys" };

    for (size_t i = 0; i < G_N_ELEMENTS(trees); i++)
        if (bns_tree_is_within(path, trees[i]))
            return true;
    return false;
}

/* In a user namespace passwd(5) may name somebody else's. */
static void
add_home(GPtrArray *homes, const char *path)
{
    g_autofree char *real = path != NULL ? bns_file_names_resolve(path) : NULL;

    if (real != NULL && bns_sight_may(real, R_OK | X_OK) && strcmp(real, "/") != 0 &&
        !bns_file_names_are_own(real) &&
        !g_ptr_array_find_with_equal_func(homes, real, g_str_equal, NULL))
        g_ptr_array_add(homes, g_steal_pointer(&real));
}

BnsFileNames *
bns_file_names_new(const BnsPlaces *places, const char *workdir)
{
    BnsFileNames *names = g_new0(BnsFileNames, 1);

    names->homes = g_ptr_array_new_with_free_func(g_free);
    names->workdir = g_strdup(workdir);
    add_home(names->homes, places->home);
    add_home(names->homes, places->passwd_home);
    return names;
}

void
bns_file_names_free(BnsFileNames *names)
{
    if (names == NULL)
        return;
    g_ptr_array_unref(names->homes);
    g_free(names->workdir);
    g_free(names);
}

static void
add_in_homes(const BnsFileNames *names, const char *below, GPtrArray *paths)
{
    for (guint i = 0; i < names->homes->len; i++)
        g_ptr_array_add(paths, g_build_filename(names->homes->pdata[i], below, NULL));
}

GPtrArray *
bns_file_names_expand(const BnsFileNames *names, const char *path)
{
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);

    if (path[0] == '~')
        add_in_homes(names, path + 1, paths);
    else
        g_ptr_array_add(paths, g_canonicalize_filename(path, names->workdir));
    return paths;
}

/* Where the directories of the XDG variables are if these are not set; programs that do
 * not know them use these anyway. */
static const char *
find_fallback(const char *variable)
{
    static const struct {
        const char *variable, *below_home;
    } fallbacks[] = { { "XDG_CONFIG_HOME", ".config" },
                      { "XDG_DATA_HOME", ".local/share" },
                      { "XDG_STATE_HOME", ".local/state" },
                      { "XDG_CACHE_HOME", ".cache" } };

    for (size_t i = 0; i < G_N_ELEMENTS(fallbacks); i++)
        if (strcmp(fallbacks[i].variable, variable) == 0)
            return fallbacks[i].below_home;
    return NULL;
}

static void
add_values(const char *variable, const char *rest, GPtrArray *paths)
{
    g_auto(GStrv) values =
        g_strsplit(g_getenv(variable) != NULL ? g_getenv(variable) : "", ":", -1);

    for (char **value = values; *value != NULL; value++)
        if (g_path_is_absolute(*value))
            g_ptr_array_add(paths, g_build_filename(*value, rest, NULL));
}

GPtrArray *
bns_file_names_expand_default(const BnsFileNames *names, const char *path)
{
    const char *rest = path + strcspn(path, "/");
    g_autofree char *variable = g_strndup(path + 1, (gsize)(rest - path) - 1);
    g_autofree char *below = NULL;
    const char *fallback;
    GPtrArray *paths;

    if (path[0] != '$')
        return bns_file_names_expand(names, path);
    paths = g_ptr_array_new_with_free_func(g_free);
    fallback = find_fallback(variable);
    if (fallback != NULL) {
        below = g_build_filename(fallback, rest, NULL);
        add_in_homes(names, below, paths);
    }
    add_values(variable, rest, paths);
    return paths;
}

char *
bns_file_names_resolve_parent(const char *path)
{
    g_autofree char *clean = g_canonicalize_filename(path, "/");
    g_autofree char *dir = g_path_get_dirname(clean);
    g_autofree char *name = g_path_get_basename(clean);
    g_autofree char *real = bns_file_names_resolve(dir);

    if (real == NULL && strcmp(dir, "/") != 0)
        real = bns_file_names_resolve_parent(dir);
    return g_build_filename(real, strcmp(clean, "/") == 0 ? "" : name, NULL);
}

bool
bns_file_names_may_change(const char *path)
{
    struct stat info;

    return bns_sight_may(path, W_OK) ||
           (bns_sight_stat(path, &info) && info.st_uid == geteuid());
}

bool
bns_file_names_hold_home(const BnsFileNames *names, const char *path)
{
    for (guint i = 0; i < names->homes->len; i++)
        if (bns_tree_is_within(names->homes->pdata[i], path))
            return true;
    return false;
}

bool
bns_file_names_is_home(const BnsFileNames *names, const char *path)
{
    return g_ptr_array_find_with_equal_func(names->homes, path, g_str_equal, NULL);
}

bool
bns_file_names_is_in_home(const BnsFileNames *names, const char *path)
{
    for (guint i = 0; i < names->homes->len; i++)
        if (bns_tree_is_within(path, names->homes->pdata[i]))
            return true;
    return false;
}
