/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/environment.h"

#include "sandbox/trust_files.h"
#include "sandbox/variables.h"
#include "tests/support/test.h"

#include <stdint.h>
#include <string.h>

typedef enum {
    KEPT,
    REMOVED, /* and not worth a word */
    NAMED,   /* hidden, and the person is told */
} Fate;

typedef struct {
    const char *name;
    const char *variable; /* of the host: NAME=VALUE */
    Fate fate;
} Row;

static const Row rows[] = {
    { "path-stays", "PATH=/bin", KEPT },
    { "an-empty-value-stays", "EMPTY=", KEPT },
    { "what-nobody-knows-stays", "MY_SETTING=x", KEPT },

    { "upper-case-proxy", "HTTPS_PROXY=http://p:1", REMOVED },
    { "lower-case-proxy", "https_proxy=http://p:1", REMOVED },
    { "mixed-case-proxy", "Http_Proxy=http://p:1", REMOVED },
    { "all-proxy", "ALL_PROXY=socks5h://p:1", REMOVED },
    { "no-proxy", "no_proxy=*", REMOVED },
    { "an-empty-proxy", "http_proxy=", REMOVED },
    { "a-proxy-with-credentials", "https_proxy=http://u:p@p:1", REMOVED },
    { "npm-proxy", "npm_config_https_proxy=http://p:1", REMOVED },
    { "goproxy-is-no-proxy", "GOPROXY=https://go.example.org", KEPT },
    { "our-own", "BOUNDARY_ALLOW=*", REMOVED },
    { "trust-directory", "SSL_CERT_DIR=/home/u/certs", REMOVED },

    { "ssh-agent", "SSH_AUTH_SOCK=/tmp/a", NAMED },
    { "gpg-agent", "GPG_AGENT_INFO=/tmp/a:1:1", NAMED },
    { "session-bus", "DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/1/bus", NAMED },
    { "display", "DISPLAY=:0", NAMED },
    { "an-empty-display-stays", "DISPLAY=", KEPT },
    { "wayland", "WAYLAND_DISPLAY=wayland-0", NAMED },
    { "tmux", "TMUX=/tmp/tmux-1/default,1,0", NAMED },
    { "editor", "VSCODE_IPC_HOOK_CLI=/tmp/x.sock", NAMED },
    { "an-agents-editor", "CLAUDE_CODE_SSE_PORT=12345", NAMED },
    { "kubernetes", "KUBECONFIG=/home/u/k", NAMED },
    { "windows", "WSL_INTEROP=/run/WSL/1_interop", NAMED },
    { "docker-by-socket", "DOCKER_HOST=unix:///run/docker.sock", NAMED },
    { "docker-by-path", "DOCKER_HOST=/run/docker.sock", NAMED },
    { "docker-by-network-stays", "DOCKER_HOST=tcp://10.0.0.1:2376", KEPT },

    { "a-cloud", "AWS_SECRET_ACCESS_KEY=x", NAMED },
    { "a-clouds-profile", "AWS_PROFILE=x", NAMED },
    { "a-clouds-region-stays", "AWS_REGION=eu-west-1", KEPT },
    { "a-code-host", "GITHUB_TOKEN=x", NAMED },
    { "a-code-hosts-command", "GH_TOKEN=x", NAMED },
    { "a-registry", "NPM_TOKEN=x", NAMED },
    { "a-registrys-odd-name", "npm_config_//r.example/:_authToken=x", NAMED },
    { "a-database", "DATABASE_URL=postgres:///x", NAMED },
    { "a-database-by-password", "PGPASSWORD=x", NAMED },
    { "in-lower-case", "my_secret=x", NAMED },
    { "an-empty-secret-stays", "GITHUB_TOKEN=", KEPT },
    { "tokens-are-no-token", "MAX_THINKING_TOKENS=1000", KEPT },
    { "a-keyboard-is-no-key", "XKB_DEFAULT_LAYOUT=de", KEPT },

    { "a-model", "ANTHROPIC_API_KEY=x", KEPT },
    { "a-models-other-key", "ANTHROPIC_AUTH_TOKEN=x", KEPT },
    { "a-models-gateway", "ANTHROPIC_BASE_URL=https://u:p@gateway.example", KEPT },
    { "a-login", "CLAUDE_CODE_OAUTH_TOKEN=x", KEPT },
    { "another-model", "OPENAI_API_KEY=x", KEPT },
    { "a-third-model", "GEMINI_API_KEY=x", KEPT },
    { "a-model-at-a-cloud", "AWS_BEARER_TOKEN_BEDROCK=x", KEPT },
    { "a-key-that-makes-keys", "OPENAI_ADMIN_KEY=x", NAMED },

    { "a-url-with-a-password", "PIP_INDEX_URL=https://u:p@pypi.example/simple", NAMED },
    { "a-url-with-a-token", "GOPROXY=https://t@go.example,direct", NAMED },
    { "the-second-url", "UV_INDEX=https://a.example/ https://u:p@b.example/", NAMED },
    { "in-capitals", "REPO=HTTPS://t@git.example/x", NAMED },
    { "within-a-scheme", "REPO=git+https://t@git.example/x", NAMED },
    { "another-scheme", "REDIS_URL=redis://:p@cache.example:6379", NAMED },
    { "a-user-alone", "REPO=ssh://git@git.example/x", KEPT },
    { "an-empty-password", "REPO=ssh://git:@git.example/x", KEPT },
    { "an-at-sign-in-a-path", "REPO=https://npm.example/@scope/x", KEPT },
    { "an-at-sign-in-a-query", "LINK=https://a.example?to=u:p@b.example", KEPT },
    { "an-address-alone", "EMAIL=u@a.example", KEPT },
    { "no-user", "REPO=https://@a.example", KEPT },
    { "the-end-of-an-authority", "X=https://", KEPT },
    { "no-scheme", "X=://u:p@a.example", NAMED },
    { "a-header", "HEADERS=authorization: Basic eA==", NAMED },
    { "a-private-key", "SSH_ID=-----BEGIN OPENSSH PRIVATE KEY-----", NAMED },
    { "a-public-key", "SSH_ID=-----BEGIN PUBLIC KEY-----", KEPT },

    { "tmpdir-below-a-private-path", "TMPDIR=/tmp/user/1000", REMOVED },
    { "tmpdir-itself-stays", "TMPDIR=/tmp", KEPT },
    { "tmpdir-elsewhere-stays", "TMPDIR=/home/u/tmp", KEPT },
    { "runtime-dir-stays", "XDG_RUNTIME_DIR=/run/user/1", KEPT },
};

