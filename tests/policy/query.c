/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `query:`: each row is a rule, a query, and whether an allow and a deny rule match.
 */
#include "tests/policy/policies.h"
#include "tests/support/test.h"

typedef struct {
    const char *name;
    const char *rule;  /* the value of query: */
    const char *query; /* NULL: none */
    bool allow;        /* in all readings */
    bool deny;         /* in some */
} Case;

static const Case cases[] = {
    { "present", "{ page: true }", "page=1", true, true },
    { "present-without-value", "{ page: true }", "page", true, true },
    { "present-with-an-empty-value", "{ page: true }", "page=", true, true },
    { "present-among-others", "{ page: true }", "a=1&page=2&b", true, true },
    { "not-there", "{ page: true }", "pages=1", false, false },
    { "not-there-without-a-query", "{ page: true }", NULL, false, false },
    { "not-there-in-an-empty-query", "{ page: true }", "", false, false },
    { "no-prefix", "{ page: true }", "pag=1", false, false },
    { "a-star-is-presence", "{ page: '*' }", "page", true, true },
    { "absent", "{ token: false }", "page=1", true, true },
    { "absent-without-a-query", "{ token: false }", NULL, true, true },
    { "absent-and-there", "{ token: false }", "a&token=x", false, false },
    { "absent-and-there-without-value", "{ token: false }", "token", false, false },
    { "a-value", "{ page: '10' }", "page=10", true, true },
    { "another-value", "{ page: '10' }", "page=11", false, false },
    { "a-longer-value", "{ page: '10' }", "page=100", false, false },
    { "a-glob", "{ page: '1*' }", "page=100", true, true },
    { "a-glob-in-the-middle", "{ q: 'a*b*c' }", "q=aXbXbXc", true, true },
    { "a-glob-that-does-not-end", "{ q: 'a*b*c' }", "q=aXbXcX", false, false },
    { "a-literal-star", "{ q: 'a\\*' }", "q=a*", true, true },
    { "a-literal-star-is-none", "{ q: 'a\\*' }", "q=ab", false, false },
    { "one-of-a-list", "{ page: ['10', '50'] }", "page=50", true, true },
    { "none-of-a-list", "{ page: ['10', '50'] }", "page=5", false, false },
    { "an-equals-sign-in-the-value", "{ q: 'a=b' }", "q=a=b", true, true },
    { "a-question-mark-in-the-value", "{ q: 'a?' }", "q=a?", true, true },

    /* More than one of a name: each counts for an allow, one for a deny. */
    { "twice-alike", "{ page: '1' }", "page=1&page=1", true, true },
    { "twice-the-second-differs", "{ page: '1' }", "page=1&page=2", false, true },
    { "twice-the-first-differs", "{ page: '1' }", "page=2&page=1", false, true },
    { "case-of-a-name", "{ page: true }", "Page=1", false, true },
    { "case-of-a-second-name", "{ page: '1' }", "page=1&PAGE=2", false, true },
    { "case-of-an-absent-name", "{ page: false }", "PAGE=2", false, true },
    { "case-of-a-value", "{ sort: 'asc' }", "sort=ASC", false, true },
    { "an-array", "{ page: true }", "page[]=1", false, true },
    { "an-array-beside-it", "{ page: '1' }", "page=1&page[]=2", false, true },
    { "an-array-of-an-absent-one", "{ page: false }", "page[x]=1", false, true },
    { "an-array-that-is-named", "{ 'page[]': '1' }", "page[]=1", true, true },
    { "a-bracket-elsewhere", "{ page: false }", "pages[]=1", true, true },

    { "a-blank-before-a-name", "{ page: '1' }", "page=1&%20page=2", false, true },
    { "a-blank-before-an-absent-name", "{ page: false }", "%20%20page=1", false, true },
    { "a-plus-before-an-absent-name", "{ page: false }", "+page=1", false, true },
    { "a-name-after-a-blank", "{ ' page': true }", "%20page=1", true, true },
    { "a-dot-for-a-line", "{ a_b: false }", "a.b=1", false, true },
    { "a-blank-for-a-line", "{ a_b: '1' }", "a_b=1&a%20b=2", false, true },
    { "an-open-bracket-for-a-line", "{ a_b: false }", "a[b=1", false, true },
    { "a-line-for-a-dot", "{ a.b: false }", "a_b=1", false, true },
    { "a-dot-behind-a-name", "{ page: false }", "page.=1", true, true },
    { "a-byte-beyond-ascii-in-a-name", "{ page: false }", "%C3%A9=1", true, true },

    /* Encodings. */
    { "an-encoded-value", "{ q: 'a b' }", "q=a%20b", true, true },
    { "an-encoded-name", "{ token: false }", "%74oken=1", false, false },
    { "an-encoded-name-that-is-there", "{ token: true }", "t%6Fken=1", true, true },
    { "an-encoded-ampersand-is-of-the-value", "{ q: 'a&token=1' }", "q=a%26token=1",
      true, true },
    { "an-encoded-ampersand-separates-nothing", "{ token: false }", "q=a%26token=1",
      true, true },
    { "an-encoded-equals-sign-is-of-the-name", "{ token: false }", "token%3D1", true,
      true },
    { "an-encoded-bracket", "{ page: false }", "page%5B%5D=1", false, true },
    { "decoded-once", "{ q: 'a%' }", "q=a%25", true, true },
    { "not-twice", "{ token: true }", "%2574oken=1", false, false },
    { "utf-8", "{ q: '*' }", "q=%C3%A4", true, true },
    { "a-plus-is-a-blank-or-not", "{ q: 'a b' }", "q=a+b", false, true },
    { "a-plus-is-a-plus-or-not", "{ q: 'a+b' }", "q=a+b", false, true },
    { "a-plus-under-a-star", "{ q: 'a*b' }", "q=a+b", true, true },
    { "an-encoded-plus-is-a-plus", "{ q: 'a+b' }", "q=a%2Bb", true, true },
    { "a-plus-in-a-name", "{ 'a b': false }", "a+b=1", false, true },
    { "a-semicolon-separates-or-not", "{ token: false }", "q=1;token=2", false, true },
    { "a-semicolon-is-of-the-value-or-not", "{ q: '1' }", "q=1;token=2", false, true },
    { "a-semicolon-under-a-star", "{ q: '1*' }", "q=1;token=2", true, true },
    { "an-encoded-semicolon-separates-nothing", "{ token: false }", "q=1%3Btoken=2",
      true, true },

    /* What cannot be read. */
    { "a-broken-escape", "{ q: true }", "q=100%", false, true },
    { "a-broken-escape-elsewhere", "{ q: true }", "q=1&x=%zz", false, true },
    { "a-cut-escape", "{ q: true }", "q=1&x=%4", false, true },
    { "an-encoded-nul", "{ token: false }", "token%00=1", false, true },
    { "an-encoded-line-feed", "{ q: true }", "q=%0A", false, true },
    { "an-encoded-delete", "{ q: true }", "q=%7F", false, true },
    { "latin-1", "{ q: true }", "q=%E4", false, true },
    { "half-a-character", "{ q: true }", "q=%C3", false, true },
    { "an-overlong-letter", "{ token: false }", "%C1%B4oken=1", false, true },
    { "an-overlong-letter-of-three", "{ token: false }", "%E0%81%B4oken=1", false,
      true },
    { "a-surrogate", "{ q: true }", "q=%ED%A0%80", false, true },
    { "beyond-unicode", "{ q: true }", "q=%F4%90%80%80", false, true },
    { "the-last-character", "{ q: true }", "q=%F4%8F%BF%BF", true, true },
    { "a-character-over-a-separator", "{ q: true }", "q=%C3&x=%A4", false, true },

    /* Others. */
    { "no-others", "{ page: '*', '*': false }", "page=1", true, true },
    { "no-others-and-one", "{ page: '*', '*': false }", "page=1&a=2", false, false },
    { "no-others-and-empty-pieces", "{ page: '*', '*': false }", "&page=1&&", true,
      true },
    { "no-others-and-an-empty-name", "{ page: '*', '*': false }", "page=1&=2", false,
      false },
    { "no-others-and-other-case", "{ page: '*', '*': false }", "page=1&Page=2", false,
      true },
    { "no-others-behind-a-semicolon", "{ page: '*', '*': false }", "page=1;a=2", false,
      true },
    { "none-at-all", "false", NULL, true, true },
    { "none-at-all-and-a-lone-mark", "false", "", true, true },
    { "none-at-all-and-one", "false", "a", false, false },

    /* Several. */
    { "both-hold", "{ a: '1', b: '2' }", "b=2&a=1", true, true },
    { "one-does-not", "{ a: '1', b: '2' }", "a=1&b=3", false, false },
    { "present-and-absent", "{ a: true, b: false }", "a=1", true, true },
    { "present-and-not-absent", "{ a: true, b: false }", "a=1&b", false, false },
};

