/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/control.h"

#include "base/fd.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* People do not ask so often. */
#define CLIENTS_MAX 16
/* For the answer, in milliseconds. */
#define ANSWER_MS 10000

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

struct BnsControlClient {
    BnsControl *control; /* borrowed */
    int fd;              /* owned */
    BnsWatch *watch;     /* owned */
    bool has_asked;
};

struct BnsControl {
    BnsLoop *loop;      /* borrowed */
    int fd;             /* owned */
    BnsWatch *watch;    /* owned */
    GPtrArray *clients; /* owned, of owned BnsControlClient */
    BnsControlFunc func;
    BnsControlGone gone;
    void *data;
};

static void
client_free(void *data)
{
    BnsControlClient *client = data;

    bns_watch_free(client->watch);
    bns_fd_clear(&client->fd);
    g_free(client);
}

static void
forget(BnsControlClient *client)
{
    g_ptr_array_remove_fast(client->control->clients, client);
}

/* --- who may ask --- */

static bool
is_same_namespace(pid_t pid)
{
    struct stat own, other;
    char path[64];

    g_snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
    return stat("/proc/self/ns/user", &own) == 0 && stat(path, &other) == 0 &&
           own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}

/* Whether the peer still lives, so that its number was its own. Kernels before 6.5 cannot
 * tell. */
static bool
is_alive(int fd)
{
    bns_autofd pidfd = -1;
    socklen_t len = sizeof(pidfd);
    struct pollfd end = { .events = POLLIN };

    if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &len) < 0)
        return errno == ENOPROTOOPT;
    end.fd = pidfd;
    return poll(&end, 1, 0) == 0;
}

static bool
may_ask(int fd)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.pid > 0 &&
           (peer.uid == geteuid() || peer.uid == 0) && is_same_namespace(peer.pid) &&
           is_alive(fd);
}

/* --- questions --- */

/* (transfer full): the words of a message, or %NULL: they are none. */
static char **
read_words(const char *bytes, size_t len)
{
    GPtrArray *words;
    size_t at = 0;

    if (len == 0 || bytes[len - 1] != '\0')
        return NULL;
    words = g_ptr_array_new();
    while (at < len) {
        g_ptr_array_add(words, g_strdup(bytes + at));
        at += strlen(bytes + at) + 1;
    }
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(words, FALSE);
}

static void
on_question(uint32_t events, void *data)
{
    BnsControlClient *client = data;
    BnsControl *control = client->control;
    g_autofree char *bytes = g_malloc(BNS_CONTROL_BYTES_MAX);
    ssize_t n = bns_fd_receive(client->fd, bytes, BNS_CONTROL_BYTES_MAX, NULL);
    g_auto(GStrv) words = NULL;

    if (n == -EAGAIN)
        return;
    if (n <= 0 || client->has_asked) {
        if (client->has_asked)
            control->gone(control->data, client);
        forget(client);
        return;
    }
    words = read_words(bytes, (size_t)n);
    if (words == NULL) {
        forget(client);
        return;
    }
    client->has_asked = true;
    control->func(control->data, client, words);
}

void
bns_control_answer(BnsControlClient *client, int status, const char *text)
{
    g_autofree char *answer = g_strdup_printf("%d%s", status, text);

    (void)bns_fd_send(client->fd, answer,
                      MIN(strlen(answer), BNS_CONTROL_BYTES_MAX - 1), -1);
    forget(client);
}

static void
on_connection(uint32_t events, void *data)
{
    BnsControl *control = data;
    bns_autofd fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    BnsControlClient *client;

    if (fd < 0 || control->clients->len >= CLIENTS_MAX || !may_ask(fd))
        return;
    client = g_new0(BnsControlClient, 1);
    client->control = control;
    client->fd = g_steal_fd(&fd);
    client->watch =
        bns_loop_watch(control->loop, client->fd, EPOLLIN, on_question, client);
    g_ptr_array_add(control->clients, client);
}

BnsControl *
bns_control_new(
    BnsLoop *loop, int fd, BnsControlFunc func, BnsControlGone gone, void *data)
{
    BnsControl *control = g_new0(BnsControl, 1);

    control->loop = loop;
    control->fd = fd;
    control->func = func;
    control->gone = gone;
    control->data = data;
    control->clients = g_ptr_array_new_with_free_func(client_free);
    control->watch = bns_loop_watch(loop, fd, EPOLLIN, on_connection, control);
    return control;
}

void
bns_control_free(BnsControl *control)
{
    if (control == NULL)
        return;
    g_ptr_array_unref(control->clients);
    bns_watch_free(control->watch);
    bns_fd_clear(&control->fd);
    g_free(control);
}

/* --- the other side --- */

int
bns_control_ask(int fd, const char *const *words, char **out_text)
{
    g_autoptr(GByteArray) question = g_byte_array_new();
    g_autofree char *bytes = g_malloc0(BNS_CONTROL_BYTES_MAX + 1);
    struct pollfd answer = { .fd = fd, .events = POLLIN };
    ssize_t n;
    int r;

    *out_text = NULL;
    for (; *words != NULL; words++)
        g_byte_array_append(question, (const guint8 *)*words,
                            (guint)strlen(*words) + 1);
    if (question->len > BNS_CONTROL_BYTES_MAX)
        return -EMSGSIZE;
    r = bns_fd_send(fd, question->data, question->len, -1);
    if (r < 0)
        return r;
    r = TEMP_FAILURE_RETRY(poll(&answer, 1, ANSWER_MS));
    if (r <= 0)
        return r < 0 ? -errno : -ETIMEDOUT;
    n = bns_fd_receive(fd, bytes, BNS_CONTROL_BYTES_MAX, NULL);
    if (n <= 0)
        return n < 0 ? (int)n : -ECONNRESET;
    if (!g_ascii_isdigit(bytes[0]))
        return -EBADMSG;
    *out_text = g_strdup(bytes + 1);
    return bytes[0] - '0';
}
