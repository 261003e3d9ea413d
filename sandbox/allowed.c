/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/allowed.h"

#include "base/fd.h"
#include "sandbox/mount_api.h"
#include "sandbox/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>

/* As the loaders of distributions look for them; links among them lead to others. Those of
 * a system that keeps its programs and libraries elsewhere are to be named. */
static const char *const libraries[] = {
    "/lib",       "/lib32",     "/lib64",      "/libx32",        "/usr/lib",
    "/usr/lib32", "/usr/lib64", "/usr/libx32", "/usr/local/lib", "/usr/local/lib64",
};

/* 0 or -errno: -ENOENT, -ENOTDIR, -ELOOP: there is no such thing, or a link. */
static int
give_exec(const char *path)
{
    bns_autofd fd = bns_tree_look_along(path);
    bns_autofd mount = fd < 0 ? fd : bns_mount_bind(fd, fd, BNS_BIND_AS_IS);

    return mount < 0 ? mount : bns_mount_set_exec(mount, true);
}

static bool
is_absent(int r)
{
    return r == -ENOENT || r == -ENOTDIR || r == -ELOOP || r == -EACCES;
}

static bool
give_all(const char *const *paths, size_t n, BnsFault *fault)
{
    for (size_t i = 0; i < n; i++) {
        int r = give_exec(paths[i]);

        if (r < 0 && !is_absent(r))
            return bns_fault_set(fault, "Could not allow what is in \"%s\": %s",
                                 paths[i], strerror(-r));
    }
    return true;
}

static size_t
count(const char *const *paths)
{
    size_t n = 0;

    while (paths[n] != NULL)
        n++;
    return n;
}

bool
bns_allowed_mount(const BnsAllowed *allowed, BnsFault *fault)
{
    bns_autofd root = -1;
    int r;

    if (!allowed->is_on)
        return true;
    root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    r = root < 0 ? -errno : bns_mount_set_exec(root, false);
    if (r < 0)
        return bns_fault_set(fault,
                             "Could not take the right to execute from all mounts: %s",
                             strerror(-r));
    return give_all(libraries, G_N_ELEMENTS(libraries), fault) &&
           give_all(allowed->loaders, count(allowed->loaders), fault) &&
           give_all(allowed->programs, count(allowed->programs), fault);
}

bool
bns_allowed_contains(const BnsAllowed *allowed, int fd, const char *path)
{
    struct stat asked, named;
    int error_number = 0;

    if (fstat(fd, &asked) < 0)
        return false;
    for (const char *const *program = allowed->programs; *program != NULL; program++) {
        if (stat(*program, &named) < 0) {
            if (errno != ENOENT)
                error_number = errno;
            continue;
        }
        if (S_ISDIR(named.st_mode)
                ? bns_tree_is_within(path, *program)
                : named.st_dev == asked.st_dev && named.st_ino == asked.st_ino)
            return true;
    }
    errno = error_number;
    return false;
}
