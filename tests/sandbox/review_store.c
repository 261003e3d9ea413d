/* SPDX-License-Identifier: Apache-2.0 */
/* A review survives its session, and goes away as a whole. */
#include "sandbox/review_store.h"

#include "sandbox/review_forget.h"
#include "sandbox/review_remove.h"
#include "tests/sandbox/review_fixture.h"
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static BnsReview *
create(const char *session, const char *const *command, const char *tree)
{
    const char *const trees[] = { tree, NULL };
    const char *const hidden[] = { "/t/a", "/t/b;\n/c", NULL };
    const BnsReviewStart start = { .session = session,
                                   .workdir = tree,
                                   .command = command,
                                   .audit_path = "/a/b.jsonl",
                                   .trees = trees,
                                   .hidden = hidden };
    g_autoptr(GError) error = NULL;
    BnsReview *review = bns_review_create(&start, &error);

    g_assert_no_error(error);
    return review;
}

static void
check_refused(const char *prefix, BnsReviewError code)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(bns_review_open(prefix, &error));
    g_assert_error(error, BNS_REVIEW_ERROR, (int)code);
}

static void
check_mode(const char *path, mode_t mode)
{
    struct stat info;

    g_assert_cmpint(lstat(path, &info), ==, 0);
    g_assert_cmphex(info.st_mode & 07777, ==, mode);
    g_assert_cmpuint(info.st_uid, ==, getuid());
}

#define FIRST  "11111111-1111-4111-8111-111111111111"
#define SECOND "12222222-2222-4222-8222-222222222222"

static void
test_read_back(void)
{
    const char *const command[] = { "a;b", "\xff\n", "--token=x", "", NULL };
    BnsReviewFixture fixture;
    g_autofree char *tree = NULL;
    g_autofree char *upper = NULL;
    BnsReview *review, *again;
    const BnsReviewTree *kept;
    struct stat info;
    int64_t born_ns;

    bns_review_fixture_init(&fixture);
    tree = g_build_filename(fixture.root, "t;\xe9 \\=\n", NULL);
    g_assert_cmpint(g_mkdir(tree, 0750), ==, 0);
    review = create(FIRST, command, tree);
    check_mode(review->path, 0700);
    upper = bns_review_upper_path(review, 0);
    check_mode(upper, 0750);
    check_refused(FIRST, BNS_REVIEW_ERROR_BUSY);
    check_refused(NULL, BNS_REVIEW_ERROR_NONE);
    born_ns = ((BnsReviewTree *)review->trees->pdata[0])->born_ns;
    bns_review_free(review);
    again = bns_review_open("1111", NULL);
    g_assert_nonnull(again);
    g_assert_cmpstr(again->session, ==, FIRST);
    g_assert_cmpuint(g_strv_length(again->command), ==, 4);
    g_assert_cmpstr(again->command[0], ==, "a;b");
    g_assert_cmpstr(again->command[1], ==, "\xff\n");
    g_assert_cmpstr(again->command[2], ==, "--token=***");
    g_assert_cmpstr(again->command[3], ==, "");
    g_assert_cmpstr(again->workdir, ==, tree);
    g_assert_cmpstr(again->audit_path, ==, "/a/b.jsonl");
    g_assert_cmpuint(again->trees->len, ==, 1);
    g_assert_cmpuint(g_strv_length(again->hidden), ==, 2);
    g_assert_cmpstr(again->hidden[1], ==, "/t/b;\n/c");
    kept = again->trees->pdata[0];
    g_assert_cmpstr(kept->path, ==, tree);
    g_assert_cmpint(stat(tree, &info), ==, 0);
    g_assert_cmpuint(kept->inode, ==, info.st_ino);
    g_assert_cmpuint(kept->device, ==, info.st_dev);
    g_assert_cmpint(kept->born_ns, ==, born_ns);
    bns_review_free(again);
    bns_review_fixture_clear(&fixture);
}

static void
test_hidden(void)
{
    static const struct {
        const char *path;
        bool is_hidden, has_hidden;
    } cases[] = {
        { "/t/a", true, true },        { "/t/a/below", true, true },
        { "/t/ab", false, false },     { "/t", false, true },
        { "/t/b;\n", false, true },    { "/t/b;\n/c", true, true },
        { "/t/b;\n/d", false, false },
    };
    const char *const command[] = { "true", NULL };
    BnsReviewFixture fixture;
    BnsReview *review;

    bns_review_fixture_init(&fixture);
    review = create(FIRST, command, fixture.tree);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].path);
        g_assert_true(bns_review_hides(review, cases[i].path) == cases[i].is_hidden);
        g_assert_true(bns_review_hides_within(review, cases[i].path) ==
                      cases[i].has_hidden);
    }
    bns_review_free(review);
    bns_review_fixture_clear(&fixture);
}

