/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/server_hello.h"

#include "netstack/gateway/tls_record.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

/* RFC 8446, 5.1 (the version), 4 and 4.1.3 */
#define MAJOR_VERSION        3
#define MESSAGE_SERVER_HELLO 2
#define RANDOM_AT            6 /* after type, length and version */
#define RANDOM_LEN           32

/* RFC 8446, 4.1.3: SHA-256 of "HelloRetryRequest". */
static const uint8_t retry_random[RANDOM_LEN] = {
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
    0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
    0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
};

/* The message's first bytes, as far as they are here. */
typedef struct {
    uint8_t bytes[RANDOM_AT + RANDOM_LEN];
    size_t len;
} Message;

/* Takes what is there of a record's content. Returns: how long record and header are, 0
 * if that is not known yet, or SIZE_MAX if they are none of a handshake. */
static size_t
take_record(Message *message, const uint8_t *bytes, size_t len)
{
    size_t content_len;
    size_t n;

    if (bytes[0] != BNS_TLS_RECORD_HANDSHAKE || (len > 1 && bytes[1] != MAJOR_VERSION))
        return SIZE_MAX;
    if (len < BNS_TLS_RECORD_HEADER_LEN)
        return 0;
    content_len = (size_t)bytes[3] << 8 | bytes[4];
    if (content_len == 0 || content_len > BNS_TLS_RECORD_MAX)
        return SIZE_MAX;
    n = MIN(MIN(content_len, len - BNS_TLS_RECORD_HEADER_LEN),
            sizeof(message->bytes) - message->len);
    memcpy(message->bytes + message->len, bytes + BNS_TLS_RECORD_HEADER_LEN, n);
    message->len += n;
    return BNS_TLS_RECORD_HEADER_LEN + content_len;
}

BnsServerHello
bns_server_hello_read(const uint8_t *bytes, size_t len)
{
    Message message = { .len = 0 };
    size_t at = 0;

    while (at < len && message.len < sizeof(message.bytes)) {
        size_t record_len = take_record(&message, bytes + at, len - at);

        if (record_len == SIZE_MAX ||
            (message.len > 0 && message.bytes[0] != MESSAGE_SERVER_HELLO))
            return BNS_SERVER_HELLO_OTHER;
        if (record_len == 0)
            break;
        at += record_len;
    }
    if (message.len > RANDOM_AT &&
        memcmp(message.bytes + RANDOM_AT, retry_random, message.len - RANDOM_AT) != 0)
        return BNS_SERVER_HELLO_OTHER;
    if (message.len == sizeof(message.bytes))
        return BNS_SERVER_HELLO_RETRY;
    return len < BNS_SERVER_HELLO_BYTES_MAX ? BNS_SERVER_HELLO_MORE
                                            : BNS_SERVER_HELLO_OTHER;
}
