/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/commands.h"

#include "audit/json.h"
#include "base/text.h"
#include "sandbox/log.h"
#include "sandbox/review_apply.h"
#include "sandbox/review_diff.h"
#include "sandbox/review_text.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define EXIT_DONE   0
#define EXIT_KEPT   1
#define EXIT_FAILED 2
/* All; what is marked may be as many times as much. */
#define LINES_MAX (G_MAXUINT / 16)

/* "2026-11-24T07:00:00Z SESSION COMMAND" */
static void
print_head(const BnsReview *review)
{
    g_autoptr(GString) time = g_string_new(NULL);
    g_autofree char *joined = g_strjoinv(" ", review->command);
    g_autofree char *command = bns_text_escape(joined, -1);
    g_autofree char *workdir = bns_text_escape(review->workdir, -1);

    bns_json_append_time(time, (int64_t)review->started.tv_sec * G_USEC_PER_SEC);
    g_string_truncate(time, strlen("2026-11-24T07:00:00"));
    printf("session %s\nstarted %sZ\nin      %s\ncommand %.*s\n\n", review->session,
           time->str, workdir, 1000, command);
}

/* Those are for standard error, in the middle of others' lines. */
static void
print_without_prefix(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line != NULL; line++) {
        const char *rest = *line;

        if (*rest == '\0')
            continue;
        if (g_str_has_prefix(rest, "boundary-ns: "))
            rest += strlen("boundary-ns: ");
        puts(rest);
    }
}

static int
show(const BnsReview *review, const BnsReviewChanges *changes)
{
    g_autofree char *text = bns_review_text(review, changes, LINES_MAX);

    print_head(review);
    print_without_prefix(text);
    printf("\nboundary-ns review %.8s --diff | --apply [PATH...] | --discard\n",
           review->session);
    return EXIT_KEPT;
}

static int
remove_review(BnsReview *review, GError **error)
{
    return bns_review_remove(review, error) ? EXIT_DONE : EXIT_FAILED;
}

static int
apply(BnsReview *review, const BnsOptions *options, GError **error)
{
    const BnsReviewApply wanted = {
        .paths = options->arguments[0] != NULL
                     ? (const char *const *)(options->arguments + 1)
                     : NULL,
        .is_forced = options->force,
    };
    g_autoptr(BnsReviewApplied) applied = bns_review_apply(review, &wanted, error);

    if (applied == NULL)
        return EXIT_FAILED;
    for (guint i = 0; i < applied->kept->len; i++)
        bns_log_print("kept: %s", (const char *)applied->kept->pdata[i]);
    if (!options->quiet)
        printf("%u applied, %u kept\n", applied->n_applied,
               applied->kept->len + applied->n_passed_over);
    return bns_review_is_done(applied) ? remove_review(review, error) : EXIT_KEPT;
}

static int
look(BnsReview *review, const BnsOptions *options, GError **error)
{
    g_autoptr(BnsReviewChanges) changes = bns_review_changes(review, error);

    if (changes == NULL)
        return EXIT_FAILED;
    if (changes->list->len == 0) {
        puts("nothing is changed");
        return remove_review(review, error);
    }
    if (!options->diff)
        return show(review, changes);
    return bns_review_diff(review, changes, isatty(STDOUT_FILENO) != 0, stdout, error)
               ? EXIT_KEPT
               : EXIT_FAILED;
}

static int
act(BnsReview *review, const BnsOptions *options, GError **error)
{
    if (options->discard)
        return remove_review(review, error);
    return options->apply ? apply(review, options, error)
                          : look(review, options, error);
}

int
bns_review(const BnsOptions *options)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsReview) review = bns_review_open(options->arguments[0], &error);
    int status = review != NULL ? act(review, options, &error) : EXIT_FAILED;

    if (error != NULL)
        bns_log_print("%s", error->message);
    return status;
}
