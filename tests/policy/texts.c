/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/texts.h"

#include "policy/policy.h"
#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static char *folder;

static char *
in_folder(const char *name)
{
    return g_build_filename(folder, name, NULL);
}

static void
write_file(const char *name, const char *content)
{
    g_autofree char *path = in_folder(name);
    g_autofree char *parent = g_path_get_dirname(path);

    g_assert_cmpint(g_mkdir_with_parents(parent, 0755), ==, 0);
    g_assert_true(g_file_set_contents(path, content, -1, NULL));
}

/* Reads the policy, and makes it again of nothing but its texts. */
static BnsPolicy *
load_twice(BnsPolicySource *source, BnsPolicyTexts **out_texts)
{
    g_autoptr(BnsPolicyTexts) texts = bns_policy_texts_new();
    g_autoptr(GBytes) packed = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsPolicy) read = NULL;
    BnsPolicy *made;

    source->out_texts = texts;
    read = bns_policy_load(source, NULL, &error);
    g_assert_no_error(error);
    packed = bns_policy_texts_pack(texts);
    *out_texts = bns_policy_texts_unpack(packed);
    g_assert_nonnull(*out_texts);
    g_assert_true(bns_policy_texts_equal(texts, *out_texts));
    source->out_texts = NULL;
    source->texts = *out_texts;
    bns_test_remove_tree(folder);
    made = bns_policy_load(source, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(bns_policy_digest(made), ==, bns_policy_digest(read));
    g_assert_cmpstr(bns_policy_fixed_digest(made), ==, bns_policy_fixed_digest(read));
    return made;
}

static void
test_same_policy(void)
{
    g_autofree char *config = in_folder("a.yaml");
    g_autofree char *system = in_folder("etc");
    g_autoptr(GPtrArray) added = g_ptr_array_new_with_free_func(bns_policy_added_free);
    g_autoptr(BnsPolicyTexts) texts = NULL;
    g_autoptr(BnsPolicy) policy = NULL;
    char *allow[] = { (char[]){ "option.test" }, NULL };
    BnsPolicySource source = { .config_path = config,
                               .system_dir = system,
                               .system_owner = getuid(),
                               .command = "claude",
                               .allow = allow,
                               .added = added };
    g_autofree char *described = NULL;

    write_file("a.yaml",
               "extends: [preset:npm, ./b.yaml, sub/c.yaml]\nallow: [a.test]\n");
    write_file("b.yaml", "allow: [b.test]\nextends: [./sub/c.yaml]\n");
    write_file("sub/c.yaml", "deny: [c.test]\n");
    write_file("etc/policy.yaml", "allow: [\"*\"]\n");
    write_file("etc/policy.d/10.yaml", "deny: [d.test]\n");
    g_ptr_array_add(added, bns_policy_added_new("allow#7", "GET late.test/x"));
    policy = load_twice(&source, &texts);
    g_assert_cmpuint(texts->list->len, ==, 5);
    g_assert_cmpuint(texts->system->len, ==, 2);
    described = bns_policy_describe(policy);
    g_assert_nonnull(strstr(described, "allow#7\tallow\tGET late.test/x"));
    g_assert_nonnull(strstr(described, "/a.yaml:2\tallow\ta.test"));
    g_assert_nonnull(strstr(described, "/etc/policy.d/10.yaml:1\tdeny\td.test"));
}

/* What is not there is remembered: it may come. */
static void
test_missing(void)
{
    g_autofree char *config = in_folder("a.yaml");
    g_autofree char *missing = in_folder("missing.yaml");
    g_autoptr(BnsPolicyTexts) texts = bns_policy_texts_new();
    g_autoptr(GError) error = NULL;
    BnsPolicySource source = { .config_path = config, .out_texts = texts };

    write_file("a.yaml", "extends: [./missing.yaml]\n");
    g_assert_null(bns_policy_load(&source, NULL, &error));
    g_assert_nonnull(strstr(error->message, "missing.yaml"));
    g_assert_nonnull(bns_policy_texts_find(texts, missing));
    g_assert_null(bns_policy_texts_find(texts, missing)->bytes);
    g_assert_nonnull(bns_policy_texts_find(texts, config)->bytes);
    bns_test_remove_tree(folder);
}

static bool
refuse_b(const char *path, void *data, GError **error)
{
    if (!g_str_has_suffix(path, "/b.yaml"))
        return true;
    g_set_error(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_READ, "not that one");
    return false;
}

static void
test_may_read(void)
{
    g_autofree char *config = in_folder("a.yaml");
    g_autoptr(GError) error = NULL;
    BnsPolicySource source = { .config_path = config, .may_read = refuse_b };

    write_file("a.yaml", "allow: [x.test]\nextends:\n  - ./b.yaml\n");
    write_file("b.yaml", "");
    g_assert_null(bns_policy_load(&source, NULL, &error));
    g_assert_true(g_str_has_suffix(error->message, "a.yaml:3:5: not that one"));
    bns_test_remove_tree(folder);
}

/* Nothing is looked for where texts are given. */
static void
test_no_files(void)
{
    g_autofree char *config = in_folder("a.yaml");
    g_autoptr(BnsPolicyTexts) texts = bns_policy_texts_new();
    g_autoptr(GError) error = NULL;
    BnsPolicySource source = { .config_path = config, .texts = texts };

    write_file("a.yaml", "allow: [x.test]\n");
    g_assert_null(bns_policy_load(&source, NULL, &error));
    g_assert_nonnull(strstr(error->message, "it was not read"));
    bns_test_remove_tree(folder);
}

