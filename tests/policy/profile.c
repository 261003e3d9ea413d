/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles: which one applies, and what it adds. */
#include "policy/policy_private.h"
#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static const char policy_file[] = "extends: [team.yaml]\n"
                                  "allow: [GET a.example]\n"
                                  "nested: chromium\n"
                                  "profiles:\n"
                                  "  review:\n"
                                  "    for: [claude, 'codex*']\n"
                                  "    deny: [a.example/secret]\n"
                                  "    files: { read_only: [.] }\n"
                                  "    nested: none\n"
                                  "  deploy:\n"
                                  "    for: 'codex-deploy'\n"
                                  "    extends: [more.yaml, preset:npm]\n"
                                  "    allow: [POST deploy.example]\n"
                                  "  own:\n"
                                  "    allow: [own.example]\n";

static const char team_file[] = "profiles:\n"
                                "  team: { for: ['*'], allow: [team.example] }\n"
                                "  own: { allow: [no.example] }\n";

typedef struct {
    char *folder; /* owned */
    char *config; /* owned */
} Fixture;

static void
write_file(const Fixture *f, const char *name, const char *content)
{
    g_autofree char *path = g_build_filename(f->folder, name, NULL);

    g_assert_true(g_file_set_contents(path, content, -1, NULL));
}

static void
fixture_init(Fixture *f, const char *yaml)
{
    f->folder = g_dir_make_tmp("bns-profile-XXXXXX", NULL);
    g_assert_nonnull(f->folder);
    f->config = g_build_filename(f->folder, "p.yaml", NULL);
    write_file(f, "p.yaml", yaml);
    write_file(f, "team.yaml", team_file);
    write_file(f, "more.yaml", "allow: [more.example]\n");
}

static void
fixture_clear(Fixture *f)
{
    static const char *const names[] = { "p.yaml", "team.yaml", "more.yaml" };

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(f->folder, names[i], NULL);

        g_assert_cmpint(g_unlink(path), ==, 0);
    }
    g_assert_cmpint(g_rmdir(f->folder), ==, 0);
    g_free(f->folder);
    g_free(f->config);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Fixture, fixture_clear)

typedef struct {
    const char *name;
    const char *option;  /* --profile; NULL: not given */
    const char *command; /* NULL: nothing is run */
    const char *profile; /* NULL: none applies */
    const char *rules;   /* but for presets', with the folder left out */
} Case;

#define BASE   "p.yaml:2\tallow\tGET a.example\n"
#define REVIEW BASE "p.yaml:7\tdeny\ta.example/secret\n"

static const Case cases[] = {
    { "none", NULL, NULL, NULL, BASE },
    { "by-option", "review", NULL, "review", REVIEW },
    { "by-option-against-the-command", "review", "/bin/codex-deploy", "review",
      REVIEW },
    { "by-the-command", NULL, "claude", "review", REVIEW },
    { "by-the-command's-last-part", NULL, "/opt/claude", "review", REVIEW },
    { "by-a-pattern", NULL, "./codex-x", "review", REVIEW },
    { "a-pattern-is-the-whole-name", NULL, "my-codex", "team",
      BASE "team.yaml:2\tallow\tteam.example\n" },
    { "case-counts", NULL, "Claude", "team",
      BASE "team.yaml:2\tallow\tteam.example\n" },
    { "the-first-in-the-file", NULL, "codex-deploy", "review", REVIEW },
    { "of-what-is-extended-last", NULL, "npm", "team",
      BASE "team.yaml:2\tallow\tteam.example\n" },
    { "with-what-it-is-built-on", "deploy", NULL, "deploy",
      BASE
      "more.yaml:1\tallow\tmore.example\np.yaml:13\tallow\tPOST deploy.example\n" },
    { "the-nearer-of-two", "own", NULL, "own", BASE "p.yaml:15\tallow\town.example\n" },
};

/* describe, without presets and the folder. */
static char *
describe(const Fixture *f, const BnsPolicy *policy)
{
    g_autofree char *text = bns_policy_describe(policy);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    size_t skipped = strlen(f->folder) + 1;
    GString *out = g_string_new("");

    for (char **line = lines; *line != NULL; line++)
        if (g_str_has_prefix(*line, f->folder))
            g_string_append_printf(out, "%s\n", *line + skipped);
    return g_string_free(out, FALSE);
}

