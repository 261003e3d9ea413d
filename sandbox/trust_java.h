/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trust of Java: the store of trusted certificates (sandbox/java_store.h) wherever a Java
 * looks for it: in /etc, or over the file that a JDK brings along. It is made only if
 * there is such a place.
 *
 * Plain C; -errno.
 */
#pragma once

/* What of the host's /etc is ours; NULL-terminated, static. */
extern const char *const bns_trust_java_files[];

/**
 * bns_trust_java_begin:
 * @trust_dir_fd: BNS_TRUST_DIRECTORY in the new /etc
 * @stores: (nullable): as of BnsTrustSource; one that is gone is passed over
 *
 * Makes an empty store and gives it all its places.
 */
int bns_trust_java_begin(int trust_dir_fd, int etc_fd, const char *const *stores);

/* Fills it from the file @bundle of @trust_dir_fd. */
int bns_trust_java_finish(int trust_dir_fd, const char *bundle);
