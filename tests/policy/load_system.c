/* SPDX-License-Identifier: Apache-2.0 */
/* Where a system policy is read from, and what is none. */
#include "policy/policy_private.h"
#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A directory that plays /etc/boundary-ns; whoever runs the test plays root. */
typedef struct {
    char *dir; /* owned */
} Fixture;

static char *
path_in(const Fixture *f, const char *name)
{
    return g_build_filename(f->dir, name, NULL);
}

static void
setup(Fixture *f)
{
    g_autofree char *more = NULL;

    /* Nobody but us can exchange it there, thanks to the sticky bit. */
    f->dir = g_dir_make_tmp("bns-system-XXXXXX", NULL);
    g_assert_nonnull(f->dir);
    g_assert_cmpint(chmod(f->dir, 0755), ==, 0);
    more = path_in(f, "policy.d");
    g_assert_cmpint(g_mkdir(more, 0755), ==, 0);
}

static void
teardown(Fixture *f)
{
    bns_test_remove_tree(f->dir);
    g_free(f->dir);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Fixture, teardown)

static void
write_file(const Fixture *f, const char *name, const char *content)
{
    g_autofree char *path = path_in(f, name);
    GError *error = NULL;

    g_file_set_contents_full(path, content, -1, G_FILE_SET_CONTENTS_NONE, 0644, &error);
    g_assert_no_error(error);
    g_assert_cmpint(chmod(path, 0644), ==, 0);
}

static BnsPolicy *
load_owned(const Fixture *f, uid_t owner, char ***out_notices, GError **error)
{
    const char *const allow[] = { "x.org", NULL };
    const BnsPolicySource source = { .system_dir = f->dir,
                                     .system_owner = owner,
                                     .allow = (GStrv)(uintptr_t)allow };

    return bns_policy_load(&source, out_notices, error);
}

static BnsPolicy *
load(const Fixture *f)
{
    GError *error = NULL;
    BnsPolicy *policy = load_owned(f, getuid(), NULL, &error);

    g_assert_no_error(error);
    return policy;
}

/* The fixture must be refused with a message that is @message, "@" being its directory. */
static void
assert_fails(const Fixture *f, uid_t owner, const char *message)
{
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) parts = NULL;
    g_autofree char *shown = NULL;

    g_assert_null(load_owned(f, owner, NULL, &error));
    g_assert_nonnull(error);
    parts = g_strsplit(error->message, f->dir, -1);
    shown = g_strjoinv("@", parts);
    g_assert_cmpstr(shown, ==, message);
}

static void
test_absent(void)
{
    g_auto(Fixture) f = { 0 };
    g_autofree char *more = NULL;
    g_autoptr(BnsPolicy) empty = NULL;
    g_autoptr(BnsPolicy) bare = NULL;
    g_autoptr(BnsPolicy) none = NULL;

    setup(&f);
    more = path_in(&f, "policy.d");
    /* Whoever may write there. */
    g_assert_cmpint(chmod(f.dir, 0777), ==, 0);
    empty = load(&f);
    g_assert_false(bns_policy_has_system(empty));
    g_assert_cmpint(g_rmdir(more), ==, 0);
    bare = load(&f);
    g_assert_false(bns_policy_has_system(bare));
    g_assert_cmpint(g_rmdir(f.dir), ==, 0);
    none = load(&f);
    g_assert_false(bns_policy_has_system(none));
}

static void
test_order(void)
{
    g_auto(Fixture) f = { 0 };
    g_autoptr(BnsPolicy) policy = NULL;
    g_autofree char *text = NULL;
    g_auto(GStrv) parts = NULL;
    g_autofree char *shown = NULL;
    const GPtrArray *files;

    setup(&f);
    write_file(&f, "policy.d/b.yaml", "deny: [b.org]\nlimits: {names: 7}\n");
    write_file(&f, "policy.d/B.yaml", "deny: [upper.org]\nlimits: {names: 5}\n");
    write_file(&f, "policy.d/10-a.yaml", "deny: [a.org]\nrequired: true\n");
    write_file(&f, "policy.d/.b.yaml.swp", "{");
    write_file(&f, "policy.d/.hidden.yaml", "{");
    write_file(&f, "policy.d/README", "{");
    write_file(&f, "policy.d/b.yaml.dpkg-old", "{");
    write_file(&f, "policy.yaml", "allow: ['*']\nextends: [base.yaml]\n");
    write_file(&f, "base.yaml", "deny: [base.org]\npermit: [publish]\n");
    policy = load(&f);
    text = bns_policy_describe(policy);
    parts = g_strsplit(text, f.dir, -1);
    shown = g_strjoinv("@", parts);
    g_assert_true(g_str_has_prefix(shown, "@/base.yaml:1\tdeny\tbase.org\n"
                                          "@/policy.yaml:1\tallow\t*\n"
                                          "@/policy.d/10-a.yaml:1\tdeny\ta.org\n"
                                          "@/policy.d/B.yaml:1\tdeny\tupper.org\n"
                                          "@/policy.d/b.yaml:1\tdeny\tb.org\n"
                                          "--allow#1\tallow\tx.org\n"
                                          "@/base.yaml:2\tpermit\tresolve\tno\n"));
    /* Of one layer the last has the word. */
    g_assert_cmpuint(bns_policy_limits(policy).names, ==, 7);
    files = bns_policy_files(policy);
    g_assert_cmpuint(files->len, ==, 5);
    g_assert_true(g_str_has_suffix(files->pdata[0], "/policy.yaml"));
}

