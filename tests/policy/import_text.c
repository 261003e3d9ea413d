/* SPDX-License-Identifier: Apache-2.0 */
/* The readers of JSON and TOML: both sides of what they take. */
#include "policy/json.h"
#include "policy/text_reader.h"
#include "policy/toml.h"
#include "tests/support/test.h"

#include <string.h>

typedef BnsYaml *(*Parser)(const char *, const char *, size_t, GError **);

/* A tree in one line: {key: "text", key: [1, true]}. */
static void
write_tree(GString *out, const BnsYaml *node)
{
    bool is_map = node->kind == BNS_YAML_MAPPING;

    if (node->kind == BNS_YAML_SCALAR) {
        const char *quote = node->type == BNS_YAML_STRING ? "'" : "";

        g_string_append_printf(out, "%s%s%s", quote, node->text, quote);
        return;
    }
    g_string_append_c(out, is_map ? '{' : '[');
    for (guint i = 0; i < node->children->len; i++) {
        if (i > 0)
            g_string_append(out, is_map && i % 2 == 1 ? ": " : ", ");
        write_tree(out, node->children->pdata[i]);
    }
    g_string_append_c(out, is_map ? '}' : ']');
}

typedef struct {
    const char *name;
    Parser parse;
    const char *text;
    const char *tree;  /* NULL: refused */
    const char *error; /* behind "f:" */
} Case;

