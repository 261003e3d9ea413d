/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sock diag: the kernel's list of unix sockets that somebody could be connected to, by
 * the inode that each lies at in a file system (sock_diag(7)).
 *
 * Only those of one network namespace are listed. A connected stream has its listener's
 * inode and leads to its other end alone, so it is left out.
 *
 * Pure; plain C.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The request for the list. @with_connected: the kernel counts a datagram socket among the
 * connected ones once somebody has connected to it. */
#define BNS_SOCK_DIAG_REQUEST_BYTES 40
void bns_sock_diag_request(bool with_connected,
                           uint8_t out_request[BNS_SOCK_DIAG_REQUEST_BYTES]);

/* The answer comes in datagrams of at most this many bytes: the kernel fills what the
 * reader offers, up to here. */
#define BNS_SOCK_DIAG_ANSWER_BYTES 32768

/* What a name can have in bytes: that of unix(7). */
#define BNS_SOCK_DIAG_NAME_MAX 108

/**
 * BnsHostSocket:
 * @cookie: no other socket since the machine was started has it
 * @major, @minor: of the file system, as in /proc/self/mountinfo: st_dev may be another
 * @inode: the lower 32 bits of st_ino
 * @name: as it was bound: it may be relative to whatever directory, and the socket may
 *        lie elsewhere by now; "": not told
 */
typedef struct {
    uint64_t cookie;
    uint32_t major, minor;
    uint32_t inode;
    char name[BNS_SOCK_DIAG_NAME_MAX + 1];
} BnsHostSocket;

/* A number that stands for a file of a file system. */
int64_t bns_sock_diag_key(unsigned major_number, unsigned minor_number, uint32_t inode);

typedef enum {
    BNS_SOCK_DIAG_MORE, /* another datagram follows */
    BNS_SOCK_DIAG_DONE,
    BNS_SOCK_DIAG_BAD, /* what a kernel does not say */
} BnsSockDiag;

/**
 * bns_sock_diag_parse:
 * @answer: one datagram
 * @func: called with each socket that has an inode
 * @out_error: the kernel's errno if it refuses, with BNS_SOCK_DIAG_DONE; else 0
 */
BnsSockDiag bns_sock_diag_parse(const uint8_t *answer,
                                size_t len,
                                void (*func)(void *data, const BnsHostSocket *found),
                                void *data,
                                int *out_error);
