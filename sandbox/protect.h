/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protect: what the command must not change though it is the user's own: the policy, the
 * audit, and the programs that enforce them.
 */
#pragma once

#include "audit/recorder.h"
#include "policy/policy.h"
#include "sandbox/places.h"

/* Borrowed. */
typedef struct {
    const BnsPlaces *places;
    const BnsPolicy *policy;
    const BnsAuditFile *audit;
    bool audit_is_named; /* by --audit-log: the file alone is ours, not its directory */
    const char *executable; /* our own */
    const char *netstack;
} BnsProtectSource;

/* Returns: (transfer full): absolute paths without symbolic links, of what exists, each
 * once, and all that lead to one file by way of other mounts; NULL-terminated. */
GStrv bns_protect_paths(const BnsProtectSource *source);

/**
 * bns_protect_is_replaceable:
 *
 * Whether a symbolic link on the way to @path can be replaced by the user, and so by the
 * command: protecting what is behind it does not protect the way.
 */
bool bns_protect_is_replaceable(const char *path);
