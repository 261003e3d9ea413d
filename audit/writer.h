/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appending records to an audit file: number, time, chain, one write(2) per line.
 *
 * A line is in the file as a whole or not at all: when a write fails in the middle (a
 * full disk), what came of it is cut off again. After a failure nothing more may be
 * written to the file; if even the cut failed, `log verify` shows the torn line.
 */
#pragma once

#include "audit/record.h"
#include "audit/recorder.h"

/* How a session ended. */
typedef struct {
    const char *exit;   /* (nullable): the command's exit status, digits */
    const char *signal; /* (nullable): the name of the signal that ended it */
    const char *error;  /* (nullable): neither: why we ended it */
    uint64_t allowed;
    uint64_t denied;
    uint64_t would_deny;
} BnsSessionEnd;

/* Each writes one line. Returns: false with @error set if it is not written. */
bool bns_writer_record(BnsAuditFile *file, const BnsRecord *record, GError **error);
bool bns_writer_start(BnsAuditFile *file, const BnsSessionStart *start, GError **error);
bool bns_writer_end(BnsAuditFile *file, const BnsSessionEnd *end, GError **error);
