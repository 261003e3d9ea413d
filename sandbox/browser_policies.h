/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Browser policies: how browsers are told to trust the session's CA.
 *
 * They read neither the system's bundle nor a variable, and their own databases belong
 * to the user. What they do read is an administrator's policy in /etc: a file of ours in
 * the sandbox's /etc changes nothing of the user's. (Electron reads no policy: what it
 * loads itself is not reached, only its Node side, by NODE_EXTRA_CA_CERTS.)
 *
 * Plain C.
 */
#pragma once

#include <stddef.h>

/* Chromium and its kin need version 131; longest a policy can become, from a PEM of
 * BNS_READY_TEXT_MAX. */
#define BNS_BROWSER_POLICY_MAX 8192

/* The files that are ours; NULL-terminated, static. Chromium's take the last of several
 * names first, hence theirs. */
extern const char *const bns_browser_chromium_files[];

/* Only one may be there: a host that has it keeps its own, and its Firefox does not trust
 * the CA. */
extern const char bns_browser_firefox_file[];
extern const char bns_browser_firefox_policy[];

/**
 * bns_browser_chromium_policy:
 * @pem: one certificate
 *
 * Writes Chromium's policy into @out_text. Returns: its length, 0 if @pem is none or too
 * long.
 */
size_t
bns_browser_chromium_policy(const char *pem, char out_text[BNS_BROWSER_POLICY_MAX]);
