/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/trust_private.h"

#include "base/fd.h"
#include "netstack/gateway/ca.h"
#include "netstack/gateway/tickets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The largest bundles (with comments) have about 1 MiB. */
#define BUNDLE_BYTES_MAX (16 * 1024 * 1024)
/* A directory of roots holds about 150 twice, under a name and under a hash. */
#define DIRECTORY_FILES_MAX 4096

/* Where distributions keep the bundle; the same list as Go's crypto/x509, and NixOS. */
static const char *const bundle_paths[] = {
    "/etc/ssl/certs/ca-certificates.crt", /* Debian, Arch, Alpine, Gentoo */
    "/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora, RHEL 6 */
    "/etc/ssl/ca-bundle.pem",             /* SUSE */
    "/etc/pki/tls/cacert.pem",            /* OpenELEC */
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* RHEL 7 */
    "/etc/ssl/cert.pem",                                 /* Alpine */
    "/etc/ssl/certs/ca-bundle.crt",                      /* NixOS */
};
static const char *const directory_paths[] = { "/etc/ssl/certs", "/etc/pki/tls/certs" };

struct BnsTrust {
    X509_STORE *roots;   /* owned */
    SSL_CTX *context;    /* owned; NULL until it is opened; its app data is this */
    BnsTickets *tickets; /* owned; of @context */
    GString *pem;        /* owned; the system's roots, NULL once they are parsed */
    EVP_PKEY *excluded;  /* owned, nullable */
    bool has_roots;
};

/* --- reading files --- */

/* A regular file only: no FIFO can hold us up, no device feed us for ever. */
static bool
read_file(const char *path, GString *pem, GError **error)
{
    bns_autofd fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat status;
    gsize start = pem->len;
    ssize_t n = 0;

    if (fd < 0 || fstat(fd, &status) < 0) {
        g_set_error(error, BNS_GATEWAY_ERROR, BNS_GATEWAY_ERROR_TRUST,
                    "Could not open CA file \"%s\": %s", path, g_strerror(errno));
        return false;
    }
    if (!S_ISREG(status.st_mode) ||
        status.st_size > (off_t)(BUNDLE_BYTES_MAX - MIN(pem->len, BUNDLE_BYTES_MAX))) {
        g_set_error(error, BNS_GATEWAY_ERROR, BNS_GATEWAY_ERROR_TRUST,
                    "CA file \"%s\" is %s", path,
                    S_ISREG(status.st_mode) ? "too large" : "no regular file");
        return false;
    }
    g_string_set_size(pem, start + (gsize)status.st_size);
    for (gsize at = start; at < pem->len; at += (gsize)n) {
        n = read(fd, pem->str + at, pem->len - at);
        if (n <= 0) {
            g_string_set_size(pem, start);
            g_set_error(error, BNS_GATEWAY_ERROR, BNS_GATEWAY_ERROR_TRUST,
                        "Could not read CA file \"%s\": %s", path,
                        n < 0 ? g_strerror(errno) : "it became shorter");
            return false;
        }
    }
    /* The next file's first line must not continue this one's last. */
    g_string_append_c(pem, '\n');
    return true;
}

/* Whatever can be read of @path: not every file there has to be a certificate. */
static bool
read_directory(const char *path, GString *pem)
{
    GDir *directory = g_dir_open(path, 0, NULL);
    gsize start = pem->len;
    const char *name;

    if (directory == NULL)
        return false;
    for (int i = 0;
         i < DIRECTORY_FILES_MAX && (name = g_dir_read_name(directory)) != NULL; i++) {
        g_autofree char *file = g_build_filename(path, name, NULL);

        read_file(file, pem, NULL);
    }
    g_dir_close(directory);
    return pem->len > start;
}

/* What the host's own OpenSSL programs are told to believe: then nothing else is. */
static bool
read_environment(GString *pem, bool *out_found, GError **error)
{
    const char *file = g_getenv("SSL_CERT_FILE");
    const char *directories = g_getenv("SSL_CERT_DIR");

    if (file == NULL || *file == '\0')
        file = g_getenv("NIX_SSL_CERT_FILE");
    *out_found = false;
    if (file != NULL && *file != '\0') {
        *out_found = true;
        if (!read_file(file, pem, error))
            return false;
    }
    if (directories != NULL && *directories != '\0') {
        g_auto(GStrv) paths = g_strsplit(directories, ":", -1);

        *out_found = true;
        for (guint i = 0; paths[i] != NULL; i++)
            read_directory(paths[i], pem);
    }
    return true;
}

