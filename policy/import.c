/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/import.h"
#include "policy/import_private.h"

#include <string.h>

static const char *const names[] = {
    [BNS_IMPORT_CLAUDE] = "claude",   [BNS_IMPORT_SRT] = "srt",
    [BNS_IMPORT_DOMAINS] = "domains", [BNS_IMPORT_CODEX] = "codex",
    [BNS_IMPORT_CODER] = "coder",
};
G_STATIC_ASSERT(G_N_ELEMENTS(names) == BNS_N_IMPORT_KINDS);

static bool (*const readers[])(BnsDraft *, const char *, size_t, GError **) = {
    [BNS_IMPORT_CLAUDE] = bns_import_claude,   [BNS_IMPORT_SRT] = bns_import_srt,
    [BNS_IMPORT_DOMAINS] = bns_import_domains, [BNS_IMPORT_CODEX] = bns_import_codex,
    [BNS_IMPORT_CODER] = bns_import_coder,
};
G_STATIC_ASSERT(G_N_ELEMENTS(readers) == BNS_N_IMPORT_KINDS);

const char *
bns_import_kind_name(BnsImportKind kind)
{
    return names[kind];
}

bool
bns_import_kind_parse(const char *name, BnsImportKind *out_kind)
{
    for (int kind = 0; kind < BNS_N_IMPORT_KINDS; kind++)
        if (strcmp(names[kind], name) == 0) {
            *out_kind = (BnsImportKind)kind;
            return true;
        }
    return false;
}

void
bns_import_free(BnsImport *import)
{
    if (import == NULL)
        return;
    g_free(import->yaml);
    g_strfreev(import->losses);
    g_free(import);
}

BnsImport *
bns_import(
    BnsImportKind kind, const char *file, const char *bytes, size_t len, GError **error)
{
    g_autoptr(BnsDraft) draft = bns_draft_new(kind, file);

    return readers[kind](draft, bytes, len, error) ? bns_draft_finish(draft, error)
                                                   : NULL;
}
