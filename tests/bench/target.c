/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/target.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <string.h>

#define PORT_DEFAULT 443

static const char *trusted;

void
target_trust(const char *ca_file)
{
    trusted = ca_file;
}

/* More than there are connections at once. */
#define SESSIONS_MAX 128

static int
on_session(SSL *ssl, SSL_SESSION *session)
{
    Target *target = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

    g_queue_push_tail(&target->sessions, session);
    if (target->sessions.length > SESSIONS_MAX)
        SSL_SESSION_free(g_queue_pop_head(&target->sessions));
    return 1;
}

/* The trust store takes 10 ms to read and belongs to no measurement: it is read once,
 * before the first of them. */
static X509_STORE *
trust_store(void)
{
    static X509_STORE *store;

    if (store != NULL)
        return store;
    store = X509_STORE_new();
    if ((trusted != NULL ? X509_STORE_load_file(store, trusted)
                         : X509_STORE_set_default_paths(store)) != 1)
        g_printerr("bench-load: no certificates from %s\n",
                   trusted != NULL ? trusted : "the system");
    return store;
}

static void
trust(SSL_CTX *tls, const char *ca_file)
{
    if (ca_file == NULL)
        SSL_CTX_set1_cert_store(tls, trust_store());
    else if (SSL_CTX_load_verify_file(tls, ca_file) != 1)
        g_printerr("bench-load: no certificates in %s\n", ca_file);
}

static SSL_CTX *
make_tls(Target *target, const char *ca_file)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());

    SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
    trust(tls, ca_file);
    SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_options(tls, SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_app_data(tls, target);
    if (target->is_resuming) {
        SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_CLIENT |
                                                SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(tls, on_session);
    }
    if (target->is_http2)
        SSL_CTX_set_alpn_protos(tls, (const unsigned char *)"\2h2", 3);
    else
        SSL_CTX_set_alpn_protos(tls, (const unsigned char *)"\10http/1.1", 9);
    return tls;
}

static bool
look_up(const char *name, const char *port, struct sockaddr_in *out_address)
{
    const struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;

    if (getaddrinfo(name, port, &hints, &found) != 0)
        return false;
    memcpy(out_address, found->ai_addr, sizeof(*out_address));
    freeaddrinfo(found);
    return true;
}

/* "HOST:PORT". */
static bool
look_up_pair(const char *pair, struct sockaddr_in *out_address)
{
    const char *colon = strrchr(pair, ':');
    g_autofree char *name = NULL;

    if (colon == NULL)
        return false;
    name = g_strndup(pair, (gsize)(colon - pair));
    return look_up(name, colon + 1, out_address);
}

/* "[http://][USER:PASSWORD@]HOST:PORT[/]" of the environment. */
static bool
use_proxy_of_environment(Target *target)
{
    const char *url = g_getenv("HTTPS_PROXY") != NULL ? g_getenv("HTTPS_PROXY")
                                                      : g_getenv("https_proxy");
    g_autofree char *pair = NULL;
    char *at;

    if (url == NULL)
        return false;
    if (g_str_has_prefix(url, "http://"))
        url += strlen("http://");
    pair = g_strdup(url);
    pair[strcspn(pair, "/")] = '\0';
    at = strrchr(pair, '@');
    if (at != NULL) {
        g_autofree char *encoded =
            g_base64_encode((const guchar *)pair, (gsize)(at - pair));

        g_free(target->proxy_auth);
        target->proxy_auth =
            g_strdup_printf("Proxy-Authorization: Basic %s\r\n", encoded);
    }
    return look_up_pair(at != NULL ? at + 1 : pair, &target->address);
}

static bool
find_address(Target *target, const Command *command, const char *port)
{
    const char *via = command_text(command, "via", NULL);
    const char *at = command_text(command, "at", NULL);

    if (via == NULL)
        return at != NULL ? look_up_pair(at, &target->address)
                          : look_up(target->name, port, &target->address);
    target->connect = g_strdup_printf("%s:%s", target->name, port);
    return strcmp(via, "env") == 0 ? use_proxy_of_environment(target)
                                   : look_up_pair(via, &target->address);
}

Target *
target_new(const Command *command, char **out_error)
{
    Target *target = g_new0(Target, 1);
    const char *port = command_text(command, "port", G_STRINGIFY(PORT_DEFAULT));
    bool is_tls = command_number(command, "tls", 1) != 0;

    target->name = g_strdup(command_text(command, "name", "localhost"));
    target->proxy_auth = g_strdup("");
    target->is_http2 = command_number(command, "h2", 0) != 0;
    target->is_resuming = command_number(command, "resume", 0) != 0;
    target->authority = strcmp(port, is_tls ? "443" : "80") == 0
                            ? g_strdup(target->name)
                            : g_strdup_printf("%s:%s", target->name, port);
    if (!find_address(target, command, port)) {
        *out_error = g_strdup_printf("no address of %s", target->name);
        target_free(target);
        return NULL;
    }
    if (is_tls)
        target->tls = make_tls(target, command_text(command, "ca", NULL));
    return target;
}

void
target_free(Target *target)
{
    if (target == NULL)
        return;
    g_free(target->name);
    g_free(target->authority);
    g_free(target->connect);
    g_free(target->proxy_auth);
    g_queue_clear_full(&target->sessions, (GDestroyNotify)SSL_SESSION_free);
    SSL_CTX_free(target->tls);
    g_free(target);
}
