/* SPDX-License-Identifier: Apache-2.0 */
/* Files that outlive a directory that does not. */
#include "base/text.h"
#include "sandbox/file_plan_private.h"
#include "sandbox/private_trees.h"
#include "sandbox/rebuild.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Each is a descriptor in a message, and one in the supervisor at the end. */
#define PERSISTED_MAX 64

/* Returns: (transfer full): what exists above @path. */
static char *
find_directory(const char *path)
{
    char *dir = g_path_get_dirname(path);

    while (!g_file_test(dir, G_FILE_TEST_EXISTS)) {
        char *above = g_path_get_dirname(dir);

        g_free(dir);
        dir = above;
    }
    return dir;
}

/* What is the host's and writable is kept as it is; but in a directory that is rebuilt
 * nothing can be replaced. */
static bool
is_kept_anyway(const BnsFilePlanning *planning, const char *dir)
{
    const BnsPlannedMount *mount = bns_file_plan_find_mount(planning, dir);
    bool is_writable = mount != NULL ? mount->access == BNS_VIEW_WRITE
                                     : planning->plan->view.is_shared;

    return is_writable && !g_ptr_array_find_with_equal_func(planning->plan->rebuilt,
                                                            dir, g_str_equal, NULL);
}

/* Returns: what is wrong with the entry, whatever is on this machine, or %NULL. */
static const char *
find_fault(const BnsFilePlanning *planning, const char *path, const char *dir)
{
    if (bns_file_names_are_own(path))
        return "is the sandbox's own";
    if (strcmp(dir, "/") == 0 || bns_private_trees_contain(dir) ||
        (bns_private_trees_cover(dir) &&
         bns_file_plan_find_mount(planning, dir) == NULL))
        return "lies in a directory that the sandbox makes itself";
    if (bns_file_view_hides(&planning->plan->view, path))
        return "is hidden";
    if (g_file_test(path, G_FILE_TEST_IS_DIR) &&
        !g_file_test(path, G_FILE_TEST_IS_SYMLINK))
        return "is a directory: name it below write, or the files in it";
    return NULL;
}

/* Returns: why what is there now cannot be kept, or %NULL. */
static const char *
find_objection(const char *path, const char *dir)
{
    struct stat info;

    if (!bns_file_names_may_change(dir))
        return "you may not write to its directory";
    if (lstat(path, &info) < 0)
        return errno == ENOENT ? NULL : "it cannot be looked at";
    if (S_ISLNK(info.st_mode))
        return "it is a symbolic link; name the file that it leads to";
    if (!S_ISREG(info.st_mode))
        return "it is no regular file";
    if (info.st_size > BNS_REBUILD_COPY_LARGE_MAX)
        return "it is too large";
    return access(path, R_OK) == 0 ? NULL : "you may not read it";
}

static void
say_not_kept(BnsFilePlan *plan, const char *path, const char *why)
{
    g_autofree char *shown = bns_text_escape(path, -1);
    g_autofree char *notice =
        g_strdup_printf("what the command makes of %s is not kept: %s", shown, why);

    if (!g_ptr_array_find_with_equal_func(plan->notices, notice, g_str_equal, NULL))
        g_ptr_array_add(plan->notices, g_steal_pointer(&notice));
}

/* A preset's. What a policy hides is nobody's loss. */
static void
pass_over(BnsFilePlanning *planning, const char *path, const char *fault)
{
    g_autofree char *why = g_strconcat("it ", fault, NULL);

    if (!bns_file_view_hides(&planning->plan->view, path))
        say_not_kept(planning->plan, path, why);
}

static bool
take(BnsFilePlanning *planning,
     const char *path,
     const char *dir,
     const BnsFileOrigin *origin,
     GError **error)
{
    GPtrArray *persisted = planning->plan->persisted;

    if (g_ptr_array_find_with_equal_func(persisted, path, g_str_equal, NULL))
        return true;
    if (persisted->len >= PERSISTED_MAX)
        return bns_file_plan_fail(error, "%s: more than %d files to persist",
                                  origin->name, PERSISTED_MAX);
    g_ptr_array_add(persisted, g_strdup(path));
    g_hash_table_insert(planning->plan->origins, g_strdup(path),
                        g_strdup(origin->name));
    bns_file_plan_note(planning->plan, origin->name,
                       bns_file_kind_name(BNS_FILE_PERSIST), path);
    bns_file_plan_rebuild(planning, dir);
    return true;
}

static bool
add_entry(BnsFilePlanning *planning,
          BnsFileKind kind,
          const char *path,
          const BnsFileOrigin *origin,
          GError **error)
{
    g_autofree char *real = NULL;
    g_autofree char *dir = NULL;
    const char *why;

    if (kind != BNS_FILE_PERSIST)
        return true;
    real = bns_file_names_resolve_parent(path);
    dir = find_directory(real);
    if (is_kept_anyway(planning, dir))
        return true;
    why = find_fault(planning, real, dir);
    if (why != NULL && origin->is_preset) {
        pass_over(planning, real, why);
        return true;
    }
    if (why != NULL)
        return bns_file_plan_fail(error, "%s: %s %s", origin->name, real, why);
    why = find_objection(real, dir);
    if (why == NULL)
        return take(planning, real, dir, origin, error);
    say_not_kept(planning->plan, real, why);
    return true;
}

bool
bns_file_plan_add_persisted(BnsFilePlanning *planning, GError **error)
{
    BnsFilePlan *plan = planning->plan;
    guint n;

    /* What is rebuilt for one may be where another would have been kept anyway. */
    do {
        n = plan->persisted->len;
        if (!bns_file_plan_each(planning, add_entry, error))
            return false;
    } while (plan->persisted->len != n);
    g_ptr_array_add(plan->persisted, NULL);
    plan->view.persisted = (const char *const *)plan->persisted->pdata;
    return true;
}
