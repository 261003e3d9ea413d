/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of a session arrive in the tree, and nowhere else; a kill loses none. */
#include "sandbox/review_apply.h"

#include "tests/sandbox/review_fixture.h"
#include "tests/support/test.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

/* --- a death at each step: these take the place of libc's in this program --- */

static int steps_left = -1; /* -1: no death */

static void
step(void)
{
    if (steps_left == 0)
        kill(getpid(), SIGKILL);
    if (steps_left > 0)
        steps_left--;
}

#define STEP(call)                                                                     \
    long r;                                                                            \
    step();                                                                            \
    r = call;                                                                          \
    step();                                                                            \
    return (int)r

int
renameat2(int a, const char *from, int b, const char *to, unsigned flags)
{
    STEP(syscall(SYS_renameat2, a, from, b, to, flags));
}

int
unlinkat(int dir, const char *name, int flags)
{
    STEP(syscall(SYS_unlinkat, dir, name, flags));
}

int
mkdirat(int dir, const char *name, mode_t mode)
{
    STEP(syscall(SYS_mkdirat, dir, name, mode));
}

int
symlinkat(const char *target, int dir, const char *name)
{
    STEP(syscall(SYS_symlinkat, target, dir, name));
}

int
linkat(int a, const char *from, int b, const char *to, int flags)
{
    STEP(syscall(SYS_linkat, a, from, b, to, flags));
}

int
fremovexattr(int fd, const char *name)
{
    STEP(syscall(SYS_fremovexattr, fd, name));
}

int
lremovexattr(const char *path, const char *name)
{
    STEP(syscall(SYS_lremovexattr, path, name));
}

int
fchmod(int fd, mode_t mode)
{
    STEP(syscall(SYS_fchmod, fd, mode));
}

/* --- what arrives --- */

typedef struct {
    const char *name;
    const char *before;    /* on the host, by sh in the tree */
    const char *inside;    /* by sh in the overlay */
    const char *meanwhile; /* on the host */
    bool is_forced;
    const char *paths[3];
    const char *after; /* LIST's, sorted */
    const char *kept;  /* of each its end, after the tree's path */
} Case;

#define LIST                                                                           \
    "LC_ALL=C; export LC_ALL; find . -mindepth 1 -type f -printf '%P %m ' -exec cat "  \
    "{} ';' -o -mindepth 1 -type l -printf '%P -> %l\\n' -o -mindepth 1 -printf "      \
    "'%P %m %y\\n' | sort"

