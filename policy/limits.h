/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits that a policy sets for the command's processes and for the audit: `limits:`.
 * Those of the network are in policy/config.h.
 */
#pragma once

#include "policy/yaml.h"

#include <stdint.h>

/**
 * BnsProcessLimit:
 * @BNS_LIMIT_PROCESSES: processes and threads of the command together
 * @BNS_LIMIT_MEMORY: bytes of private memory that one process may write to
 * @BNS_LIMIT_OPEN_FILES: descriptors of one process
 * @BNS_LIMIT_FILE_SIZE: bytes of a file that is written to
 * @BNS_LIMIT_CPU: seconds that one process may compute
 */
typedef enum {
    BNS_LIMIT_PROCESSES,
    BNS_LIMIT_MEMORY,
    BNS_LIMIT_OPEN_FILES,
    BNS_LIMIT_FILE_SIZE,
    BNS_LIMIT_CPU,
    BNS_N_PROCESS_LIMITS,
} BnsProcessLimit;

/* 0: not limited. */
typedef struct {
    uint64_t values[BNS_N_PROCESS_LIMITS];
} BnsProcessLimits;

/* The key below limits: (static). */
const char *bns_limits_name(BnsProcessLimit limit);

/**
 * bns_limits_read:
 *
 * Reads the value of one key: a number, or for bytes a number with K, M, G or T (of 1024)
 * behind it. Errors: "file:line:column: ...".
 */
bool bns_limits_read(BnsProcessLimits *limits,
                     BnsProcessLimit limit,
                     const char *file,
                     const BnsYaml *value,
                     GError **error);

/* Reads limits.audit_size in the same way: bytes of the audit file. */
bool bns_limits_read_audit_size(uint64_t *out_bytes,
                                const char *file,
                                const BnsYaml *value,
                                GError **error);

/* Adds what @more says, of a file that is built on the one of @limits. */
void bns_limits_merge(BnsProcessLimits *limits, const BnsProcessLimits *more);
