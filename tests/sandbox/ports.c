/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fd.h"
#include "netstack/gateway/gateway.h"
#include "sandbox/host_port.h"
#include "sandbox/publish.h"
#include "tests/support/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- --publish: values that say what they mean, and others --- */

typedef struct {
    const char *name;
    const char *value;
    const char *address; /* NULL: an error */
    uint16_t inside;
} Publish;

/* All of port 0, so that they can be opened anywhere. */
static const Publish publishes[] = {
    { "loopback-unless-given", "0:8080", "127.0.0.1", 8080 },
    { "an-address", "127.0.0.1:0:8080", "127.0.0.1", 8080 },
    { "another-loopback", "127.0.0.2:0:1", "127.0.0.2", 1 },
    { "every-address", "0.0.0.0:0:65535", "0.0.0.0", 65535 },
    { "ipv6", "[::1]:0:8080", "[::1]", 8080 },
    { "port-0-alone", "0", NULL, 0 },
    { "port-0-and-an-address", "127.0.0.1:0", NULL, 0 },
    { "port-0-inside", "0:0", NULL, 0 },
    { "port-too-high", "65536", NULL, 0 },
    { "inside-too-high", "0:65536", NULL, 0 },
    { "zero-in-front", "08080", NULL, 0 },
    { "a-sign", "+80", NULL, 0 },
    { "a-space", "80 ", NULL, 0 },
    { "a-range", "80-90", NULL, 0 },
    { "a-name", "localhost:0:80", NULL, 0 },
    { "a-short-address", "127.1:0:80", NULL, 0 },
    { "ipv6-without-brackets", "::1:0:80", NULL, 0 },
    { "ipv6-without-colon", "[::1]0:80", NULL, 0 },
    { "an-open-bracket", "[::1:0:80", NULL, 0 },
    { "three-ports", "0:80:81", NULL, 0 },
    { "a-protocol", "0:80/tcp", NULL, 0 },
    { "nothing", "", NULL, 0 },
    { "a-colon", ":", NULL, 0 },
    { "no-port-inside", "80:", NULL, 0 },
    { "no-port", ":80", NULL, 0 },
    { "an-address-alone", "127.0.0.1", NULL, 0 },
    { "no-address", ":0:80", NULL, 0 },
};

static void
test_publish(gconstpointer data)
{
    const Publish *row = data;
    char *values[] = { (char *)(guintptr)row->value, NULL };
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) all = bns_publish_open(values, &error);
    const BnsPublished *published;
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);
    g_auto(GStrv) names = NULL;
    g_autofree char *name = NULL;
    int is_listening = 0;

    if (row->address == NULL) {
        g_assert_error(error, BNS_PUBLISH_ERROR, 0);
        g_assert_null(all);
        return;
    }
    g_assert_no_error(error);
    published = g_ptr_array_index(all, 0);
    g_assert_cmpuint(published->port, ==, row->inside);
    g_assert_true(published->is_chosen);
    g_assert_cmpint(getsockname(published->fd, (struct sockaddr *)&address, &len), ==,
                    0);
    name = g_strdup_printf("%s:%u:%u", row->address,
                           ntohs(((const struct sockaddr_in *)&address)->sin_port),
                           row->inside);
    names = bns_publish_names(all);
    g_assert_cmpstr(names[0], ==, name);
    g_assert_null(names[1]);
    len = sizeof(is_listening);
    getsockopt(published->fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &len);
    g_assert_true(is_listening);
    bns_publish_close(all);
    g_assert_cmpint(published->fd, ==, -1);
}

static void
test_in_use(void)
{
    char *first[] = { (char[]){ "0:80" }, NULL };
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) all = bns_publish_open(first, &error);
    const BnsPublished *published = g_ptr_array_index(all, 0);
    g_auto(GStrv) parts = g_strsplit(published->name, ":", -1);
    g_autofree char *value = g_strconcat(parts[1], ":81", NULL);
    char *second[] = { value, NULL };

    g_assert_null(bns_publish_open(second, &error));
    g_assert_error(error, BNS_PUBLISH_ERROR, EADDRINUSE);
    g_assert_nonnull(strstr(error->message, "Address already in use"));
}

static void
test_error_is_safe_to_show(void)
{
    char *values[] = { (char[]){ "80\033[2J" }, NULL };
    g_autoptr(GError) error = NULL;

    g_assert_null(bns_publish_open(values, &error));
    g_assert_null(strchr(error->message, '\033'));
}

