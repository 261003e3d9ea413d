/* SPDX-License-Identifier: Apache-2.0 */
/* What differs from what is around it: writable, private, read-only. */
#include "sandbox/file_git.h"
#include "sandbox/file_plan_private.h"
#include "sandbox/private_trees.h"
#include "sandbox/sight.h"
#include "sandbox/tree.h"
#include "sandbox/views.h"

#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

/* The program's own directories are protected where they are; a working directory that
 * holds them would still leave their names to the command. */
bool
bns_file_plan_holds_ours(const BnsPlaces *places, const char *path)
{
    const char *const dirs[] = { places->config_dir, places->home_config_dir,
                                 places->coder_dir, places->state_dir };

    for (size_t i = 0; i < G_N_ELEMENTS(dirs); i++) {
        g_autofree char *real =
            dirs[i] != NULL ? bns_file_names_resolve_parent(dirs[i]) : NULL;

        if (real != NULL && bns_tree_is_within(real, path))
            return true;
    }
    return false;
}

/* Returns: why @path cannot be written to whatever is asked for, or %NULL. */
static const char *
find_fault(const char *path)
{
    if (strcmp(path, "/") == 0)
        return "is everything: use mode: shared";
    if (bns_file_names_are_own(path))
        return "is the sandbox's own";
    if (bns_private_trees_contain(path))
        return "is private in the sandbox; name a directory below it";
    return NULL;
}

static void
take_mount(BnsFilePlanning *planning,
           const char *path,
           BnsViewAccess access,
           const BnsFileOrigin *origin)
{
    const BnsPlannedMount mount = { g_strdup(path), access, *origin };

    g_array_append_val(planning->mounts, mount);
}

/* Only what is named exists, or must. */
static bool
skip_absent(const char *path, const BnsFileOrigin *origin, GError **error)
{
    if (origin->is_default || !g_str_has_prefix(origin->name, "--"))
        return true;
    return bns_file_plan_fail(error, "%s: %s does not exist", origin->name, path);
}

static bool
add_write(BnsFilePlanning *planning,
          const char *path,
          const BnsFileOrigin *origin,
          GError **error)
{
    const char *fault = find_fault(path);

    if (fault != NULL)
        return bns_file_plan_fail(error, "%s: %s %s", origin->name, path, fault);
    /* Shared files are writable; what a private directory covers must be shown in it. */
    if (!planning->plan->view.is_shared || bns_private_trees_cover(path))
        take_mount(planning, path, BNS_VIEW_WRITE, origin);
    return true;
}

/* The table's caches are shared with the rest. */
static void
add_private(BnsFilePlanning *planning, const char *path, const BnsFileOrigin *origin)
{
    if (origin->is_ceiling ? !bns_private_trees_cover(path)
                           : !origin->is_default || !planning->plan->view.is_shared)
        take_mount(planning, path, BNS_VIEW_PRIVATE, origin);
}

static void
add_read_only(BnsFilePlanning *planning, const char *path, const BnsFileOrigin *origin)
{
    bns_file_plan_pin(planning, origin->name, "read_only", path);
    if (bns_private_trees_cover(path) && !origin->is_ceiling)
        take_mount(planning, path, BNS_VIEW_READ_ONLY, origin);
}

static bool
is_socket(const char *path)
{
    struct stat info;

    return lstat(path, &info) == 0 && S_ISSOCK(info.st_mode);
}

/* Shown where its directory is private or made anew, too. One that the host makes later
 * is reachable if its directory is to be seen. */