static bool
is_decided(const char *verdict, const char *query_rule, const char *query)
{
    g_autofree char *yaml = g_strdup_printf(
        "allow: [{ domain: x.org%s%s }]\ndeny: [{ domain: %s.org%s%s }]",
        *verdict == 'a' ? ", query: " : "", *verdict == 'a' ? query_rule : "",
        *verdict == 'a' ? "y" : "x", *verdict == 'd' ? ", query: " : "",
        *verdict == 'd' ? query_rule : "");
    g_autoptr(BnsPolicy) policy = policy_from(yaml);
    BnsRequest request = { .scheme = BNS_SCHEME_HTTPS,
                           .host = "x.org",
                           .port = 443,
                           .method = "GET",
                           .path = "/",
                           .query = query };
    BnsDecision decision = bns_policy_decide(policy, &request);

    return (decision.verdict == BNS_VERDICT_ALLOW) == (*verdict == 'a');
}

static void
test_case(gconstpointer data)
{
    const Case *c = data;
    bool allow = is_decided("allow", c->rule, c->query);
    bool deny = is_decided("deny", c->rule, c->query);

    if (allow != c->allow || deny != c->deny)
        g_error("%s and ?%s: allow %d, deny %d", c->rule, c->query, allow, deny);
}

/* What it says of each is what decides. */
static void
test_miss(void)
{
    static const struct {
        const char *query;
        const char *miss;
    } rows[] = {
        { "a=1", NULL },  { "a=2", "a" },      { "a=1&b", "b" },
        { "a=1&c", "*" }, { "a=1&c=%", NULL },
    };
    static const char yaml[] = "allow: [{ domain: x.org, query: { a: '1', b: false, "
                               "'*': false } }]";
    g_autoptr(BnsPolicy) policy = policy_from(yaml);
    const BnsRule *rule = policy->rules->pdata[0];

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpstr(bns_query_find_miss(rule->conditions->query, rows[i].query), ==,
                        rows[i].miss);
}

