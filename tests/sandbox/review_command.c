/* SPDX-License-Identifier: Apache-2.0 */
/* `review` and `ps`, of the real binary, on a review that a session has left. */
#include "tests/sandbox/review_fixture.h"
#include "tests/support/test.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
    BnsReviewFixture fixture;
    char *id; /* owned; the first of the session's */
} Kept;

/* Returns: whether there can be one here. */
static bool
kept_init(Kept *kept, const char *before, const char *inside)
{
    bool is_made;

    bns_review_fixture_init(&kept->fixture);
    bns_review_fixture_sh(kept->fixture.tree, before);
    bns_review_fixture_begin(&kept->fixture);
    is_made = bns_review_fixture_run(&kept->fixture, inside);
    kept->id = g_strndup(kept->fixture.review->session, 8);
    g_clear_pointer(&kept->fixture.review, bns_review_free);
    return is_made;
}

static void
kept_clear(Kept *kept)
{
    bns_review_fixture_clear(&kept->fixture);
    g_free(kept->id);
}

/* Runs boundary-ns: @arguments as a shell splits them, "ID" for the session. Returns:
 * (transfer full): both its outputs. */
static char *
run(const Kept *kept, int expected, const char *arguments)
{
    g_autoptr(GString) script = g_string_new("\"$BNS_BINARY\" ");
    char *output;
    g_autofree char *status = g_strdup_printf("\n[%d]\n", expected);

    g_string_append(script, arguments);
    g_string_replace(script, "ID", kept->id, 0);
    g_string_append(script, " 2>&1; printf '\\n[%d]\\n' $?");
    output = bns_review_fixture_output(kept->fixture.tree, script->str);
    if (!g_str_has_suffix(output, status))
        g_error("%s: expected %d: %s", script->str, expected, output);
    return output;
}

static void
check_says(const Kept *kept, int expected, const char *arguments, const char *text)
{
    g_autofree char *output = run(kept, expected, arguments);

    if (strstr(output, text) == NULL)
        g_error("%s: \"%s\" is not in: %s", arguments, text, output);
}

static void
check_tree(const Kept *kept, const char *script, const char *expected)
{
    g_autofree char *output = bns_review_fixture_output(kept->fixture.tree, script);

    g_assert_cmpstr(output, ==, expected);
}

static void
test_none(void)
{
    Kept kept = { .id = (char[]){ "x" } };

    bns_review_fixture_init(&kept.fixture);
    check_says(&kept, 2, "review", "No review is kept");
    check_says(&kept, 2, "review 1234 --apply", "begins with \"1234\"");
    check_says(&kept, 2, "review a b", "expected");
    check_says(&kept, 2, "review a --apply --discard", "exclude");
    check_says(&kept, 2, "review a --apply --diff", "exclude");
    check_says(&kept, 2, "review a --force", "--force");
    check_says(&kept, 0, "ps", "\n[0]");
    check_says(&kept, 0, "ps --json", "{\"sessions\":[],\"reviews\":[]}\n");
    bns_review_fixture_clear(&kept.fixture);
}

static void
test_apply(void)
{
    Kept kept;

    if (kept_init(
            &kept, "echo 1 >a; mkdir -p .git/hooks",
            "echo 2 >a; echo x >.git/hooks/post-checkout; mkdir d; echo 2 >d/b")) {
        check_says(&kept, 1, "review", "added .git/hooks/post-checkout: git runs it");
        check_says(&kept, 1, "review ID", "changed a\n");
        check_says(&kept, 0, "ps", "4 changes, 1 run or obeyed outside");
        check_says(&kept, 0, "ps --json",
                   "\"changes\":4,\"marked\":1,\"conflicts\":0}");
        check_tree(&kept, "cat a", "1\n");
        check_says(&kept, 1, "review ID --apply d", "2 applied, 2 kept");
        check_tree(&kept, "cat d/b a; ls .git/hooks", "2\n1\n");
        check_says(&kept, 0, "review --apply", "2 applied, 0 kept");
        check_tree(&kept, "cat a .git/hooks/post-checkout", "2\nx\n");
        check_says(&kept, 2, "review ID", "No review is kept");
        check_tree(&kept, "ls -A ../state/boundary-ns/review", "");
    }
    kept_clear(&kept);
}

static void
test_discard(void)
{
    Kept kept;

    if (kept_init(&kept, "echo 1 >a", "echo 2 >a; mkdir d; echo 1 >d/f; chmod 0 d")) {
        check_says(&kept, 0, "review ID --discard", "\n[0]");
        check_tree(&kept, "cat a; ls -A ../state/boundary-ns/review", "1\n");
    }
    kept_clear(&kept);
}

