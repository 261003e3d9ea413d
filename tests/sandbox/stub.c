/* SPDX-License-Identifier: Apache-2.0 */
/* What stands where a denied program would be: it says its text and exits with 126. */
#include "sandbox/stub.h"

#include "tests/support/test.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* As a file, executed with nothing: no environment, no library, its standard error
 * alone. Returns: (transfer full): what it wrote. */
static char *
execute(const char *text, int *out_status)
{
    uint8_t file[BNS_STUB_MAX];
    size_t len = bns_stub_build(file, text);
    g_autofree char *dir = g_dir_make_tmp("bns-stub-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "stub", NULL);
    char *argv[] = { path, NULL };
    char *envp[] = { NULL };
    char *out = NULL;
    char *err = NULL;

    g_assert_true(g_file_set_contents_full(path, (const char *)file, (gssize)len,
                                           G_FILE_SET_CONTENTS_NONE, 0755, NULL));
    g_assert_true(g_spawn_sync(NULL, argv, envp, G_SPAWN_DEFAULT, NULL, NULL, &out,
                               &err, out_status, NULL));
    g_assert_cmpstr(out, ==, "");
    g_free(out);
    g_assert_cmpint(g_unlink(path), ==, 0);
    g_assert_cmpint(g_rmdir(dir), ==, 0);
    return err;
}

static void
check(const char *text, const char *expected)
{
    int status = -1;
    g_autofree char *err = execute(text, &status);

    g_assert_cmpstr(err, ==, expected);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 126);
}

static void
test_text(void)
{
    check("sudo: not permitted\n", "sudo: not permitted\n");
    check("caf\xc3\xa9\n", "caf\xc3\xa9\n");
}

static void
test_nothing(void)
{
    check("", "");
}

static void
test_longest(void)
{
    g_autofree char *longest = g_strnfill(BNS_STUB_TEXT_MAX, 'x');
    g_autofree char *longer = g_strnfill(BNS_STUB_TEXT_MAX + 1, 'x');

    check(longest, longest);
    check(longer, longest);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    bns_test_add("/sandbox/stub/says-its-text-and-exits-with-126", test_text);
    bns_test_add("/sandbox/stub/without-a-text-it-exits-too", test_nothing);
    bns_test_add("/sandbox/stub/a-text-has-an-end", test_longest);
    return g_test_run();
}
