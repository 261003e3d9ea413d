/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Codex's config.toml: `sandbox_mode` with `sandbox_workspace_write`, or if there is none
 * the profile of `permissions` that `default_permissions` names (import_codex_profile.c);
 * and `shell_environment_policy`.
 */
#include "policy/import_codex.h"
#include "policy/toml.h"

#include <string.h>

static const char *
word_of(const BnsYaml *mapping, const char *key)
{
    const BnsYaml *value = bns_import_get(mapping, key);

    return value != NULL && value->kind == BNS_YAML_SCALAR &&
                   value->type == BNS_YAML_STRING
               ? value->text
               : NULL;
}

static void
add_root(BnsDraft *draft, unsigned line, const char *text)
{
    g_autofree char *path = bns_import_path(text);
    g_autofree char *what = g_strdup_printf("writable_roots: \"%s\"", text);

    bns_draft_add_text(draft, BNS_DRAFT_WRITE, line, path, what);
}

static bool
read_roots(BnsDraft *draft, const BnsYaml *value, GError **error)
{
    return bns_import_strings(draft, value, "writable_roots", add_root, error);
}

static bool
read_workspace_write(BnsDraft *draft, const BnsYaml *root, GError **error)
{
    static const BnsImportKey keys[] = {
        { "writable_roots", read_roots, NULL, 0 },
        { "network_access", NULL, NULL, 0 },
        /* Both are the sandbox's own. */
        { "exclude_tmpdir_env_var", NULL, NULL, 0 },
        { "exclude_slash_tmp", NULL, NULL, 0 },
        { NULL, NULL, NULL, 0 },
    };
    const BnsYaml *table;

    bns_draft_add_text(draft, BNS_DRAFT_WRITE, 1, ".", "the working directory");
    if (!bns_import_get_kind(draft, root, "sandbox_workspace_write", BNS_YAML_MAPPING,
                             &table, error))
        return false;
    if (bns_import_is_true(table, "network_access"))
        bns_import_allow_host(draft, BNS_IMPORT_HOSTS_CODEX,
                              bns_import_get(table, "network_access")->line, "*", NULL);
    return bns_import_keys(draft, table, "sandbox_workspace_write", keys, error);
}

static bool
read_mode(BnsDraft *draft, const BnsYaml *root, const BnsYaml *mode, GError **error)
{
    const char *word = word_of(root, "sandbox_mode");

    if (g_strcmp0(word, "workspace-write") == 0)
        return read_workspace_write(draft, root, error);
    if (g_strcmp0(word, "danger-full-access") == 0)
        bns_draft_lose(draft, mode->line, BNS_LOSS_NARROWER,
                       "sandbox_mode: danger-full-access (read-only is taken)");
    else if (g_strcmp0(word, "read-only") != 0)
        return bns_yaml_fail(error, bns_draft_file(draft), mode,
                             "sandbox_mode: must be read-only, workspace-write or "
                             "danger-full-access");
    return true;
}

static bool
read_sandbox(BnsDraft *draft, const BnsYaml *root, GError **error)
{
    const BnsYaml *mode = bns_import_get(root, "sandbox_mode");
    const BnsYaml *profile = bns_import_get(root, "default_permissions");

    bns_draft_mention(draft, BNS_DRAFT_WRITE);
    /* The older key wins there, too. */
    if (mode != NULL)
        return read_mode(draft, root, mode, error);
    if (profile != NULL)
        return bns_import_codex_profile(draft, root, profile, error);
    bns_draft_lose(draft, 1, BNS_LOSS_NARROWER,
                   "neither sandbox_mode nor default_permissions (read-only is taken)");
    return true;
}

/* --- shell_environment_policy --- */

static void
add_only(BnsDraft *draft, unsigned line, const char *text)
{
    g_autofree char *what = g_strdup_printf("include_only: \"%s\"", text);

    bns_draft_add_text(draft, BNS_DRAFT_ENV_PASS, line, text, what);
}

