/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cgroup place: where in the file system our own cgroup is, by what the kernel says of us
 * (cgroups(7): /proc/PID/cgroup, /proc/PID/mountinfo). Pure.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/**
 * BnsCgroupPlace:
 * @mount: owned; where the hierarchy is mounted
 * @dir: owned; the cgroup's directory, below @mount or @mount itself
 * @is_read_only: @mount is
 * @is_fenced: mounted with nsdelegate
 * @is_whole: @mount shows all that our cgroup namespace has
 */
typedef struct {
    char *mount;
    char *dir;
    bool is_read_only;
    bool is_fenced;
    bool is_whole;
} BnsCgroupPlace;

void bns_cgroup_place_clear(BnsCgroupPlace *place);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BnsCgroupPlace, bns_cgroup_place_clear)

/**
 * bns_cgroup_place_find:
 * @cgroups: text of /proc/PID/cgroup
 * @mounts: text of our mountinfo
 * @controller: (nullable): of version 1; %NULL: the hierarchy of version 2
 *
 * Of several mounts the last that shows the cgroup, rather one that is not read-only.
 *
 * Returns: whether there is one; when not, @out_place is empty
 */
bool bns_cgroup_place_find(const char *cgroups,
                           const char *mounts,
                           const char *controller,
                           BnsCgroupPlace *out_place);
