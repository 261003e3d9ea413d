/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Canary: what the host puts up for `boundary-ns verify` to reach from inside: sockets
 * that answer whoever asks with a byte.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct BnsCanary BnsCanary;

/* Returns: (transfer full): or %NULL with @error set. Its path lies in /tmp. */
BnsCanary *bns_canary_new(GError **error);
void bns_canary_free(BnsCanary *canary);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsCanary, bns_canary_free)

/* (transfer full): the arguments of boundary-ns-probes, from @program to its ports. */
GStrv bns_canary_arguments(const BnsCanary *canary, const char *program, int victim);

/* Answers until @fd ends. Returns: (transfer full): what was read from it, at most a
 * MiB. */
char *bns_canary_serve(BnsCanary *canary, int fd);
