/* SPDX-License-Identifier: Apache-2.0 */
/* How presets are named, and what becomes of what several say. */
#include "policy/preset_load.h"
#include "policy/policy_private.h"
#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    const char *name;
    const char *yaml;      /* of the policy file; NULL: none */
    const char *presets;   /* --preset, by commas; NULL: none */
    const char *command;   /* NULL: nothing is run */
    const char *effective; /* which presets apply, by commas */
    const char *notice;    /* NULL: none */
} Case;

#define NOTICE(preset, program)                                                        \
    "policy: preset " preset ", for " program                                          \
    "; auto_preset: false in a policy stops it"

static const Case cases[] = {
    { "none", NULL, NULL, NULL, "", NULL },
    { "by-option", NULL, "npm", NULL, "npm", NULL },
    { "by-options-in-order", NULL, "pypi,npm", NULL, "pypi,npm", NULL },
    { "each-once", "extends: [preset:npm, preset:npm]\n", "npm,npm", NULL, "npm",
      NULL },
    { "by-a-file", "extends: [preset:npm]\n", NULL, NULL, "npm", NULL },
    { "options-before-a-file", "extends: [preset:npm]\n", "go", NULL, "go,npm", NULL },
    { "what-it-is-built-on-first", NULL, "npm-publish", NULL, "npm,npm-publish", NULL },
    { "by-the-command", NULL, NULL, "claude", "claude-code",
      NOTICE("claude-code", "claude") },
    { "by-the-command's-last-part", NULL, NULL, "/opt/bin/codex", "codex",
      NOTICE("codex", "codex") },
    { "by-the-command-beside-others", "extends: [preset:npm]\n", "go", "gemini",
      "go,npm,gemini-cli", NOTICE("gemini-cli", "gemini") },
    { "not-by-another-command", NULL, NULL, "npm", "", NULL },
    { "a-file-has-named-it", "extends: [preset:claude-code]\n", NULL, "claude",
      "claude-code", NULL },
    { "an-option-has-named-it", NULL, "claude-code", "claude", "claude-code", NULL },
    { "a-file-stops-it", "auto_preset: false\n", NULL, "claude", "", NULL },
    { "a-file-stops-that-alone", "auto_preset: false\nextends: [preset:npm]\n", "go",
      "claude", "go,npm", NULL },
    { "a-file-wants-it", "auto_preset: true\n", NULL, "claude", "claude-code",
      NOTICE("claude-code", "claude") },
    { "a-file-below-stops-it", "extends: [stop.yaml]\nauto_preset: true\n", NULL,
      "claude", "", NULL },
    { "by-a-file-below", "extends: [npm.yaml]\n", NULL, NULL, "npm", NULL },
};

/* A folder with a policy file and others that it may be built on. */
typedef struct {
    char *folder; /* owned */
    char *config; /* owned; NULL: there is none */
} Fixture;

static char *
write_file(const Fixture *f, const char *name, const char *content)
{
    char *path = g_build_filename(f->folder, name, NULL);

    g_assert_true(g_file_set_contents(path, content, -1, NULL));
    return path;
}

static void
fixture_init(Fixture *f, const char *yaml)
{
    g_autofree char *stop = NULL;
    g_autofree char *npm = NULL;
    g_autofree char *low = NULL;

    f->folder = g_dir_make_tmp("bns-preset-XXXXXX", NULL);
    g_assert_nonnull(f->folder);
    f->config = yaml != NULL ? write_file(f, "p.yaml", yaml) : NULL;
    stop = write_file(f, "stop.yaml", "auto_preset: false\n");
    npm = write_file(f, "npm.yaml", "extends: [\"preset:npm\"]\n");
    low = write_file(f, "low.yaml", "nested: none\n");
}

static void
fixture_clear(Fixture *f)
{
    static const char *const names[] = { "p.yaml", "stop.yaml", "npm.yaml",
                                         "low.yaml" };

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(f->folder, names[i], NULL);

        g_unlink(path);
    }
    g_assert_cmpint(g_rmdir(f->folder), ==, 0);
    g_free(f->folder);
    g_free(f->config);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Fixture, fixture_clear)

static BnsPolicy *
load(const Fixture *f,
     const char *presets,
     const char *command,
     GStrv *out_notices,
     GError **error)
{
    g_auto(GStrv) names = presets != NULL ? g_strsplit(presets, ",", -1) : NULL;
    const BnsPolicySource source = { .config_path = f->config,
                                     .presets = names,
                                     .command = command };

    return bns_policy_load(&source, out_notices, error);
}

static char *
join(const GPtrArray *names)
{
    GString *text = g_string_new("");

    for (guint i = 0; i < names->len; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? "," : "",
                               (const char *)names->pdata[i]);
    return g_string_free(text, FALSE);
}

