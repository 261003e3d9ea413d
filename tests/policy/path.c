/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/path.h"
#include "policy/reading.h"
#include "tests/support/test.h"

#include <string.h>

#define READINGS_MAX 6

/* Either refused, or read in exactly these ways. */
typedef struct {
    const char *name;
    const char *path;
    const char *refusal; /* NULL: not refused */
    const char *readings[READINGS_MAX];
} Case;

static const char raw[] = "the path has a byte that a URI cannot hold";
static const char broken[] = "the path has a broken percent-escape";
static const char control[] = "the path has an encoded control byte";
static const char encoding[] = "the path is not UTF-8 after decoding";
static const char deep[] = "the path is encoded more than three times";
static const char form[] = "the path does not begin with a slash";

static const Case cases[] = {
    /* The reference. */
    { "a-plain-path-is-itself", "/a/b", NULL, { "/a/b" } },
    { "dots-go-up", "/public/../admin", NULL, { "/public/../admin", "/admin" } },
    { "encoded-dots-go-up",
      "/public/%2e%2e/admin",
      NULL,
      { "/public/%2e%2e/admin", "/public/../admin", "/admin" } },
    { "twice-encoded-dots-go-up",
      "/public/%252e%252e/admin",
      NULL,
      { "/public/%252e%252e/admin", "/public/%2e%2e/admin", "/public/../admin",
        "/admin" } },
    { "an-encoded-slash-parts-segments",
      "/public/..%2fadmin",
      NULL,
      { "/public/..%2fadmin", "/public/../admin", "/admin" } },
    { "parameters-hide-dots",
      "/public/..;/admin",
      NULL,
      { "/public/..;/admin", "/public/../admin", "/admin" } },
    { "parameters-with-value-hide-dots",
      "/public/..;x=1/admin",
      NULL,
      { "/public/..;x=1/admin", "/public/../admin", "/admin" } },
    { "two-slashes-are-one", "//admin", NULL, { "//admin", "/admin" } },
    { "slashes-and-dots-in-either-order",
      "/a//../b",
      NULL,
      { "/a//../b", "/a/../b", "/a/b", "/b" } },
    { "a-single-dot-goes-away", "/a/./b/", NULL, { "/a/./b/", "/a/b/" } },
    { "a-scoped-package",
      "/@scope%2Fname",
      NULL,
      { "/@scope%2Fname", "/@scope/name" } },
    { "an-encoded-backslash-is-a-slash",
      "/a%5c..%5cadmin",
      NULL,
      { "/a%5c..%5cadmin", "/a\\..\\admin", "/a/../admin", "/admin" } },
    { "a-raw-backslash-is-refused", "/a\\b", raw, { NULL } },
    { "overlong-utf8-is-refused", "/%c0%ae%c0%ae/admin", encoding, { NULL } },
    { "an-encoded-nul-is-refused", "/%00", control, { NULL } },
    { "a-percent-sign-alone-is-refused", "/a%", broken, { NULL } },
    { "four-layers-are-refused", "/%25252525252e", deep, { NULL } },
    { "utf8-is-decoded", "/caf%C3%A9", NULL, { "/caf%C3%A9", "/caf\xc3\xa9" } },
    { "a-plus-is-no-space", "/a+b", NULL, { "/a+b" } },
    { "case-counts", "/Admin", NULL, { "/Admin" } },
    { "an-encoded-line-end-is-refused", "/x%0d%0aHost:y", control, { NULL } },
    { "dots-at-the-end-leave-a-slash",
      "/repos/o/r/..",
      NULL,
      { "/repos/o/r/..", "/repos/o/" } },
    { "parameters-go-away", "/~u;v=1.2/x", NULL, { "/~u;v=1.2/x", "/~u/x" } },
    { "colons-and-at-signs-are-plain", "/obj/a:b@c", NULL, { "/obj/a:b@c" } },

    /* Borders. */
    { "the-root-is-itself", "/", NULL, { "/" } },
    { "dots-do-not-go-above-the-root", "/../..", NULL, { "/../..", "/" } },
    { "a-dot-at-the-end-leaves-a-slash", "/a/.", NULL, { "/a/.", "/a/" } },
    { "three-dots-are-a-name", "/a/...", NULL, { "/a/..." } },
    { "dot-files-are-names", "/.well-known/x", NULL, { "/.well-known/x" } },
    { "a-dot-inside-is-plain", "/a.b/c..d", NULL, { "/a.b/c..d" } },
    { "three-layers-are-read",
      "/%25252e",
      NULL,
      { "/%25252e", "/%252e", "/%2e", "/.", "/" } },
    { "an-escape-that-only-decoding-breaks-is-plain",
      "/a%25zz",
      NULL,
      { "/a%25zz", "/a%zz" } },
    { "upper-case-escapes-are-the-same",
      "/%2E%2E/x",
      NULL,
      { "/%2E%2E/x", "/../x", "/x" } },
    { "an-encoded-semicolon-begins-parameters",
      "/a%3bb/c",
      NULL,
      { "/a%3bb/c", "/a;b/c", "/a/c" } },
    { "nothing-is-refused", "", form, { NULL } },
    { "a-star-is-refused", "*", form, { NULL } },
    { "an-absolute-target-is-refused", "http://x/", form, { NULL } },
    { "a-space-is-refused", "/a b", raw, { NULL } },
    { "a-tab-is-refused", "/a\tb", raw, { NULL } },
    { "a-delete-is-refused", "/a\x7f", raw, { NULL } },
    { "a-fragment-is-refused", "/a#b", raw, { NULL } },
    { "raw-utf8-is-refused", "/caf\xc3\xa9", raw, { NULL } },
    { "a-tilde-is-the-last-byte-that-is-fine", "/!~", NULL, { "/!~" } },
    { "half-an-escape-is-refused", "/a%2", broken, { NULL } },
    { "an-escape-of-no-digits-is-refused", "/a%g0", broken, { NULL } },
    { "an-encoded-delete-is-refused", "/%7f", control, { NULL } },
    { "a-twice-encoded-nul-is-refused", "/%2500", control, { NULL } },
    { "an-encoded-surrogate-is-refused", "/%ed%a0%80", encoding, { NULL } },
    { "a-lone-continuation-byte-is-refused", "/%80", encoding, { NULL } },
    { "beyond-unicode-is-refused", "/%f4%90%80%80", encoding, { NULL } },
};

static void
test_readings(gconstpointer data)
{
    const Case *c = data;
    const char *refusal = bns_path_check(c->path, strlen(c->path));
    g_auto(BnsReadings) readings = { 0 };
    guint expected = 0;

    g_assert_cmpstr(refusal, ==, c->refusal);
    if (refusal != NULL)
        return;
    bns_readings_init(&readings, c->path);
    for (; expected < READINGS_MAX && c->readings[expected] != NULL; expected++) {
        bool is_found = false;

        for (guint i = 0; i < bns_readings_count(&readings); i++)
            is_found |=
                strcmp(bns_readings_get(&readings, i), c->readings[expected]) == 0;
        if (!is_found)
            g_error("%s is not read as %s", c->path, c->readings[expected]);
    }
    g_assert_cmpuint(bns_readings_count(&readings), ==, expected);
    g_assert_cmpstr(bns_readings_get(&readings, 0), ==, c->path);
}

static void
test_raw_nul(void)
{
    g_assert_cmpstr(bns_path_check("/a\0b", 4), ==, raw);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/policy/path/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_readings);
    }
    bns_test_add("/policy/path/a-raw-nul-is-refused", test_raw_nul);
    return g_test_run();
}
