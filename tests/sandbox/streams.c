/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standard streams that are sockets, as node, sshd and inetd give: the command gets pipes,
 * and everything arrives.
 */
#include "tests/sandbox/start.h"
#include "tests/support/test.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* More than a pipe and a buffer of ours hold. */
#define MUCH 300000

typedef struct {
    pid_t pid;
    int fd; /* the far end of its standard streams */
} Peer;

static void
unix_pair(int out_pair[2])
{
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, out_pair), ==,
                    0);
}

/* As accept(2) gives to a service of inetd. */
static void
tcp_pair(int out_pair[2])
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_assert_cmpint(bind(listener, (struct sockaddr *)&address, len), ==, 0);
    g_assert_cmpint(listen(listener, 1), ==, 0);
    g_assert_cmpint(getsockname(listener, (struct sockaddr *)&address, &len), ==, 0);
    out_pair[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(connect(out_pair[0], (struct sockaddr *)&address, len), ==, 0);
    out_pair[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    g_assert_cmpint(out_pair[1], >=, 0);
    close(listener);
}

/* @script is run with all three streams on one socket. */
static Peer
peer_start(void (*make_pair)(int out_pair[2]), const char *script)
{
    const char *binary = g_getenv("BNS_BINARY");
    int pair[2];
    Peer peer;

    make_pair(pair);
    peer.fd = pair[0];
    peer.pid = fork();
    if (peer.pid == 0) {
        for (int fd = 0; fd <= STDERR_FILENO; fd++)
            dup2(pair[1], fd);
        signal(SIGPIPE, SIG_DFL);
        execl(binary, binary, "-q", "--", "sh", "-c", script, NULL);
        _exit(99);
    }
    close(pair[1]);
    return peer;
}

static char *
peer_read_all(const Peer *peer, size_t *out_len)
{
    GString *text = g_string_new(NULL);
    char buffer[4096];
    ssize_t n;

    while ((n = read(peer->fd, buffer, sizeof(buffer))) > 0)
        g_string_append_len(text, buffer, n);
    g_assert_cmpint(n, ==, 0);
    if (out_len != NULL)
        *out_len = text->len;
    return g_string_free(text, FALSE);
}

static int
peer_wait(const Peer *peer)
{
    int status;

    while (waitpid(peer->pid, &status, 0) < 0)
        g_assert_cmpint(errno, ==, EINTR);
    return status;
}

static void
peer_write(const Peer *peer, const char *text)
{
    g_assert_cmpint(write(peer->fd, text, strlen(text)), ==, strlen(text));
}

/* The far end reads all that was written, in its order, and then the end. */
static void
tell_session(void (*make_pair)(int out_pair[2]))
{
    Peer peer = peer_start(
        make_pair, "stat -L -c %F /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2; "
                   "for i in 1 2 3; do echo out; echo err >&2; done; "
                   "while read x; do echo got-$x; done; echo end; exit 3");
    g_autofree char *text = NULL;

    peer_write(&peer, "one\ntwo\n");
    g_assert_cmpint(shutdown(peer.fd, SHUT_WR), ==, 0);
    text = peer_read_all(&peer, NULL);
    g_assert_cmpstr(text, ==,
                    "fifo\nfifo\nfifo\nout\nerr\nout\nerr\nout\nerr\n"
                    "got-one\ngot-two\nend\n");
    g_assert_cmpint(peer_wait(&peer), ==, EXIT(3));
    close(peer.fd);
}

static void
test_unix(void)
{
    if (session_can_start())
        tell_session(unix_pair);
}

static void
test_tcp(void)
{
    if (session_can_start())
        tell_session(tcp_pair);
}

/* The command has ended long before its output is read. */
static void
test_late_reader(void)
{
    g_autofree char *script = g_strdup_printf("head -c %d /dev/zero", MUCH);
    g_autofree char *text = NULL;
    size_t len;
    Peer peer;
    char byte;

    if (!session_can_start())
        return;
    peer = peer_start(unix_pair, script);
    g_assert_cmpint(recv(peer.fd, &byte, 1, MSG_PEEK), ==, 1);
    text = peer_read_all(&peer, &len);
    g_assert_cmpuint(len, ==, MUCH);
    g_assert_cmpint(peer_wait(&peer), ==, 0);
    close(peer.fd);
}

/* The end of the command's output is told when it closes it, not when it ends. */
static void
test_half_close(void)
{
    g_autofree char *text = NULL;
    Peer peer;

    if (!session_can_start())
        return;
    peer = peer_start(unix_pair, "echo all; exec >&- 2>&-; read x; exit $x");
    text = peer_read_all(&peer, NULL);
    g_assert_cmpstr(text, ==, "all\n");
    peer_write(&peer, "5\n");
    g_assert_cmpint(peer_wait(&peer), ==, EXIT(5));
    close(peer.fd);
}

static void
test_reader_gone(void)
{
    Peer peer;
    char byte;

    if (!session_can_start())
        return;
    peer = peer_start(unix_pair, "exec yes");
    g_assert_cmpint(read(peer.fd, &byte, 1), ==, 1);
    close(peer.fd);
    g_assert_cmpint(peer_wait(&peer), ==, SIGPIPE);
}

/* A small buffer, so that something is left when the command ends. */
static void
unix_small_pair(int out_pair[2])
{
    static const int size = 4096;

    unix_pair(out_pair);
    setsockopt(out_pair[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

/* Nobody reads: the session ends all the same. */
static void
test_no_reader(void)
{
    Peer peer;

    if (!session_can_start())
        return;
    peer = peer_start(unix_small_pair, "head -c 60000 /dev/zero; exit 7");
    g_assert_cmpint(peer_wait(&peer), ==, EXIT(7));
    close(peer.fd);
}

static void
listen_on_stdin(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (listen(fd, 1) == 0)
        dup2(fd, STDIN_FILENO);
}

static void
datagrams_on_stdout(void)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0)
        dup2(pair[0], STDOUT_FILENO);
}

static void
test_refused(void)
{
    const char *const arguments[] = { "-q", "--", "true", NULL };
    g_autofree char *errors = NULL;
    Session session;

    if (!session_can_start())
        return;
    session = session_start_with(listen_on_stdin, arguments);
    g_assert_cmpint(session_finish(&session, NULL, &errors), ==, EXIT(125));
    g_assert_nonnull(strstr(errors, "standard input is a listening socket"));
    g_clear_pointer(&errors, g_free);
    session = session_start_with(datagrams_on_stdout, arguments);
    g_assert_cmpint(session_finish(&session, NULL, &errors), ==, EXIT(125));
    g_assert_nonnull(strstr(errors, "standard output is a socket of messages"));
}

int
main(int argc, char **argv)
{
    int status;

    bns_test_init(&argc, &argv, 120);
    session_init();
    bns_test_add("/sandbox/streams/a-unix-socket", test_unix);
    bns_test_add("/sandbox/streams/a-network-connection", test_tcp);
    bns_test_add("/sandbox/streams/all-arrives-at-a-late-reader", test_late_reader);
    bns_test_add("/sandbox/streams/the-end-of-output-is-told", test_half_close);
    bns_test_add("/sandbox/streams/a-reader-that-is-gone", test_reader_gone);
    bns_test_add("/sandbox/streams/a-reader-that-does-not-read", test_no_reader);
    bns_test_add("/sandbox/streams/what-is-no-connection-is-refused", test_refused);
    status = g_test_run();
    session_clear();
    return status;
}
