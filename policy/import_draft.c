/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/import_draft.h"
#include "base/text.h"
#include "policy/policy_private.h"

#include <string.h>

/* What is shown of a text of the file: enough to find it. */
#define SHOWN_MAX 240

typedef struct {
    const char *parent; /* NULL: a key of the file itself */
    const char *key;
    const char *probe; /* the least policy with one item of the list */
    BnsLoss loss;      /* of an item that is left out */
    bool is_mapping;
} Row;

static const Row rows[] = {
    [BNS_DRAFT_ALLOW] = { NULL, "allow", "allow: [%s]", BNS_LOSS_NARROWER, false },
    [BNS_DRAFT_DENY] = { NULL, "deny", "deny: [%s]", BNS_LOSS_WIDER, false },
    [BNS_DRAFT_COMMANDS_DENY] = { "commands", "deny",
                                  "commands: {exec: record, deny: [%s]}",
                                  BNS_LOSS_WIDER, false },
    [BNS_DRAFT_ENV_HIDE] = { "env", "hide", "env: {hide: [%s]}", BNS_LOSS_WIDER,
                             false },
    [BNS_DRAFT_ENV_PASS] = { "env", "pass", "env: {pass: [%s]}", BNS_LOSS_NARROWER,
                             false },
    [BNS_DRAFT_ENV_SET] = { "env", "set", "env: {set: {%s}}", BNS_LOSS_NARROWER, true },
    [BNS_DRAFT_WRITE] = { "files", "write", "files: {write: [%s]}", BNS_LOSS_NARROWER,
                          false },
    [BNS_DRAFT_READ_ONLY] = { "files", "read_only", "files: {read_only: [%s]}",
                              BNS_LOSS_WIDER, false },
    [BNS_DRAFT_HIDE] = { "files", "hide", "files: {hide: [%s]}", BNS_LOSS_WIDER,
                         false },
    /* After what is hidden: of two that are equally deep the last decides. */
    [BNS_DRAFT_SHOW] = { "files", "show", "files: {show: [%s]}", BNS_LOSS_NARROWER,
                         false },
};
G_STATIC_ASSERT(G_N_ELEMENTS(rows) == BNS_N_DRAFT_LISTS);

typedef struct {
    unsigned line;
    guint number; /* of losses in one line the first comes first */
    char *text;   /* owned */
} Loss;

struct BnsDraft {
    BnsImportKind kind;
    char *file;                          /* owned */
    char *shown;                         /* owned; of it, for a person */
    GPtrArray *lists[BNS_N_DRAFT_LISTS]; /* owned, of owned items */
    bool is_mentioned[BNS_N_DRAFT_LISTS];
    GHashTable *seen;  /* owned; a set of "list:item", and of what was said */
    GPtrArray *losses; /* owned, of owned Loss */
    const char *env_mode;
    const char *log_level;
    bool records_exec;
};

static void
loss_free(void *data)
{
    Loss *loss = data;

    g_free(loss->text);
    g_free(loss);
}

BnsDraft *
bns_draft_new(BnsImportKind kind, const char *file)
{
    BnsDraft *draft = g_new0(BnsDraft, 1);

    draft->kind = kind;
    draft->file = g_strdup(file);
    draft->shown = bns_text_escape(file, -1);
    for (int i = 0; i < BNS_N_DRAFT_LISTS; i++)
        draft->lists[i] = g_ptr_array_new_with_free_func(g_free);
    draft->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    draft->losses = g_ptr_array_new_with_free_func(loss_free);
    return draft;
}

void
bns_draft_free(BnsDraft *draft)
{
    if (draft == NULL)
        return;
    for (int i = 0; i < BNS_N_DRAFT_LISTS; i++)
        g_ptr_array_unref(draft->lists[i]);
    g_hash_table_unref(draft->seen);
    g_ptr_array_unref(draft->losses);
    g_free(draft->file);
    g_free(draft->shown);
    g_free(draft);
}

const char *
bns_draft_file(const BnsDraft *draft)
{
    return draft->file;
}

