/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trust: one sentence on why an origin is not believed.
 *
 * A person who reads the 502 or the audit should know what is wrong, and on which side.
 * The certificate at fault is known only while the chain is being verified: the sentence
 * is made there and kept on the SSL.
 */
#include "netstack/gateway/trust_private.h"

#include "base/text.h"
#include "netstack/gateway/stream.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

/* So many of a certificate's names are shown; some have hundreds. */
#define NAMES_SHOWN 3
/* A name in a certificate may have any length. */
#define NAME_SHOWN_BYTES 80

/* --- the sentence on the SSL --- */

static void
on_free_text(void *parent,
             void *pointer,
             CRYPTO_EX_DATA *data,
             int index,
             long number,
             void *user)
{
    g_free(pointer);
}

static int
text_index(void)
{
    static int index = -1;

    if (index < 0)
        index = SSL_get_ex_new_index(0, NULL, NULL, NULL, on_free_text);
    return index;
}

/* Takes @text. The first reason stays. */
static void
note(SSL *ssl, char *text)
{
    if (SSL_get_ex_data(ssl, text_index()) != NULL ||
        SSL_set_ex_data(ssl, text_index(), text) != 1)
        g_free(text);
}

/* --- parts of sentences --- */

static char *
shown(const ASN1_STRING *string)
{
    int len = MIN(ASN1_STRING_length(string), NAME_SHOWN_BYTES);

    return bns_text_escape((const char *)ASN1_STRING_get0_data(string), len);
}

/* The CN of @name in quotes, or what else is at its end. */
static char *
name_text(const X509_NAME *name)
{
    int index = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    g_autofree char *text = NULL;

    if (index < 0)
        index = X509_NAME_entry_count(name) - 1;
    if (index < 0)
        return g_strdup("without a name");
    text = shown(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index)));
    return g_strdup_printf("\"%s\"", text);
}

static char *
alternative_name_text(const GENERAL_NAME *name)
{
    char address[INET6_ADDRSTRLEN] = "";
    const ASN1_OCTET_STRING *ip;

    if (name->type == GEN_DNS)
        return shown(name->d.dNSName);
    if (name->type != GEN_IPADD)
        return NULL;
    ip = name->d.iPAddress;
    if (ASN1_STRING_length(ip) == 4)
        inet_ntop(AF_INET, ASN1_STRING_get0_data(ip), address, sizeof(address));
    else if (ASN1_STRING_length(ip) == 16)
        inet_ntop(AF_INET6, ASN1_STRING_get0_data(ip), address, sizeof(address));
    return g_strdup(address);
}

/* "is for other names (a.example, b.example, 5 more)" */
static char *
wrong_name_text(X509 *certificate)
{
    GENERAL_NAMES *names =
        X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    g_autoptr(GString) text = g_string_new(NULL);
    guint n = 0;

    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        g_autofree char *name = alternative_name_text(sk_GENERAL_NAME_value(names, i));

        if (name != NULL && n++ < NAMES_SHOWN)
            g_string_append_printf(text, "%s%s", n > 1 ? ", " : "", name);
    }
    GENERAL_NAMES_free(names);
    if (n == 0)
        return g_strdup("names no host (it has no subject alternative name)");
    if (n > NAMES_SHOWN)
        g_string_append_printf(text, ", %u more", n - NAMES_SHOWN);
    return g_strdup_printf("is for other names (%s)", text->str);
}

/* "3 days", "1 hour": the time from @from to @to, or to now where that is %NULL. */
static char *
distance_text(const ASN1_TIME *from, const ASN1_TIME *to)
{
    int days = 0;
    int seconds = 0;
    int hours;

    if (ASN1_TIME_diff(&days, &seconds, from, to) != 1)
        return g_strdup("an unknown time");
    if (days > 0)
        return g_strdup_printf("%d day%s", days, days == 1 ? "" : "s");
    hours = seconds / 3600;
    if (hours > 0)
        return g_strdup_printf("%d hour%s", hours, hours == 1 ? "" : "s");
    return g_strdup("less than an hour");
}

static char *
validity_text(int error, X509 *certificate)
{
    g_autofree char *distance = NULL;

    if (error == X509_V_ERR_CERT_HAS_EXPIRED) {
        distance = distance_text(X509_get0_notAfter(certificate), NULL);
        return g_strdup_printf("expired %s ago", distance);
    }
    distance = distance_text(NULL, X509_get0_notBefore(certificate));
    return g_strdup_printf("is not valid for another %s", distance);
}

