/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trust files: where the sandbox finds the certificate of the session's CA.
 *
 * No single place serves all programs (some read one file, some a directory of hashed
 * links, some bring roots of their own and read a variable), so it is put in all: the
 * host's bundle of roots with our certificate at its end, under every name that a
 * distribution gives it in /etc, and a hashed link beside the host's certificates.
 * Bundles outside /etc are reached by the variables of sandbox/environment.h alone.
 *
 * Java's PKCS12 store and the NSS databases of browsers are neither; they would be
 * written in bns_trust_files_finish().
 *
 * Plain C.
 */
#pragma once

#include "sandbox/fault.h"

#include <stddef.h>

/* Our certificate alone, and the host's roots with it. */
#define BNS_TRUST_DIRECTORY "/etc/boundary-ns"
#define BNS_TRUST_CA        BNS_TRUST_DIRECTORY "/ca.pem"
#define BNS_TRUST_BUNDLE    BNS_TRUST_DIRECTORY "/ca-bundle.pem"

/* What of the host's /etc is ours to make; NULL-terminated (sandbox/rebuild.h). */
#define BNS_TRUST_OURS_MAX 24
/* Directories of hashed certificates that we know. */
#define BNS_TRUST_DIRECTORIES 2

typedef struct {
    const char *ours[BNS_TRUST_OURS_MAX + 1]; /* static strings */
    size_t n_ours;
    int roots_fd;                        /* owned: the host's bundle; -1: it has none */
    int link_fds[BNS_TRUST_DIRECTORIES]; /* owned: behind a link out of /etc; -1 */
} BnsTrustFiles;

/* Looks at the host's /etc, before it is rebuilt, and fills @out_trust->ours. */
void bns_trust_files_init(BnsTrustFiles *out_trust);
void bns_trust_files_clear(BnsTrustFiles *trust);

/**
 * bns_trust_files_begin:
 * @etc_fd: the new /etc, rebuilt without what is ours
 *
 * Writes the host's roots in all places: nearly all of the work, done while the gateway
 * still makes its keys.
 */
bool bns_trust_files_begin(const BnsTrustFiles *trust, int etc_fd, BnsFault *fault);

/* Adds the certificate. @ca: the text of BNS_READY_CA (base/ready.h). */
bool bns_trust_files_finish(int etc_fd, const char *ca, BnsFault *fault);
