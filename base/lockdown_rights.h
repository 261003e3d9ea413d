/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rights: what the two halves of the lock-down (lockdown.c, lockdown_isolate.c) know
 * about a role. Not for others.
 */
#pragma once

#include "base/lockdown.h"

#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

/* A call that is allowed only with these arguments. Several rows of one name are
 * alternatives. */
typedef struct {
    const char *name;
    struct scmp_arg_cmp args[3];
    unsigned n_args;
} BnsFilteredCall;

typedef struct {
    const char *name;
    bool has_network;   /* stays in the host's network namespace */
    bool has_files;     /* sees the host's files, read-only; else an empty root */
    bool has_run;       /* "/run", writable until bns_lockdown_enter() */
    rlim_t nofile;      /* descriptors; the hard limit of the caller may be lower */
    uint32_t otherwise; /* what a call outside the lists does */
    const char *calls;  /* separated by one space; besides those that all have */
    const BnsFilteredCall *filtered; /* ends in a row without name */
} BnsRights;

/* Static, never NULL. */
const BnsRights *bns_lockdown_rights(BnsRole role);

/* Sets @error from errno: "Could not WHAT: why". Returns: false. */
bool bns_lockdown_fail(const char *what, GError **error);

/* Makes "/" read-only: the last step for roles that have "/run". */
bool bns_lockdown_seal_root(GError **error);
