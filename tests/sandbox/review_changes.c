/* SPDX-License-Identifier: Apache-2.0 */
/* What a session changed is told from what it only touched, and from the host's changes. */
#include "sandbox/review_changes.h"

#include "base/fd.h"
#include "tests/sandbox/review_fixture.h"
#include "tests/support/test.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

typedef struct {
    const char *name;
    const char *before;    /* on the host, by sh in the tree */
    const char *inside;    /* by sh in the overlay */
    const char *meanwhile; /* on the host */
    const char *changes;   /* "KIND TYPE PATH[ FLAGS]\n" */
} Case;

static const Case cases[] = {
    { "nothing-is-nothing", "echo 1 >f", "cat f >/dev/null", "", "" },
    { "a-file-is-added", "", "echo 1 >f", "", "added f f\n" },
    { "a-file-is-changed", "echo 1 >f", "echo 2 >f", "", "changed f f\n" },
    { "of-another-length-is-changed", "echo 1 >f", "echo 22 >f", "", "changed f f\n" },
    { "the-same-content-is-no-change", "echo 1 >f", "touch f; echo 1 >f", "", "" },
    { "a-mode-is-a-change", "echo 1 >f; chmod 600 f", "chmod 644 f", "", "mode f f\n" },
    { "a-mode-there-and-back-is-none", "echo 1 >f", "chmod 600 f; chmod 644 f", "",
      "" },
    { "a-setuid-bit-is-none", "echo 1 >f", "chmod 4644 f || true; echo 1 >f", "", "" },
    { "a-file-is-removed", "echo 1 >f", "rm f", "", "removed f f\n" },
    { "a-file-that-came-and-went-is-none", "", "echo 1 >f; rm f", "", "" },
    { "a-file-is-removed-on-both-sides", "echo 1 >f", "rm f", "rm f", "" },
    { "a-directory-is-removed", "mkdir -p d/e; echo 1 >d/e/f", "rm -r d", "",
      "removed d d\n" },
    { "a-directory-is-made-again", "mkdir d; echo 1 >d/f; echo 2 >d/g",
      "rm -r d; mkdir d; echo 1 >d/f; echo 3 >d/h", "",
      "removed f d/g\nadded f d/h\n" },
    { "all-below-a-directory-made-again-is-hidden", "mkdir -p d/e/g; echo 1 >d/e/g/f",
      "rm -r d; mkdir -p d/e; echo 1 >d/e/f", "", "added f d/e/f\nremoved d d/e/g\n" },
    { "a-directory-is-added", "", "mkdir -p d/e; echo 1 >d/f", "",
      "added d d\nadded d d/e\nadded f d/f\n" },
    { "a-file-becomes-a-directory", "echo 1 >f", "rm f; mkdir f; echo 1 >f/g", "",
      "replaced d f\nadded f f/g\n" },
    { "a-directory-becomes-a-file", "mkdir d; echo 1 >d/f", "rm -r d; echo 1 >d", "",
      "replaced f d\n" },
    { "a-directory-becomes-a-link", "mkdir d; echo 1 >d/f", "rm -r d; ln -s / d", "",
      "replaced l d\n" },
    { "a-link-is-added-and-not-followed", "mkdir d; echo 1 >d/f", "ln -s d l", "",
      "added l l\n" },
    { "a-link-leads-elsewhere", "ln -s a l", "ln -sfn b l", "", "changed l l\n" },
    { "a-link-leads-to-the-same", "ln -s a l", "ln -sfn a l", "", "" },
    { "a-file-is-renamed", "echo 1 >f", "mv f g", "", "removed f f\nadded f g\n" },
    { "a-directory-is-moved", "mkdir d; echo 1 >d/f", "mv d e", "",
      "removed d d\nadded d e\nadded f e/f\n" },
    { "modes-of-directories-are-changes", "mkdir d", "chmod 700 d", "", "mode d d\n" },
    { "the-mode-of-the-tree-is-one", "", "chmod 700 .", "", "mode d \n" },
    { "what-is-locked-is-looked-into", "echo 1 >f; mkdir -p d/e; echo 1 >d/e/f",
      "echo 2 >d/e/f; chmod 0 d/e/f d/e d f; chmod 0 .", "",
      "mode d \nmode d d\nmode d d/e\nchanged f d/e/f\nmode f f\n" },
    { "pipes-and-sockets-are-not-opened", "", "mkfifo p; mkfifo -m 0 q", "",
      "added p p obstacle\nadded p q obstacle\n" },
    { "a-pipe-in-place-of-a-file", "echo 1 >f", "rm f; mkfifo f", "",
      "replaced p f obstacle\n" },
    { "hard-links-are-files", "echo 1 >f", "ln f g; echo 2 >f", "",
      "changed f f\nadded f g\n" },

    { "a-change-on-both-sides-is-a-conflict", "echo 1 >f", "echo 2 >f", "echo 3 >f",
      "changed f f conflict\n" },
    { "the-same-change-on-both-sides-is-none", "echo 1 >f", "echo 2 >f", "echo 2 >f",
      "" },
    { "a-touch-of-the-host's-is-a-conflict", "echo 1 >f", "echo 2 >f",
      "touch -d 2001-01-01 f", "changed f f conflict\n" },
    { "both-added-is-a-conflict", "", "echo 2 >f", "echo 3 >f",
      "changed f f conflict\n" },
    { "removed-here-changed-there", "echo 1 >f", "rm f", "echo 2 >f",
      "removed f f conflict\n" },
    { "changed-here-removed-there", "echo 1 >f", "echo 2 >f", "rm f",
      "added f f conflict\n" },
    { "renamed-here-and-others-changed-there-is-in-doubt", "echo 1 >f", "mv f g",
      "echo 1 >h", "removed f f\nadded f g conflict\n" },
    { "added-here-and-others-there", "", "echo 1 >f", "echo 1 >g", "added f f\n" },
    { "a-removed-directory-in-which-something-came", "mkdir -p d/e", "rm -r d",
      "echo 1 >d/e/f", "removed d d conflict\n" },
    { "a-directory-made-again-in-which-something-came", "mkdir d; echo 1 >d/f",
      "rm -r d; mkdir d", "echo 1 >d/g", "removed f d/f\nremoved f d/g conflict\n" },
    { "a-directory-made-on-both-sides", "", "mkdir d; echo 1 >d/f",
      "mkdir d; echo 1 >d/g", "added f d/f\n" },
    { "a-directory-here-a-link-there", "mkdir d", "echo 1 >d/f", "rmdir d; ln -s / d",
      "replaced d d conflict\nadded f d/f\n" },
    { "a-directory-that-went-away", "mkdir d; echo 1 >d/f", "echo 2 >d/f", "rm -r d",
      "added d d conflict\nadded f d/f conflict\n" },
    { "what-the-host-did-alone-is-none", "echo 1 >f", "echo 1 >g", "echo 2 >f; rm f",
      "added f g\n" },

    { "hooks-are-marked", "mkdir -p .git/hooks",
      "echo 1 >.git/hooks/a; echo 1 >.git/hooks/b.sample", "",
      "added f .git/hooks/a git runs it\nadded f .git/hooks/b.sample\n" },
    { "hooks-that-the-settings-name-are-marked",
      "mkdir .git t; echo '[core] hooksPath = t' >.git/config; echo 1 >t/a",
      "echo 2 >t/a; echo 1 >t/b.sample", "",
      "changed f t/a hooks by core.hooksPath\nadded f t/b.sample\n" },
    { "a-makefile-deep-down-is-marked", "mkdir -p a/b", "echo 1 >a/b/Makefile", "",
      "added f a/b/Makefile make runs it\n" },
    { "of-git's-settings-those-of-programs-are", "mkdir .git; echo '[a]' >.git/config",
      "printf '[user]\\nname=x\\n' >.git/config", "", "changed f .git/config\n" },
    { "and-these-are", "mkdir .git; echo '[a]' >.git/config",
      "printf '[core]\\nfsmonitor=x\\n' >.git/config", "",
      "changed f .git/config git runs what some keys name\n" },
    { "a-head-that-makes-a-repository-is-marked", "mkdir a b",
      "echo 'ref: x' >a/HEAD; echo x >b/HEAD", "",
      "added f a/HEAD git takes its directory for a repository\nadded f b/HEAD\n" },
    { "a-link-for-what-is-run-is-marked", "", "ln -s /tmp/x .envrc", "",
      "added l .envrc direnv runs it\n" },
    { "a-link-on-the-way-is-marked", "mkdir a", "mkdir x; ln -s ../x a/.github", "",
      "added l a/.github a link on the way to what the host executes\nadded d x\n" },
    { "a-removal-is-marked", "mkdir -p .claude; echo 1 >.claude/settings.json",
      "rm .claude/settings.json", "",
      "removed f .claude/settings.json hooks and permissions of an agent\n" },
};