void
bns_draft_lose(
    BnsDraft *draft, unsigned line, BnsLoss direction, const char *format, ...)
{
    g_autofree char *what = NULL;
    g_autofree char *shown = NULL;
    size_t len;
    va_list args;
    Loss *loss = g_new0(Loss, 1);

    va_start(args, format);
    what = g_strdup_vprintf(format, args);
    va_end(args);
    len = strlen(what);
    shown = bns_text_escape(what, (gssize)MIN(len, SHOWN_MAX));
    loss->line = line;
    loss->number = draft->losses->len;
    loss->text =
        g_strdup_printf("%s:%u: %s%s: not expressed; the result is %s", draft->shown,
                        line, shown, len > SHOWN_MAX ? "..." : "",
                        direction == BNS_LOSS_WIDER ? "wider" : "narrower");
    g_ptr_array_add(draft->losses, loss);
}

bool
bns_draft_is_first(BnsDraft *draft, const char *what)
{
    return g_hash_table_add(draft->seen, g_strdup(what));
}

/* Returns: (transfer full): why our reader refuses @item, without a place; or %NULL. */
static char *
refuse(const Row *row, const char *item)
{
    g_auto(GStrv) halves = g_strsplit(row->probe, "%s", 2);
    g_autofree char *yaml = g_strconcat(halves[0], item, halves[1], NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsConfig) config = bns_config_parse("/", yaml, strlen(yaml), &error);
    const char *why;

    if (config != NULL)
        return NULL;
    /* "/:1:9: " stands before it. */
    why = strstr(error->message, ": ");
    return g_strdup(why != NULL ? why + 2 : error->message);
}

bool
bns_draft_add(BnsDraft *draft,
              BnsDraftList list,
              unsigned line,
              const char *item,
              const char *what)
{
    const Row *row = &rows[list];
    g_autofree char *key = g_strdup_printf("%d:%s", (int)list, item);
    g_autofree char *why = NULL;

    if (g_hash_table_contains(draft->seen, key))
        return true;
    why = refuse(row, item);
    if (why != NULL) {
        bns_draft_lose(draft, line, row->loss, "%s (%s)", what, why);
        return false;
    }
    g_hash_table_add(draft->seen, g_steal_pointer(&key));
    g_ptr_array_add(draft->lists[list], g_strdup(item));
    return true;
}

bool
bns_draft_add_text(BnsDraft *draft,
                   BnsDraftList list,
                   unsigned line,
                   const char *text,
                   const char *what)
{
    g_autofree char *item = bns_yaml_quote(text);

    return bns_draft_add(draft, list, line, item, what);
}

void
bns_draft_mention(BnsDraft *draft, BnsDraftList list)
{
    draft->is_mentioned[list] = true;
}

void
bns_draft_set_env_mode(BnsDraft *draft, const char *mode)
{
    draft->env_mode = mode;
}

void
bns_draft_set_log_level(BnsDraft *draft, const char *level)
{
    draft->log_level = level;
}

void
bns_draft_record_exec(BnsDraft *draft)
{
    draft->records_exec = true;
}

/* --- the result --- */

static int
compare_losses(const void *a, const void *b)
{
    const Loss *first = *(const Loss *const *)a;
    const Loss *second = *(const Loss *const *)b;

    if (first->line != second->line)
        return first->line < second->line ? -1 : 1;
    return first->number < second->number ? -1 : 1;
}

static void
append_head(GString *yaml, const BnsDraft *draft)
{
    g_string_append_printf(yaml, "# Made by: boundary-ns import %s %s\n",
                           bns_import_kind_name(draft->kind), draft->shown);
    if (draft->losses->len > 0)
        g_string_append(yaml, "# Not expressed:\n");
    for (guint i = 0; i < draft->losses->len; i++) {
        const Loss *loss = draft->losses->pdata[i];

        g_string_append_printf(yaml, "#   %s\n", loss->text);
    }
    g_string_append(
        yaml,
        "# As in every policy: keys, passwords and tokens are hidden unless "
        "files.show\n"
        "# names them, and no name leads to a private address unless its rule says\n"
        "# private: true.\n");
    if (draft->kind == BNS_IMPORT_CLAUDE || draft->kind == BNS_IMPORT_CODEX)
        g_string_append(yaml,
                        "# The agent itself runs behind this policy, and not only its\n"
                        "# commands: add the host of its model under allow.\n");
    g_string_append(yaml, "version: 1\n");
}

