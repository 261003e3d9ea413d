/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/http2_memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Smaller ones gain nothing: the heap has no page of its own for them. */
#define LARGE_BYTES (16 * 1024)

static size_t
find(const BnsHttp2Memory *memory, const void *block)
{
    if (memory->blocks == NULL)
        return 0;
    return GPOINTER_TO_SIZE(g_hash_table_lookup(memory->blocks, block));
}

/* Zeroed, as fresh pages are. */
static void *
map(BnsHttp2Memory *memory, size_t size)
{
    void *block =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (block == MAP_FAILED)
        return NULL;
    if (memory->blocks == NULL)
        memory->blocks = g_hash_table_new(NULL, NULL);
    g_hash_table_insert(memory->blocks, block, GSIZE_TO_POINTER(size));
    return block;
}

static void *
on_malloc(size_t size, void *data)
{
    return size < LARGE_BYTES ? malloc(size) : map(data, size);
}

static void *
on_calloc(size_t n, size_t size, void *data)
{
    if (size == 0 || n < LARGE_BYTES / size)
        return calloc(n, size);
    return n > SIZE_MAX / size ? NULL : map(data, n * size);
}

static void
on_free(void *block, void *data)
{
    BnsHttp2Memory *memory = data;
    size_t size = find(memory, block);

    if (size == 0) {
        free(block);
        return;
    }
    g_hash_table_remove(memory->blocks, block);
    munmap(block, size);
}

static void *
on_realloc(void *block, size_t size, void *data)
{
    size_t old_size = find(data, block);
    void *moved;

    if (old_size == 0 && block != NULL)
        return realloc(block, size);
    moved = on_malloc(size, data);
    if (moved == NULL)
        return NULL;
    if (block != NULL)
        memcpy(moved, block, MIN(old_size, size));
    on_free(block, data);
    return moved;
}

nghttp2_mem
bns_http2_memory_functions(BnsHttp2Memory *memory)
{
    return (nghttp2_mem){ memory, on_malloc, on_free, on_calloc, on_realloc };
}

void
bns_http2_memory_clear(BnsHttp2Memory *memory)
{
    if (memory->blocks != NULL)
        g_return_if_fail(g_hash_table_size(memory->blocks) == 0);
    g_clear_pointer(&memory->blocks, g_hash_table_unref);
}
