/* SPDX-License-Identifier: Apache-2.0 */
#include "base/freeze.h"

#include "tests/support/test.h"

#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the child found, as its exit status. */
enum {
    AS_EXPECTED,
    NO_NAMESPACE,
    NOT_FROZEN,
    FROZEN,
    FAILED
};

static int
is_read_only(const char *path)
{
    struct statvfs info;

    return statvfs(path, &info) == 0 && (info.f_flag & ST_RDONLY) != 0;
}

/* In a mount namespace of its own, with a mount on /tmp. */
static int
enter_namespace(void)
{
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 ||
        mount("", "/", "", MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("one", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, NULL) < 0)
        return NO_NAMESPACE;
    return AS_EXPECTED;
}

static int
freeze_all(void)
{
    if (enter_namespace() != AS_EXPECTED)
        return NO_NAMESPACE;
    if (bns_freeze_below("") != 0)
        return FAILED;
    return is_read_only("/") && is_read_only("/tmp") ? AS_EXPECTED : NOT_FROZEN;
}

static int
freeze_one(void)
{
    int before = is_read_only("/");

    if (enter_namespace() != AS_EXPECTED)
        return NO_NAMESPACE;
    if (bns_freeze_mount("/tmp") != 0)
        return FAILED;
    if (!is_read_only("/tmp"))
        return NOT_FROZEN;
    return is_read_only("/") == before ? AS_EXPECTED : FROZEN;
}

static int
freeze_beside(void)
{
    if (enter_namespace() != AS_EXPECTED)
        return NO_NAMESPACE;
    /* "/tm" is a prefix of the path, not a directory above it; and what is below a
     * mount does not mean the mount. */
    if (bns_freeze_below("/tm") != 0 || bns_freeze_below("/tmp") != 0)
        return FAILED;
    return is_read_only("/tmp") ? FROZEN : AS_EXPECTED;
}

static int
freeze_absent(void)
{
    return bns_freeze_mount("/nonexistent/mount") == -ENOENT ? AS_EXPECTED : FAILED;
}

static void
test_in_child(gconstpointer data)
{
    int (*run)(void) = *(int (*const *)(void))data;
    pid_t pid = fork();
    int status = 0;

    if (pid == 0)
        _exit(run());
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == NO_NAMESPACE)
        bns_test_skip("user namespaces are off here");
    else
        g_assert_cmpint(WEXITSTATUS(status), ==, AS_EXPECTED);
}

static const struct {
    int (*run)(void); /* first: a row is its address */
    const char *path;
} rows[] = {
    { freeze_all, "/base/freeze/empty-directory-is-every-mount" },
    { freeze_one, "/base/freeze/one-mount-alone" },
    { freeze_beside, "/base/freeze/below-is-neither-beside-nor-the-mount-itself" },
    { freeze_absent, "/base/freeze/what-is-absent-is-an-error" },
};

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        bns_test_add_data(rows[i].path, &rows[i], test_in_child);
    return g_test_run();
}
