/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The origin's WebSocket: frames, and an echo of each.
 */
#include "tests/support/origin_conn.h"

#include <string.h>

/* RFC 6455 7.4.1 */
#define CLOSE_PROTOCOL_ERROR 1002

static char *
make_accept(const char *head)
{
    const char *key = strcasestr(head, "Sec-WebSocket-Key: ");
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA1);
    guint8 digest[20];
    gsize len = sizeof(digest);

    key = key != NULL ? key + strlen("Sec-WebSocket-Key: ") : "";
    g_checksum_update(sum, (const guchar *)key, (gssize)strcspn(key, "\n"));
    g_checksum_update(sum, (const guchar *)"258EAFA5-E914-47DA-95CA-C5AB0DC85B11", -1);
    g_checksum_get_digest(sum, digest, &len);
    g_checksum_free(sum);
    return g_base64_encode(digest, len);
}

static bool
read_all(OriginConn *conn, uint8_t *data, size_t len)
{
    while (len > 0) {
        size_t n = origin_read(conn, data, len);

        if (n == 0)
            return false;
        data += n;
        len -= n;
    }
    return true;
}

static bool
read_head(OriginConn *conn, BnsFrame *out_frame)
{
    uint8_t head[BNS_FRAME_HEAD_MAX];

    for (size_t n = 0; n < sizeof(head); n++) {
        if (bns_frame_read(head, n, out_frame))
            return true;
        if (!read_all(conn, head + n, 1))
            return false;
    }
    return bns_frame_read(head, sizeof(head), out_frame);
}

bool
origin_write_frame(
    OriginConn *conn, uint8_t opcode, bool is_final, const void *payload, size_t len)
{
    g_autoptr(GByteArray) out = g_byte_array_new();

    bns_frame_write(out, opcode, is_final, NULL, payload, len);
    return origin_write(conn, out->data, out->len);
}

static void
refuse(OriginConn *conn)
{
    static const uint8_t code[] = { CLOSE_PROTOCOL_ERROR >> 8,
                                    CLOSE_PROTOCOL_ERROR & 0xff };

    origin_write_frame(conn, BNS_FRAME_CLOSE, true, code, sizeof(code));
}

uint8_t *
origin_read_frame(OriginConn *conn, BnsFrame *out_frame)
{
    g_autofree uint8_t *payload = NULL;

    if (!read_head(conn, out_frame))
        return NULL;
    if (!out_frame->is_masked) {
        refuse(conn);
        return NULL;
    }
    payload = g_malloc(out_frame->len + 1);
    if (!read_all(conn, payload, out_frame->len))
        return NULL;
    bns_frame_mask(payload, out_frame->len, out_frame->mask);
    payload[out_frame->len] = '\0';
    return g_steal_pointer(&payload);
}

/* Returns: whether another may come. */
static bool
echo_frame(OriginConn *conn)
{
    BnsFrame frame;
    g_autofree uint8_t *payload = origin_read_frame(conn, &frame);

    if (payload == NULL)
        return false;
    if (frame.opcode == BNS_FRAME_PONG)
        return true;
    return origin_write_frame(
               conn, frame.opcode == BNS_FRAME_PING ? BNS_FRAME_PONG : frame.opcode,
               frame.is_final, payload, frame.len) &&
           frame.opcode != BNS_FRAME_CLOSE;
}

bool
origin_accept_websocket(OriginConn *conn, const OriginRequest *request)
{
    g_autofree char *accept_text = make_accept(request->head);

    return origin_printf(conn,
                         "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                         "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                         accept_text);
}

bool
origin_answer_websocket(OriginConn *conn,
                        const OriginRequest *request,
                        const char *argument)
{
    if (!origin_accept_websocket(conn, request))
        return false;
    while (echo_frame(conn))
        ;
    return false;
}