static const Case cases[] = {
    { "json/a-word", bns_json_tree, " true ", "true", NULL },
    { "json/null", bns_json_tree, "null", "null", NULL },
    { "json/numbers", bns_json_tree, "[0,-1,12,1.5,2e9,-0.1E+3]",
      "[0, -1, 12, 1.5, 2e9, -0.1E+3]", NULL },
    { "json/an-object", bns_json_tree, "{\"a\" : [ ] , \"b\":{\"c\":\"d\"}}",
      "{'a': [], 'b': {'c': 'd'}}", NULL },
    { "json/escapes", bns_json_tree,
      "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\"",
      "'\"\\/\b\f\n\r\t\xc3\xa9\xf0\x9f\x98\x80'", NULL },
    { "json/a-mark-before", bns_json_tree, "\xef\xbb\xbf{}", "{}", NULL },
    { "json/nothing", bns_json_tree, "", NULL,
      "1:1: no JSON value: a string has quotation marks" },
    { "json/two-values", bns_json_tree, "1\n2", NULL,
      "2:1: something behind the end of the value" },
    { "json/a-comment", bns_json_tree, "// x\n1", NULL,
      "1:1: JSON has no comments: remove it" },
    { "json/a-comma-too-many", bns_json_tree, "[1,]", NULL,
      "1:4: a , before ]: remove it" },
    { "json/a-comma-too-few", bns_json_tree, "{\"a\":1 \"b\":2}", NULL,
      "1:8: a , or } is missing" },
    { "json/no-colon", bns_json_tree, "{\"a\" 1}", NULL, "1:6: a : is missing" },
    { "json/a-name-without-marks", bns_json_tree, "{a:1}", NULL,
      "1:2: a name in quotation marks is missing" },
    { "json/twice", bns_json_tree, "{\"a\":1,\n\"\\u0061\":2}", NULL,
      "2:1: \"a\" is given twice: remove one" },
    { "json/an-open-string", bns_json_tree, "\"a", NULL, "1:3: a string has no end" },
    { "json/a-string-over-lines", bns_json_tree, "\"a\nb\"", NULL,
      "1:3: a string ends in its line: write \\n or \\t" },
    { "json/an-unknown-escape", bns_json_tree, "\"\\x\"", NULL,
      "1:3: no such escape: write \\\\ for one \\" },
    { "json/nul", bns_json_tree, "\"\\u0000\"", NULL, "1:8: a NUL character" },
    { "json/half-a-character", bns_json_tree, "\"\\ud83d\"", NULL,
      "1:8: half a character" },
    { "json/the-other-half", bns_json_tree, "\"\\ude00\"", NULL,
      "1:8: half a character" },
    { "json/two-first-halves", bns_json_tree, "\"\\ud83d\\ud83d\"", NULL,
      "1:14: half a character" },
    { "json/no-digit", bns_json_tree, "\"\\u12g4\"", NULL,
      "1:6: not a hexadecimal digit" },
    { "json/a-zero-before", bns_json_tree, "01", NULL,
      "1:1: no JSON value: 01: a string has quotation marks" },
    { "json/plus", bns_json_tree, "+1", NULL,
      "1:1: no JSON value: +1: a string has quotation marks" },
    { "json/nan", bns_json_tree, "NaN", NULL,
      "1:1: no JSON value: NaN: a string has quotation marks" },
    { "json/no-utf-8", bns_json_tree, "[\n\"\xc0\x80\"]", NULL,
      "2:2: not UTF-8: save the file in that encoding" },
    { "json/a-control-character", bns_json_tree, "[\x01]", NULL,
      "1:2: a control character" },

    { "toml/nothing", bns_toml_tree, "# only\r\n\n", "{}", NULL },
    { "toml/keys", bns_toml_tree, "a-b_1 = 1\n\"c d\".'e'.f = 2\n\"c d\".g = 3",
      "{'a-b_1': 1, 'c d': {'e': {'f': 2}, 'g': 3}}", NULL },
    { "toml/words", bns_toml_tree, "a = [true, false, +1_000, -2.5, inf, -nan, 0xff]",
      "{'a': [true, false, +1_000, -2.5, inf, -nan, 0xff]}", NULL },
    { "toml/dates", bns_toml_tree, "a = 1979-05-27 07:32:00\nb = 07:32:00 # c",
      "{'a': 1979-05-27 07:32:00, 'b': 07:32:00}", NULL },
    { "toml/strings", bns_toml_tree, "a = \"\\t\\\\\\u00e9\\U0001F600\"\nb = 'c\\d'",
      "{'a': '\t\\\xc3\xa9\xf0\x9f\x98\x80', 'b': 'c\\d'}", NULL },
    { "toml/strings-of-several-lines", bns_toml_tree,
      "a = \"\"\"\r\nb \\\n   c\n\"d\"\"\"\"\"\ne = '''\nf\\\n'''",
      "{'a': 'b c\n\"d\"\"', 'e': 'f\\\n'}", NULL },
    { "toml/arrays", bns_toml_tree, "a = [ # x\n 1,\n [2, ], {b = 3, c = {}} # y\n]",
      "{'a': [1, [2], {'b': 3, 'c': {}}]}", NULL },
    { "toml/tables", bns_toml_tree, "[a]\nb = 1\n[ a . 'c d' ]\ne = 2\n[f]",
      "{'a': {'b': 1, 'c d': {'e': 2}}, 'f': {}}", NULL },
    { "toml/a-table-after-its-parts", bns_toml_tree, "[a.b]\nc = 1\n[a]\nd = 2",
      "{'a': {'b': {'c': 1}, 'd': 2}}", NULL },
    { "toml/an-array-of-tables", bns_toml_tree,
      "[[a]]\nb = 1\n[a.c]\nd = 2\n[[a]]\nb = 3",
      "{'a': [{'b': 1, 'c': {'d': 2}}, {'b': 3}]}", NULL },
    { "toml/a-key-twice", bns_toml_tree, "a = 1\na = 2", NULL,
      "2:1: \"a\" is given twice: remove one" },
    { "toml/a-table-twice", bns_toml_tree, "[a]\n[a]", NULL,
      "2:2: \"a\" is given twice: remove one" },
    { "toml/a-value-as-table", bns_toml_tree, "a = 1\n[a.b]", NULL,
      "2:2: \"a\" is given twice: remove one" },
    { "toml/more-of-a-whole-table", bns_toml_tree, "a = {b = 1}\na.c = 2", NULL,
      "2:1: \"a\" is given twice: remove one" },
    { "toml/more-of-a-whole-array", bns_toml_tree, "a = []\n[[a]]", NULL,
      "2:3: \"a\" is given twice: remove one" },
    { "toml/no-equals-sign", bns_toml_tree, "a 1", NULL, "1:3: a = is missing" },
    { "toml/no-value", bns_toml_tree, "a =\nb = 1", NULL,
      "1:4: no value: a string has quotation marks" },
    { "toml/a-bare-string", bns_toml_tree, "a = b", NULL,
      "1:5: no value: a string has quotation marks" },
    { "toml/two-values", bns_toml_tree, "a = 1 2", NULL,
      "1:7: something behind the end of the value" },
    { "toml/an-open-header", bns_toml_tree, "[a\n", NULL, "1:3: a ] is missing" },
    { "toml/an-open-array", bns_toml_tree, "a = [1", NULL, "1:7: a , or ] is missing" },
    { "toml/an-open-table", bns_toml_tree, "a = {b = 1", NULL,
      "1:11: a , or } is missing" },
    { "toml/an-open-string", bns_toml_tree, "a = \"b\nc\"", NULL,
      "1:7: a string has no end" },
    { "toml/an-empty-key", bns_toml_tree, "= 1", NULL,
      "1:1: no key: one of other characters than letters, digits, - and _ is written "
      "in "
      "quotation marks" },
    { "toml/an-unknown-escape", bns_toml_tree, "a = \"\\d\"", NULL,
      "1:7: no such escape: write \\\\ for one \\, or the string in single quotation "
      "marks" },
    { "toml/a-surrogate", bns_toml_tree, "a = \"\\ud800\"", NULL,
      "1:12: no character" },
};