static bool
add_socket(BnsFilePlanning *planning,
           const char *path,
           const BnsFileOrigin *origin,
           GError **error)
{
    g_autofree char *real = bns_file_names_resolve(path);

    if (real != NULL && !is_socket(real))
        return bns_file_plan_fail(error, "%s: %s is no socket", origin->name, real);
    if (real != NULL)
        take_mount(planning, real, BNS_VIEW_READ_ONLY, origin);
    else
        real = bns_file_names_resolve_parent(path);
    bns_file_plan_note(planning->plan, origin->name, "socket", real);
    g_hash_table_insert(planning->plan->origins, g_strdup(real),
                        g_strdup(origin->name));
    g_ptr_array_add(planning->plan->sockets, g_steal_pointer(&real));
    return true;
}

static bool
is_allowed_socket(const BnsFilePlan *plan, const char *path)
{
    for (guint i = 0; i < plan->sockets->len; i++)
        if (g_strcmp0(plan->sockets->pdata[i], path) == 0)
            return true;
    return false;
}

static bool
add_entry(BnsFilePlanning *planning,
          BnsFileKind kind,
          const char *path,
          const BnsFileOrigin *origin,
          GError **error)
{
    g_autofree char *real = NULL;

    if (kind == BNS_FILE_HIDE || kind == BNS_FILE_SHOW || kind == BNS_FILE_PERSIST)
        return true;
    if (kind == BNS_FILE_SOCKET)
        return add_socket(planning, path, origin, error);
    real = bns_file_names_resolve(path);
    if (real == NULL)
        return skip_absent(path, origin, error);
    if (origin->is_preset && (is_socket(real) || find_fault(real) != NULL))
        return true;
    if (!origin->is_default && !origin->is_ceiling && is_socket(real))
        return bns_file_plan_fail(
            error, "%s: %s is a socket: name it in sockets:", origin->name, real);
    if (kind == BNS_FILE_WRITE)
        return add_write(planning, real, origin, error);
    if (kind == BNS_FILE_READ_ONLY)
        add_read_only(planning, real, origin);
    else
        add_private(planning, real, origin);
    return true;
}

/* Returns: why the working directory is not writable unless it is named, or %NULL. */
static const char *
find_objection(const BnsFilePlanning *planning)
{
    const char *workdir = planning->names->workdir;

    if (bns_file_names_is_home(planning->names, workdir))
        return "it is your home";
    if (bns_file_names_hold_home(planning->names, workdir))
        return "your home is in it";
    if (bns_file_plan_holds_ours(planning->places, workdir))
        return "boundary-ns keeps its own files in it";
    return bns_file_names_are_own(workdir) || strcmp(workdir, "/") == 0
               ? "it is the system's"
               : NULL;
}

/* Or nothing could be committed. */
static void
add_repositories(BnsFilePlanning *planning)
{
    static const BnsFileOrigin origin = { "git", true, false };
    g_autoptr(GPtrArray) found = bns_file_git_find(planning->names);

    for (guint i = 0; i < found->len; i++)
        bns_file_plan_call(planning, add_entry, BNS_FILE_WRITE, found->pdata[i],
                           &origin, NULL);
}

static void
add_workdir(BnsFilePlanning *planning)
{
    static const BnsFileOrigin origin = { "workdir", true, false };
    const char *workdir = planning->names->workdir;
    const char *objection = find_objection(planning);

    if (bns_private_trees_contain(workdir))
        return;
    if (objection == NULL) {
        bns_file_plan_call(planning, add_entry, BNS_FILE_WRITE, workdir, &origin, NULL);
        add_repositories(planning);
        return;
    }
    if (!planning->plan->view.is_shared)
        g_ptr_array_add(
            planning->plan->notices,
            g_strdup_printf("the command cannot write to %s: %s; cd to a project, or "
                            "name what it may write by --write",
                            workdir, objection));
}

static int
compare(gconstpointer a, gconstpointer b)
{
    const BnsPlannedMount *left = a, *right = b;

    return strcmp(left->path, right->path);
}

const BnsPlannedMount *
bns_file_plan_find_mount(const BnsFilePlanning *planning, const char *path)
{
    const BnsPlannedMount *found = NULL;

    for (guint i = 0; i < planning->mounts->len; i++) {
        const BnsPlannedMount *mount =
            &g_array_index(planning->mounts, BnsPlannedMount, i);

        if (bns_tree_is_within(path, mount->path))
            found = mount;
    }
    return found;
}

