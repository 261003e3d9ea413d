/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/pattern.h"
#include "tests/support/test.h"

typedef struct {
    const char *name;
    const char *pattern;
    const char *path;
    bool matches;
} Case;

static const Case cases[] = {
    { "a-literal-is-itself", "/a/b", "/a/b", true },
    { "a-literal-is-no-prefix", "/a/b", "/a/bc", false },
    { "a-literal-is-not-what-is-below", "/a/b", "/a/b/c", false },
    { "a-literal-is-not-what-is-above", "/a/b", "/a", false },
    { "case-counts", "/a", "/A", false },
    { "a-trailing-slash-counts-in-the-path", "/a", "/a/", false },
    { "a-trailing-slash-counts-in-the-rule", "/a/", "/a", false },
    { "a-trailing-slash-matches-itself", "/a/", "/a/", true },
    { "the-root-is-the-root", "/", "/", true },
    { "the-root-is-alone", "/", "/a", false },
    { "the-root-is-not-two-slashes", "/", "//", false },

    { "a-star-inside-matches-within", "/v*/x", "/v12/x", true },
    { "a-star-inside-matches-nothing", "/v*/x", "/v/x", true },
    { "a-star-inside-stays-in-its-segment", "/v*/x", "/v1/2/x", false },
    { "stars-inside-find-their-places", "/*a*b.c", "/xaybab.c", true },
    { "stars-inside-need-what-is-between", "/*a*b.c", "/xbya.c", false },
    { "a-star-inside-at-the-end-is-no-rest", "/a/b*", "/a/bc/d", false },
    { "a-star-inside-at-the-end-matches-within", "/a/b*", "/a/bcd", true },

    { "a-star-alone-is-one-segment", "/a/*/c", "/a/b/c", true },
    { "a-star-alone-is-not-two-segments", "/a/*/c", "/a/b/b/c", false },
    { "a-star-alone-is-not-empty", "/a/*/c", "/a//c", false },
    { "a-star-alone-is-there", "/a/*/c", "/a/c", false },

    { "a-last-star-is-one-segment", "/a/*", "/a/b", true },
    { "a-last-star-is-more-segments", "/a/*", "/a/b/c/d", true },
    { "a-last-star-is-an-empty-segment", "/a/*", "/a/", true },
    { "a-last-star-matches-with-trailing-slash", "/a/*", "/a/b/", true },
    { "a-last-star-is-not-none", "/a/*", "/a", false },
    { "a-last-star-alone-matches-the-root", "/*", "/", true },
    { "a-last-star-alone-matches-everything", "/*", "/a/b", true },
    { "a-last-star-is-not-a-prefix", "/a/*", "/ab/c", false },

    { "two-stars-are-none", "/a/**", "/a", true },
    { "two-stars-are-an-empty-segment", "/a/**", "/a/", true },
    { "two-stars-are-more", "/a/**", "/a/b/c", true },
    { "two-stars-are-not-a-prefix", "/a/**", "/ab", false },
    { "two-stars-alone-are-everything", "/**", "/", true },
    { "two-stars-in-front-are-none", "/**/x", "/x", true },
    { "two-stars-in-front-are-more", "/**/x", "/a/b/x", true },
    { "two-stars-in-front-need-the-end", "/**/x", "/a/x/b", false },
    { "two-stars-in-the-middle-are-none", "/a/**/b", "/a/b", true },
    { "two-stars-in-the-middle-are-more", "/a/**/b", "/a/x/b/b", true },
    { "two-stars-in-the-middle-need-both-ends", "/a/**/b", "/a", false },
    { "two-stars-twice", "/**/a/**/b", "/x/a/y/a/z/b", true },
    { "two-stars-twice-in-order", "/**/a/**/b", "/x/b/y/a", false },
    { "two-stars-then-a-star-are-one", "/a/**/*", "/a/b", true },
    { "two-stars-then-a-star-are-not-none", "/a/**/*", "/a", false },

    { "a-layer-of-the-rule-matches", "/my%20file", "/my file", true },
    { "the-rule-as-written-matches", "/my%20file", "/my%20file", true },
    { "an-encoded-slash-parts-a-layer", "/@a%2Fb", "/@a/b", true },
    { "an-encoded-star-is-a-star", "/a%2A", "/a*", true },
    { "an-encoded-star-is-no-wildcard", "/a%2A", "/abc", false },
    { "two-encoded-stars-are-stars", "/%2A%2A", "/a/b", false },
    { "a-wildcard-stays-one-when-decoded", "/a%2Fb*", "/a/bcd", true },
    { "a-star-behind-an-encoded-slash-stays-in-its-segment", "/a%2F*", "/a/b/c",
      false },
    { "the-second-layer-matches", "/a%2520b", "/a b", true },
};