/* --- --host-port --- */

typedef struct {
    const char *name;
    const char *value;
    const char *addresses[3]; /* none: an error */
} HostPort;

static const HostPort host_ports[] = {
    { "both-loopbacks", "8080", { "127.0.0.1", "::1" } },
    { "one-of-them", "127.0.0.1:8080", { "127.0.0.1" } },
    { "ipv6", "[::1]:8080", { "::1" } },
    { "another-loopback", "127.1.2.3:8080", { "127.1.2.3" } },
    { "not-a-loopback", "10.0.0.1:8080", { NULL } },
    { "every-address", "0.0.0.0:8080", { NULL } },
    { "mapped", "[::ffff:127.0.0.1]:8080", { NULL } },
    { "a-name", "localhost:8080", { NULL } },
    { "port-0", "0", { NULL } },
    { "two-ports", "80:81", { NULL } },
    { "port-too-high", "65536", { NULL } },
    { "nothing", "", { NULL } },
};

static BnsPolicy *
make_policy(void)
{
    const BnsPolicySource source = { 0 };
    g_autoptr(GError) error = NULL;
    BnsPolicy *policy = bns_policy_load(&source, NULL, &error);

    g_assert_no_error(error);
    return policy;
}

static void
resolve_free(void *data)
{
    BnsResolve *resolve = data;

    g_free(resolve->host);
    g_free(resolve);
}

static void
assert_resolve(const BnsResolve *resolve, const char *address)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&resolve->address;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&resolve->address;
    bool is_v4 = resolve->address.ss_family == AF_INET;
    char text[INET6_ADDRSTRLEN];

    g_assert_cmpstr(resolve->host, ==, "host.boundary.internal");
    g_assert_cmpuint(resolve->port, ==, 8080);
    g_assert_cmpuint(ntohs(is_v4 ? v4->sin_port : v6->sin6_port), ==, 8080);
    inet_ntop(resolve->address.ss_family,
              is_v4 ? (const void *)&v4->sin_addr : &v6->sin6_addr, text, sizeof(text));
    g_assert_cmpstr(text, ==, address);
}

static void
test_host_port(gconstpointer data)
{
    const HostPort *row = data;
    char *values[] = { (char *)(guintptr)row->value, NULL };
    g_autoptr(BnsPolicy) policy = make_policy();
    g_autoptr(GPtrArray) resolves = g_ptr_array_new_with_free_func(resolve_free);
    g_autoptr(GError) error = NULL;
    bool is_good = bns_host_port_offer(policy, values, &error);

    if (row->addresses[0] == NULL) {
        g_assert_error(error, BNS_HOST_PORT_ERROR, 0);
        g_assert_false(is_good);
        return;
    }
    g_assert_no_error(error);
    g_assert_true(bns_policy_offers_host_port(policy, 8080));
    g_assert_false(bns_policy_offers_host_port(policy, 8081));
    bns_host_port_resolve(values, resolves);
    g_assert_cmpuint(resolves->len, ==, row->addresses[1] != NULL ? 2 : 1);
    for (guint i = 0; i < resolves->len; i++)
        assert_resolve(g_ptr_array_index(resolves, i), row->addresses[i]);
}

static void
test_host_port_twice(void)
{
    char *values[] = { (char[]){ "80" }, (char[]){ "127.0.0.1:80" }, NULL };
    g_autoptr(BnsPolicy) policy = make_policy();
    g_autoptr(GError) error = NULL;

    g_assert_false(bns_host_port_offer(policy, values, &error));
    g_assert_nonnull(strstr(error->message, "twice"));
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(publishes); i++) {
        g_autofree char *path =
            g_strconcat("/sandbox/ports/publish/", publishes[i].name, NULL);

        bns_test_add_data(path, &publishes[i], test_publish);
    }
    bns_test_add("/sandbox/ports/publish/a-port-in-use", test_in_use);
    bns_test_add("/sandbox/ports/publish/error-is-safe-to-show",
                 test_error_is_safe_to_show);
    for (size_t i = 0; i < G_N_ELEMENTS(host_ports); i++) {
        g_autofree char *path =
            g_strconcat("/sandbox/ports/host-port/", host_ports[i].name, NULL);

        bns_test_add_data(path, &host_ports[i], test_host_port);
    }
    bns_test_add("/sandbox/ports/host-port/twice", test_host_port_twice);
    return g_test_run();
}
