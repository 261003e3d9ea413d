/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/gateway/http2_memory.h"
#include "tests/support/test.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LARGE (16 * 1024)

static bool
has_own_pages(const void *block)
{
    return (uintptr_t)block % (uintptr_t)sysconf(_SC_PAGESIZE) == 0;
}

/* Whatever grows or shrinks keeps its bytes, wherever it lies. */
static void
test_moved(void)
{
    static const size_t sizes[] = { LARGE, 3 * LARGE, LARGE, 10, LARGE - 1, LARGE, 1 };
    BnsHttp2Memory memory = { 0 };
    nghttp2_mem functions = bns_http2_memory_functions(&memory);
    char *block = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        block = functions.realloc(block, sizes[i], functions.mem_user_data);
        if (i == 0)
            block[0] = 'x';
        g_assert_cmpint(block[0], ==, 'x');
        memset(block + 1, (int)i, sizes[i] - 1);
        if (i < 3)
            g_assert_true(has_own_pages(block));
    }
    functions.free(block, functions.mem_user_data);
    bns_http2_memory_clear(&memory);
}

static void
test_zeroed(void)
{
    static const size_t sizes[] = { 10, LARGE - 1, LARGE, 5 * LARGE };
    BnsHttp2Memory memory = { 0 };
    nghttp2_mem functions = bns_http2_memory_functions(&memory);

    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        char *block = functions.calloc(sizes[i], 1, functions.mem_user_data);

        for (size_t at = 0; at < sizes[i]; at++)
            g_assert_cmpint(block[at], ==, 0);
        functions.free(block, functions.mem_user_data);
    }
    g_assert_null(functions.calloc(SIZE_MAX / 2, 4, functions.mem_user_data));
    functions.free(NULL, functions.mem_user_data);
    bns_http2_memory_clear(&memory);
}

/* What is freed is gone: its page can no longer be asked about. */
static void
test_given_back(void)
{
    BnsHttp2Memory memory = { 0 };
    nghttp2_mem functions = bns_http2_memory_functions(&memory);
    void *block = functions.malloc(LARGE, functions.mem_user_data);
    unsigned char in_core;

    g_assert_cmpint(mincore(block, 1, &in_core), ==, 0);
    functions.free(block, functions.mem_user_data);
    g_assert_cmpint(mincore(block, 1, &in_core), ==, -1);
    bns_http2_memory_clear(&memory);
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 10);
    bns_test_add("/gateway/http2-memory/bytes-move-along", test_moved);
    bns_test_add("/gateway/http2-memory/zeroed", test_zeroed);
    bns_test_add("/gateway/http2-memory/given-back", test_given_back);
    return g_test_run();
}
