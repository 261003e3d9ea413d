/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/resolve.h"

#include "tests/support/test.h"

#include <arpa/inet.h>
#include <string.h>

typedef struct {
    const char *name;
    const char *value;
    const char *host; /* NULL: an error */
    uint16_t port;
    const char *address;
    uint16_t dialled;
} Case;

static const Case cases[] = {
    { "name-port-address", "a.test:443:127.0.0.1", "a.test", 443, "127.0.0.1", 443 },
    { "another-port", "a.test:443:127.0.0.1:8443", "a.test", 443, "127.0.0.1", 8443 },
    { "name-is-canonical", "A.Test.:80:10.0.0.1", "a.test", 80, "10.0.0.1", 80 },
    { "ipv6-address", "a.test:443:[::1]", "a.test", 443, "::1", 443 },
    { "ipv6-address-and-port", "a.test:443:[::1]:1", "a.test", 443, "::1", 1 },
    { "ipv6-name", "[2001:DB8::1]:443:127.0.0.1", "2001:db8::1", 443, "127.0.0.1",
      443 },
    { "ipv4-name", "192.0.2.1:443:127.0.0.1", "192.0.2.1", 443, "127.0.0.1", 443 },
    { "highest-port", "a.test:65535:127.0.0.1", "a.test", 65535, "127.0.0.1", 65535 },
    { "port-too-high", "a.test:65536:127.0.0.1", NULL, 0, NULL, 0 },
    { "port-zero", "a.test:0:127.0.0.1", NULL, 0, NULL, 0 },
    { "port-with-a-zero-in-front", "a.test:0443:127.0.0.1", NULL, 0, NULL, 0 },
    { "port-with-a-sign", "a.test:+443:127.0.0.1", NULL, 0, NULL, 0 },
    { "port-is-missing", "a.test:127.0.0.1", NULL, 0, NULL, 0 },
    { "address-is-missing", "a.test:443", NULL, 0, NULL, 0 },
    { "address-is-empty", "a.test:443:", NULL, 0, NULL, 0 },
    { "address-is-a-name", "a.test:443:b.test", NULL, 0, NULL, 0 },
    { "address-has-a-zone", "a.test:443:[fe80::1%eth0]", NULL, 0, NULL, 0 },
    { "ipv6-without-brackets", "a.test:443:::1", NULL, 0, NULL, 0 },
    { "bracket-is-open", "a.test:443:[::1", NULL, 0, NULL, 0 },
    { "text-after-the-end", "a.test:443:127.0.0.1:80:1", NULL, 0, NULL, 0 },
    { "last-port-is-empty", "a.test:443:127.0.0.1:", NULL, 0, NULL, 0 },
    { "several-addresses", "a.test:443:127.0.0.1,127.0.0.2", NULL, 0, NULL, 0 },
    { "wildcard", "*:443:127.0.0.1", NULL, 0, NULL, 0 },
    { "empty", "", NULL, 0, NULL, 0 },
    { "name-with-a-space", "a b:443:127.0.0.1", NULL, 0, NULL, 0 },
};

static void
test_parse(gconstpointer data)
{
    const Case *test = data;
    char *values[] = { (char *)(guintptr)test->value, NULL };
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) resolves = bns_resolve_parse(values, &error);
    const BnsResolve *resolve;
    const struct sockaddr_in *v4;
    const struct sockaddr_in6 *v6;
    char text[INET6_ADDRSTRLEN];

    if (test->host == NULL) {
        g_assert_error(error, BNS_RESOLVE_ERROR, 0);
        g_assert_null(resolves);
        return;
    }
    g_assert_no_error(error);
    g_assert_cmpuint(resolves->len, ==, 1);
    resolve = g_ptr_array_index(resolves, 0);
    v4 = (const struct sockaddr_in *)&resolve->address;
    v6 = (const struct sockaddr_in6 *)&resolve->address;
    g_assert_cmpstr(resolve->host, ==, test->host);
    g_assert_cmpuint(resolve->port, ==, test->port);
    g_assert_cmpuint(ntohs(v4->sin_port), ==, test->dialled);
    inet_ntop(v4->sin_family,
              v4->sin_family == AF_INET ? (const void *)&v4->sin_addr : &v6->sin6_addr,
              text, sizeof(text));
    g_assert_cmpstr(text, ==, test->address);
}

static void
test_twice(void)
{
    const char *values[] = { "a.test:443:127.0.0.1", "a.test:80:127.0.0.1",
                             "A.test:443:127.0.0.2", NULL };
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) resolves =
        bns_resolve_parse((char **)(guintptr)values, &error);

    g_assert_null(resolves);
    g_assert_error(error, BNS_RESOLVE_ERROR, 0);
    g_assert_nonnull(strstr(error->message, "twice"));
}

static void
test_error_is_safe_to_show(void)
{
    const char *values[] = { "a\033[2J:443:x", NULL };
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) resolves =
        bns_resolve_parse((char **)(guintptr)values, &error);

    g_assert_null(resolves);
    g_assert_null(strchr(error->message, '\033'));
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/sandbox/resolve/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_parse);
    }
    bns_test_add("/sandbox/resolve/same-name-and-port-twice", test_twice);
    bns_test_add("/sandbox/resolve/error-is-safe-to-show", test_error_is_safe_to_show);
    return g_test_run();
}
