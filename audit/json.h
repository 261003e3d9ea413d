/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing JSON (RFC 8259): one line of the audit trail, member by member.
 *
 * Lines are canonical: no white space, the members in the order of boundary.1, strings
 * in UTF-8 with the short escapes where JSON has them and \uNNNN for the rest. Beyond
 * what JSON asks for, DEL, C1 controls and the characters that reorder or break lines
 * are escaped too, so that no text can act on the screen that shows the raw file. A byte
 * that is not UTF-8 becomes U+FFFD.
 */
#pragma once

#include "audit/arguments.h"
#include "audit/record.h"

/* Longest line in bytes, its newline included. A record has at most BNS_RECORD_MAX bytes
 * and session.start at most BNS_JSON_LIST_MAX per list; JSON makes up to six of one. */
#define BNS_JSON_LINE_MAX (1024 * 1024)

/* Bytes that a list may have before it is cut: a command line may be of megabytes. */
#define BNS_JSON_LIST_MAX (48 * 1024)

/* Appends @text as a JSON string, its quotes included. */
void bns_json_append_string(GString *line, const char *text);

/* Appends `,"NAME":VALUE`. A NULL value appends nothing. */
void bns_json_append_text(GString *line, const char *name, const char *value);
void bns_json_append_number(GString *line, const char *name, uint64_t value);
/* As a string of digits. */
void bns_json_append_count(GString *line, const char *name, uint64_t value);
/* @items: NULL-terminated. Items beyond BNS_JSON_LIST_MAX bytes are left out, and the last
 * one written is then cut and ends in "...". */
void bns_json_append_list(GString *line, const char *name, const char *const *items);

/* Appends the beginning of a line: `{"v":1,"seq":…,"ts":…,"session":…,"event":…`.
 * @time_us: microseconds since 1970 */
void bns_json_begin(
    GString *line, uint64_t seq, int64_t time_us, const char *session, BnsEvent event);

/* Appends the fields of @record that are present. @arguments: of the file's records. */
void
bns_json_append_record(GString *line, const BnsRecord *record, BnsArguments *arguments);

/* Appends RFC 3339 in UTC with microseconds, "2026-11-24T07:00:00.000000Z". Reads no
 * time zone file. */
void bns_json_append_time(GString *text, int64_t time_us);
