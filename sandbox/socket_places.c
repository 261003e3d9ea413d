/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/socket_places.h"

#include "sandbox/aliases.h"
#include "sandbox/private_trees.h"
#include "sandbox/sight.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

struct BnsSocketPlaces {
    const BnsFileView *view; /* borrowed */
    char *mountinfo;         /* owned; NULL: not read yet */
    GHashTable *cwds;        /* owned set of owned paths; NULL: not read yet */
    GHashTable *shown;       /* owned: owned directory to owned GPtrArray of those that
                              * show it to the command */
};

BnsSocketPlaces *
bns_socket_places_new(const BnsFileView *view)
{
    BnsSocketPlaces *places = g_new0(BnsSocketPlaces, 1);

    places->view = view;
    places->shown = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                          (GDestroyNotify)g_ptr_array_unref);
    return places;
}

void
bns_socket_places_free(BnsSocketPlaces *places)
{
    if (places == NULL)
        return;
    g_free(places->mountinfo);
    g_clear_pointer(&places->cwds, g_hash_table_unref);
    g_hash_table_unref(places->shown);
    g_free(places);
}

void
bns_socket_place_clear(BnsSocketPlace *place)
{
    g_clear_pointer(&place->path, g_free);
    g_clear_pointer(&place->dirs, g_ptr_array_unref);
}

/* --- directories --- */

static bool
is_seen(const BnsSocketPlaces *places, const char *dir)
{
    return (!bns_private_trees_contain(dir) && !bns_private_trees_cover(dir)) ||
           bns_file_view_find_mount(places->view, dir) != NULL;
}

static GPtrArray *
find_shown(BnsSocketPlaces *places, const char *dir)
{
    GPtrArray *shown = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) aliases = NULL;

    if (is_seen(places, dir))
        g_ptr_array_add(shown, g_strdup(dir));
    if (places->mountinfo == NULL &&
        !g_file_get_contents("/proc/self/mountinfo", &places->mountinfo, NULL, NULL)) {
        bns_sight_note("/proc/self/mountinfo", EIO);
        return shown;
    }
    aliases = bns_aliases_find(places->mountinfo, dir);
    for (char **alias = aliases; *alias != NULL; alias++)
        if (is_seen(places, *alias))
            g_ptr_array_add(shown, g_strdup(*alias));
    return shown;
}

const GPtrArray *
bns_socket_places_shown(BnsSocketPlaces *places, const char *dir)
{
    GPtrArray *shown = g_hash_table_lookup(places->shown, dir);

    if (shown == NULL) {
        shown = find_shown(places, dir);
        g_hash_table_insert(places->shown, g_strdup(dir), shown);
    }
    return shown;
}

static void
add_directory(BnsSocketPlaces *places, BnsSocketPlace *place, const char *dir)
{
    const GPtrArray *shown = bns_socket_places_shown(places, dir);

    for (guint i = 0; i < shown->len; i++)
        if (!g_ptr_array_find_with_equal_func(place->dirs, shown->pdata[i], g_str_equal,
                                              NULL))
            g_ptr_array_add(place->dirs, g_strdup(shown->pdata[i]));
}

/* --- names --- */

/* (transfer full) (nullable): the directory of @path. */
static char *
resolve_directory(const char *path)
{
    g_autofree char *dir = g_path_get_dirname(path);

    return bns_sight_real(dir);
}

/* Whether it is at @path, absolute. */
static bool
try_path(BnsSocketPlace *place, const BnsHostSocket *socket, const char *path)
{
    g_autofree char *dir = NULL;
    g_autofree char *name = NULL;
    struct stat info;

    if (lstat(path, &info) < 0) {
        place->is_beyond = errno == EACCES;
        bns_sight_note(path, errno);
        return false;
    }
    if (!S_ISSOCK(info.st_mode) || (uint32_t)info.st_ino != socket->inode)
        return false;
    dir = resolve_directory(path);
    if (dir == NULL)
        return false;
    name = g_path_get_basename(path);
    place->path = g_build_filename(dir, name, NULL);
    place->n_links = (guint)info.st_nlink;
    return true;
}

/* Those that the user may know: his own. */
static GHashTable *
read_cwds(void)
{
    GHashTable *cwds = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GDir) processes = g_dir_open("/proc", 0, NULL);
    const char *name;

    if (processes == NULL)
        bns_sight_note("/proc", errno);
    while (processes != NULL && (name = g_dir_read_name(processes)) != NULL) {
        g_autofree char *link = NULL;
        char *cwd;

        if (!g_ascii_isdigit(name[0]))
            continue;
        link = g_build_filename("/proc", name, "cwd", NULL);
        cwd = g_file_read_link(link, NULL);
        if (cwd != NULL)
            g_hash_table_add(cwds, cwd);
    }
    return cwds;
}

static bool
try_cwds(BnsSocketPlaces *places, BnsSocketPlace *place, const BnsHostSocket *socket)
{
    GHashTableIter iter;
    gpointer cwd;

    if (places->cwds == NULL)
        places->cwds = read_cwds();
    g_hash_table_iter_init(&iter, places->cwds);
    while (g_hash_table_iter_next(&iter, &cwd, NULL)) {
        g_autofree char *path = g_build_filename(cwd, socket->name, NULL);

        if (try_path(place, socket, path))
            return true;
    }
    return false;
}

void
bns_socket_places_find(BnsSocketPlaces *places,
                       const BnsHostSocket *socket,
                       BnsSocketPlace *out_place)
{
    g_autofree char *dir = NULL;

    out_place->dirs = g_ptr_array_new_with_free_func(g_free);
    if (socket->name[0] == '\0')
        return;
    if (socket->name[0] != '/' ? try_cwds(places, out_place, socket)
                               : try_path(out_place, socket, socket->name))
        dir = g_path_get_dirname(out_place->path);
    else if (socket->name[0] == '/')
        dir = resolve_directory(socket->name);
    if (dir != NULL)
        add_directory(places, out_place, dir);
}
