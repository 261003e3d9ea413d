/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/e2e/test_proxy.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD_MAX 8192

struct TestProxy {
    SSL_CTX *ssl_ctx;    /* owned; NULL: plain */
    char *authorization; /* owned; the field that is wanted, or NULL */
    GHashTable *routes;  /* owned; "HOST:PORT" -> port */
    int listen_fd;       /* owned */
    uint16_t port;
    GThread *acceptor;
    GMutex lock;        /* over all below */
    GPtrArray *threads; /* owned */
    GPtrArray *asked;   /* owned, of owned strings */
    GHashTable *open;   /* of open descriptors */
};

/* One connection of a client. */
typedef struct {
    TestProxy *proxy;
    int fd;
    SSL *ssl; /* NULL: plain */
} Client;

static ssize_t
client_read(Client *client, void *buffer, size_t size)
{
    if (client->ssl != NULL)
        return SSL_read(client->ssl, buffer, (int)size);
    return recv(client->fd, buffer, size, 0);
}

static bool
client_write(Client *client, const void *bytes, size_t len)
{
    if (len == 0)
        return true;
    if (client->ssl != NULL)
        return SSL_write(client->ssl, bytes, (int)len) == (int)len;
    return send(client->fd, bytes, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static void
client_say(Client *client, const char *text)
{
    client_write(client, text, strlen(text));
}

/* --- the tunnel --- */

static int
connect_to(uint16_t port)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    close(fd);
    return -1;
}

static bool
send_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

        if (n <= 0)
            return false;
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

/* Until both directions have ended, or one broke. */
static void
relay(Client *client, int origin_fd)
{
    struct pollfd fds[] = { { .fd = client->fd, .events = POLLIN },
                            { .fd = origin_fd, .events = POLLIN } };
    char buffer[16384];
    ssize_t n;

    while (fds[0].fd >= 0 || fds[1].fd >= 0) {
        bool is_pending =
            fds[0].fd >= 0 && client->ssl != NULL && SSL_pending(client->ssl) > 0;

        if (!is_pending)
            poll(fds, G_N_ELEMENTS(fds), -1);
        if (is_pending || fds[0].revents != 0) {
            n = client_read(client, buffer, sizeof(buffer));
            if (n <= 0) {
                shutdown(origin_fd, SHUT_WR);
                fds[0].fd = -1;
            } else if (!send_all(origin_fd, buffer, (size_t)n)) {
                return;
            }
        }
        if (!is_pending && fds[1].revents != 0) {
            n = recv(origin_fd, buffer, sizeof(buffer), 0);
            if (n <= 0) {
                if (client->ssl != NULL)
                    SSL_shutdown(client->ssl);
                shutdown(client->fd, SHUT_WR);
                fds[1].fd = -1;
            } else if (!client_write(client, buffer, (size_t)n)) {
                return;
            }
        }
    }
}

/* --- CONNECT --- */

static bool
read_head(Client *client, char head[HEAD_MAX])
{
    size_t len = 0;

    memset(head, 0, HEAD_MAX);
    while (strstr(head, "\r\n\r\n") == NULL) {
        if (len == HEAD_MAX - 1 || client_read(client, head + len, 1) != 1)
            return false;
        len++;
    }
    return true;
}

static void
note(TestProxy *proxy, const char *target, unsigned status)
{
    g_mutex_lock(&proxy->lock);
    g_ptr_array_add(proxy->asked, g_strdup_printf("%s %u", target, status));
    g_mutex_unlock(&proxy->lock);
}

static bool
is_welcome(const TestProxy *proxy, const char *head)
{
    return proxy->authorization == NULL || strstr(head, proxy->authorization) != NULL;
}

static void
answer(Client *client, const char *head)
{
    TestProxy *proxy = client->proxy;
    g_auto(GStrv) words = g_strsplit(head, " ", 3);
    uint16_t port;
    int origin_fd;

    if (g_strv_length(words) != 3 || strcmp(words[0], "CONNECT") != 0) {
        client_say(client, "HTTP/1.1 405 Only CONNECT\r\n\r\n");
        note(proxy, head, 405);
        return;
    }
    if (!is_welcome(proxy, head)) {
        note(proxy, words[1], 407);
        client_say(client, "HTTP/1.1 407 Who are you\r\n"
                           "Proxy-Authenticate: Basic realm=\"test\"\r\n"
                           "Content-Length: 0\r\n\r\n");
        return;
    }
    port = (uint16_t)GPOINTER_TO_UINT(g_hash_table_lookup(proxy->routes, words[1]));
    origin_fd = port == 0 ? -1 : connect_to(port);
    note(proxy, words[1], origin_fd < 0 ? 502 : 200);
    if (origin_fd < 0) {
        client_say(client, "HTTP/1.1 502 Unknown host\r\n\r\n");
        return;
    }
    client_say(client, "HTTP/1.1 200 Connection established\r\n\r\n");
    relay(client, origin_fd);
    close(origin_fd);
}

static gpointer
serve(gpointer data)
{
    Client *client = data;
    TestProxy *proxy = client->proxy;
    char head[HEAD_MAX];

    if (proxy->ssl_ctx != NULL) {
        client->ssl = SSL_new(proxy->ssl_ctx);
        SSL_set_fd(client->ssl, client->fd);
    }
    if ((client->ssl == NULL || SSL_accept(client->ssl) == 1) &&
        read_head(client, head))
        answer(client, head);
    if (client->ssl != NULL)
        SSL_shutdown(client->ssl);
    SSL_free(client->ssl);
    g_mutex_lock(&proxy->lock);
    g_hash_table_remove(proxy->open, GINT_TO_POINTER(client->fd));
    g_mutex_unlock(&proxy->lock);
    close(client->fd);
    g_free(client);
    return NULL;
}

static gpointer
accept_all(gpointer data)
{
    TestProxy *proxy = data;
    int fd;

    while ((fd = accept4(proxy->listen_fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        Client *client = g_new0(Client, 1);

        client->proxy = proxy;
        client->fd = fd;
        g_mutex_lock(&proxy->lock);
        g_hash_table_add(proxy->open, GINT_TO_POINTER(fd));
        g_ptr_array_add(proxy->threads, g_thread_new("proxy", serve, client));
        g_mutex_unlock(&proxy->lock);
    }
    return NULL;
}

/* --- life --- */

static char *
make_authorization(const char *user)
{
    g_autofree char *base64 = NULL;

    if (user == NULL)
        return NULL;
    base64 = g_base64_encode((const guchar *)user, strlen(user));
    return g_strdup_printf("\r\nProxy-Authorization: Basic %s\r\n", base64);
}

TestProxy *
test_proxy_new(SSL_CTX *ssl_ctx, const char *user)
{
    TestProxy *proxy = g_new0(TestProxy, 1);
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(address);

    if (ssl_ctx != NULL)
        SSL_CTX_up_ref(ssl_ctx);
    proxy->ssl_ctx = ssl_ctx;
    proxy->authorization = make_authorization(user);
    proxy->routes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    proxy->threads = g_ptr_array_new();
    proxy->asked = g_ptr_array_new_with_free_func(g_free);
    proxy->open = g_hash_table_new(NULL, NULL);
    g_mutex_init(&proxy->lock);
    proxy->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(proxy->listen_fd, (struct sockaddr *)&address, len) < 0 ||
        getsockname(proxy->listen_fd, (struct sockaddr *)&address, &len) < 0 ||
        listen(proxy->listen_fd, 256) < 0)
        g_error("the proxy cannot listen");
    proxy->port = ntohs(address.sin_port);
    proxy->acceptor = g_thread_new("accept", accept_all, proxy);
    return proxy;
}

static void
shut_down(gpointer fd, gpointer value, gpointer data)
{
    shutdown(GPOINTER_TO_INT(fd), SHUT_RDWR);
}

void
test_proxy_free(TestProxy *proxy)
{
    if (proxy == NULL)
        return;
    shutdown(proxy->listen_fd, SHUT_RDWR);
    g_thread_join(proxy->acceptor);
    g_mutex_lock(&proxy->lock);
    g_hash_table_foreach(proxy->open, shut_down, NULL);
    g_mutex_unlock(&proxy->lock);
    for (guint i = 0; i < proxy->threads->len; i++)
        g_thread_join(g_ptr_array_index(proxy->threads, i));
    close(proxy->listen_fd);
    g_ptr_array_unref(proxy->threads);
    g_ptr_array_unref(proxy->asked);
    g_hash_table_unref(proxy->open);
    g_hash_table_unref(proxy->routes);
    g_mutex_clear(&proxy->lock);
    SSL_CTX_free(proxy->ssl_ctx);
    g_free(proxy->authorization);
    g_free(proxy);
}

uint16_t
test_proxy_port(const TestProxy *proxy)
{
    return proxy->port;
}

void
test_proxy_route(TestProxy *proxy, const char *target, uint16_t port)
{
    g_hash_table_insert(proxy->routes, g_strdup(target), GUINT_TO_POINTER(port));
}

GStrv
test_proxy_asked(TestProxy *proxy)
{
    GPtrArray *asked = g_ptr_array_new();

    g_mutex_lock(&proxy->lock);
    for (guint i = 0; i < proxy->asked->len; i++)
        g_ptr_array_add(asked, g_strdup(g_ptr_array_index(proxy->asked, i)));
    g_mutex_unlock(&proxy->lock);
    g_ptr_array_add(asked, NULL);
    return (GStrv)g_ptr_array_free(asked, FALSE);
}
