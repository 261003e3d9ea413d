/* SPDX-License-Identifier: Apache-2.0 */
/* The presets' files: what each must hold, and must not. */
#include "policy/preset.h"
#include "policy/policy_private.h"
#include "policy/yaml.h"
#include "tests/support/test.h"

#include <string.h>

/* Presets that only read: what they are for has no other methods. */
static const char *const readers[] = {
    "crates", "debian", "docker-pull", "go",       "huggingface-read",
    "maven",  "npm",    "pypi",        "rubygems", "ubuntu",
};

static const char *const others[] = {
    "aider",      "claude-code",  "codex",       "gemini-cli",
    "github",     "github-login", "github-read", "gitlab",
    "model-apis", "npm-publish",  "opencode",    "vscode",
};

/* Anybody may have a name there. */
static const char *const clouds[] = {
    "amazonaws.com",
    "cloudfront.net",
    "googleapis.com",
    "googleusercontent.com",
    "storage.googleapis.com",
    "appspot.com",
    "run.app",
    "windows.net",
    "core.windows.net",
    "azureedge.net",
    "azurewebsites.net",
    "cloudapp.azure.com",
    "trafficmanager.net",
    "cloudflarestorage.com",
    "r2.cloudflarestorage.com",
    "r2.dev",
    "workers.dev",
    "pages.dev",
    "fastly.net",
    "akamaized.net",
    "digitaloceanspaces.com",
    "github.io",
    "gitlab.io",
    "pkg.dev",
    "google.com",
    "microsoft.com",
    "com",
    "net",
    "org",
    "io",
};

static bool
is_reader(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(readers); i++)
        if (strcmp(readers[i], name) == 0)
            return true;
    return false;
}

/* Returns: (transfer full): the file's tree. */
static BnsYaml *
read_preset(const BnsPreset *preset)
{
    GError *error = NULL;
    BnsYaml *root = bns_yaml_parse(preset->name, preset->text, preset->len, &error);

    g_assert_no_error(error);
    return root;
}

/* (transfer none) (nullable) */
static const BnsYaml *
find_key(const BnsYaml *mapping, const char *name)
{
    for (guint i = 0; i < mapping->children->len; i += 2) {
        const BnsYaml *key = mapping->children->pdata[i];

        if (strcmp(key->text, name) == 0)
            return mapping->children->pdata[i + 1];
    }
    return NULL;
}

/* Calls @func for each scalar of a list, or for the scalar itself. */
static void
each_text(const BnsPreset *preset,
          const BnsYaml *value,
          void (*func)(const BnsPreset *preset, const char *text))
{
    if (value == NULL)
        return;
    if (value->kind == BNS_YAML_SCALAR) {
        func(preset, value->text);
        return;
    }
    for (guint i = 0; i < value->children->len; i++)
        each_text(preset, value->children->pdata[i], func);
}

static void
check_keys(const BnsPreset *preset,
           const BnsYaml *mapping,
           const char *const *known,
           const char *where)
{
    for (guint i = 0; i < mapping->children->len; i += 2) {
        const BnsYaml *key = mapping->children->pdata[i];

        if (!g_strv_contains(known, key->text))
            g_error("preset %s says \"%s\" in %s", preset->name, key->text, where);
    }
}

static void
check_parent(const BnsPreset *preset, const char *text)
{
    g_assert_true(g_str_has_prefix(text, BNS_PRESET_PREFIX));
    g_assert_nonnull(bns_preset_find(text + strlen(BNS_PRESET_PREFIX), NULL));
}

/* Relative paths would be the project's. */
static void
check_path(const BnsPreset *preset, const char *text)
{
    if (!g_str_has_prefix(text, "~/") || strlen(text) < 4 || strstr(text, "..") != NULL)
        g_error("preset %s names the path %s", preset->name, text);
}

static void
check_env(const BnsPreset *preset, const char *text)
{
    if (*text == '*' || strlen(text) < 5)
        g_error("preset %s passes %s", preset->name, text);
}

