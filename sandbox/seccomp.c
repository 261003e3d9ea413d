/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/seccomp.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <glib.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define NATIVE_ARCH AUDIT_ARCH_RISCV64
#else
#error "add this architecture's AUDIT_ARCH_ constant and review its system calls"
#endif

/* file_setattr(2), Linux 6.17. On all architectures since Linux 5.1 alike. */
#define LAST_REVIEWED 469
/* x32 calls have this bit in their number. */
#define X32_BIT 0x40000000u
/* No call at all. */
#define SKIPPED 0xffffffffu

/* Of the sandbox; one that leads a namespace of the command's own is refused, too. */
#define INIT_PID 1

/* Linux 5.19; not in every C library's linux/seccomp.h. */
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* Linux 6.3; before, nothing that could be asked for. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

/* Linux 5.6; not in every C library's sched.h. */
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

/* All that unshare(2) may be asked for: not CLONE_NEWNS, and no flag to come. */
#define UNSHARED                                                                       \
    (CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS |       \
     CLONE_NEWCGROUP | CLONE_NEWTIME | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM |        \
     CLONE_THREAD | CLONE_SIGHAND | CLONE_VM)

#ifndef __NR_quotactl_fd
#define __NR_quotactl_fd 443
#endif
#ifndef __NR_process_madvise
#define __NR_process_madvise 440
#endif
#ifndef __NR_set_mempolicy_home_node
#define __NR_set_mempolicy_home_node 450
#endif

static const int denied[] = {
    /* the kernel's own log, accounting, quotas, clocks, power */
    __NR_syslog,
    __NR_acct,
    __NR_quotactl,
    __NR_quotactl_fd,
    __NR_settimeofday,
    __NR_clock_settime,
    __NR_clock_adjtime,
    __NR_adjtimex,
    __NR_reboot,
    __NR_swapon,
    __NR_swapoff,
    __NR_vhangup,
    /* code in the kernel */
    __NR_init_module,
    __NR_finit_module,
    __NR_delete_module,
    __NR_kexec_load,
#ifdef __NR_kexec_file_load
    __NR_kexec_file_load,
#endif
    __NR_bpf,
    /* keyrings are not namespaced like the rest */
    __NR_add_key,
    __NR_request_key,
    __NR_keyctl,
    /* wide interfaces with a history */
    __NR_perf_event_open,
    __NR_userfaultfd,
    __NR_io_uring_setup,
    __NR_io_uring_enter,
    __NR_io_uring_register,
#ifdef __NR_lookup_dcookie
    __NR_lookup_dcookie,
#endif
#ifdef __NR_nfsservctl
    __NR_nfsservctl,
#endif
    /* other processes, files without a path */
    __NR_kcmp,
    __NR_pidfd_getfd,
    __NR_process_madvise,
    __NR_fanotify_init,
    __NR_open_by_handle_at,
    /* placement of memory, as container engines refuse it */
    __NR_move_pages,
    __NR_migrate_pages,
    __NR_mbind,
    __NR_set_mempolicy,
    __NR_set_mempolicy_home_node,
#ifdef __x86_64__
    __NR_iopl,
    __NR_ioperm,
    __NR_modify_ldt,
    __NR_uselib,
    __NR_ustat,
    __NR_sysfs,
    __NR__sysctl,
    __NR_create_module,
    __NR_get_kernel_syms,
    __NR_query_module,
#endif
};

/* What would outlast the session on the user's terminal: input, a line discipline, and
 * the exclusive mode, in which nobody can open it any more. */
static const uint32_t denied_ioctls[] = { TIOCSTI, TIOCLINUX, TIOCSETD, TIOCEXCL };

static const uint32_t families[] = { AF_UNIX, AF_INET, AF_INET6 };

typedef struct {
    struct sock_filter *program;
    size_t len;
} Builder;

static void
emit(Builder *builder, uint16_t code, uint32_t k, size_t jump_true, size_t jump_false)
{
    /* A jump that does not fit is our mistake, and the test of the length finds it. */
    g_assert(builder->len < BNS_SECCOMP_MAX && jump_true < 256 && jump_false < 256);
    builder->program[builder->len++] = (struct sock_filter){
        .code = code, .jt = (uint8_t)jump_true, .jf = (uint8_t)jump_false, .k = k
    };
}

