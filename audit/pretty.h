/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line of the audit trail for a person: time, decision, event, what it was about, the
 * rest. Pure; the line may be anybody's bytes, and nothing in it reaches the screen
 * unescaped.
 */
#pragma once

#include "audit/json_read.h"

#include <glib.h>
#include <stdbool.h>

/* Appends @record (bns_json_parse()) as one line of text with its newline. */
void bns_pretty_record(GString *text, const BnsJson *record, bool colour);

/* Appends a line that says that @line is @what instead of a record. */
void bns_pretty_strange(GString *text, const char *what, const char *line, size_t len);