static const Case cases[] = {
    { "files",
      "echo 1 >a; echo 1 >b; echo 1 >c",
      "echo 2 >a; rm b; echo 2 >d; chmod 755 c",
      "",
      false,
      { 0 },
      "a 644 2\nc 755 1\nd 644 2\n",
      "" },
    { "directories",
      "mkdir -p d/e; echo 1 >d/e/f",
      "rm -r d; mkdir -p n/m; echo 2 >n/m/f; chmod 700 n/m; chmod 500 n",
      "",
      false,
      { 0 },
      "n 500 d\nn/m 700 d\nn/m/f 644 2\n",
      "" },
    { "a-directory-made-again",
      "mkdir -p d/e/g; echo 1 >d/f; echo 1 >d/e/g/h",
      "rm -r d; mkdir -p d/e; echo 2 >d/n; echo 2 >d/e/f",
      "",
      false,
      { 0 },
      "d 755 d\nd/e 755 d\nd/e/f 644 2\nd/n 644 2\n",
      "" },
    { "types",
      "echo 1 >f; mkdir d; echo 1 >d/f; ln -s f l; mkdir e",
      "rm f; mkdir f; echo 2 >f/g; rm -r d; ln -s / d; rm l; echo 2 >l; rmdir e; echo "
      "2 >e",
      "",
      false,
      { 0 },
      "d -> /\ne 644 2\nf 755 d\nf/g 644 2\nl 644 2\n",
      "" },
    { "links",
      "ln -s a l",
      "ln -sfn b l; ln -s /etc/passwd m",
      "",
      false,
      { 0 },
      "l -> b\nm -> /etc/passwd\n",
      "" },
    { "renames",
      "echo 1 >f; mkdir d; echo 2 >d/f",
      "mv f g; mv d e",
      "",
      false,
      { 0 },
      "e 755 d\ne/f 644 2\ng 644 1\n",
      "" },
    { "modes-of-the-tree-and-below",
      "mkdir d; echo 1 >d/f",
      "chmod 750 d; chmod 600 d/f",
      "",
      false,
      { 0 },
      "d 750 d\nd/f 600 1\n",
      "" },
    { "bits-for-others-do-not-come",
      "echo 1 >f; chmod 755 f",
      "echo 2 >f; chmod 6755 f; echo 2 >g; chmod 4711 g; mkdir d; chmod 3777 d",
      "",
      false,
      { 0 },
      "d 777 d\nf 755 2\ng 711 2\n",
      "" },
    { "pipes-stay",
      "echo 1 >f",
      "mkfifo p; mkdir d; mkfifo d/q; echo 2 >f",
      "",
      false,
      { 0 },
      "d 755 d\nf 644 2\n",
      "d/q: it is a pipe\np: it is a pipe\n" },
    { "what-the-host-changed-stays",
      "echo 1 >f; echo 1 >g; echo 1 >h; mkdir d",
      "echo 2 >f; rm g; echo 2 >h; rmdir d; echo 2 >i",
      "echo 3 >f; echo 3 >g; rm h; echo 3 >d/n",
      false,
      { 0 },
      "d 755 d\nd/n 644 3\nf 644 3\ng 644 3\ni 644 2\n",
      "d: it was changed on the host, too\nf: it was changed on the host, too\n"
      "g: it was changed on the host, too\nh: it was changed on the host, too\n" },
    { "unless-it-is-forced",
      "echo 1 >f; echo 1 >g; echo 1 >h; mkdir d",
      "echo 2 >f; rm g; echo 2 >h; rmdir d; echo 2 >i",
      "echo 3 >f; echo 3 >g; rm h; echo 3 >d/n",
      true,
      { 0 },
      "f 644 2\nh 644 2\ni 644 2\n",
      "" },
    { "a-new-directory-beside-the-host's",
      "",
      "mkdir d; echo 2 >d/f",
      "mkdir d; echo 3 >d/g",
      false,
      { 0 },
      "d 755 d\nd/f 644 2\nd/g 644 3\n",
      "" },
    { "through-no-link-of-the-host's",
      "mkdir d; echo 1 >d/f",
      "echo 2 >d/f; echo 2 >d/g",
      "mv d ../d; ln -s ../d d",
      false,
      { 0 },
      "d -> ../d\n",
      "d: it was changed on the host, too\n"
      "d/f: it was changed on the host, too\nd/g: its directory is not there\n" },
    { "through-none-even-by-force",
      "mkdir -p d/e; echo 1 >d/f",
      "echo 2 >d/e/g",
      "mv d ../d; ln -s ../d d; echo 3 >../d/e/h",
      true,
      { 0 },
      "d 755 d\nd/e 755 d\nd/e/g 644 2\n",
      "" },
    { "a-link-of-the-command's-is-followed-by-nobody",
      "mkdir a; echo 1 >a/f",
      "rm -r a; ln -s ../state a",
      "",
      false,
      { 0 },
      "a -> ../state\n",
      "" },
    { "only-what-is-named",
      "mkdir d; echo 1 >d/f; echo 1 >f",
      "echo 2 >d/f; echo 2 >f; echo 2 >df",
      "",
      false,
      { "d" },
      "d 755 d\nd/f 644 2\nf 644 1\n",
      "" },
    { "what-is-named-comes-with-its-directories",
      "",
      "mkdir -p d/e; echo 2 >d/e/f; echo 2 >d/g; chmod 700 d",
      "",
      false,
      { "./d/e/../e/f" },
      "d 700 d\nd/e 755 d\nd/e/f 644 2\n",
      "" },
    { "part-of-a-directory-made-again",
      "mkdir d; echo 1 >d/a; echo 1 >d/b; echo 1 >d/c",
      "rm -r d; mkdir d; echo 2 >d/a; echo 2 >d/n",
      "",
      false,
      { "d/a", "d/b" },
      "d 755 d\nd/a 644 2\nd/c 644 1\n",
      "" },
    { "odd-names",
      "",
      "printf 2 >'a\nb'; echo 2 >'-rf'; echo 2 >'*'; echo 2 >\"$(printf '\\377')\"",
      "",
      false,
      { 0 },
      "* 644 2\n-rf 644 2\na\nb 644 2\n\xff 644 2\n",
      "" },
};