static void
test_applies(gconstpointer data)
{
    const Case *c = data;
    g_auto(Fixture) f = { 0 };
    g_auto(GStrv) notices = NULL;
    g_autoptr(BnsPolicy) policy = NULL;
    g_autofree char *effective = NULL;
    GError *error = NULL;

    fixture_init(&f, c->yaml);
    policy = load(&f, c->presets, c->command, &notices, &error);
    g_assert_no_error(error);
    effective = join(bns_policy_presets(policy));
    g_assert_cmpstr(effective, ==, c->effective);
    g_assert_cmpstr(notices[0], ==, c->notice);
    /* It is told apart in the audit. */
    if (*effective != '\0') {
        g_autoptr(BnsPolicy) empty =
            bns_policy_load(&(BnsPolicySource){ 0 }, NULL, NULL);

        g_assert_cmpstr(bns_policy_digest(policy), !=, bns_policy_digest(empty));
    }
}

static const struct {
    const char *name;
    const char *yaml;
    const char *presets;
    const char *message; /* with the folder left out */
} bad_cases[] = {
    { "option", NULL, "npm,nmp", "--preset#2: there is no preset \"nmp\": is it npm?" },
    { "file", "version: 1\nextends: [low.yaml, preset:nmp]\n", NULL,
      "p.yaml:2:21: there is no preset \"nmp\": is it npm?" },
    { "no-name", "extends: ['preset:']\n", NULL,
      "p.yaml:1:11: there is no preset \"\": see boundary-ns preset list" },
    { "auto-preset-is-no-name", "auto_preset: npm\n", NULL,
      "p.yaml:1:14: auto_preset: must be true or false" },
};

static void
test_bad(gconstpointer data)
{
    size_t i = GPOINTER_TO_SIZE(data);
    g_auto(Fixture) f = { 0 };
    g_autoptr(GError) error = NULL;
    const char *message;

    fixture_init(&f, bad_cases[i].yaml);
    g_assert_null(load(&f, bad_cases[i].presets, NULL, NULL, &error));
    g_assert_error(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID);
    message = error->message;
    if (g_str_has_prefix(message, f.folder))
        message += strlen(f.folder) + 1;
    g_assert_cmpstr(message, ==, bad_cases[i].message);
}

/* Of presets the one that opens more counts; what a file says counts more than they. */
static const struct {
    const char *name;
    const char *yaml;
    const char *presets;
    BnsNested nested;
    const char *origin; /* how it begins, or, of a file, the file */
} nested_cases[] = {
    { "one", NULL, "codex", BNS_NESTED_FULL, "preset:codex:" },
    { "the-higher-first", NULL, "codex,vscode", BNS_NESTED_FULL, "preset:codex:" },
    { "the-higher-last", NULL, "vscode,codex", BNS_NESTED_FULL, "preset:codex:" },
    { "one-that-says-nothing", NULL, "vscode,npm", BNS_NESTED_CHROMIUM,
      "preset:vscode:" },
    { "a-file-closes-it", "nested: none\n", "codex", BNS_NESTED_NONE, "p.yaml:1" },
    { "a-file-below-closes-it", "extends: [low.yaml, preset:codex]\n", NULL,
      BNS_NESTED_NONE, "low.yaml:1" },
};

