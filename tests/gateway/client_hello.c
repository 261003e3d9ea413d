/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/client_hello.h"

#include "tests/gateway/hello_bytes.h"
#include "tests/support/certs.h"
#include "tests/support/test.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>

#define TLS_1_2 0x0303

static BnsClientHelloResult
read_bytes(const GByteArray *bytes, BnsClientHello *out)
{
    return bns_client_hello_read(bytes->data, bytes->len, out);
}

/* --- names --- */

typedef struct {
    const char *name;
    const char *sent;
    size_t len;       /* 0: of the string */
    const char *read; /* NULL: refused */
} NameCase;

#define LABEL_63 "aaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg"
#define NAME_253                                                                       \
    LABEL_63 "." LABEL_63 "." LABEL_63 "."                                             \
             "aaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffg"

static const NameCase names[] = {
    { "lower-case", "x.test", 0, "x.test" },
    { "upper-case", "X.TEST", 0, "x.test" },
    { "a-trailing-dot", "x.test.", 0, "x.test" },
    { "two-trailing-dots", "x.test..", 0, NULL },
    { "an-underscore", "_a.x.test", 0, "_a.x.test" },
    { "an-a-label", "xn--bcher-kva.test", 0, "xn--bcher-kva.test" },
    { "utf-8",
      "b\xc3\xbc"
      "cher.test",
      0, NULL },
    { "the-longest", NAME_253, 0, NAME_253 },
    { "too-long", "a." NAME_253, 0, NULL },
    { "a-long-label", "a" LABEL_63 ".test", 0, NULL },
    { "nothing", "", 0, NULL },
    { "a-dot", ".", 0, NULL },
    { "a-nul-at-the-end", "x.test", 7, NULL },
    { "a-nul-inside", "x.test\0.y.test", 14, NULL },
    { "a-space", "x test", 0, NULL },
    { "a-port", "x.test:443", 0, NULL },
    { "an-ipv4-address", "127.0.0.1", 0, NULL },
    { "an-ipv6-address", "::1", 0, NULL },
    { "an-ipv6-address-in-brackets", "[::1]", 0, NULL },
    { "a-number", "2130706433", 0, NULL },
    { "a-star", "*.test", 0, NULL },
    { "a-line-feed", "x.test\n", 0, NULL },
};

static void
test_name(gconstpointer data)
{
    const NameCase *c = data;
    g_autoptr(GByteArray) extensions = g_byte_array_new();
    g_autoptr(GByteArray) message = NULL;
    g_autoptr(GByteArray) bytes = NULL;
    BnsClientHelloResult result;
    BnsClientHello hello;

    hello_add_name(extensions, c->sent, c->len != 0 ? c->len : strlen(c->sent));
    message = hello_message(TLS_1_2, extensions);
    bytes = hello_in_records(message, message->len);
    result = read_bytes(bytes, &hello);
    if (c->read == NULL) {
        g_assert_cmpint(result, ==, BNS_CLIENT_HELLO_BAD);
        g_assert_nonnull(strstr(hello.fault.reason, "server name"));
        g_assert_cmpuint(hello.fault.alert, ==, SSL_AD_UNRECOGNIZED_NAME);
        return;
    }
    g_assert_cmpint(result, ==, BNS_CLIENT_HELLO_DONE);
    g_assert_true(hello.has_name);
    g_assert_cmpstr(hello.name.text, ==, c->read);
}

/* --- extensions --- */

typedef struct {
    const char *name;
    unsigned type;
    const char *content;
    size_t len;
    const char *fault; /* NULL: none */
} ExtensionCase;

#define NAME_MALFORMED "client's server name extension is malformed"
#define VERSIONS       "client's list of TLS versions is malformed"

