/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Buffer: bytes that were read and not yet used, or made and not yet written.
 *
 * A queue in one piece of memory: parsers want their bytes in a row. It allocates at the
 * first byte and releases its memory when it is emptied for good (bns_buffer_release()),
 * so that an idle connection holds none. How much may be in it is its user's business:
 * every filler names a limit.
 */
#pragma once

#include <glib.h>
#include <stddef.h>

/* All zero is an empty buffer. */
typedef struct {
    GByteArray *bytes; /* owned; NULL until the first byte */
    size_t start;      /* bytes before it are used up */
} BnsBuffer;

size_t bns_buffer_len(const BnsBuffer *buffer);
/* The first unused byte. Valid until the buffer changes. */
const char *bns_buffer_at(const BnsBuffer *buffer);
/* Forgets the first @len bytes. */
void bns_buffer_consume(BnsBuffer *buffer, size_t len);
void bns_buffer_append(BnsBuffer *buffer, const void *bytes, size_t len);
/* (transfer none) The array to append to, for writers that take one. */
GByteArray *bns_buffer_tail(BnsBuffer *buffer);

/* Room for @size bytes behind the last; say with bns_buffer_commit() how many of them
 * were filled. */
char *bns_buffer_reserve(BnsBuffer *buffer, size_t size);
void bns_buffer_commit(BnsBuffer *buffer, size_t size, size_t filled);

/* Gives the memory back if the buffer is empty. */
void bns_buffer_release(BnsBuffer *buffer);
/* Forgets everything and gives the memory back. */
void bns_buffer_clear(BnsBuffer *buffer);
