/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile: paths with "read", "write" or "deny", of which the more specific decides, as
 * here; hosts with "allow" or "deny", of which deny wins, as here.
 */
#include "policy/import_codex.h"

#include <string.h>

/* What a profile means by an access. */
static bool
find_list(const char *access, BnsDraftList *out_list)
{
    static const struct {
        const char *word;
        BnsDraftList list;
    } rows[] = { { "write", BNS_DRAFT_WRITE },
                 { "read", BNS_DRAFT_READ_ONLY },
                 { "deny", BNS_DRAFT_HIDE },
                 { "none", BNS_DRAFT_HIDE } };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (strcmp(rows[i].word, access) == 0) {
            *out_list = rows[i].list;
            return true;
        }
    return false;
}

/* @base: (nullable): the directory that @path is of */
static void
add_path(BnsDraft *draft, const char *base, const BnsYaml *path, const BnsYaml *access)
{
    g_autofree char *what =
        g_strdup_printf("filesystem: \"%s\" = \"%s\"", path->text,
                        access->kind == BNS_YAML_SCALAR ? access->text : "...");
    g_autofree char *joined = base != NULL && strcmp(base, ".") != 0
                                  ? g_strconcat(base, "/", path->text, NULL)
                                  : g_strdup(path->text);
    g_autofree char *pattern = bns_import_pattern(joined);
    BnsDraftList list;

    if (access->kind != BNS_YAML_SCALAR || !find_list(access->text, &list)) {
        bns_draft_lose(draft, path->line, BNS_LOSS_WIDER, "%s", what);
        return;
    }
    /* What may be read is so anyway; it is said where it takes writing away. */
    if (list == BNS_DRAFT_READ_ONLY && base == NULL)
        bns_draft_add_text(draft, BNS_DRAFT_SHOW, path->line, pattern, what);
    if (list == BNS_DRAFT_READ_ONLY && strpbrk(pattern, "*?[") != NULL && base == NULL)
        return;
    bns_draft_add_text(draft, list, path->line, pattern, what);
}

static void
add_paths_of(BnsDraft *draft, const char *base, const BnsYaml *table)
{
    for (guint i = 0; i < table->children->len; i += 2)
        add_path(draft, base, table->children->pdata[i], table->children->pdata[i + 1]);
}

/* The names that begin with a colon. Returns: whether @name is one. */
static bool
add_special(BnsDraft *draft, const BnsYaml *name, const BnsYaml *access)
{
    static const char *const own[] = { ":minimal", ":tmpdir", ":slash_tmp", NULL };
    BnsYaml work = { .line = name->line, .text = (char[]){ "." } };
    bool is_word = access->kind == BNS_YAML_SCALAR;

    if (name->text[0] != ':')
        return false;
    if (strcmp(name->text, ":workspace_roots") == 0 ||
        strcmp(name->text, ":project_roots") == 0) {
        if (is_word)
            add_path(draft, ".", &work, access);
        else if (access->kind == BNS_YAML_MAPPING)
            add_paths_of(draft, ".", access);
    } else if (strcmp(name->text, ":root") == 0) {
        if (is_word && strcmp(access->text, "write") == 0)
            bns_draft_lose(draft, name->line, BNS_LOSS_NARROWER,
                           "filesystem: \":root\" = \"write\" (files.mode: shared "
                           "would be it)");
    } else if (!g_strv_contains(own, name->text)) {
        bns_draft_lose(draft, name->line, BNS_LOSS_WIDER, "filesystem: \"%s\"",
                       name->text);
    }
    return true;
}

static void
read_filesystem(BnsDraft *draft, const BnsYaml *table)
{
    const BnsYaml *root = bns_import_get(table, ":root");

    if (root == NULL || root->kind != BNS_YAML_SCALAR ||
        (strcmp(root->text, "read") != 0 && strcmp(root->text, "write") != 0))
        bns_draft_lose(draft, table->line, BNS_LOSS_WIDER,
                       "filesystem: that nothing but what it names can be read");
    for (guint i = 0; i < table->children->len; i += 2) {
        const BnsYaml *name = table->children->pdata[i];
        const BnsYaml *access = table->children->pdata[i + 1];

        if (strcmp(name->text, "glob_scan_max_depth") == 0 ||
            add_special(draft, name, access))
            continue;
        if (access->kind == BNS_YAML_MAPPING)
            add_paths_of(draft, name->text, access);
        else
            add_path(draft, NULL, name, access);
    }
}