/* @options: NULL-terminated, as of --env. */
static BnsEnvironment *
make_of(char **host, BnsEnvMode mode, const char *const *options)
{
    g_autoptr(BnsEnv) env = bns_env_new();

    env->mode = mode;
    for (; *options != NULL; options++)
        g_assert_true(bns_env_add(env, *options, "--env#1", NULL));
    return bns_environment_new(host, env);
}

static BnsEnvironment *
make(const char *variable, BnsEnvMode mode, const char *option)
{
    char *host[] = { (char *)(uintptr_t)variable, (char *)(uintptr_t) "HOME=/home/u",
                     NULL };
    const char *options[] = { option, NULL };
    BnsEnvironment *environment = make_of(host, mode, options);

    g_assert_cmpstr(g_environ_getenv(environment->variables, "HOME"), ==, "/home/u");
    return environment;
}

static const char *
get(const BnsEnvironment *environment, const char *name)
{
    return g_environ_getenv(environment->variables, name);
}

static void
test_row(gconstpointer data)
{
    const Row *row = data;
    g_autofree char *name = g_strndup(row->variable, strcspn(row->variable, "="));
    const char *value = row->variable + strlen(name) + 1;
    g_autoptr(BnsEnvironment) plain = make(row->variable, BNS_ENV_MODE_NONE, NULL);
    g_autoptr(BnsEnvironment) passed = make(row->variable, BNS_ENV_MODE_NONE, name);
    g_autoptr(BnsEnvironment) clean = make(row->variable, BNS_ENV_MODE_CLEAN, name);

    g_assert_cmpstr(get(plain, name), ==, row->fate == KEPT ? value : NULL);
    if (row->fate == NAMED)
        g_assert_cmpstr(plain->hidden[0], ==, name);
    else
        g_assert_null(plain->hidden[0]);
    g_assert_cmpstr(get(passed, name), ==, value);
    g_assert_null(passed->hidden[0]);
    g_assert_cmpstr(get(clean, name), ==, value);
}

