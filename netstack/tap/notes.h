/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notes: records of what netstack refused, at a rate that the command cannot choose.
 *
 * The first refusal of a kind is recorded at once. Equal ones are counted, and recorded
 * as one with `count` when bns_notes_flush() is called, once a second and at the end.
 * What is new after BNS_NOTES_PER_FLUSH different ones is counted together, without
 * saying where to.
 */
#pragma once

#include "audit/record.h"

#include <glib.h>
#include <stdint.h>

/* Different refusals between two flushes. */
#define BNS_NOTES_PER_FLUSH 256

typedef struct BnsNotes BnsNotes;
typedef void (*BnsNotesFunc)(const BnsRecord *record, void *data);

/* @func: takes each record; may block. */
BnsNotes *bns_notes_new(BnsNotesFunc func, void *data);
/* Does not flush. */
void bns_notes_free(BnsNotes *notes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsNotes, bns_notes_free)

/* @record: of it event, decision, reason, host, addr and port count. */
void bns_notes_add(BnsNotes *notes, const BnsRecord *record);

/* Writes what was counted, and forgets what did not come again since the last flush. */
void bns_notes_flush(BnsNotes *notes);

/* Whether a flush has anything to do. */
bool bns_notes_is_pending(const BnsNotes *notes);
