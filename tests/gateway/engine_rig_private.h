/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the rig's files share.
 */
#pragma once

#include "netstack/gateway/gateway.h"
#include "tests/gateway/engine_rig.h"

#include <glib.h>
#include <openssl/x509.h>
#include <stdbool.h>

/* Offered to hear an answer; what is recorded of it is nobody's business. */
#define SYNC_HOST "192.0.2.1"

/* Of the recorder's next answer, and all behind it. */
typedef enum {
    RIG_HOLD_NONE,
    RIG_HOLD_NEXT,
    RIG_HOLD_HELD,
} RigHold;

struct Rig {
    BnsPolicy *policy;          /* owned */
    GPtrArray *resolves;        /* owned, of owned BnsResolve */
    const char *upstream_ca[2]; /* borrowed */
    BnsProxies *proxies;        /* owned; NULL: none */
    BnsGatewayConfig config;
    int wire_pair[2]; /* [0] is ours, [1] the engine's, as in all pairs */
    int recorder_pair[2];
    int resolver_pair[2];
    int life[2];
    unsigned n_turns; /* atomic; of the engine's loop */
    pid_t pid;        /* of the gateway's process; 0: there is none, but a thread */
    int control_pair[2];
    GThread *engine_thread;
    GThread *recorder_thread;
    GThread *resolver_thread;
    GThread *netstack_thread;

    GMutex mutex; /* over all below */
    GCond cond;
    X509 *ca;           /* owned; the engine's */
    GPtrArray *records; /* owned, of owned RigRecord */
    guint taken[BNS_N_EVENTS];
    RigHold hold;
    guint n_syncs;      /* notes of SYNC_HOST that the recorder has taken */
    uint64_t n_written; /* answers of the recorder */
    bool is_deaf;       /* the recorder is gone */
    GHashTable *flows;  /* owned, id -> owned RigSeen */
    uint64_t last_id;
    bool lets_unknown;
    char *failure; /* owned; the engine's, once it has ended */
    guint n_left;
};

/* What netstack knows of a flow. */
typedef struct {
    uint64_t id;
    bool has_verdict;
    BnsWireVerdict verdict;
    int fd; /* borrowed: the command's end */
    bool is_reset;
    bool is_closed;
} RigSeen;

/* What the engine makes a reloaded policy by. */
extern const BnsPolicySource rig_reload_source;

/* The netstack thread's main. */
gpointer rig_run_netstack(gpointer rig);
/* The same of the recorder's. */
gpointer rig_run_recorder(gpointer rig);

/* A RigRecord. */
void rig_record_free(gpointer record);