static char *
describe_kept(const BnsReviewFixture *fixture, const BnsReviewApplied *applied)
{
    GString *text = g_string_new("");

    for (guint i = 0; i < applied->kept->len; i++) {
        const char *line = applied->kept->pdata[i];

        g_assert_true(g_str_has_prefix(line, fixture->tree));
        g_string_append_printf(text, "%s\n", line + strlen(fixture->tree) + 1);
    }
    return g_string_free(text, FALSE);
}

static BnsReviewApplied *
apply(BnsReviewFixture *fixture, bool is_forced, const char *const *paths)
{
    const BnsReviewApply options = { .paths = paths, .is_forced = is_forced };
    g_autoptr(GError) error = NULL;
    BnsReviewApplied *applied = bns_review_apply(fixture->review, &options, &error);

    g_assert_no_error(error);
    return applied;
}

static void
check_rest(BnsReviewFixture *fixture, const BnsReviewApplied *applied)
{
    g_autoptr(BnsReviewChanges) left = bns_review_changes(fixture->review, NULL);

    g_assert_nonnull(left);
    g_assert_true(bns_review_is_done(applied) == (left->list->len == 0));
    g_assert_cmpuint(left->list->len, ==, applied->kept->len + applied->n_passed_over);
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
        g_autoptr(BnsReviewApplied) applied = NULL;
        g_autofree char *after = NULL;
        g_autofree char *kept = NULL;

        bns_review_fixture_sh(fixture.tree, test->meanwhile);
        applied = apply(&fixture, test->is_forced, test->paths);
        after = bns_review_fixture_output(fixture.tree, LIST);
        kept = describe_kept(&fixture, applied);
        g_assert_cmpstr(after, ==, test->after);
        g_assert_cmpstr(kept, ==, test->kept);
        check_rest(&fixture, applied);
    }
    bns_review_fixture_clear(&fixture);
}

/* --- in two halves --- */

#define KILLED_BEFORE                                                                  \
    "echo 1 >a; mkdir -p d/e o/p/q r; echo 1 >d/f; echo 1 >d/e/g; echo 1 >o/x;"        \
    "echo 1 >o/p/q/y; ln -s a l; echo 1 >r/s; echo 1 >t"
#define KILLED_INSIDE                                                                  \
    "echo 2 >a; rm -r d; echo 2 >d; rm -r o; mkdir -p o/p; echo 2 >o/x; echo 2 "       \
    ">o/p/z;"                                                                          \
    "ln -sfn b l; mkdir -p n/m; echo 2 >n/m/k; ln n/m/k n/h; chmod 500 n; mv r/s r/v;" \
    "chmod 600 a; chmod 700 r; rm l; mkdir l; rm t; echo 2 >n2"
#define KILLED_AFTER                                                                   \
    "a 600 2\nd 644 2\nl 755 d\nn 500 d\nn/h 644 2\nn/m 755 d\nn/m/k 644 2\n"          \
    "n2 644 2\no 755 d\no/p 755 d\no/p/z 644 2\no/x 644 2\nr 700 d\nr/v 644 1\n"

/* One try takes a third of a second. Before and after each call there is one. */
#define STRIDE 5

/* Returns: whether it died before it was done. */
static bool
apply_and_die(BnsReviewFixture *fixture, int steps)
{
    int status;
    pid_t pid = fork();

    g_assert_cmpint(pid, >=, 0);
    if (pid == 0) {
        BnsReviewApplied *applied;

        steps_left = steps;
        applied = apply(fixture, false, NULL);
        _exit(applied->kept->len == 0 ? 0 : 1);
    }
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        return true;
    g_assert_cmpint(status, ==, 0);
    return false;
}

