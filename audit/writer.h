/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appending records to an audit file: number, time, chain, one write(2) for those that
 * came together.
 *
 * A line is in the file as a whole or not at all: when a write fails in the middle (a
 * full disk), the torn line is cut off again, and the whole ones before it stay. After a
 * failure nothing more may be written to the file; if even the cut failed, `log verify`
 * shows the torn line.
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

/* Makes @record's line, the next one, and keeps it. Returns: false with @error set if the
 * file has no room for it; what was kept before may still be flushed. */
bool bns_writer_append(BnsAuditFile *file, const BnsRecord *record, GError **error);
/* Writes the lines that are kept. Returns: false with @error set if not all are written. */
bool bns_writer_flush(BnsAuditFile *file, GError **error);

/* Each writes one line, behind those that are kept. Returns: false with @error set if it
 * is not written. */
bool bns_writer_record(BnsAuditFile *file, const BnsRecord *record, GError **error);
bool bns_writer_start(BnsAuditFile *file, const BnsSessionStart *start, GError **error);
bool bns_writer_end(BnsAuditFile *file, const BnsSessionEnd *end, GError **error);
