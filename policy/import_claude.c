/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claude Code's settings.json: `permissions`, rules for its tools, and `sandbox`, what its
 * commands may do.
 *
 * Rules that allow a tool spare a question, which is nothing that a policy has to say; but
 * those for WebFetch, Read and Edit widen the sandbox, too. Rules that deny hold here for
 * every program. Rules that ask are lost: nothing here asks.
 */
#include "policy/import_claude_rule.h"
#include "policy/import_sandbox.h"
#include "policy/json.h"
#include "policy/policy.h"

#include <string.h>

typedef struct {
    BnsDraft *draft;
    BnsImportFiles *files;
    bool is_sandboxed; /* sandbox.enabled */
} Reader;

/* With its sandbox on, what WebFetch may reach commands may reach, too; else it is what
 * that tool does alone. */
static void
read_web(const Reader *reader, unsigned line, const BnsClaudeRule *rule, bool is_allow)
{
    const char *host = g_str_has_prefix(rule->pattern, "domain:")
                           ? rule->pattern + strlen("domain:")
                           : "";

    if (strcmp(host, "*") == 0 || *host == '\0')
        bns_draft_lose(
            reader->draft, line, is_allow ? BNS_LOSS_NARROWER : BNS_LOSS_WIDER,
            "%s \"%s\" (name the hosts)", is_allow ? "allow" : "deny", rule->text);
    else if (is_allow)
        bns_import_allow_host(reader->draft, BNS_IMPORT_HOSTS_SRT, line, host,
                              reader->is_sandboxed ? NULL : "GET,HEAD");
    else
        bns_import_deny_host(reader->draft, BNS_IMPORT_HOSTS_SRT, line, host, NULL);
}

/* gitignore's patterns, with four beginnings. Returns: (transfer full): what a path of
 * ours can say of it, or %NULL; @out_rest what it cannot, or %NULL. */
static char *
read_pattern(const char *pattern, const char **out_rest)
{
    g_autofree char *path = NULL;

    *out_rest = NULL;
    if (*pattern == '\0' || *pattern == '!' || strchr(pattern, '\\') != NULL)
        return NULL;
    if (g_str_has_prefix(pattern, "//")) {
        pattern++;
    } else if (*pattern == '/') {
        *out_rest = "that it begins where the settings lie (the working directory is "
                    "taken)";
        pattern++;
    } else if (strchr(pattern, '/') == NULL && *pattern != '~' &&
               strcmp(pattern, "**") != 0 && strcmp(pattern, ".") != 0) {
        *out_rest = "in the directories below";
    }
    path = bns_import_pattern(pattern);
    return strstr(path, "**") != NULL ? NULL : g_steal_pointer(&path);
}

/* Whether it is about files of the working directory alone. */
static bool
is_in_work(const char *pattern)
{
    return *pattern != '~' && !g_str_has_prefix(pattern, "//") &&
           strstr(pattern, "..") == NULL;
}

static void
read_path(const Reader *reader, unsigned line, const BnsClaudeRule *rule, bool is_allow)
{
    bool is_read = strcmp(rule->tool, "Read") == 0;
    BnsDraftList list = is_allow ? (is_read ? BNS_DRAFT_SHOW : BNS_DRAFT_WRITE)
                                 : (is_read ? BNS_DRAFT_HIDE : BNS_DRAFT_READ_ONLY);
    g_autofree char *what =
        g_strdup_printf("%s \"%s\"", is_allow ? "allow" : "deny", rule->text);
    const char *rest;
    g_autofree char *path = read_pattern(rule->pattern, &rest);

    /* What is in the working directory may be read and written to anyway. */
    if (is_allow && is_in_work(rule->pattern))
        return;
    if (path == NULL || *rule->pattern == '\0') {
        bns_draft_lose(reader->draft, line,
                       is_allow ? BNS_LOSS_NARROWER : BNS_LOSS_WIDER, "%s", what);
        return;
    }
    if (rest != NULL)
        bns_draft_lose(reader->draft, line, BNS_LOSS_WIDER, "%s: %s", what, rest);
    bns_import_files_add(reader->files, list, line, path, what);
}

