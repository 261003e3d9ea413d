/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/tap/notes.h"

/* A refusal that was recorded, and how often it came again. */
typedef struct {
    BnsEvent event;
    BnsDecided decision;
    char *reason; /* owned, nullable, as the next two */
    char *host;
    char *addr;
    uint16_t port;
    uint64_t count; /* since the last record of it */
} Note;

struct BnsNotes {
    BnsNotesFunc func;
    void *data;
    GHashTable *seen;                /* owned Note, its own key */
    uint64_t overflow[BNS_N_EVENTS]; /* counted without saying where to */
    BnsDecided overflow_decision[BNS_N_EVENTS];
};

static guint
note_hash(gconstpointer key)
{
    const Note *note = key;
    guint hash = (guint)note->event * 31 + note->port;

    hash = hash * 31 + (note->host != NULL ? g_str_hash(note->host) : 0);
    return hash * 31 + (note->addr != NULL ? g_str_hash(note->addr) : 0);
}

static gboolean
note_equal(gconstpointer a, gconstpointer b)
{
    const Note *one = a;
    const Note *other = b;

    return one->event == other->event && one->port == other->port &&
           g_strcmp0(one->host, other->host) == 0 &&
           g_strcmp0(one->addr, other->addr) == 0 &&
           g_strcmp0(one->reason, other->reason) == 0;
}

static void
note_free(gpointer data)
{
    Note *note = data;

    g_free(note->reason);
    g_free(note->host);
    g_free(note->addr);
    g_free(note);
}

static Note *
note_new(const BnsRecord *record)
{
    Note *note = g_new0(Note, 1);

    note->event = record->event;
    note->decision = record->decision;
    note->reason = g_strdup(record->reason);
    note->host = g_strdup(record->host);
    note->addr = g_strdup(record->addr);
    note->port = record->port;
    return note;
}

static void
note_write(BnsNotes *notes, const Note *note, uint64_t count)
{
    const BnsRecord record = { .event = note->event,
                               .decision = note->decision,
                               .reason = note->reason,
                               .host = note->host,
                               .addr = note->addr,
                               .port = note->port,
                               .count = count };

    notes->func(&record, notes->data);
}

BnsNotes *
bns_notes_new(BnsNotesFunc func, void *data)
{
    BnsNotes *notes = g_new0(BnsNotes, 1);

    notes->func = func;
    notes->data = data;
    notes->seen = g_hash_table_new_full(note_hash, note_equal, note_free, NULL);
    return notes;
}

void
bns_notes_free(BnsNotes *notes)
{
    if (notes == NULL)
        return;
    g_hash_table_unref(notes->seen);
    g_free(notes);
}

void
bns_notes_add(BnsNotes *notes, const BnsRecord *record)
{
    Note *note = note_new(record);
    Note *known = g_hash_table_lookup(notes->seen, note);

    if (known != NULL) {
        known->count++;
        note_free(note);
    } else if (g_hash_table_size(notes->seen) < BNS_NOTES_PER_FLUSH) {
        g_hash_table_add(notes->seen, note);
        note_write(notes, note, 1);
    } else {
        notes->overflow[record->event]++;
        notes->overflow_decision[record->event] = record->decision;
        note_free(note);
    }
}

void
bns_notes_flush(BnsNotes *notes)
{
    GHashTableIter iter;
    gpointer key;

    g_hash_table_iter_init(&iter, notes->seen);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        Note *note = key;

        if (note->count == 0) {
            g_hash_table_iter_remove(&iter);
            continue;
        }
        note_write(notes, note, note->count);
        note->count = 0;
    }
    for (int event = 0; event < BNS_N_EVENTS; event++) {
        const BnsRecord rest = { .event = (BnsEvent)event,
                                 .decision = notes->overflow_decision[event],
                                 .reason = "too many to name each",
                                 .count = notes->overflow[event] };

        if (rest.count > 0)
            notes->func(&rest, notes->data);
        notes->overflow[event] = 0;
    }
}

bool
bns_notes_is_pending(const BnsNotes *notes)
{
    /* Every overflow came with a full table. */
    return g_hash_table_size(notes->seen) > 0;
}