static void
test_conflicts(void)
{
    Kept kept;

    if (kept_init(&kept, "echo 1 >a", "echo 2 >a; mkfifo p")) {
        check_tree(&kept, "echo 3 >a", "");
        check_says(&kept, 1, "review ID --apply", "a: it was changed on the host, too");
        check_tree(&kept, "cat a", "3\n");
        check_says(&kept, 1, "review ID --apply --force", "p: it is a pipe");
        check_tree(&kept, "cat a", "2\n");
        check_says(&kept, 2, "review ID --apply nothing", "Nothing was changed at");
    }
    kept_clear(&kept);
}

static void
test_nothing(void)
{
    Kept kept;

    if (kept_init(&kept, "echo 1 >a", "touch a")) {
        check_says(&kept, 0, "review ID", "nothing is changed");
        check_says(&kept, 2, "review ID", "No review is kept");
    }
    kept_clear(&kept);
}

/* --- diff --- */

static void
test_diff(void)
{
    Kept kept;

    if (kept_init(&kept, "printf 'a\\nb\\n' >f; echo old >gone; echo m >m; mkdir e",
                  "printf 'a\\nc\\n' >f; rm gone; echo new >n; ln -s /x l; chmod 600 m;"
                  "rmdir e; mkdir d; mkfifo p; truncate -s 20M big")) {
        g_autofree char *output = run(&kept, 1, "review ID --diff");
        static const char *const parts[] = {
            "--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n",
            "--- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-old\n",
            "--- /dev/null\n+++ b/n\n@@ -0,0 +1 @@\n+new\n",
            "l: a symbolic link to /x\n",
            "m: mode 600, was 644\n",
            "e: removed\n",
            "d: a new directory\n",
            "p: it is a pipe\n",
            "big: too large to be compared\n",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
            if (strstr(output, parts[i]) == NULL)
                g_error("\"%s\" is not in: %s", parts[i], output);
    }
    kept_clear(&kept);
}

/* What acts on a terminal is shown to one as numbers, and left as it is for programs. */
static void
test_diff_on_a_screen(void)
{
    Kept kept;

    if (kept_init(&kept, "",
                  "printf '\\033[2Jx\\n' >f; echo 1 >\"$(printf 'n\\033]')\"")) {
        check_says(&kept, 1, "review ID --diff", "+\x1b[2Jx\n");
        check_says(&kept, 1, "review ID --diff", "+++ b/n\\x1b]\n");
        check_says(&kept, 1, "review ID", "added n\\x1b]\n");
        check_tree(&kept,
                   "script -qec '\"$BNS_BINARY\" review --diff' /dev/null </dev/null "
                   "| tr -d '\\r' | grep -c '^+\\\\x1b\\[2Jx$'",
                   "1\n");
    }
    kept_clear(&kept);
}

/* A configuration in the tree or the environment is nobody's way to run something. */
static void
test_diff_runs_nothing_else(void)
{
    Kept kept;

    if (kept_init(&kept, "printf '#!/bin/sh\\ntouch ran\\n' >diff; chmod +x diff",
                  "echo 1 >f")) {
        check_tree(&kept,
                   "PATH=.:$PATH DIFF_OPTIONS=x GIT_EXTERNAL_DIFF=./diff "
                   "\"$BNS_BINARY\" review --diff >/dev/null; ls",
                   "diff\n");
    }
    kept_clear(&kept);
}

/* --- while it is worked on --- */

static void
test_busy(void)
{
    Kept kept;

    if (kept_init(&kept, "", "echo 1 >f")) {
        kept.fixture.review = bns_review_open(kept.id, NULL);
        g_assert_nonnull(kept.fixture.review);
        check_says(&kept, 2, "review ID --apply", "still runs");
        check_says(&kept, 2, "review ID --discard", "still runs");
        check_says(&kept, 2, "review", "No review is kept");
        check_says(&kept, 0, "ps --json", "\"reviews\":[]");
        check_tree(&kept, "ls", "");
    }
    kept_clear(&kept);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    g_unsetenv("XDG_RUNTIME_DIR");
    bns_test_add("/sandbox/review-command/there-may-be-none", test_none);
    bns_test_add("/sandbox/review-command/applies-all-or-some", test_apply);
    bns_test_add("/sandbox/review-command/discards", test_discard);
    bns_test_add("/sandbox/review-command/keeps-what-is-in-conflict", test_conflicts);
    bns_test_add("/sandbox/review-command/nothing-changed-is-not-kept", test_nothing);
    bns_test_add("/sandbox/review-command/shows-lines", test_diff);
    bns_test_add("/sandbox/review-command/is-safe-on-a-screen", test_diff_on_a_screen);
    bns_test_add("/sandbox/review-command/runs-no-program-of-the-tree",
                 test_diff_runs_nothing_else);
    bns_test_add("/sandbox/review-command/leaves-a-live-one-alone", test_busy);
    return g_test_run();
}
