/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plain lists of hosts: one or more in a line, with blanks or commas between them; what
 * follows a "#" is a comment. Each is what a rule in string form would be: "*.name" is
 * what is below, ".name" the name too, and the ports are 80 and 443 unless one is named.
 */
#include "policy/import_private.h"
#include "policy/text_reader.h"

#include <string.h>

static void
add_host(BnsDraft *draft, unsigned line, const char *word)
{
    g_autofree char *what = g_strdup_printf("\"%s\"", word);

    /* "path=/" would be a rule for every host. */
    if (strchr(word, '=') != NULL)
        bns_draft_lose(draft, line, BNS_LOSS_NARROWER, "%s (no host)", what);
    else if (*word != '\0')
        bns_draft_add_text(draft, BNS_DRAFT_ALLOW, line, word, what);
}

static void
read_line(BnsDraft *draft, unsigned line, char *text)
{
    g_auto(GStrv) words = NULL;

    text[strcspn(text, "#")] = '\0';
    words = g_strsplit_set(text, " \t\r,", -1);
    for (char **word = words; *word != NULL; word++)
        add_host(draft, line, *word);
}

bool
bns_import_domains(BnsDraft *draft, const char *bytes, size_t len, GError **error)
{
    BnsTextReader reader;
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    if (!bns_text_reader_init(&reader, bns_draft_file(draft), bytes, len, error))
        return false;
    text = g_strndup(reader.at, (size_t)(reader.end - reader.at));
    lines = g_strsplit(text, "\n", -1);
    for (unsigned i = 0; lines[i] != NULL; i++)
        read_line(draft, i + 1, lines[i]);
    return true;
}
