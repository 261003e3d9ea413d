/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rig as the recorder, and what a test asks of the records.
 */
#include "audit/protocol.h"
#include "tests/gateway/engine_rig_private.h"

#include <sys/socket.h>

static RigRecord *
rig_record_copy(const BnsRecord *record)
{
    RigRecord *copy = g_new0(RigRecord, 1);
    const char **strings[] = { &copy->record.reason,       &copy->record.rule,
                               &copy->record.host,         &copy->record.addr,
                               &copy->record.scheme,       &copy->record.method,
                               &copy->record.path,         &copy->record.http,
                               &copy->record.error,        &copy->record.exe,
                               &copy->record.argv,         &copy->record.policy_digest,
                               &copy->record.policy_before };

    copy->record = *record;
    copy->strings = g_string_chunk_new(256);
    for (size_t i = 0; i < G_N_ELEMENTS(strings); i++)
        if (*strings[i] != NULL)
            *strings[i] = g_string_chunk_insert(copy->strings, *strings[i]);
    return copy;
}

void
rig_record_free(gpointer data)
{
    RigRecord *record = data;

    g_string_chunk_free(record->strings);
    g_free(record);
}

static void
add_record(Rig *rig, const BnsRecord *record)
{
    g_mutex_lock(&rig->mutex);
    if (g_strcmp0(record->host, SYNC_HOST) == 0)
        rig->n_syncs++;
    else
        g_ptr_array_add(rig->records, rig_record_copy(record));
    g_cond_broadcast(&rig->cond);
    g_mutex_unlock(&rig->mutex);
}

/* Lets the engine wait, if the test wants it to. */
static void
hold_back(Rig *rig)
{
    g_mutex_lock(&rig->mutex);
    if (rig->hold == RIG_HOLD_NEXT)
        rig->hold = RIG_HOLD_HELD;
    g_cond_broadcast(&rig->cond);
    while (rig->hold == RIG_HOLD_HELD)
        g_cond_wait(&rig->cond, &rig->mutex);
    g_mutex_unlock(&rig->mutex);
}

static void
take_record(Rig *rig, uint8_t type, const uint8_t *bytes, size_t len)
{
    BnsProtocolAnswer answer = { .type = BNS_PROTOCOL_WRITTEN };
    BnsRecord record;

    if (!bns_record_decode(bytes, len, &record))
        g_error("the engine sent a record that does not decode");
    add_record(rig, &record);
    if (type != BNS_PROTOCOL_RECORD)
        return;
    hold_back(rig);
    answer.seq = ++rig->n_written;
    send(rig->recorder_pair[0], &answer, sizeof(answer), MSG_NOSIGNAL);
}

gpointer
rig_run_recorder(gpointer data)
{
    Rig *rig = data;
    g_autofree uint8_t *buffer = g_malloc(BNS_PROTOCOL_MESSAGE_MAX);
    ssize_t n;

    while ((n = recv(rig->recorder_pair[0], buffer, BNS_PROTOCOL_MESSAGE_MAX, 0)) > 0)
        for (const uint8_t *at = buffer; at < buffer + n;) {
            size_t len = bns_record_length(at + 1, (size_t)(buffer + n - at) - 1);

            take_record(rig, *at, at + 1, len);
            at += 1 + len;
        }
    g_mutex_lock(&rig->mutex);
    rig->is_deaf = true;
    g_cond_broadcast(&rig->cond);
    g_mutex_unlock(&rig->mutex);
    return NULL;
}

void
rig_break_recorder(Rig *rig)
{
    shutdown(rig->recorder_pair[0], SHUT_RDWR);
}

static void
set_hold(Rig *rig, RigHold hold)
{
    g_mutex_lock(&rig->mutex);
    rig->hold = hold;
    g_cond_broadcast(&rig->cond);
    g_mutex_unlock(&rig->mutex);
}

void
rig_hold_recorder(Rig *rig)
{
    set_hold(rig, RIG_HOLD_NEXT);
}

void
rig_wait_held(Rig *rig)
{
    g_mutex_lock(&rig->mutex);
    while (rig->hold != RIG_HOLD_HELD)
        g_cond_wait(&rig->cond, &rig->mutex);
    g_mutex_unlock(&rig->mutex);
}

void
rig_release_recorder(Rig *rig)
{
    set_hold(rig, RIG_HOLD_NONE);
}

const BnsRecord *
rig_record(Rig *rig, BnsEvent event)
{
    const BnsRecord *found = NULL;

    g_mutex_lock(&rig->mutex);
    for (guint i = rig->taken[event]; found == NULL; i++) {
        const RigRecord *record;

        while (i >= rig->records->len)
            g_cond_wait(&rig->cond, &rig->mutex);
        record = g_ptr_array_index(rig->records, i);
        if (record->record.event == event) {
            found = &record->record;
            rig->taken[event] = i + 1;
        }
    }
    g_mutex_unlock(&rig->mutex);
    return found;
}

const BnsRecord *
rig_expect(Rig *rig, BnsEvent event, const char *expected)
{
    static const char *const decisions[BNS_N_DECIDED] = { "-", "allow", "deny",
                                                          "would" };
    const BnsRecord *record = rig_record(rig, event);
    g_autofree char *line =
        g_strdup_printf("%s %u %s %s", decisions[record->decision], record->status,
                        record->method == NULL ? "-" : record->method,
                        record->path == NULL ? "-" : record->path);

    g_assert_cmpstr(line, ==, expected);
    return record;
}

static guint
count_records(Rig *rig, BnsEvent event)
{
    guint count = 0;

    for (guint i = 0; i < rig->records->len; i++)
        if (((const RigRecord *)g_ptr_array_index(rig->records, i))->record.event ==
            event)
            count++;
    return count;
}

guint
rig_count(Rig *rig, BnsEvent event, guint least)
{
    guint count;

    g_mutex_lock(&rig->mutex);
    while ((count = count_records(rig, event)) < least)
        g_cond_wait(&rig->cond, &rig->mutex);
    g_mutex_unlock(&rig->mutex);
    return count;
}
