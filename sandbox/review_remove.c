/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/review_remove.h"

#include "base/fd.h"
#include "sandbox/own_directory.h"
#include "sandbox/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A descriptor and a block of names for each level. */
#define DEPTH_MAX 64
/* A file system may pass over names when others go away while it lists them. */
#define PASSES_MAX 16

typedef struct {
    int top_fd; /* borrowed; of the tree: where to what is too deep is moved */
    int dir_fd; /* borrowed; that is being emptied */
    int depth;
    int result; /* the first error */
} Emptying;

static int empty(Emptying *emptying);

static void
note(Emptying *emptying, int r)
{
    if (emptying->result == 0)
        emptying->result = r;
}

/* (transfer full): or -errno; -ENOTDIR and -ELOOP: it is none; -EXDEV: another file
 * system is mounted there. */
static int
open_directory(int dir_fd, const char *name)
{
    const struct open_how how = { .flags =
                                      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
                                  .resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV };
    long fd;

    (void)bns_own_directory_unlock(dir_fd, name, S_IRWXU);
    fd = syscall(SYS_openat2, dir_fd, name, &how, sizeof(how));
    return fd < 0 ? -errno : (int)fd;
}

static int
move_up(const Emptying *emptying, const char *name)
{
    char new_name[48];

    g_snprintf(new_name, sizeof(new_name), "deep-%08x%08x", g_random_int(),
               g_random_int());
    /* A directory that is moved is written to: its "..". */
    (void)bns_own_directory_unlock(emptying->dir_fd, name, S_IRWXU);
    return renameat(emptying->dir_fd, name, emptying->top_fd, new_name) < 0 ? -errno
                                                                            : 0;
}

static int
remove_directory(const Emptying *around, int dir_fd, const char *name)
{
    bns_autofd fd = open_directory(dir_fd, name);
    Emptying emptying = { .top_fd = around != NULL ? around->top_fd : fd,
                          .dir_fd = fd,
                          .depth = around != NULL ? around->depth + 1 : 0 };
    int r = fd;

    if (fd >= 0)
        r = empty(&emptying);
    if (r >= 0 && unlinkat(dir_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
        r = -errno;
    return MIN(r, 0);
}

static int
visit(void *data, const char *name)
{
    Emptying *emptying = data;

    if (unlinkat(emptying->dir_fd, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        note(emptying, -errno);
    else if (emptying->depth >= DEPTH_MAX)
        note(emptying, move_up(emptying, name));
    else
        note(emptying, remove_directory(emptying, emptying->dir_fd, name));
    return 0;
}

static int
count(void *data, const char *name)
{
    (*(unsigned *)data)++;
    return 0;
}

static bool
is_empty(int dir_fd)
{
    unsigned n = 0;

    return lseek(dir_fd, 0, SEEK_SET) == 0 && bns_tree_each(dir_fd, count, &n) == 0 &&
           n == 0;
}

static int
empty(Emptying *emptying)
{
    int r = 0;

    /* What was moved up comes with the next pass: as many as it takes, of the top. */
    for (unsigned pass = 0; r == 0 && !is_empty(emptying->dir_fd); pass++) {
        if (emptying->depth > 0 && pass >= PASSES_MAX)
            return -ENOTEMPTY;
        if (lseek(emptying->dir_fd, 0, SEEK_SET) < 0)
            return -errno;
        r = bns_tree_each(emptying->dir_fd, visit, emptying);
        if (r == 0)
            r = emptying->result;
    }
    return r;
}

int
bns_review_remove_tree(int dir_fd, const char *name)
{
    if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
        return 0;
    return errno == EISDIR || errno == EPERM ? remove_directory(NULL, dir_fd, name)
                                             : -errno;
}