static BnsPolicyTexts *
texts_of(const char *first, const char *second)
{
    BnsPolicyTexts *texts = bns_policy_texts_new();
    const char *contents[] = { first, second };
    const char *names[] = { "/first", "/second" };
    const struct stat status = { .st_ino = 1 };

    for (int i = 0; i < 2; i++) {
        g_autoptr(GBytes) bytes =
            contents[i] != NULL ? g_bytes_new(contents[i], strlen(contents[i])) : NULL;

        bns_policy_texts_add(texts, names[i], &status, bytes);
    }
    return texts;
}

static void
test_compare(void)
{
    g_autoptr(BnsPolicyTexts) a = texts_of("a", "b");
    g_autoptr(BnsPolicyTexts) same = texts_of("a", "b");
    g_autoptr(BnsPolicyTexts) other = texts_of("a", "c");
    g_autoptr(BnsPolicyTexts) gone = texts_of("a", NULL);
    g_autoptr(BnsPolicyTexts) emptied = texts_of("a", "");

    g_assert_true(bns_policy_texts_equal(a, same));
    g_assert_false(bns_policy_texts_equal(a, other));
    g_assert_false(bns_policy_texts_equal(a, gone));
    g_assert_false(bns_policy_texts_equal(gone, emptied));
    g_assert_null(bns_policy_texts_find_emptied(a, other));
    g_assert_null(bns_policy_texts_find_emptied(a, gone));
    g_assert_cmpstr(bns_policy_texts_find_emptied(a, emptied), ==, "/second");
    g_assert_null(bns_policy_texts_find_emptied(emptied, emptied));
    g_ptr_array_add(same->system, g_strdup("/etc/x"));
    g_assert_false(bns_policy_texts_equal(a, same));
}

/* No part of it is taken for the whole. */
static void
test_truncated(void)
{
    g_autoptr(BnsPolicyTexts) texts = texts_of("some text", "");
    g_autoptr(GBytes) packed = NULL;

    g_ptr_array_add(texts->added, bns_policy_added_new("allow#1", "x.test"));
    packed = bns_policy_texts_pack(texts);
    for (gsize len = 0; len < g_bytes_get_size(packed); len++) {
        g_autoptr(GBytes) part = g_bytes_new_from_bytes(packed, 0, len);
        g_autoptr(BnsPolicyTexts) made = bns_policy_texts_unpack(part);

        g_assert_true(made == NULL || !bns_policy_texts_equal(made, texts));
    }
}

/* What a session does not change while it runs is compared apart from its rules. */
static void
test_fixed_digest(void)
{
    static const struct {
        const char *yaml;
        bool is_fixed;
    } cases[] = {
        { "allow: [a.test, b.test]\n", false },
        { "allow: [a.test]\ndeny: [b.test]\n", false },
        { "allow: [a.test]\nfiles: { hide: [/x] }\n", true },
        { "allow: [a.test]\nenv: { set: { A: b } }\n", true },
        { "allow: [a.test]\nenv: { set: { A: c } }\n", true },
        { "allow: [a.test]\ncommands: { deny: [sudo] }\n", true },
        { "allow: [a.test]\nlimits: { flows: 7 }\n", true },
        { "allow: [a.test]\nlimits: { processes: 7 }\n", true },
        { "allow: [a.test]\nnested: full\n", true },
    };
    g_autofree char *config = in_folder("a.yaml");
    const BnsPolicySource source = { .config_path = config };
    g_autoptr(GHashTable) seen =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autofree char *base = NULL;

    for (int i = -1; i < (int)G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(BnsPolicy) policy = NULL;

        write_file("a.yaml", i < 0 ? "allow: [a.test]\n" : cases[i].yaml);
        policy = bns_policy_load(&source, NULL, &error);
        g_assert_no_error(error);
        if (i < 0)
            base = g_strdup(bns_policy_fixed_digest(policy));
        else if (!cases[i].is_fixed)
            g_assert_cmpstr(bns_policy_fixed_digest(policy), ==, base);
        else
            g_assert_true(
                g_hash_table_add(seen, g_strdup(bns_policy_fixed_digest(policy))));
    }
    g_assert_false(g_hash_table_contains(seen, base));
    bns_test_remove_tree(folder);
}

int
main(int argc, char **argv)
{
    int status;

    bns_test_init(&argc, &argv, 30);
    folder = g_dir_make_tmp("bns-texts-XXXXXX", NULL);
    bns_test_add("/policy/texts/make-the-same-policy", test_same_policy);
    bns_test_add("/policy/texts/remember-what-is-missing", test_missing);
    bns_test_add("/policy/texts/somebody-is-asked-before-each-file", test_may_read);
    bns_test_add("/policy/texts/no-file-is-read-beside-them", test_no_files);
    bns_test_add("/policy/texts/are-compared", test_compare);
    bns_test_add("/policy/texts/truncated-are-others", test_truncated);
    bns_test_add("/policy/texts/what-is-fixed-has-a-digest", test_fixed_digest);
    status = g_test_run();
    if (g_file_test(folder, G_FILE_TEST_EXISTS))
        bns_test_remove_tree(folder);
    g_free(folder);
    return status;
}
