/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/path_pattern.h"

#include "policy/pattern.h"

#include <string.h>

bool
bns_path_pattern_matches(const char *text, const BnsReadings *readings)
{
    g_autoptr(BnsPattern) pattern = bns_pattern_new(text, NULL);

    if (pattern == NULL)
        return false;
    for (guint i = 0; i < bns_readings_count(readings); i++)
        if (!bns_pattern_matches(pattern, bns_readings_get(readings, i), false))
            return false;
    return true;
}

/* Servers may read a segment with dots or a ";", or an empty one before others, in
 * another way. */
static bool
is_odd(const char *segment, bool is_last)
{
    return (*segment == '\0' && !is_last) || strcmp(segment, ".") == 0 ||
           strcmp(segment, "..") == 0 || strchr(segment, ';') != NULL ||
           strchr(segment, '%') != NULL;
}

/* Appends "/SEGMENT": a star in it is that character. */
static void
append_segment(GString *pattern, const char *segment)
{
    g_string_append_c(pattern, '/');
    for (; *segment != '\0'; segment++)
        if (*segment == '*')
            g_string_append(pattern, "%2A");
        else
            g_string_append_c(pattern, *segment);
}

/* @cut_parameters: "*" stands for what begins with ";". */
static char *
join(char **segments, bool cut_parameters)
{
    GString *pattern = g_string_new(NULL);

    for (; *segments != NULL; segments++) {
        char *semicolon = cut_parameters ? strchr(*segments, ';') : NULL;
        g_autofree char *name =
            semicolon != NULL ? g_strndup(*segments, (gsize)(semicolon - *segments))
                              : g_strdup(*segments);

        append_segment(pattern, name);
        if (semicolon != NULL)
            g_string_append_c(pattern, '*');
    }
    return g_string_free(pattern, FALSE);
}

/* "**" for what is between the first @before segments and those from @after on. */
static char *
bridge(char **segments, guint before, guint after)
{
    GString *pattern = g_string_new(NULL);

    for (guint i = 0; i < before; i++)
        append_segment(pattern, segments[i]);
    g_string_append(pattern, "/**");
    for (guint i = after; segments[i] != NULL; i++)
        append_segment(pattern, segments[i]);
    return g_string_free(pattern, FALSE);
}

/* The longest beginning that does, with @after's segments as the end. */
static char *
find_bridge(char **segments, guint before, guint after, const BnsReadings *readings)
{
    for (;; before--) {
        g_autofree char *pattern = bridge(segments, before, after);

        if (bns_path_pattern_matches(pattern, readings))
            return g_steal_pointer(&pattern);
        if (before == 0)
            return NULL;
    }
}

char *
bns_path_pattern(const char *path)
{
    g_auto(GStrv) segments = g_strsplit(path + 1, "/", -1);
    guint n = g_strv_length(segments);
    guint before = 0, after = n;
    g_auto(BnsReadings) readings = { 0 };
    char *pattern;

    /* Of "/" there is nothing to split. */
    if (n == 0)
        return g_strdup("/");
    bns_readings_init(&readings, path);
    for (int cut = 0; cut < 2; cut++) {
        pattern = join(segments, cut == 1);
        if (bns_path_pattern_matches(pattern, &readings))
            return pattern;
        g_free(pattern);
    }
    while (before < n && !is_odd(segments[before], before == n - 1))
        before++;
    while (after > 0 && !is_odd(segments[after - 1], after == n))
        after--;
    pattern = find_bridge(segments, before, after, &readings);
    if (pattern == NULL)
        pattern = find_bridge(segments, before, n, &readings);
    return pattern != NULL ? pattern : g_strdup("/**");
}