static void
emit_load(Builder *builder, size_t offset)
{
    emit(builder, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* Loads the half of an argument that a 32-bit parameter sees. */
static void
emit_load_argument(Builder *builder, unsigned index)
{
    size_t offset = offsetof(struct seccomp_data, args) + index * sizeof(uint64_t);

    emit_load(builder, offset + (G_BYTE_ORDER == G_BIG_ENDIAN ? 4 : 0));
}

static void
emit_return(Builder *builder, uint32_t action)
{
    emit(builder, BPF_RET | BPF_K, action, 0, 0);
}

static void
emit_errno(Builder *builder, int error_number)
{
    emit_return(builder,
                SECCOMP_RET_ERRNO | ((uint32_t)error_number & SECCOMP_RET_DATA));
}

/* "If the loaded word is @k, do @action". */
static void
emit_return_if_equal(Builder *builder, uint32_t k, uint32_t action)
{
    emit(builder, BPF_JMP | BPF_JEQ | BPF_K, k, 0, 1);
    emit_return(builder, action);
}

static void
emit_architecture(Builder *builder)
{
    emit_load(builder, offsetof(struct seccomp_data, arch));
    emit(builder, BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0);
    emit_return(builder, SECCOMP_RET_KILL_PROCESS);
    emit_load(builder, offsetof(struct seccomp_data, nr));
    /* A tracer inside makes the kernel skip a call so. */
    emit_return_if_equal(builder, SKIPPED, SECCOMP_RET_ALLOW);
#ifdef __x86_64__
    emit(builder, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
    emit_return(builder, SECCOMP_RET_KILL_PROCESS);
#endif
    emit(builder, BPF_JMP | BPF_JGT | BPF_K, LAST_REVIEWED, 0, 1);
    emit_errno(builder, ENOSYS);
}

/* Builds a block of its own that always returns, behind a jump over it for all calls
 * but @number. */
static void
emit_block_for(Builder *builder, int number, void (*emit_block)(Builder *builder))
{
    size_t jump = builder->len;

    emit(builder, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 0);
    emit_block(builder);
    g_assert(builder->len - jump - 1 < 256);
    builder->program[jump].jf = (uint8_t)(builder->len - jump - 1);
}

static void
emit_ioctl(Builder *builder)
{
    emit_load_argument(builder, 1);
    for (size_t i = 0; i < G_N_ELEMENTS(denied_ioctls); i++)
        emit_return_if_equal(builder, denied_ioctls[i], SECCOMP_RET_ERRNO | EPERM);
    emit_return(builder, SECCOMP_RET_ALLOW);
}

/* Its limits: init is of the command's user, and the kernel asks no more. Without
 * descriptors it could not answer for what it guards. */
static void
emit_prlimit(Builder *builder)
{
    emit_load_argument(builder, 0);
    emit_return_if_equal(builder, INIT_PID, SECCOMP_RET_ERRNO | EPERM);
    emit_return(builder, SECCOMP_RET_ALLOW);
}

static void
emit_memory_file(Builder *builder)
{
    emit_load_argument(builder, 1);
    emit(builder, BPF_JMP | BPF_JSET | BPF_K, MFD_NOEXEC_SEAL, 1, 0);
    emit_errno(builder, EACCES);
    emit_return(builder, SECCOMP_RET_ALLOW);
}

/* Also for socketpair(2), whose first and third arguments are the same. */
static void
emit_socket(Builder *builder)
{
    emit_load_argument(builder, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(families); i++)
        emit_return_if_equal(builder, families[i], SECCOMP_RET_ALLOW);
    emit(builder, BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 1, 0);
    emit_errno(builder, EAFNOSUPPORT);
    emit_load_argument(builder, 2);
    emit_return_if_equal(builder, NETLINK_ROUTE, SECCOMP_RET_ALLOW);
    emit_errno(builder, EPROTONOSUPPORT);
}

/* A process whose mount namespace lacks a mount may rename the directory under it, and
 * who has a namespace of his own can leave all mounts behind (pivot_root(2)): with a
 * descriptor from before, our pins (pins.c) would be no hindrance to him. */
static void
emit_refuse_flags(Builder *builder, uint32_t refused)
{
    emit_load_argument(builder, 0);
    emit(builder, BPF_JMP | BPF_JSET | BPF_K, refused, 0, 1);
    emit_errno(builder, EPERM);
    emit_return(builder, SECCOMP_RET_ALLOW);
}

static void
emit_clone(Builder *builder)
{
    emit_refuse_flags(builder, CLONE_NEWNS);
}

static void
emit_clone_without_users(Builder *builder)
{
    emit_refuse_flags(builder, CLONE_NEWNS | CLONE_NEWUSER);
}

static void
emit_unshare(Builder *builder)
{
    emit_refuse_flags(builder, ~(uint32_t)UNSHARED);
}

static void
emit_unshare_without_users(Builder *builder)
{
    emit_refuse_flags(builder, ~(uint32_t)(UNSHARED & ~CLONE_NEWUSER));
}

/* Its flags lie in memory, out of a filter's sight; C libraries go on with clone(2). */
static void
emit_clone3(Builder *builder)
{
    emit_errno(builder, ENOSYS);
}

/* In "full" there is no namespace that may not be made or, by who owns it, entered. */
static void
emit_namespaces(Builder *builder, BnsNested nested)
{
    bool has_users = nested == BNS_NESTED_CHROMIUM;

    if (nested == BNS_NESTED_FULL)
        return;
    emit_block_for(builder, __NR_clone,
                   has_users ? emit_clone : emit_clone_without_users);
    emit_block_for(builder, __NR_clone3, emit_clone3);
    emit_block_for(builder, __NR_unshare,
                   has_users ? emit_unshare : emit_unshare_without_users);
    emit_return_if_equal(builder, __NR_setns, SECCOMP_RET_ERRNO | EPERM);
}

size_t
bns_seccomp_build(BnsNested nested, struct sock_filter out_program[BNS_SECCOMP_MAX])
{
    Builder builder = { .program = out_program };

    emit_architecture(&builder);
    emit_block_for(&builder, __NR_ioctl, emit_ioctl);
    emit_block_for(&builder, __NR_prlimit64, emit_prlimit);
    emit_block_for(&builder, __NR_socket, emit_socket);
    emit_block_for(&builder, __NR_socketpair, emit_socket);
    emit_namespaces(&builder, nested);
    for (size_t i = 0; i < G_N_ELEMENTS(denied); i++)
        emit_return_if_equal(&builder, (uint32_t)denied[i], SECCOMP_RET_ERRNO | EPERM);
    emit_return(&builder, SECCOMP_RET_ALLOW);
    return builder.len;
}

static int
install(const struct sock_fprog *program)
{
    /* The filter confines what the command may ask of the kernel; mitigations against
     * its own threads (a default of kernels before 5.16) would only slow it down. Before
     * 4.17 there is no such flag. */
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW,
                program) == 0)
        return 0;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0) < 0 ? -errno : 0;
}

