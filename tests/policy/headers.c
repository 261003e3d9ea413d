/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `headers:` and `content_type:`: each row is a rule, a header, and whether an allow and a
 * deny rule match.
 */
#include "tests/policy/policies.h"
#include "tests/support/test.h"

#define FIELDS_MAX 8

typedef struct {
    const char *name;
    const char *rule;   /* the whole key and its value */
    const char *header; /* "NAME: VALUE" in lines */
    bool has_body;
    bool allow;
    bool deny;
} Case;

static const Case cases[] = {
    { "present", "headers: { x-a: true }", "x-a: 1", false, true, true },
    { "present-and-empty", "headers: { x-a: true }", "x-a: ", false, true, true },
    { "not-there", "headers: { x-a: true }", "x-b: 1", false, false, false },
    { "no-header", "headers: { x-a: true }", "", false, false, false },
    { "any-case-of-a-name", "headers: { x-a: true }", "X-A: 1", false, true, true },
    { "an-underscore-is-another-name", "headers: { x-a: true }", "x_a: 1", false, false,
      true },
    { "absent", "headers: { x-a: false }", "x-b: 1", false, true, true },
    { "absent-and-there", "headers: { x-a: false }", "X-a: 1", false, false, false },
    { "absent-with-an-underscore", "headers: { x-a: false }", "X_A: 1", false, false,
      true },
    { "a-glob", "headers: { x-v: '2022-*' }", "x-v: 2022-11-28", false, true, true },
    { "another-value", "headers: { x-v: '2022-*' }", "x-v: 2023-11-28", false, false,
      false },
    { "case-of-a-value", "headers: { x-v: 'abc' }", "x-v: ABC", false, false, true },
    { "twice-alike", "headers: { x-v: 'a*' }", "x-v: a\nx-v: ab", false, true, true },
    { "twice-and-different", "headers: { x-v: 'a*' }", "x-v: a\nX-V: b", false, false,
      true },
    { "twice-with-an-underscore", "headers: { x-v: 'a*' }", "x-v: a\nx_v: b", false,
      false, true },
    { "an-element-behind-a-comma", "headers: { x-v: 'a*' }", "x-v: a, b", false, false,
      true },
    { "an-element-of-a-list", "headers: { x-v: 'b' }", "x-v: a ,\tb , c", false, false,
      true },
    { "a-comma-in-the-rule", "headers: { x-v: 'a*, b*' }", "x-v: a1, b1", false, true,
      true },
    { "one-comma-more", "headers: { x-v: 'a*, b*' }", "x-v: a1, b1, c", false, false,
      true },
    { "a-comma-and-any-value", "headers: { x-v: true }", "x-v: a, b", false, true,
      true },
    { "a-comma-and-a-lone-star", "headers: { x-v: '*' }", "x-v: a, b", false, true,
      true },
    { "bytes-are-themselves", "headers: { x-v: '%41+' }", "x-v: %41+", false, true,
      true },
    { "no-escapes-in-values", "headers: { x-v: 'A' }", "x-v: %41", false, false,
      false },
    { "several-hold", "headers: { x-a: true, x-b: false }", "x-a: 1", false, true,
      true },
    { "one-of-several-does-not", "headers: { x-a: true, x-b: false }", "x-a: 1\nx-b: 2",
      false, false, false },
    { "cookies", "headers: { cookie: '*session=*' }", "cookie: a=1; session=2", false,
      true, true },

    { "a-type", "content_type: application/json", "content-type: application/json",
      true, true, true },
    { "a-type-in-another-case", "content_type: application/json",
      "Content-Type: Application/JSON", true, true, true },
    { "a-rule-in-another-case", "content_type: Application/JSON",
      "Content-Type: application/json", true, true, true },
    { "parameters-do-not-count", "content_type: application/json",
      "content-type: application/json ; charset=utf-8", true, true, true },
    { "another-type", "content_type: application/json", "content-type: text/plain",
      true, false, false },
    { "a-longer-type", "content_type: application/json",
      "content-type: application/jsonp", true, false, false },
    { "a-family", "content_type: ['text/*']", "content-type: text/plain", true, true,
      true },
    { "a-suffix", "content_type: ['application/*+json']",
      "content-type: application/vnd.x+json", true, true, true },
    { "one-of-a-list", "content_type: [a/b, c/d]", "content-type: c/d", true, true,
      true },
    { "any-type", "content_type: '*/*'", "content-type: x/y", true, true, true },
    { "any-type-and-none", "content_type: '*/*'", "", true, false, true },
    { "a-body-without-a-type", "content_type: text/plain", "", true, false, true },
    { "no-body-and-no-type", "content_type: text/plain", "", false, true, false },
    { "no-body-and-that-type", "content_type: text/plain", "content-type: text/plain",
      false, true, true },
    { "no-body-and-another-type", "content_type: text/plain", "content-type: a/b",
      false, false, false },
    { "twice", "content_type: text/plain",
      "content-type: text/plain\ncontent-type: text/plain", true, false, true },
    { "beside-an-underscore", "content_type: text/plain",
      "content-type: text/plain\ncontent_type: a/b", true, false, true },
    { "with-an-underscore", "content_type: text/plain", "content_type: text/plain",
      true, false, true },
    { "a-list", "content_type: text/plain", "content-type: text/plain, a/b", true,
      false, true },
    { "a-list-behind-a-parameter", "content_type: text/plain",
      "content-type: text/plain; a=b, c/d", true, false, true },
    { "a-comma-in-quotes", "content_type: text/plain",
      "content-type: text/plain; a=\"b, \\\" c\"", true, true, true },
    { "no-slash", "content_type: text/plain", "content-type: text", true, false, true },
    { "a-quote-that-does-not-end", "content_type: application/json",
      "content-type: application/json; a=\", text/plain", true, false, true },
    { "two-slashes", "content_type: ['text/*']", "content-type: text/a/b", true, false,
      true },
    { "empty", "content_type: text/plain", "content-type: ", true, false, true },
    { "a-slash-alone", "content_type: '*/*'", "content-type: /", true, false, true },
    { "a-blank-inside", "content_type: ['text/*']", "content-type: text/ plain", true,
      false, true },
};