static char
letter_of(mode_t mode)
{
    return S_ISREG(mode) ? 'f' : S_ISDIR(mode) ? 'd' : S_ISLNK(mode) ? 'l' : 'p';
}

static char *
describe(const BnsReviewChanges *changes)
{
    static const char *const kinds[] = {
        [BNS_CHANGE_ADDED] = "added",     [BNS_CHANGE_CHANGED] = "changed",
        [BNS_CHANGE_REMOVED] = "removed", [BNS_CHANGE_REPLACED] = "replaced",
        [BNS_CHANGE_MODE] = "mode",
    };
    GString *text = g_string_new("");

    for (guint i = 0; i < changes->list->len; i++) {
        const BnsChange *change = changes->list->pdata[i];
        mode_t mode = change->kind == BNS_CHANGE_REMOVED ? change->lower.st_mode
                                                         : change->upper.st_mode;

        g_string_append_printf(
            text, "%s %c %s%s%s%s%s\n", kinds[change->kind], letter_of(mode),
            change->path, change->is_conflict ? " conflict" : "",
            change->obstacle != NULL ? " obstacle" : "", change->why != NULL ? " " : "",
            change->why != NULL ? change->why : "");
    }
    return g_string_free(text, FALSE);
}

static char *
look(const BnsReview *review)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsReviewChanges) changes = bns_review_changes(review, &error);

    g_assert_no_error(error);
    g_assert_true(changes->is_complete);
    return describe(changes);
}

