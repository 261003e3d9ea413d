/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy_private.h"
#include "tests/support/test.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder of its own for each test. */
typedef struct {
    char *folder; /* owned */
} Fixture;

static void
setup(Fixture *f)
{
    GError *error = NULL;
    g_autofree char *folder = g_dir_make_tmp("bns-load-XXXXXX", &error);

    g_assert_no_error(error);
    f->folder = g_steal_pointer(&folder);
}

static void
teardown(Fixture *f)
{
    bns_test_remove_tree(f->folder);
    g_free(f->folder);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Fixture, teardown)

static void
write_file(const Fixture *f, const char *name, const char *content)
{
    g_autofree char *path = g_build_filename(f->folder, name, NULL);
    GError *error = NULL;

    g_file_set_contents(path, content, -1, &error);
    g_assert_no_error(error);
}

static BnsPolicy *
load(const Fixture *f, const char *name, GError **error)
{
    g_autofree char *path = g_build_filename(f->folder, name, NULL);
    BnsPolicySource source = { .config_path = path };

    return bns_policy_load(&source, NULL, error);
}

/* Loads @name, which must fail with @code and a message that, with the folder left out,
 * is @message. */
static void
assert_fails(const Fixture *f,
             const char *name,
             BnsPolicyError code,
             const char *message)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *prefix = g_strconcat(f->folder, "/", NULL);
    g_auto(GStrv) parts = NULL;
    g_autofree char *shown = NULL;

    g_assert_null(load(f, name, &error));
    parts = g_strsplit(error->message, prefix, -1);
    shown = g_strjoinv("", parts);
    g_assert_cmpstr(shown, ==, message);
    g_assert_true(g_error_matches(error, BNS_POLICY_ERROR, (gint)code));
}

/* describe, with the folder left out. */
static char *
describe(const Fixture *f, const BnsPolicy *policy)
{
    g_autofree char *text = bns_policy_describe(policy);
    g_autofree char *prefix = g_strconcat(f->folder, "/", NULL);
    g_auto(GStrv) parts = g_strsplit(text, prefix, -1);

    return g_strjoinv("", parts);
}

static void
test_extends(void)
{
    g_auto(Fixture) f = { 0 };
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsPolicy) policy = NULL;
    g_autofree char *sub = NULL;
    g_autofree char *text = NULL;
    const GPtrArray *files;

    setup(&f);
    sub = g_build_filename(f.folder, "sub", NULL);
    g_assert_cmpint(g_mkdir(sub, 0700), ==, 0);
    write_file(&f, "main.yaml",
               "extends: [./sub/team.yaml, base.yaml]\nallow: [main.org]\n"
               "limits: {names: 2}\n");
    write_file(&f, "sub/team.yaml",
               "extends: [../base.yaml]\nallow: [team.org]\nenabled: false\n"
               "limits: {names: 1, flows: 1}\n");
    write_file(&f, "base.yaml", "deny: [base.org]\n");
    policy = load(&f, "main.yaml", &error);
    g_assert_no_error(error);
    text = describe(&f, policy);
    /* What is extended comes first, and once. */
    g_assert_cmpstr(text, ==,
                    "base.yaml:1\tdeny\tbase.org\n"
                    "sub/team.yaml:2\tallow\tteam.org\n"
                    "main.yaml:2\tallow\tmain.org\n");
    files = bns_policy_files(policy);
    g_assert_cmpuint(files->len, ==, 3);
    g_assert_true(g_str_has_suffix(files->pdata[0], "/main.yaml"));
    g_assert_true(g_str_has_suffix(files->pdata[1], "/sub/team.yaml"));
    g_assert_true(g_str_has_suffix(files->pdata[2], "/base.yaml"));
    /* The nearer file has the last word. */
    g_assert_true(bns_policy_is_disabled(policy));
    g_assert_cmpuint(bns_policy_limits(policy).names, ==, 2);
    g_assert_cmpuint(bns_policy_limits(policy).flows, ==, 1);
}