/* What is the same as what is around it need not be mounted, and what the policy makes
 * writable stays so. A home that is writable as a whole has no private caches. */
static bool
is_needless(const BnsPlannedMount *mount, const BnsPlannedMount *around)
{
    if (around == NULL)
        return false;
    if (strcmp(mount->path, around->path) == 0 || mount->access == around->access)
        return mount->access == around->access || mount->origin.is_default;
    return mount->origin.is_default && around->access == BNS_VIEW_WRITE;
}

/* Sorted, each path once: the last of equal ones, but for defaults. */
static void
sort_mounts(BnsFilePlanning *planning)
{
    GArray *all = planning->mounts;

    g_array_sort(all, compare); /* stable */
    planning->mounts = g_array_new(FALSE, FALSE, sizeof(BnsPlannedMount));
    for (guint i = 0; i < all->len; i++) {
        BnsPlannedMount *mount = &g_array_index(all, BnsPlannedMount, i);
        const BnsPlannedMount *around = bns_file_plan_find_mount(planning, mount->path);
        guint n = planning->mounts->len;

        if (is_needless(mount, around)) {
            g_free(mount->path);
        } else if (around != NULL && strcmp(around->path, mount->path) == 0) {
            g_free(g_array_index(planning->mounts, BnsPlannedMount, n - 1).path);
            g_array_index(planning->mounts, BnsPlannedMount, n - 1) = *mount;
        } else {
            g_array_append_val(planning->mounts, *mount);
        }
    }
    g_array_set_clear_func(all, NULL);
    g_array_unref(all);
}

bool
bns_file_plan_add_mounts(BnsFilePlanning *planning, GError **error)
{
    static const BnsFileOrigin by_default = { "workdir", true, false };
    const char *workdir = planning->names->workdir;

    if (!planning->files->has_write)
        add_workdir(planning);
    if (!bns_file_plan_each(planning, add_entry, error))
        return false;
    sort_mounts(planning);
    if (!bns_file_plan_check_review(planning, error))
        return false;
    /* It is seen in any case. */
    if (bns_private_trees_cover(workdir) &&
        bns_file_plan_find_mount(planning, workdir) == NULL) {
        take_mount(planning, workdir, BNS_VIEW_READ_ONLY, &by_default);
        g_array_sort(planning->mounts, compare);
    }
    return true;
}

/* --- what rebuilt directories do to it --- */

static void
emit(BnsFilePlanning *planning, const BnsPlannedMount *mount, bool is_rebuilt)
{
    static const char *const kinds[] = { [BNS_VIEW_READ_ONLY] = "read_only",
                                         [BNS_VIEW_WRITE] = "write",
                                         [BNS_VIEW_PRIVATE] = "private",
                                         [BNS_VIEW_REVIEW] = "review" };
    BnsFilePlan *plan = planning->plan;
    bool is_reviewed =
        mount->access == BNS_VIEW_WRITE && bns_file_plan_is_review(planning);
    const BnsViewMount view = { g_strdup(mount->path),
                                is_reviewed ? BNS_VIEW_REVIEW : mount->access,
                                is_rebuilt, g_strdup(mount->origin.name),
                                mount->origin.why };

    g_ptr_array_add(plan->strings, (gpointer)(uintptr_t)view.path);
    g_ptr_array_add(plan->strings, (gpointer)(uintptr_t)view.origin);
    g_array_append_val(plan->mounts, view);
    if (!is_allowed_socket(plan, mount->path))
        bns_file_plan_note(plan, mount->origin.name, kinds[view.access], mount->path);
}

/* A layer over a directory would show what is hidden in it: each of its directories gets
 * one of its own. */