/* Patterns are compared without regard to case there. */
static void
add_excluded(BnsDraft *draft, unsigned line, const char *text)
{
    g_autofree char *what =
        g_strdup_printf("shell_environment_policy.exclude: \"%s\"", text);
    g_autofree char *upper = g_ascii_strup(text, -1);
    g_autofree char *lower = g_ascii_strdown(text, -1);

    bns_draft_add_text(draft, BNS_DRAFT_ENV_HIDE, line, text, what);
    bns_draft_add_text(draft, BNS_DRAFT_ENV_HIDE, line, upper, what);
    bns_draft_add_text(draft, BNS_DRAFT_ENV_HIDE, line, lower, what);
    if (bns_draft_is_first(draft, "case"))
        bns_draft_lose(draft, line, BNS_LOSS_WIDER, "%s: names in both cases", what);
}

static bool
read_only(BnsDraft *draft, const BnsYaml *value, GError **error)
{
    bns_draft_set_env_mode(draft, "clean");
    return bns_import_strings(draft, value, "include_only", add_only, error);
}

static bool
read_excluded(BnsDraft *draft, const BnsYaml *value, GError **error)
{
    return bns_import_strings(draft, value, "exclude", add_excluded, error);
}

static bool
read_inherit(BnsDraft *draft, const BnsYaml *value, GError **error)
{
    if (value->kind == BNS_YAML_SCALAR && strcmp(value->text, "all") == 0)
        return true;
    bns_draft_set_env_mode(draft, "clean");
    if (value->kind == BNS_YAML_SCALAR && strcmp(value->text, "none") == 0)
        bns_draft_lose(draft, value->line, BNS_LOSS_WIDER,
                       "shell_environment_policy.inherit: none (a few that every "
                       "program needs are passed)");
    return true;
}

static bool
read_set(BnsDraft *draft, const BnsYaml *value, GError **error)
{
    if (value->kind != BNS_YAML_MAPPING)
        return bns_yaml_fail(error, bns_draft_file(draft), value,
                             "shell_environment_policy.set: must be a table");
    for (guint i = 0; i < value->children->len; i += 2) {
        const BnsYaml *name = value->children->pdata[i];
        const BnsYaml *text = value->children->pdata[i + 1];
        g_autofree char *what =
            g_strdup_printf("shell_environment_policy.set: \"%s\"", name->text);
        g_autofree char *key = bns_yaml_quote(name->text);
        g_autofree char *quoted =
            text->kind == BNS_YAML_SCALAR ? bns_yaml_quote(text->text) : g_strdup("[]");
        g_autofree char *item = g_strdup_printf("%s: %s", key, quoted);

        bns_draft_add(draft, BNS_DRAFT_ENV_SET, name->line, item, what);
    }
    return true;
}

static bool
read_environment(BnsDraft *draft, const BnsYaml *root, GError **error)
{
    static const BnsImportKey keys[] = {
        { "inherit", read_inherit, NULL, 0 },
        { "include_only", read_only, NULL, 0 },
        { "exclude", read_excluded, NULL, 0 },
        { "set", read_set, NULL, 0 },
        { "ignore_default_excludes", NULL,
          " (what looks like a credential is hidden: env.pass names what is not)",
          BNS_LOSS_NARROWER },
        { "experimental_use_profile", NULL, NULL, 0 },
        { NULL, NULL, NULL, 0 },
    };
    const BnsYaml *table;

    return bns_import_get_kind(draft, root, "shell_environment_policy",
                               BNS_YAML_MAPPING, &table, error) &&
           bns_import_keys(draft, table, "shell_environment_policy", keys, error);
}

bool
bns_import_codex(BnsDraft *draft, const char *bytes, size_t len, GError **error)
{
    g_autoptr(BnsYaml) root = bns_toml_tree(bns_draft_file(draft), bytes, len, error);

    return root != NULL && read_sandbox(draft, root, error) &&
           read_environment(draft, root, error);
}