/* --- network --- */

static void
add_host(BnsDraft *draft, const BnsYaml *host, const char *word, const char *methods)
{
    if (strcmp(word, "allow") == 0)
        bns_import_allow_host(draft, BNS_IMPORT_HOSTS_CODEX, host->line, host->text,
                              methods);
    else if (strcmp(word, "deny") == 0)
        bns_import_deny_host(draft, BNS_IMPORT_HOSTS_CODEX, host->line, host->text,
                             NULL);
    else if (strcmp(word, "none") != 0)
        bns_draft_lose(draft, host->line, BNS_LOSS_WIDER, "domains: \"%s\" = \"%s\"",
                       host->text, word);
}

static void
add_hosts(BnsDraft *draft, const BnsYaml *domains, const char *methods)
{
    for (guint i = 0; domains != NULL && i < domains->children->len; i += 2) {
        const BnsYaml *word = domains->children->pdata[i + 1];

        add_host(draft, domains->children->pdata[i],
                 word->kind == BNS_YAML_SCALAR ? word->text : "", methods);
    }
}

/* Older files have two lists. */
static bool
add_host_list(BnsDraft *draft,
              const BnsYaml *network,
              const char *key,
              const char *word,
              const char *methods,
              GError **error)
{
    const BnsYaml *list;

    if (!bns_import_get_kind(draft, network, key, BNS_YAML_SEQUENCE, &list, error))
        return false;
    for (guint i = 0; list != NULL && i < list->children->len; i++) {
        const BnsYaml *host = list->children->pdata[i];

        if (host->kind != BNS_YAML_SCALAR || host->type != BNS_YAML_STRING)
            return bns_yaml_fail(error, bns_draft_file(draft), host,
                                 "%s: must be a list of strings", key);
        add_host(draft, host, word, methods);
    }
    return true;
}

static bool
read_hosts(BnsDraft *draft, const BnsYaml *network, GError **error)
{
    const BnsYaml *mode = bns_import_get(network, "mode");
    const char *methods =
        mode != NULL && mode->kind == BNS_YAML_SCALAR && strcmp(mode->text, "full") != 0
            ? "GET,HEAD,OPTIONS"
            : NULL;
    const BnsYaml *domains;

    if (!bns_import_get_kind(draft, network, "domains", BNS_YAML_MAPPING, &domains,
                             error))
        return false;
    add_hosts(draft, domains, methods);
    return add_host_list(draft, network, "allowed_domains", "allow", methods, error) &&
           add_host_list(draft, network, "denied_domains", "deny", methods, error);
}

static bool
read_network(BnsDraft *draft,
             const BnsYaml *root,
             const BnsYaml *network,
             GError **error)
{
    static const BnsImportKey keys[] = {
        { "enabled", NULL, NULL, 0 },
        { "mode", NULL, NULL, 0 },
        { "domains", NULL, NULL, 0 },
        { "allowed_domains", NULL, NULL, 0 },
        { "denied_domains", NULL, NULL, 0 },
        /* How its proxy listens. */
        { "proxy_url", NULL, NULL, 0 },
        { "admin_url", NULL, NULL, 0 },
        { "socks_url", NULL, NULL, 0 },
        { "enable_socks5", NULL, NULL, 0 },
        { "enable_socks5_udp", NULL, "", BNS_LOSS_NARROWER },
        { "allow_upstream_proxy", NULL, NULL, 0 },
        { "allow_local_binding", NULL,
          " (private: true in a rule allows private "
          "addresses)",
          BNS_LOSS_NARROWER },
        { "unix_sockets", NULL, " (sockets: would allow them)", BNS_LOSS_NARROWER },
        { "allow_unix_sockets", NULL, " (sockets: would allow them)",
          BNS_LOSS_NARROWER },
        { "dangerously_allow_non_loopback_proxy", NULL, NULL, 0 },
        { "dangerously_allow_non_loopback_admin", NULL, NULL, 0 },
        { "dangerously_allow_all_unix_sockets", NULL, "", BNS_LOSS_NARROWER },
        { NULL, NULL, NULL, 0 },
    };

    if (!bns_import_keys(draft, network, "network", keys, error))
        return false;
    /* Without it nothing is reached there, either. */
    if (!bns_import_is_true(network, "enabled"))
        return true;
    if (!bns_import_is_true(bns_import_get(root, "features"), "network_proxy"))
        bns_draft_lose(draft, bns_import_get(network, "enabled")->line,
                       BNS_LOSS_NARROWER,
                       "network.enabled: that without features.network_proxy every "
                       "host is reached");
    return read_hosts(draft, network, error);
}

