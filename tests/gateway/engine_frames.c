/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WebSocket frames through the engine, in TLS, to an echo: what goes in comes out,
 * whatever it is.
 */
#include "tests/gateway/engine_rig.h"
#include "tests/support/certs.h"
#include "tests/support/frames.h"
#include "tests/support/origin.h"
#include "tests/support/test.h"

#include <glib/gstdio.h>
#include <string.h>

#define UPGRADE                                                                        \
    "GET /ws HTTP/1.1\r\nHost: origin.test\r\nConnection: Upgrade\r\n"                 \
    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"                              \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

#define MIB (1024 * 1024)

static const uint8_t mask[4] = { 0x12, 0x00, 0xff, 0x81 };

/* A WebSocket that is open. */
typedef struct {
    char *directory;
    char *ca_file;
    BnsTestCert *authority;
    BnsTestCert *cert;
    BnsOrigin *origin;
    Rig *rig;
    RigFlow flow;
} Socket;

static void
socket_open(Socket *s)
{
    BnsTestCertSpec spec = { .names = "DNS:origin.test" };
    g_autofree char *resolves = NULL;
    SSL_CTX *ctx;

    s->directory = g_dir_make_tmp("frames-XXXXXX", NULL);
    s->authority = bns_test_cert_authority("Test Authority");
    s->ca_file = bns_test_cert_write(s->authority, s->directory, "ca.pem");
    spec.issuer = s->authority;
    s->cert = bns_test_cert_new(&spec);
    ctx = bns_test_cert_server(s->cert, NULL);
    s->origin = bns_origin_new(ctx);
    SSL_CTX_free(ctx);
    resolves = g_strdup_printf("origin.test:443:%u", bns_origin_port(s->origin));
    s->rig = rig_new("allow: [origin.test]\n", resolves, s->ca_file);
    s->flow = rig_open(s->rig, "origin.test", 443);
    g_assert_true(rig_start_tls(s->rig, &s->flow, "origin.test", "http/1.1"));
    rig_say(&s->flow, UPGRADE);
    g_free(rig_hear(&s->flow, "\r\n\r\n"));
}

static void
socket_close(Socket *s)
{
    rig_close(s->rig, &s->flow);
    rig_free(s->rig);
    bns_origin_free(s->origin);
    bns_test_cert_free(s->cert);
    bns_test_cert_free(s->authority);
    g_unlink(s->ca_file);
    g_rmdir(s->directory);
    g_free(s->ca_file);
    g_free(s->directory);
}

/* A piece of a conversation: a client's frame. */
typedef struct {
    uint8_t opcode;
    bool is_final;
    const char *payload; /* NULL: @len bytes of any kind */
    size_t len;
} Said;

static uint8_t *
payload_of(const Said *said)
{
    uint8_t *payload = g_malloc(said->len + 1);

    for (size_t i = 0; i < said->len; i++)
        payload[i] =
            said->payload != NULL ? (uint8_t)said->payload[i] : (uint8_t)(i % 251);
    return payload;
}

static void
say(Socket *s, const Said *said)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autofree uint8_t *payload = payload_of(said);

    bns_frame_write(out, said->opcode, said->is_final, mask, payload, said->len);
    rig_say_bytes(&s->flow, out->data, out->len);
}

static void
hear_bytes(Socket *s, uint8_t *data, size_t len)
{
    while (len > 0) {
        int n = SSL_read(s->flow.ssl, data, (int)MIN(len, MIB));

        g_assert_cmpint(n, >, 0);
        data += n;
        len -= (size_t)n;
    }
}

/* The next frame is the server's word for @said. */
static void
hear(Socket *s, const Said *said)
{
    g_autoptr(GByteArray) expected = g_byte_array_new();
    g_autofree uint8_t *payload = payload_of(said);
    g_autofree uint8_t *heard = NULL;
    uint8_t opcode = said->opcode == BNS_FRAME_PING ? BNS_FRAME_PONG : said->opcode;

    if (said->opcode == BNS_FRAME_PONG)
        return;
    bns_frame_write(expected, opcode, said->is_final, NULL, payload, said->len);
    heard = g_malloc(expected->len);
    hear_bytes(s, heard, expected->len);
    g_assert_cmpmem(heard, expected->len, expected->data, expected->len);
}

/* --- conversations --- */

#define MAX_SAID 8

typedef struct {
    const char *name;
    size_t n_said;
    Said said[MAX_SAID];
} Talk;

#define TEXT(text)                                                                     \
    {                                                                                  \
        BNS_FRAME_TEXT, true, text, sizeof(text) - 1                                   \
    }
#define BINARY(len)                                                                    \
    {                                                                                  \
        BNS_FRAME_BINARY, true, NULL, len                                              \
    }
#define CLOSE(bytes)                                                                   \
    {                                                                                  \
        BNS_FRAME_CLOSE, true, bytes, sizeof(bytes) - 1                                \
    }

