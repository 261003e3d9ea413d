/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/pattern.h"
#include "base/text.h"
#include "policy/policy.h"
#include "policy/reading.h"

#include <string.h>

/*
 * A compiled layer is the pattern's text with each wildcard as one control byte. No
 * request has one in any reading (bns_path_check() sees to it), nor has a pattern that
 * was accepted; so a layer can be decoded further without losing the wildcards.
 */
#define WITHIN  '\001' /* `*` inside a segment */
#define SEGMENT '\002' /* `*` alone */
#define REST    '\003' /* `*` alone, as the last segment */
#define DEEP    '\004' /* `**` */

struct BnsPattern {
    char *text;                            /* owned; as written */
    char *layers[BNS_PATH_LAYERS_MAX + 1]; /* owned; each decoded once more */
    guint n_layers;
};

static bool
fail(GError **error, const char *text, const char *why)
{
    g_autofree char *shown = bns_text_escape(text, -1);

    g_set_error(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID,
                "bad path \"%s\": %s", shown, why);
    return false;
}

static bool
has_dot_segment(const char *layer)
{
    for (const char *slash = layer; *slash == '/'; slash = strchrnul(slash + 1, '/')) {
        size_t len = strcspn(slash + 1, "/");

        if ((len == 1 && slash[1] == '.') ||
            (len == 2 && slash[1] == '.' && slash[2] == '.'))
            return true;
    }
    return false;
}

/* Returns: (transfer full): the first layer, or %NULL if a `**` is only a part of a
 * segment. */
static char *
mark_wildcards(const char *text)
{
    GString *marked = g_string_new(NULL);

    for (const char *slash = text; *slash == '/';) {
        const char *segment = slash + 1;
        const char *end = strchrnul(segment, '/');
        size_t len = (size_t)(end - segment);

        g_string_append_c(marked, '/');
        if (len == 1 && *segment == '*') {
            g_string_append_c(marked, *end == '\0' ? REST : SEGMENT);
        } else if (len == 2 && segment[0] == '*' && segment[1] == '*') {
            g_string_append_c(marked, DEEP);
        } else if (g_strstr_len(segment, (gssize)len, "**") != NULL) {
            g_string_free(marked, TRUE);
            return NULL;
        } else {
            g_string_append_len(marked, segment, (gssize)len);
        }
        slash = end;
    }
    g_strdelimit(marked->str, "*", WITHIN);
    return g_string_free(marked, FALSE);
}

static bool
add_layers(BnsPattern *pattern, char *take_layer, GError **error)
{
    size_t len = strlen(take_layer);
    size_t decoded_len;

    for (;;) {
        g_assert(pattern->n_layers < G_N_ELEMENTS(pattern->layers));
        pattern->layers[pattern->n_layers++] = take_layer;
        if (has_dot_segment(take_layer))
            return fail(error, pattern->text,
                        "dot segments are removed by servers: write the path that is "
                        "left without them");
        take_layer = g_strdup(take_layer);
        decoded_len = bns_path_decode(take_layer, len, take_layer);
        take_layer[decoded_len] = '\0';
        if (decoded_len == len)
            break;
        len = decoded_len;
    }
    g_free(take_layer);
    return true;
}

