/* SPDX-License-Identifier: Apache-2.0 */
/* files: and the options that say the same. */
#include "policy/files.h"
#include "policy/policy.h"
#include "policy/policy_private.h"
#include "tests/policy/policies.h"
#include "tests/support/test.h"

#include <string.h>

static void
test_entries(void)
{
    g_autoptr(BnsPolicy) policy = policy_from("files:\n"
                                              "  mode: shared\n"
                                              "  write: [., ~/x, /srv/a b]\n"
                                              "  private: [~, ~/.cache]\n"
                                              "  persist: [~/.claude.json]\n"
                                              "  read_only:\n"
                                              "    - .github\n"
                                              "  hide: [~/.ssh/*, ./.env*]\n"
                                              "  show: [~/.ssh/config]\n"
                                              "sockets: [~/.ssh/agent]\n");
    const BnsFiles *files = bns_policy_file_policy(policy);
    g_autoptr(GString) text = g_string_new(NULL);

    g_assert_cmpint(files->mode, ==, BNS_FILE_MODE_SHARED);
    g_assert_true(files->has_write);
    for (guint i = 0; i < files->entries->len; i++) {
        const BnsFileEntry *entry = files->entries->pdata[i];

        g_string_append_printf(text, "%s %s %s\n", entry->origin,
                               bns_file_kind_name(entry->kind), entry->path);
    }
    g_assert_cmpstr(text->str, ==,
                    "/p.yaml:3 write .\n"
                    "/p.yaml:3 write ~/x\n"
                    "/p.yaml:3 write /srv/a b\n"
                    "/p.yaml:4 private ~\n"
                    "/p.yaml:4 private ~/.cache\n"
                    "/p.yaml:5 persist ~/.claude.json\n"
                    "/p.yaml:7 read_only .github\n"
                    "/p.yaml:8 hide ~/.ssh/*\n"
                    "/p.yaml:8 hide ./.env*\n"
                    "/p.yaml:9 show ~/.ssh/config\n"
                    "/p.yaml:10 sockets ~/.ssh/agent\n");
}

static void
test_nothing(void)
{
    g_autoptr(BnsPolicy) policy = policy_from("files: {}\n");
    g_autoptr(BnsPolicy) empty = policy_from("files: {write: [], hide: }\n");

    g_assert_cmpint(bns_policy_file_policy(policy)->mode, ==, BNS_FILE_MODE_NONE);
    g_assert_false(bns_policy_file_policy(policy)->has_write);
    /* Said to be nothing is not the same as not said. */
    g_assert_true(bns_policy_file_policy(empty)->has_write);
    g_assert_cmpuint(bns_policy_file_policy(empty)->entries->len, ==, 0);
}

static void
test_merge(void)
{
    g_autoptr(BnsFiles) base = bns_files_new();
    g_autoptr(BnsFiles) more = bns_files_new();

    base->mode = BNS_FILE_MODE_SHARED;
    g_assert_true(bns_files_add(base, BNS_FILE_HIDE, "/a", "x", NULL));
    g_assert_true(bns_files_add(more, BNS_FILE_SHOW, "/a", "y", NULL));
    more->has_write = true;
    bns_files_merge(base, more);
    g_assert_cmpint(base->mode, ==, BNS_FILE_MODE_SHARED);
    g_assert_true(base->has_write);
    g_assert_cmpuint(base->entries->len, ==, 2);
    more->mode = BNS_FILE_MODE_WORKSPACE;
    more->on_protected = BNS_ON_PROTECTED_QUARANTINE;
    bns_files_merge(base, more);
    g_assert_cmpint(base->on_protected, ==, BNS_ON_PROTECTED_QUARANTINE);
    g_assert_cmpint(base->mode, ==, BNS_FILE_MODE_WORKSPACE);
    /* The last that says it; an option alone cannot be taken back. */
    more->review = BNS_FILES_REVIEW_ON;
    bns_files_merge(base, more);
    g_assert_cmpint(base->review, ==, BNS_FILES_REVIEW_ON);
    more->review = BNS_FILES_REVIEW_NONE;
    bns_files_merge(base, more);
    g_assert_cmpint(base->review, ==, BNS_FILES_REVIEW_ON);
    more->review = BNS_FILES_REVIEW_OFF;
    bns_files_merge(base, more);
    g_assert_cmpint(base->review, ==, BNS_FILES_REVIEW_OFF);
}

