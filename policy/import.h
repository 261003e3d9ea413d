/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Import: what another program's file allows and denies, as a policy of ours.
 *
 * Text to text: nothing is opened, and nothing of this machine is looked at. What cannot
 * be said in a policy is left out and named; where a meaning is in doubt the narrower one
 * is taken, which is named, too. What comes out was read by bns_policy_parse() before it
 * is returned.
 *
 * The formats are those of the programs' public documentation: Claude Code's settings.json
 * (code.claude.com/docs: settings, permissions, sandboxing), sandbox-runtime's settings
 * (its README), Codex's config.toml (developers.openai.com/codex: permissions, config
 * reference), coder/boundary's config.yaml, and lists of host names.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * BnsImportKind:
 * @BNS_IMPORT_CLAUDE: JSON; `permissions` and `sandbox`
 * @BNS_IMPORT_SRT: JSON; `network`, `filesystem` and `credentials`
 * @BNS_IMPORT_DOMAINS: hosts, one or more in a line; "#" begins a comment
 * @BNS_IMPORT_CODEX: TOML; `sandbox_mode` or the profile that `default_permissions` names,
 *                    and `shell_environment_policy`
 * @BNS_IMPORT_CODER: YAML; `allowlist`
 */
typedef enum {
    BNS_IMPORT_CLAUDE,
    BNS_IMPORT_SRT,
    BNS_IMPORT_DOMAINS,
    BNS_IMPORT_CODEX,
    BNS_IMPORT_CODER,
    BNS_N_IMPORT_KINDS,
} BnsImportKind;

/* "claude", "srt", "domains", "codex", "coder" */
const char *bns_import_kind_name(BnsImportKind kind);
/* Returns: whether @name is one of these. */
bool bns_import_kind_parse(const char *name, BnsImportKind *out_kind);

typedef struct {
    char *yaml;   /* owned; a policy file; printable ASCII */
    GStrv losses; /* owned; "FILE:LINE: what: not expressed; the result is wider", or
                   * narrower; in the order of lines; printable ASCII */
} BnsImport;

/**
 * bns_import:
 * @file: what losses and errors call the text
 *
 * Pure. Hostile bytes are read: at most 1 MiB, UTF-8, 32 levels deep. Returns: (transfer
 *          full): the policy, or %NULL with @error (BNS_POLICY_ERROR_INVALID, one line that
 *          begins with @file)
 */
BnsImport *bns_import(BnsImportKind kind,
                      const char *file,
                      const char *bytes,
                      size_t len,
                      GError **error);
void bns_import_free(BnsImport *import);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsImport, bns_import_free)
