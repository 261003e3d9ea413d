/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/programs.h"

#include "tests/support/test.h"

#include <glib/gstdio.h>

static void
test_find(void)
{
    g_autofree char *dir = g_dir_make_tmp("bns-programs-XXXXXX", NULL);
    g_autofree char *self = g_build_filename(dir, "boundary-ns", NULL);
    g_autofree char *netstack = g_build_filename(dir, BNS_NETSTACK_NAME, NULL);
    g_autofree char *none = bns_programs_find_netstack(self);
    g_autofree char *unusable = NULL;
    g_autofree char *found = NULL;

    g_assert_cmpstr(none, !=, netstack);
    g_assert_true(g_file_set_contents(netstack, "", 0, NULL));
    g_assert_cmpint(g_chmod(netstack, 0600), ==, 0);
    unusable = bns_programs_find_netstack(self);
    g_assert_cmpstr(unusable, !=, netstack);
    g_assert_cmpint(g_chmod(netstack, 0700), ==, 0);
    found = bns_programs_find_netstack(self);
    g_assert_cmpstr(found, ==, netstack);
    g_assert_cmpint(g_unlink(netstack), ==, 0);
    g_assert_cmpint(g_rmdir(dir), ==, 0);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    bns_test_add("/sandbox/programs/netstack-is-found-beside-us", test_find);
    return g_test_run();
}
