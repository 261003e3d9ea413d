/* SPDX-License-Identifier: Apache-2.0 */
#include "netstack/tap/memory.h"

#include "netstack/tap/tap.h"

#include <features.h>
#include <glib.h>
#include <stdlib.h>
#include <sys/prctl.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

/* libslirp's TCP_SNDSPACE and TCP_RCVSPACE, and what it adds at most. */
#define BUFFER_BYTES (128 * 1024)
#define ROOM_BYTES   (BUFFER_BYTES + BNS_TAP_MSS)

/* What is mapped, what the heap grows by, and what of its top goes back at once. */
#define MAP_FROM_BYTES (8 * ROOM_BYTES)
#define TOP_BYTES      (1024 * 1024)
#define KEEP_BYTES     (16 * 1024 * 1024)

gpointer
g_realloc(gpointer memory, gsize size)
{
    gpointer result;

    if (size == 0) {
        free(memory);
        return NULL;
    }
    if (size >= BUFFER_BYTES && size < ROOM_BYTES)
        size = ROOM_BYTES;
    result = realloc(memory, size);
    if (result == NULL)
        g_error("could not allocate %" G_GSIZE_FORMAT " bytes", size);
    return result;
}

void
bns_memory_set_up(void)
{
    /* A page of 2 MiB for a few bytes in each of them would be all the memory there is. */
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, MAP_FROM_BYTES);
    mallopt(M_TOP_PAD, TOP_BYTES);
    mallopt(M_TRIM_THRESHOLD, KEEP_BYTES);
#endif
}
