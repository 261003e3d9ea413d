/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/verify.h"

#include "sandbox/file_view.h"
#include "sandbox/tree.h"

#include <string.h>

/* --- why something is open --- */

static char *
absolute(const char *path, const char *home, const char *workdir)
{
    g_autofree char *whole =
        path[0] == '~' ? g_strconcat(home, path + 1, NULL) : g_strdup(path);

    return g_canonicalize_filename(whole, workdir);
}

static bool
opens(BnsFileKind kind)
{
    return kind == BNS_FILE_WRITE || kind == BNS_FILE_SHOW || kind == BNS_FILE_PERSIST;
}

/* Whether @entry names @path, something above it, or with "*" something of its pattern. */
static bool
is_about(const char *entry, const char *path)
{
    g_autofree char *dir = g_path_get_dirname(path);
    g_autofree char *entry_dir = g_path_get_dirname(entry);
    const char *pattern = strrchr(entry, '/') + 1;
    const char *name = strrchr(path, '/') + 1;

    return bns_tree_is_within(path, entry) || bns_tree_is_within(entry, path) ||
           (strcmp(dir, entry_dir) == 0 &&
            (bns_file_view_name_matches(pattern, name, strlen(name)) ||
             bns_file_view_name_matches(name, pattern, strlen(pattern))));
}

static char *
explain_path(const BnsFiles *files,
             const char *subject,
             const char *home,
             const char *workdir)
{
    g_autofree char *path = absolute(subject, home, workdir);

    for (guint i = files->entries->len; i > 0; i--) {
        const BnsFileEntry *entry = files->entries->pdata[i - 1];
        g_autofree char *named = absolute(entry->path, home, workdir);

        if (opens(entry->kind) && is_about(named, path))
            return g_strdup(entry->origin);
    }
    return files->mode == BNS_FILE_MODE_SHARED ? g_strdup("files.mode: shared") : NULL;
}

static char *
explain_variable(const BnsEnv *env, const char *name)
{
    for (guint i = env->entries->len; i > 0; i--) {
        const BnsEnvEntry *entry = env->entries->pdata[i - 1];

        if (bns_env_entry_matches(entry, name))
            return g_strdup(entry->origin);
    }
    return NULL;
}

char *
bns_verify_explain(const BnsPolicy *policy,
                   const char *group,
                   const char *subject,
                   const char *home,
                   const char *workdir)
{
    if (bns_policy_is_disabled(policy))
        return g_strdup("enabled: false");
    if (strcmp(group, "namespace") == 0 || strcmp(group, "mount") == 0)
        return bns_policy_nested(policy) != BNS_NESTED_NONE
                   ? g_strdup(bns_policy_nested_origin(policy))
                   : NULL;
    if (strcmp(group, "variable") == 0)
        return explain_variable(bns_policy_env(policy), subject);
    if (strcmp(group, "hidden file") == 0 || strcmp(group, "run by the host") == 0)
        return explain_path(bns_policy_file_policy(policy), subject, home, workdir);
    return NULL;
}

/* --- the table --- */

enum {
    STATE,
    GROUP,
    NAME,
    SUBJECT,
    NEEDS_ROOT,
    N_FIELDS,
};

typedef struct {
    guint held, open, by_policy, untestable;
} Counts;

/* Names of the environment and of files are foreign text. */
static void
append_printable(GString *out, const char *text)
{
    for (; *text != '\0'; text++)
        g_string_append_c(out, *text >= 0x20 && *text <= 0x7e ? *text : '?');
}

static void
append_line(GString *out, const char *state, char *const *fields, const char *origin)
{
    g_string_append_printf(out, "%-20s ", state);
    append_printable(out, fields[GROUP]);
    g_string_append(out, ": ");
    append_printable(out, fields[NAME]);
    if (origin != NULL)
        g_string_append_printf(out, " (%s)", origin);
    g_string_append_c(out, '\n');
}

static void
append_open(GString *out, char *const *fields, const char *origin, Counts *counts)
{
    if (origin != NULL)
        counts->by_policy++;
    else
        counts->open++;
    append_line(out, origin != NULL ? "open by your policy" : "OPEN", fields, origin);
}

static bool
append_row(GString *out, char *const *fields, const char *origin, Counts *counts)
{
    if (strcmp(fields[STATE], "open") == 0) {
        append_open(out, fields, origin, counts);
    } else if (strcmp(fields[STATE], "held") == 0) {
        counts->held++;
        append_line(out, "held", fields, NULL);
    } else if (strcmp(fields[STATE], "untestable") == 0) {
        counts->untestable++;
        append_line(out, "not testable here", fields, NULL);
    } else {
        return false;
    }
    return true;
}

char *
bns_verify_table(const BnsPolicy *policy,
                 const char *text,
                 const char *home,
                 const char *workdir,
                 guint *out_n_open)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    Counts counts = { 0 };
    guint i = 0;

    for (; lines[i] != NULL && strcmp(lines[i], "end") != 0; i++) {
        g_auto(GStrv) fields = g_strsplit(lines[i], "\t", -1);
        g_autofree char *origin = NULL;

        if (g_strv_length(fields) != N_FIELDS)
            return NULL;
        if (strcmp(fields[STATE], "open") == 0)
            origin = bns_verify_explain(policy, fields[GROUP], fields[SUBJECT], home,
                                        workdir);
        if (!append_row(out, fields, origin, &counts))
            return NULL;
    }
    if (lines[i] == NULL)
        return NULL;
    g_string_append_printf(out,
                           "%u held, %u open by your policy, %u open, %u not testable "
                           "here\n",
                           counts.held, counts.by_policy, counts.open,
                           counts.untestable);
    *out_n_open = counts.open;
    return g_string_free(g_steal_pointer(&out), FALSE);
}
