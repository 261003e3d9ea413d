/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `boundary-ns verify` tries inside the sandbox, as tables: each row is one attempt
 * that must fail there. boundary-ns-probes (verify_main.c) runs them, each in a process of
 * its own, and prints a line for each:
 *
 *     STATE \t GROUP \t NAME \t SUBJECT \t root|-
 *
 * Outside of a sandbox the same attempts succeed (tests/e2e/verify.c), but for those that
 * need root there, and what the machine does not have.
 *
 * An attempt does no harm where it succeeds: files are opened and nothing is written,
 * calls get arguments that they cannot use.
 *
 * Plain C.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * BnsVerified:
 * @BNS_VERIFIED_HELD: the attempt failed as it should
 * @BNS_VERIFIED_OPEN: it succeeded
 * @BNS_VERIFIED_UNTESTABLE: there is nothing to attempt here
 */
typedef enum {
    BNS_VERIFIED_HELD,
    BNS_VERIFIED_OPEN,
    BNS_VERIFIED_UNTESTABLE,
    BNS_N_VERIFIED,
} BnsVerified;

/* "held", "open", "untestable" */
const char *bns_verified_name(BnsVerified verified);

/* What the host put up for the attempts to reach: each answers with a byte. */
typedef struct {
    bool is_outside; /* "no such thing" means that there is none, not that it is kept */
    pid_t victim;    /* a process that is not the command's: inside it is init */
    const char *abstract;        /* name of a Unix socket */
    const char *path;            /* of another, in the host's /tmp */
    const char *work, *late;     /* of others, in the working directory; "-": none. The
                                  * second is made when the first attempt is over. */
    uint16_t tcp_port, udp_port; /* of 127.0.0.1 */
    uint16_t tcp6_port, udp6_port; /* of ::1; 0: none */
    bool is_allow_list;            /* the policy names what alone may be executed */
    const char *const *denied;     /* NULL-terminated: what it denies to execute */
} BnsVerifyWorld;

typedef struct BnsVerifyRow BnsVerifyRow;
struct BnsVerifyRow {
    const char *group, *name;
    BnsVerified (*run)(const BnsVerifyRow *row, const BnsVerifyWorld *world);
    long number; /* what @run takes */
    long arguments[6];
    const char *subject; /* nullable: a path or a variable, for the policy to explain */
    bool needs_root;     /* to succeed outside */
};

extern const BnsVerifyRow bns_verify_calls[], bns_verify_sockets[], bns_verify_ipv6[],
    bns_verify_inherited[], bns_verify_files[], bns_verify_processes[];
extern const size_t bns_n_verify_calls, bns_n_verify_sockets, bns_n_verify_ipv6,
    bns_n_verify_inherited, bns_n_verify_files, bns_n_verify_processes;

/* Rows that are made of the tables in data/: at @i, or %NULL after the last. Static, valid
 * until the next call. */
const BnsVerifyRow *bns_verify_hidden(size_t i);
const BnsVerifyRow *bns_verify_variable(size_t i);

/* The same of what the policy says of programs: none where it says nothing. */
const BnsVerifyRow *bns_verify_command(const BnsVerifyWorld *world, size_t i);

/* A name that the pattern of data/environment.inc matches, into @out_name. */
void bns_verify_variable_name(const char *pattern, char *out_name, size_t size);

/* Whether who listens at @address answers @fd, or -1. */
BnsVerified bns_verify_ask(int fd, const void *address, size_t len);

/* @r: of a system call: by what it said. A refusal is EPERM or EACCES. */
BnsVerified bns_verify_result(long r);
