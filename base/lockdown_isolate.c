/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First half of the lock-down: namespaces, an empty root, limits.
 *
 * All of it needs only what an ordinary user has. The user namespace comes first
 * because it gives the capabilities for the rest; they are dropped in
 * bns_lockdown_enter(). Each step that fails is named: on a hardened host this is where
 * the start ends, and `doctor` explains the cause.
 */
#include "base/fd.h"
#include "base/freeze.h"
#include "base/lockdown_rights.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Room for a socket's inode and its directory, not for files. */
#define ROOT_OPTIONS "size=64k,nr_inodes=16,mode=0755"
#define ROOT_FLAGS   (MS_NOSUID | MS_NODEV | MS_NOEXEC)

/* A directory that exists wherever a user namespace can be set up at all. */
#define ROOT_MOUNT_POINT "/proc"

/* Helpers end by the life pipe, not by what a terminal or a service manager sends to
 * every process at once: the command is ended first, and its end is recorded. */
static void
quiet_signals(void)
{
    static const int ignored[] = { SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM };
    sigset_t none;

    for (size_t i = 0; i < G_N_ELEMENTS(ignored); i++)
        signal(ignored[i], SIG_IGN);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool
write_file(const char *path, const char *text, GError **error)
{
    bns_autofd fd = open(path, O_WRONLY | O_CLOEXEC);
    int r = fd < 0 ? -errno : bns_fd_write_all(fd, text, strlen(text));

    if (r == 0)
        return true;
    g_set_error(error, BNS_LOCKDOWN_ERROR, -r, "Could not write %s: %s", path,
                g_strerror(-r));
    return false;
}

/* The user stays who he is, alone: no other id exists in the namespace. */
static bool
map_ids(uid_t uid, gid_t gid, GError **error)
{
    char map[64];

    if (!write_file("/proc/self/setgroups", "deny", error))
        return false;
    g_snprintf(map, sizeof(map), "%u %u 1", uid, uid);
    if (!write_file("/proc/self/uid_map", map, error))
        return false;
    g_snprintf(map, sizeof(map), "%u %u 1", gid, gid);
    return write_file("/proc/self/gid_map", map, error);
}

static bool
unshare_all(const BnsRights *rights, GError **error)
{
    uid_t uid = getuid();
    gid_t gid = getgid();
    int flags =
        CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

    if (!rights->has_network)
        flags |= CLONE_NEWNET;
    if (unshare(flags) < 0)
        return bns_lockdown_fail("make namespaces", error);
    return map_ids(uid, gid, error);
}

bool
bns_lockdown_seal_root(GError **error)
{
    if (mount("", "/", "", MS_REMOUNT | MS_RDONLY | ROOT_FLAGS, NULL) < 0)
        return bns_lockdown_fail("make the empty root read-only", error);
    return true;
}

/* pivot_root(".", ".") puts the old root over the new one, where it is taken off: no
 * directory for it is needed. */
static bool
enter_empty_root(const BnsRights *rights, GError **error)
{
    if (mount("empty", ROOT_MOUNT_POINT, "tmpfs", ROOT_FLAGS, ROOT_OPTIONS) < 0)
        return bns_lockdown_fail("mount an empty root", error);
    if (chdir(ROOT_MOUNT_POINT) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
        umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
        return bns_lockdown_fail("enter the empty root", error);
    if (!rights->has_run)
        return bns_lockdown_seal_root(error);
    if (mkdir("/run", 0700) < 0)
        return bns_lockdown_fail("make /run", error);
    return true;
}

static bool
freeze_files(GError **error)
{
    struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID };

    if (syscall(SYS_mount_setattr, AT_FDCWD, "/", AT_RECURSIVE, &attr, sizeof(attr)) ==
        0)
        return true;
    if (errno == ENOSYS) {
        errno = -bns_freeze_below("");
        if (errno == 0)
            return true;
    }
    return bns_lockdown_fail("make the file system read-only", error);
}

static bool
limit_resources(const BnsRights *rights, GError **error)
{
    const struct rlimit no_core = { 0 };
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) < 0)
        return bns_lockdown_fail("read the descriptor limit", error);
    files.rlim_max = MIN(files.rlim_max, rights->nofile);
    files.rlim_cur = files.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &files) < 0 || setrlimit(RLIMIT_CORE, &no_core) < 0)
        return bns_lockdown_fail("set resource limits", error);
    return true;
}

bool
bns_lockdown_isolate(BnsRole role, GError **error)
{
    const BnsRights *rights = bns_lockdown_rights(role);

    quiet_signals();
    /* An addition to the life pipe: it loses the race with a parent that is dead. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || setsid() < 0)
        return bns_lockdown_fail("leave the session", error);
    if (!unshare_all(rights, error))
        return false;
    if (mount("", "/", "", MS_REC | MS_PRIVATE, NULL) < 0)
        return bns_lockdown_fail("make mounts private", error);
    if (!(rights->has_files ? freeze_files(error) : enter_empty_root(rights, error)))
        return false;
    /* Only now: the files in /proc/self belong to root once we are not dumpable. */
    if (prctl(PR_SET_DUMPABLE, 0) < 0)
        return bns_lockdown_fail("become not dumpable", error);
    return limit_resources(rights, error);
}
