/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy_private.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

/* What was accepted reads again from the form that `check` shows. */
static void
assert_stable(const BnsRule *rule)
{
    g_autofree char *form = bns_rule_to_string(rule);
    g_autofree char *again_form = NULL;
    g_autoptr(BnsRule) again = NULL;

    g_assert_true(g_str_is_ascii(form));
    if (*form == '{')
        return;
    again = bns_rule_parse(rule->verdict, "again", form, NULL, NULL);
    g_assert_nonnull(again);
    again_form = bns_rule_to_string(again);
    g_assert_cmpstr(again_form, ==, form);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup(size > 0 ? (const char *)data : "", size);

    for (BnsVerdict verdict = 0; verdict < BNS_N_VERDICTS; verdict++) {
        g_autoptr(GPtrArray) notices = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(GError) error = NULL;
        g_autoptr(BnsRule) rule = bns_rule_parse(verdict, "x", text, notices, &error);

        g_assert_true((rule == NULL) == (error != NULL));
        if (rule != NULL)
            assert_stable(rule);
        else
            g_assert_true(g_str_is_ascii(error->message));
    }
    return 0;
}
