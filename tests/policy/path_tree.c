/* SPDX-License-Identifier: Apache-2.0 */
/* Which patterns paths justify; both sides of each threshold. */
#include "policy/path_tree.h"
#include "base/text.h"
#include "policy/path.h"
#include "policy/path_pattern.h"
#include "tests/support/test.h"

#include <string.h>

#define ROUNDS 300

typedef struct {
    const char *name;
    bool is_read;
    const char *paths;    /* separated by blanks */
    const char *patterns; /* the same */
} Case;

static const Case cases[] = {
    { "a-path-is-itself", true, "/a/b", "/a/b" },
    { "the-root", true, "/", "/" },
    { "a-trailing-slash", true, "/a/ /a", "/a /a/" },
    { "twice-is-once", true, "/a /a", "/a" },
    { "an-id-by-its-shape", true, "/issues/123/comments", "/issues/*/comments" },
    { "an-id-at-the-end", true, "/issues/123", "/issues/*" },
    { "an-id-beside-a-name", true, "/issues/123 /issues/new", "/issues/*" },
    { "an-id-above-another-path", true, "/i/123/x /i/new/y", "/i/*/x /i/new/y" },
    { "a-small-number-stays", true, "/3/library", "/3/library" },
    { "two-small-numbers-do-not", true, "/3/a /4/b", "/*/a /*/b" },
    { "a-small-number-beside-an-id", true, "/3/a /456/a", "/*/a" },
    { "an-interface-stays", true, "/v1/a /v2/a", "/v1/a /v2/a" },
    { "files-of-a-package", true, "/x/-/x-1.0.0.tgz /x/-/x-2.0.0.tgz", "/x/-/*.tgz" },
    { "eight-names", true, "/d/a /d/b /d/c /d/d /d/e /d/f /d/g /d/h",
      "/d/a /d/b /d/c /d/d /d/e /d/f /d/g /d/h" },
    { "nine-names", true, "/d/a /d/b /d/c /d/d /d/e /d/f /d/g /d/h /d/i", "/d/*" },
    { "nine-names-above-one", true,
      "/d/a/x /d/b/x /d/c/x /d/d/x /d/e/x /d/f/x /d/g/x /d/h/x /d/i/x", "/d/*/x" },
    { "nine-names-and-the-directory", true,
      "/d/ /d/a/x /d/b/x /d/c/x /d/d/x /d/e/x /d/f/x /d/g/x /d/h/x /d/i/x",
      "/d/ /d/*/x" },
    { "nine-names-beside-files", true,
      "/d/p-1.0.zip /d/a/x /d/b/x /d/c/x /d/d/x /d/e/x /d/f/x /d/g/x /d/h/x /d/i/x",
      "/d/*.zip /d/*/x" },
    { "sixteen-below-the-root", true, "/a /b /c /d /e /f /g /h /i /j /k /l /m /n /o /p",
      "/a /b /c /d /e /f /g /h /i /j /k /l /m /n /o /p" },
    { "seventeen-below-the-root", true,
      "/a /b /c /d /e /f /g /h /i /j /k /l /m /n /o /p /q", "/*" },
    { "a-deep-tree", true,
      "/d/a/a /d/a/b /d/a/c /d/b/a /d/b/b /d/b/c /d/c/a /d/c/b /d/c/c /e", "/d/** /e" },
    { "not-so-deep-a-tree", true,
      "/d/a/a /d/a/b /d/a/c /d/b/a /d/b/b /d/b/c /d/c/a /d/c/b",
      "/d/a/a /d/a/b /d/a/c /d/b/a /d/b/b /d/b/c /d/c/a /d/c/b" },
    { "writing-an-id", false, "/issues/123", "/issues/123" },
    { "writing-two-ids", false, "/i/123/x /i/456/x", "/i/*/x" },
    { "writing-two-ids-of-two-shapes", false, "/i/123 /i/x-1.0.zip",
      "/i/123 /i/x-1.0.zip" },
    { "writing-two-ids-below-the-root", false, "/123 /456 /123/x /456/x",
      "/123 /123/x /456 /456/x" },
    { "writing-nine-names", false, "/d/a /d/b /d/c /d/d /d/e /d/f /d/g /d/h /d/i",
      "/d/a /d/b /d/c /d/d /d/e /d/f /d/g /d/h /d/i" },
    { "an-encoded-slash", true, "/@a%2fb", "/@a%2fb" },
    { "a-star-is-a-star", true, "/a*b", "/a%2Ab" },
    { "two-slashes", true, "/a//b", "/a/**/b" },
    { "dots-that-stay-below", true, "/a/b/../c", "/a/**/c" },
    { "dots-that-leave", true, "/a/../b/c", "/**/b/c" },
    { "parameters", true, "/a;v=1/b", "/a*/b" },
    { "an-encoded-slash-among-many", true,
      "/a /b /c /d /e /f /g /h /i /j /k /l /m /n /o /p /@a%2fb", "/*" },
    { "an-encoded-slash-above-a-path", true,
      "/a/x /b/x /c/x /d/x /e/x /f/x /g/x /h/x /i/x /j/x /k/x /l/x /m/x /n/x /o/x /p/x "
      "/@a%2fb/x",
      "/*/x /@a%2fb/x" },
};

