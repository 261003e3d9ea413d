/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/tap/dns_tcp.h"

#include "base/fd.h"
#include "netstack/tap/bytes.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define LENGTH_BYTES 2

typedef struct {
    BnsDnsTcp *server; /* borrowed */
    uint64_t id;
    int fd; /* owned */
    BnsWatch *watch;
    BnsTimer *idle;
    bool has_end; /* the command will send nothing more */
    size_t in_len;
    size_t out_at; /* written so far */
    size_t out_len;
    uint8_t in[LENGTH_BYTES + BNS_DNS_QUERY_MAX];
    uint8_t out[LENGTH_BYTES + BNS_DNS_ANSWER_MAX]; /* one answer at a time */
} Connection;

struct BnsDnsTcp {
    BnsLoop *loop;                   /* borrowed */
    const BnsDnsTcpHandler *handler; /* borrowed */
    void *data;
    GHashTable *connections; /* set of owned Connection */
};

static void
connection_free(gpointer data)
{
    Connection *connection = data;

    bns_watch_free(connection->watch);
    bns_timer_free(connection->idle);
    bns_fd_clear(&connection->fd);
    g_free(connection);
}

static void
finish(void *data)
{
    Connection *connection = data;
    BnsDnsTcp *server = connection->server;
    uint64_t id = connection->id;

    g_hash_table_remove(server->connections, connection);
    server->handler->on_end(id, server->data);
}

static void
set_idle(Connection *connection)
{
    bns_timer_set(connection->idle,
                  bns_loop_now_us(connection->server->loop) + BNS_DNS_TCP_IDLE_US);
}

/* The three steps of a connection. Each returns false when it is at its end. */

static bool
read_some(Connection *connection)
{
    size_t room = sizeof(connection->in) - connection->in_len;
    ssize_t n;

    if (room == 0 || connection->has_end)
        return true;
    n = recv(connection->fd, connection->in + connection->in_len, room, 0);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    connection->has_end = n == 0;
    connection->in_len += (size_t)n;
    return true;
}

/* Answers the first message, if it is there whole and nothing waits to be written. */
static bool
answer_one(Connection *connection)
{
    const BnsDnsTcpHandler *handler = connection->server->handler;
    size_t len = connection->in_len >= LENGTH_BYTES ? bns_get16(connection->in) : 0;
    size_t answer_len;

    if (connection->out_len > 0 || connection->in_len < LENGTH_BYTES)
        return true;
    if (len > BNS_DNS_QUERY_MAX)
        return false;
    if (connection->in_len < LENGTH_BYTES + len)
        return true;
    answer_len =
        handler->answer(connection->in + LENGTH_BYTES, len,
                        connection->out + LENGTH_BYTES, connection->server->data);
    if (answer_len == 0)
        return false;
    bns_put16(connection->out, (uint16_t)answer_len);
    connection->out_len = LENGTH_BYTES + answer_len;
    connection->in_len -= LENGTH_BYTES + len;
    memmove(connection->in, connection->in + LENGTH_BYTES + len, connection->in_len);
    return true;
}

static bool
write_some(Connection *connection)
{
    ssize_t n;

    if (connection->out_len == 0)
        return true;
    n = send(connection->fd, connection->out + connection->out_at,
             connection->out_len - connection->out_at, MSG_NOSIGNAL);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    connection->out_at += (size_t)n;
    if (connection->out_at == connection->out_len)
        connection->out_at = connection->out_len = 0;
    set_idle(connection);
    return true;
}

static void
on_ready(uint32_t events, void *data)
{
    Connection *connection = data;
    size_t before;

    if (!read_some(connection))
        return finish(connection);
    do {
        before = connection->in_len;
        if (!answer_one(connection) || !write_some(connection))
            return finish(connection);
    } while (connection->in_len < before);
    /* What is left of the last message will never be whole. */
    if (connection->has_end && connection->out_len == 0)
        return finish(connection);
    bns_watch_set_events(connection->watch,
                         connection->out_len > 0 ? EPOLLOUT : EPOLLIN);
}

void
bns_dns_tcp_serve(BnsDnsTcp *server, uint64_t id, int fd)
{
    Connection *connection = g_new0(Connection, 1);

    connection->server = server;
    connection->id = id;
    connection->fd = fd;
    connection->watch = bns_loop_watch(server->loop, fd, EPOLLIN, on_ready, connection);
    connection->idle = bns_loop_timer(server->loop, finish, connection);
    set_idle(connection);
    g_hash_table_add(server->connections, connection);
}

BnsDnsTcp *
bns_dns_tcp_new(BnsLoop *loop, const BnsDnsTcpHandler *handler, void *data)
{
    BnsDnsTcp *server = g_new0(BnsDnsTcp, 1);

    server->loop = loop;
    server->handler = handler;
    server->data = data;
    server->connections = g_hash_table_new_full(NULL, NULL, connection_free, NULL);
    return server;
}

void
bns_dns_tcp_free(BnsDnsTcp *server)
{
    if (server == NULL)
        return;
    g_hash_table_unref(server->connections);
    g_free(server);
}
