/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/client_hello.h"

#include "netstack/gateway/tls_record.h"

#include <glib.h>
#include <string.h>

/* RFC 8446, 4 */
#define MESSAGE_HEADER_LEN   4
#define MESSAGE_CLIENT_HELLO 1
#define RANDOM_LEN           32
#define SESSION_ID_MAX       32
#define VERSION_TLS_1_2      0x0303
#define VERSION_TLS_1_3      0x0304
/* RFC 6066, 3: the only kind of name in a server_name list. */
#define NAME_TYPE_HOST 0

/* RFC 8446, 6.2 */
#define ALERT_DECODE_ERROR      50
#define ALERT_ILLEGAL_PARAMETER 47
#define ALERT_PROTOCOL_VERSION  70
#define ALERT_UNEXPECTED        10
#define ALERT_UNRECOGNIZED_NAME 112

enum {
    EXTENSION_SERVER_NAME = 0,
    EXTENSION_SUPPORTED_VERSIONS = 43,
    EXTENSION_ESNI = 0xffce,      /* draft-ietf-tls-esni-06 and before */
    EXTENSION_ECH_FIRST = 0xfe08, /* later drafts */
    EXTENSION_ECH = 0xfe0d,       /* encrypted_client_hello */
};

#define MALFORMED_NAME "client's server name extension is malformed"
#define TOO_OLD        "client speaks no TLS version above 1.1"

/* A view of bytes not yet read. */
typedef struct {
    const uint8_t *at;
    size_t left;
} Reader;

static BnsClientHelloFault
fault(uint8_t alert, const char *reason)
{
    return (BnsClientHelloFault){ .reason = reason, .alert = alert };
}

static bool
read_number(Reader *reader, size_t width, size_t *out)
{
    if (reader->left < width)
        return false;
    *out = 0;
    for (size_t i = 0; i < width; i++)
        *out = *out << 8 | reader->at[i];
    reader->at += width;
    reader->left -= width;
    return true;
}

/* Cuts @len bytes off. */
static bool
read_bytes(Reader *reader, size_t len, Reader *out_bytes)
{
    if (reader->left < len)
        return false;
    *out_bytes = (Reader){ reader->at, len };
    reader->at += len;
    reader->left -= len;
    return true;
}

/* Cuts a vector with a length field of @width bytes off. */
static bool
read_vector(Reader *reader, size_t width, Reader *out_vector)
{
    size_t len;

    return read_number(reader, width, &len) && read_bytes(reader, len, out_vector);
}

/* --- extensions --- */

BnsClientHelloFault
bns_client_hello_read_name(const uint8_t *bytes, size_t len, BnsHost *out_name)
{
    Reader extension = { bytes, len };
    Reader list;
    Reader name;
    size_t type;

    if (!read_vector(&extension, 2, &list) || extension.left != 0 ||
        !read_number(&list, 1, &type))
        return fault(ALERT_DECODE_ERROR, MALFORMED_NAME);
    if (type != NAME_TYPE_HOST)
        return fault(ALERT_UNRECOGNIZED_NAME, "client's server name is no host name");
    if (!read_vector(&list, 2, &name))
        return fault(ALERT_DECODE_ERROR, MALFORMED_NAME);
    if (list.left != 0)
        return fault(ALERT_UNRECOGNIZED_NAME, "client sends more than one server name");
    if (!bns_host_canonical((const char *)name.at, name.left, out_name))
        return fault(ALERT_UNRECOGNIZED_NAME,
                     "client's server name is no valid host name");
    if (out_name->kind != BNS_HOST_NAME)
        return fault(ALERT_UNRECOGNIZED_NAME, "client's server name is an address");
    return (BnsClientHelloFault){ 0 };
}

static BnsClientHelloFault
read_versions(Reader extension, bool *out_is_new_enough)
{
    Reader list;
    size_t version;

    if (!read_vector(&extension, 1, &list) || extension.left != 0 || list.left == 0)
        return fault(ALERT_DECODE_ERROR, "client's list of TLS versions is malformed");
    *out_is_new_enough = false;
    while (list.left > 0) {
        if (!read_number(&list, 2, &version))
            return fault(ALERT_DECODE_ERROR,
                         "client's list of TLS versions is malformed");
        if (version == VERSION_TLS_1_2 || version == VERSION_TLS_1_3)
            *out_is_new_enough = true;
    }
    return (BnsClientHelloFault){ 0 };
}

static BnsClientHelloFault
read_extension(size_t type, Reader content, BnsClientHello *out, bool *io_is_new_enough)
{
    switch (type) {
    case EXTENSION_SERVER_NAME:
        out->has_name = true;
        return bns_client_hello_read_name(content.at, content.left, &out->name);
    case EXTENSION_SUPPORTED_VERSIONS:
        return read_versions(content, io_is_new_enough);
    case EXTENSION_ESNI:
        out->has_ech = true;
        break;
    default:
        out->has_ech |= type >= EXTENSION_ECH_FIRST && type <= EXTENSION_ECH;
        break;
    }
    return (BnsClientHelloFault){ 0 };
}

