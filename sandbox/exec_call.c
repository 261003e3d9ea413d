/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/exec_call.h"

#include "audit/record.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* What one read may cross without touching a page that may not be there. */
#define PAGE_BYTES 4096u
/* Pointers that are read at once. */
#define N_POINTERS 32

typedef struct {
    pid_t tid;
    int dir_fd;
    uint64_t path, argv; /* addresses there */
    bool may_be_empty;   /* the path: then it is dir_fd itself */
} Asked;

static Asked
read_registers(const struct seccomp_notif *notification)
{
    const __u64 *args = notification->data.args;
    pid_t tid = (pid_t)notification->pid;

    if (notification->data.nr == SYS_execveat)
        return (Asked){ tid, (int)args[0], args[1], args[2],
                        (args[4] & AT_EMPTY_PATH) != 0 };
    return (Asked){ tid, AT_FDCWD, args[0], args[1], false };
}

/* --- memory --- */

/* Reads up to @len bytes, not beyond a page. Returns: their number, -EFAULT, or -EPERM: of
 * a program that its user may not read, and so not trace. */
static ssize_t
read_memory(pid_t tid, uint64_t address, void *out, size_t len)
{
    size_t in_page = PAGE_BYTES - (size_t)(address % PAGE_BYTES);
    struct iovec here = { out, MIN(len, in_page) };
    struct iovec there = { (void *)(uintptr_t)address, here.iov_len };
    ssize_t n = process_vm_readv(tid, &here, 1, &there, 1, 0);

    if (n > 0)
        return n;
    return n < 0 && errno == EPERM ? -EPERM : -EFAULT;
}

/* Returns: the string's length; @size: it is longer; or -errno. */
static ssize_t
read_string(pid_t tid, uint64_t address, char *out, size_t size)
{
    size_t len = 0;

    while (len < size) {
        ssize_t n = read_memory(tid, address + len, out + len, size - len);
        const char *end;

        if (n < 0)
            return n;
        end = memchr(out + len, '\0', (size_t)n);
        if (end != NULL)
            return end - out;
        len += (size_t)n;
    }
    return (ssize_t)size;
}

typedef struct {
    char *text; /* BnsExecCall.argv */
    size_t len;
} Arguments;

/* Returns: 1 if there is room for another, 0 if not, or -errno. */
static int
add_argument(Arguments *arguments, pid_t tid, uint64_t address)
{
    char *at = arguments->text + arguments->len;
    size_t room = BNS_EXEC_ARGV_MAX - arguments->len;
    ssize_t len = read_string(tid, address, at, room);

    if (len < 0)
        return (int)len;
    for (ssize_t i = 0; i < len; i++)
        if (at[i] == BNS_RECORD_ARGUMENT_END)
            at[i] = '\xff'; /* never UTF-8 */
    if ((size_t)len == room) {
        strcpy(at + len, "...");
        return 0;
    }
    at[len] = BNS_RECORD_ARGUMENT_END;
    at[len + 1] = '\0';
    arguments->len += (size_t)len + 1;
    return 1;
}

static int
read_arguments(const Asked *asked, char *out_text)
{
    Arguments arguments = { out_text, 0 };
    uint64_t address = asked->argv;
    int r = 1;

    *out_text = '\0';
    while (address != 0 && r > 0) {
        uint64_t pointers[N_POINTERS];
        ssize_t n = read_memory(asked->tid, address, pointers, sizeof(pointers));
        size_t n_pointers = n < 0 ? 0 : (size_t)n / sizeof(pointers[0]);

        /* Across a page: the kernel would read it, nobody writes one so. */
        if (n_pointers == 0)
            return n < 0 ? (int)n : -EFAULT;
        for (size_t i = 0; i < n_pointers && r > 0; i++) {
            if (pointers[i] == 0)
                return 0;
            r = add_argument(&arguments, asked->tid, pointers[i]);
        }
        address += n_pointers * sizeof(pointers[0]);
    }
    return MIN(r, 0);
}

/* --- /proc --- */

/* "": it cannot be read. */
static void
read_link(pid_t tid, const char *name, char *out, size_t size)
{
    char link[64];
    ssize_t n;

    snprintf(link, sizeof(link), "/proc/%d/%s", (int)tid, name);
    n = readlink(link, out, size - 1);
    out[MAX(n, 0)] = '\0';
}

