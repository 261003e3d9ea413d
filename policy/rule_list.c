/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A class of many rules has a table from how a path begins, in whole segments, to the
 * rules that have a pattern which begins so before its first wildcard. A path is looked
 * up with as many segments as some pattern begins with. Case is folded, since a deny
 * rule's is: whether a rule that is found matches is the visitor's to say.
 */
#include "policy/rule_list.h"

#include <string.h>

/* So many rules are compared sooner than looked up. */
#define CLASS_FEW 16
/* A class that was begun so many classes ago is begun anew: rules that all differ must not
 * cost the square of their number. */
#define CLASSES_MAX 16
/* In segments. */
#define DEPTH_MAX 8

typedef struct {
    const char *text; /* borrowed */
    size_t len;
} Start;

typedef struct Class {
    struct Class *next; /* owned; begun before this one */
    GPtrArray *rules;   /* owned, of borrowed BnsRule */
    /* owned; owned Start to owned GPtrArray of rules; NULL: they are few */
    GHashTable *by_start;
    size_t longest;                /* the most bytes of a start */
    bool has_depth[DEPTH_MAX + 1]; /* some start has that many segments */
} Class;

/* Most lists have one class, which is here. */
struct BnsRuleList {
    Class first;
};

static void
class_clear(Class *class)
{
    g_clear_pointer(&class->rules, g_ptr_array_unref);
    g_clear_pointer(&class->by_start, g_hash_table_unref);
}

BnsRuleList *
bns_rule_list_new(void)
{
    return g_new0(BnsRuleList, 1);
}

void
bns_rule_list_free(BnsRuleList *list)
{
    if (list == NULL)
        return;
    while (list->first.next != NULL) {
        Class *class = list->first.next;

        list->first.next = class->next;
        class_clear(class);
        g_free(class);
    }
    class_clear(&list->first);
    g_free(list);
}

/* --- classes --- */

static bool
has_same_methods(const BnsRule *a, const BnsRule *b)
{
    if (a->methods->len != b->methods->len)
        return false;
    for (guint i = 0; i < a->methods->len; i++)
        if (strcmp(a->methods->pdata[i], b->methods->pdata[i]) != 0)
            return false;
    return true;
}

static bool
has_same_identity(const BnsRule *a, const BnsRule *b)
{
    return (a->identity == NULL) == (b->identity == NULL) &&
           (a->identity == NULL || bns_identity_equal(a->identity, b->identity));
}

static bool
has_same_caps(const BnsRule *a, const BnsRule *b)
{
    for (BnsCapKind kind = 0; kind < BNS_N_CAPS; kind++)
        if (a->caps[kind].is_set != b->caps[kind].is_set ||
            a->caps[kind].bytes != b->caps[kind].bytes)
            return false;
    return true;
}

/* All that is asked of a rule where no path is known. */
static bool
is_alike(const BnsRule *a, const BnsRule *b)
{
    return a->schemes == b->schemes &&
           bns_rule_lifts_guard(a) == bns_rule_lifts_guard(b) &&
           bns_rule_is_network(a) == bns_rule_is_network(b) &&
           bns_rule_is_about_requests(a) == bns_rule_is_about_requests(b) &&
           bns_ports_equal(a->ports, b->ports) && has_same_methods(a, b) &&
           has_same_identity(a, b) && has_same_caps(a, b);
}

static Class *
find_class(BnsRuleList *list, const BnsRule *rule)
{
    Class *class = &list->first;

    if (class->rules == NULL) {
        class->rules = g_ptr_array_new();
        return class;
    }
    for (unsigned i = 0; class != NULL && i < CLASSES_MAX; i++, class = class->next)
        if (is_alike(class->rules->pdata[0], rule))
            return class;
    class = g_new0(Class, 1);
    class->rules = g_ptr_array_new();
    class->next = list->first.next;
    list->first.next = class;
    return class;
}

/* --- how paths begin --- */

static guint
hash_start(gconstpointer key)
{
    const Start *start = key;
    guint hash = 5381;

    for (size_t i = 0; i < start->len; i++)
        hash = hash * 33 + (guchar)g_ascii_tolower(start->text[i]);
    return hash;
}

