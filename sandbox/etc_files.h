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

/**
 * bns_etc_files_begin:
 * @trust: what the bundles get beside the host's roots
 * @out_fd: (transfer full): the new /etc, for bns_etc_files_finish()
 *
 * Rebuilds /etc with
 *  - resolv.conf: our answerer alone; all of glibc, musl, c-ares and Go ask it;
 *  - hosts: loopback and the host's own name. The host's other entries are left out: a
 *    name must reach our answerer to get an address that the gateway knows, and the
 *    gateway resolves by the host's file anyway;
 *  - nsswitch.conf: the host's, with "hosts: files dns": what other modules ask
 *    (resolved, mDNS, a cache) listens on sockets of the host;
 *  - the host's roots, see bns_trust_files_begin().
 */
bool bns_etc_files_begin(const BnsTrustSource *trust, int *out_fd, BnsFault *fault);

/* Adds the CA (text of BNS_READY_CA) and makes /etc read-only. */
bool bns_etc_files_finish(int etc_fd,
                          const BnsTrustSource *trust,
                          const char *ca,
                          BnsFault *fault);
