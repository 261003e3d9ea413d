/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Namespaces: the two user namespaces and what surrounds them.
 *
 * The outer one owns the net, mount, pid, ipc, uts and cgroup namespaces; init stays in
 * it with all its capabilities. The command gets an inner one in which it is its own
 * user: a capability that it gains in a namespace below has no power over any of ours.
 *
 * Plain C. Linux 5.2 is needed here and in mounts.c (open_tree(2), move_mount(2)).
 */
#pragma once

#include "sandbox/fault.h"

#include <sys/types.h>

/* As fork(2), the child in all new namespaces. Returns: as fork, or -errno. */
pid_t bns_namespaces_clone(void);

/* In the child: becomes uid and gid 0 of its user namespace, the only ones in it. */
bool bns_namespaces_map_root(uid_t uid, gid_t gid, BnsFault *fault);

/* Enters a user namespace below in which root of this one is @uid and @gid again, and
 * gives up every capability for good, with all ways to get one back by exec. */
bool bns_namespaces_enter_inner(uid_t uid, gid_t gid, BnsFault *fault);

/**
 * bns_namespaces_forbid_more:
 *
 * No user namespace can be made below the command's, which is the next one: the kernel
 * says ENOSPC. Beside the filter (sandbox/seccomp.h), which sees system calls only. As
 * root of the outer namespace, with /proc mounted and writable.
 */
bool bns_namespaces_forbid_more(BnsFault *fault);

/* The same of cgroup namespaces beyond @n, init's own counted. Without one that is his
 * nobody mounts a cgroup hierarchy. */
bool bns_namespaces_forbid_cgroups(unsigned n, BnsFault *fault);
