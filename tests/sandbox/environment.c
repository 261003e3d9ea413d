/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/environment.h"

#include "sandbox/trust_files.h"
#include "tests/support/test.h"

#include <stdint.h>
#include <string.h>

typedef struct {
    const char *name;
    const char *variable; /* of the host: NAME=VALUE */
    bool is_kept;
} Row;

static const Row rows[] = {
    { "path-stays", "PATH=/bin", true },
    { "a-key-stays", "ANTHROPIC_API_KEY=x", true },
    { "an-empty-value-stays", "EMPTY=", true },
    { "upper-case-proxy", "HTTPS_PROXY=http://p:1", false },
    { "lower-case-proxy", "https_proxy=http://p:1", false },
    { "mixed-case-proxy", "Http_Proxy=http://p:1", false },
    { "all-proxy", "ALL_PROXY=socks5h://p:1", false },
    { "no-proxy", "no_proxy=*", false },
    { "npm-proxy", "npm_config_https_proxy=http://p:1", false },
    { "goproxy-is-no-proxy", "GOPROXY=https://proxy.golang.org", true },
    { "our-own", "BOUNDARY_ALLOW=*", false },
    { "ssh-agent", "SSH_AUTH_SOCK=/tmp/a", false },
    { "session-bus", "DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/1/bus", false },
    { "windows", "WSL_INTEROP=/run/WSL/1_interop", false },
    { "docker-by-socket", "DOCKER_HOST=unix:///run/docker.sock", false },
    { "docker-by-path", "DOCKER_HOST=/run/docker.sock", false },
    { "docker-by-network-stays", "DOCKER_HOST=tcp://10.0.0.1:2376", true },
    { "tmpdir-below-a-private-path", "TMPDIR=/tmp/user/1000", false },
    { "tmpdir-itself-stays", "TMPDIR=/tmp", true },
    { "tmpdir-elsewhere-stays", "TMPDIR=/home/u/tmp", true },
    { "runtime-dir-stays", "XDG_RUNTIME_DIR=/run/user/1", true },
    { "trust-directory", "SSL_CERT_DIR=/home/u/certs", false },
};

static GStrv
make(const char *variable, const char *option)
{
    char *host[] = { (char *)(uintptr_t)variable, (char *)(uintptr_t) "HOME=/home/u",
                     NULL };
    char *options[] = { (char *)(uintptr_t)option, NULL };
    g_autoptr(GError) error = NULL;
    GStrv environment = bns_environment_new(host, options, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(g_environ_getenv(environment, "HOME"), ==, "/home/u");
    return environment;
}

static void
test_row(gconstpointer data)
{
    const Row *row = data;
    g_autofree char *name = g_strndup(row->variable, strcspn(row->variable, "="));
    const char *value = row->variable + strlen(name) + 1;
    g_auto(GStrv) plain = make(row->variable, NULL);
    g_auto(GStrv) passed = make(row->variable, name);

    g_assert_cmpstr(g_environ_getenv(plain, name), ==, row->is_kept ? value : NULL);
    g_assert_cmpstr(g_environ_getenv(passed, name), ==, value);
}

static void
test_trust(void)
{
    g_auto(GStrv) environment = make("SSL_CERT_FILE=/home/u/corp.pem", NULL);
    int found = 0;

    g_assert_cmpstr(g_environ_getenv(environment, "SSL_CERT_FILE"), ==,
                    BNS_TRUST_BUNDLE);
    g_assert_cmpstr(g_environ_getenv(environment, "GIT_SSL_CAINFO"), ==,
                    BNS_TRUST_BUNDLE);
    g_assert_cmpstr(g_environ_getenv(environment, "NODE_EXTRA_CA_CERTS"), ==,
                    BNS_TRUST_CA);
    for (char **entry = environment; *entry != NULL; entry++)
        found += g_str_has_prefix(*entry, "SSL_CERT_FILE=");
    g_assert_cmpint(found, ==, 1);
}

static void
test_java_options(void)
{
    g_auto(GStrv) environment =
        make("JAVA_TOOL_OPTIONS=-Xmx1g -Dhttps.proxyHost=p -Da=b", NULL);

    g_assert_cmpstr(g_environ_getenv(environment, "JAVA_TOOL_OPTIONS"), ==,
                    "-Xmx1g -Da=b");
}

static void
test_set(void)
{
    g_auto(GStrv) proxy = make("A=b", "HTTP_PROXY=http://x");
    g_auto(GStrv) trust = make("A=b", "SSL_CERT_FILE=/x=y");
    g_auto(GStrv) absent = make("A=b", "MISSING");

    g_assert_cmpstr(g_environ_getenv(proxy, "HTTP_PROXY"), ==, "http://x");
    g_assert_cmpstr(g_environ_getenv(trust, "SSL_CERT_FILE"), ==, "/x=y");
    g_assert_null(g_environ_getenv(absent, "MISSING"));
}

static void
test_duplicates(void)
{
    char *host[] = { (char *)(uintptr_t) "http_proxy=1",
                     (char *)(uintptr_t) "http_proxy=2", (char *)(uintptr_t) "nonsense",
                     (char *)(uintptr_t) "=x", NULL };
    g_auto(GStrv) environment = bns_environment_new(host, NULL, NULL);

    for (char **entry = environment; *entry != NULL; entry++) {
        g_assert_false(g_str_has_prefix(*entry, "http_proxy"));
        g_assert_cmpstr(strchr(*entry, '='), !=, NULL);
        g_assert_true(**entry != '=');
    }
}

static void
test_nameless(void)
{
    char *host[] = { NULL };

    for (int i = 0; i < 2; i++) {
        char *options[] = { (char *)(uintptr_t)(i == 0 ? "=x" : ""), NULL };
        g_autoptr(GError) error = NULL;

        g_assert_null(bns_environment_new(host, options, &error));
        g_assert_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
    }
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
    bns_test_add("/sandbox/environment/an-option-has-the-last-word", test_set);
    bns_test_add("/sandbox/environment/duplicates-do-not-slip-through",
                 test_duplicates);
    bns_test_add("/sandbox/environment/an-option-needs-a-name", test_nameless);
    return g_test_run();
}
