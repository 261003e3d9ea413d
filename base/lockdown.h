/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lock-down: what each helper process may still do after it said ready.
 *
 * One table (lockdown.c) names the rights of every role: its namespaces, the number of
 * descriptors, and a seccomp allow-list; a call outside it kills the process, and so
 * ends the session. Enter it after everything was opened and before a byte from the
 * command is read.
 *
 * The command's own filter is another thing: sandbox/seccomp.h.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#define BNS_LOCKDOWN_ERROR (bns_lockdown_error_quark())
GQuark bns_lockdown_error_quark(void);

/**
 * BnsRole:
 * @BNS_ROLE_RECORDER: one open file; no network, no file system
 * @BNS_ROLE_RESOLVER: host network and a read-only file system for getaddrinfo(3)
 * @BNS_ROLE_GATEWAY: host network (connect, and accept from what was bound before), an
 *                    empty root
 * @BNS_ROLE_NETSTACK: an empty network namespace, an empty root but for its unix socket
 */
typedef enum {
    BNS_ROLE_RECORDER,
    BNS_ROLE_RESOLVER,
    BNS_ROLE_GATEWAY,
    BNS_ROLE_NETSTACK,
    BNS_N_ROLES,
} BnsRole;

/**
 * bns_lockdown_isolate:
 *
 * First half: own user, mount, IPC (and for roles without a network, network)
 * namespaces, an empty read-only tmpfs as root (not for the resolver), descriptor
 * limit, no core, not dumpable. Call it single-threaded. @role's process may still
 * open sockets and make files in its own root where the role says so (netstack: "/run",
 * writable until bns_lockdown_enter()).
 */
bool bns_lockdown_isolate(BnsRole role, GError **error);

/* Second half: no capability, no_new_privs, seccomp. Nothing is opened after this. */
bool bns_lockdown_enter(BnsRole role, GError **error);
