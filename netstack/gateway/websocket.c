/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/websocket.h"

#include <string.h>

/* RFC 6455 1.3 */
static const char accept_guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/* SHA-1, as RFC 6455 wants it: it proves that the answerer speaks WebSocket, no more. */
#define SHA1_BYTES 20
/* Base64 of 16 bytes: 22 characters and two '='. */
#define KEY_LEN 24

static bool
field_is(const BnsHttpHead *head, const char *name, const char *value)
{
    const BnsHttpField *field = bns_http1_field(head, name);

    return field != NULL && bns_slice_equal_case(field->value, value);
}

/* The last character before the padding carries two bits: A, Q, g or w. */
static bool
is_key(BnsSlice value)
{
    if (value.len != KEY_LEN || memcmp(value.at + KEY_LEN - 2, "==", 2) != 0)
        return false;
    for (size_t i = 0; i < KEY_LEN - 2; i++)
        if (!g_ascii_isalnum(value.at[i]) && value.at[i] != '+' && value.at[i] != '/')
            return false;
    return memchr("AQgw", value.at[KEY_LEN - 3], 4) != NULL;
}

bool
bns_websocket_is_request(const BnsHttpHead *head)
{
    const BnsHttpField *key = bns_http1_field(head, "sec-websocket-key");

    return bns_slice_equal(head->method, "GET") && head->minor == 1 &&
           head->body == BNS_HTTP_BODY_NONE && head->has_upgrade &&
           field_is(head, "upgrade", "websocket") &&
           field_is(head, "sec-websocket-version", "13") && key != NULL &&
           is_key(key->value);
}

void
bns_websocket_accept(const BnsHttpHead *head,
                     char out_accept[BNS_WEBSOCKET_ACCEPT_SIZE])
{
    const BnsHttpField *key = bns_http1_field(head, "sec-websocket-key");
    g_autoptr(GChecksum) sha1 = g_checksum_new(G_CHECKSUM_SHA1);
    g_autofree char *text = NULL;
    guint8 digest[SHA1_BYTES];
    gsize digest_len = sizeof digest;

    g_checksum_update(sha1, (const guchar *)key->value.at, (gssize)key->value.len);
    g_checksum_update(sha1, (const guchar *)accept_guid, (gssize)strlen(accept_guid));
    g_checksum_get_digest(sha1, digest, &digest_len);
    text = g_base64_encode(digest, digest_len);
    g_strlcpy(out_accept, text, BNS_WEBSOCKET_ACCEPT_SIZE);
}

const char *
bns_websocket_check_response(const BnsHttpHead *head, const char *accept)
{
    const BnsHttpField *field = bns_http1_field(head, "sec-websocket-accept");

    if (head->status != 101)
        return "the answer to the WebSocket upgrade is not 101";
    if (!head->has_upgrade || !field_is(head, "upgrade", "websocket"))
        return "the answer does not upgrade to WebSocket";
    if (field == NULL || !bns_slice_equal(field->value, accept))
        return "the answer has the wrong Sec-WebSocket-Accept";
    return NULL;
}
