/* SPDX-License-Identifier: Apache-2.0 */
/* What cannot be looked at is not taken for absent. Each look in a process of its own:
 * what it notes stays. */
#include "sandbox/sight.h"
#include "tests/support/test.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Whether everything counts as looked at after @look. */
static bool
is_whole_after(void (*look)(void))
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        look();
        _exit(bns_sight_check(NULL) ? 0 : 1);
    }
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFEXITED(status));
    return WEXITSTATUS(status) == 0;
}

static void
look_at_nothing(void)
{
    g_autoptr(GPtrArray) names = bns_sight_names("/nonexistent");

    g_assert_cmpuint(names->len, ==, 0);
    g_assert_false(bns_sight_has("/nonexistent/file"));
    g_assert_false(bns_sight_is("/dev/null/file", 0));
    g_assert_null(bns_sight_real("/nonexistent"));
    g_assert_false(bns_sight_may("/proc/version", W_OK) && getuid() != 0);
}

static void
look_at_something(void)
{
    g_autoptr(GPtrArray) names = bns_sight_names("/proc/self");
    g_autofree char *real = bns_sight_real("/proc/../dev/null");

    g_assert_cmpuint(names->len, >, 10);
    g_assert_cmpstr(real, ==, "/dev/null");
    g_assert_true(bns_sight_has("/proc/self/exe") &&
                  bns_sight_is_link("/proc/self/exe"));
    g_assert_true(bns_sight_is("/proc/self/exe", S_IFREG));
    g_assert_false(bns_sight_is("/proc/self/exe", S_IFDIR));
}

static void
look_without_descriptors(void)
{
    const struct rlimit none = { 0, 0 };
    g_autoptr(GPtrArray) names = NULL;

    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &none), ==, 0);
    names = bns_sight_names("/proc/self");
    g_assert_cmpuint(names->len, ==, 0);
}

static void
note_an_error(void)
{
    bns_sight_note("/some/file", EIO);
    bns_sight_note("/other/file", ENOMEM);
}

static void
test_nothing(void)
{
    g_assert_true(is_whole_after(look_at_nothing));
    g_assert_true(is_whole_after(look_at_something));
}

static void
test_blind(void)
{
    g_assert_false(is_whole_after(look_without_descriptors));
    g_assert_false(is_whole_after(note_an_error));
}

static void
test_first(void)
{
    g_autoptr(GError) error = NULL;

    note_an_error();
    g_assert_false(bns_sight_check(&error));
    g_assert_cmpstr(error->message, ==,
                    "Could not look at \"/some/file\": Input/output error");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    bns_test_add("/sandbox/sight/nothing-is-there", test_nothing);
    bns_test_add("/sandbox/sight/a-look-that-fails-is-noted", test_blind);
    bns_test_add("/sandbox/sight/the-first-is-told", test_first);
    return g_test_run();
}
