/* SPDX-License-Identifier: Apache-2.0 */
/*
 * boundary-ns-probes: what `boundary-ns verify` runs in the sandbox. Prints a line for
 * each attempt (verify_probes.h) and the line "end": without it not all were tried.
 *
 *     boundary-ns-probes inside|outside PID ABSTRACT PATH WORK LATE TCP_PORT UDP_PORT
 *         TCP6_PORT UDP6_PORT allow|any [DENIED-PROGRAM...]
 */
#include "sandbox/verify_probes.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* One that hangs tells nothing. */
#define ATTEMPT_S 10

/* Each in a process of its own: what one got hold of, the next has not, and what the
 * kernel kills it for ends one alone. */
static BnsVerified
attempt(const BnsVerifyRow *row, const BnsVerifyWorld *world)
{
    int status = 0;
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        alarm(ATTEMPT_S);
        _exit((int)row->run(row, world));
    }
    if (pid < 0 || waitpid(pid, &status, 0) < 0)
        return BNS_VERIFIED_UNTESTABLE;
    if (WIFSIGNALED(status))
        return WTERMSIG(status) == SIGSYS ? BNS_VERIFIED_HELD : BNS_VERIFIED_UNTESTABLE;
    return WEXITSTATUS(status) < BNS_N_VERIFIED ? (BnsVerified)WEXITSTATUS(status)
                                                : BNS_VERIFIED_UNTESTABLE;
}

static void
try_row(const BnsVerifyRow *row, const BnsVerifyWorld *world)
{
    BnsVerified verified = attempt(row, world);

    printf("%s\t%s\t%s\t%s\t%s\n", bns_verified_name(verified), row->group, row->name,
           row->subject != NULL ? row->subject : "-", row->needs_root ? "root" : "-");
}

static void
try_table(const BnsVerifyRow *rows, size_t n, const BnsVerifyWorld *world)
{
    for (size_t i = 0; i < n; i++)
        try_row(&rows[i], world);
}

static void
try_made(const BnsVerifyRow *(*row_at)(size_t i), const BnsVerifyWorld *world)
{
    const BnsVerifyRow *row;

    for (size_t i = 0; (row = row_at(i)) != NULL; i++)
        try_row(row, world);
}

static void
try_commands(const BnsVerifyWorld *world)
{
    const BnsVerifyRow *row;

    for (size_t i = 0; (row = bns_verify_command(world, i)) != NULL; i++)
        try_row(row, world);
}

int
main(int argc, char **argv)
{
    BnsVerifyWorld world;

    if (argc < 12) {
        fputs("boundary-ns-probes: boundary-ns verify starts this program\n", stderr);
        return 1;
    }
    world = (BnsVerifyWorld){ .is_outside = strcmp(argv[1], "outside") == 0,
                              .victim = (pid_t)atoi(argv[2]),
                              .abstract = argv[3],
                              .path = argv[4],
                              .work = argv[5],
                              .late = argv[6],
                              .tcp_port = (uint16_t)atoi(argv[7]),
                              .udp_port = (uint16_t)atoi(argv[8]),
                              .tcp6_port = (uint16_t)atoi(argv[9]),
                              .udp6_port = (uint16_t)atoi(argv[10]),
                              .is_allow_list = strcmp(argv[11], "allow") == 0,
                              .denied = (const char *const *)argv + 12 };
    try_table(bns_verify_calls, bns_n_verify_calls, &world);
    try_table(bns_verify_processes, bns_n_verify_processes, &world);
    try_table(bns_verify_inherited, bns_n_verify_inherited, &world);
    try_table(bns_verify_sockets, bns_n_verify_sockets, &world);
    try_table(bns_verify_ipv6, bns_n_verify_ipv6, &world);
    try_table(bns_verify_files, bns_n_verify_files, &world);
    try_made(bns_verify_hidden, &world);
    try_made(bns_verify_variable, &world);
    try_commands(&world);
    puts("end");
    return fflush(stdout) == 0 ? 0 : 1;
}