static void
test_killed(void)
{
    bool has_died = true;
    int steps;
    int stride = g_strcmp0(g_getenv("BNS_FAULTS"), "all") == 0 ? 1 : STRIDE;

    for (steps = 0; has_died; steps += stride) {
        BnsReviewFixture fixture;

        bns_review_fixture_init(&fixture);
        bns_review_fixture_sh(fixture.tree, KILLED_BEFORE);
        bns_review_fixture_begin(&fixture);
        if (!bns_review_fixture_run(&fixture, KILLED_INSIDE)) {
            has_died = false;
        } else {
            g_autoptr(BnsReviewApplied) applied = NULL;
            g_autofree char *after = NULL;
            g_autofree char *kept = NULL;

            g_test_message("death at %d", steps);
            has_died = apply_and_die(&fixture, steps);
            applied = apply(&fixture, false, NULL);
            kept = describe_kept(&fixture, applied);
            g_assert_cmpstr(kept, ==, "");
            after = bns_review_fixture_output(fixture.tree, LIST);
            g_assert_cmpstr(after, ==, KILLED_AFTER);
        }
        bns_review_fixture_clear(&fixture);
    }
    g_test_message("%d steps", steps);
}

/* --- what a file is besides its bytes --- */

static void
test_attributes(void)
{
    BnsReviewFixture fixture;
    g_autofree char *made = NULL;
    g_autofree char *path = NULL;
    char value[8];

    bns_review_fixture_init(&fixture);
    bns_review_fixture_begin(&fixture);
    made = g_build_filename(fixture.upper, "f", NULL);
    path = g_build_filename(fixture.tree, "f", NULL);
    if (bns_review_fixture_run(&fixture, "echo 1 >f; touch -d @1000000000 f; mkdir d;"
                                         "touch -d @1000000001 d") &&
        setxattr(made, "user.mine", "yes", 3, 0) == 0 &&
        setxattr(made, "user.overlay.opaque", "y", 1, 0) == 0) {
        g_autoptr(BnsReviewApplied) applied = apply(&fixture, false, NULL);
        g_autofree char *times =
            bns_review_fixture_output(fixture.tree, "stat -c %Y f d");

        g_assert_true(bns_review_is_done(applied));
        g_assert_cmpstr(times, ==, "1000000000\n1000000001\n");
        g_assert_cmpint(getxattr(path, "user.mine", value, sizeof(value)), ==, 3);
        g_assert_cmpint(listxattr(path, NULL, 0), ==, sizeof("user.mine"));
    }
    bns_review_fixture_clear(&fixture);
}

static void
test_holes(void)
{
    BnsReviewFixture fixture;
    struct stat info;
    g_autofree char *path = NULL;
    g_autofree char *end = NULL;

    bns_review_fixture_init(&fixture);
    bns_review_fixture_begin(&fixture);
    if (bns_review_fixture_run(&fixture, "truncate -s 1T f; printf x >>f;"
                                         "printf y | dd of=f bs=1 seek=1G conv=notrunc "
                                         "status=none")) {
        g_autoptr(BnsReviewApplied) applied = apply(&fixture, false, NULL);

        g_assert_true(bns_review_is_done(applied));
        path = g_build_filename(fixture.tree, "f", NULL);
        g_assert_cmpint(stat(path, &info), ==, 0);
        g_assert_cmpint(info.st_size, ==, ((off_t)1 << 40) + 1);
        g_assert_cmpint(info.st_blocks, <, 1024);
        end = bns_review_fixture_output(
            fixture.tree, "tail -c 1 f; tail -c +1073741825 f | head -c 1");
        g_assert_cmpstr(end, ==, "xy");
    }
    bns_review_fixture_clear(&fixture);
}

static void
test_names_of_one_file(void)
{
    BnsReviewFixture fixture;
    g_autofree char *numbers = NULL;

    bns_review_fixture_init(&fixture);
    bns_review_fixture_begin(&fixture);
    if (bns_review_fixture_run(&fixture, "mkdir d; echo 1 >d/a; ln d/a b; ln b c")) {
        g_autoptr(BnsReviewApplied) applied = apply(&fixture, false, NULL);

        g_assert_true(bns_review_is_done(applied));
        numbers = bns_review_fixture_output(
            fixture.tree, "stat -c '%h %i' d/a b c | sort -u | wc -l; stat -c %h b");
        g_assert_cmpstr(numbers, ==, "1\n3\n");
    }
    bns_review_fixture_clear(&fixture);
}

