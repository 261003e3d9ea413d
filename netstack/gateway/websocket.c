/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/websocket.h"

#include "netstack/gateway/http1_private.h"

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

static void
make_accept(BnsSlice key, char out_accept[BNS_WEBSOCKET_ACCEPT_SIZE])
{
    g_autoptr(GChecksum) sha1 = g_checksum_new(G_CHECKSUM_SHA1);
    g_autofree char *text = NULL;
    guint8 digest[SHA1_BYTES];
    gsize digest_len = sizeof digest;

    g_checksum_update(sha1, (const guchar *)key.at, (gssize)key.len);
    g_checksum_update(sha1, (const guchar *)accept_guid, (gssize)strlen(accept_guid));
    g_checksum_get_digest(sha1, digest, &digest_len);
    text = g_base64_encode(digest, digest_len);
    g_strlcpy(out_accept, text, BNS_WEBSOCKET_ACCEPT_SIZE);
}

/* All fields of that name are one list (RFC 6455 9.1, 11.3.4). */
static char *
join(const BnsHttpHead *head, const char *name)
{
    GString *list = NULL;

    for (size_t i = 0; i < head->n_fields; i++) {
        const BnsHttpField *field = &head->fields[i];

        if (!bns_slice_equal_case(field->name, name))
            continue;
        if (list == NULL)
            list = g_string_new(NULL);
        else
            g_string_append_c(list, ',');
        g_string_append_len(list, field->value.at, (gssize)field->value.len);
    }
    return list == NULL ? NULL : g_string_free(list, FALSE);
}

void
bns_websocket_offer(const BnsHttpHead *head, BnsWebsocketOffer *out_offer)
{
    const BnsHttpField *key = bns_http1_field(head, "sec-websocket-key");

    out_offer->accept[0] = '\0';
    if (key != NULL)
        make_accept(key->value, out_offer->accept);
    out_offer->protocols = join(head, "sec-websocket-protocol");
    out_offer->extensions = join(head, "sec-websocket-extensions");
}

void
bns_websocket_offer_clear(BnsWebsocketOffer *offer)
{
    g_clear_pointer(&offer->protocols, g_free);
    g_clear_pointer(&offer->extensions, g_free);
}

/* The element without its parameters. */
static BnsSlice
name_of(BnsSlice element)
{
    const char *semicolon =
        element.len > 0 ? memchr(element.at, ';', element.len) : NULL;

    if (semicolon == NULL)
        return element;
    return bns_http1_trim((BnsSlice){ element.at, (size_t)(semicolon - element.at) });
}

/* Whether @name is one of @list. A quoted comma divides nothing that could be chosen: the
 * values of extensions are tokens (RFC 6455 9.1). */
static bool
is_offered(const char *list, BnsSlice name)
{
    BnsSlice rest = { list, list != NULL ? strlen(list) : 0 };
    BnsSlice element;

    if (!bns_http1_is_token(name))
        return false;
    while (bns_http1_next_element(&rest, &element)) {
        BnsSlice offered = name_of(element);

        if (offered.len == name.len && memcmp(offered.at, name.at, name.len) == 0)
            return true;
    }
    return false;
}

static const char *
check_protocol(const BnsHttpHead *head, const BnsWebsocketOffer *offer)
{
    g_autofree char *chosen = join(head, "sec-websocket-protocol");

    if (chosen == NULL ||
        is_offered(offer->protocols, (BnsSlice){ chosen, strlen(chosen) }))
        return NULL;
    return "the answer chooses a WebSocket subprotocol that was not offered";
}

static const char *
check_extensions(const BnsHttpHead *head, const BnsWebsocketOffer *offer)
{
    g_autofree char *chosen = join(head, "sec-websocket-extensions");
    BnsSlice rest = { chosen, chosen != NULL ? strlen(chosen) : 0 };
    BnsSlice element;

    while (bns_http1_next_element(&rest, &element))
        if (element.len > 0 && !is_offered(offer->extensions, name_of(element)))
            return "the answer chooses a WebSocket extension that was not offered";
    return NULL;
}

const char *
bns_websocket_check_choice(const BnsHttpHead *head, const BnsWebsocketOffer *offer)
{
    const char *error = check_protocol(head, offer);

    return error != NULL ? error : check_extensions(head, offer);
}

const char *
bns_websocket_check_response(const BnsHttpHead *head, const BnsWebsocketOffer *offer)
{
    const BnsHttpField *field = bns_http1_field(head, "sec-websocket-accept");

    if (head->status != 101)
        return "the answer to the WebSocket upgrade is not 101";
    if (!head->has_upgrade || !field_is(head, "upgrade", "websocket"))
        return "the answer does not upgrade to WebSocket";
    if (field == NULL || !bns_slice_equal(field->value, offer->accept))
        return "the answer has the wrong Sec-WebSocket-Accept";
    return bns_websocket_check_choice(head, offer);
}