static bool
read_system(GString *pem, GError **error)
{
    bool found;

    if (!read_environment(pem, &found, error))
        return false;
    for (gsize i = 0; !found && i < G_N_ELEMENTS(bundle_paths); i++)
        found = read_file(bundle_paths[i], pem, NULL);
    for (gsize i = 0; !found && i < G_N_ELEMENTS(directory_paths); i++)
        found = read_directory(directory_paths[i], pem);
    return true;
}

/* --- parsing --- */

static bool
at_end_of_pem(void)
{
    unsigned long code = ERR_peek_last_error();

    return ERR_GET_LIB(code) == ERR_LIB_PEM &&
           ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
}

/**
 * Adds every certificate of @pem, "TRUSTED CERTIFICATE" with its restrictions included.
 *
 * @out_bad: how many blocks are broken
 * @out_intermediates: how many are no self-issued roots
 *
 * Returns: how many were added.
 */
static guint
add_certificates(BnsTrust *trust,
                 const GString *pem,
                 guint *out_bad,
                 guint *out_intermediates)
{
    BIO *bio = BIO_new_mem_buf(pem->str, (int)pem->len);
    guint n = 0;

    *out_bad = 0;
    *out_intermediates = 0;
    for (;;) {
        X509 *certificate;

        ERR_clear_error();
        certificate = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL);
        if (certificate == NULL && at_end_of_pem())
            break;
        if (certificate == NULL ||
            X509_STORE_add_cert(trust->roots, certificate) != 1) {
            (*out_bad)++;
        } else {
            n++;
            *out_intermediates += !(X509_get_extension_flags(certificate) & EXFLAG_SI);
        }
        X509_free(certificate);
    }
    ERR_clear_error();
    BIO_free(bio);
    trust->has_roots = trust->has_roots || n > 0;
    return n;
}

static bool
add_upstream_ca(BnsTrust *trust, const char *path, GError **error)
{
    g_autoptr(GString) pem = g_string_new(NULL);
    guint bad;
    guint intermediates;
    guint n;

    if (!read_file(path, pem, error))
        return false;
    n = add_certificates(trust, pem, &bad, &intermediates);
    if (n == 0 || bad > 0) {
        g_set_error(error, BNS_GATEWAY_ERROR, BNS_GATEWAY_ERROR_TRUST,
                    n == 0 ? "CA file \"%s\" holds no certificate in PEM form"
                           : "CA file \"%s\" holds a broken certificate",
                    path);
        return false;
    }
    /* Who names an intermediate, or a server's own certificate, means to trust it. The
     * system's bundle has roots only, so the flag changes nothing for it. */
    if (intermediates > 0)
        X509_STORE_set_flags(trust->roots, X509_V_FLAG_PARTIAL_CHAIN);
    return true;
}

/* --- the context --- */

/* Which suites of TLS 1.3 there are is the system's choice (openssl.cnf). Of the strong ones
 * the cheapest comes first, as browsers have it: OpenSSL begins with AES-256, and most
 * servers take what comes first. */
static bool
order_suites(SSL_CTX *context)
{
    static const char first[] = "TLS_AES_128_GCM_SHA256";
    STACK_OF(SSL_CIPHER) *suites = SSL_CTX_get_ciphers(context);
    g_autoptr(GString) list = g_string_new(NULL);

    for (int i = 0; i < sk_SSL_CIPHER_num(suites); i++) {
        const SSL_CIPHER *suite = sk_SSL_CIPHER_value(suites, i);
        const char *name = SSL_CIPHER_get_name(suite);

        if (strcmp(SSL_CIPHER_get_version(suite), "TLSv1.3") != 0)
            continue;
        if (strcmp(name, first) == 0) {
            g_string_prepend_c(list, ':');
            g_string_prepend(list, name);
        } else {
            g_string_append(list, name);
            g_string_append_c(list, ':');
        }
    }
    if (list->len == 0)
        return true;
    g_string_truncate(list, list->len - 1);
    return SSL_CTX_set_ciphersuites(context, list->str) == 1;
}

static bool
configure(BnsTrust *trust)
{
    SSL_CTX *context = trust->context;

    SSL_CTX_set1_cert_store(context, trust->roots);
    SSL_CTX_set_app_data(context, trust);
    SSL_CTX_set_security_level(context, 2);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, bns_trust_on_verify);
    return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
           order_suites(context);
}

BnsTrust *
bns_trust_read(const char *const *upstream_ca, GError **error)
{
    g_autoptr(BnsTrust) trust = g_new0(BnsTrust, 1);

    trust->pem = g_string_new(NULL);
    trust->roots = X509_STORE_new();
    if (trust->roots == NULL) {
        g_set_error_literal(error, BNS_GATEWAY_ERROR, BNS_GATEWAY_ERROR_CRYPTO,
                            "Could not make a store of CA certificates");
        return NULL;
    }
    if (!read_system(trust->pem, error))
        return NULL;
    for (gsize i = 0; upstream_ca != NULL && upstream_ca[i] != NULL; i++)
        if (!add_upstream_ca(trust, upstream_ca[i], error))
            return NULL;
    return g_steal_pointer(&trust);
}

