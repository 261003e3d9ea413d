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

/* Each of the following writes to @out, which has room for what it reads, without
 * terminating it, and returns the new length. */

/* Each "//" made "/". */
static size_t
collapse_slashes(const BnsReading *from, char *out)
{
    size_t n = 0;

    for (size_t i = 0; i < from->len; i++)
        if (from->text[i] != '/' || n == 0 || out[n - 1] != '/')
            out[n++] = from->text[i];
    return n;
}

/* Without dot segments, as RFC 3986, 5.2.4 removes them: ".." takes an empty segment
 * before it away like any other. */
static size_t
remove_dots(const BnsReading *from, char *out)
{
    const char *segment = from->text;
    size_t n = 0;

    while (*segment == '/') {
        const char *end = strchrnul(segment + 1, '/');
        size_t len = (size_t)(end - segment); /* the slash before it included */
        bool is_up = len == 3 && memcmp(segment, "/..", 3) == 0;

        if (is_up && n > 0)
            n = (size_t)((char *)memrchr(out, '/', n) - out);
        if (is_up || (len == 2 && segment[1] == '.')) {
            if (*end == '\0')
                out[n++] = '/';
        } else {
            memcpy(out + n, segment, len);
            n += len;
        }
        segment = end;
    }
    return n;
}

/* Each segment cut at its first ';'. */
static size_t
remove_parameters(const BnsReading *from, char *out)
{
    size_t n = 0;
    bool in_parameters = false;

    for (size_t i = 0; i < from->len; i++) {
        char c = from->text[i];

        in_parameters = c == ';' || (in_parameters && c != '/');
        if (!in_parameters)
            out[n++] = c;
    }
    return n;
}

/* Each '\\' made '/'. */
static size_t
turn_backslashes(const BnsReading *from, char *out)
{
    for (size_t i = 0; i < from->len; i++)
        out[i] = from->text[i] == '\\' ? '/' : from->text[i];
    return from->len;
}

static size_t
decode(const BnsReading *from, char *out)
{
    return bns_path_decode(from->text, from->len, out);
}

/* Readings that are being made. */
typedef struct {
    BnsReadings *readings;
    BnsReading path;
    char *free; /* where the next text begins */
} Maker;

/* Returns: what @change makes of @from, which has become a reading if it was none. */
static BnsReading
add(Maker *maker, BnsReading from, size_t (*change)(const BnsReading *, char *))
{
    BnsReadings *readings = maker->readings;
    BnsReading made = { maker->free, change(&from, maker->free) };

    if (made.len == maker->path.len &&
        memcmp(made.text, maker->path.text, made.len) == 0)
        return maker->path;
    for (guint i = 0; i < readings->n_others; i++)
        if (made.len == readings->others[i].len &&
            memcmp(made.text, readings->others[i].text, made.len) == 0)
            return readings->others[i];
    maker->free[made.len] = '\0';
    maker->free += made.len + 1;
    readings->others[readings->n_others++] = made;
    return made;
}

/* A dot segment begins with "/."; so do harmless names, which then only take longer. */
static bool
may_have_dots(BnsReading reading)
{
    return strstr(reading.text, "/.") != NULL;
}

static bool
has_double_slash(BnsReading reading)
{
    return strstr(reading.text, "//") != NULL;
}

static void
add_normalised(Maker *maker, BnsReading reading)
{
    bool has_dots = may_have_dots(reading);

    if (has_double_slash(reading)) {
        BnsReading collapsed = add(maker, reading, collapse_slashes);

        if (has_dots)
            add(maker, collapsed, remove_dots);
    }
    if (has_dots) {
        BnsReading dotless = add(maker, reading, remove_dots);

        if (has_double_slash(dotless))
            add(maker, dotless, collapse_slashes);
    }
}

static void
add_forms(Maker *maker, BnsReading reading)
{
    add_normalised(maker, reading);
    if (strchr(reading.text, ';') != NULL)
        add_normalised(maker, add(maker, reading, remove_parameters));
}

static void
add_layer(Maker *maker, BnsReading layer)
{
    add_forms(maker, layer);
    if (strchr(layer.text, '\\') != NULL)
        add_forms(maker, add(maker, layer, turn_backslashes));
}

/* Whether @path can be read in one way only, but for dots that may be harmless. */
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

/* How many texts there can be beside the path, and room for one in the making. */
static size_t
count_most(const char *path)
{
    bool is_encoded = strchr(path, '%') != NULL;
    size_t n_layers = is_encoded ? BNS_PATH_LAYERS_MAX + 1 : 1;
    size_t n_forms = is_encoded ? 4 : strchr(path, ';') != NULL ? 2 : 1;

    return n_layers * n_forms * 5;
}

void
bns_readings_init(BnsReadings *readings, const char *path)
{
    Maker maker = { .readings = readings, .path = { path, 0 } };
    BnsReading layer;
    size_t n;

    *readings = (BnsReadings){ .path = path };
    if (is_plain(path))
        return;

    maker.path.len = strlen(path);
    n = count_most(path);
    /* No text is longer than the path. */
    readings->others = g_malloc(n * (sizeof(BnsReading) + maker.path.len + 1));
    maker.free = (char *)(readings->others + n);
    layer = maker.path;
    for (guint depth = 0; depth <= BNS_PATH_LAYERS_MAX; depth++) {
        BnsReading decoded;

        add_layer(&maker, layer);
        decoded = add(&maker, layer, decode);
        if (decoded.len == layer.len)
            break;
        layer = decoded;
    }
}

void
bns_readings_clear(BnsReadings *readings)
{
    g_clear_pointer(&readings->others, g_free);
    readings->n_others = 0;
}

guint
bns_readings_count(const BnsReadings *readings)
{
    return 1 + readings->n_others;
}

const char *
bns_readings_get(const BnsReadings *readings, guint i)
{
    return i == 0 ? readings->path : readings->others[i - 1].text;
}