static const ExtensionCase extension_cases[] = {
    { "one-name", 0, "\0\4\0\0\1x", 6, NULL },
    { "no-list", 0, "", 0, NAME_MALFORMED },
    { "an-empty-list", 0, "\0\0", 2, NAME_MALFORMED },
    { "a-list-too-long", 0, "\0\5\0\0\1x", 6, NAME_MALFORMED },
    { "a-list-too-short", 0, "\0\3\0\0\1x", 6, NAME_MALFORMED },
    { "a-name-too-long", 0, "\0\4\0\0\2x", 6, NAME_MALFORMED },
    { "two-names", 0, "\0\10\0\0\1x\0\0\1y", 10,
      "client sends more than one server name" },
    { "the-same-twice", 0, "\0\10\0\0\1x\0\0\1x", 10,
      "client sends more than one server name" },
    { "another-kind-of-name", 0, "\0\4\1\0\1x", 6,
      "client's server name is no host name" },
    { "another-kind-of-name-after-it", 0, "\0\10\0\0\1x\1\0\1x", 10,
      "client sends more than one server name" },
    { "tls-1.3", 43, "\2\3\4", 3, NULL },
    { "tls-1.2-and-one-unknown", 43, "\4\x7f\x1c\3\3", 5, NULL },
    { "only-old-versions", 43, "\4\3\2\3\1", 5,
      "client speaks no TLS version above 1.1" },
    { "only-unknown-versions", 43, "\2\x7f\x1c", 3,
      "client speaks no TLS version above 1.1" },
    { "no-versions", 43, "\0", 1, VERSIONS },
    { "half-a-version", 43, "\3\3\4\3", 4, VERSIONS },
    { "more-than-versions", 43, "\2\3\4x", 4, VERSIONS },
    { "something-else", 0x1a1a, "anything", 8, NULL },
};

static void
test_extension(gconstpointer data)
{
    const ExtensionCase *c = data;
    g_autoptr(GByteArray) extensions = g_byte_array_new();
    g_autoptr(GByteArray) message = NULL;
    g_autoptr(GByteArray) bytes = NULL;
    BnsClientHello hello;

    hello_add_extension(extensions, c->type, c->content, c->len);
    message = hello_message(TLS_1_2, extensions);
    bytes = hello_in_records(message, message->len);
    read_bytes(bytes, &hello);
    g_assert_cmpstr(hello.fault.reason, ==, c->fault);
    g_assert_cmpuint(hello.fault.alert != 0, ==, c->fault != NULL);
}

/* Any extension, not only those that are read. */
static void
test_twice(void)
{
    static const unsigned types[] = { 0, 43, 0x1a1a, 0xffff };

    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        g_autoptr(GByteArray) extensions = g_byte_array_new();
        g_autoptr(GByteArray) message = NULL;
        g_autoptr(GByteArray) bytes = NULL;
        const char *content = types[i] == 0 ? "\0\4\0\0\1x" : "\2\3\4";
        BnsClientHello hello;

        for (int n = 0; n < 2; n++)
            hello_add_extension(extensions, types[i], content, types[i] == 0 ? 6 : 3);
        message = hello_message(TLS_1_2, extensions);
        bytes = hello_in_records(message, message->len);
        g_assert_cmpint(read_bytes(bytes, &hello), ==, BNS_CLIENT_HELLO_BAD);
        g_assert_cmpstr(hello.fault.reason, ==, "client sends a TLS extension twice");
        g_assert_cmpuint(hello.fault.alert, ==, SSL_AD_ILLEGAL_PARAMETER);
    }
}

static void
test_ech(void)
{
    static const struct {
        unsigned type;
        bool is_ech;
    } types[] = { { 0xfe07, false }, { 0xfe08, true }, { 0xfe0d, true },
                  { 0xfe0e, false }, { 0xffce, true }, { 0, false } };

    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        g_autoptr(GByteArray) bytes = hello_by_openssl("x.test", types[i].type);
        BnsClientHello hello;

        g_assert_cmpint(read_bytes(bytes, &hello), ==, BNS_CLIENT_HELLO_DONE);
        g_assert_cmpstr(hello.name.text, ==, "x.test");
        g_assert_cmpint(hello.has_ech, ==, types[i].is_ech);
    }
}

/* TLS 1.2 may have no extensions at all. */
static void
test_no_extensions(void)
{
    g_autoptr(GByteArray) message = hello_message(TLS_1_2, NULL);
    g_autoptr(GByteArray) bytes = hello_in_records(message, message->len);
    BnsClientHello hello;

    g_assert_cmpint(read_bytes(bytes, &hello), ==, BNS_CLIENT_HELLO_DONE);
    g_assert_false(hello.has_name);
}

/* --- records --- */