static pid_t
find_number(const char *status, const char *name)
{
    const char *at = strstr(status, name);

    return at != NULL ? (pid_t)strtol(at + strlen(name), NULL, 10) : 0;
}

/* Its name comes first and cannot hold a newline (the kernel escapes it). */
static void
read_status(pid_t tid, BnsExecCall *call)
{
    char path[64];
    char status[2048];
    bns_autofd fd = -1;
    ssize_t n;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? -1 : read(fd, status, sizeof(status) - 1);
    status[MAX(n, 0)] = '\0';
    call->pid = find_number(status, "\nTgid:\t");
    call->parent = find_number(status, "\nPPid:\t");
}

/* --- the file --- */

static int
resolve_path(const Asked *asked, BnsExecCall *call)
{
    char path[PATH_MAX];
    char dir[PATH_MAX];
    char fd_name[32];
    ssize_t len = read_string(asked->tid, asked->path, path, sizeof(path));

    if (len < 0)
        return (int)len;
    if ((size_t)len == sizeof(path))
        return -ENAMETOOLONG;
    if (len == 0 && !asked->may_be_empty)
        return -ENOENT;
    if (path[0] == '/') {
        strcpy(call->exe, path);
        return 0;
    }
    strcpy(dir, call->cwd);
    if (asked->dir_fd != AT_FDCWD) {
        snprintf(fd_name, sizeof(fd_name), "fd/%d", asked->dir_fd);
        read_link(asked->tid, fd_name, dir, sizeof(dir));
    }
    snprintf(call->exe, sizeof(call->exe), "%s%s%s", dir,
             len > 0 && strcmp(dir, "/") != 0 ? "/" : "", path);
    return 0;
}

static bool
is_below(const char *path, const char *dir)
{
    size_t len = strlen(dir);

    return strncmp(path, dir, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* Whether the process's paths lead where ours do. */
static bool
has_our_root(pid_t tid)
{
    char path[64];
    char root[PATH_MAX];
    struct stat its, ours;

    snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)tid);
    read_link(tid, "root", root, sizeof(root));
    return strcmp(root, "/") == 0 && stat(path, &its) == 0 &&
           stat("/proc/self/ns/mnt", &ours) == 0 && its.st_dev == ours.st_dev &&
           its.st_ino == ours.st_ino;
}

/* Whether it is not there, for sure: we see all that the process sees, unless it has
 * another root; what is below /proc, or a link of /dev to it, is another for us. */
static int
find_file(const Asked *asked, const BnsExecCall *call)
{
    struct stat info;
    int missing;

    if (call->exe[0] != '/' || asked->may_be_empty || is_below(call->exe, "/proc") ||
        is_below(call->exe, "/dev") || stat(call->exe, &info) == 0 ||
        (errno != ENOENT && errno != ENOTDIR))
        return 0;
    missing = -errno;
    return has_our_root(asked->tid) ? missing : 0;
}

int
bns_exec_call_read(const struct seccomp_notif *notification, BnsExecCall *out_call)
{
    const Asked asked = read_registers(notification);
    int r;

    read_link(asked.tid, "cwd", out_call->cwd, sizeof(out_call->cwd));
    out_call->exe[0] = '\0';
    r = resolve_path(&asked, out_call);
    if (r == 0)
        r = find_file(&asked, out_call);
    if (r == 0)
        r = read_arguments(&asked, out_call->argv);
    if (r == 0)
        read_status(asked.tid, out_call);
    return r;
}

size_t
bns_exec_call_join(const BnsExecCall *call, char out_text[BNS_EXEC_ARGV_MAX + 4])
{
    const char *first_end = strchr(call->argv, BNS_RECORD_ARGUMENT_END);
    size_t len;

    strcpy(out_text, first_end != NULL ? first_end + 1 : "");
    for (char *at = out_text; *at != '\0'; at++)
        if (*at == BNS_RECORD_ARGUMENT_END)
            *at = ' ';
    len = strlen(out_text);
    if (len > 0 && out_text[len - 1] == ' ')
        out_text[--len] = '\0';
    return len;
}
