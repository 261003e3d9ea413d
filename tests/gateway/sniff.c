/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/sniff.h"

#include "tests/gateway/http1_cases.h"
#include "tests/support/test.h"

typedef struct {
    const char *name;
    const char *bytes;
    size_t len;
    size_t decided; /* after so many bytes; before them MORE */
    BnsSniff result;
} SniffCase;

static const SniffCase cases[] = {
    { "nothing", BYTES(""), 1, BNS_SNIFF_MORE },
    { "tls-1.0", BYTES("\x16\x03\x01\x02\x00\x01"), 3, BNS_SNIFF_TLS },
    { "ssl-3", BYTES("\x16\x03\x00\x02\x00\x01"), 3, BNS_SNIFF_TLS },
    { "tls-record-3.4", BYTES("\x16\x03\x04\x02\x00\x01"), 3, BNS_SNIFF_TLS },
    { "tls-record-3.5", BYTES("\x16\x03\x05\x02\x00\x01"), 3, BNS_SNIFF_UNKNOWN },
    { "tls-record-2", BYTES("\x16\x02\x01"), 2, BNS_SNIFF_UNKNOWN },
    { "tls-alert", BYTES("\x15\x03\x01\x00\x02"), 1, BNS_SNIFF_UNKNOWN },
    { "sslv2-hello", BYTES("\x80\x2e\x01\x00\x02"), 1, BNS_SNIFF_UNKNOWN },
    { "get", BYTES("GET / HTTP/1.1\r\n"), 4, BNS_SNIFF_HTTP },
    { "post", BYTES("POST /"), 5, BNS_SNIFF_HTTP },
    { "lower-case", BYTES("get /"), 4, BNS_SNIFF_HTTP },
    { "any-token", BYTES("!#$%&'*+-.^_`|~0 "), 17, BNS_SNIFF_HTTP },
    { "method-of-24", BYTES("ABCDEFGHIJKLMNOPQRSTUVWX /"), 25, BNS_SNIFF_HTTP },
    { "method-of-25", BYTES("ABCDEFGHIJKLMNOPQRSTUVWXY /"), 25, BNS_SNIFF_UNKNOWN },
    { "word-and-crlf", BYTES("PING\r\n"), 5, BNS_SNIFF_UNKNOWN },
    { "word-and-nul", BYTES("GET\0/"), 4, BNS_SNIFF_UNKNOWN },
    { "space-first", BYTES(" GET /"), 1, BNS_SNIFF_UNKNOWN },
    { "empty-line-first", BYTES("\r\nGET /"), 1, BNS_SNIFF_UNKNOWN },
    { "http2", BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nxx"), 24, BNS_SNIFF_HTTP2 },
    { "pri-in-http1", BYTES("PRI * HTTP/1.1\r\n"), 12, BNS_SNIFF_HTTP },
    { "pr-is-a-method", BYTES("PR / HTTP/1.1\r\n"), 3, BNS_SNIFF_HTTP },
    { "http2-without-sm", BYTES("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"), 19,
      BNS_SNIFF_HTTP },
    { "ssh", BYTES("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), 4, BNS_SNIFF_UNKNOWN },
    { "ssh-like-method", BYTES("SSH /"), 4, BNS_SNIFF_HTTP },
    { "redis", BYTES("*1\r\n$4\r\nPING\r\n"), 3, BNS_SNIFF_UNKNOWN },
    { "postgresql", BYTES("\x00\x00\x00\x08\x04\xd2\x16\x2f"), 1, BNS_SNIFF_UNKNOWN },
    { "utf-8", BYTES("\xc3\xa9 /"), 1, BNS_SNIFF_UNKNOWN },
};

static void
test_case(gconstpointer data)
{
    const SniffCase *row = data;

    g_assert_cmpuint(row->decided, <=, BNS_SNIFF_BYTES);
    for (size_t len = 0; len <= row->len; len++) {
        g_autofree uint8_t *copy = g_memdup2(row->bytes, len);
        BnsSniff expected = len < row->decided ? BNS_SNIFF_MORE : row->result;
        BnsSniff result = bns_sniff(copy, len);

        if (result != expected)
            g_error("%s: %zu bytes give %u, expected %u", row->name, len, result,
                    expected);
    }
}

/* Whatever comes, so many bytes decide. */
static void
test_decides(void)
{
    uint8_t bytes[BNS_SNIFF_BYTES];
    g_autoptr(GRand) random = g_rand_new_with_seed(1);

    for (size_t round = 0; round < 100000; round++) {
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = "ABCDEPRI* \x16\x03\x01\r\n/"[g_rand_int_range(random, 0, 16)];
        g_assert_cmpint(bns_sniff(bytes, sizeof bytes), !=, BNS_SNIFF_MORE);
    }
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/gateway/sniff/", cases[i].name, NULL);

        bns_test_add_data(path, &cases[i], test_case);
    }
    bns_test_add("/gateway/sniff/32-bytes-always-decide", test_decides);
    return g_test_run();
}
