/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/files.h"

#include "base/text.h"
#include "policy/policy.h"
#include "policy/value.h"

#include <limits.h>
#include <string.h>

static const char *const kind_names[] = {
    [BNS_FILE_WRITE] = "write",     [BNS_FILE_READ_ONLY] = "read_only",
    [BNS_FILE_PRIVATE] = "private", [BNS_FILE_HIDE] = "hide",
    [BNS_FILE_SHOW] = "show",       [BNS_FILE_PERSIST] = "persist",
    [BNS_FILE_SOCKET] = "sockets",
};
G_STATIC_ASSERT(G_N_ELEMENTS(kind_names) == BNS_N_FILE_KINDS);

const char *
bns_file_kind_name(BnsFileKind kind)
{
    return kind_names[kind];
}

static void
entry_free(void *data)
{
    BnsFileEntry *entry = data;

    g_free(entry->path);
    g_free(entry->origin);
    g_free(entry);
}

BnsFiles *
bns_files_new(void)
{
    BnsFiles *files = g_new0(BnsFiles, 1);

    files->entries = g_ptr_array_new_with_free_func(entry_free);
    return files;
}

void
bns_files_free(BnsFiles *files)
{
    if (files == NULL)
        return;
    g_ptr_array_unref(files->entries);
    bns_files_free(files->ceiling);
    g_free(files);
}

/* "~" is a home, "~name" somebody else's, which only a shell looks up. */
static const char *
find_fault_in_form(const char *path)
{
    if (*path == '\0')
        return "an empty path: name one, . for the working directory";
    if (path[0] == '~' && path[1] != '\0' && path[1] != '/')
        return "~ must stand alone or before /: write the directory out";
    if (strlen(path) >= PATH_MAX)
        return "too long: a path has less than 4096 bytes";
    return NULL;
}

static const char *
find_fault_in_stars(BnsFileKind kind, const char *path)
{
    const char *star = strpbrk(path, "*?[");

    if (star == NULL)
        return NULL;
    if (kind != BNS_FILE_HIDE && kind != BNS_FILE_SHOW)
        return "is one path, without *, ? or [: write each";
    if (strpbrk(path, "?[") != NULL)
        return "has no patterns but *: write that";
    if (strchr(star, '/') != NULL)
        return "* may stand in the last part only: name the directory";
    return NULL;
}

/* What is hidden is named as it is, not by a way there. */
static const char *
find_fault_in_dots(BnsFileKind kind, const char *path)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);

    if (kind != BNS_FILE_HIDE && kind != BNS_FILE_SHOW)
        return NULL;
    return g_strv_contains((const char *const *)parts, "..")
               ? "has no part ..: write the path that is meant"
               : NULL;
}

/* Returns: what is wrong with @path, or %NULL. */
static const char *
find_fault(BnsFileKind kind, const char *path)
{
    const char *fault = find_fault_in_form(path);

    if (fault == NULL)
        fault = find_fault_in_stars(kind, path);
    return fault != NULL ? fault : find_fault_in_dots(kind, path);
}

static const char *
check(const BnsFiles *files, BnsFileKind kind, const char *path)
{
    return files->entries->len >= BNS_FILES_MAX
               ? "more entries than " G_STRINGIFY(BNS_FILES_MAX) ": name fewer"
               : find_fault(kind, path);
}

static void
take(BnsFiles *files, BnsFileKind kind, const char *path, char *take_origin)
{
    BnsFileEntry *entry = g_new0(BnsFileEntry, 1);

    entry->kind = kind;
    entry->path = g_strdup(path);
    entry->origin = take_origin;
    g_ptr_array_add(files->entries, entry);
}

bool
bns_files_add(BnsFiles *files,
              BnsFileKind kind,
              const char *path,
              const char *origin,
              GError **error)
{
    const char *fault = check(files, kind, path);

    if (fault == NULL) {
        take(files, kind, path, g_strdup(origin));
        return true;
    }
    g_set_error(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID, "%s: %s", origin,
                fault);
    return false;
}

/* --- a file --- */

typedef struct {
    BnsFiles *files;
    const char *file;
    BnsFileKind kind; /* of the list that is being read */
} Reader;

static bool
read_mode(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;
    const char *text = bns_value_word(value);

    if (strcmp(text, "workspace") == 0)
        reader->files->mode = BNS_FILE_MODE_WORKSPACE;
    else if (strcmp(text, "shared") == 0)
        reader->files->mode = BNS_FILE_MODE_SHARED;
    else
        return bns_yaml_fail(error, reader->file, value,
                             "files.mode: must be workspace or shared");
    return true;
}

static bool
read_on_protected(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;
    const char *text = bns_value_word(value);

    if (strcmp(text, "report") == 0)
        reader->files->on_protected = BNS_ON_PROTECTED_REPORT;
    else if (strcmp(text, "quarantine") == 0)
        reader->files->on_protected = BNS_ON_PROTECTED_QUARANTINE;
    else
        return bns_yaml_fail(error, reader->file, value,
                             "files.on_protected: must be report or quarantine");
    return true;
}

static bool
read_review(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;
    bool is_on;

    if (!bns_value_boolean(reader->file, value, "files.review", &is_on, error))
        return false;
    reader->files->review = is_on ? BNS_FILES_REVIEW_ON : BNS_FILES_REVIEW_OFF;
    return true;
}

