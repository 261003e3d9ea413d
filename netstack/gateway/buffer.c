/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/buffer.h"

/* A head and a small body: growing to it by doubling would take eight allocations. */
#define FIRST_BYTES 2048

size_t
bns_buffer_len(const BnsBuffer *buffer)
{
    return buffer->bytes == NULL ? 0 : buffer->bytes->len - buffer->start;
}

const char *
bns_buffer_at(const BnsBuffer *buffer)
{
    if (buffer->bytes == NULL)
        return "";
    return (const char *)buffer->bytes->data + buffer->start;
}

void
bns_buffer_consume(BnsBuffer *buffer, size_t len)
{
    g_return_if_fail(len <= bns_buffer_len(buffer));

    buffer->start += len;
    if (buffer->bytes == NULL || buffer->start < buffer->bytes->len)
        return;
    buffer->start = 0;
    g_byte_array_set_size(buffer->bytes, 0);
}

/* Used bytes are moved out of the way only once they are the larger part: each byte is
 * then moved at most once on average. */
static void
compact(BnsBuffer *buffer)
{
    if (buffer->start == 0 || buffer->start < bns_buffer_len(buffer))
        return;
    g_byte_array_remove_range(buffer->bytes, 0, (guint)buffer->start);
    buffer->start = 0;
}

/* The array to append to, made with room for @size bytes if there is none. */
static GByteArray *
tail(BnsBuffer *buffer, size_t size)
{
    if (buffer->bytes == NULL)
        buffer->bytes = g_byte_array_sized_new((guint)size);
    compact(buffer);
    return buffer->bytes;
}

GByteArray *
bns_buffer_tail(BnsBuffer *buffer)
{
    return tail(buffer, FIRST_BYTES);
}

void
bns_buffer_append(BnsBuffer *buffer, const void *bytes, size_t len)
{
    g_byte_array_append(bns_buffer_tail(buffer), bytes, (guint)len);
}

char *
bns_buffer_reserve(BnsBuffer *buffer, size_t size)
{
    GByteArray *bytes = tail(buffer, size);
    guint len = bytes->len;

    g_byte_array_set_size(bytes, len + (guint)size);
    return (char *)bytes->data + len;
}

void
bns_buffer_commit(BnsBuffer *buffer, size_t size, size_t filled)
{
    g_return_if_fail(filled <= size && size <= bns_buffer_len(buffer));

    g_byte_array_set_size(buffer->bytes, buffer->bytes->len - (guint)(size - filled));
}

void
bns_buffer_release(BnsBuffer *buffer)
{
    if (bns_buffer_len(buffer) == 0)
        bns_buffer_clear(buffer);
}

void
bns_buffer_clear(BnsBuffer *buffer)
{
    g_clear_pointer(&buffer->bytes, g_byte_array_unref);
    buffer->start = 0;
}
