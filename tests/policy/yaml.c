/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/yaml.h"
#include "tests/support/test.h"

#include <string.h>

/* The tree on one line: {key=value}, [item], and a mark per scalar's type. */
static void
print_node(GString *text, const BnsYaml *node)
{
    static const char marks[] = "sibn";
    bool is_mapping = node->kind == BNS_YAML_MAPPING;

    if (node->kind == BNS_YAML_SCALAR) {
        g_string_append_printf(text, "%c:%s", marks[node->type], node->text);
        return;
    }
    g_string_append_c(text, is_mapping ? '{' : '[');
    for (guint i = 0; i < node->children->len; i++) {
        if (i > 0)
            g_string_append_c(text, is_mapping && i % 2 == 1 ? '=' : ' ');
        print_node(text, node->children->pdata[i]);
    }
    g_string_append_c(text, is_mapping ? '}' : ']');
}

typedef struct {
    const char *name;
    const char *yaml;
    const char *result; /* the tree, or the error */
} Case;

static const Case good_cases[] = {
    { "nothing", "", "{}" },
    { "comments-only", "# a\n# b\n", "{}" },
    { "an-empty-document", "---\n", "{}" },
    { "a-null-document", "~\n", "{}" },
    { "a-mapping", "a: b\nc: [d, 'e']\n", "{s:a=s:b s:c=[s:d s:e]}" },
    { "plain-scalars-have-types", "[1, -1, 1.5, true, False, yes, ~, null, '', 0x1]",
      "[i:1 i:-1 s:1.5 b:true b:False s:yes n:~ n:null s: s:0x1]" },
    { "quoted-scalars-are-strings", "['1', \"true\", 'null']", "[s:1 s:true s:null]" },
    { "block-scalars-are-strings", "a: |\n  1\n", "{s:a=s:1\n}" },
    { "a-value-left-out-is-null", "a:\nb: c\n", "{s:a=n: s:b=s:c}" },
    { "rules-of-coder-need-no-quotes",
      "- domain=*.github.com # comment\n- method=GET,POST domain=a.org\n",
      "[s:domain=*.github.com s:method=GET,POST domain=a.org]" },
    { "windows-line-ends", "a: b\r\nc: d\r\n", "{s:a=s:b s:c=s:d}" },
    { "a-byte-order-mark",
      "\xef\xbb\xbf"
      "a: b\n",
      "{s:a=s:b}" },
    { "utf8", "a: caf\xc3\xa9\n", "{s:a=s:caf\xc3\xa9}" },
    { "a-version-directive", "%YAML 1.1\n---\na: b\n", "{s:a=s:b}" },
    { "an-end-of-document", "a: b\n...\n", "{s:a=s:b}" },
    { "seven-lists-in-a-mapping", "a: [[[[[[[x]]]]]]]", "{s:a=[[[[[[[s:x]]]]]]]}" },
};

static void
test_good(gconstpointer data)
{
    const Case *c = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsYaml) root = bns_yaml_parse("f", c->yaml, strlen(c->yaml), &error);
    g_autoptr(GString) text = g_string_new(NULL);

    g_assert_no_error(error);
    print_node(text, root);
    g_assert_cmpstr(text->str, ==, c->result);
}

