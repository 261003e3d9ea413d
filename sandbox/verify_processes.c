/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Other processes, the terminal, and calls by another door.
 */
#include "sandbox/landlock.h"
#include "sandbox/verify_probes.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- a process that is not ours --- */

static BnsVerified
run_proc_file(const BnsVerifyRow *row, const BnsVerifyWorld *world)
{
    char path[64], byte;
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)world->victim, row->name);
    fd = open(path, (int)row->number | O_CLOEXEC);
    if (fd < 0)
        return BNS_VERIFIED_HELD;
    return (row->number & O_ACCMODE) == O_RDONLY && read(fd, &byte, 1) < 0 &&
                   errno != EIO && errno != EISDIR
               ? BNS_VERIFIED_HELD
               : BNS_VERIFIED_OPEN;
}

static BnsVerified
run_proc_link(const BnsVerifyRow *row, const BnsVerifyWorld *world)
{
    char path[64], target[64];

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)world->victim, row->name);
    return readlink(path, target, sizeof(target)) < 0 ? BNS_VERIFIED_HELD
                                                      : BNS_VERIFIED_OPEN;
}

static BnsVerified
run_seize(const BnsVerifyRow *row, const BnsVerifyWorld *world)
{
    return ptrace(PTRACE_SEIZE, world->victim, NULL, NULL) < 0 ? BNS_VERIFIED_HELD
                                                               : BNS_VERIFIED_OPEN;
}

/* Of an address where nothing is: EFAULT says that it would be allowed. */
static BnsVerified
run_vm_read(const BnsVerifyRow *row, const BnsVerifyWorld *world)
{
    char byte;
    struct iovec local = { &byte, 1 }, remote = { (void *)(uintptr_t)16, 1 };

    return bns_verify_result(process_vm_readv(world->victim, &local, 1, &remote, 1, 0));
}

static BnsVerified
run_take_descriptor(const BnsVerifyRow *row, const BnsVerifyWorld *world)
{
    int fd = (int)syscall(SYS_pidfd_open, world->victim, 0);

    return fd < 0 ? BNS_VERIFIED_HELD
                  : bns_verify_result(syscall(SYS_pidfd_getfd, fd, 0, 0));
}

/* Init ignores them; what matters is that the kernel says so to every other process, too:
 * where Landlock can. */
static BnsVerified
run_signal(const BnsVerifyRow *row, const BnsVerifyWorld *world)
{
    if (bns_landlock_version() < BNS_LANDLOCK_SCOPES)
        return BNS_VERIFIED_UNTESTABLE;
    return bns_verify_result(kill(world->victim, 0));
}

static BnsVerified
run_compare(const BnsVerifyRow *row, const BnsVerifyWorld *world)
{
    return bns_verify_result(
        syscall(SYS_kcmp, getpid(), world->victim, 2 /* files */, 0, 0));
}

static BnsVerified
run_limits(const BnsVerifyRow *row, const BnsVerifyWorld *world)
{
    return bns_verify_result(
        syscall(SYS_prlimit64, world->victim, RLIMIT_NOFILE, NULL, NULL));
}

/* --- the terminal --- */

/* A terminal of our own: we are alone in a session (verify_main.c). */
static int
open_terminal(void)
{
    int main_fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

    setsid();
    if (main_fd < 0 || grantpt(main_fd) < 0 || unlockpt(main_fd) < 0)
        return -1;
    return open(ptsname(main_fd), O_RDWR | O_CLOEXEC);
}

static BnsVerified
run_ioctl(const BnsVerifyRow *row, const BnsVerifyWorld *world)
{
    char input[] = "x";
    int discipline = 0;
    void *argument =
        row->arguments[0] == TIOCSETD ? (void *)&discipline : (void *)input;
    int fd = open_terminal();

    if (fd < 0)
        return BNS_VERIFIED_UNTESTABLE;
    if (syscall(SYS_ioctl, fd, row->number, argument) >= 0)
        return BNS_VERIFIED_OPEN;
    /* EIO: switched off on this machine (dev.tty.legacy_tiocsti). */
    if (errno == EIO)
        return BNS_VERIFIED_UNTESTABLE;
    return errno == EPERM ? BNS_VERIFIED_HELD : BNS_VERIFIED_OPEN;
}