static void
test_home(void)
{
    g_auto(Fixture) f = { 0 };
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsPolicy) policy = NULL;
    g_autofree char *yaml = NULL;
    g_autofree char *name = g_strdup_printf(".bns-test-%d.yaml", (int)getpid());
    g_autofree char *path = g_build_filename(g_get_home_dir(), name, NULL);

    setup(&f);
    if (!g_file_set_contents(path, "allow: [home.org]\n", -1, NULL)) {
        bns_test_skip("the home directory cannot be written");
        return;
    }
    yaml = g_strdup_printf("extends: ['~/%s']\n", name);
    write_file(&f, "main.yaml", yaml);
    policy = load(&f, "main.yaml", &error);
    g_unlink(path);
    g_assert_no_error(error);
    g_assert_cmpuint(bns_policy_n_rules(policy), ==, 1);
}

static void
test_empty_file(void)
{
    g_auto(Fixture) f = { 0 };
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsPolicy) policy = NULL;

    setup(&f);
    write_file(&f, "empty.yaml", "");
    policy = load(&f, "empty.yaml", &error);
    g_assert_no_error(error);
    g_assert_cmpuint(bns_policy_n_rules(policy), ==, 0);
}

static void
test_relative(void)
{
    g_auto(Fixture) f = { 0 };
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsPolicy) policy = NULL;
    g_autofree char *before = g_get_current_dir();
    g_autofree char *text = NULL;
    BnsPolicySource source = { .config_path = "./p.yaml" };

    setup(&f);
    write_file(&f, "p.yaml", "allow: [a.org]\n");
    g_assert_cmpint(g_chdir(f.folder), ==, 0);
    policy = bns_policy_load(&source, NULL, &error);
    g_assert_cmpint(g_chdir(before), ==, 0);
    g_assert_no_error(error);
    text = describe(&f, policy);
    g_assert_cmpstr(text, ==, "p.yaml:1\tallow\ta.org\n");
}

static void
test_symlink(void)
{
    g_auto(Fixture) f = { 0 };
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsPolicy) policy = NULL;
    g_autofree char *link = NULL;
    g_autofree char *text = NULL;

    setup(&f);
    write_file(&f, "real.yaml", "allow: [a.org]\n");
    link = g_build_filename(f.folder, "link.yaml", NULL);
    g_assert_cmpint(symlink("real.yaml", link), ==, 0);
    policy = load(&f, "link.yaml", &error);
    g_assert_no_error(error);
    text = describe(&f, policy);
    g_assert_cmpstr(text, ==, "link.yaml:1\tallow\ta.org\n");
}

static void
test_cycles(void)
{
    g_auto(Fixture) f = { 0 };
    g_autofree char *hard = NULL;
    g_autofree char *self = NULL;

    setup(&f);
    write_file(&f, "self.yaml", "allow: []\nextends:\n  - self.yaml\n");
    assert_fails(&f, "self.yaml", BNS_POLICY_ERROR_READ,
                 "self.yaml:3:5: Could not read policy file \"self.yaml\": it extends "
                 "itself");
    write_file(&f, "a.yaml", "extends: [b.yaml]\n");
    write_file(&f, "b.yaml", "extends: [c.yaml]\n");
    write_file(&f, "c.yaml", "extends: [a.yaml]\n");
    assert_fails(
        &f, "a.yaml", BNS_POLICY_ERROR_READ,
        "c.yaml:1:11: Could not read policy file \"a.yaml\": it extends itself");
    /* Another name for the same file changes nothing. */
    write_file(&f, "self.yaml", "extends: [hard.yaml]\n");
    self = g_build_filename(f.folder, "self.yaml", NULL);
    hard = g_build_filename(f.folder, "hard.yaml", NULL);
    g_assert_cmpint(link(self, hard), ==, 0);
    assert_fails(&f, "self.yaml", BNS_POLICY_ERROR_READ,
                 "self.yaml:1:11: Could not read policy file \"hard.yaml\": it extends "
                 "itself");
}

