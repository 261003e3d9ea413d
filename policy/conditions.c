/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/conditions.h"
#include "base/text.h"

#include <string.h>

static const BnsRequestHeader no_header = { 0 };

const char *
bns_condition_key(BnsCondition condition)
{
    static const char *const keys[] = {
        [BNS_CONDITION_QUERY] = "query",
        [BNS_CONDITION_HEADERS] = "headers",
        [BNS_CONDITION_CONTENT_TYPE] = "content_type",
    };
    G_STATIC_ASSERT(G_N_ELEMENTS(keys) == BNS_N_CONDITIONS);

    return keys[condition];
}

void
bns_conditions_free(BnsConditions *conditions)
{
    if (conditions == NULL)
        return;
    g_clear_pointer(&conditions->query, g_ptr_array_unref);
    g_clear_pointer(&conditions->headers, g_ptr_array_unref);
    g_clear_pointer(&conditions->content_type, g_ptr_array_unref);
    g_free(conditions);
}

bool
bns_conditions_read(BnsConditions *conditions,
                    BnsCondition condition,
                    const char *file,
                    const BnsYaml *value,
                    GError **error)
{
    switch (condition) {
    case BNS_CONDITION_QUERY:
        conditions->query = bns_query_read(file, value, error);
        return conditions->query != NULL;
    case BNS_CONDITION_HEADERS:
        conditions->headers = bns_headers_read(file, value, error);
        return conditions->headers != NULL;
    case BNS_CONDITION_CONTENT_TYPE:
        conditions->content_type = bns_content_type_read(file, value, error);
        return conditions->content_type != NULL;
    case BNS_N_CONDITIONS:
    default:
        g_return_val_if_reached(false);
    }
}

BnsCondition
bns_conditions_compare(const BnsConditions *conditions,
                       BnsConditionFacts facts,
                       bool is_deny)
{
    const BnsRequestHeader *header = facts.header != NULL ? facts.header : &no_header;

    if (conditions->query != NULL &&
        !bns_query_matches(conditions->query, facts.query, is_deny))
        return BNS_CONDITION_QUERY;
    if (conditions->headers != NULL &&
        !bns_headers_match(conditions->headers, header, is_deny))
        return BNS_CONDITION_HEADERS;
    if (conditions->content_type != NULL &&
        !bns_content_type_matches(conditions->content_type, header, is_deny))
        return BNS_CONDITION_CONTENT_TYPE;
    return BNS_N_CONDITIONS;
}

static void
append_types(GString *text, const GPtrArray *types)
{
    g_string_append_printf(text, ", %s: [",
                           bns_condition_key(BNS_CONDITION_CONTENT_TYPE));
    for (guint i = 0; i < types->len; i++) {
        g_autofree char *quoted = bns_yaml_quote(types->pdata[i]);

        g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", quoted);
    }
    g_string_append_c(text, ']');
}

void
bns_conditions_append(GString *text, const BnsConditions *conditions)
{
    if (conditions->query != NULL)
        bns_expectations_append(text, bns_condition_key(BNS_CONDITION_QUERY),
                                conditions->query);
    if (conditions->headers != NULL)
        bns_expectations_append(text, bns_condition_key(BNS_CONDITION_HEADERS),
                                conditions->headers);
    if (conditions->content_type != NULL)
        append_types(text, conditions->content_type);
}

static void
explain_query(GString *text, const GPtrArray *expectations, const char *query)
{
    const char *name = bns_query_find_miss(expectations, query);

    if (name == NULL)
        g_string_append(text, "the query cannot be read in one way only");
    else if (strcmp(name, BNS_QUERY_OTHERS) == 0)
        g_string_append(text, "the query has a parameter that the rule does not name");
    else
        g_string_append_printf(text, "the query's %s is not as the rule says", name);
}

void
bns_conditions_explain(GString *text,
                       const BnsConditions *conditions,
                       BnsCondition missed,
                       BnsConditionFacts facts)
{
    const BnsRequestHeader *header = facts.header != NULL ? facts.header : &no_header;

    switch (missed) {
    case BNS_CONDITION_QUERY:
        explain_query(text, conditions->query, facts.query);
        break;
    case BNS_CONDITION_HEADERS:
        g_string_append_printf(text, "the header's %s is not as the rule says",
                               bns_headers_find_miss(conditions->headers, header));
        break;
    case BNS_CONDITION_CONTENT_TYPE:
        g_string_append(text, "the Content-Type is not one of its types");
        break;
    case BNS_N_CONDITIONS:
    default:
        break;
    }
}
