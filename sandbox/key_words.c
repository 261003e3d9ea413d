/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/key_words.h"

void
bns_key_set_bytes(GKeyFile *file, const char *group, const char *key, const char *value)
{
    g_autofree char *escaped = g_strescape(value != NULL ? value : "", NULL);

    g_key_file_set_string(file, group, key, escaped);
}

void
bns_key_set_words(GKeyFile *file, const char *group, const char *key, char **words)
{
    guint n = g_strv_length(words);
    g_auto(GStrv) escaped = g_new0(char *, n + 1);

    for (guint i = 0; i < n; i++)
        escaped[i] = g_strescape(words[i], NULL);
    g_key_file_set_string_list(file, group, key, (const char *const *)escaped, n);
}

char *
bns_key_get_bytes(GKeyFile *file, const char *group, const char *key)
{
    g_autofree char *escaped = g_key_file_get_string(file, group, key, NULL);

    return escaped != NULL ? g_strcompress(escaped) : NULL;
}

GStrv
bns_key_get_words(GKeyFile *file, const char *group, const char *key)
{
    gsize n = 0;
    GStrv words = g_key_file_get_string_list(file, group, key, &n, NULL);

    for (gsize i = 0; i < n; i++) {
        char *escaped = words[i];

        words[i] = g_strcompress(escaped);
        g_free(escaped);
    }
    return words;
}
