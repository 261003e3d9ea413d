/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/aliases.h"

#include "sandbox/mount_table.h"
#include "sandbox/sight.h"
#include "sandbox/tree.h"

#include <stdbool.h>
#include <string.h>

/* @path as seen from @to, if it lies within @from. (transfer full) */
static char *
move(const char *path, const char *from, const char *to)
{
    const char *rest = strcmp(from, "/") == 0 ? path : path + strlen(from);
    g_autofree char *joined = g_strconcat(to, "/", rest, NULL);

    return g_canonicalize_filename(joined, "/");
}

/* The mount that @path lies on: the deepest, and of those on one place the last. */
static const BnsMount *
find_home(const GArray *mounts, const char *path)
{
    const BnsMount *home = NULL;

    for (guint i = 0; i < mounts->len; i++) {
        const BnsMount *mount = &g_array_index(mounts, BnsMount, i);

        if (bns_tree_is_within(path, mount->point) &&
            (home == NULL || strlen(mount->point) >= strlen(home->point)))
            home = mount;
    }
    return home;
}

/* A mount may be hidden by a later one. */
static bool
is_same_file(const char *path, const char *other)
{
    struct stat a, b;

    return bns_sight_stat(path, &a) && bns_sight_stat(other, &b) &&
           a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* What @mount shows of @path, which is @inner in its file system: all of it, or a part.
 * (transfer full) (nullable) */
static char *
find_in(const BnsMount *mount, const char *path, const char *inner)
{
    g_autofree char *alias = NULL;
    g_autofree char *original = NULL;

    if (bns_tree_is_within(inner, mount->root)) {
        alias = move(inner, mount->root, mount->point);
        original = g_strdup(path);
    } else if (bns_tree_is_within(mount->root, inner)) {
        alias = g_strdup(mount->point);
        original = move(mount->root, inner, path);
    }
    if (alias == NULL || strcmp(alias, original) == 0 || !is_same_file(alias, original))
        return NULL;
    return g_steal_pointer(&alias);
}

GStrv
bns_aliases_find(const char *table, const char *path)
{
    g_autoptr(GArray) mounts = bns_mount_table_parse(table);
    GPtrArray *found = g_ptr_array_new();
    const BnsMount *home = find_home(mounts, path);
    g_autofree char *inner = home != NULL ? move(path, home->point, home->root) : NULL;

    for (guint i = 0; home != NULL && i < mounts->len; i++) {
        const BnsMount *mount = &g_array_index(mounts, BnsMount, i);
        char *alias = strcmp(mount->device, home->device) == 0
                          ? find_in(mount, path, inner)
                          : NULL;

        if (alias != NULL)
            g_ptr_array_add(found, alias);
    }
    g_ptr_array_add(found, NULL);
    return (GStrv)g_ptr_array_free(found, FALSE);
}

char *
bns_aliases_find_below(const char *table, const char *path)
{
    g_autoptr(GArray) mounts = bns_mount_table_parse(table);

    for (guint i = 0; i < mounts->len; i++) {
        const char *point = g_array_index(mounts, BnsMount, i).point;

        if (strcmp(point, path) != 0 && bns_tree_is_within(point, path))
            return g_strdup(point);
    }
    return NULL;
}
