/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/added_rules.h"

#include "policy/texts.h"

/* Nobody adds so many by hand. */
#define ADDED_MAX 1000

typedef struct {
    unsigned number;
    int64_t expires_us;
} Term;

struct BnsAddedRules {
    GPtrArray *list; /* owned, of owned BnsPolicyAdded */
    GArray *terms;   /* owned, of Term: of each of them */
    unsigned n_ever; /* that were put and not taken back */
};

BnsAddedRules *
bns_added_rules_new(void)
{
    BnsAddedRules *rules = g_new0(BnsAddedRules, 1);

    rules->list = g_ptr_array_new_with_free_func(bns_policy_added_free);
    rules->terms = g_array_new(FALSE, FALSE, sizeof(Term));
    return rules;
}

void
bns_added_rules_free(BnsAddedRules *rules)
{
    if (rules == NULL)
        return;
    g_ptr_array_unref(rules->list);
    g_array_unref(rules->terms);
    g_free(rules);
}

GPtrArray *
bns_added_rules_list(const BnsAddedRules *rules)
{
    return rules->list;
}

static const Term *
term_at(const BnsAddedRules *rules, guint i)
{
    return &g_array_index(rules->terms, Term, i);
}

/* The end in UTC, as in records. */
static char *
name_rule(const Term *term, int64_t now_us)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autoptr(GDateTime) end = NULL;
    g_autofree char *text = NULL;

    if (term->expires_us == BNS_ADDED_NEVER_US)
        return g_strdup_printf("allow#%u", term->number);
    end = g_date_time_add(now, term->expires_us - now_us);
    text = g_date_time_format(end, "%Y-%m-%dT%H:%M:%SZ");
    return g_strdup_printf("allow#%u (expires %s)", term->number, text);
}

const BnsPolicyAdded *
bns_added_rules_put(BnsAddedRules *rules,
                    const char *rule,
                    int64_t expires_us,
                    int64_t now_us,
                    GError **error)
{
    const Term term = { .number = rules->n_ever + 1, .expires_us = expires_us };
    g_autofree char *origin = NULL;
    BnsPolicyAdded *added;

    if (rules->list->len >= ADDED_MAX) {
        g_set_error(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID,
                    "%d rules were added to this session already", ADDED_MAX);
        return NULL;
    }
    origin = name_rule(&term, now_us);
    added = bns_policy_added_new(origin, rule);
    g_ptr_array_add(rules->list, added);
    g_array_append_val(rules->terms, term);
    rules->n_ever++;
    return added;
}

void
bns_added_rules_take_back(BnsAddedRules *rules)
{
    bns_added_rules_remove(rules, rules->list->len - 1);
    rules->n_ever--;
}

void
bns_added_rules_remove(BnsAddedRules *rules, guint i)
{
    g_ptr_array_remove_index(rules->list, i);
    g_array_remove_index(rules->terms, i);
}

bool
bns_added_rules_find(const BnsAddedRules *rules, unsigned number, guint *out_i)
{
    for (guint i = 0; i < rules->terms->len; i++)
        if (term_at(rules, i)->number == number) {
            *out_i = i;
            return true;
        }
    return false;
}

bool
bns_added_rules_find_expired(const BnsAddedRules *rules, int64_t now_us, guint *out_i)
{
    for (guint i = 0; i < rules->terms->len; i++)
        if (term_at(rules, i)->expires_us <= now_us) {
            *out_i = i;
            return true;
        }
    return false;
}

int64_t
bns_added_rules_first_end_us(const BnsAddedRules *rules)
{
    int64_t first_us = BNS_ADDED_NEVER_US;

    for (guint i = 0; i < rules->terms->len; i++)
        first_us = MIN(first_us, term_at(rules, i)->expires_us);
    return first_us;
}