static void
test_trust(void)
{
    g_autoptr(BnsEnvironment) environment =
        make("SSL_CERT_FILE=/home/u/corp.pem", BNS_ENV_MODE_CLEAN, NULL);
    int found = 0;

    g_assert_cmpstr(get(environment, "SSL_CERT_FILE"), ==, BNS_TRUST_BUNDLE);
    g_assert_cmpstr(get(environment, "GIT_SSL_CAINFO"), ==, BNS_TRUST_BUNDLE);
    g_assert_cmpstr(get(environment, "NODE_EXTRA_CA_CERTS"), ==, BNS_TRUST_CA);
    for (char **entry = environment->variables; *entry != NULL; entry++)
        found += g_str_has_prefix(*entry, "SSL_CERT_FILE=");
    g_assert_cmpint(found, ==, 1);
}

static void
test_java_options(void)
{
    g_autoptr(BnsEnvironment) environment = make(
        "JAVA_TOOL_OPTIONS=-Xmx1g -Dhttps.proxyHost=p -Da=b", BNS_ENV_MODE_NONE, NULL);

    g_assert_cmpstr(get(environment, "JAVA_TOOL_OPTIONS"), ==, "-Xmx1g -Da=b");
}

static void
test_set(void)
{
    g_autoptr(BnsEnvironment) proxy =
        make("A=b", BNS_ENV_MODE_NONE, "HTTP_PROXY=http://x");
    g_autoptr(BnsEnvironment) trust =
        make("A=b", BNS_ENV_MODE_NONE, "SSL_CERT_FILE=/x=y");
    g_autoptr(BnsEnvironment) absent = make("A=b", BNS_ENV_MODE_NONE, "MISSING");
    g_autoptr(BnsEnvironment) secret =
        make("GITHUB_TOKEN=x", BNS_ENV_MODE_NONE, "GITHUB_TOKEN=y");

    g_assert_cmpstr(get(proxy, "HTTP_PROXY"), ==, "http://x");
    g_assert_cmpstr(get(trust, "SSL_CERT_FILE"), ==, "/x=y");
    g_assert_null(get(absent, "MISSING"));
    g_assert_cmpstr(get(secret, "GITHUB_TOKEN"), ==, "y");
    g_assert_null(secret->hidden[0]);
}

/* The later of two entries wins; what the user does not have changes nothing. */
static void
test_order(void)
{
    static const char *const options[] = { "A=set", "B=set", "A",     "C=set",
                                           "C",     "D",     "D=set", NULL };
    char *host[] = { (char[]){ "A=host" }, (char[]){ "B=host" }, (char[]){ "D=host" },
                     NULL };
    g_autoptr(BnsEnvironment) environment = make_of(host, BNS_ENV_MODE_NONE, options);

    g_assert_cmpstr(get(environment, "A"), ==, "host");
    g_assert_cmpstr(get(environment, "B"), ==, "set");
    g_assert_cmpstr(get(environment, "C"), ==, "set");
    g_assert_cmpstr(get(environment, "D"), ==, "set");
}

static void
test_glob(void)
{
    static const char *const options[] = { "AWS_*", NULL };
    char *host[] = { (char[]){ "AWS_PROFILE=p" }, (char[]){ "AWS_SESSION_TOKEN=t" },
                     (char[]){ "aws_secret=s" }, NULL };
    g_autoptr(BnsEnvironment) environment = make_of(host, BNS_ENV_MODE_NONE, options);

    g_assert_cmpstr(get(environment, "AWS_PROFILE"), ==, "p");
    g_assert_cmpstr(get(environment, "AWS_SESSION_TOKEN"), ==, "t");
    g_assert_null(get(environment, "aws_secret"));
    g_assert_cmpstr(environment->hidden[0], ==, "aws_secret");
    g_assert_null(environment->hidden[1]);
}

