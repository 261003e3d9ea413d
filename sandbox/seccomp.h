/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command's seccomp filter.
 *
 * A deny list: agents run compilers, debuggers, browsers and sandboxes of their own, and
 * no allow-list would hold for all of them. Refused is
 *  - what has no meaning in a sandbox but has had holes (keyrings, bpf, perf, io_uring,
 *    modules, clocks, …): EPERM;
 *  - every socket family but UNIX, INET, INET6 and NETLINK's ROUTE: EAFNOSUPPORT and
 *    EPROTONOSUPPORT. This is part of the network boundary: AF_VSOCK knows no network
 *    namespace, and io_uring would open one past this filter;
 *  - init's limits (prlimit(2) of pid 1): EPERM;
 *  - what would outlast the session on the terminal (TIOCSTI and its like): EPERM;
 *  - user namespaces, unless `nested:` allows them, and mount namespaces, in which what
 *    we mounted could be left behind, unless it says "full": EPERM, and ENOSYS for
 *    clone3(2), whose flags no filter sees;
 *  - system calls newer than the last that was reviewed: ENOSYS, so that the next kernel
 *    opens no door;
 *  - foreign ABIs (i386, x32): the process is killed.
 * Other namespaces are not looked at: the command has no capability, so they work only
 * below user namespaces that it makes itself, which inherit this filter.
 *
 * The program is a few comparisons over a table, too small to be worth a library, and
 * 32-bit arguments are compared as the kernel does, without their upper half.
 */
#pragma once

#include "policy/nested.h"

#include <linux/filter.h>
#include <stddef.h>

/* Room for the whole program, in instructions. */
#define BNS_SECCOMP_MAX 512

/* Writes the program. Pure. Returns: its length in instructions. */
size_t
bns_seccomp_build(BnsNested nested, struct sock_filter out_program[BNS_SECCOMP_MAX]);

/* Installs it for this process and all that it starts; needs no_new_privs. Plain C.
 * 0 or -errno. */
int bns_seccomp_enter(BnsNested nested);

/* Refuses memfd_create(2) of what could be executed, with EACCES as the kernel does where
 * vm.memfd_noexec is 2: a file in memory lies below no directory (sandbox/allowed.h).
 * Plain C. 0 or -errno. */
int bns_seccomp_forbid_memory_programs(void);

/**
 * bns_seccomp_listen:
 *
 * Holds every execve(2) and execveat(2) of this process and all that it starts until the
 * holder of the listener answers (sandbox/exec_watch.h); ENOSYS once there is none.
 * Plain C. Returns: (transfer full): the listener, or -errno: -EBUSY: a process above
 * has one.
 */
int bns_seccomp_listen(void);