/* @version: of the message itself, which supported_versions replaces. */
static BnsClientHelloFault
read_extensions(Reader list, size_t version, BnsClientHello *out)
{
    bool is_new_enough = version >= VERSION_TLS_1_2;
    uint8_t seen[(UINT16_MAX + 1) / 8] = { 0 };
    BnsClientHelloFault found = { 0 };
    Reader content;
    size_t type;

    while (list.left > 0 && found.reason == NULL) {
        if (!read_number(&list, 2, &type) || !read_vector(&list, 2, &content))
            return fault(ALERT_DECODE_ERROR, "client's TLS extensions are malformed");
        if ((seen[type / 8] >> type % 8 & 1) != 0)
            return fault(ALERT_ILLEGAL_PARAMETER, "client sends a TLS extension twice");
        seen[type / 8] |= (uint8_t)(1u << type % 8);
        found = read_extension(type, content, out, &is_new_enough);
    }
    if (found.reason == NULL && !is_new_enough)
        return fault(ALERT_PROTOCOL_VERSION, TOO_OLD);
    return found;
}

/* --- the message --- */

/* RFC 8446, 4.1.2; RFC 5246, 7.4.1.2, where extensions may be absent. */
static BnsClientHelloFault
read_message(Reader message, BnsClientHello *out)
{
    Reader random;
    Reader session_id;
    Reader ciphers;
    Reader compressions;
    Reader extensions = { NULL, 0 };
    size_t version;

    if (!read_number(&message, 2, &version) ||
        !read_bytes(&message, RANDOM_LEN, &random) ||
        !read_vector(&message, 1, &session_id) || session_id.left > SESSION_ID_MAX ||
        !read_vector(&message, 2, &ciphers) || ciphers.left == 0 ||
        ciphers.left % 2 != 0 || !read_vector(&message, 1, &compressions) ||
        compressions.left == 0 ||
        (message.left > 0 && !read_vector(&message, 2, &extensions)) ||
        message.left != 0)
        return fault(ALERT_DECODE_ERROR, "client's ClientHello is malformed");
    return read_extensions(extensions, version, out);
}

/* --- records --- */

typedef enum {
    RECORD_MORE,
    RECORD_WHOLE,
    RECORD_BAD,
} RecordResult;

/* Cuts a record's content off. A client that speaks SSL 2.0's framing, or no TLS at all,
 * ends here. */
static RecordResult
read_record(Reader *bytes, Reader *out_content)
{
    Reader rest = *bytes;
    size_t type, major, minor, len;

    if ((rest.left > 0 && rest.at[0] != BNS_TLS_RECORD_HANDSHAKE) ||
        (rest.left > 1 && rest.at[1] != VERSION_TLS_1_2 >> 8))
        return RECORD_BAD;
    if (!read_number(&rest, 1, &type) || !read_number(&rest, 1, &major) ||
        !read_number(&rest, 1, &minor) || !read_number(&rest, 2, &len))
        return RECORD_MORE;
    /* Empty ones are forbidden for handshakes (5.1), and could come without end. */
    if (minor > (VERSION_TLS_1_3 & 0xff) || len == 0 || len > BNS_TLS_RECORD_MAX)
        return RECORD_BAD;
    if (!read_bytes(&rest, len, out_content)) {
        *out_content = rest;
        return RECORD_MORE;
    }
    *bytes = rest;
    return RECORD_WHOLE;
}

/* The length of the message that @start begins; 0 if that is not known yet. */
static size_t
message_len(const GByteArray *start)
{
    Reader header = { start->data, start->len };
    size_t type, len;

    if (!read_number(&header, 1, &type) || !read_number(&header, 3, &len))
        return 0;
    return MESSAGE_HEADER_LEN + len;
}

static BnsClientHelloResult
bad(BnsClientHello *out, uint8_t alert, const char *reason)
{
    out->fault = fault(alert, reason);
    return BNS_CLIENT_HELLO_BAD;
}

BnsClientHelloResult
bns_client_hello_read(const uint8_t *bytes, size_t len, BnsClientHello *out)
{
    Reader rest = { bytes, MIN(len, BNS_CLIENT_HELLO_BYTES_MAX) };
    g_autoptr(GByteArray) message = g_byte_array_new();
    RecordResult result = RECORD_WHOLE;
    size_t needed = 0;

    memset(out, 0, sizeof(*out));
    while (needed == 0 || message->len < needed) {
        Reader content = { NULL, 0 };

        result = read_record(&rest, &content);
        if (result == RECORD_BAD)
            return bad(out, ALERT_UNEXPECTED, "client does not begin with TLS");
        if (message->len == 0 && content.left > 0 &&
            content.at[0] != MESSAGE_CLIENT_HELLO)
            return bad(out, ALERT_UNEXPECTED,
                       "client does not begin with a ClientHello");
        if (result == RECORD_MORE)
            break;
        g_byte_array_append(message, content.at, (guint)content.left);
        needed = message_len(message);
        if (needed > BNS_CLIENT_HELLO_BYTES_MAX)
            break;
    }
    if (result == RECORD_MORE && len < BNS_CLIENT_HELLO_BYTES_MAX)
        return BNS_CLIENT_HELLO_MORE;
    if (needed == 0 || message->len < needed)
        return bad(out, ALERT_DECODE_ERROR, "client's ClientHello is too long");
    if (message->len > needed)
        return bad(out, ALERT_UNEXPECTED,
                   "client sends more than a ClientHello in its record");
    out->len = (size_t)(rest.at - bytes);
    out->fault = read_message(
        (Reader){ message->data + MESSAGE_HEADER_LEN, needed - MESSAGE_HEADER_LEN },
        out);
    return out->fault.reason == NULL ? BNS_CLIENT_HELLO_DONE : BNS_CLIENT_HELLO_BAD;
}