static void
test_clean(void)
{
    static const char *const options[] = { "OPENAI_API_KEY", "CI=1", NULL };
    char *host[] = { (char[]){ "HOME=/h" },
                     (char[]){ "LC_TIME=C" },
                     (char[]){ "EDITOR=vi" },
                     (char[]){ "ANTHROPIC_API_KEY=a" },
                     (char[]){ "OPENAI_API_KEY=o" },
                     (char[]){ "GITHUB_TOKEN=g" },
                     (char[]){ "TMPDIR=/tmp/user/1" },
                     NULL };
    g_autoptr(BnsEnvironment) environment = make_of(host, BNS_ENV_MODE_CLEAN, options);

    g_assert_cmpstr(get(environment, "HOME"), ==, "/h");
    g_assert_cmpstr(get(environment, "LC_TIME"), ==, "C");
    g_assert_cmpstr(get(environment, "OPENAI_API_KEY"), ==, "o");
    g_assert_cmpstr(get(environment, "CI"), ==, "1");
    g_assert_null(get(environment, "EDITOR"));
    g_assert_null(get(environment, "ANTHROPIC_API_KEY"));
    g_assert_null(get(environment, "TMPDIR"));
    g_assert_cmpstr(environment->hidden[0], ==, "GITHUB_TOKEN");
    g_assert_null(environment->hidden[1]);
}

/* A second value of a name is one that our checks, or `set`, would not have met. */
static void
test_duplicates(void)
{
    static const char *const options[] = { "B=set", NULL };
    char *host[] = { (char[]){ "http_proxy=1" },
                     (char[]){ "http_proxy=2" },
                     (char[]){ "nonsense" },
                     (char[]){ "=x" },
                     (char[]){ "A=plain" },
                     (char[]){ "A=https://u:p@x" },
                     (char[]){ "B=1" },
                     (char[]){ "B=2" },
                     NULL };
    g_autoptr(BnsEnvironment) environment = make_of(host, BNS_ENV_MODE_NONE, options);
    g_autofree char *all = g_strjoinv("\n", environment->variables);

    g_assert_true(g_str_has_prefix(all, "A=plain\nB=set\n"));
    g_assert_null(strstr(all, "http_proxy"));
    g_assert_null(strstr(all, "https://u:p@x"));
    g_assert_null(strstr(all, "B=2"));
    for (char **entry = environment->variables; *entry != NULL; entry++)
        g_assert_true(strchr(*entry, '=') != NULL && **entry != '=');
}

/* git(1) would end: "missing config key". */
static void
test_git_settings(void)
{
    static const char *const none[] = { NULL };
    static const char *const all[] = { "GIT_CONFIG_*", NULL };
    char *secret[] = { (char[]){ "GIT_CONFIG_COUNT=1" },
                       (char[]){ "GIT_CONFIG_KEY_0=url.https://u:p@h/.insteadOf" },
                       (char[]){ "GIT_CONFIG_VALUE_0=https://h/" }, NULL };
    char *plain[] = { (char[]){ "GIT_CONFIG_COUNT=1" },
                      (char[]){ "GIT_CONFIG_KEY_0=safe.directory" },
                      (char[]){ "GIT_CONFIG_VALUE_0=*" }, NULL };
    g_autoptr(BnsEnvironment) hidden = make_of(secret, BNS_ENV_MODE_NONE, none);
    g_autoptr(BnsEnvironment) passed = make_of(secret, BNS_ENV_MODE_NONE, all);
    g_autoptr(BnsEnvironment) kept = make_of(plain, BNS_ENV_MODE_NONE, none);

    g_assert_null(get(hidden, "GIT_CONFIG_COUNT"));
    g_assert_cmpstr(hidden->hidden[0], ==, "GIT_CONFIG_KEY_0");
    g_assert_cmpstr(get(passed, "GIT_CONFIG_COUNT"), ==, "1");
    g_assert_nonnull(get(passed, "GIT_CONFIG_KEY_0"));
    g_assert_cmpstr(get(kept, "GIT_CONFIG_COUNT"), ==, "1");
}

static void
test_notice(void)
{
    static const char *const none[] = { NULL };
    char *host[] = { (char[]){ "TMUX=x" }, (char[]){ "B_TOKEN=hunter2" },
                     (char[]){ "A_TOKEN=hunter2" }, (char[]){ "\x1b_TOKEN=hunter2" },
                     NULL };
    char *plain[] = { (char[]){ "A=b" }, NULL };
    g_autoptr(BnsEnvironment) some = make_of(host, BNS_ENV_MODE_NONE, none);
    g_autoptr(BnsEnvironment) nothing = make_of(plain, BNS_ENV_MODE_NONE, none);
    g_autofree char *notice = bns_environment_notice(some);

    g_assert_cmpstr(notice, ==,
                    "hidden from the command: \\x1b_TOKEN, A_TOKEN, B_TOKEN, TMUX "
                    "(--env NAME passes one)");
    g_assert_null(bns_environment_notice(nothing));
}

