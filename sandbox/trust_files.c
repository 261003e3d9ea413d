/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/trust_files.h"

#include "base/fd.h"
#include "sandbox/browser_policies.h"
#include "sandbox/rebuild.h"
#include "sandbox/tree.h"
#include "sandbox/trust_java.h"

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
/* A system has some 200 KiB of them. */
#define ROOTS_BYTES_MAX (64 * 1024 * 1024)
/* A path of ours in the new /etc. */
#define BELOW_ETC(path) (&(path)[strlen(ETC)])

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

/* Where p11-kit finds certificates to trust, for GnuTLS and NSS of these distributions. */
static const char *const anchors[] = {
    "/etc/pki/ca-trust/source/anchors/boundary-ns.pem",          /* Fedora */
    "/etc/pki/trust/anchors/boundary-ns.pem",                    /* openSUSE */
    "/etc/ca-certificates/trust-source/anchors/boundary-ns.crt", /* Arch */
};

static void
add_ours(BnsTrustFiles *trust, const char *path)
{
    g_assert(trust->n_ours < BNS_TRUST_OURS_MAX);
    trust->ours[trust->n_ours++] = path;
}

static void
add_list(BnsTrustFiles *trust, const char *const *paths)
{
    for (; *paths != NULL; paths++)
        add_ours(trust, *paths);
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
int
bns_trust_files_open_roots(void)
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

static bool
is_same(const char *path, const struct stat *info)
{
    struct stat other;

    return stat(path, &other) == 0 && other.st_dev == info->st_dev &&
           other.st_ino == info->st_ino;
}

bool
bns_trust_files_is_system(const char *path)
{
    bns_autofd roots = bns_trust_files_open_roots();
    struct stat info;

    if (roots >= 0 && fstat(roots, &info) == 0 && is_same(path, &info))
        return true;
    if (stat(path, &info) < 0)
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(directories); i++)
        if (is_same(directories[i].path, &info))
            return true;
    return false;
}