static void
test_depth(void)
{
    g_auto(Fixture) f = { 0 };
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsPolicy) policy = NULL;

    setup(&f);
    for (unsigned i = 0; i < 9; i++) {
        g_autofree char *name = g_strdup_printf("%u.yaml", i);
        g_autofree char *yaml = g_strdup_printf("extends: [%u.yaml]\n", i + 1);

        write_file(&f, name, yaml);
    }
    write_file(&f, "9.yaml", "allow: [a.org]\n");
    policy = load(&f, "1.yaml", &error);
    g_assert_no_error(error);
    g_assert_cmpuint(bns_policy_n_rules(policy), ==, 1);
    assert_fails(
        &f, "0.yaml", BNS_POLICY_ERROR_READ,
        "8.yaml:1:11: Could not read policy file \"9.yaml\": extends more than "
        "8 files deep");
}

static void
test_no_regular_file(void)
{
    g_auto(Fixture) f = { 0 };
    g_autofree char *fifo = NULL;

    setup(&f);
    fifo = g_build_filename(f.folder, "fifo", NULL);
    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    write_file(&f, "fifo.yaml", "extends: [fifo]\n");
    write_file(&f, "device.yaml", "extends: [/dev/zero]\n");
    write_file(&f, "folder.yaml", "extends: [.]\n");
    write_file(&f, "missing.yaml", "\nextends: [\"no\\e.yaml\"]\n");
    assert_fails(&f, "fifo", BNS_POLICY_ERROR_READ,
                 "Could not read policy file \"fifo\": not a regular file");
    assert_fails(&f, "fifo.yaml", BNS_POLICY_ERROR_READ,
                 "fifo.yaml:1:11: Could not read policy file \"fifo\": not a regular "
                 "file");
    assert_fails(&f, "device.yaml", BNS_POLICY_ERROR_READ,
                 "device.yaml:1:11: Could not read policy file \"/dev/zero\": not a "
                 "regular file");
    assert_fails(&f, "missing.yaml", BNS_POLICY_ERROR_READ,
                 "missing.yaml:2:11: Could not read policy file \"no\\x1b.yaml\": No "
                 "such file or directory");
    assert_fails(&f, "none.yaml", BNS_POLICY_ERROR_READ,
                 "Could not read policy file \"none.yaml\": No such file or directory");
}

static void
test_size(void)
{
    g_auto(Fixture) f = { 0 };
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsPolicy) policy = NULL;
    g_autofree char *content = g_strnfill(BNS_POLICY_FILE_MAX + 1, '#');

    setup(&f);
    write_file(&f, "large.yaml", content);
    assert_fails(&f, "large.yaml", BNS_POLICY_ERROR_READ,
                 "Could not read policy file \"large.yaml\": larger than 4 MiB");
    content[BNS_POLICY_FILE_MAX] = '\0';
    write_file(&f, "large.yaml", content);
    policy = load(&f, "large.yaml", &error);
    g_assert_no_error(error);
}

static void
test_invalid(void)
{
    g_auto(Fixture) f = { 0 };

    setup(&f);
    write_file(&f, "main.yaml", "extends: [bad.yaml]\n");
    write_file(&f, "bad.yaml", "allow:\n  - a b c\n");
    assert_fails(&f, "main.yaml", BNS_POLICY_ERROR_INVALID,
                 "bad.yaml:2:5: rule \"a b c\": a rule has one space at most: between "
                 "methods and host");
}

static void
test_order(void)
{
    g_auto(Fixture) f = { 0 };
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsPolicy) policy = NULL;
    g_autofree char *path = NULL;
    g_autofree char *text = NULL;
    char *allow[] = { (char[]){ "a1.org" }, (char[]){ "domain=a2.org path=/" }, NULL };
    char *deny[] = { (char[]){ "d1.org" }, NULL };
    g_auto(GStrv) notices = NULL;
    BnsPolicySource source = { .allow = allow, .deny = deny, .env_allow = "e.org" };

    setup(&f);
    write_file(&f, "p.yaml", "allowlist: [domain=l.org]\nproxy_port: 1\n");
    path = g_build_filename(f.folder, "p.yaml", NULL);
    source.config_path = path;
    policy = bns_policy_load(&source, &notices, &error);
    g_assert_no_error(error);
    text = describe(&f, policy);
    g_assert_cmpstr(text, ==,
                    "p.yaml:1\tallow\tdomain=l.org\n"
                    "--allow#1\tallow\ta1.org\n"
                    "--allow#2\tallow\tdomain=a2.org path=/\n"
                    "$BOUNDARY_ALLOW\tallow\te.org\n"
                    "--deny#1\tdeny\td1.org\n");
    g_assert_cmpuint(g_strv_length(notices), ==, 2);
    g_assert_nonnull(strstr(notices[0], "proxy_port"));
    g_assert_true(g_str_has_prefix(notices[1], "--allow#2: path=/ means"));
}

