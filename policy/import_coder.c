/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coder/boundary's config.yaml. Its rules are read here as they are; what a rule of it
 * means less than there is what its reader has a notice for.
 */
#include "base/text.h"
#include "policy/import_private.h"
#include "policy/policy.h"
#include "policy/rule.h"
#include "policy/text_reader.h"

#include <string.h>

static void
add_rule(BnsDraft *draft, unsigned line, const char *text)
{
    g_autofree char *what = g_strdup_printf("allowlist: \"%s\"", text);
    g_autoptr(GPtrArray) notices = g_ptr_array_new_with_free_func(g_free);

    /* For its notices; what is wrong with it the draft says. */
    bns_rule_free(bns_rule_parse(BNS_VERDICT_ALLOW, "rule", text, notices, NULL));
    if (bns_draft_add_text(draft, BNS_DRAFT_ALLOW, line, text, what))
        for (guint i = 0; i < notices->len; i++)
            bns_draft_lose(draft, line, BNS_LOSS_NARROWER, "%s (%s)", what,
                           (const char *)notices->pdata[i] + strlen("rule: "));
}

static bool
read_allowlist(BnsDraft *draft, const BnsYaml *value, GError **error)
{
    if (value->kind == BNS_YAML_SCALAR && value->type == BNS_YAML_NULL)
        return true;
    return bns_import_strings(draft, value, "allowlist", add_rule, error);
}

static bool
read_log_level(BnsDraft *draft, const BnsYaml *value, GError **error)
{
    static const char *const levels[] = { "error", "warn", "info", "debug" };

    for (size_t i = 0; i < G_N_ELEMENTS(levels); i++)
        if (value->kind == BNS_YAML_SCALAR &&
            g_ascii_strcasecmp(value->text, levels[i]) == 0) {
            bns_draft_set_log_level(draft, levels[i]);
            return true;
        }
    return bns_yaml_fail(error, bns_draft_file(draft), value,
                         "log_level: must be error, warn, info or debug");
}

bool
bns_import_coder(BnsDraft *draft, const char *bytes, size_t len, GError **error)
{
    static const BnsImportKey keys[] = {
        { "allowlist", read_allowlist, NULL, 0 },
        { "log_level", read_log_level, NULL, 0 },
        /* How it does it, and not what it allows. */
        { "log_dir", NULL, NULL, 0 },
        { "proxy_port", NULL, NULL, 0 },
        { "pprof_enabled", NULL, NULL, 0 },
        { "pprof_port", NULL, NULL, 0 },
        { "jail_type", NULL, NULL, 0 },
        { "no_user_namespace", NULL, NULL, 0 },
        { "disable_audit_logs", NULL, NULL, 0 },
        { "use_real_dns", NULL, " (names are answered by the sandbox's own resolver)",
          BNS_LOSS_NARROWER },
        { "session_correlation_enabled", NULL,
          " (write it, and session_id_inject_targets, into the policy)",
          BNS_LOSS_NARROWER },
        { "session_id_inject_targets", NULL, NULL, 0 },
        { NULL, NULL, NULL, 0 },
    };
    g_autoptr(BnsYaml) root = NULL;
    const BnsYaml top = { .line = 1, .column = 1 };

    if (len > BNS_TEXT_BYTES_MAX)
        return bns_yaml_fail(error, bns_draft_file(draft), &top, "larger than 1 MiB");
    root = bns_yaml_parse(bns_draft_file(draft), bytes, len, error);
    if (root == NULL)
        return false;
    if (root->kind != BNS_YAML_MAPPING)
        return bns_yaml_fail(error, bns_draft_file(draft), root,
                             "a configuration is a mapping of keys");
    return bns_import_keys(draft, root, "", keys, error);
}
