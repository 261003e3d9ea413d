/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox-runtime's settings, and what Claude Code's `sandbox` has of the same.
 */
#include "policy/import_sandbox.h"
#include "policy/json.h"
#include "policy/policy.h"

#include <string.h>

static void
allow_host(BnsDraft *draft, unsigned line, const char *text)
{
    bns_import_allow_host(draft, BNS_IMPORT_HOSTS_SRT, line, text, NULL);
}

static void
deny_address(BnsDraft *draft, unsigned line, const char *text)
{
    g_autofree char *what = g_strdup_printf("deniedResolvedAddresses: \"%s\"", text);
    g_autofree char *whole =
        g_strconcat(text, strchr(text, ':') != NULL ? "/128" : "/32", NULL);
    g_autofree char *quoted = bns_yaml_quote(strchr(text, '/') != NULL ? text : whole);
    g_autofree char *item = g_strdup_printf("{ cidr: %s }", quoted);

    bns_draft_add(draft, BNS_DRAFT_DENY, line, item, what);
}

static void
lose_socket(BnsDraft *draft, unsigned line, const char *text)
{
    bns_draft_lose(draft, line, BNS_LOSS_NARROWER,
                   "allowUnixSockets: \"%s\" (without effect on Linux there; sockets: "
                   "would allow it)",
                   text);
}

static bool
read_sockets(BnsDraft *draft, const BnsYaml *value, GError **error)
{
    return bns_import_strings(draft, value, "allowUnixSockets", lose_socket, error);
}

static bool
read_allowed(BnsDraft *draft, const BnsYaml *value, GError **error)
{
    return bns_import_strings(draft, value, "allowedDomains", allow_host, error);
}

static bool
read_denied_addresses(BnsDraft *draft, const BnsYaml *value, GError **error)
{
    return bns_import_strings(draft, value, "deniedResolvedAddresses", deny_address,
                              error);
}

/* Returns: (transfer full): the strings of a list, or the values of a mapping by their
 * keys: files may have many of both. @node: (nullable) */
static GHashTable *
index_of(const BnsYaml *node)
{
    GHashTable *index = g_hash_table_new(g_str_hash, g_str_equal);
    guint step = node != NULL && node->kind == BNS_YAML_MAPPING ? 2 : 1;

    for (guint i = 0; node != NULL && i < node->children->len; i += step) {
        BnsYaml *key = node->children->pdata[i];

        if (key->kind == BNS_YAML_SCALAR)
            g_hash_table_insert(index, key->text, node->children->pdata[i + step - 1]);
    }
    return index;
}

static bool
read_denied(BnsDraft *draft,
            const BnsYaml *list,
            const BnsYaml *reasons,
            GError **error)
{
    g_autoptr(GHashTable) index = index_of(reasons);

    for (guint i = 0; list != NULL && i < list->children->len; i++) {
        const BnsYaml *item = list->children->pdata[i];
        const BnsYaml *reason;

        if (item->kind != BNS_YAML_SCALAR || item->type != BNS_YAML_STRING)
            return bns_yaml_fail(error, bns_draft_file(draft), item,
                                 "deniedDomains: must be a list of strings");
        reason = g_hash_table_lookup(index, item->text);
        bns_import_deny_host(
            draft, BNS_IMPORT_HOSTS_SRT, item->line, item->text,
            reason != NULL && reason->kind == BNS_YAML_SCALAR ? reason->text : NULL);
    }
    return true;
}

/* What is not terminated is sealed here, if it is allowed as a whole: a sealed rule is an
 * allow rule. Its port would be in two rules if the other named it. */
static void
seal(BnsDraft *draft, const BnsYaml *item, GHashTable *allowed)
{
    g_autofree char *what =
        g_strdup_printf("tlsTerminate.excludeDomains: \"%s\"", item->text);
    g_autofree char *quoted = bns_yaml_quote(item->text);
    g_autofree char *rule = g_strdup_printf("{ domain: %s, inspect: false }", quoted);

    if (item->text[0] == '[' || g_ascii_isdigit(item->text[strlen(item->text) - 1]) ||
        strcmp(item->text, "localhost") == 0 ||
        !g_hash_table_contains(allowed, item->text))
        bns_draft_lose(draft, item->line, BNS_LOSS_NARROWER,
                       "%s (it is no name in allowedDomains: TLS to it is inspected)",
                       what);
    else
        bns_draft_add(draft, BNS_DRAFT_ALLOW, item->line, rule, what);
}

