/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spawn: the processes of a session and the sockets between them.
 *
 * All are started at once, while the supervisor has one thread, and none waits for
 * another: what a helper needs from another comes in messages.
 *
 *                 control (base/ready.h)      life pipe        others
 *     recorder    supervisor (two)            of its own       gateway, netstack, init
 *     resolver    supervisor                  session's        gateway
 *     gateway     supervisor                  session's        netstack, recorder, resolver
 *     netstack    supervisor                  session's        gateway, recorder
 *     init        supervisor                  session's        gateway (base/owner.h,
 *                                                              base/lend.h), recorder
 *
 * The recorder has a life pipe of its own: it outlives the others by their last records.
 */
#pragma once

#include "sandbox/init.h"
#include "sandbox/supervisor.h"

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

#define BNS_SPAWN_ERROR (bns_spawn_error_quark())
GQuark bns_spawn_error_quark(void);

typedef enum {
    BNS_HELPER_RECORDER,
    BNS_HELPER_RESOLVER,
    BNS_HELPER_GATEWAY,
    BNS_HELPER_NETSTACK,
    BNS_HELPER_INIT,
    BNS_N_HELPERS,
} BnsHelper;

/* "gateway", ... */
const char *bns_helper_name(BnsHelper helper);

typedef struct {
    pid_t pids[BNS_N_HELPERS];   /* 0: not started */
    int controls[BNS_N_HELPERS]; /* owned; our ends, non-blocking; -1: none */
    int life_fd;                 /* owned; closing it ends all but the recorder */
    int recorder_life_fd;        /* owned; closing it ends the recorder */
    int records_fd;              /* owned; to the recorder (audit/client.h) */
} BnsSpawn;

/**
 * bns_spawn_all:
 *
 * Returns: whether all were started; when not, @error names the first that was not and
 *          @out_spawn holds those before it
 */
bool bns_spawn_all(const BnsSession *session, BnsSpawn *out_spawn, GError **error);
