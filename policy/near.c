/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/near.h"

#include <string.h>

/* More is a list, no hint. */
#define HINTS_MAX 4
/* What shorter names hold, or are held by, says nothing. */
#define PART_MIN 2

static guint
common_prefix(const char *a, const char *b)
{
    guint len = 0;

    while (a[len] != '\0' && a[len] == b[len])
        len++;
    return len;
}

static guint
common_suffix(const char *a, const char *b, guint limit)
{
    size_t a_len = strlen(a);
    size_t b_len = strlen(b);
    guint len = 0;

    while (len < limit && a[a_len - 1 - len] == b[b_len - 1 - len])
        len++;
    return len;
}

bool
bns_near_is_like(const char *name, const char *known)
{
    guint shorter = (guint)MIN(strlen(name), strlen(known));
    guint longer = (guint)MAX(strlen(name), strlen(known));
    guint prefix = common_prefix(name, known);
    guint same = prefix + common_suffix(name, known, shorter - prefix);

    /* Two letters at the beginning make another word: "rules" is not "files". */
    return same > 0 && longer - same <= (prefix > 0 ? 2 : 1);
}

static bool
is_near(const char *name, const char *known)
{
    if (bns_near_is_like(name, known))
        return true;
    return MIN(strlen(name), strlen(known)) >= PART_MIN &&
           (strstr(known, name) != NULL || g_str_has_prefix(name, known));
}

char *
bns_near_hint(const char *name, const GPtrArray *known)
{
    g_autoptr(GPtrArray) near = g_ptr_array_new();
    GString *text = g_string_new("");

    for (guint i = 0; i < known->len && near->len < HINTS_MAX; i++)
        if (is_near(name, known->pdata[i]))
            g_ptr_array_add(near, known->pdata[i]);
    for (guint i = 0; i < near->len; i++)
        g_string_append_printf(text, "%s%s",
                               i == 0               ? ": is it "
                               : i + 1 == near->len ? " or "
                                                    : ", ",
                               (const char *)near->pdata[i]);
    if (near->len > 0)
        g_string_append_c(text, '?');
    return g_string_free(text, FALSE);
}
