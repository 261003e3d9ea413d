/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/trust_files.h"

#include "base/fd.h"
#include "sandbox/rebuild.h"
#include "sandbox/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ETC         "/etc/"
#define BUNDLE_NAME "ca-bundle.pem"

/* What OpenSSL's subject hash takes at the start of the message. */
#define HASH_DIGITS 8

/* The host's bundle is the first that can be read; ours takes the place of each whose
 * directory exists. */
static const char *const bundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",                /* Debian, Arch, Alpine */
    "/etc/pki/tls/certs/ca-bundle.crt",                  /* Fedora */
    "/etc/ssl/ca-bundle.pem",                            /* openSUSE */
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* Fedora, the source */
    "/etc/ca-certificates/extracted/tls-ca-bundle.pem",  /* Arch, the source */
    "/etc/ssl/certs/ca-bundle.crt",                      /* NixOS */
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/tls/cert.pem",
    "/etc/ssl/cert.pem", /* Alpine, BSD's name */
};

/* Bundles that only are read. */
static const char *const other_bundles[] = {
    "/var/lib/ca-certificates/ca-bundle.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
};

/* Directories of certificates under hashed names. */
static const struct {
    const char *path;
    const char *pem; /* our certificate in it */
} directories[] = {
    { "/etc/ssl/certs", "/etc/ssl/certs/boundary-ns.pem" },
    { "/etc/pki/tls/certs", "/etc/pki/tls/certs/boundary-ns.pem" },
};
G_STATIC_ASSERT(G_N_ELEMENTS(directories) == BNS_TRUST_DIRECTORIES);
G_STATIC_ASSERT(G_N_ELEMENTS(bundles) + 2 * G_N_ELEMENTS(directories) + 1 <=
                BNS_TRUST_OURS_MAX);

static void
add_ours(BnsTrustFiles *trust, const char *path)
{
    trust->ours[trust->n_ours++] = path;
}

/* openSUSE's /etc/ssl/certs is a link to /var/lib, where we make nothing: a directory
 * stands in for it. Links within /etc lead to what is rebuilt anyway. (transfer full):
 * what is behind such a link, or -1. */
static int
open_link_out_of_etc(const char *path)
{
    bns_autofd link = bns_tree_look(AT_FDCWD, path);
    bns_autofd target = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char real[PATH_MAX];
    struct stat info;

    if (link < 0 || target < 0 || fstat(link, &info) < 0 || !S_ISLNK(info.st_mode) ||
        bns_tree_path_of(target, real, sizeof(real)) < 0 ||
        bns_tree_is_within(real, "/etc"))
        return -1;
    return g_steal_fd(&target);
}

/* A regular file or nothing: not blocking on what somebody put there. */
static int
open_host_bundle(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(bundles) + G_N_ELEMENTS(other_bundles); i++) {
        const char *path = i < G_N_ELEMENTS(bundles)
                               ? bundles[i]
                               : other_bundles[i - G_N_ELEMENTS(bundles)];
        bns_autofd fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        struct stat info;

        if (fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode) &&
            info.st_size > 0)
            return g_steal_fd(&fd);
    }
    return -1;
}

void
bns_trust_files_init(BnsTrustFiles *out_trust)
{
    *out_trust = (BnsTrustFiles){ .roots_fd = open_host_bundle() };
    add_ours(out_trust, BNS_TRUST_DIRECTORY);
    for (size_t i = 0; i < G_N_ELEMENTS(bundles); i++)
        add_ours(out_trust, bundles[i]);
    for (size_t i = 0; i < G_N_ELEMENTS(directories); i++) {
        add_ours(out_trust, directories[i].pem);
        out_trust->link_fds[i] = open_link_out_of_etc(directories[i].path);
        if (out_trust->link_fds[i] >= 0)
            add_ours(out_trust, directories[i].path);
    }
}

void
bns_trust_files_clear(BnsTrustFiles *trust)
{
    bns_fd_clear(&trust->roots_fd);
    for (size_t i = 0; i < G_N_ELEMENTS(trust->link_fds); i++)
        bns_fd_clear(&trust->link_fds[i]);
}

static bool
fail(BnsFault *fault, const char *what, int error_number)
{
    return bns_fault_set(fault, "Could not write the sandbox's trust files (%s): %s",
                         what, strerror(error_number));
}

static int
copy(int from_fd, int to_fd)
{
    static char block[64 * 1024];
    ssize_t n;

    while ((n = read(from_fd, block, sizeof(block))) > 0) {
        int r = bns_fd_write_all(to_fd, block, (size_t)n);

        if (r < 0)
            return r;
    }
    return n < 0 ? -errno : bns_fd_write_all(to_fd, "\n", 1);
}

/* (transfer full): the directory of @path in the new /etc, or -errno: it does not exist
 * here. @out_name points into @path. */
