/* SPDX-License-Identifier: Apache-2.0 */
#include "base/crowd.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void
test_few(void)
{
    BnsCrowd crowd = { .least = 10 };

    bns_crowd_came(&crowd, 9);
    g_assert_false(bns_crowd_left(&crowd, 0));
}

static void
test_once(void)
{
    BnsCrowd crowd = { .least = 10 };

    bns_crowd_came(&crowd, 79);
    bns_crowd_came(&crowd, 80);
    bns_crowd_came(&crowd, 20);
    g_assert_false(bns_crowd_left(&crowd, 11));
    g_assert_true(bns_crowd_left(&crowd, 10));
    g_assert_false(bns_crowd_left(&crowd, 2));
}

/* Those that stay count among the next. */
static void
test_again(void)
{
    BnsCrowd crowd = { .least = 10 };

    bns_crowd_came(&crowd, 800);
    g_assert_true(bns_crowd_left(&crowd, 100));
    g_assert_false(bns_crowd_left(&crowd, 13));
    g_assert_true(bns_crowd_left(&crowd, 12));
}

/* A sanitizer's malloc is another one, and so is valgrind's. */
#if defined(__GLIBC__) && !defined(BNS_SANITIZED)
#include <malloc.h>

#define BLOCKS      64
#define BLOCK_BYTES (256 * 1024)

static size_t
resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    unsigned long pages = 0;

    g_assert_nonnull(file);
    g_assert_cmpint(fscanf(file, "%*u %lu", &pages), ==, 1);
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* free(3) keeps all of it here. */
static void
test_memory(void)
{
    BnsCrowd crowd = { .least = 1 };
    void *blocks[BLOCKS];
    size_t full;

    mallopt(M_MMAP_THRESHOLD, 2 * BLOCK_BYTES);
    mallopt(M_TRIM_THRESHOLD, 2 * BLOCKS * BLOCK_BYTES);
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = g_malloc(BLOCK_BYTES);
        explicit_bzero(blocks[i], BLOCK_BYTES); /* compilers leave memset(3) out */
    }
    bns_crowd_came(&crowd, BLOCKS);
    for (int i = 0; i < BLOCKS; i++)
        g_free(blocks[i]);
    full = resident_bytes();
    g_assert_true(bns_crowd_left(&crowd, 0));
    g_assert_cmpuint(resident_bytes() + (size_t)BLOCKS / 2 * BLOCK_BYTES, <, full);
}

#endif

int
main(int argc, char **argv)
{
    bns_test_init(&argc, &argv, 20);
    bns_test_add("/base/crowd/few-are-none", test_few);
    bns_test_add("/base/crowd/leaves-once", test_once);
    bns_test_add("/base/crowd/who-stays-counts-again", test_again);
#if defined(__GLIBC__) && !defined(BNS_SANITIZED)
    if (!bns_test_under_valgrind())
        bns_test_add("/base/crowd/pages-go-back", test_memory);
#endif
    return g_test_run();
}