static void
test_matches(gconstpointer data)
{
    const Case *c = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsPattern) pattern = bns_pattern_new(c->pattern, &error);

    g_assert_no_error(error);
    g_assert_cmpint(bns_pattern_matches(pattern, c->path, false), ==, c->matches);
}

static void
test_fold_case(void)
{
    g_autoptr(BnsPattern) pattern = bns_pattern_new("/Admin/*/x%C3%84", NULL);

    g_assert_true(bns_pattern_matches(pattern, "/aDMIN/1/X\xc3\x84", true));
    g_assert_false(bns_pattern_matches(pattern, "/aDMIN/1/X\xc3\x84", false));
    /* ASCII only: nobody agrees on the rest. */
    g_assert_false(bns_pattern_matches(pattern, "/admin/1/x\xc3\xa4", true));
}

/* A pattern that makes a backtracking matcher try for years. */
static void
test_hostile(void)
{
    g_autofree char *path = g_strnfill(20000, 'a');
    g_autoptr(BnsPattern) within =
        bns_pattern_new("/*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*ab", NULL);
    g_autoptr(BnsPattern) across =
        bns_pattern_new("/**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/b", NULL);

    path[0] = '/';
    g_assert_false(bns_pattern_matches(within, path, false));
    for (size_t i = 0; i < 20000; i += 2)
        path[i] = '/';
    g_assert_false(bns_pattern_matches(across, path, false));
}

typedef struct {
    const char *name;
    const char *pattern;
    const char *error;
} BadCase;

static const BadCase bad_cases[] = {
    { "no-slash", "a",
      "bad path \"a\": the path does not begin with a slash: write one before it" },
    { "empty", "",
      "bad path \"\": the path does not begin with a slash: write one before it" },
    { "a-space", "/a b",
      "bad path \"/a b\": the path has a byte that a URI cannot hold: write it as "
      "%XX" },
    { "an-escape-sequence", "/\x1b[2J",
      "bad path \"/\\x1b[2J\": the path has a byte that a URI cannot hold: write it as "
      "%XX" },
    { "a-query", "/a?b=c",
      "bad path \"/a?b=c\": a query is no part of the path: leave out the ? and what "
      "follows, or write query:" },
    { "a-broken-escape", "/a%2",
      "bad path \"/a%2\": the path has a broken percent-escape: write %25 for a %" },
    { "an-encoded-control-byte", "/a%01",
      "bad path \"/a%01\": the path has an encoded control byte: leave it out" },
    { "two-stars-in-a-segment", "/a**",
      "bad path \"/a**\": ** must be a whole segment: write /a/**" },
    { "three-stars", "/***",
      "bad path \"/***\": ** must be a whole segment: write /a/**" },
    { "dots", "/a/../b",
      "bad path \"/a/../b\": dot segments are removed by servers: write the path that "
      "is left without them" },
    { "encoded-dots", "/a/%2e%2e",
      "bad path \"/a/%2e%2e\": dot segments are removed by servers: write the path "
      "that "
      "is left without them" },
};

static void
test_bad(gconstpointer data)
{
    const BadCase *c = data;
    g_autoptr(GError) error = NULL;
    BnsPattern *pattern = bns_pattern_new(c->pattern, &error);

    g_assert_null(pattern);
    g_assert_cmpstr(error->message, ==, c->error);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/policy/pattern/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_matches);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(bad_cases); i++) {
        g_autofree char *path =
            g_strconcat("/policy/pattern/refused/", bad_cases[i].name, NULL);

        bns_test_add_data(path, &bad_cases[i], test_bad);
    }
    bns_test_add("/policy/pattern/a-deny-folds-ascii-case-only", test_fold_case);
    bns_test_add("/policy/pattern/a-hostile-path-costs-little", test_hostile);
    return g_test_run();
}
