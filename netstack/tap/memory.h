/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory: where libslirp's buffers come from.
 *
 * libslirp has two of 128 KiB for each connection, and makes them longer by a fraction as
 * soon as it knows the size of segments. Mapped one by one, as malloc(3) would have it,
 * that is two mappings, two moves and two unmappings for each connection, most of them with
 * a flush of the other processor's TLB: half of a connection's time. From the heap, where
 * they lie among others, the moves would copy what nobody has written yet, and so make all
 * of it resident.
 *
 * So they come from the heap, with room for the fraction from the beginning. A page is only
 * taken when something is written to it, as before, and pages go back when a crowd of
 * connections has left (base/crowd.h).
 *
 * libslirp has no hook for that. It calls GLib's g_realloc(), and finds ours, which does
 * the same otherwise: a program's symbols come first (ld.so(8)). So this is linked into
 * netstack's program alone.
 */
#pragma once

/* Before libslirp is used. */
void bns_memory_set_up(void);