static bool
read_terminate(BnsDraft *draft,
               const BnsYaml *terminate,
               const BnsYaml *allowed,
               GError **error)
{
    g_autoptr(GHashTable) index = index_of(allowed);
    const BnsYaml *excluded;

    if (!bns_import_get_kind(draft, terminate, "excludeDomains", BNS_YAML_SEQUENCE,
                             &excluded, error))
        return false;
    for (guint i = 0; excluded != NULL && i < excluded->children->len; i++) {
        const BnsYaml *item = excluded->children->pdata[i];

        if (item->kind != BNS_YAML_SCALAR || *item->text == '\0')
            return bns_yaml_fail(error, bns_draft_file(draft), item,
                                 "excludeDomains: must be a list of strings");
        seal(draft, item, index);
    }
    if (bns_import_get(terminate, "extraCaCertPaths") != NULL)
        bns_draft_lose(draft, bns_import_get(terminate, "extraCaCertPaths")->line,
                       BNS_LOSS_NARROWER,
                       "tlsTerminate.extraCaCertPaths (--upstream-ca trusts them)");
    return true;
}

bool
bns_import_sandbox_network(BnsDraft *draft,
                           const BnsYaml *network,
                           const char *prefix,
                           GError **error)
{
    static const BnsImportKey keys[] = {
        { "allowedDomains", read_allowed, NULL, 0 },
        { "deniedDomains", NULL, NULL, 0 },
        { "deniedDomainReasons", NULL, NULL, 0 },
        { "deniedResolvedAddresses", read_denied_addresses, NULL, 0 },
        { "tlsTerminate", NULL, NULL, 0 },
        { "allowUnixSockets", read_sockets, NULL, 0 },
        { "allowAllUnixSockets", NULL, " (sockets: names those that may be reached)",
          BNS_LOSS_NARROWER },
        /* The loopback inside is the sandbox's own. */
        { "allowLocalBinding", NULL, NULL, 0 },
        /* A host that no rule names is refused in any case. */
        { "strictAllowlist", NULL, NULL, 0 },
        { "allowManagedDomainsOnly", NULL,
          " (hosts of this file count, whatever file it is)", BNS_LOSS_WIDER },
        { "httpProxyPort", NULL, " (--upstream-proxy leads to a proxy)",
          BNS_LOSS_WIDER },
        { "socksProxyPort", NULL, " (--upstream-proxy leads to an HTTP proxy)",
          BNS_LOSS_WIDER },
        { "mitmProxy", NULL, " (--upstream-proxy leads to a proxy)", BNS_LOSS_WIDER },
        { "parentProxy", NULL, " (--upstream-proxy leads to a proxy)",
          BNS_LOSS_NARROWER },
        { "allowMachLookup", NULL, NULL, 0 },
        { NULL, NULL, NULL, 0 },
    };
    const BnsYaml *allowed;
    const BnsYaml *denied;
    const BnsYaml *reasons;
    const BnsYaml *terminate = bns_import_get(network, "tlsTerminate");

    return bns_import_get_kind(draft, network, "allowedDomains", BNS_YAML_SEQUENCE,
                               &allowed, error) &&
           bns_import_get_kind(draft, network, "deniedDomains", BNS_YAML_SEQUENCE,
                               &denied, error) &&
           bns_import_get_kind(draft, network, "deniedDomainReasons", BNS_YAML_MAPPING,
                               &reasons, error) &&
           bns_import_keys(draft, network, prefix, keys, error) &&
           read_denied(draft, denied, reasons, error) &&
           (terminate == NULL || read_terminate(draft, terminate, allowed, error));
}