/* --- another door --- */

static BnsVerified
run_clone_mounts(const BnsVerifyRow *row, const BnsVerifyWorld *world)
{
    long pid = syscall(SYS_clone, CLONE_NEWUSER | row->number | SIGCHLD, NULL, NULL,
                       NULL, NULL);

    if (pid == 0)
        _exit(0);
    if (pid > 0)
        waitpid((pid_t)pid, NULL, 0);
    return pid < 0 ? BNS_VERIFIED_HELD : BNS_VERIFIED_OPEN;
}

/* As root of another user namespace: to join that of the victim. */
static BnsVerified
run_join(const BnsVerifyRow *row, const BnsVerifyWorld *world)
{
    char path[64];
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)world->victim, row->name + 5);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd >= 0 && syscall(SYS_setns, fd, 0) == 0 ? BNS_VERIFIED_OPEN
                                                     : BNS_VERIFIED_HELD;
}

#ifdef __x86_64__
static BnsVerified
run_i386(const BnsVerifyRow *row, const BnsVerifyWorld *world)
{
    long r;

    /* getpid(2) of the other ABI. */
    __asm__ volatile("int $0x80" : "=a"(r) : "a"(20) : "memory");
    return r > 0 ? BNS_VERIFIED_OPEN : BNS_VERIFIED_UNTESTABLE;
}
#endif

#define PROC_FILE(name, flags)                                                         \
    {                                                                                  \
        "another process", name, run_proc_file, flags, { 0 }, NULL, false              \
    }
#define PROC_LINK(name)                                                                \
    {                                                                                  \
        "another process", name, run_proc_link, 0, { 0 }, NULL, false                  \
    }
#define IOCTL(name, number, flag)                                                      \
    {                                                                                  \
        "terminal", name, run_ioctl, (long)((number) | (flag)), { number }, NULL,      \
            false                                                                      \
    }
#define JOIN(name)                                                                     \
    {                                                                                  \
        "namespace", "join " name, run_join, 0, { 0 }, NULL, true                      \
    }

const BnsVerifyRow bns_verify_processes[] = {
    PROC_FILE("environ", O_RDONLY),
    PROC_FILE("maps", O_RDONLY),
    PROC_FILE("mem", O_RDONLY),
    PROC_FILE("auxv", O_RDONLY),
    PROC_LINK("cwd"),
    PROC_LINK("root"),
    PROC_LINK("exe"),
    PROC_LINK("fd/0"),
    PROC_LINK("ns/net"),
    PROC_LINK("ns/mnt"),
    { "another process", "trace it", run_seize, 0, { 0 }, NULL, false },
    { "another process", "read its memory", run_vm_read, 0, { 0 }, NULL, false },
    { "another process",
      "take its descriptor",
      run_take_descriptor,
      0,
      { 0 },
      NULL,
      false },
    { "another process", "signal it", run_signal, 0, { 0 }, NULL, false },
    { "another process", "compare with it", run_compare, 0, { 0 }, NULL, false },
    { "another process", "get at its limits", run_limits, 0, { 0 }, NULL, false },
    IOCTL("push input (TIOCSTI)", TIOCSTI, 0),
    IOCTL("push input, in a wider number", TIOCSTI, 1UL << 32),
    IOCTL("paste (TIOCLINUX)", TIOCLINUX, 0),
    IOCTL("line discipline (TIOCSETD)", TIOCSETD, 0),
    IOCTL("exclusive use (TIOCEXCL)", TIOCEXCL, 0),
    { "namespace",
      "mounts of one's own by clone",
      run_clone_mounts,
      CLONE_NEWNS,
      { 0 },
      NULL,
      false },
    JOIN("net"),
    JOIN("mnt"),
    JOIN("ipc"),
    JOIN("uts"),
#ifdef __x86_64__
    { "other ABI", "32 bits", run_i386, 0, { 0 }, NULL, false },
#endif
};
const size_t bns_n_verify_processes =
    sizeof(bns_verify_processes) / sizeof(*bns_verify_processes);