/* --- verification --- */

static char *
issuer_text(SSL *ssl, int error, X509 *certificate)
{
    g_autofree char *issuer = name_text(X509_get_issuer_name(certificate));

    if (!bns_trust_has_roots(ssl))
        return g_strdup("cannot be verified: this machine has no CA bundle");
    if (error == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN)
        return g_strdup_printf("leads to the untrusted root %s", issuer);
    return g_strdup_printf(
        "has the unknown issuer %s (an untrusted root, or the server "
        "does not send its intermediate certificate)",
        issuer);
}

/* What follows "upstream certificate ". */
static char *
error_text(SSL *ssl, int error, X509 *certificate)
{
    switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return validity_text(error, certificate);
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        return g_strdup("is self-signed");
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return issuer_text(ssl, error, certificate);
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return wrong_name_text(certificate);
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
        return g_strdup("has a key that is too weak");
    case X509_V_ERR_CA_MD_TOO_WEAK:
        return g_strdup("has a signature algorithm that is too weak");
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        return g_strdup("has a wrong signature");
    case X509_V_ERR_INVALID_PURPOSE:
        return g_strdup("is not meant for servers (key usage)");
    case X509_V_ERR_INVALID_CA:
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
        return g_strdup("was issued by a certificate that may not issue any");
    case X509_V_ERR_PATH_LENGTH_EXCEEDED:
        return g_strdup("has more issuers than one of them permits");
    case X509_V_ERR_CERT_REJECTED:
        return g_strdup("leads to a root that this machine distrusts for servers");
    case X509_V_ERR_PERMITTED_VIOLATION:
    case X509_V_ERR_EXCLUDED_VIOLATION:
        return g_strdup("violates the name constraints of its issuer");
    default:
        return g_strdup_printf("is not acceptable (%s)",
                               X509_verify_cert_error_string(error));
    }
}

/* Whose fault @error is: some are found at an issuer, but are the chain's. */
static const char *
subject_text(int error, int depth)
{
    switch (error) {
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_INVALID_CA:
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
    case X509_V_ERR_PATH_LENGTH_EXCEEDED:
    case X509_V_ERR_CERT_REJECTED:
        return "upstream certificate";
    default:
        return depth == 0 ? "upstream certificate"
                          : "the issuer of the upstream certificate";
    }
}

/* What OpenSSL accepts and we do not. Returns: what follows "upstream certificate ". */
static const char *
our_objection(SSL *ssl, X509_STORE_CTX *context, X509 *certificate)
{
    if (bns_trust_is_excluded(ssl, certificate))
        return "was issued by this session's own CA";
    /* A server's certificate that may issue others is for the root's owner to explain;
     * one that is trusted itself is what `openssl req -x509` makes for a test server. */
    if (X509_STORE_CTX_get_error_depth(context) == 0 &&
        sk_X509_num(X509_STORE_CTX_get0_chain(context)) > 1 &&
        X509_check_ca(certificate) == 1)
        return "is a CA's, not a server's";
    return NULL;
}

int
bns_trust_on_verify(int is_ok, X509_STORE_CTX *context)
{
    SSL *ssl =
        X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx());
    X509 *certificate = X509_STORE_CTX_get_current_cert(context);
    int error = X509_STORE_CTX_get_error(context);
    g_autofree char *text = NULL;
    const char *objection;

    if (certificate == NULL)
        return 0;
    if (!is_ok) {
        text = error_text(ssl, error, certificate);
        note(ssl,
             g_strdup_printf(
                 "%s %s", subject_text(error, X509_STORE_CTX_get_error_depth(context)),
                 text));
        return 0;
    }
    objection = our_objection(ssl, context, certificate);
    if (objection == NULL)
        return 1;
    note(ssl, g_strdup_printf("upstream certificate %s", objection));
    X509_STORE_CTX_set_error(context, X509_V_ERR_CERT_REJECTED);
    return 0;
}

/* --- the handshake --- */

#define ASKS_FOR_CERTIFICATE                                                           \
    "upstream asks for a client certificate (client_cert: of a rule)"

