/* SPDX-License-Identifier: Apache-2.0 */
/* Who may know whom: a folder includes only from the folders that its row names. */
#include "tests/support/test.h"

#include <string.h>

static const struct {
    const char *folder;
    const char *may_include; /* prefixes, separated by spaces */
} rows[] = {
    { "base", "base/" },
    { "policy", "policy/ base/" },
    { "audit", "audit/ base/" },
    { "netstack", "netstack/wire.h base/" },
    { "netstack/tap",
      "netstack/tap/ netstack/wire.h audit/client.h audit/record.h base/" },
    { "netstack/gateway", "netstack/gateway/ netstack/wire.h policy/ audit/post.h "
                          "audit/record.h audit/tls_error.h base/" },
    { "sandbox",
      "sandbox/ netstack/gateway/credentials.h netstack/gateway/gateway.h "
      "netstack/gateway/proxy.h "
      "netstack/gateway/resolver.h netstack/gateway/trust.h netstack/tap/packet_gate.h "
      "netstack/tap/tap.h policy/ audit/ base/ data/" },
};

static bool
is_allowed(const char *include, char **prefixes)
{
    for (char **prefix = prefixes; *prefix != NULL; prefix++)
        if (g_str_has_prefix(include, *prefix))
            return true;
    return false;
}

static void
check_file(const char *folder, const char *name, char **prefixes)
{
    g_autofree char *path =
        g_test_build_filename(G_TEST_DIST, "..", "..", folder, name, NULL);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        g_autofree char *include = NULL;

        if (!g_str_has_prefix(*line, "#include \""))
            continue;
        include = g_strndup(*line + 10, strcspn(*line + 10, "\""));
        if (!is_allowed(include, prefixes))
            g_error("%s/%s may not include %s", folder, name, include);
    }
}

static void
test_includes(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path =
            g_test_build_filename(G_TEST_DIST, "..", "..", rows[i].folder, NULL);
        g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
        g_auto(GStrv) prefixes = g_strsplit(rows[i].may_include, " ", -1);
        guint files = 0;
        const char *name;

        g_assert_nonnull(dir);
        while ((name = g_dir_read_name(dir)) != NULL)
            if (g_str_has_suffix(name, ".c") || g_str_has_suffix(name, ".h")) {
                check_file(rows[i].folder, name, prefixes);
                files++;
            }
        g_assert_cmpuint(files, >, 0);
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    bns_test_add("/base/includes/folders-know-only-whom-they-may", test_includes);
    return g_test_run();
}