/* Every beginning asks for more; what follows the last record is not its affair. */
static void
test_pieces(void)
{
    static const size_t pieces[] = { 1, 2, 3, 4, 5, 50, 4096 };
    g_autoptr(GByteArray) whole = hello_by_openssl("x.test", 0);
    g_autoptr(GByteArray) message = g_byte_array_new();

    g_byte_array_append(message, whole->data + 5, whole->len - 5);
    for (size_t i = 0; i < G_N_ELEMENTS(pieces); i++) {
        g_autoptr(GByteArray) bytes = hello_in_records(message, pieces[i]);
        size_t len = bytes->len;
        BnsClientHello hello;

        for (size_t n = 0; n < len; n++)
            g_assert_cmpint(bns_client_hello_read(bytes->data, n, &hello), ==,
                            BNS_CLIENT_HELLO_MORE);
        g_byte_array_append(bytes, (const guint8 *)"\x17\x03", 2);
        g_assert_cmpint(read_bytes(bytes, &hello), ==, BNS_CLIENT_HELLO_DONE);
        g_assert_cmpuint(hello.len, ==, len);
        g_assert_cmpstr(hello.name.text, ==, "x.test");
    }
}

typedef struct {
    const char *name;
    const char *bytes;
    size_t len;
    const char *fault;
} RecordCase;

#define NO_TLS   "client does not begin with TLS"
#define NO_HELLO "client does not begin with a ClientHello"

static const RecordCase record_cases[] = {
    { "an-alert", "\x15\3\1\0\2\2\x28", 7, NO_TLS },
    { "application-data", "\x17\3\3\0\1x", 6, NO_TLS },
    { "ssl-2", "\x80\x2e\1\3\1\0\x15", 7, NO_TLS },
    { "another-major-version", "\x16\2\0\0\1\1", 6, NO_TLS },
    { "another-minor-version", "\x16\3\5\0\1\1", 6, NO_TLS },
    { "garbage-after-the-first-byte", "\x16GET / HTTP/1.1", 15, NO_TLS },
    { "an-empty-record", "\x16\3\1\0\0", 5, NO_TLS },
    { "a-record-too-long", "\x16\3\1\x40\1", 5, NO_TLS },
    { "a-server-hello", "\x16\3\3\0\4\2\0\0\0", 9, NO_HELLO },
    { "another-message-at-its-first-byte", "\x16\3\3\0\4\2", 6, NO_HELLO },
    { "another-record-between", "\x16\3\1\0\1\1\x17\3\3\0\1x", 12, NO_TLS },
    { "a-length-beyond-the-limit", "\x16\3\1\0\4\1\1\0\0", 9,
      "client's ClientHello is too long" },
    { "no-content", "\x16\3\1\0\4\1\0\0\0", 9, "client's ClientHello is malformed" },
    { "more-in-the-record", "\x16\3\1\0\5\1\0\0\0\1", 10,
      "client sends more than a ClientHello in its record" },
};

static void
test_record(gconstpointer data)
{
    const RecordCase *c = data;
    BnsClientHello hello;

    g_assert_cmpint(bns_client_hello_read((const uint8_t *)c->bytes, c->len, &hello),
                    ==, BNS_CLIENT_HELLO_BAD);
    g_assert_cmpstr(hello.fault.reason, ==, c->fault);
}

/* Records of a byte each do not stretch the limit. */
static void
test_limit(void)
{
    g_autoptr(GByteArray) message = g_byte_array_new();
    g_autoptr(GByteArray) bytes = NULL;
    BnsClientHello hello;

    g_byte_array_set_size(message, 8000);
    memset(message->data, 0, message->len);
    message->data[0] = 1;
    message->data[2] = (8000 - 4) >> 8;
    message->data[3] = (8000 - 4) & 0xff;
    bytes = hello_in_records(message, 1);
    g_assert_cmpuint(bytes->len, >, BNS_CLIENT_HELLO_BYTES_MAX);
    g_assert_cmpint(
        bns_client_hello_read(bytes->data, BNS_CLIENT_HELLO_BYTES_MAX - 1, &hello), ==,
        BNS_CLIENT_HELLO_MORE);
    g_assert_cmpint(
        bns_client_hello_read(bytes->data, BNS_CLIENT_HELLO_BYTES_MAX, &hello), ==,
        BNS_CLIENT_HELLO_BAD);
    g_assert_cmpstr(hello.fault.reason, ==, "client's ClientHello is too long");
}

/* --- beside OpenSSL --- */

#define ROUNDS 4000

typedef struct {
    bool was_seen;
    char *name; /* owned; NULL: none */
} Seen;

static int
on_server_name(SSL *ssl, int *out_alert, void *data)
{
    Seen *seen = data;

    g_free(seen->name);
    seen->was_seen = true;
    seen->name = g_strdup(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name));
    return SSL_TLSEXT_ERR_OK;
}

