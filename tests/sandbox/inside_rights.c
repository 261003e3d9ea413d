/* SPDX-License-Identifier: Apache-2.0 */
/* What the command may do inside, asked by a program that runs there. */
#include "base/ready.h"
#include "tests/sandbox/inside_fixture.h"
#include "tests/support/test.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
    const char *name;
    const char *probe;
    int expected; /* an errno; 0: it works */
} Row;

static const Row rows[] = {
    { "vsock-is-no-family", "vsock", EAFNOSUPPORT },
    { "packet-is-no-family", "packet", EAFNOSUPPORT },
    { "raw-sockets-are-refused", "raw", EPERM },
    { "ping-is-refused", "ping", EACCES },
    { "netlink-route-works", "netlink-route", 0 },
    { "other-netlink-does-not", "netlink-audit", EPROTONOSUPPORT },
    { "ipv6-has-no-route", "ipv6", ENETUNREACH },
    { "io-uring-is-refused", "io-uring", EPERM },
    { "keyrings-are-refused", "keyctl", EPERM },
    { "calls-of-the-future-do-not-exist", "future", ENOSYS },
    { "terminal-input-is-refused", "sti", EPERM },
    { "init-survives-signals", "kill-init", 0 },
    { "init-cannot-be-traced", "ptrace-init", EPERM },
    { "the-host-name-is-fixed", "hostname", EPERM },
    { "mounting-is-refused", "mount", EPERM },
    { "unmounting-is-refused", "unmount", EPERM },
    { "no-namespaces-can-be-made-below", "nested-users", EPERM },
    { "nor-of-mounts", "nested-mounts", EPERM },
    { "nor-by-clone", "nested-mounts-by-clone", EPERM },
    { "nor-by-clone3", "clone3", ENOSYS },
    { "and-ours-cannot-be-mounted-on", "nested-mount", EPERM },
    { "namespaces-cannot-be-entered", "setns", EPERM },
};

static void
test_row(gconstpointer data)
{
    const Row *row = data;
    const char *argv[] = { "@probe", row->probe, NULL };
    g_autofree char *answer = NULL;
    int status;

    if (!inside_is_possible())
        return;
    answer = inside_run(argv, NULL, &status);
    g_assert_cmpint(status, ==, 0);
    g_assert_cmpstr(answer, ==,
                    row->expected == 0 ? "ok" : strerrorname_np(row->expected));
}

typedef struct {
    const char *name;
    BnsNested nested;
    const char *probe;
    int expected;
} NestedRow;

static const NestedRow nested_rows[] = {
    { "chromium-makes-namespaces", BNS_NESTED_CHROMIUM, "nested-users", 0 },
    { "but-none-of-mounts", BNS_NESTED_CHROMIUM, "nested-mounts", EPERM },
    { "nor-by-clone", BNS_NESTED_CHROMIUM, "nested-mounts-by-clone", EPERM },
    { "nor-by-clone3", BNS_NESTED_CHROMIUM, "clone3", ENOSYS },
    { "ours-cannot-be-mounted-on", BNS_NESTED_CHROMIUM, "nested-mount", EPERM },
    { "full-makes-those-of-mounts", BNS_NESTED_FULL, "nested-mounts", 0 },
    { "and-by-clone", BNS_NESTED_FULL, "nested-mounts-by-clone", 0 },
    { "ours-cannot-be-mounted-on-in-full", BNS_NESTED_FULL, "nested-mount", EPERM },
    { "nor-can-init-be-traced", BNS_NESTED_FULL, "ptrace-init", EPERM },
    { "nor-vsock-opened", BNS_NESTED_FULL, "vsock", EAFNOSUPPORT },
};

static void
test_nested(gconstpointer data)
{
    const NestedRow *row = data;
    const char *argv[] = { "@probe", row->probe, NULL };
    const InsideOptions options = { .nested = row->nested };
    g_autofree char *answer = NULL;
    int status;

    if (!inside_is_possible())
        return;
    answer = inside_run(argv, &options, &status);
    g_assert_cmpint(status, ==, 0);
    g_assert_cmpstr(answer, ==,
                    row->expected == 0 ? "ok" : strerrorname_np(row->expected));
}

static void
test_core(void)
{
    g_autofree char *output = NULL;

    if (!inside_is_possible())
        return;
    output = inside_sh(
        "ulimit -Hc; ulimit -c; sh -c 'kill -SEGV $$' 2>/dev/null; echo $?", NULL);
    g_assert_cmpstr(output, ==, "0\n0\n139");
}

#ifdef __x86_64__
/* A kernel without that ABI (CONFIG_IA32_EMULATION) has SIGSEGV for it, whoever asks. */
static bool
has_i386_calls(void)
{
    int status;
    pid_t pid = fork();

    g_assert_cmpint(pid, >=, 0);
    if (pid == 0) {
        long r;

        __asm__ volatile("int $0x80" : "=a"(r) : "a"(20) : "memory"); /* getpid(2) */
        _exit(0);
    }
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    return WIFEXITED(status);
}

