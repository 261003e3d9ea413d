/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/edit.h"

#include "policy/policy.h"
#include "tests/support/test.h"

#include <string.h>

#define RULE "GET new.test/*"
#define NEW  "\"GET new.test/*\""

typedef struct {
    const char *name;
    const char *before;
    const char *after; /* NULL: it is refused */
} Case;

static const Case cases[] = {
    { "block", "allow:\n  - a.test\n", "allow:\n  - a.test\n  - " NEW "\n" },
    { "block-of-the-margin", "allow:\n- a.test\ndeny: []\n",
      "allow:\n- a.test\n- " NEW "\ndeny: []\n" },
    { "deep-indentation", "allow:\n        - a.test\n",
      "allow:\n        - a.test\n        - " NEW "\n" },
    { "no-newline-at-the-end", "allow:\n  - a.test",
      "allow:\n  - a.test\n  - " NEW "\n" },
    { "comments-stay",
      "# who\nallow: # what\n  # first\n  - a.test # why\n  # last\n\n# deny\ndeny: "
      "[b.test]\n",
      "# who\nallow: # what\n  # first\n  - a.test # why\n  - " NEW
      "\n  # last\n\n# deny\ndeny: [b.test]\n" },
    { "comment-with-a-dash", "allow:\n  - # a - b\n    domain: a.test\n",
      "allow:\n  - # a - b\n    domain: a.test\n  - " NEW "\n" },
    { "mapping-items",
      "allow:\n  - domain: a.test\n    methods:\n      - GET\n      - PUT # "
      "both\n\ndeny:\n  - b.test\n",
      "allow:\n  - domain: a.test\n    methods:\n      - GET\n      - PUT # both\n  "
      "- " NEW "\n\ndeny:\n  - b.test\n" },
    { "flow-mapping-item", "allow:\n  - { domain: a.test,\n      port: 8080 } # x\n",
      "allow:\n  - { domain: a.test,\n      port: 8080 } # x\n  - " NEW "\n" },
    { "quoted-item", "allow:\n  - \"a.test\"\n  - 'b.test'\n",
      "allow:\n  - \"a.test\"\n  - 'b.test'\n  - " NEW "\n" },
    { "folded-item", "allow:\n  - >-\n    a.test\n\ndeny: []\n",
      "allow:\n  - >-\n    a.test\n\n  - " NEW "\ndeny: []\n" },
    { "item-in-two-lines", "allow:\n  - GET\n    a.test\nversion: 1\n",
      "allow:\n  - GET\n    a.test\n  - " NEW "\nversion: 1\n" },
    { "flow", "allow: [a.test, 'b.test']\n", "allow: [a.test, 'b.test', " NEW "]\n" },
    { "flow-in-lines", "allow: [\n  a.test, # one\n  b.test # two\n]\ndeny: []\n",
      "allow: [\n  a.test, # one\n  b.test, " NEW " # two\n]\ndeny: []\n" },
    { "flow-with-a-last-comma", "allow: [ a.test, ]\n",
      "allow: [ a.test, " NEW ", ]\n" },
    { "flow-of-mappings", "allow: [ { domain: a.test, methods: [GET] } ]\n",
      "allow: [ { domain: a.test, methods: [GET] }, " NEW " ]\n" },
    { "empty-flow", "allow: []\n", "allow: [" NEW "]\n" },
    { "empty-flow-with-blanks", "allow: [ ] # none\n", "allow: [" NEW " ] # none\n" },
    { "json", "{ \"allow\": [\"a.test\"], \"deny\": [] }",
      "{ \"allow\": [\"a.test\", " NEW "], \"deny\": [] }" },
    { "none", "deny: [b.test]\n", "deny: [b.test]\nallow:\n  - " NEW "\n" },
    { "none-and-no-newline", "deny: [b.test]",
      "deny: [b.test]\nallow:\n  - " NEW "\n" },
    { "nothing", "", "allow:\n  - " NEW "\n" },
    { "comments-alone", "# none\n", "# none\nallow:\n  - " NEW "\n" },
    { "carriage-returns", "allow:\r\n  - a.test\r\ndeny: []\r\n",
      "allow:\r\n  - a.test\r\n  - " NEW "\r\ndeny: []\r\n" },
    { "more-bytes-than-characters",
      "# \xc3\xa4\xc3\xb6\xe2\x82\xac\nallow:\n  - a.test # \xc3\xbc\ndeny: [] # "
      "\xc3\xa4\n",
      "# \xc3\xa4\xc3\xb6\xe2\x82\xac\nallow:\n  - a.test # \xc3\xbc\n  - " NEW
      "\ndeny: [] # \xc3\xa4\n" },
    { "allow-of-a-profile",
      "profiles:\n  x:\n    allow:\n      - p.test\nallow:\n  - a.test\n",
      "profiles:\n  x:\n    allow:\n      - p.test\nallow:\n  - a.test\n  - " NEW
      "\n" },
    { "allow-of-a-profile-alone", "profiles:\n  x:\n    allow: [p.test]\n",
      "profiles:\n  x:\n    allow: [p.test]\nallow:\n  - " NEW "\n" },
    { "quoted-key", "\"allow\":\n  - a.test\n",
      "\"allow\":\n  - a.test\n  - " NEW "\n" },
    { "document-begin", "---\nallow:\n  - a.test\n",
      "---\nallow:\n  - a.test\n  - " NEW "\n" },
    { "document-end", "allow:\n  - a.test\n...\n",
      "allow:\n  - a.test\n  - " NEW "\n...\n" },
    { "none-before-a-document-end", "deny: []\n...\n", NULL },
    { "none-in-json", "{ \"deny\": [] }", NULL },
    { "not-a-policy", "allow: [\n", NULL },
    { "byte-order-mark",
      "\xef\xbb\xbf"
      "allow:\n  - a.test\n",
      "\xef\xbb\xbf"
      "allow:\n  - a.test\n  - " NEW "\n" },
};

