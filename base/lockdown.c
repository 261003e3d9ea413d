/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lock-down: the rights of every helper process, and the half that takes the rest away.
 *
 * How it works: roles[] names what each process may do; nothing else does. The first
 * half (lockdown_isolate.c) makes its namespaces. The second half drops every capability
 * in every set, forbids new privileges and loads the seccomp filter. A call that no list
 * names kills the process (for the resolver, whose plugins are not ours, it fails), and
 * a foreign architecture kills in any case.
 *
 * The lists hold names that some kernels or libseccomp versions do not know; those are
 * skipped. A call that glibc would try first and do without is answered ENOSYS.
 */
#include "base/lockdown_rights.h"

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/prctl.h>
#include <linux/securebits.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#ifdef BNS_SANITIZED
#include <sanitizer/lsan_interface.h>
#endif
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41 /* Linux 5.17: newer libcs name their heaps */
#endif

/* More than any limit of a session asks for, less than what poll tables would cost. */
#define NOFILE_MANY (1024 * 1024)

/*
 * A sanitizer's run time reads /proc, maps code and traces its own process. Its builds
 * log what they would have killed for; everything else stays as it is.
 */
#ifdef BNS_SANITIZED
#define OUTSIDE_THE_LIST SCMP_ACT_LOG

static bool is_entered;

/* The leak checker calls it at the exit; without /proc it would only complain. */
int
__lsan_is_turned_off(void)
{
    return is_entered;
}
#else
#define OUTSIDE_THE_LIST SCMP_ACT_KILL_PROCESS
#endif

#define ARG(n, value)                                                                  \
    {                                                                                  \
        (n), SCMP_CMP_EQ, (value), 0                                                   \
    }
#define ARG_BITS(n, mask, value)                                                       \
    {                                                                                  \
        (n), SCMP_CMP_MASKED_EQ, (mask), (value)                                       \
    }
#define SOCKET_TYPE_MASK 0xf
#define FCNTL(command)                                                                 \
    {                                                                                  \
        "fcntl", { ARG(1, command) }, 1                                                \
    }
#define IOCTL(request)                                                                 \
    {                                                                                  \
        "ioctl", { ARG(1, request) }, 1                                                \
    }
#define PRCTL(option)                                                                  \
    {                                                                                  \
        "prctl", { ARG(0, option) }, 1                                                 \
    }
#define SOCKET(family, type)                                                           \
    {                                                                                  \
        "socket", { ARG(0, family), ARG_BITS(1, SOCKET_TYPE_MASK, type) }, 2           \
    }
#define TCP_SOCKET(family, protocol)                                                   \
    {                                                                                  \
        "socket",                                                                      \
            { ARG(0, family), ARG_BITS(1, SOCKET_TYPE_MASK, SOCK_STREAM),              \
              ARG(2, protocol) },                                                      \
            3                                                                          \
    }

/* Memory, time, waiting, and what was opened before: every role. */
static const char common_calls[] =
    /* descriptors */
    "read readv write writev close fstat newfstatat recvfrom recvmsg sendto sendmsg "
    "getsockname getpeername getsockopt shutdown "
    /* waiting */
    "epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd2 poll ppoll "
    "nanosleep clock_nanosleep restart_syscall "
    /* memory; mmap and mprotect are filtered */
    "brk munmap mremap madvise "
    /* locks */
    "futex futex_time64 futex_wait futex_waitv futex_wake futex_requeue rseq "
    "set_robust_list sched_yield membarrier "
    /* time and identity */
    "clock_gettime clock_gettime64 clock_getres gettimeofday time getpid gettid getuid "
    "geteuid getgid getegid getrandom sysinfo sched_getaffinity uname "
    /* signals and the end */
    "rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack exit exit_group";

static const BnsFilteredCall common_filtered[] = {
    FCNTL(F_GETFD),
    FCNTL(F_SETFD),
    FCNTL(F_GETFL),
    FCNTL(F_SETFL),
    FCNTL(F_DUPFD_CLOEXEC),
    IOCTL(TCGETS), /* isatty(3) of a logger */
    IOCTL(FIONREAD),
    IOCTL(FIONBIO),
    PRCTL(PR_SET_NAME),
    PRCTL(PR_SET_VMA),
    { 0 }
};

