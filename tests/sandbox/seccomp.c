/* SPDX-License-Identifier: Apache-2.0 */
/* The program is run by a small interpreter here: so a call that an ordinary user may not
 * make anyway is seen to be refused by the filter, and not by something else. */
#include "sandbox/seccomp.h"

#include "tests/support/test.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#endif

#define HIGH_HALF (1ull << 32)

static uint32_t
run(BnsNested nested, const struct seccomp_data *data)
{
    struct sock_filter program[BNS_SECCOMP_MAX];
    size_t len = bns_seccomp_build(nested, program);
    uint32_t word = 0;

    for (size_t at = 0; at < len; at++) {
        const struct sock_filter *f = &program[at];
        bool is_true = false;

        switch (f->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            g_assert_cmpuint(f->k, <=, sizeof(*data) - sizeof(word));
            memcpy(&word, (const char *)data + f->k, sizeof(word));
            continue;
        case BPF_RET | BPF_K:
            return f->k;
        case BPF_JMP | BPF_JEQ | BPF_K:
            is_true = word == f->k;
            break;
        case BPF_JMP | BPF_JGE | BPF_K:
            is_true = word >= f->k;
            break;
        case BPF_JMP | BPF_JSET | BPF_K:
            is_true = (word & f->k) != 0;
            break;
        case BPF_JMP | BPF_JGT | BPF_K:
            is_true = word > f->k;
            break;
        default:
            g_error("unknown instruction %#x at %zu", f->code, at);
        }
        at += is_true ? f->jt : f->jf;
    }
    g_error("the program has no end");
}

#define ALLOW     SECCOMP_RET_ALLOW
#define DENY(err) (SECCOMP_RET_ERRNO | (err))
#define KILL      SECCOMP_RET_KILL_PROCESS

typedef struct {
    const char *name;
    int number;
    uint64_t args[3];
    uint32_t action;
} Row;