/* What to write instead, by what bns_path_check() says. */
static const char *
advise(const char *problem)
{
    static const struct {
        const char *part;
        const char *advice;
    } rows[] = {
        { "a slash", "write one before it" },
        { "control byte", "leave it out" },
        { "UTF-8", "write the character's UTF-8" },
        { "three times", "write it decoded" },
        { "percent-escape", "write %25 for a %" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (strstr(problem, rows[i].part) != NULL)
            return rows[i].advice;
    return "write it as %XX";
}

BnsPattern *
bns_pattern_new(const char *text, GError **error)
{
    g_autoptr(BnsPattern) pattern = g_new0(BnsPattern, 1);
    const char *problem = bns_path_check(text, strlen(text));
    g_autofree char *advised = NULL;
    char *first;

    pattern->text = g_strdup(text);
    if (strchr(text, '?') != NULL)
        problem =
            "a query is no part of the path: leave out the ? and what follows, or "
            "write query:";
    else if (problem != NULL)
        problem = advised = g_strdup_printf("%s: %s", problem, advise(problem));
    if (problem != NULL) {
        fail(error, text, problem);
        return NULL;
    }
    first = mark_wildcards(text);
    if (first == NULL) {
        fail(error, text, "** must be a whole segment: write /a/**");
        return NULL;
    }
    return add_layers(pattern, first, error) ? g_steal_pointer(&pattern) : NULL;
}

void
bns_pattern_free(BnsPattern *pattern)
{
    if (pattern == NULL)
        return;
    for (guint i = 0; i < pattern->n_layers; i++)
        g_free(pattern->layers[i]);
    g_free(pattern->text);
    g_free(pattern);
}

const char *
bns_pattern_text(const BnsPattern *pattern)
{
    return pattern->text;
}

guint
bns_pattern_n_layers(const BnsPattern *pattern)
{
    return pattern->n_layers;
}

size_t
bns_pattern_start(const BnsPattern *pattern,
                  guint layer,
                  unsigned depth_max,
                  const char **out_text,
                  unsigned *out_depth)
{
    static const char ends[] = { '/', WITHIN, SEGMENT, REST, DEEP, '\0' };
    const char *text = pattern->layers[layer];
    size_t len = 0;
    unsigned depth = 0;

    while (depth < depth_max && text[len] == '/') {
        size_t end = len + 1 + strcspn(text + len + 1, ends);

        if (text[end] != '/' && text[end] != '\0')
            break;
        len = end;
        depth++;
    }
    *out_text = text;
    *out_depth = depth;
    return len;
}

static bool
is_same_byte(char a, char b, bool fold_case)
{
    return a == b || (fold_case && g_ascii_tolower(a) == g_ascii_tolower(b));
}

/* One segment against another; both end before their next slash. The last WITHIN takes
 * one byte more whenever what follows it does not fit, which suffices: an earlier one
 * could not find a better place for what lies between them. */
static bool
segment_matches(const char *pattern, const char *path, bool fold_case)
{
    const char *end = strchrnul(path, '/');
    const char *retry_pattern = NULL;
    const char *retry_path = NULL;

    if (*pattern == SEGMENT)
        return path != end;
    for (;;) {
        bool at_end = *pattern == '\0' || *pattern == '/';

        if (*pattern == WITHIN) {
            retry_pattern = ++pattern;
            retry_path = path;
        } else if (at_end && path == end) {
            return true;
        } else if (!at_end && path != end && is_same_byte(*pattern, *path, fold_case)) {
            pattern++;
            path++;
        } else if (retry_path != NULL && retry_path != end) {
            pattern = retry_pattern;
            path = ++retry_path;
        } else {
            return false;
        }
    }
}

/* The same, a level up: DEEP among segments is what WITHIN is among bytes. */
static bool
layer_matches(const char *pattern, const char *path, bool fold_case)
{
    const char *retry_pattern = NULL;
    const char *retry_path = NULL;

    for (;;) {
        if (*pattern != '\0' && pattern[1] == DEEP) {
            pattern += 2;
            retry_pattern = pattern;
            retry_path = path;
            if (*pattern == '\0')
                return true;
        } else if (*pattern != '\0' && pattern[1] == REST && *path != '\0') {
            return true;
        } else if (*pattern == '\0' && *path == '\0') {
            return true;
        } else if (*pattern != '\0' && *path != '\0' &&
                   segment_matches(pattern + 1, path + 1, fold_case)) {
            pattern = strchrnul(pattern + 1, '/');
            path = strchrnul(path + 1, '/');
        } else if (retry_path != NULL && *retry_path != '\0') {
            pattern = retry_pattern;
            path = retry_path = strchrnul(retry_path + 1, '/');
        } else {
            return false;
        }
    }
}

bool
bns_pattern_matches(const BnsPattern *pattern, const char *reading, bool fold_case)
{
    for (guint i = 0; i < pattern->n_layers; i++)
        if (layer_matches(pattern->layers[i], reading, fold_case))
            return true;
    return false;
}