static void
test_case(gconstpointer data)
{
    const Case *c = data;
    g_auto(Fixture) f = { 0 };
    g_auto(GStrv) notices = NULL;
    g_autoptr(BnsPolicy) policy = NULL;
    g_autofree char *rules = NULL;
    GError *error = NULL;
    BnsPolicySource source = { .profile = c->option, .command = c->command };

    fixture_init(&f, policy_file);
    source.config_path = f.config;
    policy = bns_policy_load(&source, &notices, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(bns_policy_profile(policy), ==, c->profile);
    rules = describe(&f, policy);
    g_assert_cmpstr(rules, ==, c->rules);
    /* What was chosen by the command is said. */
    g_assert_cmpint(c->option == NULL && c->profile != NULL, ==,
                    notices[0] != NULL &&
                        g_str_has_prefix(notices[0], "policy: profile "));
}

static BnsPolicy *
load(const Fixture *f, const char *profile, GError **error)
{
    const BnsPolicySource source = { .config_path = f->config, .profile = profile };

    return bns_policy_load(&source, NULL, error);
}

/* Its settings count more than the file's, its lists are added. */
static void
test_settings(void)
{
    g_auto(Fixture) f = { 0 };
    g_autoptr(BnsPolicy) plain = NULL;
    g_autoptr(BnsPolicy) review = NULL;
    g_autoptr(BnsPolicy) deploy = NULL;

    fixture_init(&f, policy_file);
    plain = load(&f, NULL, NULL);
    review = load(&f, "review", NULL);
    deploy = load(&f, "deploy", NULL);
    g_assert_cmpint(bns_policy_nested(plain), ==, BNS_NESTED_CHROMIUM);
    g_assert_cmpint(bns_policy_nested(review), ==, BNS_NESTED_NONE);
    g_assert_cmpint(bns_policy_nested(deploy), ==, BNS_NESTED_CHROMIUM);
    g_assert_cmpuint(bns_policy_file_policy(plain)->entries->len, ==, 0);
    g_assert_cmpuint(bns_policy_file_policy(review)->entries->len, ==, 1);
    g_assert_cmpuint(bns_policy_presets(plain)->len, ==, 0);
    g_assert_cmpuint(bns_policy_presets(deploy)->len, ==, 1);
    g_assert_cmpstr(bns_policy_digest(plain), !=, bns_policy_digest(review));
    /* What a session does not use is not read, and not watched. */
    g_assert_cmpuint(bns_policy_files(review)->len, ==, 2);
    g_assert_cmpuint(bns_policy_files(deploy)->len, ==, 3);
}

/* A deny of a profile wins over what the file allows, and the other way round. */
static void
test_deny(void)
{
    g_auto(Fixture) f = { 0 };
    g_autoptr(BnsPolicy) policy = NULL;
    BnsRequest request = { .scheme = BNS_SCHEME_HTTPS,
                           .host = "a.example",
                           .port = 443,
                           .method = "GET",
                           .path = "/secret" };

    fixture_init(&f, "allow: [a.example]\ndeny: [a.example/own]\nprofiles:\n"
                     "  p: { deny: [a.example/secret], allow: [a.example/own] }\n");
    policy = load(&f, "p", NULL);
    g_assert_cmpint(bns_policy_decide(policy, &request).verdict, ==, BNS_VERDICT_DENY);
    request.path = "/own";
    g_assert_cmpint(bns_policy_decide(policy, &request).verdict, ==, BNS_VERDICT_DENY);
    request.path = "/other";
    g_assert_cmpint(bns_policy_decide(policy, &request).verdict, ==, BNS_VERDICT_ALLOW);
}

static const struct {
    const char *name;
    const char *yaml;
    const char *profile; /* NULL: none is asked for */
    const char *message; /* with the folder left out */
} bad_cases[] = {
    { "unknown", policy_file, "reviw",
      "--profile: there is no profile \"reviw\": is it review?" },
    { "quite-unknown", policy_file, "zzz",
      "--profile: there is no profile \"zzz\"; there are: review, deploy, own, team" },
    { "of-none", "version: 1\n", "x",
      "--profile: there is no profile \"x\": no policy file has any" },
    { "no-name", policy_file, "",
      "--profile: there is no profile \"\"; there are: review, deploy, own, team" },
    { "list", "profiles: [a]\n", NULL,
      "p.yaml:1:11: profiles: must be a mapping of names to their rules" },
    { "profile-is-a-list", "profiles:\n  a: [b]\n", NULL,
      "p.yaml:2:6: profiles.a: must be a mapping with extends, for, allow, deny, "
      "files, "
      "env and the like" },
    { "profile-is-nothing", "profiles:\n  a:\n", NULL,
      "p.yaml:2:5: profiles.a: must be a mapping with extends, for, allow, deny, "
      "files, "
      "env and the like" },
    { "name-with-a-space", "profiles:\n  'a b': {}\n", NULL,
      "p.yaml:2:3: profiles: a name has letters, digits, -, _ and ." },
    { "name-begins-with-a-dash", "profiles:\n  -a: {}\n", NULL,
      "p.yaml:2:3: profiles: a name has letters, digits, -, _ and ." },
    { "for-has-a-slash", "profiles:\n  a: { for: [/bin/x] }\n", NULL,
      "p.yaml:2:14: for: is compared with a command's last part, which has no /: write "
      "that part" },
    { "for-has-another-pattern", "profiles:\n  a: { for: ['x?'] }\n", NULL,
      "p.yaml:2:14: for: has no patterns but *: write that" },
    { "for-has-a-class", "profiles:\n  a: { for: 'x[ab]' }\n", NULL,
      "p.yaml:2:13: for: has no patterns but *: write that" },
    { "for-is-empty", "profiles:\n  a: { for: [''] }\n", NULL,
      "p.yaml:2:14: for: an empty name: name a command" },
    { "a-rule-is-wrong-though-unused", "profiles:\n  a: { allow: ['b/*/**x'] }\n", NULL,
      NULL },
    { "a-key-of-a-file", "profiles:\n  a: { enabled: false }\n", NULL,
      "p.yaml:2:8: unknown key \"enabled\": use extends, for, allow, deny, commands, "
      "env, "
      "files, limits, mode, nested, sockets or tty" },
    { "a-profile-in-a-profile", "profiles:\n  a: { profiles: { b: {} } }\n", NULL,
      "p.yaml:2:8: unknown key \"profiles\": use extends, for, allow, deny, commands, "
      "env, files, limits, mode, nested, sockets or tty" },
    { "twice", "profiles:\n  a: {}\n  a: {}\n", NULL, NULL },
    { "for-of-a-file", "for: [claude]\n", NULL, NULL },
};

static void
test_bad(gconstpointer data)
{
    size_t i = GPOINTER_TO_SIZE(data);
    g_auto(Fixture) f = { 0 };
    g_autoptr(GError) error = NULL;
    const char *message;

    fixture_init(&f, bad_cases[i].yaml);
    g_assert_null(load(&f, bad_cases[i].profile, &error));
    g_assert_error(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID);
    message = error->message;
    if (g_str_has_prefix(message, f.folder))
        message += strlen(f.folder) + 1;
    if (bad_cases[i].message != NULL)
        g_assert_cmpstr(message, ==, bad_cases[i].message);
    else
        g_assert_true(g_str_has_prefix(message, "p.yaml:"));
}

/* What it is built on and cannot be read is an error where it is named. */
static void
test_missing(void)
{
    g_auto(Fixture) f = { 0 };
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsPolicy) policy = NULL;
    g_autofree char *place = NULL;

    fixture_init(&f, "profiles:\n  a: { extends: [absent.yaml] }\n");
    g_assert_null(load(&f, "a", &error));
    g_assert_error(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_READ);
    place = g_strdup_printf("%s:2:18: ", f.config);
    g_assert_true(g_str_has_prefix(error->message, place));
    g_clear_error(&error);
    policy = load(&f, NULL, &error);
    g_assert_no_error(error);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/policy/profile/%s", cases[i].name);

        bns_test_add_data(path, &cases[i], test_case);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(bad_cases); i++) {
        g_autofree char *path =
            g_strdup_printf("/policy/profile/bad/%s", bad_cases[i].name);

        bns_test_add_data(path, GSIZE_TO_POINTER(i), test_bad);
    }
    bns_test_add("/policy/profile/its-settings-count-more", test_settings);
    bns_test_add("/policy/profile/a-deny-wins", test_deny);
    bns_test_add("/policy/profile/what-is-missing", test_missing);
    return g_test_run();
}
