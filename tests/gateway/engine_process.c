/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway as the process that it is: locked down before the first flow. A system call
 * that its role may not make would kill it.
 */
#include "tests/gateway/engine_rig.h"
#include "tests/support/certs.h"
#include "tests/support/origin.h"
#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <string.h>

#define GET(path) "GET " path " HTTP/1.1\r\nHost: origin.test\r\n\r\n"

static const char policy[] = "allow:\n"
                             "  - origin.test\n"
                             "  - private.test\n"
                             "  - nowhere.test\n"
                             "  - tcp://origin.test:5432\n";

static void
ask_plain(Rig *rig)
{
    RigFlow flow = rig_open(rig, "origin.test", 80);
    g_autofree char *hello = rig_ask(&flow, GET("/hello"));
    g_autofree char *denied =
        rig_ask(&flow, "GET / HTTP/1.1\r\nHost: other.test\r\n\r\n");
    g_autofree char *guarded =
        rig_ask(&flow, "GET / HTTP/1.1\r\nHost: private.test\r\n\r\n");
    g_autofree char *unknown =
        rig_ask(&flow, "GET / HTTP/1.1\r\nHost: nowhere.test\r\n\r\n");

    g_assert_true(g_str_has_suffix(hello, "hello\n"));
    g_assert_true(g_str_has_prefix(denied, "HTTP/1.1 403 "));
    g_assert_true(g_str_has_prefix(guarded, "HTTP/1.1 403 "));
    g_assert_true(g_str_has_prefix(unknown, "HTTP/1.1 502 "));
    rig_close(rig, &flow);
}

static void
ask_tcp(Rig *rig)
{
    RigFlow flow = rig_open(rig, "origin.test", 5432);
    g_autofree char *hello = rig_ask(&flow, GET("/hello"));

    g_assert_true(g_str_has_suffix(hello, "hello\n"));
    rig_close(rig, &flow);
}

/* Reset by the gateway, and what it was sent is too much to be drained. */
static void
ask_nonsense(Rig *rig)
{
    RigFlow flow = rig_open(rig, "origin.test", 80);
    bool is_broken;

    rig_say(&flow, "SSH-2.0-client\r\n");
    g_free(rig_hear_end(&flow, &is_broken));
    g_assert_true(is_broken);
    rig_close(rig, &flow);
}

static void
test_plain(void)
{
    g_autoptr(BnsOrigin) origin = NULL;
    g_autofree char *resolves = NULL;
    Rig *rig;

    if (!bns_test_can_unshare()) {
        bns_test_skip("user namespaces are off here");
        return;
    }
    origin = bns_origin_new(NULL);
    resolves = g_strdup_printf("origin.test:80:%u origin.test:5432:%u",
                               bns_origin_port(origin), bns_origin_port(origin));
    rig = rig_new_process(policy, resolves, NULL);
    ask_plain(rig);
    ask_tcp(rig);
    ask_nonsense(rig);
    rig_free(rig);
}

static void
test_tls(void)
{
    g_autofree char *directory = NULL;
    g_autofree char *ca_file = NULL;
    g_autofree char *resolves = NULL;
    g_autoptr(BnsTestCert) authority = NULL;
    g_autoptr(BnsTestCert) cert = NULL;
    g_autoptr(BnsOrigin) origin = NULL;
    BnsTestCertSpec spec = { .names = "DNS:origin.test" };
    SSL_CTX *ctx;
    RigFlow flow;
    Rig *rig;

    if (!bns_test_can_unshare()) {
        bns_test_skip("user namespaces are off here");
        return;
    }
    directory = g_dir_make_tmp("engine-XXXXXX", NULL);
    authority = bns_test_cert_authority("Test Authority");
    ca_file = bns_test_cert_write(authority, directory, "ca.pem");
    spec.issuer = authority;
    cert = bns_test_cert_new(&spec);
    ctx = bns_test_cert_server(cert, NULL);
    origin = bns_origin_new(ctx);
    SSL_CTX_free(ctx);
    resolves = g_strdup_printf("origin.test:443:%u", bns_origin_port(origin));
    rig = rig_new_process(policy, resolves, ca_file);
    flow = rig_open(rig, "origin.test", 443);
    g_assert_true(rig_start_tls(rig, &flow, "origin.test", "http/1.1"));
    for (int i = 0; i < 3; i++) {
        g_autofree char *response = rig_ask(&flow, GET("/hello"));

        g_assert_true(g_str_has_suffix(response, "hello\n"));
    }
    rig_close(rig, &flow);
    rig_free(rig);
    g_unlink(ca_file);
    g_rmdir(directory);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    bns_test_add("/gateway/process/plain-and-tcp-under-lock-down", test_plain);
    bns_test_add("/gateway/process/tls-under-lock-down", test_tls);
    return g_test_run();
}
