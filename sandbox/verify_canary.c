/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/verify_canary.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
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
    TCP6,
    UDP6,
    N_PORTS,
    ABSTRACT = N_PORTS,
    PATH,
    N_NEEDED,
    WORK = N_NEEDED,
    LATE,
    N_SOCKETS,
};

struct BnsCanary {
    int fds[N_SOCKETS];      /* owned; -1: none, as of IPv6 that the machine has not */
    uint16_t ports[N_PORTS]; /* 0: none */
    char *workdir;           /* owned */
    char *work, *late;       /* owned; names there */
    char *directory;         /* owned; removed at the end */
    char *path;              /* owned; the same */
    char *abstract;          /* owned */
};

static int
bind_port(int family, int type, uint16_t *out_port)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address = { .any.sa_family = (sa_family_t)family };
    socklen_t len = family == AF_INET ? sizeof(address.v4) : sizeof(address.v6);
    bns_autofd fd = socket(family, type | SOCK_CLOEXEC, 0);

    if (family == AF_INET)
        address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else
        address.v6.sin6_addr = in6addr_loopback;
    if (fd < 0 || bind(fd, &address.any, len) < 0 ||
        getsockname(fd, &address.any, &len) < 0 ||
        (type == SOCK_STREAM && listen(fd, 8) < 0))
        return -errno;
    *out_port = ntohs(family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
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

/* The path may be longer than a name can be. */
static int
bind_in(const char *dir, const char *name)
{
    bns_autofd fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d/%s", fd, name);

    return fd < 0 ? -errno : bind_unix(path, false);
}

static void
bind_all(BnsCanary *canary)
{
    canary->fds[TCP] = bind_port(AF_INET, SOCK_STREAM, &canary->ports[TCP]);
    canary->fds[UDP] = bind_port(AF_INET, SOCK_DGRAM, &canary->ports[UDP]);
    canary->fds[TCP6] = bind_port(AF_INET6, SOCK_STREAM, &canary->ports[TCP6]);
    canary->fds[UDP6] = bind_port(AF_INET6, SOCK_DGRAM, &canary->ports[UDP6]);
    canary->fds[ABSTRACT] = bind_unix(canary->abstract, true);
    canary->fds[PATH] = bind_unix(canary->path, false);
    canary->fds[WORK] = bind_in(canary->workdir, canary->work);
}

BnsCanary *
bns_canary_new(const char *workdir, GError **error)
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
    canary->workdir = g_strdup(workdir);
    canary->work = g_strconcat(".", canary->abstract, NULL);
    canary->late = g_strconcat(canary->work, "-late", NULL);
    bind_all(canary);
    for (int i = 0; i < N_NEEDED; i++)
        if (canary->fds[i] < 0 && i != TCP6 && i != UDP6) {
            g_set_error(error, G_FILE_ERROR, 0, "Could not listen: %s",
                        g_strerror(-canary->fds[i]));
            return NULL;
        }
    return g_steal_pointer(&canary);
}

/* Those that were made, whatever has their names by now: the command had the right to
 * move them before they were masked. */
static void
remove_from_workdir(const BnsCanary *canary, int which, const char *name)
{
    g_autofree char *path = g_build_filename(canary->workdir, name, NULL);

    if (canary->fds[which] >= 0)
        unlink(path);
}

void
bns_canary_free(BnsCanary *canary)
{
    if (canary == NULL)
        return;
    if (canary->workdir != NULL) {
        remove_from_workdir(canary, WORK, canary->work);
        remove_from_workdir(canary, LATE, canary->late);
    }
    for (int i = 0; i < N_SOCKETS; i++)
        bns_fd_clear(&canary->fds[i]);
    g_free(canary->workdir);
    g_free(canary->work);
    g_free(canary->late);
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
bns_canary_arguments(const BnsCanary *canary,
                     const char *program,
                     int victim,
                     const BnsCommandPlan *plan)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    g_autofree char *pid = g_strdup_printf("%d", victim);
    bool has_work = canary->fds[WORK] >= 0;
    bool is_allow_list = plan != NULL && plan->allow->allowed.is_on;

    g_strv_builder_add_many(builder, program, victim == 1 ? "inside" : "outside", pid,
                            canary->abstract, canary->path,
                            has_work ? canary->work : "-",
                            has_work ? canary->late : "-", NULL);
    for (int i = 0; i < N_PORTS; i++) {
        g_autofree char *port = g_strdup_printf("%u", canary->ports[i]);

        g_strv_builder_add(builder, port);
    }
    g_strv_builder_add(builder, is_allow_list ? "allow" : "any");
    for (size_t i = 0; plan != NULL && i < plan->denied.n; i++)
        g_strv_builder_add(builder, plan->denied.programs[i].path);
    return g_strv_builder_end(builder);
}

bool
bns_canary_leave_open(void)
{
    int sockets[2], pipes[2];

    return socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0 && pipe(pipes) == 0 &&
           open("/proc/self/exe", O_RDONLY) >= 0 &&
           open("/", O_RDONLY | O_DIRECTORY) >= 0 && open("/dev/null", O_RDWR) >= 0 &&
           dup2(sockets[0], STDIN_FILENO) >= 0;
}

static void
answer(const BnsCanary *canary, int which)
{
    bns_autofd fd = -1;
    struct sockaddr_storage peer;
    socklen_t len = sizeof(peer);
    char byte;

    if (which == UDP || which == UDP6) {
        if (recvfrom(canary->fds[which], &byte, 1, MSG_DONTWAIT,
                     (struct sockaddr *)&peer, &len) == 1)
            (void)!sendto(canary->fds[which], "!", 1, MSG_DONTWAIT | MSG_NOSIGNAL,
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
        if (canary->fds[LATE] < 0 && canary->fds[WORK] >= 0) {
            canary->fds[LATE] = bind_in(canary->workdir, canary->late);
            fds[1 + LATE].fd = canary->fds[LATE];
        }
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}
