/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The origin: one process, one loop, HTTP/1.1 and HTTP/2. It costs as little as it can,
 * since its work stands on both sides of each ratio.
 *
 *     GET /bytes/N           N bytes
 *     POST /upload           reads the body, answers when it has all of it
 *     GET /events/N/MICROS   N events, one each MICROS; HTTP/1.1 alone
 *
 * Usage: bench-origin PORT [TLS-PORT CERTIFICATE KEY]
 * Listens on 127.0.0.1, plain and with TLS; port 0 lets the kernel choose. Prints
 * "ready plain=PORT tls=PORT" and ends with its standard input.
 */
#include "tests/bench/descriptors.h"
#include "tests/bench/listener.h"
#include "tests/bench/served.h"

#include <stdio.h>
#include <stdlib.h>

/* Who comes to one of the doors. */
typedef struct {
    BnsLoop *loop;
    SSL_CTX *tls; /* owned; NULL: plain */
} Door;

static void
on_visitor(int fd, void *data)
{
    const Door *door = data;

    served_start(door->loop, fd, door->tls);
}

static unsigned
port_of(const char *text)
{
    return (unsigned)atoi(text);
}

int
main(int argc, char **argv)
{
    static Listener plain, secure;
    BnsLoop *loop = bns_loop_new();
    Door in = { .loop = loop };
    Door tls_in = { .loop = loop };

    descriptors_raise();
    listener_start(&plain, loop, argc > 1 ? port_of(argv[1]) : 0, on_visitor, &in);
    if (argc > 4) {
        tls_in.tls = listener_tls(argv[3], argv[4]);
        listener_start(&secure, loop, port_of(argv[2]), on_visitor, &tls_in);
    }
    listener_watch_input(loop);
    printf("ready plain=%u tls=%u\n", plain.port, secure.port);
    fflush(stdout);
    bns_loop_run(loop);
    /* Its connections end with it. */
    return 0;
}
