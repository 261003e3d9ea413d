/* SPDX-License-Identifier: Apache-2.0 */
/* What is written to layers, to be looked at before it reaches the host. */
#include "sandbox/aliases.h"
#include "sandbox/file_plan_private.h"
#include "sandbox/review_store.h"
#include "sandbox/sight.h"
#include "sandbox/tree.h"

#include <errno.h>
#include <string.h>

bool
bns_file_plan_is_review(const BnsFilePlanning *planning)
{
    return planning->files->review == BNS_FILES_REVIEW_ON;
}

bool
bns_file_plan_is_reviewed(const BnsFilePlanning *planning, const char *path)
{
    const BnsPlannedMount *mount = bns_file_plan_is_review(planning)
                                       ? bns_file_plan_find_mount(planning, path)
                                       : NULL;

    return mount != NULL && mount->access == BNS_VIEW_WRITE;
}

/* The kernel shows no lower layer without what is mounted in it. */
static char *
find_mount_below(BnsFilePlanning *planning, const char *path)
{
    if (planning->mountinfo == NULL &&
        !g_file_get_contents("/proc/self/mountinfo", &planning->mountinfo, NULL,
                             NULL)) {
        bns_sight_note("/proc/self/mountinfo", EIO);
        return NULL;
    }
    return bns_aliases_find_below(planning->mountinfo, path);
}

static bool
lies_in_another(const BnsFilePlanning *planning, const BnsPlannedMount *mount)
{
    for (guint i = 0; i < planning->mounts->len; i++) {
        const BnsPlannedMount *other =
            &g_array_index(planning->mounts, BnsPlannedMount, i);

        if (other != mount && other->access == BNS_VIEW_WRITE &&
            bns_tree_is_within(mount->path, other->path))
            return true;
    }
    return false;
}

static bool
check_tree(BnsFilePlanning *planning, const BnsPlannedMount *mount, GError **error)
{
    g_autofree char *below = NULL;
    const char *why = NULL;

    if (!bns_sight_is(mount->path, S_IFDIR))
        why = "is no directory: name the one that it lies in";
    else if (bns_file_plan_holds_ours(planning->places, mount->path))
        why = "holds boundary-ns's own files: name a directory in it";
    else if (bns_file_names_hold_home(planning->names, mount->path))
        why = "holds a home: name a directory in it";
    else if (lies_in_another(planning, mount))
        why = "lies in another directory that is written to";
    else
        below = find_mount_below(planning, mount->path);
    if (why != NULL)
        return bns_file_plan_fail(error, "review: %s (%s) %s", mount->path,
                                  mount->origin.name, why);
    return below == NULL ||
           bns_file_plan_fail(error,
                              "review: a file system is mounted in %s (%s), at %s: "
                              "unmount it, or name directories beside it in write:",
                              mount->path, mount->origin.name, below);
}

bool
bns_file_plan_check_review(BnsFilePlanning *planning, GError **error)
{
    guint n = 0;

    if (!bns_file_plan_is_review(planning))
        return true;
    if (planning->plan->view.is_shared)
        return bns_file_plan_fail(error,
                                  "review: everything is writable (mode: shared); use "
                                  "mode: workspace, and write: for what else is to be");
    for (guint i = 0; i < planning->mounts->len; i++) {
        const BnsPlannedMount *mount =
            &g_array_index(planning->mounts, BnsPlannedMount, i);

        if (mount->access != BNS_VIEW_WRITE)
            continue;
        n++;
        if (!check_tree(planning, mount, error))
            return false;
    }
    return n <= BNS_REVIEW_TREES_MAX ||
           bns_file_plan_fail(error, "review: more than %d directories to write to",
                              BNS_REVIEW_TREES_MAX);
}

/* Its name is the command's to make, but what it makes must not take the place of what it
 * was not to see. */
static void
add_masked(BnsFilePlan *plan, const char *path)
{
    if (bns_file_view_hides(&plan->view, path) &&
        !g_ptr_array_find_with_equal_func(plan->masked, path, g_str_equal, NULL))
        g_ptr_array_add(plan->masked, g_strdup(path));
}

void
bns_file_plan_add_masked(BnsFilePlanning *planning)
{
    BnsFilePlan *plan = planning->plan;

    for (guint i = 0; i < plan->rules->len; i++) {
        const BnsViewRule *rule = &g_array_index(plan->rules, BnsViewRule, i);
        g_autofree char *dir = g_path_get_dirname(rule->path);
        g_autoptr(GPtrArray) matches = NULL;

        if (!rule->is_hidden || !bns_file_plan_is_reviewed(planning, dir))
            continue;
        matches = bns_file_names_match(rule->path);
        for (guint j = 0; j < matches->len; j++)
            add_masked(plan, matches->pdata[j]);
        if (strchr(rule->path + rule->dir_len, '*') == NULL)
            add_masked(plan, rule->path);
    }
    g_ptr_array_add(plan->masked, NULL);
}