static const Case bad_cases[] = {
    { "an-anchor", "a: &x b\n",
      "f:1:4: anchors (&) are not allowed here: leave it out" },
    { "an-anchor-of-a-list", "a: &x [b]\n",
      "f:1:4: anchors (&) are not allowed here: leave it out" },
    { "an-anchor-of-a-key", "&x a: b\n",
      "f:1:1: anchors (&) are not allowed here: leave it out" },
    { "an-alias", "a: b\nc: *x\n",
      "f:2:4: aliases (*) are not allowed here: write the value out" },
    { "a-tag", "a: !!str b\n", "f:1:4: tags (!) are not allowed here: leave it out" },
    { "a-tag-of-a-mapping", "a:\n  !x {b: c}\n",
      "f:2:3: tags (!) are not allowed here: leave it out" },
    { "a-key-twice", "a: b\nc: d\na: e\n",
      "f:3:1: key \"a\" is given twice, first in line 1: write it once" },
    { "a-key-twice-in-quotes", "{a: b, \"a\": c}",
      "f:1:8: key \"a\" is given twice, first in line 1: write it once" },
    { "a-key-twice-below", "x:\n  - y: 1\n    \"\\x1b\": 2\n    \"\\x1b\": 3\n",
      "f:4:5: key \"\\x1b\" is given twice, first in line 3: write it once" },
    { "a-list-as-key", "[a]: b\n", "f:1:1: a key must be a word: write KEY: VALUE" },
    { "a-second-document", "a: b\n---\nc: d\n",
      "f:2:1: a second document: write all of it into one, without ---" },
    { "a-second-empty-document", "---\n---\n",
      "f:2:1: a second document: write all of it into one, without ---" },
    { "eight-lists-in-a-mapping", "a: [[[[[[[[x]]]]]]]]",
      "f:1:11: nested too deep: a policy has at most 8 levels" },
    { "not-utf8", "a: b\nc: \xff\n",
      "f:2:4: not UTF-8: save the file in that encoding" },
    { "half-a-character", "a: \xc3",
      "f:1:4: not UTF-8: save the file in that encoding" },
    { "overlong-utf8", "a: \xc0\xae",
      "f:1:4: not UTF-8: save the file in that encoding" },
    { "a-control-character", "a: \x1b[2J\n", "f:1:4: a control character: remove it" },
    { "a-c1-control-character", "a: \xc2\x9b\n",
      "f:1:4: a control character: remove it" },
    { "a-next-line-character",
      "# a\xc2\x85"
      "allow: []\n",
      "f:1:4: a control character: remove it" },
    { "a-carriage-return-alone", "# a\rallow: []\n",
      "f:1:4: a hidden line break: write an ordinary one" },
    { "a-line-separator",
      "# a\xe2\x80\xa8"
      "allow: []\n",
      "f:1:4: a hidden line break: write an ordinary one" },
    { "a-paragraph-separator",
      "# a\xe2\x80\xa9"
      "b\n",
      "f:1:4: a hidden line break: write an ordinary one" },
    { "columns-count-characters", "\xc3\xa9\xc3\xa9: \x01\n",
      "f:1:5: a control character: remove it" },
    { "an-encoded-nul", "a: \"b\\0c\"\n", "f:1:4: a NUL character: leave it out" },
    { "an-open-list", "a: [b\n", "f:2:1: a list in [ ] has commas and ends in ]" },
    { "an-open-quote", "a: 'b\n",
      "f:2:1: a string has no end: close its quotation marks" },
    { "a-tab-for-indentation", "a:\n\t- b\n",
      "f:2:1: a value cannot begin like this: indent with spaces, not tabs, and quote "
      "what begins with @, ` or %" },
    { "a-mapping-in-a-value", "a: b: c\n",
      "f:1:5: a : too many, or a line indented too far: quote a value that holds \": "
      "\"" },
};

static void
test_bad(gconstpointer data)
{
    const Case *c = data;
    g_autoptr(GError) error = NULL;

    g_assert_null(bns_yaml_parse("f", c->yaml, strlen(c->yaml), &error));
    g_assert_cmpstr(error->message, ==, c->result);
}

static void
test_raw_nul(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(bns_yaml_parse("f", "a: b\n#\0", 7, &error));
    g_assert_cmpstr(error->message, ==,
                    "f:2:2: a NUL byte: save the file as UTF-8 text");
}

static void
test_file_name(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(bns_yaml_parse("/x\x1b[2J\n", "&a", 2, &error));
    g_assert_cmpstr(
        error->message, ==,
        "/x\\x1b[2J\\x0a:1:1: anchors (&) are not allowed here: leave it out");
}

static void
test_no_bytes(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsYaml) root = bns_yaml_parse("f", NULL, 0, &error);

    g_assert_no_error(error);
    g_assert_cmpuint(root->children->len, ==, 0);
}

/* Nesting is refused before it costs memory or time. */
static void
test_deep(void)
{
    g_autofree char *deep = g_strnfill(1000 * 1000, '[');
    g_autoptr(GError) error = NULL;

    g_assert_null(bns_yaml_parse("f", deep, strlen(deep), &error));
    g_assert_cmpstr(error->message, ==,
                    "f:1:9: nested too deep: a policy has at most 8 levels");
}

static void
test_quote(void)
{
    static const char *const texts[] = { "x.org", "*.x.org", "[::1]", "true", "12",
                                         "null",  "a: b",    "a\"b",  "-",    "/a,b" };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *quoted = bns_yaml_quote(texts[i]);
        g_autofree char *yaml = g_strdup_printf("[%s]", quoted);
        g_autoptr(BnsYaml) root = bns_yaml_parse("f", yaml, strlen(yaml), NULL);
        const BnsYaml *item;

        g_assert_nonnull(root);
        g_assert_cmpuint(root->children->len, ==, 1);
        item = root->children->pdata[0];
        g_assert_cmpint(item->type, ==, BNS_YAML_STRING);
        g_assert_cmpstr(item->text, ==, texts[i]);
    }
}

#define ADD(prefix, table, func)                                                       \
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {                                 \
        g_autofree char *path = g_strconcat(prefix, table[i].name, NULL);              \
        bns_test_add_data(path, &table[i], func);                                      \
    }

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    ADD("/policy/yaml/", good_cases, test_good);
    ADD("/policy/yaml/refused/", bad_cases, test_bad);
    bns_test_add("/policy/yaml/no-bytes-at-all", test_no_bytes);
    bns_test_add("/policy/yaml/refused/a-nul-byte", test_raw_nul);
    bns_test_add("/policy/yaml/refused/a-million-lists", test_deep);
    bns_test_add("/policy/yaml/errors-show-a-file-name-harmlessly", test_file_name);
    bns_test_add("/policy/yaml/a-quoted-text-reads-as-itself", test_quote);
    return g_test_run();
}
