/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/socket_masks.h"

#include "base/fd.h"
#include "base/ready.h"
#include "sandbox/mount_api.h"
#include "sandbox/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <inttypes.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where it is mounted, under a directory that is the command's own. */
#define PLACE "/dev/shm"

typedef struct {
    unsigned major, minor;
    uint32_t inode;
} Wanted;

typedef struct {
    int mask_fd;
    int control_fd;
    Wanted wanted[BNS_SOCKET_MASKS_MAX];
    size_t n_wanted;
    const char *dir;
    int dir_fd;
} Search;

/* --- what masks --- */

/* A mount cannot be copied once it is off the tree, so this one stays, underneath. */
static int
make_mask(int place_fd)
{
    bns_autofd dir = bns_mount_new(place_fd, "tmpfs", "mode=0700,nr_inodes=8", false);
    bns_autofd cover = -1;
    int fd;

    if (dir < 0)
        return dir;
    if (mknodat(dir, "socket", S_IFSOCK | 0666, 0) < 0)
        return -errno;
    fd = bns_tree_look(dir, "socket");
    if (fd < 0)
        return fd;
    cover = bns_mount_new(dir, "tmpfs", "mode=1777", false);
    if (cover < 0)
        bns_fd_clear(&fd);
    return cover < 0 ? cover : fd;
}

bool
bns_socket_masks_begin(int *out_fd, BnsFault *fault)
{
    bns_autofd place = open(PLACE, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = place < 0 ? -errno : make_mask(place);

    *out_fd = MAX(fd, -1);
    return fd >= 0
               ? true
               : bns_fault_set(
                     fault, "Could not make what masks sockets of other programs: %s",
                     strerror(-fd));
}

/* --- whether a socket is the one --- */

/* The start of a line of /proc/self/mountinfo: "ID PARENT MAJOR:MINOR ". */
typedef struct {
    char bytes[64];
    size_t len;
} Line;

static bool
is_line_of(Line *line, uint64_t id, const Wanted *wanted)
{
    unsigned long long mount;
    unsigned major_number, minor_number;

    line->bytes[line->len] = '\0';
    return sscanf(line->bytes, "%llu %*u %u:%u", &mount, &major_number,
                  &minor_number) == 3 &&
           mount == id && major_number == wanted->major &&
           minor_number == wanted->minor;
}

/* Whether the mount @id shows the file system of @wanted: 1, 0 or -errno. */
static int
is_mount_of(uint64_t id, const Wanted *wanted)
{
    bns_autofd table = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    char bytes[4096];
    Line line = { .len = 0 };
    ssize_t n = -1;

    while (table >= 0 && (n = read(table, bytes, sizeof(bytes))) > 0)
        for (ssize_t i = 0; i < n; i++) {
            if (bytes[i] == '\n' && is_line_of(&line, id, wanted))
                return 1;
            if (bytes[i] == '\n')
                line.len = 0;
            else if (line.len < sizeof(line.bytes) - 1)
                line.bytes[line.len++] = bytes[i];
        }
    return n < 0 ? -errno : 0;
}

/* Some file systems (btrfs) tell a device of their own for each of their parts. */
static int
is_on_device(int fd, const Wanted *wanted)
{
    struct statx info;

    if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &info) < 0)
        return -errno;
    if (info.stx_dev_major == wanted->major && info.stx_dev_minor == wanted->minor)
        return 1;
    return (info.stx_mask & STATX_MNT_ID) != 0 ? is_mount_of(info.stx_mnt_id, wanted)
                                               : 0;
}

/* @out_wanted: which one @fd is, or %NULL. 0 or -errno. */
static int
find_wanted(const Search *search, int fd, const Wanted **out_wanted)
{
    struct stat info;

    *out_wanted = NULL;
    if (fstat(fd, &info) < 0)
        return -errno;
    for (size_t i = 0; S_ISSOCK(info.st_mode) && i < search->n_wanted; i++) {
        int r = (uint32_t)info.st_ino == search->wanted[i].inode
                    ? is_on_device(fd, &search->wanted[i])
                    : 0;

        if (r < 0)
            return r;
        if (r > 0)
            *out_wanted = &search->wanted[i];
    }
    return 0;
}

/* --- the search --- */

/* Nothing that the command could get at: gone, moved, somebody else's. Any other error
 * says that we could not look. */
static bool
is_nothing(int r)
{
    static const int numbers[] = { ENOENT,       ENOTDIR, EACCES, ELOOP,
                                   ENAMETOOLONG, ESTALE,  ENXIO,  ENOTCONN };

    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++)
        if (r == -numbers[i])
            return true;
    return false;
}

static int
tell_masked(const Search *search, const Wanted *wanted, const char *name)
{
    char text[BNS_READY_TEXT_MAX + 1];

    snprintf(text, sizeof(text), "%u:%u:%u\n%s/%s", wanted->major, wanted->minor,
             wanted->inode, strcmp(search->dir, "/") == 0 ? "" : search->dir, name);
    return bns_ready_send(search->control_fd, BNS_READY_MASKED, text, -1);
}

static int
visit(void *data, const BnsTreeEntry *entry)
{
    const Search *search = data;
    const Wanted *wanted;
    bns_autofd fd = -1;
    bns_autofd mount = -1;
    int r;

    if (!entry->may_be_socket)
        return 0;
    fd = bns_tree_look(search->dir_fd, entry->name);
    if (fd < 0)
        return is_nothing(fd) ? 0 : fd;
    r = find_wanted(search, fd, &wanted);
    if (r < 0 || wanted == NULL)
        return r;
    mount = bns_mount_bind(search->mask_fd, fd, BNS_BIND_READ_ONLY);
    return mount < 0 ? mount : tell_masked(search, wanted, entry->name);
}

static int
search_directory(Search *search)
{
    bns_autofd dir = bns_tree_look_along(search->dir);
    bns_autofd readable = -1;

    if (dir < 0)
        return dir;
    readable = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (readable < 0)
        return -errno;
    search->dir_fd = readable;
    return bns_tree_each_entry(readable, visit, search);
}

static bool
parse_question(Search *search, const char *question)
{
    const char *at = question;
    int len = 0;

    while (search->n_wanted < BNS_SOCKET_MASKS_MAX) {
        Wanted *wanted = &search->wanted[search->n_wanted];

        if (sscanf(at, "%u:%u:%" SCNu32 "%n", &wanted->major, &wanted->minor,
                   &wanted->inode, &len) != 3)
            break;
        search->n_wanted++;
        at += len + (at[len] == ' ');
    }
    search->dir = at + 1;
    return search->n_wanted > 0 && at[0] == '\n' && at[1] == '/';
}

bool
bns_socket_masks_obey(int mask_fd,
                      int control_fd,
                      const char *question,
                      BnsFault *fault)
{
    Search search = { .mask_fd = mask_fd, .control_fd = control_fd };
    int r;

    if (!parse_question(&search, question))
        return bns_fault_set(fault, "Init was told to mask \"%.80s\"", question);
    r = search_directory(&search);
    if (r == 0 || is_nothing(r))
        r = bns_ready_send(control_fd, BNS_READY_SEARCHED, NULL, -1);
    return r == 0 ? true
                  : bns_fault_set(fault, "Could not mask sockets in \"%s\": %s",
                                  search.dir, strerror(-r));
}