bool
bns_trust_open(BnsTrust *trust, GError **error)
{
    trust->context = SSL_CTX_new(TLS_client_method());
    if (trust->context == NULL || !configure(trust)) {
        g_set_error_literal(error, BNS_GATEWAY_ERROR, BNS_GATEWAY_ERROR_CRYPTO,
                            "Could not set up TLS for upstream connections");
        return false;
    }
    trust->tickets = bns_tickets_new(trust->context);
    return true;
}

void
bns_trust_free(BnsTrust *trust)
{
    if (trust == NULL)
        return;
    if (trust->pem != NULL)
        g_string_free(trust->pem, TRUE);
    SSL_CTX_free(trust->context);
    X509_STORE_free(trust->roots);
    bns_tickets_free(trust->tickets);
    EVP_PKEY_free(trust->excluded);
    g_free(trust);
}

void
bns_trust_exclude(BnsTrust *trust, X509 *certificate)
{
    EVP_PKEY_free(trust->excluded);
    trust->excluded = X509_get_pubkey(certificate);
}

static const BnsTrust *
trust_of(SSL *ssl)
{
    return SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
}

bool
bns_trust_is_excluded(SSL *ssl, X509 *certificate)
{
    const BnsTrust *trust = trust_of(ssl);
    EVP_PKEY *key = X509_get0_pubkey(certificate);

    return trust->excluded != NULL && key != NULL &&
           EVP_PKEY_eq(trust->excluded, key) == 1;
}

bool
bns_trust_has_roots(SSL *ssl)
{
    return trust_of(ssl)->has_roots;
}

void
bns_trust_prepare(BnsTrust *trust)
{
    guint bad;
    guint intermediates;

    if (trust->pem == NULL)
        return;
    /* A broken block in the system's bundle costs that one root, nothing more. */
    add_certificates(trust, trust->pem, &bad, &intermediates);
    if (bad > 0)
        g_debug("%u certificates of the system's CA bundle are broken", bad);
    g_string_free(g_steal_pointer(&trust->pem), TRUE);
}

/* Whom the certificate must be for. Without a name OpenSSL would verify the chain alone,
 * and a leading dot would mean any name below. */
static bool
set_host(SSL *ssl, const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];

    if (inet_pton(AF_INET, host, address) == 1 ||
        inet_pton(AF_INET6, host, address) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
    if (host[0] == '\0' || host[0] == '.')
        return false;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                               X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    /* SSL_set_tlsext_host_name() without its cast, which drops const. */
    return SSL_set1_host(ssl, host) == 1 &&
           SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                    (void *)(uintptr_t)host) == 1;
}

/* --- protocols --- */

static int
offers_index(void)
{
    static int index = -1;

    if (index < 0)
        index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    return index;
}

BnsProtocols
bns_trust_offers(const SSL *ssl)
{
    return (BnsProtocols)(uintptr_t)SSL_get_ex_data(ssl, offers_index());
}

BnsProtocols
bns_trust_protocol(const SSL *ssl)
{
    const unsigned char *name;
    unsigned len;

    SSL_get0_alpn_selected(ssl, &name, &len);
    return len == 0 ? BNS_PROTOCOL_HTTP1 : bns_protocol_find(name, len);
}

static bool
set_offers(SSL *ssl, BnsProtocols offers)
{
    size_t len;
    const unsigned char *protocols = bns_protocol_wire(offers, &len);

    return SSL_set_ex_data(ssl, offers_index(), (void *)(uintptr_t)offers) == 1 &&
           SSL_set_alpn_protos(ssl, protocols, (unsigned)len) == 0;
}

SSL *
bns_trust_client(BnsTrust *trust, const char *host, BnsProtocols offers)
{
    SSL *ssl;

    bns_trust_prepare(trust);
    ssl = SSL_new(trust->context);
    if (ssl == NULL || !set_host(ssl, host) || !set_offers(ssl, offers))
        g_error("Could not prepare a TLS connection to \"%s\"", host);
    SSL_set_connect_state(ssl);
    return ssl;
}

void
bns_trust_resume(BnsTrust *trust,
                 SSL *ssl,
                 const char *host,
                 uint16_t port,
                 const BnsIdentity *identity)
{
    bns_tickets_use(trust->tickets, ssl, host, port, identity);
}