/* Names of ours that a killed one has left, and somebody's link in its place. */
static void
test_left_over(void)
{
    BnsReviewFixture fixture;
    g_autofree char *after = NULL;

    bns_review_fixture_init(&fixture);
    bns_review_fixture_sh(fixture.tree, "echo precious >../p");
    bns_review_fixture_begin(&fixture);
    if (bns_review_fixture_run(&fixture, "echo 1 >f")) {
        g_autofree char *script = g_strdup_printf(
            "ln -s ../p .boundary-ns-%.8s-$(printf %%x $(stat -c %%i %s/f))",
            fixture.review->session, fixture.upper);
        g_autoptr(BnsReviewApplied) applied = NULL;

        bns_review_fixture_sh(fixture.tree, script);
        applied = apply(&fixture, false, NULL);
        g_assert_true(bns_review_is_done(applied));
        after = bns_review_fixture_output(fixture.tree, LIST "; cat ../p");
        g_assert_cmpstr(after, ==, "f 644 1\nprecious\n");
    }
    bns_review_fixture_clear(&fixture);
}

/* In a session there are whiteouts for it in a layer between, so all of this can be done
 * there. */
static void
test_hidden(void)
{
    static const struct {
        const char *inside, *kept;
    } rows[] = {
        { "rm d/key; echo 2 >d/key", "d/key: the command did not see what is there\n" },
        { "rm d/key", "d/key: the command did not see what is there\n" },
        { "rm -r d", "d: the command did not see what is there\n" },
        { "rm -r d; mkdir d", "d/key: the command did not see what is there\n" },
        { "rm -r d; ln -s /tmp d", "d: the command did not see what is there\n" },
        { "rm d/key; mkdir d/key; echo 2 >d/key/f",
          "d/key: the command did not see what is there\n"
          "d/key/f: the command did not see what is there\n" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        BnsReviewFixture fixture;

        bns_review_fixture_init(&fixture);
        fixture.hidden = "d/key";
        bns_review_fixture_sh(fixture.tree, "mkdir d; echo secret >d/key");
        bns_review_fixture_begin(&fixture);
        if (bns_review_fixture_run(&fixture, rows[i].inside)) {
            g_autoptr(BnsReviewApplied) applied = apply(&fixture, true, NULL);
            g_autofree char *kept = describe_kept(&fixture, applied);
            g_autofree char *after = bns_review_fixture_output(fixture.tree, LIST);

            g_assert_cmpstr(kept, ==, rows[i].kept);
            g_assert_cmpstr(after, ==, "d 755 d\nd/key 644 secret\n");
        }
        bns_review_fixture_clear(&fixture);
    }
}

/* Nothing is applied by halves of what was asked. */
static void
test_unknown_paths(void)
{
    static const char *const unknown[] = { "f", "nothing", NULL };
    static const char *const outside[] = { "..", "/etc", NULL };
    BnsReviewFixture fixture;

    bns_review_fixture_init(&fixture);
    bns_review_fixture_begin(&fixture);
    if (bns_review_fixture_run(&fixture, "echo 1 >f")) {
        g_autoptr(GError) error = NULL;
        BnsReviewApply options = { .paths = unknown };

        g_assert_null(bns_review_apply(fixture.review, &options, &error));
        g_assert_error(error, BNS_REVIEW_ERROR, BNS_REVIEW_ERROR_NONE);
        g_clear_error(&error);
        options.paths = outside;
        g_assert_null(bns_review_apply(fixture.review, &options, &error));
        g_assert_error(error, BNS_REVIEW_ERROR, BNS_REVIEW_ERROR_NONE);
        bns_review_fixture_sh(fixture.tree, "test ! -e f");
    }
    bns_review_fixture_clear(&fixture);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 240);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path =
            g_strconcat("/sandbox/review-apply/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_case);
    }
    bns_test_add("/sandbox/review-apply/a-kill-at-any-step-loses-nothing", test_killed);
    bns_test_add("/sandbox/review-apply/times-and-attributes-come-along",
                 test_attributes);
    bns_test_add("/sandbox/review-apply/holes-stay-holes", test_holes);
    bns_test_add("/sandbox/review-apply/names-of-one-file-stay-so",
                 test_names_of_one_file);
    bns_test_add("/sandbox/review-apply/what-a-kill-left-is-no-way-out",
                 test_left_over);
    bns_test_add("/sandbox/review-apply/what-was-hidden-stays-even-by-force",
                 test_hidden);
    bns_test_add("/sandbox/review-apply/what-was-not-changed-cannot-be-named",
                 test_unknown_paths);
    return g_test_run();
}
