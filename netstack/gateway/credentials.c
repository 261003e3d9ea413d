/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/credentials.h"

#include "base/fd.h"
#include "base/text.h"
#include "netstack/gateway/ca.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A chain of ten certificates with their texts has about 60 KiB. */
#define FILE_BYTES_MAX (1024 * 1024)

typedef struct {
    const BnsIdentity *identity; /* borrowed from the policy; only compared */
    X509 *certificate;           /* owned */
    STACK_OF(X509) * chain;      /* owned; its issuers, without it */
    EVP_PKEY *key;               /* owned */
} Credential;

struct BnsCredentials {
    GPtrArray *list; /* owned, of owned Credential */
};

static void
credential_free(void *data)
{
    Credential *credential = data;

    X509_free(credential->certificate);
    sk_X509_pop_free(credential->chain, X509_free);
    EVP_PKEY_free(credential->key);
    g_free(credential);
}

/* --- files --- */

/* A file that is named in a policy. */
typedef struct {
    const char *place; /* where */
    const char *key;   /* "client_cert", "client_key" */
    const char *path;
} Named;

static bool
fail(const Named *named, const char *why, GError **error)
{
    g_autofree char *shown = bns_text_escape(named->path, -1);

    g_set_error(error, BNS_GATEWAY_ERROR, BNS_GATEWAY_ERROR_CREDENTIAL,
                "%s: %s: file \"%s\" %s", named->place, named->key, shown, why);
    return false;
}

static bool
fail_errno(const Named *named, GError **error)
{
    g_autofree char *why = g_strdup_printf("could not be read: %s", g_strerror(errno));

    return fail(named, why, error);
}

