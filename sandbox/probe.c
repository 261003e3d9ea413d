/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/probe.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Where the child writes; the page is shared. Plain C in the child. */
typedef struct {
    BnsProbe *probe;
    uid_t uid;
    gid_t gid;
} Child;

/* Each returns 0 or an errno. */
typedef int (*Try)(Child *child);

static int
try_user_namespace(Child *child)
{
    return unshare(CLONE_NEWUSER) < 0 ? errno : 0;
}

static int
write_file(const char *path, const char *text)
{
    bns_autofd fd = open(path, O_WRONLY | O_CLOEXEC);

    return fd < 0 ? errno : -bns_fd_write_all(fd, text, strlen(text));
}

static int
try_id_map(Child *child)
{
    char uid_map[32], gid_map[32];
    int error = write_file("/proc/self/setgroups", "deny");

    snprintf(uid_map, sizeof(uid_map), "0 %u 1", child->uid);
    snprintf(gid_map, sizeof(gid_map), "0 %u 1", child->gid);
    if (error == 0)
        error = write_file("/proc/self/uid_map", uid_map);
    if (error == 0)
        error = write_file("/proc/self/gid_map", gid_map);
    return error;
}

static int
try_namespaces(Child *child)
{
    return unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC |
                   CLONE_NEWUTS | CLONE_NEWCGROUP) < 0
               ? errno
               : 0;
}

static int
try_mount(Child *child)
{
    if (mount("", "/", "", MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("probe", "/proc", "tmpfs", MS_NOSUID | MS_NODEV, "size=4k") < 0 ||
        umount2("/proc", MNT_DETACH) < 0)
        return errno;
    return 0;
}

static int
try_proc(Child *child)
{
    return mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0
               ? errno
               : 0;
}

static int
try_loopback(Child *child)
{
    struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
    bns_autofd fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    return fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0 ? errno : 0;
}

static int
try_tun(void)
{
    struct ifreq request = { .ifr_name = "probe", .ifr_flags = IFF_TAP | IFF_NO_PI };
    bns_autofd fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

    return fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0 ? errno : 0;
}

/* "ip link add type veth": the kernel names both ends. */
typedef struct {
    struct nlmsghdr header;
    struct ifinfomsg info;
    struct rtattr link_info;
    struct rtattr kind;
    char name[4];
} VethRequest;
G_STATIC_ASSERT(sizeof(VethRequest) == 16 + 16 + 4 + 4 + 4);

typedef struct {
    struct nlmsghdr header;
    struct nlmsgerr error;
} VethReply;

static int
try_veth(void)
{
    VethRequest request = {
        .header = { .nlmsg_len = sizeof(request),
                    .nlmsg_type = RTM_NEWLINK,
                    .nlmsg_flags =
                        NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL },
        .link_info = { .rta_len = sizeof(struct rtattr) * 2 + sizeof(request.name),
                       .rta_type = IFLA_LINKINFO },
        .kind = { .rta_len = sizeof(struct rtattr) + sizeof(request.name),
                  .rta_type = IFLA_INFO_KIND },
        .name = { 'v', 'e', 't', 'h' },
    };
    char reply[1024];
    bns_autofd packet = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    bns_autofd fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    ssize_t n;

    if (packet < 0 || fd < 0 || send(fd, &request, sizeof(request), 0) < 0)
        return errno;
    n = recv(fd, reply, sizeof(reply), 0);
    if (n < (ssize_t)sizeof(VethReply))
        return n < 0 ? errno : EPROTO;
    return -((const VethReply *)(const void *)reply)->error.error;
}

static int
try_link(Child *child)
{
    child->probe->tun_error = try_tun();
    return child->probe->tun_error == 0 ? 0 : try_veth();
}

static int
try_inner_namespace(Child *child)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0)
        _exit(unshare(CLONE_NEWUSER) < 0 ? errno : 0);
    if (pid < 0 || waitpid(pid, &status, 0) < 0)
        return errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;
}

static int
try_seccomp(Child *child)
{
    unsigned action = SECCOMP_RET_KILL_PROCESS;

    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) < 0 ? errno : 0;
}

static const Try tries[] = {
    [BNS_STEP_USER_NAMESPACE] = try_user_namespace,
    [BNS_STEP_ID_MAP] = try_id_map,
    [BNS_STEP_NAMESPACES] = try_namespaces,
    [BNS_STEP_MOUNT] = try_mount,
    [BNS_STEP_PROC] = try_proc,
    [BNS_STEP_LOOPBACK] = try_loopback,
    [BNS_STEP_LINK] = try_link,
    [BNS_STEP_INNER_NAMESPACE] = try_inner_namespace,
    [BNS_STEP_SECCOMP] = try_seccomp,
};
G_STATIC_ASSERT(G_N_ELEMENTS(tries) == BNS_N_STEPS);

/* From here on as pid 1 of the new namespace: only a process of it may mount its /proc,
 * and when the first one has ended no other can be made. */
static void
become_init(void)
{
    pid_t pid = fork();

    if (pid == 0)
        return;
    if (pid > 0)
        waitpid(pid, NULL, 0);
    _exit(0);
}

/* Goes as far as each step allows: the map needs the namespace, the rest needs both. */
static void G_GNUC_NORETURN
child_main(Child *child)
{
    for (BnsProbeStep step = 0; step < BNS_N_STEPS; step++) {
        child->probe->errors[step] = tries[step](child);
        if (child->probe->errors[step] != 0 && step <= BNS_STEP_NAMESPACES)
            break;
        if (step == BNS_STEP_NAMESPACES)
            become_init();
    }
    _exit(0);
}

void
bns_probe_run(BnsProbe *out_probe)
{
    BnsProbe *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    Child child = { .probe = shared, .uid = getuid(), .gid = getgid() };
    pid_t pid;

    g_assert(shared != MAP_FAILED);
    memset(shared->errors, 0xff, sizeof(shared->errors));
    shared->tun_error = 0;
    pid = fork();
    if (pid == 0)
        child_main(&child);
    if (pid < 0)
        shared->errors[BNS_STEP_USER_NAMESPACE] = errno;
    else
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
    *out_probe = *shared;
    munmap(shared, sizeof(*shared));
}

char *
bns_probe_explain(void)
{
    const BnsCause *cause;
    BnsProbeStep step;
    BnsFacts facts;
    BnsProbe probe;

    bns_probe_run(&probe);
    bns_facts_read("", &facts);
    step = bns_probe_first_failure(&probe);
    cause = bns_probe_cause(&probe, &facts);
    if (cause == NULL)
        return NULL;
    if (cause->fix[0] != '\0')
        return g_strdup_printf("%s; %s", cause->cause, cause->fix);
    return g_strdup_printf("%s: %s", cause->cause, g_strerror(probe.errors[step]));
}