bool
bns_import_sandbox_files(BnsDraft *draft,
                         BnsImportFiles *files,
                         const BnsYaml *filesystem,
                         const char *prefix,
                         GError **error)
{
    static const struct {
        const char *key;
        BnsDraftList list;
    } rows[] = { { "allowWrite", BNS_DRAFT_WRITE },
                 { "denyWrite", BNS_DRAFT_READ_ONLY },
                 { "denyRead", BNS_DRAFT_HIDE },
                 { "allowRead", BNS_DRAFT_SHOW } };
    static const BnsImportKey keys[] = {
        { "allowWrite", NULL, NULL, 0 },
        { "denyWrite", NULL, NULL, 0 },
        { "denyRead", NULL, NULL, 0 },
        { "allowRead", NULL, NULL, 0 },
        { "allowManagedReadPathsOnly", NULL,
          " (paths of this file count, whatever file it is)", BNS_LOSS_WIDER },
        { "allowGitConfig", NULL, " (git's configuration is protected)",
          BNS_LOSS_NARROWER },
        { "disabled", NULL, " (files are protected in any case)", BNS_LOSS_NARROWER },
        { NULL, NULL, NULL, 0 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *key = g_strdup_printf("%s.%s", prefix, rows[i].key);

        if (!bns_import_files_read(files, draft, rows[i].list,
                                   bns_import_get(filesystem, rows[i].key), key, error))
            return false;
    }
    return bns_import_keys(draft, filesystem, prefix, keys, error);
}

static bool
read_sections(BnsDraft *draft, const BnsYaml *root, GError **error)
{
    static const BnsImportKey keys[] = {
        { "network", NULL, NULL, 0 },
        { "filesystem", NULL, NULL, 0 },
        { "credentials", NULL, NULL, 0 },
        /* What is reported, not what is allowed. */
        { "ignoreViolations", NULL, NULL, 0 },
        { "mandatoryDenySearchDepth", NULL, NULL, 0 },
        { "ripgrep", NULL, NULL, 0 },
        { "seccomp", NULL, NULL, 0 },
        { "allowPty", NULL, NULL, 0 },
        { "javaAgentJarPath", NULL, NULL, 0 },
        { "bwrapPath", NULL, NULL, 0 },
        { "socatPath", NULL, NULL, 0 },
        { "windows", NULL, NULL, 0 },
        { "$schema", NULL, NULL, 0 },
        { "enableWeakerNestedSandbox", NULL, "", BNS_LOSS_NARROWER },
        { "enableWeakerNetworkIsolation", NULL, "", BNS_LOSS_NARROWER },
        { "allowAppleEvents", NULL, "", BNS_LOSS_NARROWER },
        { NULL, NULL, NULL, 0 },
    };
    g_autoptr(BnsImportFiles) files = bns_import_files_new();
    const BnsYaml *network;
    const BnsYaml *filesystem;
    const BnsYaml *credentials;

    return bns_import_get_kind(draft, root, "network", BNS_YAML_MAPPING, &network,
                               error) &&
           bns_import_get_kind(draft, root, "filesystem", BNS_YAML_MAPPING, &filesystem,
                               error) &&
           bns_import_get_kind(draft, root, "credentials", BNS_YAML_MAPPING,
                               &credentials, error) &&
           bns_import_keys(draft, root, "", keys, error) &&
           bns_import_sandbox_network(draft, network, "network", error) &&
           bns_import_sandbox_files(draft, files, filesystem, "filesystem", error) &&
           (credentials == NULL ||
            bns_import_credentials(draft, files, credentials, error)) &&
           bns_import_files_finish(files, draft, false, error);
}

bool
bns_import_srt(BnsDraft *draft, const char *bytes, size_t len, GError **error)
{
    g_autoptr(BnsYaml) root = bns_json_tree(bns_draft_file(draft), bytes, len, error);

    if (root == NULL)
        return false;
    if (root->kind != BNS_YAML_MAPPING)
        return bns_yaml_fail(error, bns_draft_file(draft), root,
                             "settings are an object with keys");
    return read_sections(draft, root, error);
}
