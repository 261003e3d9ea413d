/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Explaining a decision to a person: the rule that decided, or the rules that almost
 * did, each with the part that did not fit and what would.
 */
#include "base/text.h"
#include "policy/policy_private.h"
#include "policy/size.h"

#include <string.h>

/* More than a few are no help. */
#define NEAR_MISSES_MAX 5

typedef struct {
    const BnsRule *rule;
    BnsMiss miss;
} NearMiss;

static void
append_rule(GString *text, const BnsRule *rule)
{
    g_autofree char *origin = bns_text_escape(rule->origin, -1);
    g_autofree char *form = bns_rule_to_string(rule);

    g_string_append_printf(text, "%s (%s)", origin, form);
}

static const BnsRule *
find_rule_in(const BnsPolicy *layer, const char *origin)
{
    for (guint i = 0; i < layer->rules->len; i++) {
        const BnsRule *rule = layer->rules->pdata[i];

        if (rule->origin == origin)
            return rule;
    }
    return NULL;
}

static const BnsRule *
find_rule(const BnsPolicy *policy, const char *origin)
{
    const BnsRule *rule = find_rule_in(policy, origin);

    return rule == NULL && policy->ceiling != NULL
               ? find_rule_in(policy->ceiling, origin)
               : rule;
}

static unsigned
count_segments(const char *path)
{
    unsigned n = 0;

    for (; *path != '\0'; path++)
        n += *path == '/';
    return n;
}

static void
append_path_miss(GString *text, const BnsRule *rule, const BnsReadings *readings)
{
    const char *received = bns_readings_get(readings, 0);
    g_autofree char *shown_path = bns_text_escape(received, -1);
    g_autofree char *shown_reading = NULL;
    guint i = 0;

    while (bns_rule_matches_reading(rule, bns_readings_get(readings, i)))
        i++;
    if (i == 0) {
        g_string_append_printf(text, "the path %s does not match", shown_path);
        return;
    }
    shown_reading = bns_text_escape(bns_readings_get(readings, i), -1);
    g_string_append_printf(text,
                           "the path %s can also be read as %s, which does not match",
                           shown_path, shown_reading);
    if (count_segments(bns_readings_get(readings, i)) > count_segments(received))
        g_string_append(text, " (** in a rule stands for any number of segments)");
}

/* What about @host makes a person expect that @pattern matches it, or NULL. */
static const char *
explain_host_miss(const BnsHostPattern *pattern, const char *host)
{
    size_t len = strlen(host);
    size_t name_len = pattern->name != NULL ? strlen(pattern->name) : 0;

    if (pattern->kind == BNS_HOST_PATTERN_BELOW && strcmp(pattern->name, host) == 0)
        return "it is for what is below the name, not for the name itself";
    if (pattern->kind == BNS_HOST_PATTERN_EXACT && !pattern->is_literal &&
        len > name_len && host[len - name_len - 1] == '.' &&
        strcmp(host + len - name_len, pattern->name) == 0)
        return "it is for that name alone, not for what is below it";
    return NULL;
}

static const char *
find_host_miss(const BnsRule *rule, const char *host)
{
    const char *why = NULL;

    for (guint i = 0; i < rule->hosts->len && why == NULL; i++)
        why = explain_host_miss(&g_array_index(rule->hosts, BnsHostPattern, i), host);
    return why;
}

static bool
matches_host(const BnsRule *rule, const char *host)
{
    BnsAddress address;
    const BnsAddress *literal = bns_address_parse(host, &address) ? &address : NULL;

    for (guint i = 0; i < rule->hosts->len; i++)
        if (bns_host_pattern_matches(&g_array_index(rule->hosts, BnsHostPattern, i),
                                     host, literal))
            return true;
    return false;
}

static void
append_miss(GString *text,
            const NearMiss *near,
            const BnsRequest *request,
            const BnsReadings *readings)
{
    g_autofree char *method = bns_text_escape(request->method, -1);

    g_string_append(text, "  ");
    append_rule(text, near->rule);
    g_string_append(text, ": ");
    switch (near->miss) {
    case BNS_MISS_HOST:
        g_string_append(text, find_host_miss(near->rule, request->host));
        break;
    case BNS_MISS_SCHEME:
        g_string_append_printf(text, "it is not for %s",
                               bns_scheme_name(request->scheme));
        break;
    case BNS_MISS_PORT:
        g_string_append_printf(text, "port %u is not one of its ports", request->port);
        break;
    case BNS_MISS_UNSEEN:
        g_string_append(text, "it has methods or a path, which a sealed flow hides");
        break;
    case BNS_MISS_METHOD:
        g_string_append_printf(text, "%s is not one of its methods", method);
        break;
    case BNS_MISS_PATH:
        append_path_miss(text, near->rule, readings);
        break;
    case BNS_MISS_QUERY:
    case BNS_MISS_HEADERS:
    case BNS_MISS_CONTENT_TYPE:
        bns_conditions_explain(text, near->rule->conditions,
                               (BnsCondition)(near->miss - BNS_MISS_QUERY),
                               (BnsConditionFacts){ request->query, request->header });
        break;
    case BNS_MISS_NOTHING:
    default:
        g_string_append(text, "it matches");
    }
    g_string_append_c(text, '\n');
}

