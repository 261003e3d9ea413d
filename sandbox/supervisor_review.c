/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of a review at the end of its session: nobody changed anything: it is gone;
 * else it is applied, discarded or kept, as the options say, or somebody who is asked.
 *
 * A session that failed keeps its review whatever was asked for: its command did not come
 * to its end.
 */
#include "sandbox/supervisor_private.h"

#include "audit/client.h"
#include "sandbox/log.h"
#include "sandbox/review_apply.h"
#include "sandbox/review_ask.h"
#include "sandbox/review_text.h"

#include <stdio.h>

/* As of sandbox/supervisor_files.c. */
#define RECORDS_MAX 1024

static void
record(BnsSupervisor *supervisor, const BnsRecord *what)
{
    (void)bns_client_note(supervisor->spawn.records_fd, what);
}

static void G_GNUC_PRINTF(2, 3) say(BnsSupervisor *supervisor, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_string_append(supervisor->warnings, "boundary-ns: ");
    g_string_append_vprintf(supervisor->warnings, format, args);
    g_string_append_c(supervisor->warnings, '\n');
    va_end(args);
}

/* --- what may become of it --- */

static void
remove_review(BnsSupervisor *supervisor)
{
    g_autoptr(GError) error = NULL;

    if (!bns_review_remove(supervisor->session->review, &error))
        say(supervisor, "%s", error->message);
}

/* @why: (nullable): it is not what was asked for */
static void
keep(BnsSupervisor *supervisor, guint n, const char *why)
{
    const BnsReview *review = supervisor->session->review;
    const BnsRecord what = {
        .event = BNS_EVENT_REVIEW_KEPT, .count = n, .reason = why, .kept = review->path
    };

    record(supervisor, &what);
    say(supervisor, "kept%s%s: boundary-ns review %s --apply (or --discard)",
        why != NULL ? ", since " : "", why != NULL ? why : "", review->session);
}

static void
discard(BnsSupervisor *supervisor, guint n)
{
    const BnsRecord what = { .event = BNS_EVENT_REVIEW_DISCARDED, .count = n };

    record(supervisor, &what);
    remove_review(supervisor);
}

/* Returns: (transfer full): the paths of what was not applied, owned. */
static GHashTable *
list_left(const BnsReview *review, const BnsReviewApplied *applied)
{
    GHashTable *left = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(BnsReviewChanges) changes =
        bns_review_is_done(applied) ? NULL : bns_review_changes(review, NULL);

    for (guint i = 0; changes != NULL && i < changes->list->len; i++)
        g_hash_table_add(left, bns_review_change_path(review, changes->list->pdata[i]));
    return left;
}

/* What the host executes, and is not left in the review. */
static void
note_applied(BnsSupervisor *supervisor,
             const BnsReviewChanges *changes,
             const BnsReviewApplied *applied)
{
    const BnsReview *review = supervisor->session->review;
    const BnsRecord whole = { .event = BNS_EVENT_REVIEW_APPLIED,
                              .count = applied->n_applied };
    g_autoptr(GHashTable) left = list_left(review, applied);
    BnsRecord rest = { .event = BNS_EVENT_FILE_CHANGED };
    guint n = 0;

    record(supervisor, &whole);
    for (guint i = 0; i < changes->list->len; i++) {
        const BnsChange *change = changes->list->pdata[i];
        g_autofree char *path = bns_review_change_path(review, change);
        const BnsRecord what = { .event = BNS_EVENT_FILE_CHANGED,
                                 .path = path,
                                 .reason = change->why };

        if (change->why == NULL || g_hash_table_contains(left, path))
            continue;
        if (n++ < RECORDS_MAX)
            record(supervisor, &what);
        else
            rest.count++;
    }
    if (rest.count > 0)
        record(supervisor, &rest);
}

static void
apply(BnsSupervisor *supervisor, const BnsReviewChanges *changes)
{
    BnsReview *review = supervisor->session->review;
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsReviewApplied) applied =
        bns_review_apply(review, &(BnsReviewApply){ 0 }, &error);

    if (applied == NULL)
        return keep(supervisor, changes->list->len, error->message);
    note_applied(supervisor, changes, applied);
    if (bns_review_is_done(applied)) {
        say(supervisor, "applied");
        return remove_review(supervisor);
    }
    for (guint i = 0; i < MIN(applied->kept->len, BNS_REVIEW_LINES_MAX); i++)
        say(supervisor, "not applied: %s", (const char *)applied->kept->pdata[i]);
    keep(supervisor, applied->kept->len, "not all could be applied");
}

/* --- what is to become of it --- */

static bool
on_signals(void *data)
{
    BnsSupervisor *supervisor = data;

    bns_supervisor_on_signals(0, supervisor);
    return supervisor->is_cut_short;
}

/* @text: shown once, here or at the end */
static BnsReviewAnswer
ask(BnsSupervisor *supervisor, const char *text)
{
    bns_supervisor_drain_relay(supervisor);
    if (supervisor->is_cut_short)
        return BNS_REVIEW_KEEP;
    return bns_review_ask(text, supervisor->signal_fd, on_signals, supervisor);
}

static BnsReviewAnswer
choose(BnsSupervisor *supervisor, const char *text)
{
    const BnsOptions *options = supervisor->session->options;

    if (options->apply)
        return BNS_REVIEW_APPLY;
    if (options->discard)
        return BNS_REVIEW_DISCARD;
    if (supervisor->can_ask && !options->quiet && !supervisor->is_cut_short)
        return ask(supervisor, text);
    return BNS_REVIEW_KEEP;
}

static void
settle(BnsSupervisor *supervisor, const BnsReviewChanges *changes)
{
    g_autofree char *text =
        bns_review_text(supervisor->session->review, changes, BNS_REVIEW_LINES_MAX);
    bool has_failed = supervisor->outcome.kind == BNS_OUTCOME_FAILED;
    guint n = changes->list->len;

    if (!supervisor->session->options->quiet)
        g_string_append(supervisor->warnings, text);
    if (has_failed)
        return keep(supervisor, n, "the session failed");
    switch (choose(supervisor, text)) {
    case BNS_REVIEW_APPLY:
        return apply(supervisor, changes);
    case BNS_REVIEW_DISCARD:
        return discard(supervisor, n);
    case BNS_REVIEW_KEEP:
    case BNS_REVIEW_UNCLEAR:
        return keep(supervisor, n, NULL);
    }
}

void
bns_supervisor_review(BnsSupervisor *supervisor)
{
    BnsReview *review = supervisor->session->review;
    g_autoptr(BnsReviewChanges) changes = NULL;
    g_autoptr(GError) error = NULL;

    if (review == NULL)
        return;
    if (!supervisor->was_running)
        return remove_review(supervisor);
    changes = bns_review_changes(review, &error);
    if (changes == NULL)
        return keep(supervisor, 0, error->message);
    if (changes->list->len == 0 && changes->is_complete)
        return remove_review(supervisor);
    settle(supervisor, changes);
}
