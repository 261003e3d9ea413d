/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/probe.h"

#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

/* A machine: its files, and what failed on it. */
typedef struct {
    const char *name;
    const char *files[4][2]; /* path, text */
    BnsProbeStep step;       /* BNS_N_STEPS: nothing failed */
    int error;
    const char *cause; /* NULL: none */
} Case;

#define APPARMOR   "proc/sys/kernel/apparmor_restrict_unprivileged_userns"
#define CLONE      "proc/sys/kernel/unprivileged_userns_clone"
#define MAX_USERNS "proc/sys/user/max_user_namespaces"
#define STATUS     "proc/self/status"
#define MOUNTS     "proc/self/mountinfo"
#define RELEASE    "proc/sys/kernel/osrelease"

static const Case cases[] = {
    { "all-works-and-there-is-no-cause",
      { { APPARMOR, "1\n" } },
      BNS_N_STEPS,
      0,
      NULL },
    { "apparmor-after-a-namespace-without-powers",
      { { APPARMOR, "1\n" }, { MAX_USERNS, "9999\n" } },
      BNS_STEP_ID_MAP,
      EPERM,
      "apparmor" },
    { "apparmor-that-denies-a-mount",
      { { APPARMOR, "1\n" } },
      BNS_STEP_MOUNT,
      EACCES,
      "apparmor" },
    { "apparmor-off-is-not-the-cause",
      { { APPARMOR, "0\n" } },
      BNS_STEP_ID_MAP,
      EPERM,
      "id-map" },
    { "debian-sysctl",
      { { CLONE, "0\n" } },
      BNS_STEP_USER_NAMESPACE,
      EPERM,
      "userns-clone" },
    { "debian-sysctl-that-is-on",
      { { CLONE, "1\n" } },
      BNS_STEP_USER_NAMESPACE,
      EPERM,
      "userns" },
    { "none-allowed",
      { { MAX_USERNS, "0\n" } },
      BNS_STEP_USER_NAMESPACE,
      ENOSPC,
      "max-user-namespaces" },
    { "inside-ourselves",
      { { ".dockerenv", "" }, { "etc/boundary-ns/ca.pem", "" } },
      BNS_STEP_USER_NAMESPACE,
      EPERM,
      "inside" },
    { "inside-another-sandbox",
      { { MAX_USERNS, "9999\n" } },
      BNS_STEP_USER_NAMESPACE,
      ENOSPC,
      "nested" },
    { "inside-another-at-the-second-namespace",
      { { MAX_USERNS, "9999\n" } },
      BNS_STEP_INNER_NAMESPACE,
      ENOSPC,
      "nested" },
    { "no-process-left-in-a-container",
      { { ".dockerenv", "" } },
      BNS_STEP_USER_NAMESPACE,
      EAGAIN,
      "processes" },
    { "docker",
      { { ".dockerenv", "" }, { STATUS, "Name:\tx\nSeccomp:\t2\n" } },
      BNS_STEP_USER_NAMESPACE,
      EPERM,
      "container" },
    { "podman", { { "run/.containerenv", "" } }, BNS_STEP_MOUNT, EPERM, "container" },
    { "masked-proc",
      { { "run/.containerenv", "" },
        { MOUNTS, "30 29 0:9 / /proc/kcore rw - tmpfs t rw\n" } },
      BNS_STEP_PROC,
      EPERM,
      "masked-proc" },
    { "binfmt-misc-masks-nothing",
      { { MOUNTS, "30 29 0:9 / /proc/sys/fs/binfmt_misc rw - autofs t rw\n" } },
      BNS_STEP_PROC,
      EPERM,
      "proc" },
    { "filter-of-another-program",
      { { STATUS, "Name:\tx\nSeccomp:\t2\n" } },
      BNS_STEP_NAMESPACES,
      EPERM,
      "seccomp" },
    { "filter-that-denies-no-step-is-not-the-cause",
      { { STATUS, "Name:\tx\nSeccomp:\t2\n" } },
      BNS_STEP_LINK,
      EPERM,
      "link" },
    { "selinux",
      { { "sys/fs/selinux/enforce", "1" } },
      BNS_STEP_NAMESPACES,
      EACCES,
      "selinux" },
    { "wsl1",
      { { RELEASE, "4.4.0-19041-Microsoft\n" } },
      BNS_STEP_USER_NAMESPACE,
      EINVAL,
      "wsl1" },
    { "wsl2-is-not-wsl1",
      { { RELEASE, "5.15.90.1-microsoft-standard-WSL2\n" } },
      BNS_STEP_USER_NAMESPACE,
      EINVAL,
      "kernel" },
    { "kernel-without-namespaces",
      { { 0 } },
      BNS_STEP_USER_NAMESPACE,
      EINVAL,
      "kernel" },
    { "no-device", { { 0 } }, BNS_STEP_LINK, EOPNOTSUPP, "link" },
    { "no-seccomp", { { 0 } }, BNS_STEP_SECCOMP, EINVAL, "no-seccomp" },
    { "loopback-alone", { { 0 } }, BNS_STEP_LOOPBACK, EIO, "loopback" },
};

