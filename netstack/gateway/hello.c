/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hello: how it works.
 *
 * OpenSSL calls on_client_hello() when a ClientHello is complete, and again from the
 * start each time the handshake is continued; a client that was told to try again with
 * another key share (HelloRetryRequest) brings a second ClientHello. What was learned is
 * therefore kept in a State on the SSL, and a later ClientHello that names another host
 * than the first is refused: the decision was made on the first.
 */
#include "netstack/gateway/hello.h"

#include "audit/tls_error.h"
#include "netstack/gateway/client_hello.h"
#include "netstack/gateway/stream.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

/* Ticket lifetime: a run's clients come back within minutes or not at all. */
#define SESSION_TIMEOUT_S (60 * 60)

typedef struct {
    bool seen;
    bool has_name;
    char name[BNS_HOST_MAX + 1];
    BnsProtocols offers;
    BnsProtocols chosen; /* by the owner */
    bool answered;
    int alert;           /* that tells the client of the refusal */
    const char *refusal; /* static; why we refused, NULL if we did not */
} State;

struct BnsHello {
    SSL_CTX *context; /* owned; its app data is the borrowed BnsCa */
};

/* --- what is kept on an SSL --- */

static void
on_free_state(void *parent,
              void *pointer,
              CRYPTO_EX_DATA *data,
              int index,
              long number,
              void *user)
{
    g_free(pointer);
}

static int
state_index(void)
{
    static int index = -1;

    if (index < 0)
        index = SSL_get_ex_new_index(0, NULL, NULL, NULL, on_free_state);
    return index;
}

static State *
state_of(const SSL *ssl)
{
    return SSL_get_ex_data(ssl, state_index());
}

/* --- the ClientHello --- */

/* A view of bytes not yet read. */
typedef struct {
    const unsigned char *at;
    size_t left;
} Reader;

/* Cuts a vector with a length field of @width bytes off @reader. */
static bool
read_vector(Reader *reader, size_t width, Reader *out_vector)
{
    size_t len = 0;

    if (reader->left < width)
        return false;
    for (size_t i = 0; i < width; i++)
        len = len << 8 | reader->at[i];
    if (reader->left - width < len)
        return false;
    *out_vector = (Reader){ reader->at + width, len };
    reader->at += width + len;
    reader->left -= width + len;
    return true;
}

static bool
refuse(State *state, int alert, const char *why)
{
    state->refusal = why;
    state->alert = alert;
    return false;
}

static bool
read_name(SSL *ssl, State *state)
{
    BnsClientHelloFault fault;
    const unsigned char *bytes;
    BnsHost host;
    size_t len;

    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &bytes, &len) != 1)
        return true;
    fault = bns_client_hello_read_name(bytes, len, &host);
    if (fault.reason != NULL)
        return refuse(state, fault.alert, fault.reason);
    state->has_name = true;
    g_strlcpy(state->name, host.text, sizeof(state->name));
    return true;
}

static bool
read_protocols(SSL *ssl, State *state)
{
    Reader extension;
    Reader list;
    Reader name;

    if (SSL_client_hello_get0_ext(ssl,
                                  TLSEXT_TYPE_application_layer_protocol_negotiation,
                                  &extension.at, &extension.left) != 1) {
        state->offers = BNS_PROTOCOL_HTTP1;
        return true;
    }
    if (!read_vector(&extension, 2, &list) || extension.left != 0 || list.left == 0)
        return refuse(state, SSL_AD_DECODE_ERROR, "client's ALPN list is malformed");
    while (list.left > 0) {
        if (!read_vector(&list, 1, &name) || name.left == 0)
            return refuse(state, SSL_AD_DECODE_ERROR,
                          "client's ALPN list is malformed");
        state->offers |= bns_protocol_find(name.at, name.left);
    }
    if (state->offers == BNS_PROTOCOL_NONE)
        return refuse(state, SSL_AD_NO_APPLICATION_PROTOCOL,
                      "client offers neither h2 nor http/1.1 (ALPN)");
    return true;
}

/* Reads what decides into @state, with a refusal if the client cannot be served. */
static void
read_client_hello(SSL *ssl, State *state)
{
    const unsigned char *versions;
    size_t len;

    if (!read_name(ssl, state) || !read_protocols(ssl, state))
        return;
    /* OpenSSL would find out too, but only after the owner has dialled for nothing. */
    if (SSL_client_hello_get0_legacy_version(ssl) < TLS1_2_VERSION &&
        SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_supported_versions, &versions,
                                  &len) != 1)
        refuse(state, SSL_AD_PROTOCOL_VERSION,
               "client speaks no TLS version above 1.1");
}

static int
on_client_hello(SSL *ssl, int *out_alert, void *data)
{
    State *state = state_of(ssl);
    State now = { 0 };

    read_client_hello(ssl, &now);
    if (!state->seen) {
        now.seen = true;
        *state = now;
    } else if (state->refusal == NULL && now.refusal != NULL) {
        refuse(state, now.alert, now.refusal);
    } else if (state->refusal == NULL && state->offers != now.offers) {
        refuse(state, SSL_AD_ILLEGAL_PARAMETER,
               "client's second ClientHello offers other protocols (ALPN)");
    } else if (state->refusal == NULL && strcmp(state->name, now.name) != 0) {
        refuse(state, SSL_AD_ILLEGAL_PARAMETER,
               "client's second ClientHello names another host");
    }
    if (state->refusal != NULL) {
        *out_alert = state->alert;
        return SSL_CLIENT_HELLO_ERROR;
    }
    return state->answered ? SSL_CLIENT_HELLO_SUCCESS : SSL_CLIENT_HELLO_RETRY;
}

