/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cgroup plan: whether this machine lets us hold limits of all of the command's processes
 * together, and how. Looks, and changes nothing.
 *
 * Four ways, the first that holds all that is wanted:
 *
 *  - OWN: version 2, we are alone in our cgroup and it was delegated to us: with systemd
 *    it says so by an attribute, which older ones set for services of the system alone;
 *  - SCOPE: version 2, the user's systemd makes a cgroup for us (root's: the system's);
 *  - BESIDE: version 2 without systemd: some cgroup above ours may be written to and has
 *    the controllers for what is below it. With systemd every cgroup has an owner;
 *  - V1: hierarchies of version 1 that may be written to, which is root's right.
 */
#pragma once

#include "policy/limits.h"

#include <glib.h>
#include <stdbool.h>

typedef enum {
    BNS_CGROUP_NONE,
    BNS_CGROUP_OWN,
    BNS_CGROUP_SCOPE,
    BNS_CGROUP_BESIDE,
    BNS_CGROUP_V1,
    BNS_N_CGROUP_KINDS,
} BnsCgroupKind;

/* What a controller of that name holds. */
typedef enum {
    BNS_CGROUP_MEMORY,
    BNS_CGROUP_PIDS,
    BNS_N_CGROUP_LIMITS,
} BnsCgroupLimit;

/* "memory", "pids". */
const char *bns_cgroup_controller(BnsCgroupLimit limit);

/**
 * BnsCgroupPlan:
 * @wants: what the session needs, or could use beside it
 * @dirs: owned; in which a cgroup is to be made, the same for both but with version 1;
 *        %NULL: that limit is not held, or SCOPE
 * @holds: which limits can be held
 */
typedef struct {
    BnsCgroupKind kind;
    bool wants[BNS_N_CGROUP_LIMITS];
    char *dirs[BNS_N_CGROUP_LIMITS];
    bool holds[BNS_N_CGROUP_LIMITS];
} BnsCgroupPlan;

void bns_cgroup_plan_clear(BnsCgroupPlan *plan);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BnsCgroupPlan, bns_cgroup_plan_clear)

/* For @limits; nothing is looked for if rlimits hold all of them (sandbox/rlimits.h). */
void bns_cgroup_plan_find(const BnsProcessLimits *limits, BnsCgroupPlan *out_plan);
/* For both limits, whatever the policy says. */
void bns_cgroup_plan_find_all(BnsCgroupPlan *out_plan);

/* Returns: (static) (nullable): what of @limits is not what it says, as a line. */
const char *
bns_cgroup_plan_notice(const BnsCgroupPlan *plan, const BnsProcessLimits *limits);

/* Returns: whether limits.processes holds root's processes, if given; a limit that holds
 * nothing must not look like one. */
bool bns_cgroup_plan_check(const BnsCgroupPlan *plan,
                           const BnsProcessLimits *limits,
                           GError **error);

/**
 * bns_cgroup_plan_is_open:
 *
 * Whether our user may write to a cgroup that we are in. A process that may make a cgroup
 * namespace and mount the hierarchy there (nested: full) sees that cgroup as its root, and
 * could then limit, freeze or kill all that is in it, ourselves and whoever started us.
 * With nsdelegate, as systemd mounts version 2, the kernel keeps it from that.
 *
 * Returns: true, too, if that cannot be found out, as in a container that does not show
 *          its cgroup
 */
bool bns_cgroup_plan_is_open(void);

/* Returns: (transfer full) (nullable): the file's text. At most 1 MiB. */
char *bns_cgroup_read(const char *dir, const char *file);
/* Whether the words of the file, separated by white space, have @word. */
bool bns_cgroup_file_has(const char *dir, const char *file, const char *word);
/* Returns: (transfer full) (nullable): the directory of @pid's cgroup of version 2. */
char *bns_cgroup_dir_of(pid_t pid);

/* Returns: (transfer full): the socket of the systemd that is asked for a scope. */
char *bns_cgroup_manager_socket(void);
