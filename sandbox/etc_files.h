/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Etc: the sandbox's /etc: the host's, but for the files that lead a resolver to us and
 * those that make programs trust the session's CA (sandbox/trust_files.h).
 *
 * Plain C.
 */
#pragma once

#include "sandbox/fault.h"
#include "sandbox/trust_files.h"

#include <glib.h>

/* The new /etc until it has the CA. */
typedef struct {
    int fd;      /* owned: where ours are made (O_PATH) */
    int host_fd; /* owned: the host's, which shows through; -1: all was bound */
} BnsEtc;

#define BNS_ETC_NONE ((BnsEtc){ .fd = -1, .host_fd = -1 })

void bns_etc_clear(BnsEtc *etc);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BnsEtc, bns_etc_clear)

/**
 * bns_etc_files_begin:
 * @trust: what the bundles get beside the host's roots
 * @is_plain: whether nothing in the host's /etc is to be hidden or written
 * @out_etc: (out caller-allocates): for bns_etc_files_finish(), then bns_etc_clear()
 *
 * The host's /etc, through a layer or rebuilt (sandbox/rebuild.h), with
 *  - resolv.conf: our answerer alone; all of glibc, musl, c-ares and Go ask it;
 *  - hosts: loopback and the host's own name. The host's other entries are left out: a
 *    name must reach our answerer to get an address that the gateway knows, and the
 *    gateway resolves by the host's file anyway;
 *  - nsswitch.conf: the host's, with "hosts: files dns": what other modules ask
 *    (resolved, mDNS, a cache) listens on sockets of the host;
 *  - the host's roots, see bns_trust_files_begin().
 */
bool bns_etc_files_begin(const BnsTrustSource *trust,
                         bool is_plain,
                         BnsEtc *out_etc,
                         BnsFault *fault);

/* Adds the CA (text of BNS_READY_CA) and makes /etc read-only. */
bool bns_etc_files_finish(const BnsEtc *etc,
                          const BnsTrustSource *trust,
                          const char *ca,
                          BnsFault *fault);