/* Memory that is never executable: no role but the resolver loads code. */
static const BnsFilteredCall no_exec_filtered[] = {
    { "mmap", { ARG_BITS(2, PROT_EXEC, 0) }, 1 },
    { "mprotect", { ARG_BITS(2, PROT_EXEC, 0) }, 1 },
    { 0 }
};

/* Files that libraries look for on the way (time zone, locale, processors): there are
 * none in an empty root, and the answer needs no kernel. */
static const char absent_calls[] = "open openat openat2 access faccessat faccessat2 "
                                   "stat lstat statx readlink readlinkat";

static const char recorder_calls[] = "pwrite64 fdatasync fsync ftruncate lseek";
static const BnsFilteredCall recorder_filtered[] = { { 0 } };

/* Connects, and accepts from what the supervisor has bound (--publish); it can make
 * nothing else listen. */
static const char gateway_calls[] = "connect accept4 setsockopt";
static const BnsFilteredCall gateway_filtered[] = {
    TCP_SOCKET(AF_INET, 0),
    TCP_SOCKET(AF_INET, IPPROTO_TCP),
    TCP_SOCKET(AF_INET6, 0),
    TCP_SOCKET(AF_INET6, IPPROTO_TCP),
    IOCTL(SIOCOUTQ), /* what an origin has not acknowledged */
    { 0 },
};

/* libslirp connects to the socket in /run, we accept; its network is empty. getppid is
 * what GLib makes random numbers of where there is no /dev. */
static const char netstack_calls[] = "connect accept4 accept setsockopt getppid";
static const BnsFilteredCall netstack_filtered[] = {
    SOCKET(AF_UNIX, SOCK_STREAM),
    IOCTL(SIOCOUTQ), /* what the gateway has not read */
    { 0 }
};

/* getaddrinfo(3) and the plugins of nsswitch.conf: files to read, name servers, nscd,
 * systemd-resolved and other local services to ask, the interfaces for RFC 6724. */
static const char resolver_calls[] =
    "open openat openat2 pread64 lseek getdents64 access faccessat faccessat2 stat "
    "lstat "
    "statx statfs fstatfs readlink readlinkat getcwd mmap mprotect connect bind "
    "setsockopt "
    "sendmmsg recvmmsg getppid prlimit64 getrlimit set_tid_address timerfd_create "
    "timerfd_settime pipe2 dup flock getresuid getresgid getgroups";
static const BnsFilteredCall resolver_filtered[] = {
    SOCKET(AF_INET, SOCK_DGRAM),
    SOCKET(AF_INET, SOCK_STREAM),
    SOCKET(AF_INET6, SOCK_DGRAM),
    SOCKET(AF_INET6, SOCK_STREAM),
    SOCKET(AF_UNIX, SOCK_STREAM),
    SOCKET(AF_UNIX, SOCK_DGRAM),
    SOCKET(AF_NETLINK, SOCK_RAW),
    SOCKET(AF_NETLINK, SOCK_DGRAM),
    /* threads, not processes; clone3, whose flags cannot be seen, is answered ENOSYS */
    { "clone", { ARG_BITS(0, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM) }, 1 },
    { 0 },
};

static const BnsRights roles[] = {
    [BNS_ROLE_RECORDER] = { .name = "recorder",
                            .nofile = 64,
                            .otherwise = OUTSIDE_THE_LIST,
                            .calls = recorder_calls,
                            .filtered = recorder_filtered },
    [BNS_ROLE_RESOLVER] = { .name = "resolver",
                            .has_network = true,
                            .has_files = true,
                            .nofile = 1024,
                            .otherwise = SCMP_ACT_ERRNO(ENOSYS),
                            .calls = resolver_calls,
                            .filtered = resolver_filtered },
    [BNS_ROLE_GATEWAY] = { .name = "gateway",
                           .has_network = true,
                           .nofile = NOFILE_MANY,
                           .otherwise = OUTSIDE_THE_LIST,
                           .calls = gateway_calls,
                           .filtered = gateway_filtered },
    [BNS_ROLE_NETSTACK] = { .name = "netstack",
                            .has_run = true,
                            .nofile = NOFILE_MANY,
                            .otherwise = OUTSIDE_THE_LIST,
                            .calls = netstack_calls,
                            .filtered = netstack_filtered },
};
G_STATIC_ASSERT(G_N_ELEMENTS(roles) == BNS_N_ROLES);

G_DEFINE_QUARK(bns_lockdown_error, bns_lockdown_error)

