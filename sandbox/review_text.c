/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/review_text.h"

#include "base/text.h"

#define MARKED_FACTOR 5

static const char *const kinds[] = {
    [BNS_CHANGE_ADDED] = "added",       [BNS_CHANGE_CHANGED] = "changed",
    [BNS_CHANGE_REMOVED] = "removed",   [BNS_CHANGE_REPLACED] = "replaced",
    [BNS_CHANGE_MODE] = "mode changed",
};
G_STATIC_ASSERT(G_N_ELEMENTS(kinds) == BNS_N_CHANGES);

static void
append_totals(GString *text, const BnsReviewChanges *changes)
{
    guint n[BNS_N_CHANGES] = { 0 };
    const char *comma = " ";

    for (guint i = 0; i < changes->list->len; i++)
        n[((const BnsChange *)changes->list->pdata[i])->kind]++;
    g_string_append(text, "boundary-ns: to review:");
    for (guint kind = 0; kind < BNS_N_CHANGES; kind++)
        if (n[kind] > 0) {
            g_string_append_printf(text, "%s%u %s", comma, n[kind], kinds[kind]);
            comma = ", ";
        }
    if (changes->n_marked > 0)
        g_string_append_printf(text, "; %u of them run or obeyed outside",
                               changes->n_marked);
    if (changes->n_conflicts > 0)
        g_string_append_printf(text, "; %u changed by the host, too",
                               changes->n_conflicts);
    g_string_append(text, changes->is_complete ? "\n" : "; and more\n");
}

static void
append_change(GString *text, const BnsReview *review, const BnsChange *change)
{
    g_autofree char *full = bns_review_change_path(review, change);
    bool is_short = review->trees->len == 1 && change->path[0] != '\0';
    g_autofree char *shown = bns_text_escape(is_short ? change->path : full, -1);

    g_string_append_printf(text, "boundary-ns: %c %s %s",
                           change->why != NULL ? '!' : ' ', kinds[change->kind], shown);
    if (S_ISDIR(change->upper.st_mode) && change->kind == BNS_CHANGE_ADDED)
        g_string_append_c(text, '/');
    if (change->why != NULL)
        g_string_append_printf(text, ": %s", change->why);
    if (change->obstacle != NULL)
        g_string_append_printf(text, " (cannot be applied: %s)", change->obstacle);
    else if (change->is_conflict)
        g_string_append(text, " (the host changed it, too)");
    g_string_append_c(text, '\n');
}

/* Returns: how many there were. */
static guint
append_changes(GString *text,
               const BnsReview *review,
               const BnsReviewChanges *changes,
               bool is_marked,
               guint lines_max)
{
    guint n = 0;

    for (guint i = 0; i < changes->list->len; i++) {
        const BnsChange *change = changes->list->pdata[i];

        if ((change->why != NULL) != is_marked)
            continue;
        if (n++ < lines_max)
            append_change(text, review, change);
    }
    return n;
}

static void
append_rest(GString *text, guint n, guint shown, const char *what)
{
    if (n > shown)
        g_string_append_printf(text, "boundary-ns: and %u more%s\n", n - shown, what);
}

char *
bns_review_text(const BnsReview *review,
                const BnsReviewChanges *changes,
                guint lines_max)
{
    GString *text = g_string_new(NULL);
    guint marked_max =
        lines_max > G_MAXUINT / MARKED_FACTOR ? lines_max : lines_max * MARKED_FACTOR;
    guint n;

    append_totals(text, changes);
    n = append_changes(text, review, changes, true, marked_max);
    append_rest(text, n, marked_max, " of these");
    lines_max = n >= lines_max ? 0 : lines_max - n;
    n = append_changes(text, review, changes, false, lines_max);
    append_rest(text, n, lines_max, "");
    return g_string_free(text, FALSE);
}
