/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/gateway/hello_bytes.h"

static void
append_number(GByteArray *bytes, size_t number, unsigned width)
{
    while (width-- > 0) {
        guint8 byte = (guint8)(number >> 8 * width);

        g_byte_array_append(bytes, &byte, 1);
    }
}

static void
append(GByteArray *bytes, const void *more, size_t len)
{
    g_byte_array_append(bytes, more, (guint)len);
}

void
hello_add_extension(GByteArray *list, unsigned type, const void *content, size_t len)
{
    append_number(list, type, 2);
    append_number(list, len, 2);
    append(list, content, len);
}

void
hello_add_name(GByteArray *list, const char *name, size_t len)
{
    g_autoptr(GByteArray) content = g_byte_array_new();

    append_number(content, len + 3, 2);
    append_number(content, TLSEXT_NAMETYPE_host_name, 1);
    append_number(content, len, 2);
    append(content, name, len);
    hello_add_extension(list, TLSEXT_TYPE_server_name, content->data, content->len);
}

GByteArray *
hello_message(unsigned version, const GByteArray *extensions)
{
    static const guint8 suites[] = { 0, 6, 0x13, 0x01, 0xc0, 0x2b, 0xc0, 0x2c };
    static const guint8 compressions[] = { 1, 0 };
    static const guint8 random[32] = { 1, 2, 3 };
    g_autoptr(GByteArray) body = g_byte_array_new();
    GByteArray *message = g_byte_array_new();

    append_number(body, version, 2);
    append(body, random, sizeof(random));
    append_number(body, 0, 1); /* no session id */
    append(body, suites, sizeof(suites));
    append(body, compressions, sizeof(compressions));
    if (extensions != NULL) {
        append_number(body, extensions->len, 2);
        append(body, extensions->data, extensions->len);
    }
    append_number(message, SSL3_MT_CLIENT_HELLO, 1);
    append_number(message, body->len, 3);
    append(message, body->data, body->len);
    return message;
}

GByteArray *
hello_in_records(const GByteArray *message, size_t piece)
{
    GByteArray *bytes = g_byte_array_new();

    for (size_t at = 0; at < message->len; at += piece) {
        size_t len = MIN(piece, message->len - at);

        append_number(bytes, SSL3_RT_HANDSHAKE, 1);
        append_number(bytes, TLS1_VERSION, 2);
        append_number(bytes, len, 2);
        append(bytes, message->data + at, len);
    }
    return bytes;
}

static int
on_add_extension(SSL *ssl,
                 unsigned type,
                 unsigned context,
                 const unsigned char **out,
                 size_t *out_len,
                 X509 *certificate,
                 size_t chain_index,
                 int *out_alert,
                 void *data)
{
    static const unsigned char content[16] = { 0, 1, 2 };

    *out = content;
    *out_len = sizeof(content);
    return 1;
}

void
hello_set_name(SSL *ssl, const char *name)
{
    SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             (void *)(uintptr_t)name);
}

GByteArray *
hello_by_openssl(const char *name, unsigned extension)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    BIO *out = BIO_new(BIO_s_mem());
    GByteArray *bytes = g_byte_array_new();
    char *data;
    long len;
    SSL *ssl;

    if (extension != 0)
        g_assert_cmpint(SSL_CTX_add_custom_ext(ctx, extension, SSL_EXT_CLIENT_HELLO,
                                               on_add_extension, NULL, NULL, NULL,
                                               NULL),
                        ==, 1);
    ssl = SSL_new(ctx);
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), out);
    if (name != NULL)
        hello_set_name(ssl, name);
    g_assert_cmpint(SSL_connect(ssl), ==, -1);
    len = BIO_get_mem_data(out, &data);
    append(bytes, data, (size_t)len);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    return bytes;
}
