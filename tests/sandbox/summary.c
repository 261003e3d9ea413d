/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/summary.h"

#include "tests/support/test.h"

typedef struct {
    const char *name;
    const char *summary;
    const char *text;
} Case;

#define AUDIT "boundary-ns: audit: /a\n"

static const Case cases[] = {
    { "nothing-happened", "0 0\n", "boundary-ns: 0 allowed, 0 denied\n" AUDIT },
    { "totals", "12 3\n", "boundary-ns: 12 allowed, 3 denied\n" AUDIT },
    { "no-summary-came", NULL, AUDIT },
    { "empty-summary", "", AUDIT },
    { "not-a-summary", "12\nx\ty\n", AUDIT },
    { "blocked-request", "0 2\n2\thttps\tapi.test\t443\tGET\t/v1/x\n",
      "boundary-ns: 0 allowed, 2 denied\n"
      "boundary-ns: 2 x denied: GET https://api.test:443/v1/x"
      "  (to allow it: --allow 'GET api.test/v1/x')\n" AUDIT },
    { "blocked-tcp", "0 1\n1\ttcp\tdb.test\t5432\t-\t-\n",
      "boundary-ns: 0 allowed, 1 denied\n"
      "boundary-ns: 1 x denied: tcp://db.test:5432"
      "  (to allow it: --allow 'tcp://db.test:5432')\n" AUDIT },
    { "what-no-rule-can-allow", "0 1\n1\tudp\t192.0.2.1\t53\t-\t-\n",
      "boundary-ns: 0 allowed, 1 denied\n"
      "boundary-ns: 1 x denied: udp://192.0.2.1:53\n" AUDIT },
    { "a-host-that-is-none-gets-no-rule", "0 1\n1\thttps\ta\\x1b.test\t443\tGET\t/\n",
      "boundary-ns: 0 allowed, 1 denied\n"
      "boundary-ns: 1 x denied: GET https://a\\x1b.test:443/\n" AUDIT },
    { "five-at-most",
      "0 6\n1\tudp\ta\t1\t-\t-\n1\tudp\tb\t1\t-\t-\n1\tudp\tc\t1\t-\t-\n"
      "1\tudp\td\t1\t-\t-\n1\tudp\te\t1\t-\t-\n1\tudp\tf\t1\t-\t-\n",
      "boundary-ns: 0 allowed, 6 denied\n"
      "boundary-ns: 1 x denied: udp://a:1\nboundary-ns: 1 x denied: udp://b:1\n"
      "boundary-ns: 1 x denied: udp://c:1\nboundary-ns: 1 x denied: udp://d:1\n"
      "boundary-ns: 1 x denied: udp://e:1\n" AUDIT },
};

static void
test_text(gconstpointer data)
{
    const Case *test = data;
    g_autofree char *text = bns_summary_text(test->summary, "/a");

    g_assert_cmpstr(text, ==, test->text);
}

static void
test_path_is_escaped(void)
{
    g_autofree char *text = bns_summary_text("0 0\n", "/a\n\033b");

    g_assert_cmpstr(
        text, ==,
        "boundary-ns: 0 allowed, 0 denied\nboundary-ns: audit: /a\\x0a\\x1bb\n");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/sandbox/summary/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_text);
    }
    bns_test_add("/sandbox/summary/path-is-escaped", test_path_is_escaped);
    return g_test_run();
}
