/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stream.c (socket, loop) and stream_tls.c (TLS) share.
 */
#pragma once

#include "netstack/gateway/stream.h"

struct BnsStream {
    BnsLoop *loop;   /* borrowed */
    int fd;          /* owned */
    BnsWatch *watch; /* owned; NULL once a hang-up was told and nothing is wanted */
    BnsTimer *again; /* owned; runs while there are bytes that epoll cannot see */
    BnsStreamFunc on_ready;
    void *data;

    bool reading; /* as the owner wants */
    bool writing;
    bool handshaking;
    uint32_t handshake_events;
    bool read_needs_write; /* the last TLS read waits for the socket to take bytes */
    bool write_needs_read;

    /* The socket had no more, and the loop, which has watched for some since, has told of
     * none. */
    bool exhausted;
    bool drained; /* the last read or peek took all there was */
    bool
        undelivered; /* TLS: an end or a failure was found behind bytes that were read */
    bool hung_up;
    bool aborted;
    bool at_end;            /* the socket said end of file */
    bool said_close_notify; /* TLS only */
    ssize_t read_failure;   /* 0, ERROR or TRUNCATED: what every later call returns */
    ssize_t write_failure;

    SSL *ssl;   /* owned; NULL while plain */
    SSL *outer; /* owned; what @ssl runs inside, or NULL */

    uint8_t *peeked; /* owned: read from the socket, not yet from us; or NULL */
    size_t peeked_size;
    size_t peeked_at;
    size_t peeked_len;

    bool has_more; /* within one write of TLS: another record follows this one */
    int io_errno;  /* of the socket, within one call of OpenSSL */
    int error_no;  /* of the last failure */
    char error[160];
};

/* stream.c */

/* Bytes from the socket, the peeked ones first. Returns: a count, 0 at the end, or
 * -errno. */
ssize_t bns_stream_receive(BnsStream *stream, void *buffer, size_t size);
/* A count, or -errno. */
ssize_t bns_stream_send(BnsStream *stream, const void *buffer, size_t len);
/* Notes the failure for bns_stream_error(). Returns: ERROR. */
ssize_t bns_stream_fail_errno(BnsStream *stream, int error_no);
/* Watches for what the state asks for. */
void bns_stream_update(BnsStream *stream);

/* stream_tls.c */
ssize_t bns_stream_tls_read(BnsStream *stream, void *buffer, size_t size);
ssize_t bns_stream_tls_write(BnsStream *stream, const void *buffer, size_t len);
/* Sends close_notify. 1, AGAIN or ERROR. */
ssize_t bns_stream_tls_close(BnsStream *stream);
