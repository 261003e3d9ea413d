/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run as the command inside a sandbox: makes one call and prints what came of it, "ok" or
 * the error's name.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static long
probe_vsock(void)
{
    return socket(40, SOCK_STREAM, 0);
}

static long
probe_packet(void)
{
    return socket(AF_PACKET, SOCK_RAW, 0);
}

static long
probe_raw(void)
{
    return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

static long
probe_ping(void)
{
    return socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
}

static long
probe_netlink_route(void)
{
    return socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
}

static long
probe_netlink_audit(void)
{
    return socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT);
}

static long
probe_ipv6(void)
{
    struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_port = htons(80) };
    int fd = socket(AF_INET6, SOCK_STREAM, 0);

    inet_pton(AF_INET6, "2001:db8::1", &address.sin6_addr);
    return connect(fd, (struct sockaddr *)&address, sizeof(address));
}

static long
probe_io_uring(void)
{
    char parameters[256] = { 0 };

    return syscall(SYS_io_uring_setup, 1, parameters);
}

static long
probe_keyctl(void)
{
    return syscall(SYS_keyctl, 0, -3, 0);
}

/* Without the filter: ENOSYS as well, on this kernel; the number is what counts. */
static long
probe_future(void)
{
    return syscall(999);
}

static long
probe_sti(void)
{
    return ioctl(STDIN_FILENO, TIOCSTI, "x");
}

static long
probe_kill_init(void)
{
    kill(1, SIGKILL);
    kill(1, SIGSTOP);
    kill(1, SIGTERM);
    /* Landlock's answer, where there is one. */
    return kill(1, 0) < 0 && errno == EPERM ? 0 : kill(1, 0);
}

static long
probe_ptrace_init(void)
{
    return ptrace(PTRACE_SEIZE, 1, NULL, NULL);
}

static long
probe_hostname(void)
{
    return sethostname("x", 1);
}

static long
probe_mount(void)
{
    return mount("x", "/mnt", "tmpfs", 0, NULL);
}

static long
probe_unmount(void)
{
    return umount2("/etc", MNT_DETACH);
}

static long
probe_nested_users(void)
{
    return unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWPID);
}

/* In one of its own it could leave our mounts behind. */
static long
probe_nested_mounts(void)
{
    return unshare(CLONE_NEWUSER | CLONE_NEWNS);
}

static long
probe_nested_mounts_by_clone(void)
{
    long pid = syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWNS | SIGCHLD, NULL, NULL,
                       NULL, NULL);

    if (pid == 0)
        _exit(0);
    return pid;
}

/* All of zeros would be EINVAL. */
static long
probe_clone3(void)
{
    char arguments[64] = { 0 };

    return syscall(SYS_clone3, arguments, sizeof(arguments));
}

static long
probe_nested_mount(void)
{
    return unshare(CLONE_NEWUSER) < 0 ? -1 : mount("x", "/mnt", "tmpfs", 0, NULL);
}

/* A namespace of the host's, if one could be seen. */
static long
probe_setns(void)
{
    return syscall(SYS_setns, STDIN_FILENO, CLONE_NEWNET);
}

#ifdef __x86_64__
static long
probe_i386(void)
{
    long r;

    /* getpid(2) of the other ABI. */
    __asm__ volatile("int $0x80" : "=a"(r) : "a"(20) : "memory");
    return r;
}

static long
probe_x32(void)
{
    return syscall(0x40000000 | SYS_getpid);
}
#endif

static const struct {
    const char *name;
    long (*run)(void);
} probes[] = {
    { "vsock", probe_vsock },
    { "packet", probe_packet },
    { "raw", probe_raw },
    { "ping", probe_ping },
    { "netlink-route", probe_netlink_route },
    { "netlink-audit", probe_netlink_audit },
    { "ipv6", probe_ipv6 },
    { "io-uring", probe_io_uring },
    { "keyctl", probe_keyctl },
    { "future", probe_future },
    { "sti", probe_sti },
    { "kill-init", probe_kill_init },
    { "ptrace-init", probe_ptrace_init },
    { "hostname", probe_hostname },
    { "mount", probe_mount },
    { "unmount", probe_unmount },
    { "nested-users", probe_nested_users },
    { "nested-mounts", probe_nested_mounts },
    { "nested-mounts-by-clone", probe_nested_mounts_by_clone },
    { "clone3", probe_clone3 },
    { "nested-mount", probe_nested_mount },
    { "setns", probe_setns },
#ifdef __x86_64__
    { "i386", probe_i386 },
    { "x32", probe_x32 },
#endif
};

int
main(int argc, char **argv)
{
    for (size_t i = 0; argc == 2 && i < sizeof(probes) / sizeof(probes[0]); i++)
        if (strcmp(probes[i].name, argv[1]) == 0) {
            errno = 0;
            puts(probes[i].run() < 0 ? strerrorname_np(errno) : "ok");
            fflush(stdout);
            /* A sanitizer's last work would meet the namespaces that were made. */
            _exit(0);
        }
    fputs("no such probe\n", stderr);
    return 2;
}
