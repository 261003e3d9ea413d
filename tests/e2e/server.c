/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/e2e/server.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct Server {
    ServerFunc serve;
    void *data;    /* borrowed */
    int listen_fd; /* owned */
    uint16_t port;
    GThread *thread;
    GMutex lock;
    GCond cond;        /* n_served has changed */
    unsigned n_served; /* under lock */
    int served_fd;     /* borrowed from the thread; -1; under lock */
    bool is_stopping;  /* under lock */
    gint connections;
};

static int
bind_loopback(uint16_t *out_port)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (bind(fd, (struct sockaddr *)&address, len) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) < 0)
        g_error("cannot bind a socket to loopback");
    *out_port = ntohs(address.sin_port);
    return fd;
}

/* Returns: false if it is not to be served any more. */
static bool
set_served(Server *server, int fd)
{
    bool is_stopping;

    g_mutex_lock(&server->lock);
    server->served_fd = fd;
    is_stopping = server->is_stopping;
    g_mutex_unlock(&server->lock);
    return !is_stopping;
}

static gpointer
run(gpointer data)
{
    Server *server = data;
    int fd;

    while ((fd = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        g_atomic_int_inc(&server->connections);
        if (set_served(server, fd))
            server->serve(fd, server->data);
        set_served(server, -1);
        close(fd);
        g_mutex_lock(&server->lock);
        server->n_served++;
        g_cond_broadcast(&server->cond);
        g_mutex_unlock(&server->lock);
    }
    return NULL;
}

Server *
server_new(ServerFunc serve, void *data)
{
    Server *server = g_new0(Server, 1);

    server->serve = serve;
    server->data = data;
    server->served_fd = -1;
    server->listen_fd = bind_loopback(&server->port);
    g_assert_cmpint(listen(server->listen_fd, 64), ==, 0);
    g_mutex_init(&server->lock);
    g_cond_init(&server->cond);
    server->thread = g_thread_new("server", run, server);
    return server;
}

void
server_free(Server *server)
{
    if (server == NULL)
        return;
    shutdown(server->listen_fd, SHUT_RDWR);
    g_mutex_lock(&server->lock);
    server->is_stopping = true;
    if (server->served_fd >= 0)
        shutdown(server->served_fd, SHUT_RDWR);
    g_mutex_unlock(&server->lock);
    g_thread_join(server->thread);
    close(server->listen_fd);
    g_mutex_clear(&server->lock);
    g_cond_clear(&server->cond);
    g_free(server);
}

void
server_make_narrow(Server *server)
{
    const int receive_bytes = 4096;
    const int segment_bytes = 536; /* a send buffer grows by segments */

    setsockopt(server->listen_fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes,
               sizeof(receive_bytes));
    setsockopt(server->listen_fd, IPPROTO_TCP, TCP_MAXSEG, &segment_bytes,
               sizeof(segment_bytes));
}

uint16_t
server_port(const Server *server)
{
    return server->port;
}

unsigned
server_connections(Server *server)
{
    return (unsigned)g_atomic_int_get(&server->connections);
}

void
server_await_served(Server *server, unsigned n)
{
    g_mutex_lock(&server->lock);
    while (server->n_served < n)
        g_cond_wait(&server->cond, &server->lock);
    g_mutex_unlock(&server->lock);
}

ClosedPort
closed_port_new(void)
{
    ClosedPort closed;

    closed.fd = bind_loopback(&closed.port);
    return closed;
}

void
closed_port_clear(ClosedPort *closed)
{
    close(closed->fd);
}

bool
server_say(int fd, const char *text)
{
    size_t len = strlen(text);

    return send(fd, text, len, MSG_NOSIGNAL) == (ssize_t)len;
}

bool
server_await(int fd, const char *text)
{
    g_autoptr(GString) seen = g_string_new(NULL);
    char byte;

    while (strstr(seen->str, text) == NULL) {
        if (recv(fd, &byte, 1, 0) != 1)
            return false;
        g_string_append_c(seen, byte);
    }
    return true;
}

uint64_t
server_drain(int fd)
{
    char buffer[65536];
    uint64_t total = 0;
    ssize_t n;

    while ((n = recv(fd, buffer, sizeof(buffer), 0)) > 0)
        total += (uint64_t)n;
    return total;
}

void
server_break(int fd)
{
    const struct linger at_once = { .l_onoff = 1 };

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}