static void
test_review(void)
{
    g_autoptr(BnsPolicy) nothing = policy_from("files: {}\n");
    g_autoptr(BnsPolicy) on = policy_from("files: {review: true}\n");
    g_autoptr(BnsPolicy) off = policy_from("files: {review: false}\n");
    g_autoptr(BnsPolicy) option =
        bns_policy_load(&(BnsPolicySource){ .review = true }, NULL, NULL);

    g_assert_cmpint(bns_policy_file_policy(nothing)->review, ==, BNS_FILES_REVIEW_NONE);
    g_assert_cmpint(bns_policy_file_policy(on)->review, ==, BNS_FILES_REVIEW_ON);
    g_assert_cmpint(bns_policy_file_policy(off)->review, ==, BNS_FILES_REVIEW_OFF);
    g_assert_cmpint(bns_policy_file_policy(option)->review, ==, BNS_FILES_REVIEW_ON);
    g_assert_cmpstr(bns_policy_digest(nothing), !=, bns_policy_digest(on));
    g_assert_cmpstr(bns_policy_digest(nothing), ==, bns_policy_digest(off));
}

static void
test_limit(void)
{
    g_autoptr(BnsFiles) files = bns_files_new();
    g_autoptr(GError) error = NULL;

    for (int i = 0; i < BNS_FILES_MAX; i++)
        g_assert_true(bns_files_add(files, BNS_FILE_WRITE, "/a", "--write#1", NULL));
    g_assert_false(files->has_write); /* an option adds to the default */
    g_assert_false(bns_files_add(files, BNS_FILE_WRITE, "/a", "--write#257", &error));
    g_assert_cmpstr(error->message, ==,
                    "--write#257: more entries than 256: name fewer");
}

static void
test_options(void)
{
    char *writes[] = { (char *)(uintptr_t) "/a", NULL };
    char *bad[] = { (char *)(uintptr_t) "/a", (char *)(uintptr_t) "a/*/b", NULL };
    const BnsPolicySource source = { .write = writes, .read_only = writes };
    const BnsPolicySource wrong = { .hide = bad };
    g_autoptr(BnsPolicy) policy = bns_policy_load(&source, NULL, NULL);
    g_autoptr(GError) error = NULL;
    const BnsFileEntry *entry;

    g_assert_nonnull(policy);
    entry = bns_policy_file_policy(policy)->entries->pdata[1];
    g_assert_cmpstr(entry->origin, ==, "--read-only#1");
    g_assert_null(bns_policy_load(&wrong, NULL, &error));
    g_assert_true(g_error_matches(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID));
    g_assert_cmpstr(error->message, ==,
                    "--hide#2: * may stand in the last part only: name the directory");
}

static void
test_digest(void)
{
    g_autoptr(BnsPolicy) nothing = policy_from("");
    g_autoptr(BnsPolicy) workspace = policy_from("files: {mode: workspace}\n");
    g_autoptr(BnsPolicy) shared = policy_from("files: {mode: shared}\n");
    g_autoptr(BnsPolicy) write = policy_from("files: {write: [/a]}\n");
    g_autoptr(BnsPolicy) hide = policy_from("files: {hide: [/a]}\n");
    g_autoptr(BnsPolicy) move = policy_from("files: {on_protected: quarantine}\n");
    g_autoptr(BnsPolicy) report = policy_from("files: {on_protected: report}\n");

    g_assert_cmpstr(bns_policy_digest(nothing), ==, bns_policy_digest(workspace));
    g_assert_cmpstr(bns_policy_digest(nothing), !=, bns_policy_digest(shared));
    g_assert_cmpstr(bns_policy_digest(nothing), !=, bns_policy_digest(write));
    g_assert_cmpstr(bns_policy_digest(nothing), !=, bns_policy_digest(move));
    g_assert_cmpstr(bns_policy_digest(nothing), ==, bns_policy_digest(report));
    g_assert_cmpstr(bns_policy_digest(write), !=, bns_policy_digest(hide));
}

typedef struct {
    const char *name;
    const char *yaml;
    const char *error; /* after the file's name */
} BadCase;

