/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/devices.h"

#include "base/fd.h"
#include "sandbox/mount_api.h"
#include "sandbox/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const nodes[] = {
    "null", "zero", "full", "random", "urandom", "tty"
};

static const struct {
    const char *name, *target;
} links[] = {
    { "fd", "/proc/self/fd" },       { "stdin", "/proc/self/fd/0" },
    { "stdout", "/proc/self/fd/1" }, { "stderr", "/proc/self/fd/2" },
    { "core", "/proc/kcore" },       { "ptmx", "pts/ptmx" },
};

/* What is taken from the host's /dev before it is covered. */
typedef struct {
    int nodes[G_N_ELEMENTS(nodes)]; /* -1: the host has none */
} Host;

/* 0 or -errno: what could not be looked at is not absent. */
static int
open_host(int dev_fd, Host *host)
{
    int r = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(nodes); i++) {
        host->nodes[i] = openat(dev_fd, nodes[i], O_PATH | O_CLOEXEC);
        if (host->nodes[i] < 0 && errno != ENOENT)
            r = -errno;
    }
    return r;
}

static void
host_clear(Host *host)
{
    for (size_t i = 0; i < G_N_ELEMENTS(nodes); i++)
        bns_fd_clear(&host->nodes[i]);
}

/* -1 as source: nothing to do. */
static int
bind_node(int dev_fd, const char *name, int source_fd)
{
    bns_autofd place = -1;
    bns_autofd mount = -1;

    if (source_fd < 0)
        return 0;
    place = bns_tree_make_place(dev_fd, name);
    if (place < 0)
        return place;
    mount = bns_mount_bind(source_fd, place, BNS_BIND_AS_IS);
    return mount < 0 ? mount : 0;
}

static int
make_mount(int dev_fd,
           const char *name,
           const char *type,
           const char *options,
           bool has_devices)
{
    bns_autofd place = bns_tree_make_directory(dev_fd, name, 0755);
    bns_autofd mount = -1;

    if (place < 0)
        return place;
    mount = bns_mount_new(place, type, options, has_devices);
    return mount < 0 ? mount : 0;
}

static int
fill(int dev_fd, const Host *host)
{
    int r = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(nodes) && r == 0; i++)
        r = bind_node(dev_fd, nodes[i], host->nodes[i]);
    for (size_t i = 0; i < G_N_ELEMENTS(links) && r == 0; i++)
        r = symlinkat(links[i].target, dev_fd, links[i].name) < 0 ? -errno : 0;
    if (r == 0)
        r = make_mount(dev_fd, "pts", "devpts", "ptmxmode=0666,mode=0620", true);
    /* Mounted in sandbox/socket_masks.c. */
    if (r == 0)
        r = mkdirat(dev_fd, "shm", 0755) < 0 ? -errno : 0;
    if (r == 0) {
        r = make_mount(dev_fd, "mqueue", "mqueue", NULL, false);
        /* A kernel without POSIX message queues. */
        r = r == -ENODEV ? 0 : r;
    }
    return r;
}

bool
bns_devices_mount(BnsFault *fault)
{
    bns_autofd place = open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC);
    bns_autofd dev = -1;
    Host host;
    int r;

    if (place < 0)
        return bns_fault_set(fault, "Could not open /dev: %s", strerror(errno));
    r = open_host(place, &host);
    if (r == 0)
        r = dev = bns_mount_new(place, "tmpfs", "mode=0755", false);
    if (r >= 0)
        r = fill(dev, &host);
    host_clear(&host);
    if (r >= 0)
        r = bns_mount_set_read_only("/dev", false);
    return r >= 0 ? true
                  : bns_fault_set(fault, "Could not set up /dev: %s", strerror(-r));
}