/* No deny, which nobody could undo; nothing that opens more than its program needs. */
static void
test_keys(gconstpointer data)
{
    static const char *const top[] = { "version", "extends", "allow", "files",
                                       "env",     "nested",  NULL };
    static const char *const rule[] = { "domain", "methods", "path", NULL };
    static const char *const files[] = { "write",     "persist", "private",
                                         "read_only", "show",    NULL };
    static const char *const env[] = { "pass", NULL };
    const BnsPreset *preset = data;
    g_autoptr(BnsYaml) root = read_preset(preset);
    const BnsYaml *rules = find_key(root, "allow");
    const BnsYaml *value;

    check_keys(preset, root, top, "the file");
    each_text(preset, find_key(root, "extends"), check_parent);
    for (guint i = 0; rules != NULL && i < rules->children->len; i++) {
        g_assert_cmpint(((BnsYaml *)rules->children->pdata[i])->kind, ==,
                        BNS_YAML_MAPPING);
        check_keys(preset, rules->children->pdata[i], rule, "a rule");
    }
    if ((value = find_key(root, "files")) != NULL) {
        check_keys(preset, value, files, "files");
        for (guint i = 1; i < value->children->len; i += 2)
            each_text(preset, value->children->pdata[i], check_path);
    }
    if ((value = find_key(root, "env")) != NULL) {
        check_keys(preset, value, env, "env");
        each_text(preset, find_key(value, "pass"), check_env);
    }
}

static void
check_domain(const BnsPreset *preset, const char *text)
{
    const char *name = *text == '.' ? text + 1 : text;

    if (strchr(text, '*') != NULL)
        g_error("preset %s has the pattern %s", preset->name, text);
    if (is_reader(preset->name) && *text != '.')
        g_error("preset %s names the host %s, which may move", preset->name, text);
    for (size_t i = 0; *text == '.' && i < G_N_ELEMENTS(clouds); i++)
        if (strcmp(name, clouds[i]) == 0)
            g_error("preset %s allows what anybody may have: %s", preset->name, text);
}

static void
check_reading(const BnsPreset *preset, const char *text)
{
    if (strcmp(text, "GET") != 0 && strcmp(text, "HEAD") != 0)
        g_error("preset %s allows %s", preset->name, text);
}

static void
test_rules(gconstpointer data)
{
    const BnsPreset *preset = data;
    g_autoptr(BnsYaml) root = read_preset(preset);
    const BnsYaml *rules = find_key(root, "allow");

    for (guint i = 0; rules != NULL && i < rules->children->len; i++) {
        const BnsYaml *rule = rules->children->pdata[i];
        const BnsYaml *methods = find_key(rule, "methods");

        each_text(preset, find_key(rule, "domain"), check_domain);
        if (methods == NULL)
            g_error("preset %s:%u allows any method", preset->name, rule->line);
        if (is_reader(preset->name))
            each_text(preset, methods, check_reading);
    }
}

/* Whether the line is followed by a comment on it, or is below one. */
static bool
is_explained(char **lines, guint line)
{
    const char *text = lines[line - 1];
    const char *above = line > 1 ? lines[line - 2] : "";

    while (*above == ' ')
        above++;
    return strstr(text, " # ") != NULL || g_str_has_prefix(above, "# ");
}

/* A rule, or a list of files or variables, says who needs it. */
static void
test_comments(gconstpointer data)
{
    const BnsPreset *preset = data;
    g_auto(GStrv) lines = g_strsplit(preset->text, "\n", -1);
    g_autofree char *description = bns_preset_describe(preset);

    g_assert_cmpstr(description, !=, "");
    g_assert_cmpuint(strlen(description), <=, 90);
    for (guint i = 0; lines[i] != NULL; i++) {
        const char *text = lines[i] + strspn(lines[i], " ");
        bool is_list = text != lines[i] && g_ascii_islower(*text);
        bool is_nested = g_str_has_prefix(text, "nested:");

        if ((g_str_has_prefix(text, "- {") || is_list || is_nested) &&
            !is_explained(lines, i + 1))
            g_error("preset %s:%u does not say who needs it", preset->name, i + 1);
    }
}

static BnsPolicy *
load_preset(const char *name, GError **error)
{
    char *names[] = { (char *)(uintptr_t)name, NULL };
    const BnsPolicySource source = { .presets = names };

    return bns_policy_load(&source, NULL, error);
}

static void
test_loads(gconstpointer data)
{
    const BnsPreset *preset = data;
    GError *error = NULL;
    g_autoptr(BnsPolicy) policy = load_preset(preset->name, &error);
    g_autofree char *lines = NULL;
    g_autofree char *origin = g_strdup_printf("preset:%s:", preset->name);

    g_assert_no_error(error);
    lines = bns_policy_describe(policy);
    if (strstr(preset->text, "\nallow:") != NULL)
        g_assert_nonnull(strstr(lines, origin));
    g_assert_cmpuint(strlen(preset->text), ==, preset->len);
}

