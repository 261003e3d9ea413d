/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/left.h"

#include "base/fd.h"
#include "base/ready.h"
#include "sandbox/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Room for the number, which is known only at the end. */
#define NUMBER_BYTES 12
/* More are looked at by nobody, and the command's end waits. */
#define ENTRIES_MAX 20000

typedef struct {
    const BnsFileView *view;
    int64_t since_us;
    const char *dir;
    int dir_fd;
    dev_t device;
    unsigned n;
    unsigned n_seen;
    char *paths;
    size_t size;
    size_t len;
} List;

static bool
is_news(const List *list, const char *path)
{
    const BnsViewMount *mount = bns_file_view_find_mount(list->view, path);

    return !bns_file_view_rebuilds(list->view, path) &&
           !bns_file_view_persists(list->view, path) &&
           !bns_file_view_hides(list->view, path) &&
           (mount == NULL || mount->access == BNS_VIEW_READ_ONLY || mount->is_rebuilt);
}

static void
add(List *list, const char *path)
{
    int len = snprintf(list->paths + list->len, list->size - list->len, "\n%s", path);

    list->n++;
    if (len > 0 && (size_t)len < list->size - list->len)
        list->len += (size_t)len;
    else
        list->paths[list->len] = '\0';
}

/* A file of the host's is on another device than our directory. */
static int
visit(void *data, const char *name)
{
    List *list = data;
    char path[PATH_MAX];
    struct stat info;

    if (list->n_seen++ >= ENTRIES_MAX)
        return -E2BIG;
    if (snprintf(path, sizeof(path), "%s/%s", list->dir, name) >= (int)sizeof(path) ||
        fstatat(list->dir_fd, name, &info, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    if (info.st_dev == list->device &&
        info.st_ctim.tv_sec * G_USEC_PER_SEC + info.st_ctim.tv_nsec / 1000 >
            list->since_us &&
        is_news(list, path))
        add(list, path);
    return 0;
}

static void
list_directory(List *list, const char *dir)
{
    bns_autofd fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat info;

    if (fd < 0 || fstat(fd, &info) < 0)
        return;
    list->dir = dir;
    list->dir_fd = fd;
    list->device = info.st_dev;
    (void)bns_tree_each(fd, visit, list);
}

void
bns_left_list(const BnsFileView *view, int64_t since_us, char *out_text, size_t size)
{
    List list = { .view = view,
                  .since_us = since_us,
                  .paths = out_text + NUMBER_BYTES,
                  .size = size - NUMBER_BYTES };
    char number[NUMBER_BYTES];

    list.paths[0] = '\0';
    for (const char *const *dir = view->rebuilt; dir != NULL && *dir != NULL; dir++)
        list_directory(&list, *dir);
    snprintf(number, sizeof(number), "%u", list.n);
    if (list.n == 0)
        number[0] = '\0';
    memmove(out_text + strlen(number), list.paths, list.len + 1);
    memcpy(out_text, number, strlen(number));
}

/* --- what is written back --- */

/* (transfer full): the regular file @path, or -errno. The command may have put anything
 * there, and has it changed while we look. */
static int
open_file(const char *path)
{
    bns_autofd fd = bns_tree_look_along(path);
    char link[64];
    struct stat info;
    int file;

    if (fd < 0)
        return fd;
    if (fstat(fd, &info) < 0)
        return -errno;
    if (!S_ISREG(info.st_mode))
        return -EINVAL;
    /* By what was looked at: the name may be another file's by now. */
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    file = open(link, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return file < 0 ? -errno : file;
}

void
bns_left_hand_out(const BnsFileView *view, int control_fd)
{
    for (size_t i = 0; view->persisted != NULL && view->persisted[i] != NULL; i++) {
        bns_autofd fd = open_file(view->persisted[i]);
        char text[32];

        snprintf(text, sizeof(text), "%zu %d", i, MIN(fd, 0));
        bns_ready_send(control_fd, BNS_READY_PERSIST, text, MAX(fd, -1));
    }
}
