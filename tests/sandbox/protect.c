/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/protect.h"

#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    char *root; /* owned; without symbolic links */
    BnsPlaces *places;
    BnsPolicy *policy;
    BnsAuditFile audit;
} Fixture;

static char *
path_of(const Fixture *fixture, const char *name)
{
    return g_build_filename(fixture->root, name, NULL);
}

static void
make_file(const Fixture *fixture, const char *name, const char *text)
{
    g_autofree char *path = path_of(fixture, name);
    g_autofree char *dir = g_path_get_dirname(path);

    g_assert_cmpint(g_mkdir_with_parents(dir, 0700), ==, 0);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void
setup(Fixture *fixture)
{
    g_autofree char *config = NULL;
    g_autoptr(GError) error = NULL;

    *fixture = (Fixture){ .root = g_dir_make_tmp("bns-protect-XXXXXX", NULL) };
    make_file(fixture, "work/policy.yaml", "allow: [a.test]\n");
    make_file(fixture, ".local/state/boundary-ns/audit/x.jsonl", "");
    config = path_of(fixture, "work/policy.yaml");
    fixture->policy =
        bns_policy_load(&(BnsPolicySource){ .config_path = config }, NULL, &error);
    g_assert_no_error(error);
    fixture->audit.path = path_of(fixture, ".local/state/boundary-ns/audit/x.jsonl");
    g_setenv("HOME", fixture->root, TRUE);
    g_unsetenv("XDG_CONFIG_HOME");
    g_unsetenv("XDG_STATE_HOME");
    fixture->places = bns_places_new();
    bns_places_create(fixture->places);
}

static void
teardown(Fixture *fixture)
{
    bns_test_remove_tree(fixture->root);
    bns_places_free(fixture->places);
    bns_policy_free(fixture->policy);
    g_free(fixture->audit.path);
    g_free(fixture->root);
}

static BnsProtectSource
source_of(const Fixture *fixture)
{
    return (BnsProtectSource){ .places = fixture->places,
                               .policy = fixture->policy,
                               .audit = &fixture->audit,
                               .executable = "/nowhere/at/all",
                               .netstack = "/nowhere/at/all" };
}

static bool
has(const Fixture *fixture, char **paths, const char *name)
{
    g_autofree char *path = path_of(fixture, name);

    return g_strv_contains((const char *const *)paths, path);
}

static void
test_default(void)
{
    Fixture fixture;
    BnsProtectSource source;
    g_auto(GStrv) paths = NULL;

    setup(&fixture);
    source = source_of(&fixture);
    paths = bns_protect_paths(&source);
    g_assert_true(has(&fixture, paths, ".config/boundary-ns"));
    g_assert_true(has(&fixture, paths, ".config/coder_boundary"));
    g_assert_true(has(&fixture, paths, ".local/state/boundary-ns"));
    g_assert_true(has(&fixture, paths, "work/policy.yaml"));
    /* The audit's directory is the state directory, named once. */
    g_assert_cmpuint(g_strv_length(paths), ==, 4);
    teardown(&fixture);
}

static void
test_named_audit(void)
{
    Fixture fixture;
    BnsProtectSource source;
    g_auto(GStrv) paths = NULL;

    setup(&fixture);
    make_file(&fixture, "work/audit.jsonl", "");
    g_free(fixture.audit.path);
    fixture.audit.path = path_of(&fixture, "work/audit.jsonl");
    source = source_of(&fixture);
    source.audit_is_named = true;
    paths = bns_protect_paths(&source);
    g_assert_true(has(&fixture, paths, "work/audit.jsonl"));
    g_assert_false(has(&fixture, paths, "work"));
    g_assert_false(has(&fixture, paths, ""));
    teardown(&fixture);
}

static void
test_links_are_followed(void)
{
    Fixture fixture;
    BnsProtectSource source;
    g_auto(GStrv) links = NULL;
    g_auto(GStrv) paths = NULL;
    g_autofree char *config = NULL;
    g_autofree char *real = NULL;

    setup(&fixture);
    config = path_of(&fixture, ".config");
    real = path_of(&fixture, "dotfiles");
    g_assert_cmpint(g_rename(config, real), ==, 0);
    g_assert_cmpint(symlink("dotfiles", config), ==, 0);
    source = source_of(&fixture);
    paths = bns_protect_paths(&source);
    g_assert_true(has(&fixture, paths, "dotfiles/boundary-ns"));
    g_assert_false(has(&fixture, paths, ".config/boundary-ns"));
    links = bns_protect_links(&source);
    g_assert_cmpuint(g_strv_length(links), ==, 1);
    g_assert_true(has(&fixture, links, ".config"));
    teardown(&fixture);
}

/* As a person may name them: by way of links, links to links and "..". */
static void
test_links_of_named_files(void)
{
    Fixture fixture;
    BnsProtectSource source;
    g_auto(GStrv) links = NULL;
    g_auto(GStrv) paths = NULL;
    g_autofree char *first = NULL;
    g_autofree char *second = NULL;
    g_autofree char *loop = NULL;
    g_autofree char *named = NULL;

    setup(&fixture);
    make_file(&fixture, "real/ca.pem", "");
    first = path_of(&fixture, "work/first");
    second = path_of(&fixture, "second");
    loop = path_of(&fixture, "loop");
    named = path_of(&fixture, "work/first/../real/ca.pem");
    g_assert_cmpint(symlink("../second", first), ==, 0);
    g_assert_cmpint(symlink("real", second), ==, 0);
    g_assert_cmpint(symlink("loop", loop), ==, 0);
    source = source_of(&fixture);
    source.upstream_ca = (char *[]){ named, loop, NULL };
    links = bns_protect_links(&source);
    paths = bns_protect_paths(&source);
    g_assert_true(has(&fixture, links, "work/first"));
    g_assert_true(has(&fixture, links, "second"));
    g_assert_true(has(&fixture, links, "loop"));
    g_assert_cmpuint(g_strv_length(links), ==, 3);
    g_assert_true(has(&fixture, paths, "real/ca.pem"));
    teardown(&fixture);
}

/* What is ours without XDG_CONFIG_HOME is so in a session with it, too. */
static void
test_both_config_dirs(void)
{
    Fixture fixture;
    BnsProtectSource source;
    g_auto(GStrv) paths = NULL;
    g_autofree char *xdg = NULL;

    setup(&fixture);
    xdg = path_of(&fixture, "xdg");
    g_setenv("XDG_CONFIG_HOME", xdg, TRUE);
    bns_places_free(fixture.places);
    fixture.places = bns_places_new();
    bns_places_create(fixture.places);
    source = source_of(&fixture);
    paths = bns_protect_paths(&source);
    g_assert_true(has(&fixture, paths, "xdg/boundary-ns"));
    g_assert_true(has(&fixture, paths, ".config/boundary-ns"));
    teardown(&fixture);
}

static void
test_own_programs(void)
{
    Fixture fixture;
    BnsProtectSource source;
    g_auto(GStrv) paths = NULL;
    g_autofree char *mine = NULL;

    setup(&fixture);
    make_file(&fixture, "bin/boundary-ns", "");
    mine = path_of(&fixture, "bin/boundary-ns");
    source = source_of(&fixture);
    source.executable = mine;
    paths = bns_protect_paths(&source);
    g_assert_true(has(&fixture, paths, "bin/boundary-ns"));
    teardown(&fixture);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    bns_test_add("/sandbox/protect/policy-state-and-places-are-protected",
                 test_default);
    bns_test_add("/sandbox/protect/a-named-audit-file-is-protected-alone",
                 test_named_audit);
    bns_test_add("/sandbox/protect/symbolic-links-are-followed-and-told",
                 test_links_are_followed);
    bns_test_add("/sandbox/protect/links-of-named-files-are-told",
                 test_links_of_named_files);
    bns_test_add("/sandbox/protect/with-and-without-xdg-config-home",
                 test_both_config_dirs);
    bns_test_add("/sandbox/protect/programs-of-the-user-are-protected",
                 test_own_programs);
    return g_test_run();
}