/* On which rule it depends what somebody is told who knows no query. */
static void
test_condition(void)
{
    static const struct {
        const char *yaml;
        const char *question;
        const char *condition;
    } rows[] = {
        { "allow:\n- { domain: x.org, query: { q: '1' } }", "GET https://x.org:443/a",
          "/p.yaml:2" },
        { "allow:\n- { domain: x.org, query: { q: '1' } }\n- x.org/a",
          "GET https://x.org:443/a", NULL },
        { "allow:\n- { domain: x.org, query: { q: '1' } }\n- x.org/a",
          "GET https://x.org:443/b", "/p.yaml:2" },
        { "allow:\n- { domain: x.org, path: /a, query: { q: '1' } }",
          "GET https://x.org:443/b", NULL },
        { "allow:\n- x.org\ndeny:\n- { domain: x.org, query: { q: '1' } }",
          "GET https://x.org:443/a", "/p.yaml:4" },
        { "allow:\n- y.org\ndeny:\n- { domain: x.org, query: { q: '1' } }",
          "GET https://x.org:443/a", NULL },
        { "allow:\n- { domain: x.org, query: { q: '1' } }\ndeny:\n- x.org/a",
          "GET https://x.org:443/a", NULL },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(BnsPolicy) policy = policy_from(rows[i].yaml);
        g_auto(Question) q = question_from(rows[i].question);

        g_assert_cmpstr(bns_policy_decide(policy, &q.request).condition, ==,
                        rows[i].condition);
        g_assert_null(
            bns_policy_could_allow(policy, BNS_SCHEME_HTTPS, "x.org", 443).condition);
    }
}

/* A long query costs no more than its length times a few, whatever is in it. */
static void
test_long(void)
{
    g_autoptr(BnsPolicy) policy =
        policy_from("allow: [{ domain: x.org, query: { q: '*a*a*a*a*a*b', '*': false } "
                    "}]");
    g_autofree char *value = g_strnfill(16 * 1024, 'a');
    g_autofree char *query = g_strconcat("q=", value, "+;", NULL);
    BnsRequest request = { .scheme = BNS_SCHEME_HTTPS,
                           .host = "x.org",
                           .port = 443,
                           .method = "GET",
                           .path = "/",
                           .query = query };

    for (int i = 0; i < 20; i++)
        g_assert_cmpint(bns_policy_decide(policy, &request).verdict, ==,
                        BNS_VERDICT_DENY);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *name = g_strconcat("/policy/query/", cases[i].name, NULL);

        bns_test_add_data(name, &cases[i], test_case);
    }
    bns_test_add("/policy/query/what-failed-is-named", test_miss);
    bns_test_add("/policy/query/who-does-not-know-it", test_condition);
    bns_test_add("/policy/query/length-does-not-explode", test_long);
    return g_test_run();
}
