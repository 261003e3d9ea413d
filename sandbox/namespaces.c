/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/namespaces.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ALL_NAMESPACES                                                                 \
    (CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC |        \
     CLONE_NEWUTS | CLONE_NEWCGROUP)

/* Root has no power of its own, ids give none, and neither can be changed back. A user
 * namespace below starts with the usual bits again, so nested sandboxes work. */
#define SECUREBITS                                                                     \
    (SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |                   \
     SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |                         \
     SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED)

pid_t
bns_namespaces_clone(void)
{
    /* clone(2) with a null stack is fork(2); the C library has no call for it. */
    long pid = syscall(SYS_clone, ALL_NAMESPACES | SIGCHLD, NULL, NULL, NULL, NULL);

    return pid < 0 ? -errno : (pid_t)pid;
}

static int
write_file(const char *path, const char *text)
{
    bns_autofd fd = open(path, O_WRONLY | O_CLOEXEC);

    return fd < 0 ? -errno : bns_fd_write_all(fd, text, strlen(text));
}

/* Ubuntu gives the namespace but no right in it; the map is where that shows. */
static bool
fail_map(int error_number, BnsFault *fault)
{
    static const char knob[] = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns";
    bns_autofd fd = open(knob, O_RDONLY | O_CLOEXEC);
    char value = '0';

    if (fd >= 0 && read(fd, &value, 1) == 1 && value != '0')
        return bns_fault_set(fault,
                             "AppArmor forbids user namespaces to programs without a "
                             "profile; install one for boundary-ns with \"userns,\" in "
                             "it (see `boundary-ns doctor`)");
    return bns_fault_set(fault, "Could not map the user into the sandbox: %s",
                         strerror(error_number));
}

static bool
write_maps(uid_t uid_in, uid_t uid_out, gid_t gid_in, gid_t gid_out, BnsFault *fault)
{
    char map[64];
    int r;

    /* The files belong to root while we are not dumpable. */
    if (prctl(PR_SET_DUMPABLE, 1) < 0)
        return fail_map(errno, fault);
    r = write_file("/proc/self/setgroups", "deny");
    if (r == 0) {
        snprintf(map, sizeof(map), "%u %u 1", uid_in, uid_out);
        r = write_file("/proc/self/uid_map", map);
    }
    if (r == 0) {
        snprintf(map, sizeof(map), "%u %u 1", gid_in, gid_out);
        r = write_file("/proc/self/gid_map", map);
    }
    if (prctl(PR_SET_DUMPABLE, 0) < 0 && r == 0)
        r = -errno;
    return r == 0 ? true : fail_map(-r, fault);
}

bool
bns_namespaces_map_root(uid_t uid, gid_t gid, BnsFault *fault)
{
    return write_maps(0, uid, 0, gid, fault);
}

/* Until the kernel says that there is no such capability. */
static int
drop_bounding_set(void)
{
    for (unsigned long cap = 0;; cap++)
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
            return errno == EINVAL && cap > 0 ? 0 : -errno;
}

static int
drop_capabilities(void)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct none[2] = { 0 };
    int r;

    if (prctl(PR_SET_SECUREBITS, SECUREBITS, 0, 0, 0) < 0 ||
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
        return -errno;
    r = drop_bounding_set();
    if (r < 0)
        return r;
    return syscall(SYS_capset, &header, none) < 0 ? -errno : 0;
}

bool
bns_namespaces_enter_inner(uid_t uid, gid_t gid, BnsFault *fault)
{
    int r;

    if (unshare(CLONE_NEWUSER) < 0)
        return bns_fault_set(fault, "Could not make the command's user namespace: %s",
                             strerror(errno));
    if (!write_maps(uid, 0, gid, 0, fault))
        return false;
    r = drop_capabilities();
    if (r < 0)
        return bns_fault_set(fault, "Could not drop capabilities: %s", strerror(-r));
    return true;
}

bool
bns_namespaces_forbid_more(BnsFault *fault)
{
    int r = write_file("/proc/sys/user/max_user_namespaces", "1");

    return r == 0 ? true
                  : bns_fault_set(fault, "Could not forbid user namespaces: %s",
                                  strerror(-r));
}

bool
bns_namespaces_forbid_cgroups(unsigned n, BnsFault *fault)
{
    char text[16];
    int r;

    snprintf(text, sizeof(text), "%u", n);
    r = write_file("/proc/sys/user/max_cgroup_namespaces", text);
    return r == 0 ? true
                  : bns_fault_set(fault, "Could not forbid cgroup namespaces: %s",
                                  strerror(-r));
}