const BnsRights *
bns_lockdown_rights(BnsRole role)
{
    g_assert(role < BNS_N_ROLES);
    return &roles[role];
}

bool
bns_lockdown_fail(const char *what, GError **error)
{
    int saved = errno;

    g_set_error(error, BNS_LOCKDOWN_ERROR, saved, "Could not %s: %s", what,
                g_strerror(saved));
    return false;
}

/* --- capabilities --- */

static bool
drop_capabilities(GError **error)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };
    const unsigned long bits = SECURE_ALL_BITS | SECURE_ALL_LOCKS;

    for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
            return bns_lockdown_fail("empty the capability bounding set", error);
    if (prctl(PR_SET_SECUREBITS, bits & ~(unsigned long)SECBIT_KEEP_CAPS, 0, 0, 0) < 0)
        return bns_lockdown_fail("set secure bits", error);
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ||
        syscall(SYS_capset, &header, none) < 0)
        return bns_lockdown_fail("drop capabilities", error);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return bns_lockdown_fail("forbid new privileges", error);
    return true;
}

/* --- seccomp --- */

/* Adds one rule. A name that is unknown here cannot be called here. */
static int
add_rule(scmp_filter_ctx filter,
         uint32_t action,
         const char *name,
         unsigned n_args,
         const struct scmp_arg_cmp *args)
{
    int number = seccomp_syscall_resolve_name(name);

    if (number < 0)
        return 0;
    return seccomp_rule_add_array(filter, action, number, n_args, args);
}

static int
add_calls(scmp_filter_ctx filter, uint32_t action, const char *calls)
{
    g_auto(GStrv) names = g_strsplit(calls, " ", -1);
    int r = 0;

    for (char **name = names; r == 0 && *name != NULL; name++)
        r = add_rule(filter, action, *name, 0, NULL);
    return r;
}

static int
add_filtered(scmp_filter_ctx filter, const BnsFilteredCall *call)
{
    int r = 0;

    for (; r == 0 && call->name != NULL; call++)
        r = add_rule(filter, SCMP_ACT_ALLOW, call->name, call->n_args, call->args);
    return r;
}

/* abort(3) signals its own process; no other can be signalled. */
static int
add_abort(scmp_filter_ctx filter)
{
    const struct scmp_arg_cmp self = ARG(0, (scmp_datum_t)getpid());

    return add_rule(filter, SCMP_ACT_ALLOW, "tgkill", 1, &self);
}

static int
set_attributes(scmp_filter_ctx filter)
{
    int r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

    /* Binary search by number: the filter runs on every call of a busy process. */
    if (r == 0)
        r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    return r;
}

static int
add_rights(scmp_filter_ctx filter, const BnsRights *rights)
{
    int r = set_attributes(filter);

    if (r == 0)
        r = add_calls(filter, SCMP_ACT_ALLOW, common_calls);
    if (r == 0)
        r = add_filtered(filter, common_filtered);
    if (r == 0)
        r = add_calls(filter, SCMP_ACT_ALLOW, rights->calls);
    if (r == 0)
        r = add_filtered(filter, rights->filtered);
    if (r == 0)
        r = add_abort(filter);
    if (r == 0 && !rights->has_files)
        r = add_filtered(filter, no_exec_filtered);
    if (r == 0 && !rights->has_files)
        r = add_calls(filter, SCMP_ACT_ERRNO(ENOENT), absent_calls);
    return r;
}

static bool
load_filter(const BnsRights *rights, GError **error)
{
    scmp_filter_ctx filter = seccomp_init(rights->otherwise);
    int r = filter == NULL ? -ENOMEM : add_rights(filter, rights);

    if (r == 0)
        r = seccomp_load(filter);
    if (filter != NULL)
        seccomp_release(filter);
    if (r == 0)
        return true;
    errno = -r;
    return bns_lockdown_fail("load the system call filter", error);
}

bool
bns_lockdown_enter(BnsRole role, GError **error)
{
    const BnsRights *rights = bns_lockdown_rights(role);

    if (rights->has_run && !bns_lockdown_seal_root(error))
        return false;
    if (!drop_capabilities(error) || !load_filter(rights, error)) {
        g_prefix_error(error, "%s: ", rights->name);
        return false;
    }
#ifdef BNS_SANITIZED
    is_entered = true;
#endif
    return true;
}
