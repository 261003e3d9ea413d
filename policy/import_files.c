/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file system of srt and of Claude Code's sandbox: what may be written is named, less
 * what is denied, which wins however deep it is; what may not be read is named, less what
 * is allowed, and there the deeper decides, as here.
 */
#include "policy/files.h"
#include "policy/import_private.h"

#include <string.h>

typedef struct {
    unsigned line;
    char *path; /* owned */
    char *what; /* owned */
} Entry;

struct BnsImportFiles {
    GPtrArray *lists[BNS_N_DRAFT_LISTS]; /* owned, of owned Entry */
};

static void
entry_free(void *data)
{
    Entry *entry = data;

    g_free(entry->path);
    g_free(entry->what);
    g_free(entry);
}

BnsImportFiles *
bns_import_files_new(void)
{
    BnsImportFiles *files = g_new0(BnsImportFiles, 1);

    for (int list = 0; list < BNS_N_DRAFT_LISTS; list++)
        files->lists[list] = g_ptr_array_new_with_free_func(entry_free);
    return files;
}

void
bns_import_files_free(BnsImportFiles *files)
{
    if (files == NULL)
        return;
    for (int list = 0; list < BNS_N_DRAFT_LISTS; list++)
        g_ptr_array_unref(files->lists[list]);
    g_free(files);
}

void
bns_import_files_add(BnsImportFiles *files,
                     BnsDraftList list,
                     unsigned line,
                     const char *path,
                     const char *what)
{
    Entry *entry = g_new0(Entry, 1);

    entry->line = line;
    entry->path = g_strdup(path);
    entry->what = g_strdup(what);
    g_ptr_array_add(files->lists[list], entry);
}

bool
bns_import_files_read(BnsImportFiles *files,
                      const BnsDraft *draft,
                      BnsDraftList list,
                      const BnsYaml *value,
                      const char *key,
                      GError **error)
{
    bool is_pattern = list == BNS_DRAFT_HIDE || list == BNS_DRAFT_SHOW;

    if (value == NULL)
        return true;
    if (value->kind != BNS_YAML_SEQUENCE)
        return bns_yaml_fail(error, bns_draft_file(draft), value, "%s: must be a list",
                             key);
    for (guint i = 0; i < value->children->len; i++) {
        const BnsYaml *item = value->children->pdata[i];
        g_autofree char *what = NULL;
        g_autofree char *path = NULL;

        if (item->kind != BNS_YAML_SCALAR || item->type != BNS_YAML_STRING ||
            *item->text == '\0')
            return bns_yaml_fail(error, bns_draft_file(draft), item,
                                 "%s: must be a list of paths", key);
        what = g_strdup_printf("%s: \"%s\"", key, item->text);
        path =
            is_pattern ? bns_import_pattern(item->text) : bns_import_path(item->text);
        bns_import_files_add(files, list, item->line, path, what);
    }
    return true;
}

/* Returns: whether an entry of @list is @path, or above it. */
static bool
covers(const BnsImportFiles *files, BnsDraftList list, const char *path)
{
    const GPtrArray *entries = files->lists[list];

    for (guint i = 0; i < entries->len; i++) {
        const Entry *entry = entries->pdata[i];

        if (bns_import_path_is_below(path, entry->path))
            return true;
    }
    return false;
}

/* Those that each session has for itself: a policy cannot name them below write. */
static bool
is_own(const char *path)
{
    static const char *const own[] = { "/tmp",     "/var/tmp", "/run",
                                       "/var/run", "/dev",     "/proc" };

    for (size_t i = 0; i < G_N_ELEMENTS(own); i++)
        if (strcmp(path, own[i]) == 0)
            return true;
    return false;
}

static void
add_write(const BnsImportFiles *files, BnsDraft *draft, const Entry *entry)
{
    /* It is denied there, too. */
    if (covers(files, BNS_DRAFT_READ_ONLY, entry->path))
        return;
    if (is_own(entry->path)) {
        bns_draft_lose(draft, entry->line, BNS_LOSS_NARROWER,
                       "%s (each session has one of its own, which ends with it)",
                       entry->what);
        return;
    }
    if (covers(files, BNS_DRAFT_HIDE, entry->path) &&
        !covers(files, BNS_DRAFT_SHOW, entry->path)) {
        bns_draft_lose(
            draft, entry->line, BNS_LOSS_NARROWER,
            "%s (it cannot be read, and what is writable is to be seen here)",
            entry->what);
        return;
    }
    bns_draft_add_text(draft, BNS_DRAFT_WRITE, entry->line, entry->path, entry->what);
}

static void
add_all(const BnsImportFiles *files, BnsDraft *draft, BnsDraftList list)
{
    for (guint i = 0; i < files->lists[list]->len; i++) {
        const Entry *entry = files->lists[list]->pdata[i];

        if (list == BNS_DRAFT_WRITE)
            add_write(files, draft, entry);
        else
            bns_draft_add_text(draft, list, entry->line, entry->path, entry->what);
    }
}

/* Whether what is allowed lies in something denied only a run knows, if one is written
 * from the root and one is not. Said once. */
