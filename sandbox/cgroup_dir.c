/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/cgroup_dir.h"

#include "base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* The files of ours are a few numbers, one to a line. */
#define TEXT_MAX 4096
/* Below a session's directory, of those that we remove. */
#define DEPTH_MAX 64

int
bns_cgroup_dir_write(int dir_fd, const char *file, const char *text)
{
    bns_autofd fd = openat(dir_fd, file, O_WRONLY | O_CLOEXEC);
    ssize_t len = (ssize_t)strlen(text);

    if (fd < 0)
        return -errno;
    /* A short write is none: the kernel takes a number as a whole. */
    errno = EIO;
    return write(fd, text, (size_t)len) == len ? 0 : -errno;
}

static bool
parse_number(const char *text, uint64_t *out)
{
    g_autofree char *digits = g_strndup(text, strspn(text, "0123456789"));
    guint64 number;

    if (!g_ascii_string_to_unsigned(digits, 10, 0, G_MAXUINT64, &number, NULL))
        return false;
    *out = number;
    return true;
}

bool
bns_cgroup_dir_number(int dir_fd, const char *file, const char *key, uint64_t *out)
{
    bns_autofd fd = openat(dir_fd, file, O_RDONLY | O_CLOEXEC);
    char text[TEXT_MAX + 1];
    ssize_t len = fd < 0 ? -1 : read(fd, text, TEXT_MAX);
    g_auto(GStrv) lines = NULL;

    if (len < 0)
        return false;
    text[len] = '\0';
    if (key == NULL)
        return parse_number(text, out);
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++)
        if (g_str_has_prefix(*line, key) && (*line)[strlen(key)] == ' ')
            return parse_number(*line + strlen(key) + 1, out);
    return false;
}

/* Names in a cgroup are files of the kernel's, and directories. */
static bool
is_below(const struct dirent *entry)
{
    return entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 &&
           strcmp(entry->d_name, "..") != 0;
}

static int
remove_tree(int parent_fd, const char *name, int depth)
{
    int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;

    if (dir == NULL) {
        int r = -errno;

        bns_fd_clear(&fd);
        return r;
    }
    while (depth < DEPTH_MAX && (entry = readdir(dir)) != NULL)
        if (is_below(entry))
            (void)remove_tree(dirfd(dir), entry->d_name, depth + 1);
    closedir(dir);
    return unlinkat(parent_fd, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

int
bns_cgroup_dir_remove(int parent_fd, const char *name)
{
    return remove_tree(parent_fd, name, 0);
}

/* Its session holds the lock. */
static void
sweep(int parent_fd, const char *name)
{
    bns_autofd fd =
        openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 &&
        bns_cgroup_dir_remove(parent_fd, name) == 0)
        g_info("removed %s, which an earlier session left", name);
}

void
bns_cgroup_dir_sweep(int parent_fd)
{
    int fd = openat(parent_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;

    if (dir == NULL) {
        bns_fd_clear(&fd);
        return;
    }
    while ((entry = readdir(dir)) != NULL)
        if (is_below(entry) && g_str_has_prefix(entry->d_name, BNS_CGROUP_PREFIX))
            sweep(parent_fd, entry->d_name);
    closedir(dir);
}
