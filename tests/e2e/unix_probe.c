/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command does with unix sockets: each argument is one thing to try, whose outcome
 * is a line.
 *
 *     stream:NAME dgram:NAME seqpacket:NAME   connects (to an abstract name with "@")
 *     serve:NAME                              listens there, and is connected to
 *     wait                                    for a line of standard input
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static socklen_t
make_address(struct sockaddr_un *address, const char *name)
{
    size_t len = strlen(name);

    memset(address, 0, sizeof(*address));
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, name,
           len < sizeof(address->sun_path) ? len : sizeof(address->sun_path) - 1);
    if (name[0] != '@')
        return sizeof(*address);
    address->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

static int
connect_to(int type, const char *name)
{
    struct sockaddr_un address;
    socklen_t len = make_address(&address, name);
    int fd = socket(AF_UNIX, type, 0);
    int error = 0;

    if (connect(fd, (struct sockaddr *)&address, len) < 0)
        error = errno;
    close(fd);
    return error;
}

static int
serve(const char *name)
{
    struct sockaddr_un address;
    socklen_t len = make_address(&address, name);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    if (bind(fd, (struct sockaddr *)&address, len) < 0 || listen(fd, 1) < 0)
        return errno;
    return connect_to(SOCK_STREAM, name);
}

static int
try(const char *what)
{
    static const struct {
        const char *prefix;
        int type;
    } types[] = { { "stream:", SOCK_STREAM },
                  { "dgram:", SOCK_DGRAM },
                  { "seqpacket:", SOCK_SEQPACKET } };

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        size_t len = strlen(types[i].prefix);

        if (strncmp(what, types[i].prefix, len) == 0)
            return connect_to(types[i].type, what + len);
    }
    return serve(what + strlen("serve:"));
}

int
main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        char line[64];
        int error;

        if (strcmp(argv[i], "wait") == 0) {
            puts("waiting");
            fflush(stdout);
            if (fgets(line, sizeof(line), stdin) == NULL)
                return 1;
            continue;
        }
        error = try(argv[i]);
        printf("%s %s\n", argv[i], error == 0 ? "connected" : strerror(error));
        fflush(stdout);
    }
    return 0;
}
