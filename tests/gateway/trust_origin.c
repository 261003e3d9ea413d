/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/gateway/trust_origin.h"

#include "tests/gateway/tls_pair.h"

#include <glib/gstdio.h>

char *trust_directory;
char *trust_no_roots;
BnsTestCert *trust_root;
BnsTrust *trust_default;

static char *root_path;

void
trust_origin_init(void)
{
    trust_directory = g_dir_make_tmp("bns-trust-XXXXXX", NULL);
    trust_no_roots = g_build_filename(trust_directory, "none.pem", NULL);
    g_file_set_contents(trust_no_roots, "", -1, NULL);
    /* This machine's roots are none of the tests' business. */
    g_setenv("SSL_CERT_FILE", trust_no_roots, TRUE);
    g_unsetenv("SSL_CERT_DIR");
    g_unsetenv("NIX_SSL_CERT_FILE");
    trust_root = bns_test_cert_authority("Root");
    root_path = bns_test_cert_write(trust_root, trust_directory, "root.pem");
    trust_default = trust_in_files(root_path, NULL);
}

void
trust_origin_clear(void)
{
    bns_trust_free(trust_default);
    bns_test_cert_free(trust_root);
    g_unlink(root_path);
    g_unlink(trust_no_roots);
    g_rmdir(trust_directory);
    g_free(root_path);
    g_free(trust_no_roots);
    g_free(trust_directory);
}

BnsTrust *
trust_in_files(const char *first, const char *second)
{
    const char *const files[] = { first, second, NULL };
    g_autoptr(GError) error = NULL;
    BnsTrust *read = bns_trust_read(files, &error);

    g_assert_no_error(error);
    g_assert_true(bns_trust_open(read, NULL));
    return read;
}

char *
trust_visit(BnsTrust *who, const char *host, SSL *server)
{
    TlsPair pair;
    char *failure;

    tls_pair_init(&pair, bns_trust_client(who, host, BNS_PROTOCOL_HTTP1), server);
    SSL_set_accept_state(server);
    tls_pair_handshake(&pair);
    failure = bns_trust_failure(bns_stream_ssl(pair.client.stream));
    /* No byte of a request can go to an origin that is not believed, except where only
     * the finished handshake shows it. */
    if (pair.client.result != 1)
        g_assert_nonnull(failure);
    tls_pair_clear(&pair);
    return failure;
}

char *
trust_visit_cert(BnsTrust *who,
                 const char *host,
                 const BnsTestCert *cert,
                 const BnsTestCert *intermediate)
{
    SSL_CTX *context = bns_test_cert_server(cert, intermediate);
    char *failure = trust_visit(who, host, SSL_new(context));

    SSL_CTX_free(context);
    return failure;
}