/* Splits @text, which lives on, into fields. */
static size_t
read_fields(const char *text, BnsRequestField *out_fields)
{
    size_t n = 0;

    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        size_t name_len = strcspn(text, ":");

        g_assert_cmpuint(n, <, FIELDS_MAX);
        out_fields[n++] = (BnsRequestField){ text, name_len, text + name_len + 2,
                                             len - name_len - 2 };
        text += len + (text[len] != '\0');
    }
    return n;
}

static bool
is_decided(bool is_allow, const Case *c)
{
    g_autofree char *yaml =
        is_allow
            ? g_strdup_printf("allow: [{ domain: x.org, %s }]", c->rule)
            : g_strdup_printf("allow: [x.org]\ndeny: [{ domain: x.org, %s }]", c->rule);
    g_autoptr(BnsPolicy) policy = policy_from(yaml);
    BnsRequestField fields[FIELDS_MAX];
    BnsRequestHeader header = { fields, read_fields(c->header, fields), c->has_body };
    BnsRequest request = { .scheme = BNS_SCHEME_HTTPS,
                           .host = "x.org",
                           .port = 443,
                           .method = "POST",
                           .path = "/",
                           .header = &header };
    BnsDecision decision = bns_policy_decide(policy, &request);

    return (decision.verdict == BNS_VERDICT_ALLOW) == is_allow;
}

/* No rule is offered that would do without the conditions and caps of the one that is there. */
static void
test_explained(void)
{
    g_autoptr(BnsPolicy) policy =
        policy_from("allow: [{ domain: x.org, headers: { x-v: '1' }, "
                    "max_request_bytes: 1K }]");
    const BnsRequest request = { .scheme = BNS_SCHEME_HTTPS,
                                 .host = "x.org",
                                 .port = 443,
                                 .method = "POST",
                                 .path = "/" };
    BnsDecision decision = bns_policy_decide(policy, &request);
    g_autofree char *prose = bns_policy_explain(policy, &request);

    g_assert_cmpint(decision.verdict, ==, BNS_VERDICT_DENY);
    g_assert_true(decision.is_conditional);
    g_assert_nonnull(strstr(prose, "A rule without those conditions would allow more"));
    g_assert_null(strstr(prose, "--allow"));
}

static void
test_case(gconstpointer data)
{
    const Case *c = data;
    bool allow = is_decided(true, c);
    bool deny = is_decided(false, c);

    if (allow != c->allow || deny != c->deny)
        g_error("%s and \"%s\": allow %d, deny %d", c->rule, c->header, allow, deny);
}

/* A question without a header is one without fields and body. */
static void
test_no_header(void)
{
    g_autoptr(BnsPolicy) policy =
        policy_from("allow: [{ domain: x.org, headers: { x-a: false }, content_type: "
                    "a/b }]");
    BnsRequest request = { .scheme = BNS_SCHEME_HTTPS,
                           .host = "x.org",
                           .port = 443,
                           .method = "GET",
                           .path = "/" };

    g_assert_cmpint(bns_policy_decide(policy, &request).verdict, ==, BNS_VERDICT_ALLOW);
}

/* What a deny rule with a condition is about cannot be seen in other flows: they are
 * refused. */
static void
test_unseen(void)
{
    static const char *const conditions[] = { "query: { a: true }",
                                              "headers: { x-a: true }",
                                              "content_type: a/b" };

    for (size_t i = 0; i < G_N_ELEMENTS(conditions); i++) {
        g_autofree char *yaml = g_strdup_printf(
            "allow: [{ domain: x.org, inspect: false }, 'tcp://x.org:22']\n"
            "deny: [{ domain: x.org, %s }]",
            conditions[i]);
        g_autoptr(BnsPolicy) policy = policy_from(yaml);

        g_assert_cmpint(
            bns_policy_could_allow(policy, BNS_SCHEME_TLS, "x.org", 443).verdict, ==,
            BNS_VERDICT_DENY);
        g_assert_cmpint(bns_policy_decide_tcp(policy, "x.org", 22).verdict, ==,
                        BNS_VERDICT_DENY);
        g_assert_cmpint(
            bns_policy_could_allow(policy, BNS_SCHEME_HTTPS, "y.org", 443).verdict, ==,
            BNS_VERDICT_DENY);
    }
}

/* Before a request is read a condition hinders nothing, and a deny with one neither. */
static void
test_could(void)
{
    g_autoptr(BnsPolicy) policy =
        policy_from("allow: [{ domain: x.org, query: { a: true } }]\n"
                    "deny: [{ domain: x.org, headers: { x-a: true } }]");

    g_assert_cmpint(
        bns_policy_could_allow(policy, BNS_SCHEME_HTTPS, "x.org", 443).verdict, ==,
        BNS_VERDICT_ALLOW);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *name = g_strconcat("/policy/headers/", cases[i].name, NULL);

        bns_test_add_data(name, &cases[i], test_case);
    }
    bns_test_add("/policy/headers/none-is-asked-about", test_no_header);
    bns_test_add("/policy/headers/a-deny-refuses-what-hides-them", test_unseen);
    bns_test_add("/policy/headers/none-is-needed-to-dial", test_could);
    bns_test_add("/policy/headers/explained", test_explained);
    return g_test_run();
}