static const struct {
    int reason;
    const char *text;
} tls_texts[] = {
    { SSL_R_UNEXPECTED_EOF_WHILE_READING,
      "upstream closed the connection during the TLS handshake" },
    { SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL,
      "upstream speaks no version of HTTP that the client offers (ALPN)" },
    { SSL_R_UNSUPPORTED_PROTOCOL, "upstream speaks no TLS version above 1.1" },
    { SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, "upstream speaks no TLS version above 1.1" },
    { SSL_R_WRONG_VERSION_NUMBER, "upstream does not speak TLS on this port" },
    { SSL_R_HTTP_REQUEST, "upstream does not speak TLS on this port" },
    { SSL_R_PACKET_LENGTH_TOO_LONG, "upstream does not speak TLS on this port" },
    { SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE,
      "upstream refused the TLS handshake (handshake_failure: no common cipher, or it "
      "asks for a client certificate: client_cert: of a rule)" },
    { SSL_R_TLSV1_UNRECOGNIZED_NAME,
      "upstream refused the TLS handshake: it does not know this name" },
    { SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, ASKS_FOR_CERTIFICATE },
    { SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, ASKS_FOR_CERTIFICATE },
    { SSL_R_DH_KEY_TOO_SMALL, "upstream's key exchange is too weak" },
    { SSL_R_EE_KEY_TOO_SMALL, "upstream certificate has a key that is too weak" },
    { SSL_R_BAD_ECC_CERT, "upstream certificate's key usage does not permit signing" },
    { SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED,
      "upstream's TLS is too old (no secure renegotiation, RFC 5746)" },
};

static char *
handshake_text(unsigned long code)
{
    const char *reason;

    if (code == 0)
        return g_strdup("upstream did not finish the TLS handshake");
    if (ERR_SYSTEM_ERROR(code))
        return g_strdup_printf(
            "connection to upstream broke during the TLS handshake: %s",
            g_strerror(ERR_GET_REASON(code)));
    if (ERR_GET_LIB(code) == ERR_LIB_SSL)
        for (gsize i = 0; i < G_N_ELEMENTS(tls_texts); i++)
            if (tls_texts[i].reason == ERR_GET_REASON(code))
                return g_strdup(tls_texts[i].text);
    reason = ERR_reason_error_string(code);
    return g_strdup_printf("TLS handshake with upstream failed: %s",
                           reason != NULL ? reason : "unknown reason");
}

/* RFC 8446, 4.4.2.4: the client has finished by then. */
const char *
bns_trust_alert(const SSL *ssl)
{
    unsigned long code = bns_stream_tls_failure(ssl);

    if (ERR_SYSTEM_ERROR(code) || ERR_GET_LIB(code) != ERR_LIB_SSL)
        return NULL;
    switch (ERR_GET_REASON(code)) {
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
        return ASKS_FOR_CERTIFICATE;
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
        return "upstream does not accept the client certificate";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
        return "upstream says that the client certificate has expired";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
        return "upstream says that the client certificate is revoked";
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
        return "upstream denies access to the client certificate";
    default:
        return NULL;
    }
}

/* RFC 5280 4.2.1.3: signing is what the key did, unless it decrypted (RSA key exchange).
 * OpenSSL does not look in TLS 1.3. */
static bool
may_sign(SSL *ssl)
{
    X509 *certificate = SSL_get0_peer_certificate(ssl);

    return SSL_CIPHER_get_kx_nid(SSL_get_current_cipher(ssl)) == NID_kx_rsa ||
           (X509_get_key_usage(certificate) & KU_DIGITAL_SIGNATURE) != 0;
}

/* OpenSSL does not compare the origin's choice with what it was offered. Returns: %NULL,
 * or what is wrong with it. */
static const char *
check_protocol(const SSL *ssl)
{
    const unsigned char *chosen;
    unsigned len;

    if (bns_trust_protocol(ssl) & bns_trust_offers(ssl))
        return NULL;
    SSL_get0_alpn_selected(ssl, &chosen, &len);
    return len == 0 ? "upstream does not speak HTTP/2, and the client nothing else"
                    : "upstream chose a protocol that was not offered (ALPN)";
}

char *
bns_trust_failure(SSL *ssl)
{
    const char *noted = SSL_get_ex_data(ssl, text_index());

    if (noted != NULL)
        return g_strdup(noted);
    if (!SSL_is_init_finished(ssl))
        return handshake_text(bns_stream_tls_failure(ssl));
    if (SSL_get_verify_result(ssl) != X509_V_OK ||
        SSL_get0_peer_certificate(ssl) == NULL)
        return g_strdup("upstream certificate was not verified");
    if (!may_sign(ssl))
        return g_strdup("upstream certificate's key usage does not permit signing");
    return g_strdup(check_protocol(ssl));
}