/* YAML reads a lone ~ as null; nobody who writes it here means that. */
static bool
is_tilde(const BnsYaml *item)
{
    return item->kind == BNS_YAML_SCALAR && item->type == BNS_YAML_NULL &&
           strcmp(item->text, "~") == 0;
}

/* As errors show it. */
static char *
key_name(BnsFileKind kind)
{
    return g_strconcat(kind == BNS_FILE_SOCKET ? "" : "files.", kind_names[kind], NULL);
}

static bool
read_path(Reader *reader, const BnsYaml *item, GError **error)
{
    g_autofree char *name = key_name(reader->kind);
    const char *path;
    const char *fault;

    if (is_tilde(item))
        path = item->text;
    else if (!bns_value_string(reader->file, item, name, &path, error))
        return false;
    fault = check(reader->files, reader->kind, path);
    if (fault != NULL)
        return bns_yaml_fail(error, reader->file, item, "%s: %s", name, fault);
    take(reader->files, reader->kind, path,
         g_strdup_printf("%s:%u", reader->file, item->line));
    return true;
}

static bool
read_paths(void *data, BnsFileKind kind, const BnsYaml *value, GError **error)
{
    Reader *reader = data;
    g_autofree char *name = key_name(kind);

    reader->kind = kind;
    if (!bns_value_list(reader->file, value, name, error))
        return false;
    for (guint i = 0; value->children != NULL && i < value->children->len; i++)
        if (!read_path(reader, value->children->pdata[i], error))
            return false;
    return true;
}

static bool
read_write(void *data, const BnsYaml *value, GError **error)
{
    Reader *reader = data;

    /* A file says what is writable, the command line adds to it. */
    reader->files->has_write = true;
    return read_paths(data, BNS_FILE_WRITE, value, error);
}

static bool
read_read_only(void *data, const BnsYaml *value, GError **error)
{
    return read_paths(data, BNS_FILE_READ_ONLY, value, error);
}

static bool
read_private(void *data, const BnsYaml *value, GError **error)
{
    return read_paths(data, BNS_FILE_PRIVATE, value, error);
}

static bool
read_hide(void *data, const BnsYaml *value, GError **error)
{
    return read_paths(data, BNS_FILE_HIDE, value, error);
}

static bool
read_show(void *data, const BnsYaml *value, GError **error)
{
    return read_paths(data, BNS_FILE_SHOW, value, error);
}

static bool
read_persist(void *data, const BnsYaml *value, GError **error)
{
    return read_paths(data, BNS_FILE_PERSIST, value, error);
}

bool
bns_files_read(BnsFiles *files, const char *file, const BnsYaml *value, GError **error)
{
    static const BnsValueKey keys[] = {
        { "mode", read_mode },           { "write", read_write },
        { "private", read_private },     { "persist", read_persist },
        { "read_only", read_read_only }, { "hide", read_hide },
        { "show", read_show },           { "on_protected", read_on_protected },
        { "review", read_review },       { NULL, NULL },
    };
    Reader reader = { .files = files, .file = file };

    if (value->kind != BNS_YAML_MAPPING)
        return bns_yaml_fail(error, file, value,
                             "files: must be a mapping with mode, write, private, "
                             "persist, read_only, hide, show, on_protected or "
                             "review");
    return bns_value_mapping(file, value, keys, &reader, error);
}

bool
bns_files_read_sockets(BnsFiles *files,
                       const char *file,
                       const BnsYaml *value,
                       GError **error)
{
    Reader reader = { .files = files, .file = file };

    files->has_sockets = true;
    return read_paths(&reader, BNS_FILE_SOCKET, value, error);
}

void
bns_files_merge(BnsFiles *files, BnsFiles *more)
{
    g_ptr_array_extend_and_steal(files->entries, g_ptr_array_ref(more->entries));
    if (more->mode != BNS_FILE_MODE_NONE)
        files->mode = more->mode;
    if (more->on_protected != BNS_ON_PROTECTED_NONE)
        files->on_protected = more->on_protected;
    if (more->review != BNS_FILES_REVIEW_NONE)
        files->review = more->review;
    files->has_write |= more->has_write;
    files->has_sockets |= more->has_sockets;
}

void
bns_files_narrow(BnsFiles *files,
                 BnsFiles *take_ceiling,
                 const char **out_mode,
                 const char **out_on_protected,
                 const char **out_review)
{
    const BnsFiles *ceiling = files->ceiling = take_ceiling;

    *out_mode = NULL;
    *out_on_protected = NULL;
    *out_review = NULL;
    if (files->mode == BNS_FILE_MODE_SHARED &&
        (ceiling->mode == BNS_FILE_MODE_WORKSPACE || ceiling->has_write)) {
        /* A list of what may be written is none of everything. */
        *out_mode = ceiling->has_write ? "files.write" : "files.mode";
        files->mode = BNS_FILE_MODE_WORKSPACE;
    }
    if (ceiling->on_protected == BNS_ON_PROTECTED_QUARANTINE &&
        files->on_protected != ceiling->on_protected) {
        *out_on_protected = "files.on_protected";
        files->on_protected = ceiling->on_protected;
    }
    if (ceiling->review == BNS_FILES_REVIEW_ON && files->review != ceiling->review) {
        *out_review = "files.review";
        files->review = ceiling->review;
    }
}
