/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/mount_api.h"

#include "base/fd.h"
#include "base/freeze.h"
#include "sandbox/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <limits.h>
#include <linux/mount.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

static int
result(long r)
{
    return r < 0 ? -errno : (int)r;
}

/* How mount(2) is told of a descriptor. */
typedef struct {
    char path[32];
} Link;

static Link
link_to(int fd)
{
    Link link;

    snprintf(link.path, sizeof(link.path), "/proc/self/fd/%d", fd);
    return link;
}

/* What was mounted on @target_fd: by its name, the only way to it. */
static int
open_covering(int target_fd)
{
    char path[PATH_MAX];
    int r = bns_tree_path_of(target_fd, path, sizeof(path));
    int fd;

    if (r < 0)
        return r;
    fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int
bns_mount_new(int target_fd, const char *type, const char *options, bool has_devices)
{
    unsigned long flags = MS_NOSUID | (has_devices ? 0 : MS_NODEV);
    const Link target = link_to(target_fd);

    if (mount(type, target.path, type, flags, options) < 0)
        return -errno;
    return open_covering(target_fd);
}

static int
set_attribute(int mount_fd, bool recursive, uint64_t attribute, bool is_set)
{
    struct mount_attr attr = { .attr_set = is_set ? attribute : 0,
                               .attr_clr = is_set ? 0 : attribute };

    return result(syscall(SYS_mount_setattr, mount_fd, "",
                          AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr,
                          sizeof(attr)));
}

/* Mount by mount. */
static int
freeze_by_name(const char *path, bool recursive)
{
    int r = bns_freeze_mount(path);

    return r < 0 || !recursive ? r : bns_freeze_below(path);
}

static int
set_attributes(int mount_fd, bool recursive, bool read_only)
{
    return set_attribute(mount_fd, recursive, MOUNT_ATTR_RDONLY, read_only);
}

/* What is locked is the host's; with one such below the others are left as they are. */
int
bns_mount_set_exec(int mount_fd, bool may_execute)
{
    int r = set_attribute(mount_fd, true, MOUNT_ATTR_NOEXEC, !may_execute);

    if (r == -EPERM && may_execute) {
        r = set_attribute(mount_fd, false, MOUNT_ATTR_NOEXEC, false);
        r = r == -EPERM ? 0 : r;
    }
    return r;
}

int
bns_mount_set_read_only(const char *path, bool recursive)
{
    bns_autofd fd = open(path, O_PATH | O_CLOEXEC);
    int r = fd < 0 ? -errno : set_attributes(fd, recursive, true);

    return r == -ENOSYS ? freeze_by_name(path, recursive) : r;
}

static int
freeze_mount(int mount_fd)
{
    int r = set_attributes(mount_fd, true, true);
    char path[PATH_MAX];

    if (r != -ENOSYS)
        return r;
    r = bns_tree_path_of(mount_fd, path, sizeof(path));
    return r < 0 ? r : freeze_by_name(path, true);
}

static bool
is_same_file(int fd, int other_fd)
{
    struct stat info, other;

    return fstat(fd, &info) == 0 && fstat(other_fd, &other) == 0 &&
           info.st_dev == other.st_dev && info.st_ino == other.st_ino;
}

/* The name may have been changed meanwhile by who can write above it: then it is not
 * what we mounted. */
static int
bind_by_name(int source_fd, int target_fd)
{
    const Link source = link_to(source_fd);
    const Link target = link_to(target_fd);
    bns_autofd fd = -1;

    if (mount(source.path, target.path, "none", MS_BIND | MS_REC, NULL) < 0)
        return -errno;
    fd = open_covering(target_fd);
    if (fd >= 0 && !is_same_file(fd, source_fd))
        return -EAGAIN;
    return g_steal_fd(&fd);
}

/* What is to be read-only is so before it can be seen, where the kernel can do that. */
static int
bind(int source_fd, int target_fd, bool read_only)
{
    bns_autofd fd = result(
        syscall(SYS_open_tree, source_fd, "",
                AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
    int r;

    if (fd == -ENOSYS)
        return bind_by_name(source_fd, target_fd);
    if (fd < 0)
        return fd;
    r = read_only ? set_attributes(fd, true, true) : 0;
    if (r < 0 && r != -ENOSYS)
        return r;
    r = result(syscall(SYS_move_mount, fd, "", target_fd, "",
                       MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
    return r < 0 ? r : g_steal_fd(&fd);
}

/* The kernel refuses what the host has made read-only: for a mount below, the rest is
 * left as it is; for this one, it is as on the host. */
static int
thaw_mount(int mount_fd)
{
    int r = set_attributes(mount_fd, true, false);
    char path[PATH_MAX];

    if (r == -EPERM)
        r = set_attributes(mount_fd, false, false);
    if (r == -ENOSYS) {
        r = bns_tree_path_of(mount_fd, path, sizeof(path));
        r = r < 0 ? r : bns_freeze_undo(path);
    }
    return r == -EPERM ? 0 : r;
}

/* Of a mount that is attached. */
static int
set_access(int mount_fd, BnsBindAccess access)
{
    switch (access) {
    case BNS_BIND_READ_ONLY:
        return freeze_mount(mount_fd);
    case BNS_BIND_WRITABLE:
        return thaw_mount(mount_fd);
    case BNS_BIND_AS_IS:
        break;
    }
    return 0;
}

int
bns_mount_bind(int source_fd, int target_fd, BnsBindAccess access)
{
    bns_autofd fd = bind(source_fd, target_fd, access == BNS_BIND_READ_ONLY);
    int r = fd < 0 ? fd : set_access(fd, access);

    return r < 0 ? r : g_steal_fd(&fd);
}

static int
bind_entry_by_descriptors(int source_dir_fd,
                          int target_dir_fd,
                          const char *name,
                          BnsBindAccess access)
{
    bns_autofd source = bns_tree_look(source_dir_fd, name);
    bns_autofd target = bns_tree_look(target_dir_fd, name);
    bns_autofd fd = -1;

    if (source < 0 || target < 0)
        return MIN(source, target);
    fd = bns_mount_bind(source, target, access);
    return MIN(fd, 0);
}

int
bns_mount_bind_entry(int source_dir_fd,
                     int target_dir_fd,
                     const char *name,
                     BnsBindAccess access)
{
    bns_autofd fd = result(syscall(SYS_open_tree, source_dir_fd, name,
                                   AT_SYMLINK_NOFOLLOW | AT_RECURSIVE |
                                       OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
    int r;

    if (fd == -ENOSYS)
        return bind_entry_by_descriptors(source_dir_fd, target_dir_fd, name, access);
    if (fd < 0)
        return fd;
    r = result(
        syscall(SYS_move_mount, fd, "", target_dir_fd, name, MOVE_MOUNT_F_EMPTY_PATH));
    return r < 0 ? r : set_access(fd, access);
}

int
bns_mount_layers(const BnsLayers *layers)
{
    const Link place = link_to(layers->place_fd);
    unsigned long flags = MS_NOSUID | MS_NODEV;
    char middle[40] = "";
    char options[200];
    struct statvfs info;

    if (fstatvfs(layers->lower_fd, &info) < 0)
        return -errno;
    if ((info.f_flag & ST_NOEXEC) != 0)
        flags |= MS_NOEXEC;
    if (layers->middle_fd >= 0)
        snprintf(middle, sizeof(middle), "/proc/self/fd/%d:", layers->middle_fd);
    snprintf(options, sizeof(options),
             "userxattr,%slowerdir=%s/proc/self/fd/%d,upperdir=/proc/self/fd/%d,"
             "workdir=/proc/self/fd/%d",
             layers->is_volatile ? "volatile," : "", middle, layers->lower_fd,
             layers->upper_fd, layers->work_fd);
    if (mount("overlay", place.path, "overlay", flags, options) < 0)
        return -errno;
    return open_covering(layers->place_fd);
}

int
bns_mount_stack(int upper_fd, int lower_fd)
{
    const Link upper = link_to(upper_fd);
    char options[80];

    snprintf(options, sizeof(options),
             "userxattr,lowerdir=/proc/self/fd/%d:/proc/self/fd/%d", upper_fd,
             lower_fd);
    return result(mount("overlay", upper.path, "overlay",
                        MS_RDONLY | MS_NOSUID | MS_NODEV, options));
}