/* --- profiles --- */

/* Returns: whether @name is one of those that are built in, which is then added. */
static bool
add_builtin(BnsDraft *draft, const BnsYaml *name)
{
    if (strcmp(name->text, ":workspace") == 0) {
        bns_draft_add_text(draft, BNS_DRAFT_WRITE, name->line, ".",
                           "the working directory");
        return true;
    }
    if (strcmp(name->text, ":danger-full-access") == 0) {
        bns_draft_lose(draft, name->line, BNS_LOSS_NARROWER, "%s (read-only is taken)",
                       name->text);
        return true;
    }
    return strcmp(name->text, ":read-only") == 0;
}

static bool
read_extends(BnsDraft *draft, const BnsYaml *value, GError **error)
{
    if (value->kind != BNS_YAML_SCALAR)
        return bns_yaml_fail(error, bns_draft_file(draft), value,
                             "extends: must be a name");
    if (!add_builtin(draft, value))
        bns_draft_lose(draft, value->line, BNS_LOSS_WIDER,
                       "extends: \"%s\" (what that denies is not known)", value->text);
    return true;
}

static bool
add_workspace_root(BnsDraft *draft, const BnsYaml *roots, GError **error)
{
    if (roots->kind != BNS_YAML_MAPPING)
        return bns_yaml_fail(error, bns_draft_file(draft), roots,
                             "workspace_roots: must be a table");
    for (guint i = 0; i < roots->children->len; i += 2) {
        const BnsYaml *path = roots->children->pdata[i];

        bns_draft_lose(draft, path->line, BNS_LOSS_NARROWER,
                       "workspace_roots: \"%s\" (files.write would add it)",
                       path->text);
    }
    return true;
}

bool
bns_import_codex_profile(BnsDraft *draft,
                         const BnsYaml *root,
                         const BnsYaml *name,
                         GError **error)
{
    static const BnsImportKey keys[] = {
        { "description", NULL, NULL, 0 },
        { "extends", read_extends, NULL, 0 },
        { "filesystem", NULL, NULL, 0 },
        { "network", NULL, NULL, 0 },
        { "workspace_roots", add_workspace_root, NULL, 0 },
        { NULL, NULL, NULL, 0 },
    };
    const BnsYaml *profile;
    const BnsYaml *filesystem;
    const BnsYaml *network;

    if (name->kind != BNS_YAML_SCALAR)
        return bns_yaml_fail(error, bns_draft_file(draft), name,
                             "default_permissions: must be a name");
    if (add_builtin(draft, name))
        return true;
    profile = bns_import_get(bns_import_get(root, "permissions"), name->text);
    if (profile == NULL || profile->kind != BNS_YAML_MAPPING)
        return bns_yaml_fail(error, bns_draft_file(draft), name,
                             "default_permissions: no table of that name is below "
                             "permissions");
    if (!bns_import_get_kind(draft, profile, "filesystem", BNS_YAML_MAPPING,
                             &filesystem, error) ||
        !bns_import_get_kind(draft, profile, "network", BNS_YAML_MAPPING, &network,
                             error) ||
        !bns_import_keys(draft, profile, "permissions", keys, error))
        return false;
    if (filesystem != NULL)
        read_filesystem(draft, filesystem);
    return network == NULL || read_network(draft, root, network, error);
}
