/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File descriptors: ownership, and passing them over a unix socket.
 *
 * Plain C, async-signal-safe: usable between fork and exec. Errors are -errno.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Closes *@fd if it is not negative and makes it -1. Keeps errno. */
void bns_fd_clear(int *fd);

/* A descriptor that closes itself at the end of its scope; hand it over with
 * g_steal_fd(). */
#define bns_autofd __attribute__((cleanup(bns_fd_clear))) int

/* A connected pair of AF_UNIX SOCK_SEQPACKET sockets, both CLOEXEC. 0 or -errno. */
int bns_fd_pair(int out_pair[2]);

/* 0 or -errno. */
int bns_fd_set_nonblocking(int fd, bool nonblocking);

/* Lets @fd survive exec (clears FD_CLOEXEC). 0 or -errno. */
int bns_fd_keep_on_exec(int fd);

/**
 * bns_fd_send:
 * @sock: a SEQPACKET unix socket
 * @fd: a descriptor to pass along (still owned by the caller), or -1
 *
 * Sends one message, without SIGPIPE. Returns: 0, or -errno (-EAGAIN if @sock is
 * non-blocking and full).
 */
int bns_fd_send(int sock, const void *message, size_t len, int fd);

/**
 * bns_fd_receive:
 * @size: size of @buffer in bytes
 * @out_fd: (transfer full) (nullable): the descriptor that came along, CLOEXEC, or -1;
 *          with %NULL a descriptor that comes along is closed
 *
 * Returns: the length of the message, 0 at the end of the stream, or -errno
 *          (-EMSGSIZE if the message was longer than @size).
 */
ssize_t bns_fd_receive(int sock, void *buffer, size_t size, int *out_fd);

/* Writes all of @buffer to a blocking @fd, restarting after signals. 0 or -errno. */
int bns_fd_write_all(int fd, const void *buffer, size_t len);

/* Writes all that is left of @from to a blocking @to, but of at most @max bytes, since it may
 * grow as fast as it is read. 0 or -errno (-EFBIG: there is more). */
int bns_fd_copy(int from, int to, size_t max);

/* Closes every descriptor from @first up (close_range(2), /proc/self/fd otherwise). */
void bns_fd_close_from(int first);
