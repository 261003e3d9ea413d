/* SPDX-License-Identifier: Apache-2.0 */
/* What a person reads of a review, and what he may answer. */
#include "sandbox/review_text.h"

#include "sandbox/review_ask.h"
#include "tests/support/test.h"

#include <string.h>

/* --- answers --- */

typedef struct {
    const char *line;
    BnsReviewAnswer answer;
} Line;

static const Line lines[] = {
    { "", BNS_REVIEW_KEEP },
    { "  ", BNS_REVIEW_KEEP },
    { "k", BNS_REVIEW_KEEP },
    { "Keep", BNS_REVIEW_KEEP },
    { "a", BNS_REVIEW_APPLY },
    { " apply\r", BNS_REVIEW_APPLY },
    { "A", BNS_REVIEW_APPLY },
    { "d", BNS_REVIEW_DISCARD },
    { "DISCARD", BNS_REVIEW_DISCARD },
    { "app", BNS_REVIEW_UNCLEAR },
    { "aa", BNS_REVIEW_UNCLEAR },
    { "a d", BNS_REVIEW_UNCLEAR },
    { "y", BNS_REVIEW_UNCLEAR },
    { "\033]la\033\\", BNS_REVIEW_UNCLEAR },
    { "\033[?1;2ca", BNS_REVIEW_UNCLEAR },
    { "\xff", BNS_REVIEW_UNCLEAR },
};

static void
test_answers(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++)
        if (bns_review_answer(lines[i].line) != lines[i].answer)
            g_error("\"%s\" is answer %d", lines[i].line,
                    (int)bns_review_answer(lines[i].line));
}

/* --- lists --- */

static void
tree_free(void *data)
{
    BnsReviewTree *tree = data;

    g_free(tree->path);
    g_free(tree);
}

static void
add_tree(BnsReview *review, const char *path)
{
    BnsReviewTree *tree = g_new0(BnsReviewTree, 1);

    tree->path = g_strdup(path);
    g_ptr_array_add(review->trees, tree);
}

static void
change_free(void *data)
{
    BnsChange *change = data;

    g_free(change->path);
    g_free(change);
}

static BnsChange *
add_change(BnsReviewChanges *changes, BnsChangeKind kind, const char *path)
{
    BnsChange *change = g_new0(BnsChange, 1);

    change->kind = kind;
    change->path = g_strdup(path);
    g_ptr_array_add(changes->list, change);
    return change;
}

typedef struct {
    BnsReview review;
    BnsReviewChanges changes;
} Fixture;

static void
fixture_init(Fixture *f)
{
    memset(f, 0, sizeof(*f));
    f->review.trees = g_ptr_array_new_with_free_func(tree_free);
    f->changes.list = g_ptr_array_new_with_free_func(change_free);
    f->changes.is_complete = true;
    add_tree(&f->review, "/p");
}

static void
fixture_clear(Fixture *f)
{
    g_ptr_array_unref(f->review.trees);
    g_ptr_array_unref(f->changes.list);
}

static void
check_text(const Fixture *f, guint lines_max, const char *expected)
{
    g_autofree char *text = bns_review_text(&f->review, &f->changes, lines_max);

    g_assert_cmpstr(text, ==, expected);
}

static void
test_kinds(void)
{
    Fixture f;
    BnsChange *change;

    fixture_init(&f);
    add_change(&f.changes, BNS_CHANGE_ADDED, "d")->upper.st_mode = S_IFDIR | 0755;
    add_change(&f.changes, BNS_CHANGE_ADDED, "d/\x1b[8m\n")->upper.st_mode = S_IFREG;
    add_change(&f.changes, BNS_CHANGE_CHANGED, "both")->is_conflict = true;
    add_change(&f.changes, BNS_CHANGE_ADDED, "pipe")->obstacle = "it is a pipe";
    change = add_change(&f.changes, BNS_CHANGE_REPLACED, "Makefile");
    change->why = "make runs it";
    add_change(&f.changes, BNS_CHANGE_REMOVED, "gone");
    add_change(&f.changes, BNS_CHANGE_MODE, "");
    f.changes.n_marked = 1;
    f.changes.n_conflicts = 1;
    check_text(&f, 20,
               "boundary-ns: to review: 3 added, 1 changed, 1 removed, 1 replaced, 1 "
               "mode changed; 1 of them run or obeyed outside; 1 changed by the host, "
               "too\n"
               "boundary-ns: ! replaced Makefile: make runs it\n"
               "boundary-ns:   added d/\n"
               "boundary-ns:   added d/\\x1b[8m\\x0a\n"
               "boundary-ns:   changed both (the host changed it, too)\n"
               "boundary-ns:   added pipe (cannot be applied: it is a pipe)\n"
               "boundary-ns:   removed gone\n"
               "boundary-ns:   mode changed /p\n");
    /* With more than one tree a path must say which. */
    add_tree(&f.review, "/q");
    g_ptr_array_set_size(f.changes.list, 1);
    f.changes.n_marked = f.changes.n_conflicts = 0;
    f.changes.is_complete = false;
    check_text(&f, 20,
               "boundary-ns: to review: 1 added; and more\n"
               "boundary-ns:   added /p/d/\n");
    fixture_clear(&f);
}

/* What is marked is not crowded out by what is not, nor without a limit of its own. */
static void
test_limits(void)
{
    Fixture f;

    fixture_init(&f);
    add_change(&f.changes, BNS_CHANGE_ADDED, "a");
    add_change(&f.changes, BNS_CHANGE_ADDED, "b");
    for (int i = 0; i < 6; i++)
        add_change(&f.changes, BNS_CHANGE_CHANGED, "m")->why = "w";
    f.changes.n_marked = 6;
    check_text(&f, 1,
               "boundary-ns: to review: 2 added, 6 changed; 6 of them run or obeyed "
               "outside\n"
               "boundary-ns: ! changed m: w\n"
               "boundary-ns: ! changed m: w\n"
               "boundary-ns: ! changed m: w\n"
               "boundary-ns: ! changed m: w\n"
               "boundary-ns: ! changed m: w\n"
               "boundary-ns: and 1 more of these\n"
               "boundary-ns: and 2 more\n");
    fixture_clear(&f);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    bns_test_add("/sandbox/review-text/only-whole-words-are-answers", test_answers);
    bns_test_add("/sandbox/review-text/what-was-changed-and-how", test_kinds);
    bns_test_add("/sandbox/review-text/marked-ones-come-first", test_limits);
    return g_test_run();
}