static void
test_case(gconstpointer data)
{
    const Case *test = data;
    BnsReviewFixture fixture;

    bns_review_fixture_init(&fixture);
    bns_review_fixture_sh(fixture.tree, test->before);
    bns_review_fixture_begin(&fixture);
    if (bns_review_fixture_run(&fixture, test->inside)) {
        g_autofree char *first = NULL;
        g_autofree char *again = NULL;

        bns_review_fixture_sh(fixture.tree, test->meanwhile);
        first = look(fixture.review);
        g_assert_cmpstr(first, ==, test->changes);
        /* What was unlocked to look into it is told as it was. */
        again = look(fixture.review);
        g_assert_cmpstr(again, ==, test->changes);
    }
    bns_review_fixture_clear(&fixture);
}

/* --- what no session of ours leaves --- */

static void
check_refused(BnsReviewFixture *fixture, const char *expected)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(bns_review_changes(fixture->review, &error));
    g_assert_error(error, BNS_REVIEW_ERROR, BNS_REVIEW_ERROR_FAILED);
    if (strstr(error->message, expected) == NULL)
        g_error("\"%s\" is not in: %s", expected, error->message);
}

static void
test_redirect(void)
{
    static const char *const names[] = { "user.overlay.redirect",
                                         "user.overlay.metacopy" };
    BnsReviewFixture fixture;
    g_autofree char *path = NULL;

    bns_review_fixture_init(&fixture);
    bns_review_fixture_begin(&fixture);
    path = g_build_filename(fixture.upper, "d", NULL);
    g_assert_cmpint(g_mkdir(path, 0755), ==, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_assert_cmpint(setxattr(path, names[i], "/etc", 4, 0), ==, 0);
        check_refused(&fixture, "lie elsewhere");
        g_assert_cmpint(removexattr(path, names[i]), ==, 0);
    }
    bns_review_fixture_clear(&fixture);
}

static void
test_whiteout_by_attribute(void)
{
    BnsReviewFixture fixture;
    g_autofree char *path = NULL;
    g_autofree char *text = NULL;

    bns_review_fixture_init(&fixture);
    bns_review_fixture_sh(fixture.tree, "echo 1 >f");
    bns_review_fixture_begin(&fixture);
    path = g_build_filename(fixture.upper, "f", NULL);
    g_assert_true(g_file_set_contents(path, "", 0, NULL));
    g_assert_cmpint(setxattr(path, "user.overlay.whiteout", "y", 1, 0), ==, 0);
    text = look(fixture.review);
    g_assert_cmpstr(text, ==, "removed f f\n");
    bns_review_fixture_clear(&fixture);
}

