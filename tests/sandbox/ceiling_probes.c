/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sandbox/ceiling_probes.h"
#include "tests/policy/policies.h"

#include <arpa/inet.h>

bool
probe_allows(const Subject *subject, const char *what)
{
    g_auto(Question) q = question_from(what);

    return bns_policy_decide(subject->policy, &q.request).verdict == BNS_VERDICT_ALLOW;
}

bool
probe_lets_pass(const Subject *subject, const char *what)
{
    g_auto(Question) q = question_from(what);
    BnsDecision decision = bns_policy_decide(subject->policy, &q.request);

    return bns_decision_passes(&decision);
}

static BnsRequest
post(void)
{
    return (BnsRequest){ .scheme = BNS_SCHEME_HTTPS,
                         .host = "x.org",
                         .port = 443,
                         .method = "POST",
                         .path = "/",
                         .query = "a=1" };
}

bool
probe_allows_field(const Subject *subject, const char *what)
{
    const BnsRequestField fields[] = { { "x-a", 3, what, strlen(what) },
                                       { "content-type", 12, what, strlen(what) } };
    const BnsRequestHeader header = { .fields = fields,
                                      .n_fields = G_N_ELEMENTS(fields),
                                      .has_body = true };
    BnsRequest request = post();

    request.header = &header;
    return bns_policy_decide(subject->policy, &request).verdict == BNS_VERDICT_ALLOW;
}

bool
probe_allows_query(const Subject *subject, const char *what)
{
    BnsRequest request = post();

    request.query = what;
    return bns_policy_decide(subject->policy, &request).verdict == BNS_VERDICT_ALLOW;
}

bool
probe_lets_bytes_out(const Subject *subject, const char *what)
{
    BnsRequest request = post();
    BnsDecision decision = bns_policy_decide(subject->policy, &request);
    const BnsCap *cap =
        &decision.caps[*what == 'r' ? BNS_CAP_REQUEST : BNS_CAP_SESSION];

    return decision.verdict == BNS_VERDICT_ALLOW && (!cap->is_set || cap->bytes > 10);
}

bool
probe_dials(const Subject *subject, const char *what)
{
    g_auto(Question) q = question_from("GET https://x.org:443/");
    BnsDecision decision = bns_policy_decide(subject->policy, &q.request);
    struct sockaddr_in in = { .sin_family = AF_INET };

    g_assert_cmpint(inet_pton(AF_INET, what, &in.sin_addr), ==, 1);
    return bns_policy_decide_address(subject->policy, &decision, q.request.scheme,
                                     (const struct sockaddr *)&in, 443, false)
               .verdict == BNS_VERDICT_ALLOW;
}

bool
probe_shows_certificate(const Subject *subject, const char *what)
{
    BnsRequest request = post();
    BnsDecision decision = bns_policy_decide(subject->policy, &request);

    return decision.identity != NULL &&
           g_str_has_suffix(decision.identity->key_file, what);
}

bool
probe_has_file(const Subject *subject, const char *what)
{
    return machine_is_so(subject->machine, subject->plan, what[1], what + 3) ==
           (*what == '+');
}

bool
probe_is_written_at_once(const Subject *subject, const char *what)
{
    return bns_policy_file_policy(subject->policy)->review != BNS_FILES_REVIEW_ON;
}

bool
probe_only_reports(const Subject *subject, const char *what)
{
    return bns_policy_file_policy(subject->policy)->on_protected !=
           BNS_ON_PROTECTED_QUARANTINE;
}

bool
probe_exceeds(const Subject *subject, const char *what)
{
    BnsPolicyLimits limits = bns_policy_limits(subject->policy);
    const uint64_t *values = bns_policy_process_limits(subject->policy)->values;
    const char *space = strchr(what, ' ');
    g_autofree char *key = g_strndup(what, (size_t)(space - what));
    uint64_t value = 0;
    const struct {
        const char *key;
        uint64_t value;
    } own[] = {
        { "names", limits.names },
        { "flows", limits.flows },
        { "flow_rate", limits.flow_rate },
        { "idle", limits.idle_s },
        { "audit_size", limits.audit_bytes },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(own); i++)
        if (strcmp(key, own[i].key) == 0)
            value = own[i].value;
    for (BnsProcessLimit i = 0; i < BNS_N_PROCESS_LIMITS; i++)
        if (strcmp(key, bns_limits_name(i)) == 0)
            value = values[i];
    return value == 0 || value > g_ascii_strtoull(space + 1, NULL, 10);
}

bool
probe_is_nested(const Subject *subject, const char *what)
{
    return strcmp(bns_nested_name(bns_policy_nested(subject->policy)), what) == 0;
}

bool
probe_has_clipboard(const Subject *subject, const char *what)
{
    return bns_policy_clipboard(subject->policy);
}

bool
probe_is_turned_off(const Subject *subject, const char *what)
{
    return bns_policy_is_disabled(subject->policy) &&
           bns_policy_forbid(subject->policy, BNS_PERMIT_DISABLE) == NULL;
}

bool
probe_may_execute(const Subject *subject, const char *what)
{
    const BnsCommands *commands = bns_policy_commands(subject->policy);
    const GPtrArray *lists[] = { commands->allow, commands->ceiling };

    for (guint i = 0; i < commands->deny->len; i++) {
        const BnsCommandRule *rule = commands->deny->pdata[i];

        if (strcmp(rule->program, what) == 0)
            return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        bool is_listed = lists[i]->len == 0;

        for (guint j = 0; j < lists[i]->len; j++) {
            const BnsCommandRule *rule = lists[i]->pdata[j];

            is_listed |= strcmp(rule->program, what) == 0;
        }
        if (!is_listed)
            return false;
    }
    return true;
}

bool
probe_is_unrecorded(const Subject *subject, const char *what)
{
    return bns_policy_commands(subject->policy)->record_origin == NULL;
}

bool
probe_inherits(const Subject *subject, const char *what)
{
    return bns_policy_env(subject->policy)->mode != BNS_ENV_MODE_CLEAN;
}

bool
probe_passes(const Subject *subject, const char *what)
{
    const BnsEnv *env = bns_policy_env(subject->policy);
    bool is_passed = false;

    for (guint i = 0; i < env->entries->len; i++) {
        const BnsEnvEntry *entry = env->entries->pdata[i];

        if (bns_env_entry_matches(entry, what))
            is_passed = entry->kind == BNS_ENV_PASS && bns_env_may_pass(env, what);
    }
    return is_passed;
}

bool
probe_sets(const Subject *subject, const char *what)
{
    const BnsEnv *env = bns_policy_env(subject->policy);
    g_auto(GStrv) parts = g_strsplit(what, "=", 2);
    bool is_set = false;

    for (guint i = 0; i < env->entries->len; i++) {
        const BnsEnvEntry *entry = env->entries->pdata[i];

        if (bns_env_entry_matches(entry, parts[0]))
            is_set =
                entry->kind == BNS_ENV_SET && g_strcmp0(entry->value, parts[1]) == 0;
    }
    return is_set;
}
