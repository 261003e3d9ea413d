/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/import_private.h"

#include <string.h>

char *
bns_import_path(const char *path)
{
    g_autofree char *text = NULL;
    size_t len;

    while (g_str_has_prefix(path, "./"))
        path += strspn(path + 1, "/") + 1;
    text = g_strdup(path);
    for (len = strlen(text); len > 1 && text[len - 1] == '/'; len--)
        text[len - 1] = '\0';
    return *text != '\0' ? g_steal_pointer(&text) : g_strdup(".");
}

char *
bns_import_pattern(const char *pattern)
{
    static const char *const ends[] = { "/**/*", "/**" };
    g_autofree char *text = bns_import_path(pattern);

    for (size_t i = 0; i < G_N_ELEMENTS(ends); i++)
        if (g_str_has_suffix(text, ends[i])) {
            text[strlen(text) - strlen(ends[i])] = '\0';
            /* Of "/ **" that is the root. */
            return *text != '\0' ? g_steal_pointer(&text) : g_strdup("/");
        }
    return strcmp(text, "**") == 0 ? g_strdup(".") : g_steal_pointer(&text);
}

/* Returns: (transfer full): the path as if the three beginnings were directories of one
 * root. */
static char *
place(const char *path)
{
    if (path[0] == '/') {
        g_autofree char *absolute = g_canonicalize_filename(path, "/");

        return g_strconcat("/absolute", absolute[1] != '\0' ? absolute : "", NULL);
    }
    if (path[0] == '~' && (path[1] == '/' || path[1] == '\0'))
        return g_canonicalize_filename(path[1] == '/' ? path + 2 : ".", "/home");
    return g_canonicalize_filename(path, "/work");
}

bool
bns_import_path_is_below(const char *path, const char *above)
{
    g_autofree char *place_below = place(path);
    g_autofree char *place_above = place(above);
    size_t len = strlen(place_above);

    return strncmp(place_below, place_above, len) == 0 &&
           (place_below[len] == '\0' || place_below[len] == '/');
}

bool
bns_import_path_may_be_below(const char *path, const char *above)
{
    bool is_relative = path[0] != '/' && path[0] != '~';

    return (is_relative && (above[0] == '/' || above[0] == '~')) ||
           (path[0] == '~' && above[0] == '/');
}
