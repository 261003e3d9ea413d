/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The draft of a policy that an import fills: for policy/import_*.c.
 *
 * Whatever is added is first tried by our own reader of policies; what that refuses is a
 * loss. So no text of a file that is imported can make the result invalid, or end the
 * value that it stands in.
 */
#pragma once

#include "policy/import.h"
#include "policy/yaml.h"

/* A list of the policy that is written. */
typedef enum {
    BNS_DRAFT_ALLOW,
    BNS_DRAFT_DENY,
    BNS_DRAFT_COMMANDS_DENY,
    BNS_DRAFT_ENV_HIDE,
    BNS_DRAFT_ENV_PASS,
    BNS_DRAFT_ENV_SET,
    BNS_DRAFT_WRITE,
    BNS_DRAFT_READ_ONLY,
    BNS_DRAFT_HIDE,
    BNS_DRAFT_SHOW,
    BNS_N_DRAFT_LISTS,
} BnsDraftList;

/* Which way the result differs from the file where something is lost. */
typedef enum {
    BNS_LOSS_NARROWER,
    BNS_LOSS_WIDER,
} BnsLoss;

typedef struct BnsDraft BnsDraft;

BnsDraft *bns_draft_new(BnsImportKind kind, const char *file);
void bns_draft_free(BnsDraft *draft);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsDraft, bns_draft_free)

/* What errors call the file. */
const char *bns_draft_file(const BnsDraft *draft);

/* Says that something in @line is not expressed. The text of the file in it is shown
 * escaped, and cut where it is long. */
void
bns_draft_lose(BnsDraft *draft, unsigned line, BnsLoss loss, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

/* Whether this is the first call with @what, for what is said once of a file. */
bool bns_draft_is_first(BnsDraft *draft, const char *what);

/**
 * bns_draft_add:
 * @item: YAML, as an item of a flow sequence (ENV_SET: of a flow mapping)
 * @what: names the item in a loss
 *
 * Adds @item to @list, or a loss (of the direction that leaving it out has) if our reader
 * refuses it; twice the same is once. Returns: whether it is there.
 */
bool bns_draft_add(BnsDraft *draft,
                   BnsDraftList list,
                   unsigned line,
                   const char *item,
                   const char *what);

/* The same of the text of a scalar, which is quoted as needed. */
bool bns_draft_add_text(BnsDraft *draft,
                        BnsDraftList list,
                        unsigned line,
                        const char *text,
                        const char *what);

/* Makes @list appear even if nothing is added to it: `write:` then means nothing. */
void bns_draft_mention(BnsDraft *draft, BnsDraftList list);
/* Writes `KEY: VALUE`, words of ours, before the lists: "env" "mode" "clean". */
void bns_draft_set_env_mode(BnsDraft *draft, const char *mode);
void bns_draft_set_log_level(BnsDraft *draft, const char *level);
/* commands.exec: record, which patterns of arguments need. */
void bns_draft_record_exec(BnsDraft *draft);

/* Returns: (transfer full): the result, which our reader has read, or %NULL with @error. */
BnsImport *bns_draft_finish(BnsDraft *draft, GError **error);
