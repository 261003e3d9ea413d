/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"

#include <unistd.h>

#define CHUNK_BYTES (64 * 1024)

GByteArray *
bns_bytes_read(int fd, size_t max)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    guint8 chunk[CHUNK_BYTES];
    ssize_t n;

    while (bytes->len <= max &&
           (n = TEMP_FAILURE_RETRY(
                read(fd, chunk, MIN(sizeof(chunk), max + 1 - bytes->len)))) != 0) {
        if (n < 0)
            return NULL;
        g_byte_array_append(bytes, chunk, (guint)n);
    }
    return g_steal_pointer(&bytes);
}
