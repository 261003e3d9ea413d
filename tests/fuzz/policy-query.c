/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A query by many rules: an allow rule never matches where the same as a deny rule does
 * not, of "is there" and "is not there" an allow rule has one at most, a deny rule one at
 * least, and what is named as the reason is one.
 */
#include "policy/policy.h"
#include "policy/query.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static const char *const names[] = { "a", "page", "x y", "a[]", "=" };
static const char *const globs[] = { "*", "1*", "a b", "*a*b*", "\\*", "" };

/* Returns: (transfer full): { NAME: VALUE }, and "*": false. */
static GPtrArray *
rule(const char *name, const char *value, bool is_closed)
{
    g_autofree char *yaml =
        g_strdup_printf("{ '%s': %s%s }", name, value, is_closed ? ", '*': false" : "");
    g_autoptr(BnsYaml) node = bns_yaml_parse("/p", yaml, strlen(yaml), NULL);
    GPtrArray *expectations = bns_query_read("/p", node, NULL);

    g_assert_nonnull(expectations);
    return expectations;
}

static bool
check(const char *name, const char *value, bool is_closed, const char *query)
{
    g_autoptr(GPtrArray) expectations = rule(name, value, is_closed);
    bool allow = bns_query_matches(expectations, query, false);
    bool deny = bns_query_matches(expectations, query, true);
    const char *miss = bns_query_find_miss(expectations, query);

    g_assert_true(deny || !allow);
    if (bns_query_is_clear(query))
        g_assert_true((miss == NULL) == allow);
    else
        g_assert_true(deny && !allow && miss == NULL);
    return allow;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *query = g_strndup(size > 0 ? (const char *)data : "", size);

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        bool is_there = check(names[i], "true", false, query);

        g_assert_false(is_there && check(names[i], "false", false, query));
        g_assert_true(is_there || !check(names[i], "true", true, query));
        for (size_t j = 0; j < G_N_ELEMENTS(globs); j++) {
            g_autofree char *value = g_strdup_printf("'%s'", globs[j]);

            g_assert_true(!check(names[i], value, false, query) || is_there);
        }
    }
    return 0;
}