static int
compare_misses(const void *a, const void *b)
{
    const NearMiss *near_a = a;
    const NearMiss *near_b = b;

    if (near_a->miss != near_b->miss)
        return near_a->miss > near_b->miss ? -1 : 1;
    return near_a->rule->number < near_b->rule->number ? -1 : 1;
}

static void
append_near_misses(GString *text,
                   const BnsPolicy *policy,
                   const BnsRequest *request,
                   const BnsReadings *readings)
{
    g_autoptr(GArray) near = g_array_new(FALSE, FALSE, sizeof(NearMiss));

    for (guint i = 0; i < policy->rules->len; i++) {
        NearMiss miss = { policy->rules->pdata[i], BNS_MISS_HOST };

        if (miss.rule->verdict != BNS_VERDICT_ALLOW)
            continue;
        if (matches_host(miss.rule, request->host))
            miss.miss = bns_rule_compare(miss.rule, request, readings);
        else if (find_host_miss(miss.rule, request->host) == NULL)
            continue;
        g_array_append_val(near, miss);
    }
    g_array_sort(near, compare_misses);
    if (near->len > 0)
        g_string_append(text, "Rules that come near:\n");
    for (guint i = 0; i < MIN(near->len, NEAR_MISSES_MAX); i++)
        append_miss(text, &g_array_index(near, NearMiss, i), request, readings);
}

static void
append_suggestion(GString *text, const BnsRequest *request)
{
    g_autofree char *rule = bns_policy_suggest(
        request->scheme, request->host, request->port, request->method, request->path);
    g_autofree char *quoted = bns_text_shell_quote(rule);

    g_string_append_printf(text, "This would allow it: --allow %s\n", quoted);
}

static void
append_request(GString *text, const BnsRequest *request)
{
    g_autofree char *method = bns_text_escape(request->method, -1);
    g_autofree char *path = bns_text_escape(request->path, -1);

    if (request->scheme == BNS_SCHEME_TLS)
        g_string_append_printf(text,
                               "Asked: TLS to %s, port %u, which is sealed (inspect: "
                               "false): its name is checked, and nothing inside\n",
                               request->host, request->port);
    else if (request->scheme == BNS_SCHEME_TCP)
        g_string_append_printf(text, "Asked: an opaque flow to %s, port %u\n",
                               request->host, request->port);
    else
        g_string_append_printf(text, "Asked: %s %s by %s at %s, port %u\n", method,
                               path, bns_scheme_name(request->scheme), request->host,
                               request->port);
}

/* Returns: whether no rule is asked, since such a request is malformed. */
static bool
append_malformed(GString *text, const BnsRequest *request)
{
    const char *refusal = NULL;

    if (request->path != NULL)
        refusal = bns_path_check(request->path, strlen(request->path));
    if (refusal != NULL)
        g_string_append_printf(text, "It is answered with 400: %s.\n", refusal);
    return refusal != NULL;
}

static void
append_kind(GString *text, const BnsPolicy *policy, const BnsRequest *request)
{
    const char *host = request->host;
    uint16_t port = request->port;

    if (request->scheme != BNS_SCHEME_TCP &&
        bns_policy_has_kind(policy, BNS_SCHEME_TCP, host, port))
        g_string_append(
            text, "A tcp rule names this host and port: nothing is read of such a "
                  "flow, and no rule about requests applies.\n");
    if (request->scheme != BNS_SCHEME_TLS && bns_policy_is_sealed(policy, host, port))
        g_string_append(text, "A rule with inspect: false names this host and port: "
                              "only TLS with that name passes.\n");
}

