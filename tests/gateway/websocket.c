/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/websocket.h"

#include "tests/support/test.h"

#include <string.h>

#define KEY     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\n"
/* The example of RFC 6455 1.3. */
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

typedef struct {
    const char *name;
    const char *text;
    bool good;
} Case;

#define GET(fields) "GET /chat HTTP/1.1\r\nHost: h\r\n" fields "\r\n"

static const Case requests[] = {
    { "rfc-6455-1.3", GET(UPGRADE KEY VERSION "Origin: http://h\r\n"), true },
    { "any-case",
      GET("uPGRADE: WebSocket\r\nConnection: keep-alive, UPGRADE\r\n" KEY VERSION),
      true },
    { "key-with-all-bits",
      GET(UPGRADE VERSION "Sec-WebSocket-Key: /////////////////////w==\r\n"), true },
    { "post", "POST / HTTP/1.1\r\nHost: h\r\n" UPGRADE KEY VERSION "\r\n", false },
    { "version-1.0", "GET / HTTP/1.0\r\nHost: h\r\n" UPGRADE KEY VERSION "\r\n",
      false },
    { "no-upgrade", GET("Connection: Upgrade\r\n" KEY VERSION), false },
    { "not-in-connection", GET("Upgrade: websocket\r\n" KEY VERSION), false },
    { "other-protocol", GET("Upgrade: h2c\r\nConnection: Upgrade\r\n" KEY VERSION),
      false },
    { "two-protocols",
      GET("Upgrade: websocket, h2c\r\nConnection: Upgrade\r\n" KEY VERSION), false },
    { "two-upgrades", GET(UPGRADE "Upgrade: websocket\r\n" KEY VERSION), false },
    { "no-version", GET(UPGRADE KEY), false },
    { "version-8", GET(UPGRADE KEY "Sec-WebSocket-Version: 8\r\n"), false },
    { "two-versions", GET(UPGRADE KEY VERSION VERSION), false },
    { "no-key", GET(UPGRADE VERSION), false },
    { "two-keys", GET(UPGRADE KEY KEY VERSION), false },
    { "short-key", GET(UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\r\n"),
      false },
    { "long-key",
      GET(UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQAAAA==\r\n"),
      false },
    { "key-of-17-bytes",
      GET(UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQA=\r\n"), false },
    { "key-with-loose-bits",
      GET(UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==\r\n"), false },
    { "key-not-base64",
      GET(UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBs-SBub25jZQ==\r\n"), false },
    { "with-length", GET(UPGRADE KEY VERSION "Content-Length: 1\r\n"), false },
    { "with-length-0", GET(UPGRADE KEY VERSION "Content-Length: 0\r\n"), false },
    { "chunked", GET(UPGRADE KEY VERSION "Transfer-Encoding: chunked\r\n"), false },
};

#define PROOF          "Sec-WebSocket-Accept: " ACCEPT "\r\n"
#define SWITCH(fields) "HTTP/1.1 101 Switching Protocols\r\n" fields "\r\n"

static const Case responses[] = {
    { "right", SWITCH(UPGRADE "Sec-WebSocket-Accept: " ACCEPT "\r\n"), true },
    { "right-in-any-case",
      SWITCH(
          "UPGRADE: WEBSOCKET\r\nconnection: upgrade\r\nsec-websocket-accept: " ACCEPT
          "\r\n"),
      true },
    { "no-accept", SWITCH(UPGRADE), false },
    { "wrong-accept",
      SWITCH(UPGRADE "Sec-WebSocket-Accept: t3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), false },
    { "accept-in-other-case",
      SWITCH(UPGRADE "Sec-WebSocket-Accept: S3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), false },
    { "accept-is-the-key",
      SWITCH(UPGRADE "Sec-WebSocket-Accept: dGhlIHNhbXBsZSBub25jZQ==\r\n"), false },
    { "two-accepts",
      SWITCH(UPGRADE "Sec-WebSocket-Accept: " ACCEPT "\r\nSec-WebSocket-Accept: " ACCEPT
                     "\r\n"),
      false },
    { "no-upgrade",
      SWITCH("Connection: Upgrade\r\nSec-WebSocket-Accept: " ACCEPT "\r\n"), false },
    { "no-connection",
      SWITCH("Upgrade: websocket\r\nSec-WebSocket-Accept: " ACCEPT "\r\n"), false },
    { "other-protocol",
      SWITCH("Upgrade: h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " ACCEPT
             "\r\n"),
      false },
    { "status-200",
      "HTTP/1.1 200 OK\r\n" UPGRADE "Sec-WebSocket-Accept: " ACCEPT "\r\n\r\n", false },
    { "version-1.0",
      "HTTP/1.0 101 S\r\n" UPGRADE "Sec-WebSocket-Accept: " ACCEPT "\r\n\r\n", false },
    { "upgrade-twice", SWITCH(UPGRADE "Upgrade: websocket\r\n" PROOF), false },
    { "two-upgrades-in-one",
      SWITCH("Upgrade: websocket, h2c\r\nConnection: Upgrade\r\n" PROOF), false },
    { "connection-names-other",
      SWITCH("Upgrade: websocket\r\nConnection: keep-alive\r\n" PROOF), false },
    { "accept-list", SWITCH(UPGRADE "Sec-WebSocket-Accept: " ACCEPT ", " ACCEPT "\r\n"),
      false },
    { "accept-and-more", SWITCH(UPGRADE "Sec-WebSocket-Accept: " ACCEPT "=\r\n"),
      false },
    /* Out of "chat, superchat" and "permessage-deflate; ..., x-other". */
    { "first-protocol", SWITCH(UPGRADE PROOF "Sec-WebSocket-Protocol: chat\r\n"),
      true },
    { "second-protocol", SWITCH(UPGRADE PROOF "Sec-WebSocket-Protocol: superchat\r\n"),
      true },
    { "protocol-not-offered", SWITCH(UPGRADE PROOF "Sec-WebSocket-Protocol: chat2\r\n"),
      false },
    { "protocol-in-other-case",
      SWITCH(UPGRADE PROOF "Sec-WebSocket-Protocol: Chat\r\n"), false },
    { "both-protocols",
      SWITCH(UPGRADE PROOF "Sec-WebSocket-Protocol: chat, superchat\r\n"), false },
    { "protocol-twice",
      SWITCH(UPGRADE PROOF "Sec-WebSocket-Protocol: chat\r\n"
                           "Sec-WebSocket-Protocol: chat\r\n"),
      false },
    { "empty-protocol", SWITCH(UPGRADE PROOF "Sec-WebSocket-Protocol:\r\n"), false },
    { "extension",
      SWITCH(UPGRADE PROOF "Sec-WebSocket-Extensions: permessage-deflate\r\n"), true },
    { "extension-with-parameters",
      SWITCH(UPGRADE PROOF "Sec-WebSocket-Extensions: x-other , permessage-deflate ; "
                           "server_max_window_bits=9\r\n"),
      true },
    { "extensions-in-two-fields",
      SWITCH(UPGRADE PROOF "Sec-WebSocket-Extensions: x-other\r\n"
                           "Sec-WebSocket-Extensions: permessage-deflate\r\n"),
      true },
    { "extension-not-offered",
      SWITCH(UPGRADE PROOF "Sec-WebSocket-Extensions: permessage-deflate, x-mine\r\n"),
      false },
    { "parameter-is-no-extension",
      SWITCH(UPGRADE PROOF "Sec-WebSocket-Extensions: client_max_window_bits\r\n"),
      false },
    { "extension-without-name",
      SWITCH(UPGRADE PROOF "Sec-WebSocket-Extensions: ;x=y\r\n"), false },
    { "no-extension-after-all", SWITCH(UPGRADE PROOF "Sec-WebSocket-Extensions:\r\n"),
      true },
};

static char protocols[] = "chat, superchat";
static char extensions[] = "permessage-deflate; client_max_window_bits, x-other";
static const BnsWebsocketOffer offer = {
    .accept = ACCEPT,
    .protocols = protocols,
    .extensions = extensions,
};
static const BnsWebsocketOffer bare_offer = { .accept = ACCEPT };

/* Right in all else, but nothing was offered. */
static const Case bare_responses[] = {
    { "nothing-is-chosen", SWITCH(UPGRADE PROOF), true },
    { "protocol", SWITCH(UPGRADE PROOF "Sec-WebSocket-Protocol: chat\r\n"), false },
    { "extension",
      SWITCH(UPGRADE PROOF "Sec-WebSocket-Extensions: permessage-deflate\r\n"), false },
};

static void
test_request(gconstpointer data)
{
    const Case *row = data;
    BnsHttpHead head;

    g_assert_cmpint(bns_http1_parse_request(row->text, strlen(row->text), &head), ==,
                    BNS_PARSE_DONE);
    g_assert_cmpint(bns_websocket_is_request(&head), ==, row->good);
}

static void
test_offer(void)
{
    static const char text[] =
        GET(UPGRADE KEY VERSION "Sec-WebSocket-Protocol: chat\r\n"
                                "sec-websocket-extensions: x-one; a=b\r\n"
                                "Sec-WebSocket-Protocol: superchat, x\r\n");
    BnsWebsocketOffer read;
    BnsHttpHead head;

    g_assert_cmpint(bns_http1_parse_request(text, strlen(text), &head), ==,
                    BNS_PARSE_DONE);
    bns_websocket_offer(&head, &read);
    g_assert_cmpstr(read.accept, ==, ACCEPT);
    g_assert_cmpstr(read.protocols, ==, "chat,superchat, x");
    g_assert_cmpstr(read.extensions, ==, "x-one; a=b");
    bns_websocket_offer_clear(&read);
}

static void
check_response(const Case *row, const BnsWebsocketOffer *offered)
{
    BnsHttpHead head;
    const char *error;

    g_assert_cmpint(bns_http1_parse_response(row->text, strlen(row->text),
                                             (BnsSlice){ "GET", 3 }, &head),
                    ==, BNS_PARSE_DONE);
    error = bns_websocket_check_response(&head, offered);
    if ((error == NULL) != row->good)
        g_error("%s: %s", row->name, error);
}

static void
test_response(gconstpointer data)
{
    check_response(data, &offer);
}

static void
test_bare_response(gconstpointer data)
{
    check_response(data, &bare_offer);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    for (size_t i = 0; i < G_N_ELEMENTS(requests); i++) {
        g_autofree char *path =
            g_strconcat("/gateway/websocket/request/", requests[i].name, NULL);

        bns_test_add_data(path, &requests[i], test_request);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(responses); i++) {
        g_autofree char *path =
            g_strconcat("/gateway/websocket/answer/", responses[i].name, NULL);

        bns_test_add_data(path, &responses[i], test_response);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(bare_responses); i++) {
        g_autofree char *path =
            g_strconcat("/gateway/websocket/unasked/", bare_responses[i].name, NULL);

        bns_test_add_data(path, &bare_responses[i], test_bare_response);
    }
    bns_test_add("/gateway/websocket/offer-is-read-whole", test_offer);
    return g_test_run();
}