static void
test_long_notice(void)
{
    static const char *const none[] = { NULL };
    g_autoptr(GPtrArray) host = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(BnsEnvironment) environment = NULL;
    g_autofree char *notice = NULL;

    for (int i = 0; i < 25; i++)
        g_ptr_array_add(host, g_strdup_printf("S%02d_TOKEN=x", i));
    g_ptr_array_add(host, NULL);
    environment = make_of((char **)host->pdata, BNS_ENV_MODE_NONE, none);
    notice = bns_environment_notice(environment);
    g_assert_cmpuint(g_strv_length(environment->hidden), ==, 25);
    g_assert_nonnull(strstr(notice, ", S19_TOKEN and 5 more (--env"));
}

static void
test_check(void)
{
    char *host[] = { (char[]){ "B_TOKEN=hunter2" }, (char[]){ "C=d" }, NULL };
    g_autoptr(BnsEnv) env = bns_env_new();
    g_autoptr(BnsEnvironment) environment = NULL;
    g_autofree char *inherit = NULL;
    g_autofree char *clean = NULL;

    g_assert_true(bns_env_add(env, "A=hunter2", "--env#1", NULL));
    g_assert_true(bns_env_add(env, "C*", "--env#2", NULL));
    environment = bns_environment_new(host, env);
    inherit = bns_environment_describe(environment, env, NULL);
    env->mode = BNS_ENV_MODE_CLEAN;
    clean = bns_environment_describe(environment, env, NULL);
    g_assert_true(g_str_has_prefix(inherit, "env\tenv.mode\tinherit\n"));
    g_assert_true(g_str_has_suffix(inherit, "default\tenv.hide\tBOUNDARY_*\n"
                                            "--env#1\tenv.set\tA\n"
                                            "--env#2\tenv.pass\tC*\n"
                                            "-\tenv.hidden\tB_TOKEN\n"));
    g_assert_nonnull(strstr(inherit, "default\tenv.pass\tANTHROPIC_*\n"));
    g_assert_null(strstr(inherit, "hunter2"));
    g_assert_true(g_str_has_prefix(clean, "env\tenv.mode\tclean\n"
                                          "default\tenv.pass\tHOME\n"));
    g_assert_null(strstr(clean, "env.hide\t"));
}

/* A later entry that says the same of fewer names would be dead. */
static void
test_table(void)
{
    for (size_t i = 0; i < bns_n_variable_defaults; i++) {
        const BnsVariableDefault *entry = &bns_variable_defaults[i];

        if (bns_variables_find(entry->name) != entry)
            g_error("%s: %s decides", entry->name,
                    bns_variables_find(entry->name)->name);
        g_assert_true(*entry->why != '\0');
    }
    g_assert_null(bns_variables_find(""));
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path =
            g_strdup_printf("/sandbox/environment/%s", rows[i].name);

        bns_test_add_data(path, &rows[i], test_row);
    }
    bns_test_add("/sandbox/environment/trust-replaces-what-was-inherited", test_trust);
    bns_test_add("/sandbox/environment/java-options-keep-the-rest", test_java_options);
    bns_test_add("/sandbox/environment/what-is-set-has-the-last-word", test_set);
    bns_test_add("/sandbox/environment/the-later-entry-wins", test_order);
    bns_test_add("/sandbox/environment/a-pattern-passes-many", test_glob);
    bns_test_add("/sandbox/environment/a-clean-one-has-a-few", test_clean);
    bns_test_add("/sandbox/environment/duplicates-do-not-slip-through",
                 test_duplicates);
    bns_test_add("/sandbox/environment/git-gets-all-settings-or-none",
                 test_git_settings);
    bns_test_add("/sandbox/environment/what-is-hidden-is-named", test_notice);
    bns_test_add("/sandbox/environment/a-line-has-an-end", test_long_notice);
    bns_test_add("/sandbox/environment/check-says-it-without-values", test_check);
    bns_test_add("/sandbox/environment/every-entry-of-the-table-decides", test_table);
    return g_test_run();
}
