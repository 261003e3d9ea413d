/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Netstack: the process at the other end of the command's only link.
 *
 * It holds no file, no secret and no network. Every frame is read once (frame.h); DNS is
 * answered here (dns.h), TCP is terminated by libslirp and its streams go to the gateway
 * (tcp.h), other UDP is refused by ICMP, the rest is dropped and counted.
 */
#pragma once

#include "audit/record.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#define BNS_NETSTACK_ERROR (bns_netstack_error_quark())
GQuark bns_netstack_error_quark(void);

/* Descriptors are borrowed. */
typedef struct {
    int control_fd; /* supervisor (base/ready.h) */
    int wire_fd;    /* gateway (netstack/wire.h) */
    int life_fd;
    /* Takes each record; may block. False: the recorder is gone, the session ends. */
    bool (*record)(const BnsRecord *record, void *data);
    void *record_data;
    size_t max_names;
    size_t max_flows;        /* and no more than RLIMIT_NOFILE has descriptors for */
    uint32_t flow_rate;      /* new ones in a second; 0: no limit */
    bool has_host;           /* host.boundary.internal exists in DNS */
    const char *socket_path; /* where libslirp meets us; nothing is there yet */
} BnsNetstackConfig;

typedef struct BnsNetstack BnsNetstack;

/**
 * bns_netstack_new:
 *
 * Waits for the link (TAP or PACKET) on the control socket, then opens everything that is
 * needed. The caller locks the process down and says READY before bns_netstack_run().
 *
 * Returns: (transfer full): or %NULL with @error set
 */
BnsNetstack *bns_netstack_new(const BnsNetstackConfig *config, GError **error);
void bns_netstack_free(BnsNetstack *netstack);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsNetstack, bns_netstack_free)

/* Serves until the life pipe ends. Returns: false if the gateway or the recorder went
 * first, or the gateway broke the rules of netstack/wire.h; that ends the session. */
bool bns_netstack_run(BnsNetstack *netstack, GError **error);

/* For tests: what is left behind. */
size_t bns_netstack_flows(const BnsNetstack *netstack);
size_t bns_netstack_entries(const BnsNetstack *netstack);