static void
test_drop_in_alone(void)
{
    g_auto(Fixture) f = { 0 };
    g_autoptr(BnsPolicy) policy = NULL;

    setup(&f);
    write_file(&f, "policy.d/a.yaml", "allow: [y.org]\n");
    policy = load(&f);
    g_assert_true(bns_policy_has_system(policy));
}

static void
test_permits_add_up(void)
{
    g_auto(Fixture) f = { 0 };
    g_autoptr(BnsPolicy) policy = NULL;

    setup(&f);
    write_file(&f, "policy.yaml", "permit: [resolve]\n");
    write_file(&f, "policy.d/a.yaml", "permit: [publish]\nrequired: false\n");
    policy = load(&f);
    g_assert_null(bns_policy_forbid(policy, BNS_PERMIT_RESOLVE));
    g_assert_null(bns_policy_forbid(policy, BNS_PERMIT_PUBLISH));
    g_assert_nonnull(bns_policy_forbid(policy, BNS_PERMIT_DISABLE));
}

static void
test_no_allow_rule_is_said(void)
{
    g_auto(Fixture) f = { 0 };
    g_auto(GStrv) notices = NULL;
    g_auto(GStrv) none = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsPolicy) policy = NULL;
    g_auto(GStrv) silent = NULL;
    g_autoptr(BnsPolicy) observing = NULL;
    g_autoptr(BnsPolicy) other = NULL;

    setup(&f);
    write_file(&f, "policy.yaml", "deny: [x.org]\n");
    policy = load_owned(&f, getuid(), &notices, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(g_strv_length(notices), ==, 1);
    g_assert_nonnull(strstr(notices[0], "has no allow rule, so it refuses everything"));
    /* One that observes refuses nothing. */
    write_file(&f, "policy.yaml", "deny: [x.org]\nmode: observe\n");
    observing = load_owned(&f, getuid(), &silent, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(g_strv_length(silent), ==, 0);
    write_file(&f, "policy.d/a.yaml", "allow: ['*']\n");
    other = load_owned(&f, getuid(), &none, &error);
    g_assert_cmpuint(g_strv_length(none), ==, 0);
}

/* --- what is refused --- */

static void
chmod_in(const Fixture *f, const char *name, mode_t mode)
{
    g_autofree char *path = path_in(f, name);

    /* In a closed directory there is no "." either. */
    g_assert_cmpint(chmod(strcmp(name, ".") == 0 ? f->dir : path, mode), ==, 0);
}

static void
test_writable(void)
{
    static const struct {
        const char *name;
        mode_t mode;
        const char *message;
    } rows[] = {
        { "policy.yaml", 0664,
          "Could not read policy file \"@/policy.yaml\": others than its owner may "
          "write to it" },
        { "policy.yaml", 0646,
          "Could not read policy file \"@/policy.yaml\": others than its owner may "
          "write to it" },
        { "base.yaml", 0666,
          "@/policy.yaml:2:11: Could not read policy file \"@/base.yaml\": others than "
          "its owner may write to it" },
        { "policy.d/a.yaml", 0664,
          "Could not read policy file \"@/policy.d/a.yaml\": others than its owner may "
          "write to it" },
        { "policy.d", 0775,
          "Could not read policy file \"@/policy.d\": @/policy.d: others than its "
          "owner "
          "may write to it" },
        { "policy.d", 01777,
          "Could not read policy file \"@/policy.d\": @/policy.d: others than its "
          "owner "
          "may write to it" },
        { ".", 0757,
          "Could not read policy file \"@/policy.d\": @: others than its owner may "
          "write "
          "to it" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(Fixture) f = { 0 };

        setup(&f);
        write_file(&f, "base.yaml", "");
        write_file(&f, "policy.yaml", "allow: ['*']\nextends: [base.yaml]\n");
        write_file(&f, "policy.d/a.yaml", "");
        bns_policy_free(load(&f));
        chmod_in(&f, rows[i].name, rows[i].mode);
        assert_fails(&f, getuid(), rows[i].message);
    }
}

static void
test_owner(void)
{
    g_auto(Fixture) f = { 0 };

    setup(&f);
    write_file(&f, "policy.yaml", "allow: ['*']\n");
    if (getuid() == 0) {
        g_autofree char *path = path_in(&f, "policy.yaml");

        g_assert_cmpint(chown(path, 12345, 12345), ==, 0);
        assert_fails(&f, 0,
                     "Could not read policy file \"@/policy.yaml\": it must belong to "
                     "root");
        bns_policy_free(load_owned(&f, 12345, NULL, NULL));
        g_assert_cmpint(chown(f.dir, 12345, 12345), ==, 0);
        g_assert_cmpint(chown(path, 0, 0), ==, 0);
        assert_fails(&f, 0,
                     "Could not read policy file \"@/policy.d\": @: it must belong to "
                     "root");
        return;
    }
    /* Some directory above is the user's, and so the first that is not root's. */
    {
        g_autoptr(GError) error = NULL;

        g_assert_null(load_owned(&f, 0, NULL, &error));
        g_assert_nonnull(strstr(error->message, "it must belong to root"));
    }
}

static void
test_links(void)
{
    g_auto(Fixture) f = { 0 };
    g_autofree char *link = NULL;
    g_autofree char *more = NULL;

    setup(&f);
    link = path_in(&f, "policy.yaml");
    more = path_in(&f, "policy.d");
    write_file(&f, "real.yaml", "allow: ['*']\n");
    g_assert_cmpint(symlink("real.yaml", link), ==, 0);
    assert_fails(&f, getuid(),
                 "Could not read policy file \"@/policy.yaml\": Too many levels of "
                 "symbolic links");
    g_assert_cmpint(g_unlink(link), ==, 0);
    g_assert_cmpint(symlink("nowhere", link), ==, 0);
    assert_fails(&f, getuid(),
                 "Could not read policy file \"@/policy.yaml\": Too many levels of "
                 "symbolic links");
    g_assert_cmpint(g_unlink(link), ==, 0);
    g_assert_cmpint(g_rmdir(more), ==, 0);
    g_assert_cmpint(symlink("nowhere", more), ==, 0);
    assert_fails(
        &f, getuid(),
        "Could not read policy file \"@/policy.d\": No such file or directory");
    write_file(&f, "policy.yaml", "allow: ['*']\n");
    g_assert_cmpint(g_unlink(more), ==, 0);
    g_assert_cmpint(symlink(".", more), ==, 0);
    assert_fails(
        &f, getuid(),
        "Could not read policy file \"@/policy.d\": @/policy.d: it must not be "
        "a symbolic link");
}

static void
test_kinds_of_files(void)
{
    g_auto(Fixture) f = { 0 };
    g_autofree char *path = NULL;
    g_autofree char *more = NULL;

    setup(&f);
    path = path_in(&f, "policy.yaml");
    more = path_in(&f, "policy.d");
    g_assert_cmpint(mkfifo(path, 0644), ==, 0);
    assert_fails(&f, getuid(),
                 "Could not read policy file \"@/policy.yaml\": not a regular file");
    g_assert_cmpint(g_unlink(path), ==, 0);
    g_assert_cmpint(g_mkdir(path, 0755), ==, 0);
    assert_fails(&f, getuid(),
                 "Could not read policy file \"@/policy.yaml\": not a regular file");
    g_assert_cmpint(g_rmdir(path), ==, 0);
    g_assert_cmpint(g_rmdir(more), ==, 0);
    write_file(&f, "policy.d", "");
    assert_fails(&f, getuid(),
                 "Could not read policy file \"@/policy.d\": Not a directory");
}

static void
test_names(void)
{
    static const struct {
        const char *name;
        const char *message;
    } rows[] = {
        { "policy.yml",
          "Could not read policy file \"@/policy.yml\": its name must be policy.yaml" },
        { "policy.d/a.yml", "Could not read policy file \"@/policy.d/a.yml\": its name "
                            "must end in .yaml" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(Fixture) f = { 0 };

        setup(&f);
        write_file(&f, rows[i].name, "allow: ['*']\n");
        assert_fails(&f, getuid(), rows[i].message);
    }
}

static void
test_content(void)
{
    static const struct {
        const char *content;
        const char *message;
    } rows[] = {
        { "alow: []\n", "@/policy.yaml:1:1: unknown key \"alow\": is it allow?" },
        { "allow: ['x.org', 'tcp://x.org:443']\n",
          "@/policy.yaml:1:18: this rule and @/policy.yaml:1 (x.org) both name port "
          "443 of a host, one for requests and one for opaque tcp: a flow is either, "
          "so remove one or name another port" },
        { "enabled: false\n",
          "@/policy.yaml:1: enabled: false: a system policy cannot be turned off in "
          "itself; remove it, or let others do so by permit: [disable]" },
        { "extends: [absent.yaml]\n",
          "@/policy.yaml:1:11: Could not read policy file \"@/absent.yaml\": No such "
          "file or directory" },
        { "extends: [policy.yaml]\n", "@/policy.yaml:1:11: Could not read policy file "
                                      "\"@/policy.yaml\": it extends "
                                      "itself" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(Fixture) f = { 0 };

        setup(&f);
        write_file(&f, "policy.yaml", rows[i].content);
        assert_fails(&f, getuid(), rows[i].message);
    }
}

static void
test_unreadable(void)
{
    g_auto(Fixture) f = { 0 };

    if (getuid() == 0) {
        g_test_skip("root may read everything");
        return;
    }
    setup(&f);
    write_file(&f, "policy.yaml", "allow: ['*']\n");
    chmod_in(&f, "policy.yaml", 0);
    assert_fails(&f, getuid(),
                 "Could not read policy file \"@/policy.yaml\": Permission denied");
    chmod_in(&f, "policy.d", 0);
    chmod_in(&f, "policy.yaml", 0644);
    assert_fails(&f, getuid(),
                 "Could not read policy file \"@/policy.d\": Permission denied");
    chmod_in(&f, ".", 0);
    assert_fails(&f, getuid(),
                 "Could not read policy file \"@/policy.yaml\": Permission denied");
    chmod_in(&f, ".", 0755);
}

/* A file below that says so would look as if it held. */
static void
test_keys_below(void)
{
    static const char *const keys[] = { "required: false\n", "permit: []\n" };

    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        g_auto(Fixture) f = { 0 };
        g_autofree char *path = NULL;
        g_autofree char *expected = NULL;
        g_autoptr(GError) error = NULL;
        BnsPolicySource source = { 0 };

        setup(&f);
        path = path_in(&f, "user.yaml");
        write_file(&f, "user.yaml", keys[i]);
        source.config_path = path;
        g_assert_null(bns_policy_load(&source, NULL, &error));
        expected = g_strdup_printf("%s:1: %.*s: is for the system policy, "
                                   "/etc/boundary-ns/policy.yaml",
                                   path, (int)strcspn(keys[i], ":"), keys[i]);
        g_assert_cmpstr(error->message, ==, expected);
        g_assert_true(
            g_error_matches(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID));
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 30);
    bns_test_add("/policy/load-system/what-is-not-there-is-no-layer", test_absent);
    bns_test_add("/policy/load-system/files-come-in-the-order-of-their-bytes",
                 test_order);
    bns_test_add("/policy/load-system/policy.d-is-enough", test_drop_in_alone);
    bns_test_add("/policy/load-system/permits-add-up", test_permits_add_up);
    bns_test_add("/policy/load-system/no-allow-rule-is-said",
                 test_no_allow_rule_is_said);
    bns_test_add("/policy/load-system/nobody-else-may-write", test_writable);
    bns_test_add("/policy/load-system/nobody-else-may-own", test_owner);
    bns_test_add("/policy/load-system/no-symbolic-links", test_links);
    bns_test_add("/policy/load-system/regular-files-only", test_kinds_of_files);
    bns_test_add("/policy/load-system/names-that-would-be-missed", test_names);
    bns_test_add("/policy/load-system/what-is-no-policy", test_content);
    bns_test_add("/policy/load-system/what-cannot-be-read-is-not-absent",
                 test_unreadable);
    bns_test_add("/policy/load-system/keys-of-it-are-not-for-others", test_keys_below);
    return g_test_run();
}