int
bns_seccomp_enter(BnsNested nested)
{
    struct sock_filter instructions[BNS_SECCOMP_MAX];
    const struct sock_fprog program = {
        .len = (unsigned short)bns_seccomp_build(nested, instructions),
        .filter = instructions,
    };

    return install(&program);
}

/* Foreign ABIs are the other filter's affair: of two the stricter answer counts. */
int
bns_seccomp_forbid_memory_programs(void)
{
    struct sock_filter instructions[BNS_SECCOMP_MAX];
    Builder builder = { .program = instructions };
    struct sock_fprog program = { .filter = instructions };

    emit_load(&builder, offsetof(struct seccomp_data, nr));
    emit_block_for(&builder, __NR_memfd_create, emit_memory_file);
    emit_return(&builder, SECCOMP_RET_ALLOW);
    program.len = (unsigned short)builder.len;
    return install(&program);
}

int
bns_seccomp_listen(void)
{
    /* Foreign ABIs are the other filter's affair: of two the stricter answer counts. */
    struct sock_filter instructions[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_execve, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_execveat, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { G_N_ELEMENTS(instructions), instructions };
    unsigned long flags =
        SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    /* A call whose signal comes while it is being recorded would be made, and so recorded,
     * twice. */
    long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                      flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &program);

    if (fd < 0 && errno == EINVAL)
        fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
    return fd < 0 ? -errno : (int)fd;
}
