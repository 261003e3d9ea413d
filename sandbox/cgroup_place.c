/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/cgroup_place.h"

#include <string.h>

/* Fields of a line of mountinfo; those after the separator count from it. */
enum {
    FIELD_ROOT = 3,
    FIELD_MOUNT,
    FIELD_OPTIONS,
    FIELD_OPTIONAL,
};
enum {
    AFTER_TYPE = 1,
    AFTER_SOURCE,
    AFTER_SUPER_OPTIONS,
    N_AFTER,
};

void
bns_cgroup_place_clear(BnsCgroupPlace *place)
{
    g_clear_pointer(&place->mount, g_free);
    g_clear_pointer(&place->dir, g_free);
}

static bool
list_has(const char *list, const char *word)
{
    g_auto(GStrv) words = g_strsplit(list, ",", -1);

    return g_strv_contains((const char *const *)words, word);
}

/* "HIERARCHY:CONTROLLERS:PATH"; the path may hold colons. Returns: (transfer full)
 * (nullable): the path, or %NULL: of another hierarchy. */
static char *
path_of_line(const char *line, const char *controller)
{
    g_auto(GStrv) parts = g_strsplit(line, ":", 3);

    if (g_strv_length(parts) != 3 || parts[2][0] != '/')
        return NULL;
    if (controller == NULL)
        return strcmp(parts[0], "0") == 0 && parts[1][0] == '\0' ? g_strdup(parts[2])
                                                                 : NULL;
    return list_has(parts[1], controller) ? g_strdup(parts[2]) : NULL;
}

static char *
find_path(const char *cgroups, const char *controller)
{
    g_auto(GStrv) lines = g_strsplit(cgroups, "\n", -1);

    for (char **line = lines; *line != NULL; line++) {
        char *path = path_of_line(*line, controller);

        if (path != NULL)
            return path;
    }
    return NULL;
}

/* The kernel writes space, tab, newline and backslash as three octal digits. */
static char *
unescape(const char *text)
{
    GString *plain = g_string_new(NULL);

    for (const char *at = text; *at != '\0'; at++) {
        if (at[0] == '\\' && at[1] >= '0' && at[1] <= '3' && at[2] >= '0' &&
            at[2] <= '7' && at[3] >= '0' && at[3] <= '7') {
            g_string_append_c(
                plain, (char)((at[1] - '0') * 64 + (at[2] - '0') * 8 + (at[3] - '0')));
            at += 3;
        } else {
            g_string_append_c(plain, *at);
        }
    }
    return g_string_free(plain, FALSE);
}

/* What is left of @path below @root, "" or "/...", or %NULL: it is not below. A path that
 * leads up, as one outside of a cgroup namespace does, names nothing that we could find,
 * unless the mount leads up as far. */
static const char *
below(const char *path, const char *root)
{
    size_t len = strcmp(root, "/") == 0 ? 0 : strlen(root);
    const char *rest = path + len;

    if (strncmp(path, root, len) != 0 || (*rest != '/' && *rest != '\0'))
        return NULL;
    if (strcmp(rest, "/..") == 0 || strncmp(rest, "/../", 4) == 0)
        return NULL;
    return strcmp(rest, "/") == 0 ? "" : rest;
}

static bool
is_of_hierarchy(char **after, const char *controller)
{
    if (controller == NULL)
        return strcmp(after[AFTER_TYPE], "cgroup2") == 0;
    return strcmp(after[AFTER_TYPE], "cgroup") == 0 &&
           list_has(after[AFTER_SUPER_OPTIONS], controller);
}

/* Takes the mount of @line if it shows @path. */
static void
try_mount(const char *line,
          const char *path,
          const char *controller,
          BnsCgroupPlace *place)
{
    g_auto(GStrv) fields = g_strsplit(line, " ", -1);
    guint n = g_strv_length(fields);
    guint separator = FIELD_OPTIONAL;
    g_autofree char *root = NULL;
    const char *rest;
    bool is_read_only;

    while (separator < n && strcmp(fields[separator], "-") != 0)
        separator++;
    if (separator + N_AFTER > n || !is_of_hierarchy(fields + separator, controller))
        return;
    is_read_only = list_has(fields[FIELD_OPTIONS], "ro");
    if (is_read_only && place->dir != NULL && !place->is_read_only)
        return;
    root = unescape(fields[FIELD_ROOT]);
    rest = below(path, root);
    if (rest == NULL)
        return;
    bns_cgroup_place_clear(place);
    place->mount = unescape(fields[FIELD_MOUNT]);
    place->dir = g_strconcat(place->mount, rest, NULL);
    place->is_read_only = is_read_only;
    place->is_fenced = list_has(fields[separator + AFTER_SUPER_OPTIONS], "nsdelegate");
    place->is_whole = strcmp(root, "/") == 0;
}

bool
bns_cgroup_place_find(const char *cgroups,
                      const char *mounts,
                      const char *controller,
                      BnsCgroupPlace *out_place)
{
    g_autofree char *path = find_path(cgroups, controller);
    g_auto(GStrv) lines = g_strsplit(mounts, "\n", -1);

    *out_place = (BnsCgroupPlace){ 0 };
    for (char **line = lines; path != NULL && *line != NULL; line++)
        try_mount(*line, path, controller, out_place);
    return out_place->dir != NULL;
}
