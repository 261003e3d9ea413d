/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libslirp's buffers, as it asks for them. The program's own are in program.c.
 */
#include "netstack/tap/memory.h"

#include "netstack/tap/tap.h"
#include "tests/support/test.h"

#include <string.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#define SPACE_BYTES   (128 * 1024)
#define N_CONNECTIONS 100

#ifndef BNS_SANITIZED
/* As sbreserve() is called for a connection: a buffer for each direction, then both as long
 * as a whole number of segments. */
static void
reserve(gpointer *buffers)
{
    const gsize whole = (SPACE_BYTES / BNS_TAP_MSS + 1) * BNS_TAP_MSS;

    for (int i = 0; i < 2; i++)
        buffers[i] = g_realloc(NULL, SPACE_BYTES);
    for (int i = 0; i < 2; i++) {
        gpointer before = buffers[i];

        buffers[i] = g_realloc(before, whole);
        g_assert_true(buffers[i] == before);
    }
}

static void
test_not_moved(void)
{
    gpointer buffers[2 * N_CONNECTIONS];

    for (int i = 0; i < N_CONNECTIONS; i++)
        reserve(&buffers[2 * i]);
#ifdef __GLIBC__
    g_assert_cmpuint(mallinfo2().hblks, ==, 0);
#endif
    for (int i = 0; i < 2 * N_CONNECTIONS; i++)
        g_free(buffers[i]);
}
#endif

/* Otherwise it is GLib's. */
static void
test_other_sizes(void)
{
    static const gsize sizes[] = { 1, 1000, SPACE_BYTES - 1, 10 * SPACE_BYTES };
    char *memory = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
        memory = g_realloc(memory, sizes[i]);
        g_assert_true(i == 0 || memory[0] == 'x');
        memset(memory, 'x', sizes[i]);
    }
    g_assert_null(g_realloc(memory, 0));
    g_assert_null(g_realloc(NULL, 0));
}

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    bns_memory_set_up();
#ifndef BNS_SANITIZED
    if (!bns_test_under_valgrind())
        bns_test_add("/tap/memory/buffers-lie-in-the-heap-and-stay", test_not_moved);
#endif
    bns_test_add("/tap/memory/other-sizes-are-as-ever", test_other_sizes);
    return g_test_run();
}