static void
warn_of_depth(const BnsImportFiles *files, BnsDraft *draft)
{
    const GPtrArray *allow = files->lists[BNS_DRAFT_WRITE];
    const GPtrArray *deny = files->lists[BNS_DRAFT_READ_ONLY];

    for (guint i = 0; i < deny->len; i++)
        for (guint j = 0; j < allow->len; j++) {
            const Entry *above = deny->pdata[i];
            const Entry *below = allow->pdata[j];

            if (!bns_import_path_may_be_below(below->path, above->path))
                continue;
            bns_draft_lose(draft, above->line, BNS_LOSS_WIDER,
                           "%s, where something writable (%s) lies in it: here the "
                           "deeper decides, and others like it",
                           above->what, below->path);
            return;
        }
}

/* The price of hiding something of the working directory, which nobody expects who only
 * names it there. */
static void
warn_of_rebuilding(const BnsImportFiles *files, BnsDraft *draft)
{
    const GPtrArray *hide = files->lists[BNS_DRAFT_HIDE];

    for (guint i = 0; i < hide->len; i++) {
        const Entry *entry = hide->pdata[i];

        if (strpbrk(entry->path, "/~") != NULL || strcmp(entry->path, ".") == 0)
            continue;
        bns_draft_lose(draft, entry->line, BNS_LOSS_NARROWER,
                       "%s: that files made beside it are kept (a directory with "
                       "something hidden is made anew for each session)",
                       entry->what);
        return;
    }
}

/* More than a policy may have: nothing is compared with so many. */
static bool
are_too_many(const BnsImportFiles *files)
{
    guint n = 0;

    for (int list = 0; list < BNS_N_DRAFT_LISTS; list++)
        n += files->lists[list]->len;
    return n > BNS_FILES_MAX;
}

bool
bns_import_files_finish(BnsImportFiles *files,
                        BnsDraft *draft,
                        bool writes_work,
                        GError **error)
{
    static const BnsDraftList lists[] = { BNS_DRAFT_WRITE, BNS_DRAFT_READ_ONLY,
                                          BNS_DRAFT_HIDE, BNS_DRAFT_SHOW };
    const BnsYaml top = { .line = 1, .column = 1 };

    if (are_too_many(files))
        return bns_yaml_fail(error, bns_draft_file(draft), &top,
                             "more paths than " G_STRINGIFY(BNS_FILES_MAX));
    /* A list takes the place of the default, which is the working directory unless that
     * is a home: it is named only if it has to be. */
    if (writes_work && files->lists[BNS_DRAFT_WRITE]->len > 0)
        bns_import_files_add(files, BNS_DRAFT_WRITE, 1, ".", "the working directory");
    if (!writes_work || files->lists[BNS_DRAFT_WRITE]->len > 0 ||
        covers(files, BNS_DRAFT_READ_ONLY, "."))
        bns_draft_mention(draft, BNS_DRAFT_WRITE);
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
        add_all(files, draft, lists[i]);
    if (writes_work && files->lists[BNS_DRAFT_WRITE]->len == 0)
        bns_import_files_add(files, BNS_DRAFT_WRITE, 1, ".", "");
    warn_of_depth(files, draft);
    warn_of_rebuilding(files, draft);
    return true;
}

/* --- credentials --- */

static const char *
text_of(const BnsYaml *mapping, const char *key)
{
    const BnsYaml *value = bns_import_get(mapping, key);

    return value != NULL && value->kind == BNS_YAML_SCALAR &&
                   value->type == BNS_YAML_STRING
               ? value->text
               : "";
}

/* Both are hidden: what is masked there is less than that. */
static void
add_credential(BnsDraft *draft,
               BnsImportFiles *files,
               const BnsYaml *item,
               const char *key,
               bool is_file)
{
    const char *name = text_of(item, key);
    g_autofree char *what = g_strdup_printf("credentials: \"%s\"", name);

    if (strcmp(text_of(item, "mode"), "deny") != 0)
        bns_draft_lose(draft, item->line, BNS_LOSS_NARROWER,
                       "%s: a stand-in (it is hidden here)", what);
    if (is_file) {
        g_autofree char *path = bns_import_path(name);

        bns_import_files_add(files, BNS_DRAFT_HIDE, item->line,
                             *name != '\0' ? path : "", what);
    } else {
        bns_draft_add_text(draft, BNS_DRAFT_ENV_HIDE, item->line, name, what);
    }
}

bool
bns_import_credentials(BnsDraft *draft,
                       BnsImportFiles *files,
                       const BnsYaml *credentials,
                       GError **error)
{
    static const struct {
        const char *key;
        const char *name;
        bool is_file;
    } rows[] = { { "files", "path", true }, { "envVars", "name", false } };

    if (credentials->kind != BNS_YAML_MAPPING)
        return bns_yaml_fail(error, bns_draft_file(draft), credentials,
                             "credentials: must be an object with keys");
    for (size_t row = 0; row < G_N_ELEMENTS(rows); row++) {
        const BnsYaml *list;

        if (!bns_import_get_kind(draft, credentials, rows[row].key, BNS_YAML_SEQUENCE,
                                 &list, error))
            return false;
        for (guint i = 0; list != NULL && i < list->children->len; i++)
            add_credential(draft, files, list->children->pdata[i], rows[row].name,
                           rows[row].is_file);
    }
    return true;
}
