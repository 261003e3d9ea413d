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
    const BnsAuditFile *audit; /* (nullable): none is open */
    bool audit_is_named; /* by --audit-log: the file alone is ours, not its directory */
    const char *executable; /* our own */
    const char *netstack;
    const GPtrArray *pins; /* (nullable): what the policy makes read-only; real paths */
    char **upstream_ca;    /* (nullable): files that are trusted upstream */
} BnsProtectSource;

/* Returns: (transfer full): absolute paths without symbolic links, of what exists, each
 * once, and all that lead to one file by way of other mounts; NULL-terminated. */
GStrv bns_protect_paths(const BnsProtectSource *source);

/* Returns: (transfer full): the symbolic links on the way to these that the user, and so
 * the command, could replace: to protect what is behind one does not protect the way.
 * Absolute paths, without symbolic links but the last; NULL-terminated. */
GStrv bns_protect_links(const BnsProtectSource *source);
