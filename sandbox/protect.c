/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/protect.h"

#include "sandbox/aliases.h"
#include "sandbox/path_walk.h"
#include "sandbox/sight.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Takes @path (nullable) if it exists and is not there yet. */
static void
add(GPtrArray *paths, const char *path)
{
    g_autofree char *real = path != NULL ? bns_sight_real(path) : NULL;

    if (real != NULL &&
        !g_ptr_array_find_with_equal_func(paths, real, g_str_equal, NULL))
        g_ptr_array_add(paths, g_steal_pointer(&real));
}

/* A program of the system needs no protection from an ordinary user. */
static void
add_program(GPtrArray *paths, const char *path)
{
    g_autofree char *dir = path != NULL ? g_path_get_dirname(path) : NULL;

    if (path != NULL && (bns_sight_may(path, W_OK) || bns_sight_may(dir, W_OK)))
        add(paths, path);
}

/* The default place is ours as a whole: ".../boundary-ns/audit/FILE". */
static void
add_audit(GPtrArray *paths, const BnsProtectSource *source)
{
    g_autofree char *dir = NULL;
    g_autofree char *parent = NULL;

    if (source->audit == NULL)
        return;
    dir = g_path_get_dirname(source->audit->path);
    parent = g_path_get_dirname(dir);
    add(paths, source->audit_is_named ? source->audit->path : parent);
}

/* A path that can be reached by another is not protected by itself. */
static void
add_aliases(GPtrArray *paths)
{
    guint n = paths->len;
    g_autofree char *table = NULL;

    if (!g_file_get_contents("/proc/self/mountinfo", &table, NULL, NULL))
        return bns_sight_note("/proc/self/mountinfo", EIO);
    for (guint i = 0; i < n; i++) {
        g_auto(GStrv) aliases = bns_aliases_find(table, g_ptr_array_index(paths, i));

        for (char **alias = aliases; *alias != NULL; alias++)
            add(paths, *alias);
    }
}

/* Calls @take with each path that the user chose, as it was named. */
static void
each_named(const BnsProtectSource *source,
           void (*take)(GPtrArray *paths, const char *path),
           GPtrArray *paths)
{
    const GPtrArray *files = bns_policy_files(source->policy);
    const GPtrArray *identities = bns_policy_identities(source->policy);

    take(paths, source->places->config_dir);
    take(paths, source->places->home_config_dir);
    take(paths, source->places->coder_dir);
    take(paths, source->places->state_dir);
    for (guint i = 0; i < files->len; i++)
        take(paths, g_ptr_array_index(files, i));
    for (guint i = 0; i < identities->len; i++) {
        const BnsIdentity *identity = g_ptr_array_index(identities, i);

        take(paths, identity->cert_file);
        take(paths, identity->key_file);
    }
    for (char **ca = source->upstream_ca; ca != NULL && *ca != NULL; ca++)
        take(paths, *ca);
}

GStrv
bns_protect_paths(const BnsProtectSource *source)
{
    GPtrArray *paths = g_ptr_array_new();

    each_named(source, add, paths);
    add_audit(paths, source);
    add_program(paths, source->executable);
    add_program(paths, source->netstack);
    for (guint i = 0; source->pins != NULL && i < source->pins->len; i++)
        add(paths, source->pins->pdata[i]);
    add_aliases(paths);
    g_ptr_array_add(paths, NULL);
    return (GStrv)g_ptr_array_free(paths, FALSE);
}

/* --- links --- */

/* Its owner can make it writable. */
static bool
is_writable(const char *dir)
{
    struct stat info;

    return bns_sight_may(dir, W_OK) ||
           (bns_sight_stat(dir, &info) && info.st_uid == geteuid());
}

/* @path: nullable */
static void
add_links(GPtrArray *links, const char *path)
{
    g_autoptr(GPtrArray) steps = path != NULL ? bns_path_walk(path) : NULL;

    for (guint i = 0; steps != NULL && i < steps->len; i++) {
        const BnsPathStep *step = steps->pdata[i];
        g_autofree char *link = bns_path_step_path(step);

        if (step->is_link && is_writable(step->dir) &&
            !g_ptr_array_find_with_equal_func(links, link, g_str_equal, NULL))
            g_ptr_array_add(links, g_steal_pointer(&link));
    }
}

GStrv
bns_protect_links(const BnsProtectSource *source)
{
    GPtrArray *links = g_ptr_array_new();

    each_named(source, add_links, links);
    if (source->audit != NULL && source->audit_is_named)
        add_links(links, source->audit->path);
    g_ptr_array_add(links, NULL);
    return (GStrv)g_ptr_array_free(links, FALSE);
}