static const Talk talks[] = {
    { "text",
      3,
      { TEXT("Hello"), TEXT(""), TEXT("h\xc3\xa4ll\xc3\xb6 \xf0\x9f\x9a\xab") } },
    /* Every form of the length, at its borders. */
    { "lengths",
      8,
      { BINARY(0), BINARY(1), BINARY(125), BINARY(126), BINARY(127), BINARY(65535),
        BINARY(65536), BINARY(MIB) } },
    { "sixteen-mebibytes", 2, { BINARY(16 * MIB), TEXT("and on") } },
    { "fragments",
      4,
      { { BNS_FRAME_TEXT, false, "one ", 4 },
        { BNS_FRAME_CONTINUATION, false, "", 0 },
        { BNS_FRAME_CONTINUATION, false, "two ", 4 },
        { BNS_FRAME_CONTINUATION, true, "three", 5 } } },
    { "ping-between-fragments",
      4,
      { { BNS_FRAME_BINARY, false, NULL, 70000 },
        { BNS_FRAME_PING, true, "are you there", 13 },
        { BNS_FRAME_CONTINUATION, true, NULL, 70000 },
        { BNS_FRAME_PING, true, NULL, 125 } } },
    { "pong-unasked", 2, { { BNS_FRAME_PONG, true, "x", 1 }, TEXT("still") } },
    { "not-utf-8", 1, { TEXT("\xff\xfe\xc0\x80") } },
    { "looks-like-http",
      2,
      { TEXT("GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n"), TEXT("0\r\n\r\n") } },
    { "close-empty", 1, { CLOSE("") } },
    { "close-1000", 2, { TEXT("x"), CLOSE("\x03\xe8") } },
    { "close-1001-why", 1, { CLOSE("\x03\xe9going away") } },
    { "close-1003", 1, { CLOSE("\x03\xeb") } },
    { "close-1011", 1, { CLOSE("\x03\xf3") } },
    { "close-3000", 1, { CLOSE("\x0b\xb8") } },
    { "close-4999", 1, { CLOSE("\x13\x87no \xc3\xa4") } },
    /* Not ours to judge. */
    { "opcode-reserved", 1, { { 0x3, true, "x", 1 } } },
    { "continuation-of-nothing", 1, { { BNS_FRAME_CONTINUATION, true, "x", 1 } } },
};

/* One after the other, each heard before the next is said. */
static void
test_talk(gconstpointer data)
{
    const Talk *talk = data;
    Socket s;

    socket_open(&s);
    for (size_t i = 0; i < talk->n_said; i++) {
        say(&s, &talk->said[i]);
        hear(&s, &talk->said[i]);
    }
    socket_close(&s);
}

/* All at once, in one write, and heard afterwards. */
static void
test_burst(void)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    Socket s;

    socket_open(&s);
    for (unsigned i = 0; i < 1000; i++) {
        g_autofree char *text = g_strdup_printf("message %u", i);

        bns_frame_write(out, BNS_FRAME_TEXT, true, mask, text, strlen(text));
    }
    rig_say_bytes(&s.flow, out->data, out->len);
    for (unsigned i = 0; i < 1000; i++) {
        g_autofree char *text = g_strdup_printf("message %u", i);

        hear(&s, &(Said){ BNS_FRAME_TEXT, true, text, strlen(text) });
    }
    socket_close(&s);
}

/* Byte by byte: a frame's head has no packet of its own. */
static void
test_drip(void)
{
    static const Said said = { BNS_FRAME_BINARY, true, NULL, 300 };
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autofree uint8_t *payload = payload_of(&said);
    Socket s;

    socket_open(&s);
    bns_frame_write(out, said.opcode, true, mask, payload, said.len);
    for (guint i = 0; i < out->len; i++)
        rig_say_bytes(&s.flow, out->data + i, 1);
    hear(&s, &said);
    socket_close(&s);
}

/* The origin's own verdict and the end of its direction arrive; then the flow is over, and
 * its record says what passed. */
static void
test_end(void)
{
    static const uint8_t unmasked[] = { 0x81, 0x01, 'x' };
    static const Said verdict = { BNS_FRAME_CLOSE, true, "\x03\xea", 2 };
    const BnsRecord *record;
    bool is_broken;
    Socket s;

    socket_open(&s);
    rig_say_bytes(&s.flow, unmasked, sizeof(unmasked));
    hear(&s, &verdict);
    g_free(rig_hear_end(&s.flow, &is_broken));
    g_assert_false(is_broken);
    rig_say_end(&s.flow);
    record = rig_expect(s.rig, BNS_EVENT_HTTP_RESPONSE, "- 101 GET /ws");
    g_assert_cmpuint(record->bytes_sent, ==, sizeof(unmasked));
    g_assert_cmpuint(record->bytes_received, ==, 4);
    socket_close(&s);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 60);
    for (size_t i = 0; i < G_N_ELEMENTS(talks); i++) {
        g_autofree char *path = g_strconcat("/gateway/frames/", talks[i].name, NULL);

        bns_test_add_data(path, &talks[i], test_talk);
    }
    bns_test_add("/gateway/frames/a-thousand-at-once", test_burst);
    bns_test_add("/gateway/frames/byte-by-byte", test_drip);
    bns_test_add("/gateway/frames/the-origin-ends", test_end);
    return g_test_run();
}
