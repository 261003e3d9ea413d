/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/tree.h"

#include "base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A few hundred entries per call; on the stack, once for each level of a walk. */
#define ENTRIES_BYTES 16384

/* As the kernel writes them (getdents64(2)); readdir(3) would allocate. */
typedef struct {
    uint64_t inode;
    int64_t offset;
    uint16_t len;
    uint8_t type;
    char name[];
} Entry;

static int
open_at(int dir_fd, const char *name, int flags)
{
    int fd = openat(dir_fd, name, flags | O_NOFOLLOW | O_CLOEXEC, 0644);

    return fd < 0 ? -errno : fd;
}

int
bns_tree_look(int dir_fd, const char *name)
{
    return open_at(dir_fd, name, O_PATH);
}

/* To the next of the names in @path. */
static int
look_further(int at, const char *name, size_t len)
{
    char copy[NAME_MAX + 1];
    struct stat info;
    bns_autofd next = -1;

    if (len > NAME_MAX)
        return -ENAMETOOLONG;
    memcpy(copy, name, len);
    copy[len] = '\0';
    next = bns_tree_look(at, copy);
    if (next >= 0 && fstat(next, &info) == 0 && S_ISLNK(info.st_mode))
        return -ELOOP;
    return g_steal_fd(&next);
}

int
bns_tree_look_along(const char *path)
{
    bns_autofd at = open_at(AT_FDCWD, "/", O_PATH | O_DIRECTORY);

    for (path += strspn(path, "/"); at >= 0 && *path != '\0';
         path += strspn(path, "/")) {
        size_t len = strcspn(path, "/");
        int next = look_further(at, path, len);

        bns_fd_clear(&at);
        at = next;
        path += len;
    }
    return g_steal_fd(&at);
}

int
bns_tree_make_directory(int dir_fd, const char *name, mode_t mode)
{
    if (mkdirat(dir_fd, name, mode) < 0 && errno != EEXIST)
        return -errno;
    return open_at(dir_fd, name, O_PATH | O_DIRECTORY);
}

int
bns_tree_make_place(int dir_fd, const char *name)
{
    bns_autofd fd = open_at(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL);

    return fd < 0 ? fd : open_at(dir_fd, name, O_PATH);
}

static int
visit_entries(const char *buffer,
              long len,
              int (*visit)(void *data, const BnsTreeEntry *entry),
              void *data)
{
    for (long at = 0; at < len;) {
        const Entry *entry = (const Entry *)(const void *)(buffer + at);
        int r = 0;

        at += entry->len;
        if (strcmp(entry->name, ".") != 0 && strcmp(entry->name, "..") != 0)
            r = visit(data,
                      &(BnsTreeEntry){ entry->name, entry->type == DT_SOCK ||
                                                        entry->type == DT_UNKNOWN });
        if (r < 0 && r != -ENOENT)
            return r;
    }
    return 0;
}

int
bns_tree_each_entry(int dir_fd,
                    int (*visit)(void *data, const BnsTreeEntry *entry),
                    void *data)
{
    _Alignas(Entry) char buffer[ENTRIES_BYTES];
    long n;

    while ((n = syscall(SYS_getdents64, dir_fd, buffer, sizeof(buffer))) > 0) {
        int r = visit_entries(buffer, n, visit, data);

        if (r < 0)
            return r;
    }
    return n < 0 ? -errno : 0;
}

typedef struct {
    int (*visit)(void *data, const char *name);
    void *data;
} NameVisit;

static int
visit_name(void *data, const BnsTreeEntry *entry)
{
    const NameVisit *by_name = data;

    return by_name->visit(by_name->data, entry->name);
}

int
bns_tree_each(int dir_fd, int (*visit)(void *data, const char *name), void *data)
{
    NameVisit by_name = { visit, data };

    return bns_tree_each_entry(dir_fd, visit_name, &by_name);
}

int
bns_tree_copy_link(int source_fd, int target_fd, const char *name)
{
    char target[PATH_MAX];
    ssize_t len = readlinkat(source_fd, name, target, sizeof(target));

    if (len < 0)
        return -errno;
    if ((size_t)len >= sizeof(target))
        return -ENAMETOOLONG;
    target[len] = '\0';
    return symlinkat(target, target_fd, name) < 0 ? -errno : 0;
}

int
bns_tree_write(int dir_fd, const char *name, const void *data, size_t len)
{
    bns_autofd fd = open_at(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL);

    return fd < 0 ? fd : bns_fd_write_all(fd, data, len);
}

int
bns_tree_make_path(int dir_fd, const char *path, mode_t mode)
{
    bns_autofd at = open_at(dir_fd, ".", O_PATH | O_DIRECTORY);

    while (at >= 0 && *path != '\0') {
        char name[NAME_MAX + 1];
        size_t len = strcspn(path, "/");
        bool is_last = path[len + strspn(path + len, "/")] == '\0';
        int next;

        if (len > NAME_MAX)
            return -ENAMETOOLONG;
        if (len > 0) {
            memcpy(name, path, len);
            name[len] = '\0';
            next = bns_tree_make_directory(at, name, is_last ? mode : 0755);
            bns_fd_clear(&at);
            at = next;
        }
        path += len + strspn(path + len, "/");
    }
    return g_steal_fd(&at);
}

int
bns_tree_open_parent(int dir_fd, const char *path, const char **out_name)
{
    bns_autofd at = open_at(dir_fd, ".", O_PATH | O_DIRECTORY);

    for (const char *slash; at >= 0 && (slash = strchr(path, '/')) != NULL;
         path = slash + 1) {
        char name[NAME_MAX + 1];
        size_t len = (size_t)(slash - path);
        int next;

        if (len > NAME_MAX)
            return -ENAMETOOLONG;
        memcpy(name, path, len);
        name[len] = '\0';
        next = open_at(at, name, O_PATH | O_DIRECTORY);
        bns_fd_clear(&at);
        at = next;
    }
    *out_name = path;
    return g_steal_fd(&at);
}

int
bns_tree_link(int source_fd, const char *name, int dir_fd, const char *path)
{
    const char *new_name;
    bns_autofd parent = bns_tree_open_parent(dir_fd, path, &new_name);

    if (parent < 0)
        return 0;
    return linkat(source_fd, name, parent, new_name, 0) < 0 ? -errno : 1;
}

int
bns_tree_path_of(int fd, char *out_path, size_t size)
{
    char link[64];
    ssize_t len;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    len = readlink(link, out_path, size);
    if (len < 0)
        return -errno;
    if ((size_t)len >= size)
        return -ENAMETOOLONG;
    out_path[len] = '\0';
    return 0;
}

bool
bns_tree_is_within(const char *path, const char *directory)
{
    size_t len = strlen(directory);

    return strncmp(path, directory, len) == 0 &&
           (path[len] == '\0' || path[len] == '/' || strcmp(directory, "/") == 0);
}