static BnsVerdict
ask(const char *preset, const char *method, const char *host, const char *path)
{
    GError *error = NULL;
    g_autoptr(BnsPolicy) policy = load_preset(preset, &error);
    const BnsRequest request = { .scheme = BNS_SCHEME_HTTPS,
                                 .host = host,
                                 .port = 443,
                                 .method = method,
                                 .path = path };

    g_assert_no_error(error);
    return bns_policy_decide(policy, &request).verdict;
}

typedef struct {
    const char *name;
    const char *preset;
    const char *method;
    const char *host; /* NULL: the first that the preset names */
    const char *path;
    BnsVerdict verdict;
} Case;

static const Case cases[] = {
    { "npm-reads", "npm", "GET", NULL, "/@scope%2fname", BNS_VERDICT_ALLOW },
    { "npm-does-not-publish", "npm", "PUT", NULL, "/name", BNS_VERDICT_DENY },
    { "npm-does-not-audit", "npm", "POST", NULL, "/-/npm/v1/security/advisories/bulk",
      BNS_VERDICT_DENY },
    { "npm-publish-publishes", "npm-publish", "PUT", NULL, "/@scope%2fname",
      BNS_VERDICT_ALLOW },
    { "npm-publish-reads", "npm-publish", "GET", NULL, "/name", BNS_VERDICT_ALLOW },
    { "npm-publish-does-not-unpublish", "npm-publish", "DELETE", NULL, "/name/-rev/1",
      BNS_VERDICT_DENY },
    { "claude-asks", "claude-code", "POST", "api.anthropic.com", "/v1/messages",
      BNS_VERDICT_ALLOW },
    { "claude-stores-no-files", "claude-code", "POST", "api.anthropic.com", "/v1/files",
      BNS_VERDICT_DENY },
    { "claude-sends-no-telemetry", "claude-code", "POST", "api.anthropic.com",
      "/api/event_logging/v2/batch", BNS_VERDICT_DENY },
    { "claude-greets", "claude-code", "GET", "platform.claude.com", "/v1/oauth/hello",
      BNS_VERDICT_ALLOW },
    { "claude-logs-in", "claude-code", "POST", "platform.claude.com", "/v1/oauth/token",
      BNS_VERDICT_ALLOW },
    { "codex-asks-by-websocket", "codex", "GET", "api.openai.com", "/v1/responses",
      BNS_VERDICT_ALLOW },
    { "codex-stores-no-files", "codex", "POST", "api.openai.com", "/v1/files",
      BNS_VERDICT_DENY },
    { "gemini-asks", "gemini-cli", "POST", "generativelanguage.googleapis.com",
      "/v1beta/models/gemini-2.5-pro:streamGenerateContent", BNS_VERDICT_ALLOW },
    { "gemini-stores-no-files", "gemini-cli", "POST",
      "generativelanguage.googleapis.com", "/upload/v1beta/files", BNS_VERDICT_DENY },
    { "gemini-logs-in", "gemini-cli", "POST", "cloudcode-pa.googleapis.com",
      "/v1internal:loadCodeAssist", BNS_VERDICT_ALLOW },
    { "opencode-asks", "opencode", "POST", "api.anthropic.com", "/v1/messages",
      BNS_VERDICT_ALLOW },
    { "aider-asks", "aider", "POST", "api.openai.com", "/v1/chat/completions",
      BNS_VERDICT_ALLOW },
    { "github-read-clones", "github-read", "POST", "github.com",
      "/o/r.git/git-upload-pack", BNS_VERDICT_ALLOW },
    { "github-read-does-not-push", "github-read", "POST", "github.com",
      "/o/r.git/git-receive-pack", BNS_VERDICT_DENY },
    { "github-read-opens-no-issue", "github-read", "POST", "api.github.com",
      "/repos/o/r/issues", BNS_VERDICT_DENY },
    { "github-read-is-not-fooled-by-dots", "github-read", "POST", "api.github.com",
      "/repos/x/../../o/r/git-upload-pack", BNS_VERDICT_DENY },
    { "github-pushes", "github", "POST", "github.com", "/o/r.git/git-receive-pack",
      BNS_VERDICT_ALLOW },
    { "github-opens-an-issue", "github", "POST", "api.github.com", "/repos/o/r/issues",
      BNS_VERDICT_ALLOW },
    { "github-makes-no-gist", "github", "POST", "api.github.com", "/gists",
      BNS_VERDICT_DENY },
    { "github-makes-no-repository", "github", "POST", "api.github.com", "/user/repos",
      BNS_VERDICT_DENY },
    { "gitlab-pushes-to-a-nested-group", "gitlab", "POST", "gitlab.com",
      "/a/b/c.git/git-receive-pack", BNS_VERDICT_ALLOW },
    { "gitlab-makes-no-snippet", "gitlab", "POST", "gitlab.com", "/api/v4/snippets",
      BNS_VERDICT_DENY },
    { "docker-pull-does-not-push", "docker-pull", "POST", NULL,
      "/v2/library/x/blobs/uploads/", BNS_VERDICT_DENY },
    { "github-login-opens-nothing", "github-login", "GET", "github.com", "/",
      BNS_VERDICT_DENY },
};

