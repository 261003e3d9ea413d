/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/verify_canary.h"

#include "base/fd.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define TEXT_MAX (1024 * 1024)

enum {
    TCP,
    UDP,
    ABSTRACT,
    PATH,
    N_SOCKETS,
};

struct BnsCanary {
    int fds[N_SOCKETS]; /* owned */
    uint16_t ports[2];  /* of TCP and UDP */
    char *directory;    /* owned; removed at the end */
    char *path;         /* owned; the same */
    char *abstract;     /* owned */
};

static int
bind_port(int type, uint16_t *out_port)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t len = sizeof(address);
    bns_autofd fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) < 0 ||
        (type == SOCK_STREAM && listen(fd, 8) < 0))
        return -errno;
    *out_port = ntohs(address.sin_port);
    return g_steal_fd(&fd);
}

static int
bind_unix(const char *name, bool is_abstract)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    bns_autofd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    size_t len = strlen(name);

    g_assert(len + 1 < sizeof(address.sun_path));
    memcpy(address.sun_path + is_abstract, name, len);
    len += G_STRUCT_OFFSET(struct sockaddr_un, sun_path) + is_abstract;
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, (socklen_t)len) < 0 ||
        listen(fd, 8) < 0)
        return -errno;
    return g_steal_fd(&fd);
}

BnsCanary *
bns_canary_new(GError **error)
{
    g_autoptr(BnsCanary) canary = g_new0(BnsCanary, 1);

    memset(canary->fds, 0xff, sizeof(canary->fds));
    canary->directory = g_strdup("/tmp/boundary-verify-XXXXXX");
    if (g_mkdtemp(canary->directory) == NULL) {
        g_set_error(error, G_FILE_ERROR, 0, "Could not make a directory in /tmp: %s",
                    g_strerror(errno));
        g_clear_pointer(&canary->directory, g_free);
        return NULL;
    }
    canary->path = g_build_filename(canary->directory, "socket", NULL);
    canary->abstract = g_path_get_basename(canary->directory);
    canary->fds[TCP] = bind_port(SOCK_STREAM, &canary->ports[0]);
    canary->fds[UDP] = bind_port(SOCK_DGRAM, &canary->ports[1]);
    canary->fds[ABSTRACT] = bind_unix(canary->abstract, true);
    canary->fds[PATH] = bind_unix(canary->path, false);
    for (int i = 0; i < N_SOCKETS; i++)
        if (canary->fds[i] < 0) {
            g_set_error(error, G_FILE_ERROR, 0, "Could not listen: %s",
                        g_strerror(-canary->fds[i]));
            return NULL;
        }
    return g_steal_pointer(&canary);
}

void
bns_canary_free(BnsCanary *canary)
{
    if (canary == NULL)
        return;
    for (int i = 0; i < N_SOCKETS; i++)
        bns_fd_clear(&canary->fds[i]);
    if (canary->path != NULL)
        unlink(canary->path);
    if (canary->directory != NULL)
        rmdir(canary->directory);
    g_free(canary->path);
    g_free(canary->directory);
    g_free(canary->abstract);
    g_free(canary);
}

GStrv
bns_canary_arguments(const BnsCanary *canary, const char *program, int victim)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    g_autofree char *pid = g_strdup_printf("%d", victim);
    g_autofree char *tcp = g_strdup_printf("%u", canary->ports[0]);
    g_autofree char *udp = g_strdup_printf("%u", canary->ports[1]);

    g_strv_builder_add_many(builder, program, victim == 1 ? "inside" : "outside", pid,
                            canary->abstract, canary->path, tcp, udp, NULL);
    return g_strv_builder_end(builder);
}

static void
answer(const BnsCanary *canary, int which)
{
    bns_autofd fd = -1;
    struct sockaddr_in peer;
    socklen_t len = sizeof(peer);
    char byte;

    if (which == UDP) {
        if (recvfrom(canary->fds[UDP], &byte, 1, MSG_DONTWAIT, (struct sockaddr *)&peer,
                     &len) == 1)
            (void)!sendto(canary->fds[UDP], "!", 1, MSG_DONTWAIT | MSG_NOSIGNAL,
                          (struct sockaddr *)&peer, len);
        return;
    }
    fd = accept4(canary->fds[which], NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0)
        (void)!send(fd, "!", 1, MSG_NOSIGNAL);
}

char *
bns_canary_serve(BnsCanary *canary, int fd)
{
    g_autoptr(GString) text = g_string_new(NULL);
    struct pollfd fds[N_SOCKETS + 1] = { { .fd = fd, .events = POLLIN } };
    char block[4096];
    ssize_t n = 1;

    for (int i = 0; i < N_SOCKETS; i++)
        fds[1 + i] = (struct pollfd){ .fd = canary->fds[i], .events = POLLIN };
    while (n > 0 && text->len < TEXT_MAX) {
        if (poll(fds, G_N_ELEMENTS(fds), -1) < 0 && errno != EINTR)
            break;
        for (int i = 0; i < N_SOCKETS; i++)
            if (fds[1 + i].revents & POLLIN)
                answer(canary, i);
        if (fds[0].revents == 0)
            continue;
        n = read(fd, block, sizeof(block));
        if (n > 0)
            g_string_append_len(text, block, n);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}
