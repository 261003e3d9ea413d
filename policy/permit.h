/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Permits: what a system policy says of what is no rule: `required:` and `permit:`.
 *
 * Where a system policy lists permits, what is not in a list is forbidden; where it lists
 * none, nothing is with `required: true`, and all is without.
 */
#pragma once

#include "policy/yaml.h"

typedef enum {
    BNS_PERMIT_RESOLVE,        /* --resolve */
    BNS_PERMIT_HOST_PORT,      /* --host-port */
    BNS_PERMIT_PUBLISH,        /* --publish */
    BNS_PERMIT_UPSTREAM_CA,    /* --upstream-ca */
    BNS_PERMIT_UPSTREAM_PROXY, /* --upstream-proxy, and variables that name one */
    BNS_PERMIT_SEALED,         /* inspect: false */
    BNS_PERMIT_PRIVATE,        /* private: true */
    BNS_PERMIT_DISABLE,        /* enabled: false, BOUNDARY_ENABLED=false */
    BNS_PERMIT_OBSERVE,        /* what only records */
    BNS_N_PERMITS,
} BnsPermit;

/* As in a policy: "resolve", "host-port", ... (static). */
const char *bns_permit_name(BnsPermit permit);

typedef struct {
    char *required_origin;              /* owned; "file:line"; NULL: not required */
    char *list_origin;                  /* owned; of the last list; NULL: none */
    char *named_origins[BNS_N_PERMITS]; /* owned; NULL: not named */
} BnsPermits;

void bns_permits_clear(BnsPermits *permits);

/* Read the values of `required:` and `permit:`. Errors: "file:line:column: ...". */
bool bns_permits_read_required(BnsPermits *permits,
                               const char *file,
                               const BnsYaml *value,
                               GError **error);
bool bns_permits_read_list(BnsPermits *permits,
                           const char *file,
                           const BnsYaml *value,
                           GError **error);

/* Adds what @more says, of another file of the same system policy. Empties @more. */
void bns_permits_merge(BnsPermits *permits, BnsPermits *more);

/* (transfer none) (nullable): one of the two origins, if either key was given. */
const char *bns_permits_origin(const BnsPermits *permits);

/* Returns: (transfer none) (nullable): where it is forbidden, or %NULL: it is not */
const char *bns_permits_forbid(const BnsPermits *permits, BnsPermit permit);