static void
test_case(gconstpointer data)
{
    const Case *c = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsYaml) tree = c->parse("f", c->text, strlen(c->text), &error);
    g_autoptr(GString) text = g_string_new(NULL);

    if (c->tree == NULL) {
        g_assert_null(tree);
        g_assert_true(g_str_has_prefix(error->message, "f:"));
        g_assert_cmpstr(error->message + strlen("f:"), ==, c->error);
        return;
    }
    g_assert_no_error(error);
    write_tree(text, tree);
    g_assert_cmpstr(text->str, ==, c->tree);
}

static void
test_depth(void)
{
    static const struct {
        Parser parse;
        const char *before;
    } rows[] = { { bns_json_tree, "" }, { bns_toml_tree, "a = " } };

    for (size_t row = 0; row < G_N_ELEMENTS(rows); row++)
        for (int over = 0; over < 2; over++) {
            size_t depth = BNS_TEXT_DEPTH_MAX - row + (size_t)over;
            g_autofree char *open = g_strnfill(depth, '[');
            g_autofree char *close = g_strnfill(depth, ']');
            g_autofree char *text = g_strconcat(rows[row].before, open, close, NULL);
            g_autoptr(GError) error = NULL;
            g_autoptr(BnsYaml) tree = rows[row].parse("f", text, strlen(text), &error);

            /* TOML's key is not a level of its value. */
            if (row == 1 && over == 1)
                continue;
            g_assert_true((tree == NULL) == (over == 1));
            if (over == 1)
                g_assert_true(g_str_has_suffix(error->message, ": nested too deep"));
        }
}

static void
test_lines(void)
{
    static const char text[] = "{\n \"a\": [\n  \"b\"\n ]\n}";
    g_autoptr(BnsYaml) tree = bns_json_tree("f", text, strlen(text), NULL);
    const BnsYaml *list = tree->children->pdata[1];
    const BnsYaml *item = list->children->pdata[0];

    g_assert_cmpuint(list->line, ==, 2);
    g_assert_cmpuint(list->column, ==, 7);
    g_assert_cmpuint(item->line, ==, 3);
    g_assert_cmpuint(item->column, ==, 3);
}

/* Neither many keys nor one long line cost more than they are long. */
static void
test_many(void)
{
    g_autoptr(GString) json = g_string_new("{");
    g_autoptr(GString) toml = g_string_new(NULL);
    g_autoptr(BnsYaml) first = NULL;
    g_autoptr(BnsYaml) second = NULL;

    for (int i = 0; json->len < 900000; i++)
        g_string_append_printf(json, "%s\"%d\":1", i > 0 ? "," : "", i);
    g_string_append_c(json, '}');
    for (int i = 0; toml->len < 900000; i++)
        g_string_append_printf(toml, "%d=1\n", i);
    first = bns_json_tree("f", json->str, json->len, NULL);
    second = bns_toml_tree("f", toml->str, toml->len, NULL);
    g_assert_nonnull(first);
    g_assert_nonnull(second);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path =
            g_strconcat("/policy/import-text/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_case);
    }
    bns_test_add("/policy/import-text/depth", test_depth);
    bns_test_add("/policy/import-text/lines", test_lines);
    bns_test_add("/policy/import-text/many-keys", test_many);
    return g_test_run();
}
