/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of files: what the host executes is recorded when it is changed, and looked
 * for when the command and all that it started is dead, before the audit is closed; then
 * what is persisted is written back.
 */
#include "sandbox/supervisor_private.h"

#include "audit/client.h"
#include "sandbox/file_protect.h"
#include "sandbox/quarantine.h"
#include "sandbox/summary.h"

/* Somebody who unpacks a hundred projects wants no record of each of their files. */
#define CHANGES_MAX 1024

/* A short command does not pay for it: what it changes is found at its end. */
#define WATCH_AFTER_US (100 * 1000)

/* --- what was changed --- */

/* If it cannot be written the recorder says so itself. */
static void
record(BnsSupervisor *supervisor, const BnsRecord *what)
{
    (void)bns_client_note(supervisor->spawn.records_fd, what);
}

/* Returns: whether it is recorded, now or before. */
static bool
note(BnsSupervisor *supervisor, const char *path)
{
    const BnsRecord what = { .event = BNS_EVENT_FILE_CHANGED,
                             .path = path,
                             .reason = bns_file_protect_reason(path) };

    if (g_hash_table_contains(supervisor->noted, path))
        return true;
    if (g_hash_table_size(supervisor->noted) >= CHANGES_MAX)
        return false;
    g_hash_table_add(supervisor->noted, g_strdup(path));
    record(supervisor, &what);
    return true;
}

static void
on_changed(void *data, const char *path)
{
    BnsSupervisor *supervisor = data;

    if (!bns_file_protect_is_harmless(supervisor->session->git_keys, path))
        (void)note(supervisor, path);
}

static void
on_watch_timer(void *data)
{
    BnsSupervisor *supervisor = data;

    if (supervisor->state == BNS_SESSION_RUNNING)
        supervisor->file_watch =
            bns_file_watch_new(supervisor->loop, supervisor->session->watched,
                               supervisor->started_at_us, on_changed, supervisor);
}

void
bns_supervisor_watch_files(BnsSupervisor *supervisor)
{
    supervisor->watch_timer =
        bns_loop_timer(supervisor->loop, on_watch_timer, supervisor);
    bns_timer_set(supervisor->watch_timer,
                  bns_loop_now_us(supervisor->loop) + WATCH_AFTER_US);
}

static void
note_all(BnsSupervisor *supervisor)
{
    BnsRecord rest = { .event = BNS_EVENT_FILE_CHANGED };

    for (guint i = 0; i < supervisor->changed->len; i++)
        if (!note(supervisor, supervisor->changed->pdata[i]))
            rest.count++;
    if (rest.count > 0)
        record(supervisor, &rest);
}

/* --- quarantine --- */

static void
take(GPtrArray *list, const char *path)
{
    g_ptr_array_add(list, g_strdup(path));
}

/* Sorts one of @changed into @lists. */
static void
quarantine(BnsSupervisor *supervisor,
           const char *path,
           const BnsOriginal *original,
           const BnsSummaryQuarantine *lists)
{
    g_autofree char *kept = NULL;
    BnsRecord what = { .event = BNS_EVENT_FILE_QUARANTINE, .path = path };

    switch (bns_quarantine(path, original, supervisor->keep, &kept)) {
    case BNS_QUARANTINED_NOT:
        what.error = g_strerror(errno);
        take(lists->stuck, path);
        break;
    case BNS_QUARANTINED_RESTORED:
        what.reason = "what was there before is back";
        take(lists->restored, path);
        break;
    case BNS_QUARANTINED_GONE:
        what.reason = original != NULL ? "what was there before is not known" : NULL;
        break;
    }
    if (what.error == NULL && kept == NULL)
        return;
    if (kept != NULL && g_str_has_prefix(kept, bns_keep_path(supervisor->keep)))
        take(lists->moved, path);
    else if (kept != NULL)
        take(lists->renamed, kept);
    what.kept = kept;
    record(supervisor, &what);
}

static bool
is_as_before(const BnsSupervisor *supervisor, const char *path)
{
    const BnsOriginal *original =
        g_hash_table_lookup(supervisor->session->originals, path);

    return original != NULL && bns_original_is_there(original, path);
}

static void
quarantine_all(BnsSupervisor *supervisor)
{
    const BnsSummaryQuarantine lists = {
        .moved = g_ptr_array_new_with_free_func(g_free),
        .restored = g_ptr_array_new_with_free_func(g_free),
        .renamed = g_ptr_array_new_with_free_func(g_free),
        .stuck = g_ptr_array_new_with_free_func(g_free),
    };
    g_autofree char *text = NULL;

    for (guint i = 0; i < supervisor->changed->len; i++) {
        const char *path = supervisor->changed->pdata[i];

        quarantine(supervisor, path,
                   g_hash_table_lookup(supervisor->session->originals, path), &lists);
    }
    text = bns_summary_quarantined(&lists, bns_keep_path(supervisor->keep));
    g_string_append(supervisor->warnings, text);
    g_ptr_array_unref(lists.moved);
    g_ptr_array_unref(lists.restored);
    g_ptr_array_unref(lists.renamed);
    g_ptr_array_unref(lists.stuck);
    g_ptr_array_set_size(supervisor->changed, 0);
}

/* What was only touched, or is again what it was, is nobody's concern. */
static void
forget_unchanged(BnsSupervisor *supervisor)
{
    for (guint i = supervisor->changed->len; i-- > 0;)
        if (is_as_before(supervisor, supervisor->changed->pdata[i]))
            g_ptr_array_remove_index(supervisor->changed, i);
}

/* Whoever else is at work there goes on, so what is found is all of the command's. */
static void
settle_changed(BnsSupervisor *supervisor)
{
    const BnsSession *session = supervisor->session;

    supervisor->changed = bns_file_protect_changed(
        session->watched, session->git_keys, session->originals,
        supervisor->started_at_us, &supervisor->has_seen_all);
    if (session->originals != NULL)
        forget_unchanged(supervisor);
    note_all(supervisor);
    if (session->originals != NULL)
        quarantine_all(supervisor);
}

/* --- what is persisted --- */

static void
on_persisted(void *data, const char *path, const char *why, const char *kept)
{
    BnsSupervisor *supervisor = data;
    const BnsRecord what = {
        .event = BNS_EVENT_FILE_PERSIST, .path = path, .error = why, .kept = kept
    };

    record(supervisor, &what);
    if (why != NULL) {
        g_autofree char *line = bns_summary_not_written_back(path, why, kept);

        g_string_append(supervisor->warnings, line);
    }
}

void
bns_supervisor_settle_files(BnsSupervisor *supervisor)
{
    if (!supervisor->was_running)
        return;
    /* What follows is our own doing. */
    g_clear_pointer(&supervisor->file_watch, bns_file_watch_free);
    settle_changed(supervisor);
    bns_persist_finish(supervisor->persist,
                       supervisor->outcome.kind != BNS_OUTCOME_FAILED, supervisor->keep,
                       on_persisted, supervisor);
}

/* --- the end --- */

void
bns_supervisor_leave_files(BnsSupervisor *supervisor)
{
    bns_timer_free(supervisor->watch_timer);
    bns_file_watch_free(supervisor->file_watch);
    g_hash_table_unref(supervisor->noted);
    g_clear_pointer(&supervisor->changed, g_ptr_array_unref);
    bns_persist_free(supervisor->persist);
    bns_keep_free(supervisor->keep);
    bns_layer_store_release(supervisor->session->layer_store);
}
