/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/reading.h"

#include <string.h>

size_t
bns_path_decode(const char *path, size_t len, char *out)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        if (path[i] == '%' && len - i > 2 && g_ascii_isxdigit(path[i + 1]) &&
            g_ascii_isxdigit(path[i + 2])) {
            out[n++] = (char)(g_ascii_xdigit_value(path[i + 1]) << 4 |
                              g_ascii_xdigit_value(path[i + 2]));
            i += 2;
        } else {
            out[n++] = path[i];
        }
    }
    return n;
}

/* Returns: (transfer full): @path with all "//" made "/". */
static char *
collapse_slashes(const char *path)
{
    char *out = g_malloc(strlen(path) + 1);
    size_t n = 0;

    for (const char *p = path; *p != '\0'; p++)
        if (*p != '/' || n == 0 || out[n - 1] != '/')
            out[n++] = *p;
    out[n] = '\0';
    return out;
}

/* Returns: (transfer full): @path without dot segments, as RFC 3986, 5.2.4 removes them:
 * ".." takes an empty segment before it away like any other. */
static char *
remove_dots(const char *path)
{
    GString *out = g_string_sized_new(strlen(path));
    const char *segment = path;

    while (*segment == '/') {
        const char *end = strchrnul(segment + 1, '/');
        size_t len = (size_t)(end - segment); /* the slash before it included */
        bool is_up = len == 3 && memcmp(segment, "/..", 3) == 0;

        if (is_up && out->len > 0)
            g_string_truncate(out, (gsize)(strrchr(out->str, '/') - out->str));
        if (is_up || (len == 2 && segment[1] == '.'))
            g_string_append(out, *end == '\0' ? "/" : "");
        else
            g_string_append_len(out, segment, (gssize)len);
        segment = end;
    }
    return g_string_free(out, FALSE);
}

/* Returns: (transfer full): @path with each segment cut at its first ';'. */
static char *
remove_parameters(const char *path)
{
    char *out = g_malloc(strlen(path) + 1);
    size_t n = 0;
    bool in_parameters = false;

    for (const char *p = path; *p != '\0'; p++) {
        in_parameters = *p == ';' || (in_parameters && *p != '/');
        if (!in_parameters)
            out[n++] = *p;
    }
    out[n] = '\0';
    return out;
}

static void
add(GPtrArray *readings, char *take_path)
{
    if (g_ptr_array_find_with_equal_func(readings, take_path, g_str_equal, NULL))
        g_free(take_path);
    else
        g_ptr_array_add(readings, take_path);
}

static void
add_normalised(GPtrArray *readings, const char *path)
{
    g_autofree char *collapsed = collapse_slashes(path);
    g_autofree char *dotless = remove_dots(path);

    add(readings, g_strdup(path));
    add(readings, remove_dots(collapsed));
    add(readings, collapse_slashes(dotless));
    add(readings, g_steal_pointer(&collapsed));
    add(readings, g_steal_pointer(&dotless));
}

static void
add_layer(GPtrArray *readings, const char *layer)
{
    g_autofree char *slashed = g_strdelimit(g_strdup(layer), "\\", '/');
    bool has_backslash = strcmp(slashed, layer) != 0;
    bool has_parameters = strchr(layer, ';') != NULL;

    add_normalised(readings, layer);
    if (has_backslash)
        add_normalised(readings, slashed);
    if (has_parameters) {
        g_autofree char *bare = remove_parameters(layer);
        g_autofree char *slashed_bare = remove_parameters(slashed);

        add_normalised(readings, bare);
        if (has_backslash)
            add_normalised(readings, slashed_bare);
    }
}

/* Whether @path can be read in one way only. A dot segment begins with "/."; so do
 * harmless names, which then only take the slower way. */
static bool
is_plain(const char *path)
{
    for (const char *p = path; *p != '\0'; p++) {
        if (*p == '%' || *p == ';' || *p == '\\')
            return false;
        if (*p == '/' && (p[1] == '/' || p[1] == '.'))
            return false;
    }
    return true;
}

void
bns_readings_init(BnsReadings *readings, const char *path)
{
    g_autofree char *layer = NULL;
    size_t len = 0;
    size_t decoded_len;

    readings->plain = is_plain(path) ? path : NULL;
    readings->different = NULL;
    if (readings->plain != NULL)
        return;

    readings->different = g_ptr_array_new_with_free_func(g_free);
    layer = g_strdup(path);
    decoded_len = strlen(path);
    do {
        len = decoded_len;
        add_layer(readings->different, layer);
        decoded_len = bns_path_decode(layer, len, layer);
        layer[decoded_len] = '\0';
    } while (decoded_len != len);
}

void
bns_readings_clear(BnsReadings *readings)
{
    g_clear_pointer(&readings->different, g_ptr_array_unref);
    readings->plain = NULL;
}

guint
bns_readings_count(const BnsReadings *readings)
{
    return readings->plain != NULL ? 1 : readings->different->len;
}

const char *
bns_readings_get(const BnsReadings *readings, guint i)
{
    return readings->plain != NULL ? readings->plain : readings->different->pdata[i];
}
