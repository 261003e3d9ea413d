/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls that the command has no use for. Each gets what it cannot use: where it is
 * allowed the kernel complains of that, and not of who calls.
 */
#include "sandbox/verify_probes.h"

#include <errno.h>
#include <glib.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BAD 1L /* no address */

BnsVerified
bns_verify_result(long r)
{
    if (r >= 0)
        return BNS_VERIFIED_OPEN;
    if (errno == ENOSYS)
        return BNS_VERIFIED_UNTESTABLE;
    return errno == EPERM || errno == EACCES ? BNS_VERIFIED_HELD : BNS_VERIFIED_OPEN;
}

static BnsVerified
run_call(const BnsVerifyRow *row, const BnsVerifyWorld *world)
{
    const long *a = row->arguments;

    return bns_verify_result(syscall(row->number, a[0], a[1], a[2], a[3], a[4], a[5]));
}

/* As root of namespaces of its own, if they can be had. */
static BnsVerified
run_call_in_namespace(const BnsVerifyRow *row, const BnsVerifyWorld *world)
{
    (void)!unshare(CLONE_NEWUSER | CLONE_NEWNS);
    return run_call(row, world);
}

/* These look at their path before they ask who calls. */
static BnsVerified
run_mount(const BnsVerifyRow *row, const BnsVerifyWorld *world)
{
    (void)!unshare(CLONE_NEWUSER | CLONE_NEWNS);
    return bns_verify_result(mount("none", "/", "no-such-file-system", 0, NULL));
}

static BnsVerified
run_umount(const BnsVerifyRow *row, const BnsVerifyWorld *world)
{
    (void)!unshare(CLONE_NEWUSER | CLONE_NEWNS);
    return bns_verify_result(umount2("/", 0));
}

/* The filter says that there is none, so that libraries use clone(2). */
static BnsVerified
run_clone3(const BnsVerifyRow *row, const BnsVerifyWorld *world)
{
    return syscall(SYS_clone3, BAD, 64) < 0 && errno == ENOSYS ? BNS_VERIFIED_HELD
                                                               : BNS_VERIFIED_OPEN;
}

#define CALL(call, ...)                                                                \
    {                                                                                  \
        "system call", #call, run_call, SYS_##call, { __VA_ARGS__ }, NULL, false       \
    }
#define NAMESPACE_CALL(call, ...)                                                      \
    {                                                                                  \
        "namespace", #call, run_call, SYS_##call, { __VA_ARGS__ }, NULL, false         \
    }
#define ROOT_CALL(call, ...)                                                           \
    {                                                                                  \
        "system call", #call, run_call, SYS_##call, { __VA_ARGS__ }, NULL, true        \
    }
#define MOUNT_CALL(call, ...)                                                          \
    {                                                                                  \
        "mount", #call, run_call_in_namespace, SYS_##call, { __VA_ARGS__ }, NULL,      \
            false                                                                      \
    }

const BnsVerifyRow bns_verify_calls[] = {
    CALL(keyctl, 0, -3, 0),
    CALL(add_key, BAD, BAD, 0, 0, -3),
    CALL(request_key, BAD, BAD, 0, -3),
    CALL(io_uring_setup, 1, BAD),
    CALL(io_uring_enter, -1),
    CALL(io_uring_register, -1),
    CALL(userfaultfd, ~0L),
    CALL(kcmp, -1, -1, 0),
    CALL(pidfd_getfd, -1, 0, 0),
    CALL(move_pages, 0, 1, BAD, 0, BAD, 0),
    CALL(migrate_pages, 0, ~0L, BAD, BAD),
    CALL(mbind, BAD, 1, 99),
    CALL(set_mempolicy, 99),
    CALL(settimeofday, BAD, 0),
    CALL(clock_settime, 0, BAD),
    CALL(clock_adjtime, 0, BAD),
    CALL(adjtimex, BAD),
    CALL(quotactl, 0x800007 << 8, BAD, 0, BAD),
#ifdef SYS_quotactl_fd
    CALL(quotactl_fd, -1, 0x800007 << 8, 0, BAD),
#endif
#ifdef SYS_process_madvise
    CALL(process_madvise, -1, BAD, 1, 0, 0),
#endif
#ifdef SYS_set_mempolicy_home_node
    CALL(set_mempolicy_home_node, BAD, 1, 0, 0),
#endif
    NAMESPACE_CALL(setns, -1, 0),
#ifdef __x86_64__
    CALL(iopl, 0),
    CALL(ioperm, 0, 1, 0),
    CALL(modify_ldt, 0, 0, 0),
    CALL(ustat, 0, BAD),
    CALL(sysfs, 3),
#endif
    ROOT_CALL(bpf, 9999, BAD, 0),
    ROOT_CALL(perf_event_open, BAD, 0, -1, -1, 0),
    ROOT_CALL(fanotify_init, ~0L, 0),
    ROOT_CALL(open_by_handle_at, -1, BAD, 0),
    ROOT_CALL(acct, BAD),
    ROOT_CALL(syslog, 10, 0, 0),
    ROOT_CALL(reboot, 0, 0, 0, 0),
    ROOT_CALL(swapon, BAD, 0),
    ROOT_CALL(swapoff, BAD),
    ROOT_CALL(init_module, BAD, 0, BAD),
    ROOT_CALL(finit_module, -1, BAD, 0),
    ROOT_CALL(delete_module, BAD, 0),
    ROOT_CALL(kexec_load, 0, 99, BAD, ~0L),
#ifdef SYS_kexec_file_load
    ROOT_CALL(kexec_file_load, -1, -1, 0, BAD, ~0L),
#endif
    { "namespace", "clone3", run_clone3, 0, { 0 }, NULL, false },
    NAMESPACE_CALL(unshare, CLONE_NEWUSER | CLONE_NEWNS),
    { "mount", "mount", run_mount, 0, { 0 }, NULL, false },
    { "mount", "umount2", run_umount, 0, { 0 }, NULL, false },
    MOUNT_CALL(pivot_root, BAD, BAD),
    MOUNT_CALL(fsopen, BAD, 0),
    MOUNT_CALL(open_tree, -1, BAD, 1),
    MOUNT_CALL(fspick, -1, BAD, 0),
    MOUNT_CALL(move_mount, -1, BAD, -1, BAD, 0),
};
const size_t bns_n_verify_calls = G_N_ELEMENTS(bns_verify_calls);

const char *
bns_verified_name(BnsVerified verified)
{
    static const char *const names[] = {
        [BNS_VERIFIED_HELD] = "held",
        [BNS_VERIFIED_OPEN] = "open",
        [BNS_VERIFIED_UNTESTABLE] = "untestable",
    };
    G_STATIC_ASSERT(G_N_ELEMENTS(names) == BNS_N_VERIFIED);

    return names[verified];
}
