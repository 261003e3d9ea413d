/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies and questions in a line each.
 */
#pragma once

#include "policy/policy_private.h"

#include <string.h>

/* Returns: (transfer full): the policy of @yaml, which must be valid. */
static inline BnsPolicy *
policy_from(const char *yaml)
{
    GError *error = NULL;
    BnsPolicy *policy = bns_policy_parse("/p.yaml", yaml, strlen(yaml), &error);

    g_assert_no_error(error);
    return policy;
}

/* Returns: (transfer full): the policy of rules as options have them, which must be
 * valid; "!" before a rule makes it a deny. */
static inline BnsPolicy *
policy_of(const char *const *rules)
{
    g_autoptr(GPtrArray) allow = g_ptr_array_new();
    g_autoptr(GPtrArray) deny = g_ptr_array_new();
    BnsPolicySource source = { 0 };
    GError *error = NULL;
    BnsPolicy *policy;

    for (; *rules != NULL; rules++)
        if (**rules == '!')
            g_ptr_array_add(deny, g_strdup(*rules + 1));
        else
            g_ptr_array_add(allow, g_strdup(*rules));
    g_ptr_array_add(allow, NULL);
    g_ptr_array_add(deny, NULL);
    source.allow = (GStrv)allow->pdata;
    source.deny = (GStrv)deny->pdata;
    policy = bns_policy_load(&source, NULL, &error);
    g_assert_no_error(error);
    g_ptr_array_foreach(allow, (GFunc)(void (*)(void))g_free, NULL);
    g_ptr_array_foreach(deny, (GFunc)(void (*)(void))g_free, NULL);
    return policy;
}

/* "METHOD SCHEME://HOST:PORT/PATH", or "tcp://HOST:PORT", "tls://HOST:PORT"; all parts
 * must be there. */
typedef struct {
    BnsRequest request;
    char *host; /* owned, as below */
    char *method;
    char *path;
    BnsRequestHeader header; /* see question_point() */
    BnsRequestField fields[3];
} Question;

/* After the question has been copied for the last time: its header is in it. */
static inline void
question_point(Question *question)
{
    question->header.fields = question->fields;
    question->request.header = &question->header;
}

static inline void
question_clear(Question *question)
{
    g_free(question->host);
    g_free(question->method);
    g_free(question->path);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Question, question_clear)

static inline Question
question_from(const char *text)
{
    Question q = { 0 };
    const char *space = strchr(text, ' ');
    const char *scheme = space != NULL ? space + 1 : text;
    const char *authority = strstr(scheme, "://") + 3;
    const char *slash = strchrnul(authority, '/');
    const char *colon = memrchr(authority, ':', (size_t)(slash - authority));
    bool is_ipv6 = *authority == '[';

    q.request.scheme = g_str_has_prefix(scheme, "https")  ? BNS_SCHEME_HTTPS
                       : g_str_has_prefix(scheme, "http") ? BNS_SCHEME_HTTP
                       : g_str_has_prefix(scheme, "tls")  ? BNS_SCHEME_TLS
                                                          : BNS_SCHEME_TCP;
    q.request.port = (uint16_t)g_ascii_strtoull(colon + 1, NULL, 10);
    q.host = g_strndup(authority + is_ipv6, (size_t)(colon - authority) - 2 * is_ipv6);
    if (space != NULL) {
        q.method = g_strndup(text, (size_t)(space - text));
        q.path = g_strdup(slash);
    }
    q.request.host = q.host;
    q.request.method = q.method;
    q.request.path = q.path;
    return q;
}

/* Returns: (transfer full): the policy of @yaml below the system policy @system, whose file is
 * "/s.yaml", or %NULL with @error. */
static inline BnsPolicy *
policy_below(const char *system, const char *yaml, GError **error)
{
    g_autoptr(BnsPolicy) ceiling =
        bns_policy_parse("/s.yaml", system, strlen(system), error);
    g_autoptr(BnsPolicy) policy =
        ceiling != NULL ? bns_policy_parse("/p.yaml", yaml, strlen(yaml), error) : NULL;

    if (policy == NULL ||
        !bns_policy_set_ceiling(policy, g_steal_pointer(&ceiling), error))
        return NULL;
    return g_steal_pointer(&policy);
}

/* Returns: (transfer full): the same, which must be valid. @system: NULL: there is none. */
static inline BnsPolicy *
policy_in_layers(const char *system, const char *yaml)
{
    GError *error = NULL;
    BnsPolicy *policy =
        system != NULL ? policy_below(system, yaml, &error) : policy_from(yaml);

    g_assert_no_error(error);
    return policy;
}

/* What two layers say to a question. */
typedef struct {
    const char *name;
    const char *system;
    const char *yaml;
    const char *question;
    BnsVerdict verdict;
    const char *rule;
    const char *reason; /* NULL: not looked at */
    bool is_ceiling;
} LayerRow;

/* A test of the LayerRow @data. */
static inline void
policy_check_row(const void *data)
{
    const LayerRow *row = data;
    g_autoptr(BnsPolicy) policy = policy_in_layers(row->system, row->yaml);
    g_auto(Question) q = question_from(row->question);
    BnsDecision decision = bns_policy_decide(policy, &q.request);

    g_assert_cmpint(decision.verdict, ==, row->verdict);
    g_assert_cmpint(bns_decision_passes(&decision), ==,
                    row->verdict != BNS_VERDICT_DENY);
    g_assert_cmpstr(decision.rule, ==, row->rule);
    g_assert_cmpint(decision.is_ceiling, ==, row->is_ceiling);
    if (row->reason != NULL)
        g_assert_cmpstr(decision.reason, ==, row->reason);
}