static const BadCase bad_cases[] = {
    { "no-mapping", "files: [a]\n",
      ":1:8: files: must be a mapping with mode, write, private, persist, "
      "read_only, hide, show, on_protected or review" },
    { "an-unknown-key", "files:\n  writes: []\n",
      ":2:3: unknown key \"writes\": is it write?" },
    { "an-unknown-mode", "files: {mode: open}\n",
      ":1:15: files.mode: must be workspace or shared" },
    { "an-unknown-act", "files: {on_protected: delete}\n",
      ":1:23: files.on_protected: must be report or quarantine" },
    { "an-act-that-is-a-list", "files: {on_protected: [report]}\n",
      ":1:23: files.on_protected: must be report or quarantine" },
    { "a-review-that-is-a-word", "files: {review: maybe}\n",
      ":1:17: files.review: must be true or false" },
    { "a-scalar", "files: {write: /a}\n",
      ":1:16: files.write: must be a list: begin each item with - in a line of its "
      "own" },
    { "a-number", "files: {hide: [1]}\n",
      ":1:16: files.hide: must be a string: put it in quotation marks" },
    { "nothing-named", "files: {hide: ['']}\n",
      ":1:16: files.hide: an empty path: name one, . for the working directory" },
    { "somebodys-home", "files: {write: [~joe/x]}\n",
      ":1:17: files.write: ~ must stand alone or before /: write the directory out" },
    { "a-pattern-to-write", "files: {write: ['/a/*']}\n",
      ":1:17: files.write: is one path, without *, ? or [: write each" },
    { "a-pattern-to-keep", "files: {persist: ['~/.claude*']}\n",
      ":1:19: files.persist: is one path, without *, ? or [: write each" },
    { "a-scalar-to-keep", "files: {persist: ~/.claude.json}\n",
      ":1:18: files.persist: must be a list: begin each item with - in a line of its "
      "own" },
    { "a-star-on-the-way", "files: {hide: ['~/*/x']}\n",
      ":1:16: files.hide: * may stand in the last part only: name the directory" },
    { "two-stars", "files: {hide: ['**/.env']}\n",
      ":1:16: files.hide: * may stand in the last part only: name the directory" },
    { "another-pattern", "files: {show: ['~/.ssh/id_[ab]']}\n",
      ":1:16: files.show: has no patterns but *: write that" },
    { "sockets-in-files", "files: {sockets: [/a]}\n",
      ":1:9: unknown key \"sockets\": use mode, write, private, persist, read_only, "
      "hide, show, on_protected or review" },
    { "a-socket-that-is-no-list", "sockets: /run/a\n",
      ":1:10: sockets: must be a list: begin each item with - in a line of its own" },
    { "a-socket-that-is-a-number", "sockets: [1]\n",
      ":1:11: sockets: must be a string: put it in quotation marks" },
    { "a-pattern-of-sockets", "sockets: ['/run/*.sock']\n",
      ":1:11: sockets: is one path, without *, ? or [: write each" },
    { "a-socket-without-a-name", "sockets: ['']\n",
      ":1:11: sockets: an empty path: name one, . for the working directory" },
    { "a-way-up", "files: {hide: [a/../b]}\n",
      ":1:16: files.hide: has no part ..: write the path that is meant" },
};

static void
test_bad(gconstpointer data)
{
    const BadCase *row = data;
    g_autoptr(GError) error = NULL;

    g_assert_null(bns_policy_parse("/p.yaml", row->yaml, strlen(row->yaml), &error));
    g_assert_true(g_error_matches(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID));
    g_assert_cmpstr(error->message + strlen("/p.yaml"), ==, row->error);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 30);
    bns_test_add("/policy/files/entries-keep-order-and-place", test_entries);
    bns_test_add("/policy/files/an-empty-list-is-said", test_nothing);
    bns_test_add("/policy/files/a-file-adds-to-what-it-extends", test_merge);
    bns_test_add("/policy/files/there-is-a-limit", test_limit);
    bns_test_add("/policy/files/a-review-is-said-or-not", test_review);
    bns_test_add("/policy/files/options-are-entries", test_options);
    bns_test_add("/policy/files/the-digest-tells-them-apart", test_digest);
    for (size_t i = 0; i < G_N_ELEMENTS(bad_cases); i++) {
        g_autofree char *path =
            g_strconcat("/policy/files/refused/", bad_cases[i].name, NULL);

        bns_test_add_data(path, &bad_cases[i], test_bad);
    }
    return g_test_run();
}
