/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/denied.h"

#include "base/fd.h"
#include "sandbox/mount_api.h"
#include "sandbox/stub.h"
#include "sandbox/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* On our own /run; the command may rename what leads there, which changes nothing. */
#define STUBS "boundary-ns/denied"

/* Of init, by program; held: what is mounted again comes from here. */
static int stubs[BNS_DENIED_MAX];

static int
write_stub(int dir_fd, const char *name, const char *text)
{
    bns_autofd fd = openat(dir_fd, name,
                           O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0755);
    uint8_t file[BNS_STUB_MAX];
    size_t len = bns_stub_build(file, text);

    return fd < 0 ? -errno : bns_fd_write_all(fd, file, len);
}

/* (transfer full): the stub, as O_PATH, or -errno. */
static int
make_stub(int dir_fd, size_t number, const char *text)
{
    char name[16];
    int r;

    snprintf(name, sizeof(name), "%zu", number);
    r = write_stub(dir_fd, name, text);
    return r < 0 ? r : bns_tree_look(dir_fd, name);
}

static int
make_stubs(const BnsDenied *denied)
{
    bns_autofd run = open("/run", O_PATH | O_DIRECTORY | O_CLOEXEC);
    bns_autofd place = run < 0 ? -errno : bns_tree_make_path(run, STUBS, 0755);
    bns_autofd dir =
        place < 0 ? place : bns_mount_new(place, "tmpfs", "mode=0755", false);

    if (dir < 0)
        return dir;
    for (size_t i = 0; i < denied->n; i++) {
        stubs[i] = make_stub(dir, i, denied->programs[i].text);
        if (stubs[i] < 0)
            return stubs[i];
    }
    return bns_mount_set_read_only("/run/" STUBS, false);
}

static bool
is_stub(const struct stat *info, int stub_fd)
{
    struct stat stub;

    return fstat(stub_fd, &stub) == 0 && stub.st_dev == info->st_dev &&
           stub.st_ino == info->st_ino;
}

/* Covers @path, unless it is. 0, or -errno: -ENOENT: there is nothing. */
static int
cover(const char *path, int stub_fd)
{
    bns_autofd place = bns_tree_look_along(path);
    bns_autofd mount = -1;
    struct stat info;

    if (place < 0)
        return place;
    if (fstat(place, &info) < 0)
        return -errno;
    if (is_stub(&info, stub_fd))
        return 0;
    mount = bns_mount_bind(stub_fd, place, BNS_BIND_READ_ONLY);
    return MIN(mount, 0);
}

bool
bns_denied_mount(const BnsDenied *denied, BnsFault *fault)
{
    int r;

    if (denied->n == 0)
        return true;
    g_assert(denied->n <= BNS_DENIED_MAX);
    r = make_stubs(denied);
    if (r < 0)
        return bns_fault_set(
            fault, "Could not make what stands for denied programs: %s", strerror(-r));
    for (size_t i = 0; i < denied->n; i++) {
        r = cover(denied->programs[i].path, stubs[i]);
        if (r < 0 && r != -ENOENT && r != -ENOTDIR)
            return bns_fault_set(fault, "Could not deny \"%s\": %s",
                                 denied->programs[i].path, strerror(-r));
    }
    return true;
}

bool
bns_denied_repair(const BnsDenied *denied)
{
    bool is_whole = true;

    for (size_t i = 0; i < denied->n; i++)
        is_whole &= cover(denied->programs[i].path, stubs[i]) == 0;
    return is_whole;
}

const BnsDeniedProgram *
bns_denied_find(const BnsDenied *denied, const char *path)
{
    for (size_t i = 0; i < denied->n; i++)
        if (strcmp(denied->programs[i].path, path) == 0)
            return &denied->programs[i];
    return NULL;
}