void
bns_trust_files_init(BnsTrustFiles *out_trust, const BnsTrustSource *source)
{
    *out_trust = (BnsTrustFiles){
        .source = source,
        .roots_fd = bns_trust_files_open_roots(),
        .has_firefox_policy = access(bns_browser_firefox_file, F_OK) == 0,
    };
    add_ours(out_trust, BNS_TRUST_DIRECTORY);
    add_list(out_trust, bns_trust_java_files);
    add_list(out_trust, bns_browser_chromium_files);
    if (!out_trust->has_firefox_policy)
        add_ours(out_trust, bns_browser_firefox_file);
    for (size_t i = 0; i < G_N_ELEMENTS(anchors); i++)
        add_ours(out_trust, anchors[i]);
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

bool
bns_trust_files_leads_out(const BnsTrustFiles *trust)
{
    for (size_t i = 0; i < G_N_ELEMENTS(trust->link_fds); i++)
        if (trust->link_fds[i] >= 0)
            return true;
    return false;
}

static bool
fail(BnsFault *fault, const char *what, int error_number)
{
    return bns_fault_set(fault, "Could not write the sandbox's trust files (%s): %s",
                         what, strerror(error_number));
}

/* The directory that stands in for a link out of /etc, filled from behind the link. */
static int
replace_link(int etc_fd, const char *path, const char *const *ours, int source_fd)
{
    const char *name;
    bns_autofd parent = bns_tree_open_parent(etc_fd, BELOW_ETC(path), &name);
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

/* The file's last line need not have an end. */
static int
copy_roots(int from_fd, int to_fd)
{
    int r = bns_fd_copy(from_fd, to_fd, ROOTS_BYTES_MAX);

    return r < 0 ? r : bns_fd_write_all(to_fd, "\n", 1);
}

static int
write_host_roots(int trust_dir_fd, int roots_fd, const char *more)
{
    bns_autofd bundle = openat(trust_dir_fd, BUNDLE_NAME,
                               O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    /* A host without roots: ours alone. */
    int r = bundle < 0 ? -errno : roots_fd < 0 ? 0 : copy_roots(roots_fd, bundle);

    return r < 0 || more == NULL ? r : bns_fd_write_all(bundle, more, strlen(more));
}

/* Makes the directories on the way, unless the host has links in their place: then it is
 * as if the program were not there. */
static int
write_policy(int etc_fd, const char *path, const char *text, size_t len)
{
    const char *name = strrchr(path, '/') + 1;
    char directory[PATH_MAX];
    bns_autofd at = -1;

    g_strlcpy(directory, BELOW_ETC(path), sizeof(directory));
    *strrchr(directory, '/') = '\0';
    at = bns_tree_make_path(etc_fd, directory, 0755);
    if (at == -ELOOP || at == -ENOTDIR)
        return 0;
    return at < 0 ? at : bns_tree_write(at, name, text, len);
}

bool
bns_trust_files_begin(const BnsTrustFiles *trust, int etc_fd, BnsFault *fault)
{
    bns_autofd dir = bns_tree_make_path(etc_fd, BELOW_ETC(BNS_TRUST_DIRECTORY), 0755);
    int r =
        dir < 0 ? dir : write_host_roots(dir, trust->roots_fd, trust->source->roots);

    if (r < 0)
        return fail(fault, "the host's roots", -r);
    r = replace_links(etc_fd, trust);
    if (r < 0)
        return fail(fault, "a linked directory", -r);
    for (size_t i = 0; i < G_N_ELEMENTS(bundles); i++) {
        r = bns_tree_link(dir, BUNDLE_NAME, etc_fd, BELOW_ETC(bundles[i]));
        if (r < 0)
            return fail(fault, bundles[i], -r);
    }
    r = bns_trust_java_begin(dir, etc_fd, trust->source->java_stores);
    if (r < 0)
        return fail(fault, "Java's store", -r);
    r = trust->has_firefox_policy
            ? 0
            : write_policy(etc_fd, bns_browser_firefox_file, bns_browser_firefox_policy,
                           strlen(bns_browser_firefox_policy));
    return r >= 0 ? true : fail(fault, bns_browser_firefox_file, -r);
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

/* The host may have a certificate of the same hash: programs look through .0, .1, …
 * @host_dir_fd: what shows through @dir_fd, or -1 */
static int
link_hash(int dir_fd, int host_dir_fd, const char *hash, const char *pem_name)
{
    for (int i = 0; i < 10; i++) {
        char name[HASH_DIGITS + 3];
        struct stat info;

        snprintf(name, sizeof(name), "%s.%d", hash, i);
        if (host_dir_fd >= 0 &&
            fstatat(host_dir_fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0)
            continue;
        if (symlinkat(pem_name, dir_fd, name) == 0)
            return 0;
        if (errno != EEXIST)
            return -errno;
    }
    return -EEXIST;
}

static int
add_anchor(int etc_fd, const char *path, const char *pem)
{
    const char *name;
    bns_autofd parent = bns_tree_open_parent(etc_fd, BELOW_ETC(path), &name);

    return parent < 0 ? 0 : bns_tree_write(parent, name, pem, strlen(pem));
}

static int
add_hashed(int etc_fd, int host_fd, const char *path, const char *pem, const char *hash)
{
    const char *name;
    bns_autofd host = -1;
    bns_autofd parent = bns_tree_open_parent(etc_fd, BELOW_ETC(path), &name);
    int r;

    if (parent < 0)
        return 0;
    if (host_fd >= 0)
        host = bns_tree_open_parent(host_fd, BELOW_ETC(path), &name);
    r = bns_tree_write(parent, name, pem, strlen(pem));
    return r < 0 ? r : link_hash(parent, host, hash, name);
}

static int
add_certificates(int etc_fd, int host_fd, const char *pem, const char *hash)
{
    int r = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(directories) && r >= 0; i++)
        r = add_hashed(etc_fd, host_fd, directories[i].pem, pem, hash);
    for (size_t i = 0; i < G_N_ELEMENTS(anchors) && r >= 0; i++)
        r = add_anchor(etc_fd, anchors[i], pem);
    return r;
}

static int
append(int trust_dir_fd, const char *name, const char *pem)
{
    bns_autofd fd =
        openat(trust_dir_fd, name,
               O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0644);

    return fd < 0 ? -errno : bns_fd_write_all(fd, pem, strlen(pem));
}

static int
write_chromium_policies(int etc_fd, const char *pem)
{
    char text[BNS_BROWSER_POLICY_MAX];
    size_t len = bns_browser_chromium_policy(pem, text);
    int r = len == 0 ? -EINVAL : 0;

    for (size_t i = 0; bns_browser_chromium_files[i] != NULL && r >= 0; i++)
        r = write_policy(etc_fd, bns_browser_chromium_files[i], text, len);
    return r;
}

bool
bns_trust_files_finish(
    int etc_fd, int host_fd, const char *added, const char *ca, BnsFault *fault)
{
    char hash[HASH_DIGITS + 1];
    const char *name;
    const char *pem;
    bns_autofd dir = bns_tree_open_parent(etc_fd, BELOW_ETC(BNS_TRUST_CA), &name);
    int r = dir;

    if (!read_ca(ca, hash, &pem))
        return bns_fault_set(fault, "The gateway sent no certificate");
    if (r >= 0)
        r = append(dir, name, pem);
    if (r >= 0 && added != NULL)
        r = append(dir, name, added);
    if (r >= 0)
        r = append(dir, BUNDLE_NAME, pem);
    if (r >= 0)
        r = add_certificates(etc_fd, host_fd, pem, hash);
    if (r >= 0)
        r = write_chromium_policies(etc_fd, pem);
    if (r >= 0)
        r = bns_trust_java_finish(dir, BUNDLE_NAME);
    return r >= 0 ? true : fail(fault, "the session's certificate", -r);
}