static void
test_other_tree(void)
{
    BnsReviewFixture fixture;
    BnsReviewTree *tree;
    g_autofree char *text = NULL;

    bns_review_fixture_init(&fixture);
    bns_review_fixture_begin(&fixture);
    bns_review_fixture_sh(fixture.root, "mv tree old; mkdir tree");
    check_refused(&fixture, "another directory");
    bns_review_fixture_sh(fixture.root, "rmdir tree; ln -s old tree");
    check_refused(&fixture, "Too many levels");
    bns_review_fixture_sh(fixture.root, "rm tree");
    check_refused(&fixture, "No such file");
    bns_review_fixture_sh(fixture.root, "mv old tree");
    text = look(fixture.review);
    g_assert_cmpstr(text, ==, "");
    /* As after another start of the machine. */
    tree = fixture.review->trees->pdata[0];
    tree->device++;
    if (tree->born_ns != 0) {
        g_autofree char *again = look(fixture.review);

        g_assert_cmpstr(again, ==, "");
    }
    tree->born_ns++;
    check_refused(&fixture, "another directory");
    bns_review_fixture_clear(&fixture);
}

/* Deeper than we hold descriptors for. */
static void
test_depth(void)
{
    BnsReviewFixture fixture;
    g_autoptr(GString) path = g_string_new("");
    g_autoptr(BnsReviewChanges) changes = NULL;
    const BnsChange *last;

    bns_review_fixture_init(&fixture);
    bns_review_fixture_begin(&fixture);
    for (int i = 0; i < BNS_REVIEW_DEPTH_MAX + 50; i++)
        g_string_append(path, "d/");
    g_string_prepend(path, "/");
    g_string_prepend(path, fixture.upper);
    g_assert_cmpint(g_mkdir_with_parents(path->str, 0755), ==, 0);
    changes = bns_review_changes(fixture.review, NULL);
    g_assert_nonnull(changes);
    g_assert_true(changes->is_complete);
    g_assert_cmpuint(changes->list->len, ==, BNS_REVIEW_DEPTH_MAX);
    last = changes->list->pdata[changes->list->len - 1];
    g_assert_cmpstr(last->obstacle, ==, "it lies too deep");
    g_clear_pointer(&changes, bns_review_changes_free);
    bns_review_fixture_clear(&fixture);
}

/* Long ones, of which a million would take gigabytes. */
static void
test_long_paths(void)
{
    enum {
        NAME_CHARS = 240,
        LEVELS = 8
    };
    const guint n =
        BNS_REVIEW_PATHS_BYTES_MAX / ((NAME_CHARS + 1) * (LEVELS + 1)) + 100;
    g_autofree char *name = g_strnfill(NAME_CHARS, 'n');
    BnsReviewFixture fixture;
    g_autoptr(BnsReviewChanges) changes = NULL;
    bns_autofd fd = -1;

    bns_review_fixture_init(&fixture);
    bns_review_fixture_begin(&fixture);
    fd = open(fixture.upper, O_PATH | O_CLOEXEC);
    for (int i = 0; i < LEVELS; i++) {
        int below;

        g_assert_cmpint(mkdirat(fd, name, 0755), ==, 0);
        below = openat(fd, name, O_PATH | O_CLOEXEC);
        close(fd);
        fd = below;
    }
    for (guint i = 0; i < n; i++) {
        char file[NAME_CHARS + 1];

        g_snprintf(file, sizeof(file), "%0*u", NAME_CHARS, i);
        g_assert_cmpint(symlinkat("x", fd, file), ==, 0);
    }
    changes = bns_review_changes(fixture.review, NULL);
    g_assert_nonnull(changes);
    g_assert_false(changes->is_complete);
    g_assert_cmpuint(changes->list->len, >, n / 2);
    g_assert_cmpuint(changes->list->len, <, n + LEVELS);
    g_clear_pointer(&changes, bns_review_changes_free);
    bns_review_fixture_clear(&fixture);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path =
            g_strconcat("/sandbox/review-changes/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_case);
    }
    bns_test_add("/sandbox/review-changes/what-lies-elsewhere-is-refused",
                 test_redirect);
    bns_test_add("/sandbox/review-changes/a-whiteout-may-be-an-attribute",
                 test_whiteout_by_attribute);
    bns_test_add("/sandbox/review-changes/another-tree-is-refused", test_other_tree);
    bns_test_add("/sandbox/review-changes/what-lies-too-deep-is-said", test_depth);
    bns_test_add("/sandbox/review-changes/long-paths-are-too-many-sooner",
                 test_long_paths);
    return g_test_run();
}