static int
on_select_protocol(SSL *ssl,
                   const unsigned char **out,
                   unsigned char *out_len,
                   const unsigned char *in,
                   unsigned in_len,
                   void *data)
{
    const State *state = state_of(ssl);
    unsigned char *chosen;
    size_t len;
    const unsigned char *ours = bns_protocol_wire(state->chosen, &len);

    if (SSL_select_next_proto(&chosen, out_len, ours, (unsigned)len, in, in_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/* --- the server --- */

static void
configure(SSL_CTX *context)
{
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_security_level(context, 2);
    /* The cheapest strong one first: this leg does not leave the machine. */
    SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                                      "TLS_CHACHA20_POLY1305_SHA256");
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE |
                                     SSL_OP_PRIORITIZE_CHACHA);
    /* Tickets only: nothing of a session is kept here. */
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_timeout(context, SESSION_TIMEOUT_S);
    SSL_CTX_set_max_early_data(context, 0);
    SSL_CTX_set_client_hello_cb(context, on_client_hello, NULL);
    SSL_CTX_set_alpn_select_cb(context, on_select_protocol, NULL);
}

BnsHello *
bns_hello_new(BnsCa *ca, GError **error)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    BnsHello *hello;

    if (context == NULL) {
        g_set_error_literal(error, BNS_GATEWAY_ERROR, BNS_GATEWAY_ERROR_CRYPTO,
                            "Could not set up TLS for the command");
        return NULL;
    }
    configure(context);
    hello = g_new0(BnsHello, 1);
    hello->context = context;
    SSL_CTX_set_app_data(context, ca);
    return hello;
}

void
bns_hello_free(BnsHello *hello)
{
    if (hello == NULL)
        return;
    SSL_CTX_free(hello->context);
    g_free(hello);
}

SSL *
bns_hello_server(BnsHello *hello)
{
    SSL *ssl = SSL_new(hello->context);

    if (ssl == NULL || SSL_set_ex_data(ssl, state_index(), g_new0(State, 1)) != 1)
        g_error("Could not allocate a TLS connection");
    SSL_set_accept_state(ssl);
    return ssl;
}

const char *
bns_hello_name(const SSL *ssl)
{
    const State *state = state_of(ssl);

    return state->has_name ? state->name : NULL;
}

BnsProtocols
bns_hello_protocols(const SSL *ssl)
{
    return state_of(ssl)->offers;
}

/* A ticket is good only where the session id context is the same: the host's hash. */
static bool
bind_sessions(SSL *ssl, const char *host)
{
    unsigned char digest[SSL_MAX_SID_CTX_LENGTH];
    unsigned len;

    G_STATIC_ASSERT(SSL_MAX_SID_CTX_LENGTH >= 32);
    return EVP_Digest(host, strlen(host), digest, &len, EVP_sha256(), NULL) == 1 &&
           SSL_set_session_id_context(ssl, digest, len) == 1;
}

void
bns_hello_answer(SSL *ssl, const char *host, BnsProtocols protocol)
{
    BnsCa *ca = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    State *state = state_of(ssl);
    X509 *leaf;

    g_return_if_fail(state->seen && !state->answered && state->refusal == NULL);
    leaf = bns_ca_leaf(ca, host, NULL);
    state->answered = true;
    state->chosen = protocol;
    if (leaf == NULL || !bind_sessions(ssl, host) ||
        SSL_use_cert_and_key(ssl, leaf, bns_ca_leaf_key(ca), NULL, 1) != 1)
        refuse(state, SSL_AD_INTERNAL_ERROR, "no certificate could be made");
}

void
bns_hello_refuse(SSL *ssl)
{
    State *state = state_of(ssl);

    g_return_if_fail(state->seen && !state->answered && state->refusal == NULL);
    refuse(state, SSL_AD_ACCESS_DENIED, "refused by policy");
}

/* --- why not --- */

static const char *
reason_text(unsigned long code)
{
    if (ERR_SYSTEM_ERROR(code))
        return "client broke the connection off during the TLS handshake";
    switch (ERR_GET_REASON(code)) {
    case SSL_R_UNEXPECTED_EOF_WHILE_READING:
        return "client closed the connection during the TLS handshake";
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
        return BNS_TLS_ERROR_UNTRUSTED;
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
        return BNS_TLS_ERROR_PINNED;
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
        return "client and gateway share no cipher or signature algorithm";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_VERSION_TOO_LOW:
        return "client speaks no TLS version above 1.1";
    default:
        return NULL;
    }
}

char *
bns_hello_failure(const SSL *ssl)
{
    const State *state = state_of(ssl);
    unsigned long code = bns_stream_tls_failure(ssl);
    const char *reason;

    if (state->refusal != NULL)
        return g_strdup(state->refusal);
    if (code == 0)
        return NULL;
    reason = reason_text(code);
    if (reason != NULL)
        return g_strdup(reason);
    reason = ERR_reason_error_string(code);
    return g_strdup_printf("TLS handshake with the client failed: %s",
                           reason != NULL ? reason : "unknown reason");
}