static void
test_choice(void)
{
    const char *const command[] = { "true", NULL };
    BnsReviewFixture fixture;
    g_autoptr(GPtrArray) list = NULL;
    BnsReview *first, *second, *found;

    bns_review_fixture_init(&fixture);
    check_refused(NULL, BNS_REVIEW_ERROR_NONE);
    list = bns_review_list(NULL);
    g_assert_cmpuint(list->len, ==, 0);
    first = create(FIRST, command, fixture.tree);
    second = create(SECOND, command, fixture.tree);
    g_clear_pointer(&list, g_ptr_array_unref);
    list = bns_review_list(NULL);
    g_assert_cmpuint(list->len, ==, 2);
    g_assert_true(((BnsReview *)list->pdata[0])->is_live);
    bns_review_free(first);
    check_refused("1", BNS_REVIEW_ERROR_NONE);
    check_refused("", BNS_REVIEW_ERROR_NONE);
    check_refused("../1", BNS_REVIEW_ERROR_NONE);
    check_refused("12", BNS_REVIEW_ERROR_BUSY);
    /* The newest is of a session that lives. */
    found = bns_review_open(NULL, NULL);
    g_assert_cmpstr(found->session, ==, FIRST);
    g_assert_true(bns_review_remove(found, NULL));
    bns_review_free(found);
    bns_review_free(second);
    found = bns_review_open("1", NULL);
    g_assert_cmpstr(found->session, ==, SECOND);
    bns_review_free(found);
    bns_review_fixture_clear(&fixture);
}

static void
test_halves(void)
{
    const char *const command[] = { "true", NULL };
    BnsReviewFixture fixture;
    g_autofree char *reviews = NULL;
    g_autofree char *names = NULL;
    g_autoptr(GPtrArray) list = NULL;

    bns_review_fixture_init(&fixture);
    bns_review_free(create(FIRST, command, fixture.tree));
    reviews = g_build_filename(fixture.root, "state/boundary-ns/review", NULL);
    bns_review_fixture_sh(reviews,
                          "mkdir -p .gone-x/0/upper/a .new-old .new-young " SECOND
                          " other; touch file; touch -d '2 minutes ago' .new-old");
    list = bns_review_list(NULL);
    g_assert_cmpuint(list->len, ==, 1);
    bns_review_free(
        create("33333333-3333-4333-8333-333333333333", command, fixture.tree));
    names = bns_review_fixture_output(reviews, "ls -A");
    g_assert_cmpstr(names, ==,
                    ".new-young\n" FIRST "\n" SECOND
                    "\n33333333-3333-4333-8333-333333333333\nfile\nother\n");
    bns_review_fixture_clear(&fixture);
}

static void
check_not_made(const BnsReviewStart *start, const char *reviews)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *names = NULL;

    g_assert_null(bns_review_create(start, &error));
    g_assert_error(error, BNS_REVIEW_ERROR, BNS_REVIEW_ERROR_FAILED);
    names = bns_review_fixture_output(reviews, "ls -A");
    g_assert_cmpstr(names, ==, "");
}

static void
test_refused_trees(void)
{
    const char *const command[] = { "true", NULL };
    BnsReviewFixture fixture;
    g_autofree char *reviews = NULL;
    const char *trees[] = { NULL, NULL };
    BnsReviewStart start = { .session = FIRST,
                             .workdir = "/",
                             .command = command,
                             .audit_path = "/a",
                             .trees = trees };
    g_autofree char *link = NULL;
    g_autofree char *file = NULL;

    bns_review_fixture_init(&fixture);
    reviews = g_build_filename(fixture.root, "state/boundary-ns/review", NULL);
    g_assert_cmpint(g_mkdir_with_parents(reviews, 0700), ==, 0);
    trees[0] = "/nowhere/at/all";
    check_not_made(&start, reviews);
    trees[0] = file = g_build_filename(fixture.tree, "f", NULL);
    g_assert_true(g_file_set_contents(file, "", 0, NULL));
    check_not_made(&start, reviews);
    trees[0] = link = g_build_filename(fixture.root, "l", NULL);
    g_assert_cmpint(symlink(fixture.tree, link), ==, 0);
    check_not_made(&start, reviews);
    /* It would hold its own upper. */
    trees[0] = fixture.root;
    check_not_made(&start, reviews);
    g_assert_cmpint(chmod(reviews, 0777), ==, 0);
    trees[0] = fixture.tree;
    check_not_made(&start, reviews);
    bns_review_fixture_clear(&fixture);
}

