/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading an audit file from its first line to its last, record by record, whatever is in
 * it: for those who judge what happened rather than show it.
 */
#pragma once

#include "audit/record_json.h"

/* @json: of the line; @record: the same, without lists. Both are valid for the call. */
typedef void (*BnsReaderFunc)(const BnsJson *json, const BnsRecord *record, void *data);

typedef struct {
    uint64_t records; /* that the function got */
    char *broken;     /* owned; "broken at seq N: why", of the first line that does not
                       * verify; NULL: all do. Records behind it are read, too */
    bool is_torn;     /* the last line has no end: it is left out */
} BnsReading;

void bns_reading_clear(BnsReading *reading);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BnsReading, bns_reading_clear)

/**
 * bns_reader_read:
 *
 * Memory does not grow with the file. Returns: whether it could be read to its end; if
 *          not, @error (BNS_AUDIT_ERROR)
 */
bool bns_reader_read(const char *path,
                     BnsReaderFunc func,
                     void *data,
                     BnsReading *out_reading,
                     GError **error);