static void
test_case(gconstpointer data)
{
    const Case *c = data;
    g_autoptr(GError) error = NULL;
    size_t len = 0;
    g_autofree char *after = bns_policy_edit_allow(
        "p.yaml", c->before, strlen(c->before), RULE, &len, &error);

    g_assert_cmpstr(after, ==, c->after);
    if (c->after == NULL) {
        g_assert_true(g_str_has_prefix(error->message, "p.yaml:"));
        return;
    }
    g_assert_no_error(error);
    g_assert_cmpuint(len, ==, strlen(after));
}

/* A list that grows by one, by one, by one. */
static void
test_again(void)
{
    g_autofree char *text = g_strdup("# mine\nallow:\n  - a.test # first\n\n# end\n");

    for (int i = 0; i < 100; i++) {
        g_autofree char *rule = g_strdup_printf("host-%d.test", i);
        char *more = bns_policy_edit_allow("p", text, strlen(text), rule, NULL, NULL);

        g_assert_nonnull(more);
        g_free(text);
        text = more;
    }
    g_assert_true(g_str_has_prefix(text, "# mine\nallow:\n  - a.test # first\n  - "));
    g_assert_true(g_str_has_suffix(text, "  - \"host-99.test\"\n\n# end\n"));
}

static void
test_bad_rule(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(
        bns_policy_edit_allow("p", "allow: []\n", 10, "http://", NULL, &error));
    g_assert_nonnull(error);
}

/* The person's terminal is not the name's. */
static void
test_odd_name(void)
{
    static const char text[] = "{ \"deny\": [] }";
    g_autoptr(GError) error = NULL;

    g_assert_null(
        bns_policy_edit_allow("p\x1b.yaml", text, strlen(text), RULE, NULL, &error));
    g_assert_true(g_str_has_prefix(error->message, "p\\x1b.yaml: no place is found"));
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 30);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/policy/edit/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_case);
    }
    bns_test_add("/policy/edit/a-hundred-times", test_again);
    bns_test_add("/policy/edit/what-is-no-rule", test_bad_rule);
    bns_test_add("/policy/edit/an-odd-name-is-escaped", test_odd_name);
    return g_test_run();
}