static int
open_parent(int etc_fd, const char *path, const char **out_name)
{
    bns_autofd at = fcntl(etc_fd, F_DUPFD_CLOEXEC, 3);
    const char *rest = path + strlen(ETC);

    for (const char *slash; at >= 0 && (slash = strchr(rest, '/')) != NULL;
         rest = slash + 1) {
        char name[NAME_MAX + 1];
        int next;

        g_strlcpy(name, rest, MIN(sizeof(name), (size_t)(slash - rest) + 1));
        next = openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (next < 0)
            return -errno;
        bns_fd_clear(&at);
        at = next;
    }
    *out_name = rest;
    return g_steal_fd(&at);
}

/* One inode under all its names: writing to it once is enough. */
static int
link_bundle(int etc_fd, int trust_dir_fd, const char *path)
{
    const char *name;
    bns_autofd parent = open_parent(etc_fd, path, &name);

    if (parent < 0)
        return 0;
    return linkat(trust_dir_fd, BUNDLE_NAME, parent, name, 0) < 0 ? -errno : 0;
}

/* The directory that stands in for a link out of /etc, filled from behind the link. */
static int
replace_link(int etc_fd, const char *path, const char *const *ours, int source_fd)
{
    const char *name;
    bns_autofd parent = open_parent(etc_fd, path, &name);
    bns_autofd target = -1;

    if (parent < 0)
        return parent;
    target = bns_tree_make_directory(parent, name, 0755);
    return target < 0 ? target : bns_rebuild_fill(source_fd, target, path, ours);
}

static int
replace_links(int etc_fd, const BnsTrustFiles *trust)
{
    int r = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(directories) && r == 0; i++)
        if (trust->link_fds[i] >= 0)
            r = replace_link(etc_fd, directories[i].path, trust->ours,
                             trust->link_fds[i]);
    return r;
}

static int
write_host_roots(int trust_dir_fd, int roots_fd)
{
    bns_autofd bundle = openat(trust_dir_fd, BUNDLE_NAME,
                               O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

    if (bundle < 0)
        return -errno;
    /* A host without roots: ours alone. */
    return roots_fd < 0 ? 0 : copy(roots_fd, bundle);
}

bool
bns_trust_files_begin(const BnsTrustFiles *trust, int etc_fd, BnsFault *fault)
{
    bns_autofd dir =
        bns_tree_make_path(etc_fd, &BNS_TRUST_DIRECTORY[strlen(ETC)], 0755);
    int r = dir < 0 ? dir : write_host_roots(dir, trust->roots_fd);

    if (r < 0)
        return fail(fault, "the host's roots", -r);
    r = replace_links(etc_fd, trust);
    if (r < 0)
        return fail(fault, "a linked directory", -r);
    for (size_t i = 0; i < G_N_ELEMENTS(bundles); i++) {
        r = link_bundle(etc_fd, dir, bundles[i]);
        if (r < 0)
            return fail(fault, bundles[i], -r);
    }
    return true;
}

/* Splits the message: the hash, then the certificate in PEM. */
static bool
read_ca(const char *ca, char out_hash[HASH_DIGITS + 1], const char **out_pem)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----\n";

    if (strspn(ca, "0123456789abcdef") != HASH_DIGITS ||
        strncmp(ca + HASH_DIGITS, begin, strlen(begin)) != 0)
        return false;
    g_strlcpy(out_hash, ca, HASH_DIGITS + 1);
    *out_pem = ca + HASH_DIGITS;
    return true;
}

/* The host may have a certificate of the same hash: programs look through .0, .1, … */
static int
link_hash(int dir_fd, const char *hash, const char *pem_name)
{
    for (int i = 0; i < 10; i++) {
        char name[HASH_DIGITS + 3];

        snprintf(name, sizeof(name), "%s.%d", hash, i);
        if (symlinkat(pem_name, dir_fd, name) == 0)
            return 0;
        if (errno != EEXIST)
            return -errno;
    }
    return -EEXIST;
}

static int
add_to_directory(int etc_fd, const char *pem_path, const char *hash, const char *pem)
{
    const char *name;
    bns_autofd parent = open_parent(etc_fd, pem_path, &name);
    int r;

    if (parent < 0)
        return 0;
    r = bns_tree_write(parent, name, pem, strlen(pem));
    return r < 0 ? r : link_hash(parent, hash, name);
}

static int
append_to_bundle(int trust_dir_fd, const char *pem)
{
    bns_autofd fd =
        openat(trust_dir_fd, BUNDLE_NAME, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);

    return fd < 0 ? -errno : bns_fd_write_all(fd, pem, strlen(pem));
}

bool
bns_trust_files_finish(int etc_fd, const char *ca, BnsFault *fault)
{
    char hash[HASH_DIGITS + 1];
    const char *name;
    const char *pem;
    bns_autofd dir = open_parent(etc_fd, BNS_TRUST_CA, &name);
    int r = dir;

    if (!read_ca(ca, hash, &pem))
        return bns_fault_set(fault, "The gateway sent no certificate");
    if (r >= 0)
        r = bns_tree_write(dir, name, pem, strlen(pem));
    if (r >= 0)
        r = append_to_bundle(dir, pem);
    for (size_t i = 0; i < G_N_ELEMENTS(directories) && r >= 0; i++)
        r = add_to_directory(etc_fd, directories[i].pem, hash, pem);
    return r >= 0 ? true : fail(fault, "the session's certificate", -r);
}