/* What OpenSSL's server makes of @bytes. */
static Seen
read_by_openssl(SSL_CTX *ctx, const GByteArray *bytes)
{
    Seen seen = { 0 };
    SSL *ssl;

    SSL_CTX_set_tlsext_servername_callback(ctx, on_server_name);
    SSL_CTX_set_tlsext_servername_arg(ctx, &seen);
    ssl = SSL_new(ctx);
    SSL_set_bio(ssl, BIO_new_mem_buf(bytes->data, (int)bytes->len),
                BIO_new(BIO_s_mem()));
    SSL_accept(ssl);
    SSL_free(ssl);
    ERR_clear_error();
    return seen;
}

/* A proper ClientHello with a few bytes changed, most of them where names are. */
static GByteArray *
random_hello(void)
{
    static const char *const sent[] = { "a.test",   "b.test", "A.TEST.",
                                        "10.0.0.1", "a",      "a.test\n" };
    const char *name = sent[g_test_rand_int_range(0, G_N_ELEMENTS(sent))];
    g_autoptr(GByteArray) extensions = g_byte_array_new();
    g_autoptr(GByteArray) message = NULL;
    int n_changes = g_test_rand_int_range(0, 4);

    if (g_test_rand_int_range(0, 4) == 0)
        hello_add_extension(extensions, 0x1a1a, "", 0);
    if (g_test_rand_int_range(0, 8) != 0)
        hello_add_name(extensions, name, strlen(name));
    if (g_test_rand_int_range(0, 8) == 0)
        hello_add_name(extensions, "c.test", 6);
    if (g_test_rand_int_range(0, 8) == 0)
        hello_add_extension(extensions, 0, "\0\x0e\0\0\6a.test\0\0\6b.test", 20);
    message = hello_message(TLS_1_2, extensions);
    for (int i = 0; i < n_changes; i++) {
        int from = g_test_rand_int_range(0, 3) == 0 ? 0 : 49;

        if ((int)message->len > from)
            message->data[g_test_rand_int_range(from, (int)message->len)] =
                (guint8)(g_test_rand_int_range(0, 3) == 0
                             ? g_test_rand_int_range(0, 256)
                             : g_test_rand_int_range(0, 4));
    }
    return hello_in_records(message,
                            (size_t)g_test_rand_int_range(1, (int)message->len + 1));
}

/* What we read and let pass, OpenSSL reads as we do. */
static void
test_beside_openssl(void)
{
    g_autoptr(BnsTestCert) cert = bns_test_cert_authority("Any");
    SSL_CTX *ctx = bns_test_cert_server(cert, NULL);
    unsigned n_both = 0;

    for (int round = 0; round < ROUNDS; round++) {
        g_autoptr(GByteArray) bytes = random_hello();
        BnsClientHello hello;
        bool is_done = read_bytes(bytes, &hello) == BNS_CLIENT_HELLO_DONE;
        Seen seen = read_by_openssl(ctx, bytes);
        BnsHost host;

        if (is_done && seen.was_seen) {
            n_both++;
            g_assert_cmpint(hello.has_name, ==, seen.name != NULL);
            if (seen.name != NULL) {
                g_assert_true(bns_host_canonical(seen.name, strlen(seen.name), &host));
                g_assert_cmpstr(host.text, ==, hello.name.text);
            }
        }
        g_free(seen.name);
    }
    SSL_CTX_free(ctx);
    g_assert_cmpuint(n_both, >, ROUNDS / 20);
}

#define ADD_CASES(prefix, cases, func)                                                 \
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {                                 \
        g_autofree char *path = g_strconcat(prefix, cases[i].name, NULL);              \
                                                                                       \
        bns_test_add_data(path, &cases[i], func);                                      \
    }

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 30);
    ADD_CASES("/gateway/client-hello/name/", names, test_name)
    ADD_CASES("/gateway/client-hello/extension/", extension_cases, test_extension)
    ADD_CASES("/gateway/client-hello/record/", record_cases, test_record)
    bns_test_add("/gateway/client-hello/no-extension-comes-twice", test_twice);
    bns_test_add("/gateway/client-hello/encrypted-ones-are-seen", test_ech);
    bns_test_add("/gateway/client-hello/without-extensions", test_no_extensions);
    bns_test_add("/gateway/client-hello/any-pieces", test_pieces);
    bns_test_add("/gateway/client-hello/the-limit-holds", test_limit);
    bns_test_add("/gateway/client-hello/reads-what-openssl-reads", test_beside_openssl);
    return g_test_run();
}