static const Row rows[] = {
    { "read", __NR_read, { 0 }, ALLOW },
    { "execve", __NR_execve, { 0 }, ALLOW },
    { "ptrace-for-debuggers", __NR_ptrace, { 0 }, ALLOW },
    { "seccomp-for-sandboxes-inside", __NR_seccomp, { 0 }, ALLOW },
    { "the-last-reviewed-call", 469, { 0 }, ALLOW },
    { "the-first-unreviewed-call", 470, { 0 }, DENY(ENOSYS) },
    { "a-call-that-a-tracer-skips", -1, { 0 }, ALLOW },
    { "unix", __NR_socket, { AF_UNIX, SOCK_STREAM, 0 }, ALLOW },
    { "inet", __NR_socket, { AF_INET, SOCK_STREAM, 0 }, ALLOW },
    { "inet6", __NR_socket, { AF_INET6, SOCK_STREAM, 0 }, ALLOW },
    { "unspecified-family", __NR_socket, { 0, 1, 0 }, DENY(EAFNOSUPPORT) },
    { "vsock", __NR_socket, { 40, 1, 0 }, DENY(EAFNOSUPPORT) },
    { "packet", __NR_socket, { AF_PACKET, 3, 0 }, DENY(EAFNOSUPPORT) },
    { "alg", __NR_socket, { 38, 5, 0 }, DENY(EAFNOSUPPORT) },
    { "bluetooth", __NR_socket, { 31, 5, 0 }, DENY(EAFNOSUPPORT) },
    { "last-family", __NR_socket, { 46, 1, 0 }, DENY(EAFNOSUPPORT) },
    { "vsock-with-a-high-half",
      __NR_socket,
      { HIGH_HALF | 40, 1, 0 },
      DENY(EAFNOSUPPORT) },
    { "inet-with-a-high-half", __NR_socket, { HIGH_HALF | AF_INET, 1, 0 }, ALLOW },
    { "netlink-route", __NR_socket, { AF_NETLINK, 3, NETLINK_ROUTE }, ALLOW },
    { "netlink-audit",
      __NR_socket,
      { AF_NETLINK, 3, NETLINK_AUDIT },
      DENY(EPROTONOSUPPORT) },
    { "netlink-with-a-high-half",
      __NR_socket,
      { AF_NETLINK, 3, HIGH_HALF | NETLINK_NETFILTER },
      DENY(EPROTONOSUPPORT) },
    { "unix-pair", __NR_socketpair, { AF_UNIX, 1, 0 }, ALLOW },
    { "tipc-pair", __NR_socketpair, { 30, 1, 0 }, DENY(EAFNOSUPPORT) },
    { "terminal-size", __NR_ioctl, { 0, TIOCGWINSZ }, ALLOW },
    { "terminal-input", __NR_ioctl, { 0, TIOCSTI }, DENY(EPERM) },
    { "terminal-input-with-a-high-half",
      __NR_ioctl,
      { 0, HIGH_HALF | TIOCSTI },
      DENY(EPERM) },
    { "console-selection", __NR_ioctl, { 0, TIOCLINUX }, DENY(EPERM) },
    { "exclusive-terminal", __NR_ioctl, { 0, TIOCEXCL }, DENY(EPERM) },
    { "line-discipline", __NR_ioctl, { 0, TIOCSETD }, DENY(EPERM) },
    { "own-limits", __NR_prlimit64, { 0, 7 }, ALLOW },
    { "limits-of-another", __NR_prlimit64, { 2, 7 }, ALLOW },
    { "limits-of-init", __NR_prlimit64, { 1, 7 }, DENY(EPERM) },
    { "limits-of-init-with-a-high-half",
      __NR_prlimit64,
      { HIGH_HALF | 1, 7 },
      DENY(EPERM) },
    { "io-uring", __NR_io_uring_setup, { 0 }, DENY(EPERM) },
    { "io-uring-enter", __NR_io_uring_enter, { 0 }, DENY(EPERM) },
    { "keyctl", __NR_keyctl, { 0 }, DENY(EPERM) },
    { "add-key", __NR_add_key, { 0 }, DENY(EPERM) },
    { "request-key", __NR_request_key, { 0 }, DENY(EPERM) },
    { "bpf", __NR_bpf, { 0 }, DENY(EPERM) },
    { "perf", __NR_perf_event_open, { 0 }, DENY(EPERM) },
    { "userfaultfd", __NR_userfaultfd, { 0 }, DENY(EPERM) },
    { "kexec", __NR_kexec_load, { 0 }, DENY(EPERM) },
    { "module", __NR_finit_module, { 0 }, DENY(EPERM) },
    { "reboot", __NR_reboot, { 0 }, DENY(EPERM) },
    { "swap", __NR_swapon, { 0 }, DENY(EPERM) },
    { "clock", __NR_clock_settime, { 0 }, DENY(EPERM) },
    { "quota", __NR_quotactl, { 0 }, DENY(EPERM) },
    { "quota-by-descriptor", 443, { 0 }, DENY(EPERM) },
    { "accounting", __NR_acct, { 0 }, DENY(EPERM) },
    { "kernel-log", __NR_syslog, { 0 }, DENY(EPERM) },
    { "fanotify", __NR_fanotify_init, { 0 }, DENY(EPERM) },
    { "file-handle", __NR_open_by_handle_at, { 0 }, DENY(EPERM) },
    { "foreign-descriptor", __NR_pidfd_getfd, { 0 }, DENY(EPERM) },
    { "foreign-memory-advice", 440, { 0 }, DENY(EPERM) },
    { "kcmp", __NR_kcmp, { 0 }, DENY(EPERM) },
    { "move-pages", __NR_move_pages, { 0 }, DENY(EPERM) },
    { "hangup", __NR_vhangup, { 0 }, DENY(EPERM) },
#ifdef __x86_64__
    { "port-access", __NR_iopl, { 0 }, DENY(EPERM) },
    { "local-descriptors", __NR_modify_ldt, { 0 }, DENY(EPERM) },
    { "x32", 0x40000000 | __NR_getpid, { 0 }, KILL },
    { "x32-socket", 0x40000000 | __NR_socket, { AF_INET, 1, 0 }, KILL },
#endif
};

static void
test_row(gconstpointer data)
{
    const Row *row = data;
    struct seccomp_data call = { .nr = row->number, .arch = NATIVE };

    memcpy(call.args, row->args, sizeof(row->args));
    for (int nested = 0; nested < BNS_N_NESTED; nested++)
        g_assert_cmphex(run((BnsNested)nested, &call), ==, row->action);
}