static void
deny_command(const Reader *reader, unsigned line, const BnsClaudeRule *rule)
{
    g_autofree char *what = g_strdup_printf("deny \"%s\"", rule->text);
    g_auto(GStrv) entries = bns_claude_rule_commands(rule);

    if (entries == NULL) {
        bns_draft_lose(reader->draft, line, BNS_LOSS_WIDER, "%s", what);
        return;
    }
    for (char **entry = entries; *entry != NULL; entry++)
        if (bns_draft_add(reader->draft, BNS_DRAFT_COMMANDS_DENY, line, *entry, what) &&
            **entry == '{')
            bns_draft_record_exec(reader->draft);
}

static bool
is_one_of(const char *word, const char *const *words)
{
    return g_strv_contains(words, word);
}

static void
read_rule(const Reader *reader, unsigned line, const char *text, bool is_allow)
{
    static const char *const paths[] = { "Read",      "Edit",         "Write",
                                         "MultiEdit", "NotebookEdit", NULL };
    g_auto(BnsClaudeRule) rule = { 0 };

    if (!bns_claude_rule_parse(text, &rule))
        bns_draft_lose(reader->draft, line,
                       is_allow ? BNS_LOSS_NARROWER : BNS_LOSS_WIDER,
                       "%s \"%s\" (no rule)", is_allow ? "allow" : "deny", text);
    else if (strcmp(rule.tool, "WebFetch") == 0)
        read_web(reader, line, &rule, is_allow);
    else if (is_one_of(rule.tool, paths))
        read_path(reader, line, &rule, is_allow);
    else if (!is_allow && strcmp(rule.tool, "Bash") == 0)
        deny_command(reader, line, &rule);
    else if (!is_allow)
        bns_draft_lose(reader->draft, line, BNS_LOSS_WIDER,
                       "deny \"%s\" (a tool of the agent itself)", text);
}

static bool
read_rules(const Reader *reader,
           const BnsYaml *permissions,
           const char *key,
           GError **error)
{
    const BnsYaml *list;

    if (!bns_import_get_kind(reader->draft, permissions, key, BNS_YAML_SEQUENCE, &list,
                             error))
        return false;
    for (guint i = 0; list != NULL && i < list->children->len; i++) {
        const BnsYaml *item = list->children->pdata[i];

        if (item->kind != BNS_YAML_SCALAR || item->type != BNS_YAML_STRING)
            return bns_yaml_fail(error, bns_draft_file(reader->draft), item,
                                 "permissions.%s: must be a list of strings", key);
        if (strcmp(key, "ask") == 0)
            bns_draft_lose(reader->draft, item->line, BNS_LOSS_WIDER,
                           "ask \"%s\" (nothing is asked here)", item->text);
        else
            read_rule(reader, item->line, item->text, strcmp(key, "allow") == 0);
    }
    return true;
}

static bool
read_mode(BnsDraft *draft, const BnsYaml *value, GError **error)
{
    static const char *const stricter[] = { "plan", "dontAsk", NULL };

    if (value->kind != BNS_YAML_SCALAR)
        return bns_yaml_fail(error, bns_draft_file(draft), value,
                             "defaultMode: must be a word");
    if (is_one_of(value->text, stricter))
        bns_draft_lose(draft, value->line, BNS_LOSS_WIDER,
                       "permissions.defaultMode: %s", value->text);
    return true;
}

static bool
read_permissions(const Reader *reader, const BnsYaml *permissions, GError **error)
{
    static const BnsImportKey keys[] = {
        { "allow", NULL, NULL, 0 },
        { "deny", NULL, NULL, 0 },
        { "ask", NULL, NULL, 0 },
        { "additionalDirectories", NULL, NULL, 0 },
        { "defaultMode", read_mode, NULL, 0 },
        { "disableBypassPermissionsMode", NULL, NULL, 0 },
        { "disableAutoMode", NULL, NULL, 0 },
        { NULL, NULL, NULL, 0 },
    };

    return bns_import_keys(reader->draft, permissions, "permissions", keys, error) &&
           bns_import_files_read(reader->files, reader->draft, BNS_DRAFT_WRITE,
                                 bns_import_get(permissions, "additionalDirectories"),
                                 "additionalDirectories", error) &&
           read_rules(reader, permissions, "allow", error) &&
           read_rules(reader, permissions, "deny", error) &&
           read_rules(reader, permissions, "ask", error);
}

