/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cgroup: holds limits of all of the command's processes together.
 *
 * In each hierarchy that the plan names it makes
 *
 *     boundary-ns.PID        has the limits, and no process
 *     boundary-ns.PID/in     has the command and all that it starts
 *
 * The command's process enters `in` before it gives up its rights, and then makes the
 * cgroup namespace whose root that is: what it could mount of the hierarchy in a namespace
 * of its own does not show the limits. Init and the other processes of ours stay outside,
 * so that a command at its limit takes nothing from them, and the kernel ends none of them
 * for it.
 *
 * A directory is locked (flock(2)) as long as its session lives. Who removes it at the end:
 * a process that waits for the supervisor's, by whatever death, and for the last process
 * inside; if that is killed too, the next session. What systemd made it removes itself.
 */
#pragma once

#include "sandbox/cgroup_plan.h"

#include <stdint.h>
#include <sys/types.h>

typedef struct BnsCgroup BnsCgroup;

/* @plan: (transfer full): its strings. Makes nothing yet. */
BnsCgroup *bns_cgroup_new(BnsCgroupPlan *plan, const BnsProcessLimits *limits);
/* Removes what was made, unless bns_cgroup_release() did. */
void bns_cgroup_free(BnsCgroup *cgroup);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsCgroup, bns_cgroup_free)

const BnsCgroupPlan *bns_cgroup_plan(const BnsCgroup *cgroup);

/* How many cgroups the command's process is to enter. Known from the start. */
unsigned bns_cgroup_n_doors(const BnsCgroup *cgroup);

/* Makes the cgroups, unless the plan is SCOPE (or NONE). */
bool bns_cgroup_make(BnsCgroup *cgroup, GError **error);

/* The same once systemd has given @init, and nobody else, a cgroup. @init moves to one
 * below. */
bool bns_cgroup_make_in_scope(BnsCgroup *cgroup, pid_t init, GError **error);

/**
 * bns_cgroup_door:
 *
 * Returns: (transfer none): a descriptor: a process that writes "0" to it enters. -1: not
 *          made yet
 */
int bns_cgroup_door(const BnsCgroup *cgroup, unsigned index);

/* Starts the process that removes. Call it single-threaded. 0 or -errno. */
int bns_cgroup_keep(BnsCgroup *cgroup);

/* How often each limit was met so far: processes that were killed; processes that were not
 * made. */
uint64_t bns_cgroup_count(const BnsCgroup *cgroup, BnsCgroupLimit limit);

/* The session is over, and no process is left inside: everything is removed before this
 * returns. */
void bns_cgroup_release(BnsCgroup *cgroup);
