/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/summary.h"

#include "base/text.h"
#include "policy/policy.h"

#include <string.h>

/* Columns of a destination in SUMMARY. */
typedef enum {
    COLUMN_COUNT,
    COLUMN_SCHEME,
    COLUMN_HOST,
    COLUMN_PORT,
    COLUMN_METHOD,
    COLUMN_PATH,
    N_COLUMNS,
} Column;

/* More blocked destinations than this are in the audit, not on the screen. */
#define DESTINATIONS_MAX 5

static const char *
present(const char *column)
{
    return strcmp(column, "-") == 0 ? NULL : column;
}

/* %NULL: no rule can allow it (UDP, a name that is none). */
static char *
suggest(char **columns)
{
    guint64 port = 0;

    if (strchr(columns[COLUMN_HOST], '\\') != NULL ||
        present(columns[COLUMN_HOST]) == NULL ||
        !g_ascii_string_to_unsigned(columns[COLUMN_PORT], 10, 1, G_MAXUINT16, &port,
                                    NULL))
        return NULL;
    for (BnsScheme scheme = 0; scheme < BNS_N_SCHEMES; scheme++)
        if (strcmp(columns[COLUMN_SCHEME], bns_scheme_name(scheme)) == 0)
            return bns_policy_suggest(scheme, columns[COLUMN_HOST], (uint16_t)port,
                                      present(columns[COLUMN_METHOD]),
                                      present(columns[COLUMN_PATH]));
    return NULL;
}

/* "GET https://host:port/path", of what is known. */
static void
append_destination(GString *text, char **columns)
{
    const char *method = present(columns[COLUMN_METHOD]);
    const char *scheme = present(columns[COLUMN_SCHEME]);
    const char *port = present(columns[COLUMN_PORT]);
    const char *path = present(columns[COLUMN_PATH]);
    bool is_v6 = strchr(columns[COLUMN_HOST], ':') != NULL;

    if (method != NULL)
        g_string_append_printf(text, "%s ", method);
    if (scheme != NULL)
        g_string_append_printf(text, "%s://", scheme);
    g_string_append_printf(text, is_v6 ? "[%s]" : "%s", columns[COLUMN_HOST]);
    if (port != NULL)
        g_string_append_printf(text, ":%s", port);
    if (path != NULL)
        g_string_append(text, path);
}

static void
append_line(GString *text, const char *line)
{
    g_auto(GStrv) columns = g_strsplit(line, "\t", -1);
    g_autofree char *rule = NULL;
    g_autofree char *quoted = NULL;

    if (g_strv_length(columns) != N_COLUMNS)
        return;
    g_string_append_printf(text, "boundary-ns: %s x denied: ", columns[COLUMN_COUNT]);
    append_destination(text, columns);
    rule = suggest(columns);
    if (rule != NULL) {
        quoted = bns_text_shell_quote(rule);
        g_string_append_printf(text, "  (to allow it: --allow %s)", quoted);
    }
    g_string_append_c(text, '\n');
}

static void
append_totals(GString *text, const char *line)
{
    g_auto(GStrv) numbers = g_strsplit(line, " ", -1);
    guint64 allowed = 0, denied = 0;

    if (g_strv_length(numbers) != 2 ||
        !g_ascii_string_to_unsigned(numbers[0], 10, 0, G_MAXUINT64, &allowed, NULL) ||
        !g_ascii_string_to_unsigned(numbers[1], 10, 0, G_MAXUINT64, &denied, NULL))
        return;
    g_string_append_printf(text,
                           "boundary-ns: %" G_GUINT64_FORMAT
                           " allowed, %" G_GUINT64_FORMAT " denied\n",
                           allowed, denied);
}

char *
bns_summary_text(const char *summary, const char *audit_path)
{
    GString *text = g_string_new(NULL);
    g_auto(GStrv) lines = g_strsplit(summary != NULL ? summary : "", "\n", -1);
    g_autofree char *path = bns_text_escape(audit_path, -1);

    if (lines[0] != NULL) {
        append_totals(text, lines[0]);
        for (guint i = 1; lines[i] != NULL && i <= DESTINATIONS_MAX; i++)
            append_line(text, lines[i]);
    }
    g_string_append_printf(text, "boundary-ns: audit: %s\n", path);
    return g_string_free(text, FALSE);
}