/* Returns: (transfer full): the patterns, joined. */
static char *
patterns_of(char **paths, bool is_read, uint64_t covered)
{
    size_t left = 1024 * 1024;
    g_autoptr(BnsPathTree) tree = bns_path_tree_new(is_read, &left);
    g_autoptr(GPtrArray) patterns = NULL;

    for (; *paths != NULL; paths++)
        g_assert_true(bns_path_tree_add(tree, *paths, 0));
    patterns = bns_path_tree_patterns(tree, covered);
    g_ptr_array_add(patterns, NULL);
    return g_strjoinv(" ", (char **)patterns->pdata);
}

static void
shuffle(char **paths)
{
    for (guint n = g_strv_length(paths); n > 1; n--) {
        gint32 i = g_test_rand_int_range(0, (gint32)n);
        char *swap = paths[i];

        paths[i] = paths[n - 1];
        paths[n - 1] = swap;
    }
}

static char *
sorted(const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);

    qsort(words, g_strv_length(words), sizeof *words, bns_text_compare);
    return g_strjoinv(" ", words);
}

static void
test_case(gconstpointer data)
{
    const Case *c = data;
    g_auto(GStrv) paths = g_strsplit(c->paths, " ", -1);
    g_autofree char *expected = sorted(c->patterns);

    for (int i = 0; i < 5; i++) {
        g_autofree char *patterns = patterns_of(paths, c->is_read, 0);

        g_assert_cmpstr(patterns, ==, expected);
        shuffle(paths);
    }
}

static void
test_covered(void)
{
    size_t left = 1024 * 1024;
    g_autoptr(BnsPathTree) tree = bns_path_tree_new(true, &left);
    static const struct {
        uint64_t covered;
        const char *patterns;
    } rows[] = {
        { 0, "/a /b /c" }, { 1, "/b /c" }, { 2, "/c" }, { 4, "/a /b /c" }, { 3, "/c" }
    };

    g_assert_true(bns_path_tree_add(tree, "/a", 3));
    g_assert_true(bns_path_tree_add(tree, "/b", 2));
    g_assert_true(bns_path_tree_add(tree, "/c", 1));
    /* Only what all of its requests had covers it. */
    g_assert_true(bns_path_tree_add(tree, "/c", 0));
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GPtrArray) patterns = bns_path_tree_patterns(tree, rows[i].covered);
        g_autofree char *text = NULL;

        g_ptr_array_add(patterns, NULL);
        text = g_strjoinv(" ", (char **)patterns->pdata);
        g_assert_cmpstr(text, ==, rows[i].patterns);
    }
}