/* Of each level: none, chromium, full. */
typedef struct {
    const char *name;
    int number;
    uint64_t flags;
    uint32_t actions[BNS_N_NESTED];
} NestedRow;

static const NestedRow nested_rows[] = {
    { "fork", __NR_clone, SIGCHLD, { ALLOW, ALLOW, ALLOW } },
    { "thread", __NR_clone, CLONE_VM | CLONE_THREAD, { ALLOW, ALLOW, ALLOW } },
    { "clone-with-users",
      __NR_clone,
      CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | SIGCHLD,
      { DENY(EPERM), ALLOW, ALLOW } },
    { "clone-with-mounts",
      __NR_clone,
      CLONE_NEWUSER | CLONE_NEWNS,
      { DENY(EPERM), DENY(EPERM), ALLOW } },
    { "clone-with-a-high-half",
      __NR_clone,
      HIGH_HALF | CLONE_NEWNS,
      { DENY(EPERM), DENY(EPERM), ALLOW } },
    { "users-with-a-high-half",
      __NR_clone,
      HIGH_HALF | CLONE_NEWUSER,
      { DENY(EPERM), ALLOW, ALLOW } },
    { "clone3-falls-back-to-clone",
      __NR_clone3,
      0,
      { DENY(ENOSYS), DENY(ENOSYS), ALLOW } },
    { "unshare-nothing", __NR_unshare, 0, { ALLOW, ALLOW, ALLOW } },
    { "unshare-users",
      __NR_unshare,
      CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC,
      { DENY(EPERM), ALLOW, ALLOW } },
    { "unshare-files", __NR_unshare, CLONE_FS | CLONE_FILES, { ALLOW, ALLOW, ALLOW } },
    { "unshare-mounts",
      __NR_unshare,
      CLONE_NEWUSER | CLONE_NEWNS,
      { DENY(EPERM), DENY(EPERM), ALLOW } },
    { "unshare-what-is-to-come",
      __NR_unshare,
      0x00100000,
      { DENY(EPERM), DENY(EPERM), ALLOW } },
    { "setns", __NR_setns, 0, { DENY(EPERM), DENY(EPERM), ALLOW } },
};

static void
test_nested(gconstpointer data)
{
    const NestedRow *row = data;
    struct seccomp_data call = { .nr = row->number, .arch = NATIVE };

    call.args[row->number == __NR_setns ? 1 : 0] = row->flags;
    for (int nested = 0; nested < BNS_N_NESTED; nested++)
        g_assert_cmphex(run((BnsNested)nested, &call), ==, row->actions[nested]);
}

static void
test_architecture(void)
{
    static const uint32_t foreign[] = { AUDIT_ARCH_I386, AUDIT_ARCH_ARM, 0 };

    for (size_t i = 0; i < G_N_ELEMENTS(foreign); i++) {
        struct seccomp_data call = { .nr = __NR_read, .arch = foreign[i] };

        g_assert_cmphex(run(BNS_NESTED_FULL, &call), ==, SECCOMP_RET_KILL_PROCESS);
    }
}

/* A child tries it; what it ends with says how often it was as it should be. */
static void
test_memory_programs(void)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        int n_good = 0;

        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        n_good += bns_seccomp_forbid_memory_programs() == 0;
        n_good += memfd_create("a", 0) < 0 && errno == EACCES;
        n_good +=
            memfd_create("a", MFD_CLOEXEC | 0x10 /* MFD_EXEC */) < 0 && errno == EACCES;
        /* EINVAL before Linux 6.3. */
        n_good += memfd_create("a", 0x8 /* MFD_NOEXEC_SEAL */) >= 0 || errno == EINVAL;
        n_good += getppid() > 0;
        _exit(n_good);
    }
    g_assert_cmpint(pid, >, 0);
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 5);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strdup_printf("/sandbox/seccomp/%s", rows[i].name);

        bns_test_add_data(path, &rows[i], test_row);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(nested_rows); i++) {
        g_autofree char *path =
            g_strdup_printf("/sandbox/seccomp/nested/%s", nested_rows[i].name);

        bns_test_add_data(path, &nested_rows[i], test_nested);
    }
    bns_test_add("/sandbox/seccomp/foreign-architectures-are-killed",
                 test_architecture);
    bns_test_add("/sandbox/seccomp/programs-in-memory-are-refused",
                 test_memory_programs);
    return g_test_run();
}
