/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Supervisor: starts the helpers, then the command, and ends with its status.
 */
#pragma once

#include "audit/recorder.h"
#include "netstack/gateway/proxy.h"
#include "policy/policy.h"
#include "sandbox/cgroup.h"
#include "sandbox/exit_status.h"
#include "sandbox/init.h"
#include "sandbox/layer_store.h"
#include "sandbox/options.h"
#include "sandbox/review_store.h"

typedef struct {
    const BnsOptions *options; /* borrowed, as all here */
    BnsPolicy *policy;
    const BnsPolicySource *source; /* what the policy is made by */
    const BnsPolicyTexts *texts;   /* and what it was made of */
    const GPtrArray *resolves;  /* of BnsResolve, from options->resolve and host_port */
    const GPtrArray *published; /* of BnsPublished */
    BnsProxies *proxies;        /* without credentials once the gateway was started */
    BnsAuditFile *audit;
    BnsReview *review; /* locked; NULL: nothing is to be reviewed */
    const BnsSessionStart *start;
    const char *const *watched;   /* directories, as of sandbox/file_plan.h */
    const char *const *persisted; /* files, the same (sandbox/persist.h) */
    GHashTable *git_keys;         /* of them (sandbox/file_protect.h) */
    GHashTable *originals; /* the same (sandbox/originals.h); NULL: what was changed
                                 * is reported, not moved */
    const char *const *sockets;   /* real paths of those that the command may reach */
    BnsStreams *streams;          /* of the command */
    BnsCgroup *cgroup;            /* made, unless systemd is to make it */
    BnsLayerStore *layer_store;   /* made, if the layers lie in it */
    BnsInitConfig init;           /* all but its descriptors */
    const char *netstack_path;    /* bns_programs_find_netstack() */
    BnsLogLevel helper_log_level; /* of the other processes */
} BnsSession;

/* Runs the session to its end. Must be called single-threaded. Returns: the exit status;
 * when a signal ended the command, does not return but ends by the same signal. */
int bns_supervisor_run(const BnsSession *session);