/* What could be asked for. */
static void
append_help(GString *text,
            const BnsPolicy *policy,
            const BnsRequest *request,
            const BnsDecision *denied)
{
    const BnsDecision allowed = { .verdict = BNS_VERDICT_ALLOW,
                                  .lifts_guard = denied->lifts_guard };
    BnsDecision guarded;

    if (denied->is_ceiling) {
        g_string_append(text, "No rule of yours can allow it: ask whoever "
                              "keeps " BNS_POLICY_SYSTEM_DIR ".\n");
        return;
    }
    if (denied->is_conditional) {
        g_string_append(text,
                        "A rule without those conditions would allow more: change "
                        "them, or add a rule with its own.\n");
        return;
    }
    /* Beside a sealed rule another for the same port would make no policy. */
    if (bns_policy_is_sealed(policy, request->host, request->port))
        return;
    append_suggestion(text, request);
    guarded = bns_policy_decide_literal(policy, &allowed, request);
    if (guarded.verdict != BNS_VERDICT_ALLOW)
        g_string_append_printf(text, "That alone is not enough: %s.\n", guarded.reason);
}

/* Where the policy observes it passes. */
static const char *
name_denial(const BnsDecision *denied)
{
    return denied->verdict == BNS_VERDICT_WOULD_DENY ? "Passes, and would be denied"
                                                     : "Denied";
}

static void
append_denied(GString *text,
              const BnsPolicy *policy,
              const BnsRequest *request,
              const BnsDecision *denied)
{
    g_auto(BnsReadings) readings = { 0 };

    g_string_append_printf(text, "%s: %s.\n", name_denial(denied), denied->reason);
    if (bns_policy_is_reserved(policy, request->host, request->port))
        return;
    bns_readings_init(&readings, request->path != NULL ? request->path : "/");
    append_near_misses(text, denied->is_ceiling ? policy->ceiling : policy, request,
                       &readings);
    append_help(text, policy, request, denied);
}

/* What @layer says by itself. */
static void
append_layer(GString *text,
             const char *name,
             const BnsPolicy *layer,
             const BnsRequest *request)
{
    g_auto(BnsReadings) readings = { 0 };
    bool is_request = request->path != NULL;
    BnsDecision decision;

    if (is_request)
        bns_readings_init(&readings, request->path);
    decision = bns_policy_decide_layer(layer, request, is_request ? &readings : NULL);
    g_string_append_printf(text, "%s: %s", name, bns_verdict_name(decision.verdict));
    if (decision.rule != NULL) {
        g_string_append(text, " by ");
        append_rule(text, find_rule_in(layer, decision.rule));
    } else {
        g_string_append_printf(text, ", %s", decision.reason);
    }
    g_string_append_c(text, '\n');
}

static void
append_layers(GString *text, const BnsPolicy *policy, const BnsRequest *request)
{
    if (policy->ceiling == NULL ||
        bns_policy_is_reserved(policy, request->host, request->port))
        return;
    append_layer(text, "The system policy", policy->ceiling, request);
    append_layer(text, "The policy below it", policy, request);
}

/* What is allowed, and no more of it. */
static void
append_caps(GString *text, const BnsDecision *decision)
{
    static const char *const meanings[] = {
        [BNS_CAP_REQUEST] = "the request's body may have",
        [BNS_CAP_SESSION] = "the session may send to this host",
    };
    G_STATIC_ASSERT(G_N_ELEMENTS(meanings) == BNS_N_CAPS);

    for (BnsCapKind kind = 0; kind < BNS_N_CAPS; kind++) {
        const BnsCap *cap = &decision->caps[kind];
        g_autofree char *size = bns_size_to_string(cap->bytes);
        g_autofree char *origin = bns_text_escape(cap->rule, -1);

        if (cap->is_set)
            g_string_append_printf(text, "But %s no more than %s: %s of %s\n",
                                   meanings[kind], size, bns_cap_key(kind), origin);
    }
}

static void
append_decision(GString *text, const BnsPolicy *policy, const BnsRequest *request)
{
    BnsDecision decision = bns_policy_decide(policy, request);
    BnsDecision dialled = bns_policy_decide_literal(policy, &decision, request);

    append_layers(text, policy, request);
    if (decision.rule == NULL) {
        append_denied(text, policy, request, &decision);
    } else {
        g_string_append_printf(
            text, "%s by ",
            decision.verdict == BNS_VERDICT_ALLOW ? "Allowed" : name_denial(&decision));
        append_rule(text, find_rule(policy, decision.rule));
        g_string_append_c(text, '\n');
        append_caps(text, &decision);
    }
    if (bns_decision_passes(&decision) && !bns_decision_passes(&dialled))
        g_string_append_printf(text, "But it is refused: %s.\n", dialled.reason);
}

char *
bns_policy_explain(const BnsPolicy *policy, const BnsRequest *request)
{
    GString *text = g_string_new(NULL);

    append_request(text, request);
    if (!append_malformed(text, request)) {
        append_kind(text, policy, request);
        append_decision(text, policy, request);
    }
    return g_string_free(text, FALSE);
}