static bool
read_sandbox(const Reader *reader, const BnsYaml *sandbox, GError **error)
{
    static const BnsImportKey keys[] = {
        { "enabled", NULL, NULL, 0 },
        { "network", NULL, NULL, 0 },
        { "filesystem", NULL, NULL, 0 },
        { "credentials", NULL, NULL, 0 },
        /* It fails in any case, and never asks. */
        { "failIfUnavailable", NULL, NULL, 0 },
        { "autoAllowBashIfSandboxed", NULL, NULL, 0 },
        { "ignoreViolations", NULL, NULL, 0 },
        { "ripgrep", NULL, NULL, 0 },
        { "bwrapPath", NULL, NULL, 0 },
        { "socatPath", NULL, NULL, 0 },
        { "enabledPlatforms", NULL, NULL, 0 },
        { "excludedCommands", NULL, " (no command runs outside)", BNS_LOSS_NARROWER },
        { "allowUnsandboxedCommands", NULL, " (no command runs outside)",
          BNS_LOSS_NARROWER },
        { "enableWeakerNestedSandbox", NULL, "", BNS_LOSS_NARROWER },
        { "enableWeakerNetworkIsolation", NULL, "", BNS_LOSS_NARROWER },
        { "allowAppleEvents", NULL, "", BNS_LOSS_NARROWER },
        { NULL, NULL, NULL, 0 },
    };
    BnsDraft *draft = reader->draft;
    const BnsYaml *enabled = bns_import_get(sandbox, "enabled");
    const BnsYaml *network;
    const BnsYaml *filesystem;
    const BnsYaml *credentials;

    if (enabled != NULL && !reader->is_sandboxed)
        bns_draft_lose(draft, enabled->line, BNS_LOSS_NARROWER,
                       "sandbox.enabled: off (here nothing runs without one)");
    return bns_import_get_kind(draft, sandbox, "network", BNS_YAML_MAPPING, &network,
                               error) &&
           bns_import_get_kind(draft, sandbox, "filesystem", BNS_YAML_MAPPING,
                               &filesystem, error) &&
           bns_import_get_kind(draft, sandbox, "credentials", BNS_YAML_MAPPING,
                               &credentials, error) &&
           bns_import_keys(draft, sandbox, "sandbox", keys, error) &&
           bns_import_sandbox_network(draft, network, "sandbox.network", error) &&
           bns_import_sandbox_files(draft, reader->files, filesystem,
                                    "sandbox.filesystem", error) &&
           (credentials == NULL ||
            bns_import_credentials(draft, reader->files, credentials, error));
}

bool
bns_import_claude(BnsDraft *draft, const char *bytes, size_t len, GError **error)
{
    g_autoptr(BnsYaml) root = bns_json_tree(bns_draft_file(draft), bytes, len, error);
    g_autoptr(BnsImportFiles) files = bns_import_files_new();
    Reader reader = { draft, files, false };
    const BnsYaml *permissions;
    const BnsYaml *sandbox;

    if (root == NULL)
        return false;
    if (root->kind != BNS_YAML_MAPPING)
        return bns_yaml_fail(error, bns_draft_file(draft), root,
                             "settings are an object with keys");
    if (!bns_import_get_kind(draft, root, "permissions", BNS_YAML_MAPPING, &permissions,
                             error) ||
        !bns_import_get_kind(draft, root, "sandbox", BNS_YAML_MAPPING, &sandbox, error))
        return false;
    reader.is_sandboxed = bns_import_is_true(sandbox, "enabled");
    return read_permissions(&reader, permissions, error) &&
           read_sandbox(&reader, sandbox, error) &&
           bns_import_files_finish(files, draft, true, error);
}