static void
append_list(GString *yaml, const BnsDraft *draft, BnsDraftList list)
{
    const Row *row = &rows[list];
    const GPtrArray *items = draft->lists[list];
    const char *indent = row->parent != NULL ? "  " : "";

    if (items->len == 0 && !draft->is_mentioned[list])
        return;
    g_string_append_printf(yaml, "%s%s:%s\n", indent, row->key,
                           items->len == 0 ? " []" : "");
    for (guint i = 0; i < items->len; i++)
        g_string_append_printf(yaml, "%s  %s%s\n", indent, row->is_mapping ? "" : "- ",
                               (const char *)items->pdata[i]);
}

/* @setting: (nullable): a line of the section, besides its lists */
static void
append_section(GString *yaml,
               const BnsDraft *draft,
               const char *parent,
               const char *setting)
{
    bool is_there = setting != NULL;

    for (int list = 0; list < BNS_N_DRAFT_LISTS; list++)
        is_there |= g_strcmp0(rows[list].parent, parent) == 0 &&
                    (draft->lists[list]->len > 0 || draft->is_mentioned[list]);
    if (!is_there)
        return;
    g_string_append_printf(yaml, "%s:\n", parent);
    if (setting != NULL)
        g_string_append_printf(yaml, "  %s\n", setting);
    for (int list = 0; list < BNS_N_DRAFT_LISTS; list++)
        if (g_strcmp0(rows[list].parent, parent) == 0)
            append_list(yaml, draft, (BnsDraftList)list);
}

static char *
write_yaml(const BnsDraft *draft)
{
    GString *yaml = g_string_new(NULL);
    g_autofree char *mode =
        draft->env_mode != NULL ? g_strconcat("mode: ", draft->env_mode, NULL) : NULL;

    append_head(yaml, draft);
    if (draft->log_level != NULL)
        g_string_append_printf(yaml, "log_level: %s\n", draft->log_level);
    append_list(yaml, draft, BNS_DRAFT_ALLOW);
    append_list(yaml, draft, BNS_DRAFT_DENY);
    append_section(yaml, draft, "commands",
                   draft->records_exec ? "exec: record" : NULL);
    append_section(yaml, draft, "env", mode);
    append_section(yaml, draft, "files", NULL);
    return g_string_free(yaml, FALSE);
}

static GStrv
list_losses(const BnsDraft *draft)
{
    GStrv losses = g_new0(char *, draft->losses->len + 1);

    for (guint i = 0; i < draft->losses->len; i++) {
        const Loss *loss = draft->losses->pdata[i];

        losses[i] = g_strdup(loss->text);
    }
    return losses;
}

BnsImport *
bns_draft_finish(BnsDraft *draft, GError **error)
{
    g_autoptr(BnsImport) import = g_new0(BnsImport, 1);
    g_autoptr(BnsPolicy) policy = NULL;
    g_autofree char *before = NULL;

    g_ptr_array_sort(draft->losses, compare_losses);
    import->losses = list_losses(draft);
    import->yaml = write_yaml(draft);
    before = g_strdup_printf("%s: the result would be no policy", draft->shown);
    if (strlen(import->yaml) > BNS_POLICY_FILE_MAX) {
        g_set_error(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID,
                    "%s: larger than 4 MiB", before);
        return NULL;
    }
    policy = bns_policy_parse("/result", import->yaml, strlen(import->yaml), error);
    if (policy == NULL) {
        g_prefix_error(error, "%s: ", before);
        return NULL;
    }
    return g_steal_pointer(&import);
}
