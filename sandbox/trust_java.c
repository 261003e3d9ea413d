/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/trust_java.h"

#include "base/fd.h"
#include "sandbox/java_store.h"
#include "sandbox/mount_api.h"
#include "sandbox/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define STORE_NAME "java-cacerts"

const char *const bns_trust_java_files[] = {
    "/etc/ssl/certs/java/cacerts",                     /* Debian */
    "/etc/pki/java/cacerts",                           /* Fedora */
    "/etc/pki/ca-trust/extracted/java/cacerts",        /* Fedora, the source */
    "/etc/ca-certificates/extracted/java-cacerts.jks", /* Arch */
    NULL,
};

static int
cover(int store_fd, const char *path)
{
    bns_autofd place = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    bns_autofd mount = -1;
    struct stat info;

    if (place < 0 || fstat(place, &info) < 0 || !S_ISREG(info.st_mode))
        return 0;
    mount = bns_mount_bind(store_fd, place, BNS_BIND_READ_ONLY);
    return mount < 0 ? mount : 1;
}

/* How many places there are, or -errno. */
static int
place(int trust_dir_fd, int etc_fd, const char *const *stores)
{
    bns_autofd store = bns_tree_make_place(trust_dir_fd, STORE_NAME);
    int n = 0;
    int r = store;

    for (size_t i = 0; bns_trust_java_files[i] != NULL && r >= 0; i++) {
        r = bns_tree_link(trust_dir_fd, STORE_NAME, etc_fd,
                          bns_trust_java_files[i] + strlen("/etc/"));
        n += r > 0;
    }
    for (; stores != NULL && *stores != NULL && r >= 0; stores++) {
        r = cover(store, *stores);
        n += r > 0;
    }
    return r < 0 ? r : n;
}

int
bns_trust_java_begin(int trust_dir_fd, int etc_fd, const char *const *stores)
{
    int n = place(trust_dir_fd, etc_fd, stores);

    if (n != 0)
        return n < 0 ? n : 0;
    return unlinkat(trust_dir_fd, STORE_NAME, 0) < 0 ? -errno : 0;
}

static int
write_store(int store_fd, const char *pem, size_t len)
{
    size_t size = BNS_JAVA_STORE_MAX(len);
    /* Not the stack, for 1 MiB of it, nor the heap, between clone and exec. */
    uint8_t *buffer = mmap(NULL, size, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    size_t store_len;
    int r;

    if (buffer == MAP_FAILED)
        return -errno;
    store_len = bns_java_store_encode(pem, len, buffer, size);
    r = bns_fd_write_all(store_fd, buffer + size - store_len, store_len);
    munmap(buffer, size);
    return r;
}

int
bns_trust_java_finish(int trust_dir_fd, const char *bundle)
{
    bns_autofd store =
        openat(trust_dir_fd, STORE_NAME, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    bns_autofd roots = openat(trust_dir_fd, bundle, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct stat info;
    char *pem;
    int r;

    if (store < 0)
        return errno == ENOENT ? 0 : -errno;
    if (roots < 0 || fstat(roots, &info) < 0)
        return -errno;
    pem = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, roots, 0);
    if (pem == MAP_FAILED)
        return -errno;
    r = write_store(store, pem, (size_t)info.st_size);
    munmap(pem, (size_t)info.st_size);
    return r;
}