static char *
first_domain(const char *name)
{
    GError *error = NULL;
    const BnsPreset *preset = bns_preset_find(name, &error);
    g_autoptr(BnsYaml) root = NULL;
    const BnsYaml *rule;

    g_assert_no_error(error);
    root = read_preset(preset);
    rule = find_key(root, "allow")->children->pdata[0];
    return g_strdup(find_key(rule, "domain")->text);
}

static void
test_decides(gconstpointer data)
{
    const Case *c = data;
    g_autofree char *domain = c->host == NULL ? first_domain(c->preset) : NULL;
    g_autofree char *below = domain != NULL ? g_strconcat("a", domain, NULL) : NULL;

    g_assert_cmpint(
        ask(c->preset, c->method, c->host != NULL ? c->host : domain + 1, c->path), ==,
        c->verdict);
    if (below != NULL)
        g_assert_cmpint(ask(c->preset, c->method, below, c->path), ==, c->verdict);
}

static void
test_names(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(readers); i++)
        g_assert_nonnull(bns_preset_find(readers[i], NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
        g_assert_nonnull(bns_preset_find(others[i], NULL));
    g_assert_cmpuint(bns_n_presets, ==, G_N_ELEMENTS(readers) + G_N_ELEMENTS(others));
    for (size_t i = 1; i < bns_n_presets; i++)
        g_assert_cmpstr(bns_presets[i - 1].name, <, bns_presets[i].name);
}

static void
test_unknown(void)
{
    static const struct {
        const char *name;
        const char *message;
    } unknown[] = {
        { "npmm", "there is no preset \"npmm\": is it npm?" },
        { "docker", "there is no preset \"docker\": is it docker-pull?" },
        { "claude", "there is no preset \"claude\": is it claude-code?" },
        { "git", "there is no preset \"git\": is it github, github-login, github-read "
                 "or gitlab?" },
        { "zzz", "there is no preset \"zzz\": see boundary-ns preset list" },
        { "", "there is no preset \"\": see boundary-ns preset list" },
        { "../npm\n",
          "there is no preset \"../npm\\x0a\": see boundary-ns preset list" },
        { "NPM", "there is no preset \"NPM\": see boundary-ns preset list" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(unknown); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(bns_preset_find(unknown[i].name, &error));
        g_assert_error(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID);
        g_assert_cmpstr(error->message, ==, unknown[i].message);
    }
}

static void
test_commands(void)
{
    static const struct {
        const char *command;
        const char *preset; /* NULL: none */
    } commands[] = {
        { "claude", "claude-code" },
        { "/usr/local/bin/claude", "claude-code" },
        { "./codex", "codex" },
        { "gemini", "gemini-cli" },
        { "opencode", "opencode" },
        { "aider", "aider" },
        { "code", "vscode" },
        { "claude-code", NULL },
        { "Claude", NULL },
        { "claude/", NULL },
        { "claude/run", NULL },
        { "npm", NULL },
        { "", NULL },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        const BnsPreset *preset = bns_preset_for_command(commands[i].command);

        g_assert_cmpstr(preset != NULL ? preset->name : NULL, ==, commands[i].preset);
    }
}

static void
add_for_each_preset(const char *what, void (*test)(gconstpointer))
{
    for (size_t i = 0; i < bns_n_presets; i++) {
        g_autofree char *path =
            g_strdup_printf("/policy/preset/%s/%s", bns_presets[i].name, what);

        bns_test_add_data(path, &bns_presets[i], test);
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    bns_test_add("/policy/preset/all-are-there", test_names);
    bns_test_add("/policy/preset/an-unknown-name-gets-a-hint", test_unknown);
    bns_test_add("/policy/preset/an-agent-has-its-own", test_commands);
    add_for_each_preset("has-no-other-keys", test_keys);
    add_for_each_preset("has-narrow-rules", test_rules);
    add_for_each_preset("says-who-needs-it", test_comments);
    add_for_each_preset("loads", test_loads);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path =
            g_strdup_printf("/policy/preset/decides/%s", cases[i].name);

        bns_test_add_data(path, &cases[i], test_decides);
    }
    return g_test_run();
}
