/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owner: how long it takes to find the process that a connection belongs to, among
 * processes with many descriptors. Usage: bench-owner [PROCESSES [DESCRIPTORS [ROUNDS]]]
 */
#include "base/clock.h"
#include "sandbox/find_owner.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <glib.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sockaddr_in address;

static void
start_filler(int descriptors)
{
    int ready[2];

    if (pipe(ready) < 0 || fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (int i = 0; i < descriptors; i++)
            open("/dev/null", O_RDONLY);
        close(ready[1]);
        pause();
        _exit(0);
    }
    close(ready[1]);
    (void)!read(ready[0], &(char){ 0 }, 1);
    close(ready[0]);
}

static int
call(uint16_t *out_port)
{
    struct sockaddr_in own;
    socklen_t len = sizeof(own);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
        getsockname(fd, (struct sockaddr *)&own, &len) < 0)
        g_error("connect: %m");
    *out_port = ntohs(own.sin_port);
    return fd;
}

static int64_t
time_one(BnsFind *find, uint16_t port, unsigned *io_found)
{
    static BnsOwnerAnswer answer;
    const BnsOwnerQuestion question = { .flow = 1,
                                        .addr = address.sin_addr.s_addr,
                                        .port = ntohs(address.sin_port),
                                        .guest_port = port };
    int64_t begin_us = bns_clock_us(CLOCK_MONOTONIC);
    int64_t took_us;

    bns_find_owner(find, &question, address.sin_addr.s_addr,
                   begin_us + BNS_OWNER_BUDGET_US, &answer);
    took_us = bns_clock_us(CLOCK_MONOTONIC) - begin_us;
    *io_found += answer.pid == (uint32_t)getpid();
    return took_us;
}

static int
compare(gconstpointer a, gconstpointer b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

    return (left > right) - (left < right);
}

static void
measure(const char *name, int rounds, bool is_known)
{
    g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(int64_t));
    unsigned found = 0;
    BnsFind find;

    bns_find_init(&find);
    for (int i = 0; i < rounds; i++) {
        uint16_t port;
        int fd = call(&port);
        int64_t took_us;

        if (!is_known) {
            bns_find_clear(&find);
            bns_find_init(&find);
        }
        took_us = time_one(&find, port, &found);
        if (!is_known || i > 0)
            g_array_append_val(times, took_us);
        close(fd);
    }
    bns_find_clear(&find);
    g_array_sort(times, compare);
    printf("%-20s %8ld %8ld %8ld %5u of %d\n", name,
           (long)g_array_index(times, int64_t, times->len / 2),
           (long)g_array_index(times, int64_t, times->len * 9 / 10),
           (long)g_array_index(times, int64_t, times->len * 99 / 100), found, rounds);
}

int
main(int argc, char **argv)
{
    int processes = argc > 1 ? atoi(argv[1]) : 50;
    int descriptors = argc > 2 ? atoi(argv[2]) : 40;
    int rounds = argc > 3 ? atoi(argv[3]) : 500;
    socklen_t len = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&address, len) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &len) < 0 ||
        listen(listener, 4096) < 0)
        g_error("listen: %m");
    for (int i = 0; i < processes; i++)
        start_filler(descriptors);
    printf("%d processes, %d descriptors each\n%-20s %8s %8s %8s %s\n", processes,
           descriptors, "us", "median", "p90", "p99", "found");
    fflush(stdout);
    /* Whoever connects is mostly newer than the rest. */
    if (fork() == 0) {
        measure("seen before", rounds, true);
        measure("never seen, newest", rounds, false);
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    return 0;
}