static void
test_killed(gconstpointer probe)
{
    const bool is_lacking = strcmp(probe, "i386") == 0 && !has_i386_calls();
    const char *argv[] = { "@probe", probe, NULL };
    g_autofree char *answer = NULL;
    int status;

    if (!inside_is_possible())
        return;
    answer = inside_run(argv, NULL, &status);
    g_assert_true(WIFSIGNALED(status));
    g_assert_cmpint(WTERMSIG(status), ==, is_lacking ? SIGSEGV : SIGSYS);
}
#endif

static void
test_capabilities(void)
{
    g_autofree char *lines = NULL;

    if (!inside_is_possible())
        return;
    lines = inside_sh("grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status | tr -d "
                      "'\\t'",
                      NULL);
    g_assert_cmpstr(lines, ==,
                    "CapInh:0000000000000000\n"
                    "CapPrm:0000000000000000\n"
                    "CapEff:0000000000000000\n"
                    "CapBnd:0000000000000000\n"
                    "CapAmb:0000000000000000\n"
                    "NoNewPrivs:1\n"
                    "Seccomp:2");
}

static void
test_user(void)
{
    g_autofree char *ids = NULL;
    g_autofree char *expected = g_strdup_printf("%u %u", getuid(), getgid());

    if (!inside_is_possible())
        return;
    ids = inside_sh("echo $(id -u) $(id -g)", NULL);
    g_assert_cmpstr(ids, ==, expected);
}

static void
test_descriptors(void)
{
    g_autofree char *names = NULL;

    if (!inside_is_possible())
        return;
    /* 3 is the directory that ls reads. */
    names = inside_sh("exec ls /proc/self/fd | tr '\\n' ' '", NULL);
    g_assert_cmpstr(g_strchomp(names), ==, "0 1 2 3");
}

static void
test_init_is_opaque(void)
{
    static const char *const files[] = { "environ", "maps", "mem",   "fd/3",
                                         "cwd",     "root", "ns/net" };

    if (!inside_is_possible())
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *script = g_strdup_printf(
            "if cat /proc/1/%s/. || cat /proc/1/%s; then exit 1; fi 2>/dev/null",
            files[i], files[i]);
        g_autofree char *output = inside_sh(script, NULL);

        g_assert_cmpstr(output, ==, "");
    }
}

static void
test_processes(void)
{
    g_autofree char *pids = NULL;

    if (!inside_is_possible())
        return;
    pids = inside_sh("cd /proc && echo [0-9]*", NULL);
    g_assert_cmpstr(pids, ==, "1 2");
}

static void
test_network(void)
{
    g_autofree char *devices = NULL;

    if (!inside_is_possible())
        return;
    devices = inside_sh("sed -n 's/^ *\\([a-z0-9]*\\):.*/\\1/p' /proc/net/dev", NULL);
    g_assert_cmpstr(devices, ==, "lo\ntap0");
}

static void
test_sys_is_read_only(void)
{
    g_autofree char *left = NULL;

    if (!inside_is_possible())
        return;
    left = inside_sh("awk '$2 ~ \"^/sys(/|$)\" && $4 !~ /^ro/' /proc/mounts", NULL);
    g_assert_cmpstr(left, ==, "");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path =
            g_strdup_printf("/sandbox/inside/rights/%s", rows[i].name);

        bns_test_add_data(path, &rows[i], test_row);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(nested_rows); i++) {
        g_autofree char *path =
            g_strdup_printf("/sandbox/inside/rights/nested/%s", nested_rows[i].name);

        bns_test_add_data(path, &nested_rows[i], test_nested);
    }
    bns_test_add("/sandbox/inside/rights/no-core-is-dumped", test_core);
#ifdef __x86_64__
    bns_test_add_data("/sandbox/inside/rights/i386-calls-are-killed", "i386",
                      test_killed);
    bns_test_add_data("/sandbox/inside/rights/x32-calls-are-killed", "x32",
                      test_killed);
#endif
    bns_test_add("/sandbox/inside/rights/no-capability-in-any-set", test_capabilities);
    bns_test_add("/sandbox/inside/rights/the-user-is-himself", test_user);
    bns_test_add("/sandbox/inside/rights/only-three-descriptors", test_descriptors);
    bns_test_add("/sandbox/inside/rights/init-shows-nothing", test_init_is_opaque);
    bns_test_add("/sandbox/inside/rights/no-process-of-the-host", test_processes);
    bns_test_add("/sandbox/inside/rights/two-devices", test_network);
    bns_test_add("/sandbox/inside/rights/sys-is-read-only", test_sys_is_read_only);
    return g_test_run();
}