static void
write_files(const Case *test, const char *root)
{
    for (size_t i = 0; i < G_N_ELEMENTS(test->files) && test->files[i][0] != NULL;
         i++) {
        g_autofree char *path = g_build_filename(root, test->files[i][0], NULL);
        g_autofree char *dir = g_path_get_dirname(path);

        g_assert_cmpint(g_mkdir_with_parents(dir, 0700), ==, 0);
        g_assert_true(g_file_set_contents(path, test->files[i][1], -1, NULL));
    }
}

static void
test_cause(gconstpointer data)
{
    const Case *test = data;
    g_autofree char *root = g_dir_make_tmp("bns-probe-XXXXXX", NULL);
    BnsProbe probe = { 0 };
    const BnsCause *cause;
    BnsFacts facts;

    write_files(test, root);
    bns_facts_read(root, &facts);
    for (BnsProbeStep step = test->step; step < BNS_N_STEPS; step++)
        probe.errors[step] = step == test->step ? test->error : 0;
    if (test->step <= BNS_STEP_NAMESPACES)
        for (BnsProbeStep step = test->step + 1; step < BNS_N_STEPS; step++)
            probe.errors[step] = -1;
    cause = bns_probe_cause(&probe, &facts);
    g_assert_cmpstr(cause != NULL ? cause->name : NULL, ==, test->cause);
    if (cause != NULL)
        g_assert_cmpint(cause->cause[strlen(cause->cause) - 1], !=, '.');
    bns_test_remove_tree(root);
}

static void
test_run(void)
{
    BnsProbe probe;

    if (bns_test_under_valgrind() || !bns_test_can_unshare()) {
        bns_test_skip("user namespaces are off here, or valgrind is in the way");
        return;
    }
    bns_probe_run(&probe);
    for (BnsProbeStep step = 0; step < BNS_N_STEPS; step++)
        g_assert_cmpint(probe.errors[step], ==, 0);
    g_assert_null(bns_probe_explain());
}

static void
write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    g_assert_cmpint(write(fd, text, strlen(text)), ==, strlen(text));
    close(fd);
}

/* Our own namespace allows none below it. */
static void
forbid_user_namespaces(void)
{
    g_autofree char *map = g_strdup_printf("0 %u 1", getuid());

    g_assert_cmpint(unshare(CLONE_NEWUSER), ==, 0);
    write_text("/proc/self/uid_map", map);
    write_text("/proc/sys/user/max_user_namespaces", "0");
}

/* The first step fails for real: no further user namespace fits. */
static void
test_run_without_namespaces(void)
{
    g_autofree char *explained = NULL;
    BnsProbe probe;

    if (!bns_test_can_unshare()) {
        bns_test_skip("user namespaces are off here");
        return;
    }
    if (!g_test_subprocess()) {
        g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDOUT);
        g_test_trap_assert_passed();
        return;
    }
    forbid_user_namespaces();
    bns_probe_run(&probe);
    g_assert_cmpint(probe.errors[BNS_STEP_USER_NAMESPACE], ==, ENOSPC);
    g_assert_cmpint(probe.errors[BNS_STEP_ID_MAP], ==, -1);
    explained = bns_probe_explain();
    g_assert_true(g_str_has_prefix(explained, "user.max_user_namespaces is 0; sudo "));
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/sandbox/probe/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_cause);
    }
    bns_test_add("/sandbox/probe/every-step-works-here", test_run);
    bns_test_add("/sandbox/probe/a-step-that-fails-is-explained",
                 test_run_without_namespaces);
    return g_test_run();
}
