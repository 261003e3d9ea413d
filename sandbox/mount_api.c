/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/mount_api.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

static int
result(long r)
{
    return r < 0 ? -errno : (int)r;
}

static int
set_option(int fs_fd, const char *key, const char *value)
{
    return result(syscall(SYS_fsconfig, fs_fd, FSCONFIG_SET_STRING, key, value, 0));
}

int
bns_mount_new(const char *type, const char *const *options, bool has_devices)
{
    unsigned attributes = MOUNT_ATTR_NOSUID | (has_devices ? 0 : MOUNT_ATTR_NODEV);
    bns_autofd fs_fd = result(syscall(SYS_fsopen, type, FSOPEN_CLOEXEC));
    int r = fs_fd;

    for (; r >= 0 && *options != NULL; options += 2)
        r = set_option(fs_fd, options[0], options[1]);
    if (r >= 0)
        r = result(syscall(SYS_fsconfig, fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
    if (r < 0)
        return r;
    return result(syscall(SYS_fsmount, fs_fd, FSMOUNT_CLOEXEC, attributes));
}

int
bns_mount_new_tmpfs(const char *mode)
{
    const char *const options[] = { "mode", mode, NULL };

    return bns_mount_new("tmpfs", options, false);
}

int
bns_mount_attach(int mount_fd, int target_fd)
{
    return result(syscall(SYS_move_mount, mount_fd, "", target_fd, "",
                          MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
}

static int
set_attributes(int mount_fd, bool recursive)
{
    struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

    return result(syscall(SYS_mount_setattr, mount_fd, "",
                          AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr,
                          sizeof(attr)));
}

/* The flags that mount(2) must repeat: they are locked in our user namespace. */
static unsigned long
kept_flags(const char *path)
{
    static const struct {
        unsigned long statvfs, mount;
    } flags[] = {
        { ST_NOSUID, MS_NOSUID },         { ST_NODEV, MS_NODEV },
        { ST_NOEXEC, MS_NOEXEC },         { ST_NOATIME, MS_NOATIME },
        { ST_NODIRATIME, MS_NODIRATIME }, { ST_RELATIME, MS_RELATIME },
    };
    struct statvfs info;
    unsigned long found = 0;

    if (statvfs(path, &info) < 0)
        return 0;
    for (size_t i = 0; i < G_N_ELEMENTS(flags); i++)
        if (info.f_flag & flags[i].statvfs)
            found |= flags[i].mount;
    return found;
}

static int
remount_read_only(const char *path)
{
    return result(mount(NULL, path, NULL,
                        MS_REMOUNT | MS_BIND | MS_RDONLY | kept_flags(path), NULL));
}

/* Undoes \ooo in place: how mountinfo writes spaces and the like. */
static void
decode(char *text)
{
    char *to = text;

    for (char *from = text; *from != '\0'; to++) {
        if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] != '\0' &&
            from[3] != '\0') {
            *to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + from[3] - '0');
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
}

static bool
is_below(const char *path, const char *directory)
{
    size_t len = strlen(directory);

    return strncmp(path, directory, len) == 0 && path[len] == '/';
}

/* One that cannot be reached by its path is covered by another: out of reach for the
 * command too. */
static int
freeze_line(char *line, const char *directory)
{
    char *path = line;
    int r;

    for (int field = 0; field < 4; field++) {
        path = strchr(path, ' ');
        if (path == NULL)
            return -EPROTO;
        path++;
    }
    path[strcspn(path, " ")] = '\0';
    decode(path);
    r = is_below(path, directory) ? remount_read_only(path) : 0;
    return r == -ENOENT || r == -EACCES || r == -EINVAL ? 0 : r;
}

static int
freeze_below(const char *directory)
{
    FILE *table = fopen("/proc/self/mountinfo", "re");
    char *line = NULL;
    size_t size = 0;
    int r = table != NULL ? 0 : -errno;

    while (r == 0 && getline(&line, &size, table) > 0)
        r = freeze_line(line, directory);
    if (table != NULL)
        fclose(table);
    free(line);
    return r;
}

int
bns_mount_set_read_only_each(const char *path, bool recursive)
{
    int r = remount_read_only(path);

    return r < 0 || !recursive ? r : freeze_below(path);
}

int
bns_mount_set_read_only(const char *path, bool recursive)
{
    bns_autofd fd = open(path, O_PATH | O_CLOEXEC);
    int r = fd < 0 ? -errno : set_attributes(fd, recursive);

    return r == -ENOSYS ? bns_mount_set_read_only_each(path, recursive) : r;
}

/* A mount that was made by descriptor still has a path, for kernels that need one. */
static int
freeze_mount(int mount_fd)
{
    char link[64];
    char path[PATH_MAX];
    ssize_t len;
    int r = set_attributes(mount_fd, true);

    if (r != -ENOSYS)
        return r;
    snprintf(link, sizeof(link), "/proc/self/fd/%d", mount_fd);
    len = readlink(link, path, sizeof(path) - 1);
    if (len < 0)
        return -errno;
    path[len] = '\0';
    return bns_mount_set_read_only_each(path, true);
}

int
bns_mount_bind(int source_fd, int target_fd, bool read_only)
{
    bns_autofd fd = result(
        syscall(SYS_open_tree, source_fd, "",
                AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
    int r = fd < 0 ? fd : bns_mount_attach(fd, target_fd);

    /* The command does not run yet: after attaching is early enough. */
    if (r == 0 && read_only)
        r = freeze_mount(fd);
    return r < 0 ? r : g_steal_fd(&fd);
}
