/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Canary: what the host puts up for `boundary-ns verify` to reach from inside: sockets
 * that answer whoever asks with a byte, and descriptors that somebody forgot to close.
 */
#pragma once

#include "sandbox/command_plan.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct BnsCanary BnsCanary;

/**
 * bns_canary_new:
 * @workdir: where two of its sockets are, if the user may make them there
 *
 * Returns: (transfer full): or %NULL with @error set. Another one lies in /tmp.
 */
BnsCanary *bns_canary_new(const char *workdir, GError **error);
void bns_canary_free(BnsCanary *canary);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsCanary, bns_canary_free)

/* (transfer full): the arguments of boundary-ns-probes, from @program on. @plan:
 * (nullable): of the policy's programs. */
GStrv bns_canary_arguments(const BnsCanary *canary,
                           const char *program,
                           int victim,
                           const BnsCommandPlan *plan);

/* In the child that becomes the session, or runs the attempts: a descriptor of each kind
 * is there to be inherited, and standard input is a socket. Async-signal-safe. Returns:
 * whether they are. */
bool bns_canary_leave_open(void);

/* Answers until @fd ends; the socket that appears late does so with the first bytes from
 * it. Returns: (transfer full): what was read from it, at most a MiB. */
char *bns_canary_serve(BnsCanary *canary, int fd);