typedef struct {
    const char *name;
    const char *allow;
    const char *deny;
    const char *env_allow;
    const char *error;
} OptionCase;

static const OptionCase option_cases[] = {
    { "an-empty-allow", "", NULL, NULL,
      "--allow#1: an empty rule: for every host write *" },
    { "an-empty-deny", NULL, "", NULL,
      "--deny#1: an empty rule: for every host write *" },
    { "a-bad-deny", NULL, "get a", NULL,
      "--deny#1: rule \"get a\": methods are upper-case: write GET, not get" },
    { "a-bad-environment", NULL, NULL, "a.org ",
      "$BOUNDARY_ALLOW: rule \"a.org \": a rule has one space at most: between methods "
      "and host" },
};

static void
test_option(gconstpointer data)
{
    const OptionCase *c = data;
    g_autoptr(GError) error = NULL;
    g_autofree char *allow_rule = g_strdup(c->allow);
    g_autofree char *deny_rule = g_strdup(c->deny);
    char *allow[] = { allow_rule, NULL };
    char *deny[] = { deny_rule, NULL };
    BnsPolicySource source = { .allow = allow,
                               .deny = deny,
                               .env_allow = c->env_allow };

    g_assert_null(bns_policy_load(&source, NULL, &error));
    g_assert_cmpstr(error->message, ==, c->error);
    g_assert_true(g_error_matches(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID));
}

static void
test_nothing(void)
{
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) notices = NULL;
    BnsPolicySource source = { .env_allow = "" };
    g_autoptr(BnsPolicy) policy = bns_policy_load(&source, &notices, &error);
    BnsRequest request = { BNS_SCHEME_HTTPS, "a.org", 443, "GET", "/" };
    BnsDecision decision;

    g_assert_no_error(error);
    g_assert_cmpuint(g_strv_length(notices), ==, 0);
    decision = bns_policy_decide(policy, &request);
    g_assert_cmpint(decision.verdict, ==, BNS_VERDICT_DENY);
    g_assert_cmpstr(decision.rule, ==, NULL);
    g_assert_cmpstr(decision.reason, ==, "no rule allows this host");
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    bns_test_add("/policy/load/extends-is-relative-to-its-file", test_extends);
    bns_test_add("/policy/load/a-tilde-is-the-home-directory", test_home);
    bns_test_add("/policy/load/an-empty-file-is-a-policy", test_empty_file);
    bns_test_add("/policy/load/origins-are-absolute", test_relative);
    bns_test_add("/policy/load/a-symlink-is-followed", test_symlink);
    bns_test_add("/policy/load/cycles-are-refused", test_cycles);
    bns_test_add("/policy/load/depth-is-limited", test_depth);
    bns_test_add("/policy/load/only-regular-files-are-read", test_no_regular_file);
    bns_test_add("/policy/load/size-is-limited", test_size);
    bns_test_add("/policy/load/an-error-names-the-file-it-is-in", test_invalid);
    bns_test_add("/policy/load/rules-have-an-order", test_order);
    for (size_t i = 0; i < G_N_ELEMENTS(option_cases); i++) {
        g_autofree char *path =
            g_strconcat("/policy/load/refused/", option_cases[i].name, NULL);

        bns_test_add_data(path, &option_cases[i], test_option);
    }
    bns_test_add("/policy/load/nothing-denies-everything", test_nothing);
    return g_test_run();
}
