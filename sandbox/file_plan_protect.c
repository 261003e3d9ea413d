/* SPDX-License-Identifier: Apache-2.0 */
/* What the host executes later, in what the command may write. */
#include "sandbox/file_plan_private.h"
#include "sandbox/file_protect.h"
#include "sandbox/sight.h"
#include "sandbox/tree.h"

#include <string.h>

/* Whether the policy makes @path writable by an entry for something below @root. */
static bool
is_given(const BnsFilePlanning *planning, const char *root, const char *path)
{
    const GPtrArray *entries = planning->files->entries;

    for (guint i = 0; i < entries->len; i++) {
        const BnsFileEntry *entry = entries->pdata[i];
        g_autoptr(GPtrArray) paths = NULL;

        if (entry->kind != BNS_FILE_WRITE)
            continue;
        paths = bns_file_names_expand(planning->names, entry->path);
        for (guint j = 0; j < paths->len; j++) {
            g_autofree char *real = bns_file_names_resolve(paths->pdata[j]);

            if (real != NULL && strcmp(real, root) != 0 &&
                bns_tree_is_within(real, root) && bns_tree_is_within(path, real))
                return true;
        }
    }
    return false;
}

static void
pin_all(BnsFilePlanning *planning, const char *root, BnsProtectPlace place)
{
    g_autoptr(GPtrArray) found = bns_file_protect_find(root, place);

    for (guint i = 0; i < found->len; i++) {
        if (is_given(planning, root, found->pdata[i]))
            continue;
        bns_file_plan_pin(planning, "default", "pinned", found->pdata[i]);
    }
}

static void
protect_homes(BnsFilePlanning *planning, const char *root)
{
    for (guint i = 0; i < planning->names->homes->len; i++)
        if (bns_tree_is_within(planning->names->homes->pdata[i], root))
            pin_all(planning, planning->names->homes->pdata[i], BNS_PROTECT_HOME);
}

/* Of a repository that lies outside of what is otherwise writable. */
static void
protect_repository(BnsFilePlanning *planning, const char *dir)
{
    g_autofree char *hooks = g_build_filename(dir, "hooks", NULL);

    if (bns_sight_is(hooks, S_IFDIR))
        bns_file_plan_pin(planning, "default", "pinned", hooks);
}

/* A home is too large to be looked through, and its owner's programs change it. */
static void
protect_root(BnsFilePlanning *planning, const char *root, bool is_repository)
{
    if (bns_file_names_hold_home(planning->names, root)) {
        protect_homes(planning, root);
        return;
    }
    if (is_repository)
        protect_repository(planning, root);
    else
        pin_all(planning, root, BNS_PROTECT_PROJECT);
    g_ptr_array_add(planning->plan->watched, g_strdup(root));
}

static void
add_all(BnsFilePlanning *planning)
{
    const char *workdir = planning->names->workdir;

    for (guint i = 0; i < planning->mounts->len; i++) {
        const BnsPlannedMount *mount =
            &g_array_index(planning->mounts, BnsPlannedMount, i);

        if (mount->access == BNS_VIEW_WRITE)
            protect_root(planning, mount->path, strcmp(mount->origin.name, "git") == 0);
    }
    if (planning->plan->view.is_shared) {
        protect_homes(planning, "/");
        if (bns_file_plan_find_mount(planning, workdir) == NULL &&
            !bns_file_names_hold_home(planning->names, workdir))
            protect_root(planning, workdir, false);
    }
}

/* To review, all of it may be changed: it is a layer that is. */
void
bns_file_plan_add_pins(BnsFilePlanning *planning)
{
    if (!bns_file_plan_is_review(planning))
        add_all(planning);
    g_ptr_array_add(planning->plan->watched, NULL);
}
