/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trust files: where the sandbox finds the certificate of the session's CA.
 *
 * No single place serves all programs (some read one file, some a directory of hashed
 * links, some bring roots of their own and read a variable), so it is put in all:
 *  - the host's bundle of roots, then those that the user's variables name
 *    (sandbox/trust_variables.h), then our certificate, under every name that a
 *    distribution gives it in /etc;
 *  - a hashed link beside the host's certificates, and an anchor where p11-kit looks;
 *  - the same as Java's store (sandbox/java_store.h), under the names that distributions
 *    give it in /etc and over the stores of the JDKs that bring their own
 *    (sandbox/java_homes.h): a mount, which only ends if the host replaces the JDK;
 *  - browsers' policies (sandbox/browser_policies.h).
 * Bundles outside /etc are reached by the variables alone.
 *
 * Plain C.
 */
#pragma once

#include "sandbox/fault.h"

#include <stddef.h>

/**
 * BnsTrustSource: what the host's user has beside the files of /etc; may be all zero.
 * @roots: (nullable): certificates in PEM that belong into the bundle
 * @added: (nullable): those that belong behind our certificate in BNS_TRUST_CA
 * @java_stores: (nullable): real paths outside /etc of JDKs' stores, NULL-terminated
 */
typedef struct {
    const char *roots;
    const char *added;
    const char *const *java_stores;
} BnsTrustSource;

/* Our certificate, alone unless the user added others, and the host's roots with it. */
#define BNS_TRUST_DIRECTORY "/etc/boundary-ns"
#define BNS_TRUST_CA        BNS_TRUST_DIRECTORY "/ca.pem"
#define BNS_TRUST_BUNDLE    BNS_TRUST_DIRECTORY "/ca-bundle.pem"

/* What of the host's /etc is ours to make; NULL-terminated (sandbox/rebuild.h). */
#define BNS_TRUST_OURS_MAX 40
/* Directories of hashed certificates that we know. */
#define BNS_TRUST_DIRECTORIES 2

typedef struct {
    const BnsTrustSource *source;             /* borrowed */
    const char *ours[BNS_TRUST_OURS_MAX + 1]; /* static strings */
    size_t n_ours;
    int roots_fd;                        /* owned: the host's bundle; -1: it has none */
    int link_fds[BNS_TRUST_DIRECTORIES]; /* owned: behind a link out of /etc; -1 */
    bool has_firefox_policy;             /* the host, one of its own */
} BnsTrustFiles;

/* (transfer full): the host's bundle, or -1: it has none. */
int bns_trust_files_open_roots(void);

/* Whether @path is that bundle or one of the host's directories of certificates. */
bool bns_trust_files_is_system(const char *path);

/* Looks at the host's /etc, before it is rebuilt, and fills @out_trust->ours. */
void bns_trust_files_init(BnsTrustFiles *out_trust, const BnsTrustSource *source);
void bns_trust_files_clear(BnsTrustFiles *trust);

/* Whether a directory of the host's /etc lies outside of it, and must be filled anew. */
bool bns_trust_files_leads_out(const BnsTrustFiles *trust);

/**
 * bns_trust_files_begin:
 * @etc_fd: the new /etc (sandbox/rebuild.h), still without what is ours
 *
 * Writes the host's roots in all places: nearly all of the work, done while the gateway
 * still makes its keys.
 */
bool bns_trust_files_begin(const BnsTrustFiles *trust, int etc_fd, BnsFault *fault);

/**
 * bns_trust_files_finish:
 * @host_fd: the host's /etc, if what @etc_fd lacks of it shows through; else -1
 * @added: (nullable): as of BnsTrustSource
 * @ca: the text of BNS_READY_CA (base/ready.h)
 *
 * Adds the certificate.
 */
bool bns_trust_files_finish(
    int etc_fd, int host_fd, const char *added, const char *ca, BnsFault *fault);