static void
test_refused(void)
{
    static const char *const whole[] = { "/..", "/a/..", "/a/b/..", "/a/.", "/;a" };
    size_t left = 1024 * 1024;
    g_autoptr(BnsPathTree) reads = bns_path_tree_new(true, &left);
    g_autoptr(BnsPathTree) writes = bns_path_tree_new(false, &left);
    g_autofree char *name = g_strnfill(3000, 'a');
    g_autofree char *longest = g_strconcat("/", name, NULL);
    g_autoptr(GString) deep = g_string_new(NULL);

    for (int i = 0; i < 100; i++)
        g_string_append(deep, "/a");
    g_assert_false(bns_path_tree_add(reads, longest, 0));
    g_assert_false(bns_path_tree_add(reads, deep->str, 0));
    /* Nothing but whole directories says it. */
    for (size_t i = 0; i < G_N_ELEMENTS(whole); i++) {
        g_assert_false(bns_path_tree_add(reads, whole[i], 0));
        g_assert_false(bns_path_tree_add(writes, whole[i], 0));
    }
}

/* Another million of paths takes no more memory, and what was in stays. */
static void
test_bounded(void)
{
    size_t left = 200 * 1024;
    g_autoptr(BnsPathTree) tree = bns_path_tree_new(false, &left);
    g_autoptr(GPtrArray) patterns = NULL;
    guint taken = 0;

    for (int i = 0; i < 20000; i++) {
        g_autofree char *path = g_strdup_printf("/x%dq/y", i);

        taken += bns_path_tree_add(tree, path, 0);
    }
    g_assert_cmpuint(taken, >, 100);
    g_assert_cmpuint(taken, <, 1000);
    g_assert_true(bns_path_tree_add(tree, "/x0q/y", 0));
    patterns = bns_path_tree_patterns(tree, 0);
    g_assert_cmpuint(patterns->len, ==, taken);
}

/* --- property --- */

static const char *const pieces[] = {
    "a",       "b",  "1",   "12",   "123", "4567", "x-1.0.tgz", "y-2.0.tgz",
    "da54c68", "..", ".",   ";x=1", "%2f", "%41",  "%252e",     "*",
    "@s%2fp",  "",   "~/?", "c",    "d",   "e",    "f",         "g",
    "h",       "i",  "j",   "k",    "%2A", "a;b",  "q%20r",
};

static char *
random_path(void)
{
    GString *path = g_string_new(NULL);
    int n = g_test_rand_int_range(1, 5);

    for (int i = 0; i < n; i++)
        g_string_append_printf(path, "/%s",
                               pieces[g_test_rand_int_range(0, G_N_ELEMENTS(pieces))]);
    return g_string_free(path, FALSE);
}

static bool
is_matched(const GPtrArray *patterns, const char *path)
{
    g_auto(BnsReadings) readings = { 0 };

    bns_readings_init(&readings, path);
    for (guint i = 0; i < patterns->len; i++)
        if (bns_path_pattern_matches(patterns->pdata[i], &readings))
            return true;
    return false;
}

/* Whatever came in is matched, by patterns that do not depend on the order. */
static void
test_property(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        size_t left = 1024 * 1024;
        bool is_read = g_test_rand_int_range(0, 2) != 0;
        g_autoptr(BnsPathTree) tree = bns_path_tree_new(is_read, &left);
        g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(GPtrArray) patterns = NULL;
        g_autofree char *one = NULL;
        g_autofree char *other = NULL;
        int n = g_test_rand_int_range(1, 60);

        for (int i = 0; i < n; i++) {
            g_autofree char *path = random_path();

            if (bns_path_check(path, strlen(path)) == NULL &&
                bns_path_tree_add(tree, path, 0))
                g_ptr_array_add(paths, g_steal_pointer(&path));
        }
        patterns = bns_path_tree_patterns(tree, 0);
        for (guint i = 0; i < paths->len; i++)
            if (!is_matched(patterns, paths->pdata[i]))
                g_error("%s is not matched", (char *)paths->pdata[i]);
        g_ptr_array_add(paths, NULL);
        one = patterns_of((char **)paths->pdata, is_read, 0);
        shuffle((char **)paths->pdata);
        other = patterns_of((char **)paths->pdata, is_read, 0);
        g_assert_cmpstr(one, ==, other);
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/policy/path_tree/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_case);
    }
    bns_test_add("/policy/path_tree/what-is-covered-is-left-out", test_covered);
    bns_test_add("/policy/path_tree/what-has-no-pattern", test_refused);
    bns_test_add("/policy/path_tree/memory-is-bounded", test_bounded);
    bns_test_add("/policy/path_tree/whatever-came-in-is-matched", test_property);
    return g_test_run();
}
