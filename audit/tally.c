/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/tally.h"

#include "base/ready.h"
#include "base/text.h"

#include <inttypes.h>
#include <string.h>

#define SUMMARY_DESTINATIONS 5

/* Bytes of a column after escaping: five lines of the longest fit into one message. A DNS
 * name is shorter; a path that is longer is cut. */
#define HOST_MAX       260
#define PATH_MAX_SHOWN 240
#define REASON_MAX     140
#define WORD_MAX       32
G_STATIC_ASSERT(SUMMARY_DESTINATIONS *(HOST_MAX + PATH_MAX_SHOWN + REASON_MAX +
                                       2 * WORD_MAX + 64) < BNS_READY_TEXT_MAX);

typedef struct {
    char *columns; /* owned; the line of the summary behind its number */
    uint64_t count;
    guint order; /* of its first refusal */
} Destination;

struct BnsTally {
    uint64_t allowed;
    uint64_t denied;
    uint64_t would_deny;
    GHashTable *destinations; /* columns, borrowed, to owned Destination */
};

static void
destination_free(void *data)
{
    Destination *destination = data;

    g_free(destination->columns);
    g_free(destination);
}

BnsTally *
bns_tally_new(void)
{
    BnsTally *tally = g_new0(BnsTally, 1);

    tally->destinations =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, destination_free);
    return tally;
}

void
bns_tally_free(BnsTally *tally)
{
    if (tally == NULL)
        return;
    g_hash_table_unref(tally->destinations);
    g_free(tally);
}

/* Not a question of rules: it could not be read (400 and others), or is for another host
 * than the TLS around it (421). */
static bool
is_malformed(const BnsRecord *record)
{
    return record->status != 0 && record->status != 403;
}

/* Appends @text escaped, "-" if it is NULL or empty. One that is too long is cut (not
 * inside an escape) and ends in "*": no byte that a rule may name. */
static void
append_column(GString *columns, const char *text, size_t max)
{
    g_autofree char *escaped = bns_text_escape(text != NULL && *text ? text : NULL, -1);

    g_string_append_c(columns, '\t');
    if (strlen(escaped) > max) {
        char *escape;

        escaped[max - 1] = '\0';
        escape = strrchr(escaped, '\\');
        if (escape != NULL && strlen(escape) < strlen("\\xNN"))
            *escape = '\0';
        g_string_append_printf(columns, "%s*", escaped);
        return;
    }
    g_string_append(columns, escaped);
}

static char *
columns_of(const BnsRecord *record)
{
    g_autoptr(GString) columns = g_string_new(NULL);
    g_autofree char *port =
        record->port != 0 ? g_strdup_printf("%u", record->port) : NULL;

    append_column(columns, record->scheme, WORD_MAX);
    append_column(columns, record->host != NULL ? record->host : record->addr,
                  HOST_MAX);
    append_column(columns, port, WORD_MAX);
    append_column(columns, record->method, WORD_MAX);
    append_column(columns, record->path, PATH_MAX_SHOWN);
    append_column(columns, is_malformed(record) ? "malformed" : "refused", WORD_MAX);
    append_column(columns, record->reason, REASON_MAX);
    return g_string_free(g_steal_pointer(&columns), FALSE);
}

static void
add_destination(BnsTally *tally, const BnsRecord *record)
{
    g_autofree char *columns = columns_of(record);
    Destination *destination = g_hash_table_lookup(tally->destinations, columns);
    guint known = g_hash_table_size(tally->destinations);

    if (destination == NULL) {
        if (known >= BNS_TALLY_DESTINATIONS_MAX)
            return;
        destination = g_new0(Destination, 1);
        destination->columns = g_steal_pointer(&columns);
        destination->order = known;
        g_hash_table_insert(tally->destinations, destination->columns, destination);
    }
    destination->count++;
}

/* Whether the record tells the fate of a request or a flow. Sealed TLS that is refused at
 * its ClientHello has no other; all that is inspected goes on to a request. What was allowed
 * and then broken off for a cap is both. */
static bool
is_outcome(const BnsRecord *record)
{
    if (record->event == BNS_EVENT_HTTP_RESPONSE ||
        record->event == BNS_EVENT_TCP_CLOSE)
        return record->decision == BNS_DECIDED_DENY;
    if (record->event == BNS_EVENT_TLS_OPEN)
        return record->decision == BNS_DECIDED_DENY &&
               g_strcmp0(record->scheme, "tls") == 0;
    return record->event == BNS_EVENT_HTTP_REQUEST ||
           record->event == BNS_EVENT_TCP_OPEN ||
           record->event == BNS_EVENT_FLOW_REFUSED;
}

void
bns_tally_add(BnsTally *tally, const BnsRecord *record)
{
    if (!is_outcome(record))
        return;
    switch (record->decision) {
    case BNS_DECIDED_DENY:
        tally->denied++;
        add_destination(tally, record);
        break;
    case BNS_DECIDED_ALLOW:
        tally->allowed++;
        break;
    case BNS_DECIDED_WOULD_DENY:
        tally->would_deny++;
        break;
    case BNS_DECIDED_NOT:
    case BNS_N_DECIDED:
        break;
    }
}

uint64_t
bns_tally_allowed(const BnsTally *tally)
{
    return tally->allowed;
}

uint64_t
bns_tally_denied(const BnsTally *tally)
{
    return tally->denied;
}

uint64_t
bns_tally_would_deny(const BnsTally *tally)
{
    return tally->would_deny;
}

/* The most refused first, then the first refused. */
static int
compare(gconstpointer a, gconstpointer b)
{
    const Destination *left = *(const Destination *const *)a;
    const Destination *right = *(const Destination *const *)b;

    if (left->count != right->count)
        return left->count > right->count ? -1 : 1;
    return left->order < right->order ? -1 : left->order > right->order;
}

char *
bns_tally_summary(const BnsTally *tally)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GPtrArray) sorted = g_ptr_array_new();
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, tally->destinations);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        g_ptr_array_add(sorted, value);
    g_ptr_array_sort(sorted, compare);
    g_string_printf(text, "%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", tally->allowed,
                    tally->denied, tally->would_deny);
    for (guint i = 0; i < MIN(sorted->len, SUMMARY_DESTINATIONS); i++) {
        const Destination *destination = g_ptr_array_index(sorted, i);

        g_string_append_printf(text, "%" PRIu64 "%s\n", destination->count,
                               destination->columns);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}