/* Opens without waiting for the other end of a FIFO or for a terminal's carrier. */
static int
open_regular(const Named *named, GError **error)
{
    bns_autofd fd = open(named->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat status;

    if (fd < 0 || fstat(fd, &status) < 0) {
        fail_errno(named, error);
        return -1;
    }
    if (!S_ISREG(status.st_mode)) {
        fail(named, "is no regular file", error);
        return -1;
    }
    return g_steal_fd(&fd);
}

static void
wipe(char *bytes, size_t len)
{
    OPENSSL_cleanse(bytes, len);
    g_free(bytes);
}

/* Reads into memory that is never moved, so that wipe() leaves no copy. Returns: (transfer
 * full): for wipe(), or %NULL with @error. */
static char *
read_file(const Named *named, size_t *out_len, GError **error)
{
    bns_autofd fd = open_regular(named, error);
    char *bytes;
    size_t len = 0;
    ssize_t n;

    if (fd < 0)
        return NULL;
    bytes = g_malloc(FILE_BYTES_MAX + 1);
    while (len <= FILE_BYTES_MAX &&
           (n = TEMP_FAILURE_RETRY(read(fd, bytes + len, FILE_BYTES_MAX + 1 - len))) >
               0)
        len += (size_t)n;
    *out_len = len;
    if (len <= FILE_BYTES_MAX && n == 0)
        return bytes;
    if (len > FILE_BYTES_MAX)
        fail(named, "is larger than 1 MiB", error);
    else
        fail_errno(named, error);
    wipe(bytes, len);
    return NULL;
}

/* --- PEM --- */

/* Reads all certificates: the first is the client's own. */
static bool
parse_certificates(Credential *credential, BIO *bio)
{
    X509 *issuer;

    credential->certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    credential->chain = sk_X509_new_null();
    while (credential->certificate != NULL &&
           (issuer = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
        sk_X509_push(credential->chain, issuer);
    return credential->certificate != NULL &&
           ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
}

static bool
read_certificates(Credential *credential, GError **error)
{
    const Named named = { credential->identity->cert_place, "client_cert",
                          credential->identity->cert_file };
    size_t len;
    char *bytes = read_file(&named, &len, error);
    bool is_fine;
    BIO *bio;

    if (bytes == NULL)
        return false;
    ERR_clear_error();
    bio = BIO_new_mem_buf(bytes, (int)len);
    is_fine = parse_certificates(credential, bio);
    BIO_free(bio);
    /* The key may be in it. */
    wipe(bytes, len);
    if (is_fine)
        return true;
    return fail(&named,
                credential->certificate == NULL ? "holds no certificate in PEM form"
                                                : "holds a broken certificate",
                error);
}

/* Nobody can be asked: an agent's terminal is not ours, and a start is not to wait. */
static int
on_passphrase(char *buffer, int size, int is_writing, void *data)
{
    bool *was_asked = data;

    *was_asked = true;
    return -1;
}

static bool
read_key(Credential *credential, GError **error)
{
    const Named named = { credential->identity->key_place,
                          strcmp(credential->identity->key_file,
                                 credential->identity->cert_file) == 0
                              ? "client_cert"
                              : "client_key",
                          credential->identity->key_file };
    bool was_asked = false;
    size_t len;
    char *bytes = read_file(&named, &len, error);
    BIO *bio;

    if (bytes == NULL)
        return false;
    bio = BIO_new_mem_buf(bytes, (int)len);
    credential->key = PEM_read_bio_PrivateKey(bio, NULL, on_passphrase, &was_asked);
    BIO_free(bio);
    wipe(bytes, len);
    if (was_asked)
        return fail(&named,
                    "holds a key with a passphrase, which nobody can be asked for: "
                    "\"openssl pkey\" writes one without",
                    error);
    if (credential->key == NULL)
        return fail(&named, "holds no private key in PEM form", error);
    if (X509_check_private_key(credential->certificate, credential->key) != 1)
        return fail(&named, "holds another key than the certificate's", error);
    return true;
}

/* What OpenSSL would object to later (security level 2, as trust.c's). */
static bool
check_strength(const Credential *credential, GError **error)
{
    const Named named = { credential->identity->cert_place, "client_cert",
                          credential->identity->cert_file };
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    g_autofree char *why = NULL;

    SSL_CTX_set_security_level(context, 2);
    if (SSL_CTX_use_cert_and_key(context, credential->certificate, credential->key,
                                 credential->chain, 1) != 1)
        why = g_strdup_printf("cannot be used: %s",
                              ERR_reason_error_string(ERR_peek_last_error()));
    SSL_CTX_free(context);
    return why == NULL || fail(&named, why, error);
}

/* --- the whole --- */

BnsCredentials *
bns_credentials_read(const BnsPolicy *policy, GError **error)
{
    g_autoptr(BnsCredentials) credentials = g_new0(BnsCredentials, 1);
    const GPtrArray *identities = bns_policy_identities(policy);

    credentials->list = g_ptr_array_new_with_free_func(credential_free);
    for (guint i = 0; i < identities->len; i++) {
        Credential *credential = g_new0(Credential, 1);
        bool is_fine;

        credential->identity = g_ptr_array_index(identities, i);
        g_ptr_array_add(credentials->list, credential);
        is_fine = read_certificates(credential, error) && read_key(credential, error) &&
                  check_strength(credential, error);
        ERR_clear_error();
        if (!is_fine)
            return NULL;
    }
    return g_steal_pointer(&credentials);
}

void
bns_credentials_free(BnsCredentials *credentials)
{
    if (credentials == NULL)
        return;
    g_ptr_array_unref(credentials->list);
    g_free(credentials);
}

const BnsIdentity *
bns_credentials_find(const BnsCredentials *credentials, const BnsIdentity *identity)
{
    for (guint i = 0; identity != NULL && i < credentials->list->len; i++) {
        const Credential *credential = g_ptr_array_index(credentials->list, i);

        if (bns_identity_equal(credential->identity, identity))
            return credential->identity;
    }
    return NULL;
}

void
bns_credentials_use(const BnsCredentials *credentials,
                    const BnsIdentity *identity,
                    SSL *ssl)
{
    for (guint i = 0; identity != NULL && i < credentials->list->len; i++) {
        const Credential *credential = g_ptr_array_index(credentials->list, i);

        if (bns_identity_equal(credential->identity, identity) &&
            SSL_use_cert_and_key(ssl, credential->certificate, credential->key,
                                 credential->chain, 1) != 1)
            g_error("Could not use a client certificate that was checked");
    }
}
