/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/origin.h"

#include "tests/support/origin_conn.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct BnsOrigin {
    SSL_CTX *ssl_ctx; /* owned; NULL: plain */
    int listen_fd;    /* owned */
    uint16_t port;
    char *files;            /* owned; NULL: none */
    BnsOriginAnswer answer; /* NULL: origin_conn_answer() */
    GThread *acceptor;
    GMutex lock;
    GCond changed;        /* of connections */
    GPtrArray *threads;   /* owned; under lock */
    GHashTable *open;     /* of open descriptors; under lock */
    GPtrArray *requests;  /* owned, of owned strings; under lock */
    unsigned connections; /* under lock */
    gint stopping;
};

typedef struct {
    BnsOrigin *origin;
    int fd;
} Accepted;

static bool
serve_one(BnsOrigin *origin, OriginConn *conn)
{
    OriginRequest request;
    bool again;

    if (!origin_conn_read_request(conn, &request))
        return false;
    g_mutex_lock(&origin->lock);
    g_ptr_array_add(origin->requests, g_strdup_printf("%s %s %s", request.method,
                                                      request.target, request.host));
    g_mutex_unlock(&origin->lock);
    again = origin->answer != NULL ? origin->answer(conn, &request)
                                   : origin_conn_answer(conn, &request);
    origin_request_clear(&request);
    return again;
}

static gpointer
serve(gpointer data)
{
    Accepted *accepted = data;
    BnsOrigin *origin = accepted->origin;
    int fd = accepted->fd;
    OriginConn conn;

    g_free(accepted);
    if (origin_conn_init(&conn, fd, origin->ssl_ctx, origin->files))
        while (!g_atomic_int_get(&origin->stopping) && serve_one(origin, &conn))
            ;
    g_mutex_lock(&origin->lock);
    g_hash_table_remove(origin->open, GINT_TO_POINTER(fd));
    g_mutex_unlock(&origin->lock);
    origin_conn_clear(&conn);
    return NULL;
}

static gpointer
accept_all(gpointer data)
{
    BnsOrigin *origin = data;

    for (;;) {
        int fd = accept4(origin->listen_fd, NULL, NULL, SOCK_CLOEXEC);
        Accepted *accepted;

        if (fd < 0)
            return NULL;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
        accepted = g_new0(Accepted, 1);
        accepted->origin = origin;
        accepted->fd = fd;
        g_mutex_lock(&origin->lock);
        origin->connections++;
        g_cond_broadcast(&origin->changed);
        g_hash_table_add(origin->open, GINT_TO_POINTER(fd));
        g_ptr_array_add(origin->threads, g_thread_new("origin", serve, accepted));
        g_mutex_unlock(&origin->lock);
    }
}

/* Takes @listen_fd, which is bound. */
static BnsOrigin *
origin_new(SSL_CTX *ssl_ctx, int listen_fd, uint16_t port)
{
    BnsOrigin *origin = g_new0(BnsOrigin, 1);

    if (listen(listen_fd, 1024) < 0)
        g_error("origin: cannot listen");
    if (ssl_ctx != NULL)
        SSL_CTX_up_ref(ssl_ctx);
    origin->ssl_ctx = ssl_ctx;
    origin->listen_fd = listen_fd;
    origin->port = port;
    g_mutex_init(&origin->lock);
    g_cond_init(&origin->changed);
    origin->threads = g_ptr_array_new();
    origin->requests = g_ptr_array_new_with_free_func(g_free);
    origin->open = g_hash_table_new(NULL, NULL);
    origin->acceptor = g_thread_new("accept", accept_all, origin);
    return origin;
}

BnsOrigin *
bns_origin_new(SSL_CTX *ssl_ctx)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (bind(fd, (struct sockaddr *)&address, len) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) < 0)
        g_error("origin: cannot have a port on loopback");
    return origin_new(ssl_ctx, fd, ntohs(address.sin_port));
}

BnsOrigin *
bns_origin_new_everywhere(SSL_CTX *ssl_ctx, uint16_t port)
{
    const struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
    const struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
                                     .sin6_port = htons(port) };
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;
    int off = 0;
    bool is_v6 = fd >= 0;
    int r;

    if (!is_v6)
        fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    /* The port of an origin before, whose connections are in TIME_WAIT. */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (is_v6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    r = is_v6 ? bind(fd, (const struct sockaddr *)&v6, sizeof(v6))
              : bind(fd, (const struct sockaddr *)&v4, sizeof(v4));
    if (r < 0)
        g_error("origin: cannot have port %u", port);
    return origin_new(ssl_ctx, fd, port);
}

void
bns_origin_free(BnsOrigin *origin)
{
    GHashTableIter iter;
    gpointer fd;

    if (origin == NULL)
        return;
    g_atomic_int_set(&origin->stopping, 1);
    shutdown(origin->listen_fd, SHUT_RDWR);
    g_thread_join(origin->acceptor);
    g_mutex_lock(&origin->lock);
    g_hash_table_iter_init(&iter, origin->open);
    while (g_hash_table_iter_next(&iter, &fd, NULL))
        shutdown(GPOINTER_TO_INT(fd), SHUT_RDWR);
    g_mutex_unlock(&origin->lock);
    for (guint i = 0; i < origin->threads->len; i++)
        g_thread_join(g_ptr_array_index(origin->threads, i));
    close(origin->listen_fd);
    SSL_CTX_free(origin->ssl_ctx);
    g_ptr_array_unref(origin->threads);
    g_ptr_array_unref(origin->requests);
    g_hash_table_unref(origin->open);
    g_mutex_clear(&origin->lock);
    g_cond_clear(&origin->changed);
    g_free(origin->files);
    g_free(origin);
}

void
bns_origin_set_files(BnsOrigin *origin, const char *directory)
{
    origin->files = g_strdup(directory);
}

void
bns_origin_set_answer(BnsOrigin *origin, BnsOriginAnswer answer)
{
    origin->answer = answer;
}

uint16_t
bns_origin_port(const BnsOrigin *origin)
{
    return origin->port;
}

unsigned
bns_origin_connections(BnsOrigin *origin)
{
    unsigned connections;

    g_mutex_lock(&origin->lock);
    connections = origin->connections;
    g_mutex_unlock(&origin->lock);
    return connections;
}

void
bns_origin_await_connections(BnsOrigin *origin, unsigned n)
{
    g_mutex_lock(&origin->lock);
    while (origin->connections < n)
        g_cond_wait(&origin->changed, &origin->lock);
    g_mutex_unlock(&origin->lock);
}

GStrv
bns_origin_requests(BnsOrigin *origin)
{
    GPtrArray *copy = g_ptr_array_new();

    g_mutex_lock(&origin->lock);
    for (guint i = 0; i < origin->requests->len; i++)
        g_ptr_array_add(copy, g_strdup(g_ptr_array_index(origin->requests, i)));
    g_mutex_unlock(&origin->lock);
    g_ptr_array_add(copy, NULL);
    return (GStrv)g_ptr_array_free(copy, FALSE);
}

char *
bns_origin_sum(uint64_t len)
{
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
    uint8_t block[ORIGIN_BLOCK_BYTES];
    char *text;

    for (uint64_t at = 0; at < len; at += sizeof(block)) {
        size_t n = (size_t)MIN(sizeof(block), len - at);

        origin_fill(block, n, at);
        g_checksum_update(sum, block, (gssize)n);
    }
    text = g_strdup(g_checksum_get_string(sum));
    g_checksum_free(sum);
    return text;
}
