/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/protect.h"

#include "sandbox/aliases.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Takes @path (nullable) if it exists and is not there yet. */
static void
add(GPtrArray *paths, const char *path)
{
    char *real = path != NULL ? realpath(path, NULL) : NULL;

    if (real != NULL &&
        !g_ptr_array_find_with_equal_func(paths, real, g_str_equal, NULL))
        g_ptr_array_add(paths, g_strdup(real));
    free(real);
}

/* A program of the system needs no protection from an ordinary user. */
static void
add_program(GPtrArray *paths, const char *path)
{
    g_autofree char *dir = path != NULL ? g_path_get_dirname(path) : NULL;

    if (path != NULL && (access(path, W_OK) == 0 || access(dir, W_OK) == 0))
        add(paths, path);
}

/* The default place is ours as a whole: ".../boundary-ns/audit/FILE". */
static void
add_audit(GPtrArray *paths, const BnsProtectSource *source)
{
    g_autofree char *dir = g_path_get_dirname(source->audit->path);
    g_autofree char *parent = g_path_get_dirname(dir);

    add(paths, source->audit_is_named ? source->audit->path : parent);
}

/* A path that can be reached by another is not protected by itself. */
static void
add_aliases(GPtrArray *paths)
{
    guint n = paths->len;
    g_autofree char *table = NULL;

    if (!g_file_get_contents("/proc/self/mountinfo", &table, NULL, NULL))
        return;
    for (guint i = 0; i < n; i++) {
        g_auto(GStrv) aliases = bns_aliases_find(table, g_ptr_array_index(paths, i));

        for (char **alias = aliases; *alias != NULL; alias++)
            add(paths, *alias);
    }
}

GStrv
bns_protect_paths(const BnsProtectSource *source)
{
    GPtrArray *paths = g_ptr_array_new();
    const GPtrArray *files = bns_policy_files(source->policy);

    add(paths, source->places->config_dir);
    add(paths, source->places->coder_dir);
    add(paths, source->places->state_dir);
    for (guint i = 0; i < files->len; i++)
        add(paths, g_ptr_array_index(files, i));
    add_audit(paths, source);
    add_program(paths, source->executable);
    add_program(paths, source->netstack);
    add_aliases(paths);
    g_ptr_array_add(paths, NULL);
    return (GStrv)g_ptr_array_free(paths, FALSE);
}

bool
bns_protect_is_replaceable(const char *path)
{
    g_auto(GStrv) names = g_strsplit(path, "/", -1);
    g_autoptr(GString) at = g_string_new("/");

    for (char **name = names; *name != NULL; name++) {
        bool is_writable = access(at->str, W_OK) == 0;
        struct stat info;

        if (**name == '\0')
            continue;
        if (at->len > 1)
            g_string_append_c(at, '/');
        g_string_append(at, *name);
        if (lstat(at->str, &info) == 0 && S_ISLNK(info.st_mode) && is_writable)
            return true;
    }
    return false;
}