static void
test_nested(gconstpointer data)
{
    size_t i = GPOINTER_TO_SIZE(data);
    g_auto(Fixture) f = { 0 };
    g_autoptr(BnsPolicy) policy = NULL;
    GError *error = NULL;

    fixture_init(&f, nested_cases[i].yaml);
    policy = load(&f, nested_cases[i].presets, NULL, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpint(bns_policy_nested(policy), ==, nested_cases[i].nested);
    g_assert_nonnull(strstr(bns_policy_nested_origin(policy), nested_cases[i].origin));
}

/* To write to a preset's directories is no choice against the working directory; a file's
 * entries come after a preset's, and so win. */
static void
test_files(void)
{
    g_auto(Fixture) f = { 0 };
    g_autoptr(BnsPolicy) policy = NULL;
    const BnsFiles *files;
    const BnsFileEntry *first, *last;

    fixture_init(&f,
                 "files: { hide: [~/.claude.json] }\nextends: [preset:claude-code]\n");
    policy = load(&f, NULL, NULL, NULL, NULL);
    files = bns_policy_file_policy(policy);
    g_assert_false(files->has_write);
    first = files->entries->pdata[0];
    last = files->entries->pdata[files->entries->len - 1];
    g_assert_true(g_str_has_prefix(first->origin, "preset:claude-code:"));
    g_assert_cmpint(last->kind, ==, BNS_FILE_HIDE);
    g_assert_cmpstr(last->path, ==, "~/.claude.json");
}

/* A deny of a file wins over what a preset allows. */
static void
test_deny(void)
{
    g_auto(Fixture) f = { 0 };
    g_autoptr(BnsPolicy) policy = NULL;
    const BnsRequest request = { .scheme = BNS_SCHEME_HTTPS,
                                 .host = "api.anthropic.com",
                                 .port = 443,
                                 .method = "POST",
                                 .path = "/v1/messages" };

    fixture_init(&f, "deny: [api.anthropic.com]\n");
    policy = load(&f, "claude-code", NULL, NULL, NULL);
    g_assert_cmpint(bns_policy_decide(policy, &request).verdict, ==, BNS_VERDICT_DENY);
    g_clear_pointer(&policy, bns_policy_free);
    g_clear_pointer(&f.config, g_free);
    policy = load(&f, "claude-code", NULL, NULL, NULL);
    g_assert_cmpint(bns_policy_decide(policy, &request).verdict, ==, BNS_VERDICT_ALLOW);
    g_assert_true(g_str_has_prefix(bns_policy_decide(policy, &request).rule,
                                   "preset:claude-code:"));
}

/* --- a system layer --- */

static const struct {
    const char *name;
    const char *system;
    const char *effective; /* of the layer below; NULL: an error */
    const char *message;   /* what is in it */
    BnsVerdict verdict;    /* of a prompt to claude's API */
} system_cases[] = {
    { "says-nothing-of-it", "allow: ['*']\n", "claude-code", NULL, BNS_VERDICT_ALLOW },
    { "stops-it", "allow: ['*']\nauto_preset: false\n", "", NULL, BNS_VERDICT_DENY },
    { "is-not-widened", "allow: [a.example]\n", "claude-code", NULL, BNS_VERDICT_DENY },
    { "is-built-on-one", "extends: [preset:claude-code]\n", "claude-code", NULL,
      BNS_VERDICT_ALLOW },
    { "is-built-on-another", "extends: [preset:npm]\n", "claude-code", NULL,
      BNS_VERDICT_DENY },
    { "is-built-on-none", "extends: [preset:nmp]\n", NULL,
      "policy.yaml:1:11: there is no preset \"nmp\"", BNS_VERDICT_DENY },
    { "has-profiles", "profiles: { a: {} }\n", NULL,
      "policy.yaml:1: profiles: a system policy holds in every session",
      BNS_VERDICT_DENY },
};

static void
test_system(gconstpointer data)
{
    size_t i = GPOINTER_TO_SIZE(data);
    g_autofree char *dir = g_dir_make_tmp("bns-preset-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "policy.yaml", NULL);
    const BnsPolicySource source = { .system_dir = dir,
                                     .system_owner = geteuid(),
                                     .command = "claude" };
    const BnsRequest request = { .scheme = BNS_SCHEME_HTTPS,
                                 .host = "api.anthropic.com",
                                 .port = 443,
                                 .method = "POST",
                                 .path = "/v1/messages" };
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsPolicy) policy = NULL;

    g_assert_true(g_file_set_contents(file, system_cases[i].system, -1, NULL));
    policy = bns_policy_load(&source, NULL, &error);
    g_unlink(file);
    g_rmdir(dir);
    if (system_cases[i].effective == NULL) {
        g_assert_null(policy);
        g_assert_nonnull(strstr(error->message, system_cases[i].message));
        return;
    }
    g_assert_no_error(error);
    g_autofree char *effective = join(bns_policy_presets(policy));
    g_assert_cmpstr(effective, ==, system_cases[i].effective);
    g_assert_cmpint(bns_policy_decide(policy, &request).verdict, ==,
                    system_cases[i].verdict);
}

/* As where the file that names presets is no policy. */
static void
test_not_begun(void)
{
    BnsPresetList list = { 0 };

    bns_preset_list_clear(&list);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path =
            g_strdup_printf("/policy/preset-load/%s", cases[i].name);

        bns_test_add_data(path, &cases[i], test_applies);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(bad_cases); i++) {
        g_autofree char *path =
            g_strdup_printf("/policy/preset-load/bad/%s", bad_cases[i].name);

        bns_test_add_data(path, GSIZE_TO_POINTER(i), test_bad);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(nested_cases); i++) {
        g_autofree char *path =
            g_strdup_printf("/policy/preset-load/nested/%s", nested_cases[i].name);

        bns_test_add_data(path, GSIZE_TO_POINTER(i), test_nested);
    }
    bns_test_add("/policy/preset-load/the-working-directory-stays", test_files);
    bns_test_add("/policy/preset-load/a-deny-wins", test_deny);
    bns_test_add("/policy/preset-load/what-was-not-begun-is-cleared", test_not_begun);
    for (size_t i = 0; i < G_N_ELEMENTS(system_cases); i++) {
        g_autofree char *path =
            g_strdup_printf("/policy/preset-load/system/%s", system_cases[i].name);

        bns_test_add_data(path, GSIZE_TO_POINTER(i), test_system);
    }
    return g_test_run();
}