static void
emit_layers_in(BnsFilePlanning *planning, const BnsPlannedMount *mount, const char *dir)
{
    const BnsFileView *view = &planning->plan->view;
    g_autoptr(GPtrArray) names = bns_sight_names(dir);

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_build_filename(dir, names->pdata[i], NULL);
        BnsPlannedMount part = { path, mount->access, mount->origin };

        if (bns_sight_is_link(path) || !bns_sight_is(path, S_IFDIR))
            continue;
        if (bns_file_view_rebuilds(view, path))
            emit_layers_in(planning, mount, path);
        else if (!bns_file_view_hides(view, path) &&
                 bns_file_plan_find_mount(planning, path) == mount)
            emit(planning, &part, false);
    }
}

/* Or somebody would look for his files afterwards. */
static void
warn_of_rebuilt(BnsFilePlanning *planning, const BnsPlannedMount *mount)
{
    if (mount->access == BNS_VIEW_WRITE &&
        bns_file_view_rebuilds(&planning->plan->view, mount->path))
        g_ptr_array_add(planning->plan->notices,
                        g_strdup_printf("what the command makes directly in %s is not "
                                        "kept, since something in it is hidden",
                                        mount->path));
}

static bool
emit_mount(BnsFilePlanning *planning, const BnsPlannedMount *mount, GError **error)
{
    const BnsFileView *view = &planning->plan->view;
    bool is_rebuilt = bns_file_view_rebuilds_within(view, mount->path);
    bool is_directory = bns_sight_is(mount->path, S_IFDIR);
    g_autofree char *dir = g_path_get_dirname(mount->path);

    if (mount->origin.is_preset && bns_file_view_hides(view, mount->path))
        return true;
    if (bns_file_view_hides(view, mount->path))
        return mount->origin.is_default || mount->origin.is_ceiling ||
               bns_file_plan_fail(error, "%s: %s is hidden", mount->origin.name,
                                  mount->path);
    if (is_rebuilt && bns_file_plan_is_reviewed(planning, mount->path))
        return bns_file_plan_fail(error,
                                  "review: in %s is a private directory that holds "
                                  "something hidden: hide the directory",
                                  mount->path);
    if (mount->access != BNS_VIEW_PRIVATE || (is_directory && !is_rebuilt)) {
        warn_of_rebuilt(planning, mount);
        emit(planning, mount, is_rebuilt);
        return true;
    }
    if (is_directory || bns_file_view_rebuilds(view, dir)) {
        emit(planning, mount, true); /* its files are copied */
        emit_layers_in(planning, mount, mount->path);
        return true;
    }
    return mount->origin.is_default || mount->origin.is_ceiling ||
           mount->origin.is_preset ||
           bns_file_plan_fail(error,
                              "%s: %s can be private only together with its directory",
                              mount->origin.name, mount->path);
}

static int
compare_views(gconstpointer a, gconstpointer b)
{
    const BnsViewMount *left = a, *right = b;

    return strcmp(left->path, right->path);
}

bool
bns_file_plan_finish_mounts(BnsFilePlanning *planning, GError **error)
{
    BnsFilePlan *plan = planning->plan;
    const char *workdir = planning->names->workdir;

    if (bns_file_view_hides(&plan->view, workdir))
        return bns_file_plan_fail(error, "the working directory %s is hidden", workdir);
    for (guint i = 0; i < planning->mounts->len; i++)
        if (!emit_mount(planning, &g_array_index(planning->mounts, BnsPlannedMount, i),
                        error))
            return false;
    g_array_sort(plan->mounts, compare_views);
    if (plan->mounts->len > BNS_VIEWS_MAX)
        return bns_file_plan_fail(error, "files: more than %d directories of their own",
                                  BNS_VIEWS_MAX);
    plan->view.mounts = (const BnsViewMount *)(void *)plan->mounts->data;
    plan->view.n_mounts = plan->mounts->len;
    return true;
}