/* --- removal --- */

static void
test_removal(void)
{
    BnsReviewFixture fixture;
    g_autoptr(GError) error = NULL;
    g_autofree char *left = NULL;

    bns_review_fixture_init(&fixture);
    bns_review_fixture_sh(fixture.tree, "echo precious >f; mkdir d; echo x >d/x");
    bns_review_fixture_begin(&fixture);
    if (bns_review_fixture_run(&fixture,
                               "echo y >d/x; rm f; mkdir -p a/b/c; ln -s /etc a/b/l;"
                               "mkfifo a/p; echo z >a/b/c/z; chmod 0 a/b/c a/b;"
                               "chmod 0 a; chmod 0500 d")) {
        g_assert_true(bns_review_remove(fixture.review, &error));
        g_assert_no_error(error);
        left = bns_review_fixture_output(fixture.root, "ls -A state/boundary-ns/review;"
                                                       "cat tree/f tree/d/x");
        g_assert_cmpstr(left, ==, "precious\nx\n");
    }
    bns_review_fixture_clear(&fixture);
}

/* A directory for each level, deeper than a path is long or descriptors are many. */
static void
test_deep_removal(void)
{
    BnsReviewFixture fixture;
    int fd, root;

    bns_review_fixture_init(&fixture);
    root = fd = open(fixture.tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; i < 3000; i++) {
        int next;

        g_assert_cmpint(mkdirat(fd, "deep", 0700), ==, 0);
        next = openat(fd, "deep", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        g_assert_cmpint(next, >=, 0);
        if (i % 7 == 0)
            g_assert_cmpint(fchmod(fd, i % 2 == 0 ? 0 : 0500), ==, 0);
        if (fd != root)
            close(fd);
        fd = next;
    }
    close(fd);
    close(root);
    fd = open(fixture.root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    g_assert_cmpint(bns_review_remove_tree(fd, "tree"), ==, 0);
    g_assert_false(g_file_test(fixture.tree, G_FILE_TEST_EXISTS));
    g_assert_cmpint(bns_review_remove_tree(fd, "tree"), ==, 0);
    close(fd);
    bns_review_fixture_clear(&fixture);
}

/* What is done to a review that is not worked on any more, and whether it is forgotten. */
static void
test_forgotten(void)
{
    static const struct {
        const char *inside; /* by sh in its upper */
        bool is_live, is_forgotten;
    } cases[] = {
        { "true", false, true },
        { "echo 1 >f; rm f", false, true },
        { "true", true, false },
        { "echo 1 >f", false, false },
        { "mkdir d", false, false },
        { "chmod 700 .", false, false },
        { "rmdir ../upper", false, false },
    };
    const char *const command[] = { "true", NULL };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        BnsReviewFixture fixture;
        g_autofree char *upper = NULL;
        g_autoptr(BnsReview) review = NULL;
        g_autoptr(GPtrArray) left = NULL;

        g_test_message("%s", cases[i].inside);
        bns_review_fixture_init(&fixture);
        g_assert_cmpint(g_chmod(fixture.tree, 0755), ==, 0);
        review = create(FIRST, command, fixture.tree);
        upper = bns_review_upper_path(review, 0);
        bns_review_fixture_sh(upper, cases[i].inside);
        if (!cases[i].is_live)
            g_clear_pointer(&review, bns_review_free);
        bns_review_forget_empty();
        left = bns_review_list(NULL);
        g_assert_cmpuint(left->len, ==, cases[i].is_forgotten ? 0 : 1);
        bns_review_fixture_clear(&fixture);
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    bns_test_add("/sandbox/review-store/is-read-back-by-another", test_read_back);
    bns_test_add("/sandbox/review-store/is-chosen-by-prefix-or-age", test_choice);
    bns_test_add("/sandbox/review-store/knows-what-was-not-seen", test_hidden);
    bns_test_add("/sandbox/review-store/halves-are-swept", test_halves);
    bns_test_add("/sandbox/review-store/what-holds-nothing-is-forgotten",
                 test_forgotten);
    bns_test_add("/sandbox/review-store/what-cannot-be-a-tree-is-refused",
                 test_refused_trees);
    bns_test_add("/sandbox/review-store/whatever-was-made-is-removed", test_removal);
    bns_test_add("/sandbox/review-store/however-deep-it-is-removed", test_deep_removal);
    return g_test_run();
}