static gboolean
is_same_start(gconstpointer a, gconstpointer b)
{
    const Start *left = a, *right = b;

    return left->len == right->len &&
           g_ascii_strncasecmp(left->text, right->text, left->len) == 0;
}

static void
free_list(void *list)
{
    g_ptr_array_unref(list);
}

static void
add_start(Class *class, const char *text, size_t len, unsigned depth, void *rule)
{
    Start start = { text, len };
    GPtrArray *rules = g_hash_table_lookup(class->by_start, &start);

    class->has_depth[depth] = true;
    class->longest = MAX(class->longest, len);
    if (rules == NULL) {
        rules = g_ptr_array_new();
        g_hash_table_insert(class->by_start, g_memdup2(&start, sizeof start), rules);
    }
    if (rules->len == 0 || rules->pdata[rules->len - 1] != rule)
        g_ptr_array_add(rules, rule);
}

static void
add_starts(Class *class, const BnsRule *rule)
{
    void *value = (void *)(guintptr)rule;

    if (rule->paths->len == 0)
        add_start(class, "", 0, 0, value);
    for (guint i = 0; i < rule->paths->len; i++) {
        const BnsPattern *pattern = rule->paths->pdata[i];

        for (guint layer = 0; layer < bns_pattern_n_layers(pattern); layer++) {
            unsigned depth;
            const char *text;
            size_t len = bns_pattern_start(pattern, layer, DEPTH_MAX, &text, &depth);

            add_start(class, text, len, depth, value);
        }
    }
}

void
bns_rule_list_add(BnsRuleList *list, const BnsRule *rule)
{
    Class *class = find_class(list, rule);

    g_ptr_array_add(class->rules, (void *)(guintptr)rule);
    if (class->by_start != NULL) {
        add_starts(class, rule);
    } else if (class->rules->len > CLASS_FEW) {
        class->by_start =
            g_hash_table_new_full(hash_start, is_same_start, g_free, free_list);
        for (guint i = 0; i < class->rules->len; i++)
            add_starts(class, class->rules->pdata[i]);
    }
}

/* --- visiting --- */

static BnsVisit
visit_rules(const GPtrArray *rules, BnsVisitFunc func, void *data)
{
    BnsVisit visit = BNS_VISIT_NEXT;

    for (guint i = 0; rules != NULL && i < rules->len && visit == BNS_VISIT_NEXT; i++)
        visit = func(data, rules->pdata[i]);
    return visit;
}

static void
visit_path(const Class *class, const char *path, BnsVisitFunc func, void *data)
{
    Start start = { path, 0 };

    for (unsigned depth = 0; depth <= DEPTH_MAX && start.len <= class->longest;
         depth++) {
        if (class->has_depth[depth])
            visit_rules(g_hash_table_lookup(class->by_start, &start), func, data);
        if (path[start.len] == '\0')
            break;
        start.len = (size_t)(strchrnul(path + start.len + 1, '/') - path);
    }
}

static BnsVisit
visit_class(const Class *class,
            const BnsReadings *readings,
            BnsVisitFunc func,
            void *data)
{
    const BnsRule *first = class->rules->pdata[0];
    /* What an allow rule does not match as it was received it does not match at all. */
    guint n_readings = first->verdict == BNS_VERDICT_ALLOW ? 1 : G_MAXUINT;
    BnsVisit visit;

    if (readings != NULL && class->by_start == NULL)
        return visit_rules(class->rules, func, data);
    visit = func(data, first);
    if (readings == NULL || visit != BNS_VISIT_NEXT)
        return visit;
    n_readings = MIN(n_readings, bns_readings_count(readings));
    for (guint i = 0; i < n_readings; i++)
        visit_path(class, bns_readings_get(readings, i), func, data);
    return BNS_VISIT_NEXT;
}

void
bns_rule_list_visit(const BnsRuleList *list,
                    const BnsReadings *readings,
                    BnsVisitFunc func,
                    void *data)
{
    const Class *class =
        list != NULL && list->first.rules != NULL ? &list->first : NULL;

    for (; class != NULL; class = class->next)
        visit_class(class, readings, func, data);
}
