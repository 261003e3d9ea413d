/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/protect.h"

#include "sandbox/aliases.h"
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

/* As many as the kernel follows. */
#define LINKS_MAX 40

/* Its owner can make it writable. */
static bool
is_writable(const char *dir)
{
    struct stat info;

    return bns_sight_may(dir, W_OK) ||
           (bns_sight_stat(dir, &info) && info.st_uid == geteuid());
}

/* On the way along a path. Both owned. */
typedef struct {
    char *at;   /* real */
    char *rest; /* what is still to go from there */
    int n_links;
} Walk;

static void
set(char **text, char *value)
{
    g_free(*text);
    *text = value;
}

static void
follow(Walk *walk, const char *target, const char *left)
{
    walk->n_links++;
    if (g_path_is_absolute(target))
        set(&walk->at, g_strdup("/"));
    set(&walk->rest, g_strconcat(target, "/", left, NULL));
}

/* To the next name. */
static void
step(GPtrArray *links, Walk *walk)
{
    const char *name = walk->rest + strspn(walk->rest, "/");
    const char *left = name + strcspn(name, "/");
    g_autofree char *first = g_strndup(name, (gsize)(left - name));
    g_autofree char *joined = g_build_filename(walk->at, first, NULL);
    g_autofree char *next = g_canonicalize_filename(joined, "/"); /* for ".." */
    g_autofree char *target = g_file_read_link(next, NULL);

    if (target == NULL) {
        set(&walk->at, g_steal_pointer(&next));
        set(&walk->rest, g_strdup(left));
        return;
    }
    if (is_writable(walk->at) &&
        !g_ptr_array_find_with_equal_func(links, next, g_str_equal, NULL))
        g_ptr_array_add(links, g_steal_pointer(&next));
    follow(walk, target, left);
}

/* @path: nullable */
static void
add_links(GPtrArray *links, const char *path)
{
    g_autofree char *here = g_get_current_dir();
    Walk walk = { 0 };

    if (path == NULL)
        return;
    walk.at = g_strdup("/");
    walk.rest =
        g_path_is_absolute(path) ? g_strdup(path) : g_build_filename(here, path, NULL);
    while (walk.rest[strspn(walk.rest, "/")] != '\0' && walk.n_links <= LINKS_MAX)
        step(links, &walk);
    g_free(walk.at);
    g_free(walk.rest);
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
