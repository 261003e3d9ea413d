/* SPDX-License-Identifier: Apache-2.0 */
/* What is hidden, and which directories must be rebuilt for it. */
#include "base/text.h"
#include "sandbox/aliases.h"
#include "sandbox/file_plan_private.h"
#include "sandbox/private_trees.h"
#include "sandbox/sight.h"
#include "sandbox/tree.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

/* --- rules --- */

/* Makes the view's pointers follow its arrays. */
static void
refresh(BnsFilePlan *plan)
{
    plan->view.rules = (const BnsViewRule *)(void *)plan->rules->data;
    plan->view.n_rules = plan->rules->len;
}

static void
add_rule(BnsFilePlanning *planning,
         const char *path,
         bool is_hidden,
         const BnsFileOrigin *origin)
{
    BnsFilePlan *plan = planning->plan;
    BnsViewRule rule = { .is_hidden = is_hidden, .why = origin->why };

    /* Links and other mounts lead there, too. */
    if (!is_hidden && bns_file_plan_ceiling_hides(planning, path))
        return;
    rule.path = g_strdup(path);
    rule.dir_len = (size_t)(strrchr(path, '/') - path);
    rule.origin = g_strdup(origin->name);
    g_ptr_array_add(plan->strings, (gpointer)(uintptr_t)rule.path);
    g_ptr_array_add(plan->strings, (gpointer)(uintptr_t)rule.origin);
    g_array_append_val(plan->rules, rule);
    refresh(plan);
}

/* The way by a link is no other than the way by the name. What the user cannot change is
 * no secret of his, but a distribution's. */
static void
add_link_target(BnsFilePlanning *planning,
                const char *path,
                const char *target,
                bool is_hidden,
                const BnsFileOrigin *origin)
{
    g_autofree char *dir = g_path_get_dirname(target);

    if (strcmp(target, path) != 0 && bns_file_names_may_change(dir))
        add_rule(planning, target, is_hidden, origin);
}

static void
add_aliases(BnsFilePlanning *planning,
            const char *real,
            bool is_hidden,
            const BnsFileOrigin *origin)
{
    g_auto(GStrv) aliases = NULL;

    if (planning->mountinfo == NULL &&
        !g_file_get_contents("/proc/self/mountinfo", &planning->mountinfo, NULL, NULL))
        return bns_sight_note("/proc/self/mountinfo", EIO);
    aliases = bns_aliases_find(planning->mountinfo, real);
    for (char **alias = aliases; *alias != NULL; alias++)
        add_rule(planning, *alias, is_hidden, origin);
}

/* A project in which a variable names a file: to rebuild its directory would make
 * everything private that is saved there. */
static bool
is_in_workspace(const BnsFilePlanning *planning, const char *path)
{
    const BnsPlannedMount *mount = bns_file_plan_find_mount(planning, path);

    return mount != NULL && mount->access == BNS_VIEW_WRITE &&
           !bns_file_names_hold_home(planning->names, mount->path);
}

/* A default that cannot be had, or not at that price. */
static bool
is_passed_over(BnsFilePlanning *planning, const char *path)
{
    g_autofree char *dir = g_path_get_dirname(path);
    g_autoptr(GPtrArray) matches = NULL;

    if (!bns_file_names_are_own(path) &&
        (!is_in_workspace(planning, path) || bns_file_plan_is_reviewed(planning, dir)))
        return false;
    matches = bns_file_names_match(path);
    for (guint i = 0; i < matches->len; i++)
        g_ptr_array_add(planning->plan->notices,
                        g_strdup_printf("%s is not hidden: it lies %s",
                                        (const char *)matches->pdata[i],
                                        bns_file_names_are_own(path)
                                            ? "in a directory of the system"
                                            : "where the command may write"));
    return true;
}

bool
bns_file_plan_add_rules_of(BnsFilePlanning *planning,
                           BnsFileKind kind,
                           const char *path,
                           const BnsFileOrigin *origin,
                           GError **error)
{
    g_autofree char *real = bns_file_names_resolve_parent(path);
    bool is_hidden = kind == BNS_FILE_HIDE;
    g_autoptr(GPtrArray) matches = NULL;

    /* What is merely private by default is not thereby shown, nor what a system policy
     * restricts. */
    if (kind == BNS_FILE_READ_ONLY || kind == BNS_FILE_PRIVATE)
        if (origin->is_ceiling || (origin->is_default && kind == BNS_FILE_PRIVATE))
            return true;
    if (origin->is_default && is_hidden && is_passed_over(planning, real))
        return true;
    if (strcmp(real, "/") == 0)
        return !is_hidden ||
               bns_file_plan_fail(error, "%s: cannot hide /", origin->name);
    add_rule(planning, real, is_hidden, origin);
    if (is_hidden || (kind == BNS_FILE_SHOW && !origin->is_ceiling))
        bns_file_plan_note(planning->plan, origin->name, bns_file_kind_name(kind),
                           real);
    matches = bns_file_names_match(real);
    for (guint i = 0; i < matches->len; i++) {
        const char *match = matches->pdata[i];
        g_autofree char *target = bns_file_names_resolve(match);

        if (target == NULL)
            continue;
        add_link_target(planning, match, target, is_hidden, origin);
        add_aliases(planning, target, is_hidden, origin);
    }
    return true;
}

bool
bns_file_plan_add_rules(BnsFilePlanning *planning, GError **error)
{
    if (!bns_file_plan_each(planning, bns_file_plan_add_rules_of, error))
        return false;
    /* Among equally deep ones the last decides. */
    for (guint i = 0; i < planning->ceiling_rules->len; i++) {
        const BnsViewRule *rule =
            &g_array_index(planning->ceiling_rules, BnsViewRule, i);

        if (rule->is_hidden)
            g_array_append_vals(planning->plan->rules, rule, 1);
    }
    refresh(planning->plan);
    return true;
}

/* --- rebuilt directories --- */

static bool
is_rebuilt(const BnsFilePlanning *planning, const char *dir)
{
    return g_ptr_array_find_with_equal_func(planning->plan->rebuilt, dir, g_str_equal,
                                            NULL);
}

static void
take_rebuilt(BnsFilePlanning *planning, const char *dir)
{
    if (!is_rebuilt(planning, dir))
        g_ptr_array_add(planning->plan->rebuilt, g_strdup(dir));
}

/* Nobody but root renames what is in the directory above. A home is left in its place,
 * whoever owns what is above. */
static bool
is_top(const BnsFilePlanning *planning, const char *dir, const char *parent)
{
    return strcmp(parent, "/") == 0 || bns_private_trees_contain(parent) ||
           bns_file_names_is_home(planning->names, dir) ||
           (!bns_file_names_may_change(parent) &&
            !bns_file_names_hold_home(planning->names, dir));
}

void
bns_file_plan_rebuild(BnsFilePlanning *planning, const char *dir)
{
    g_autofree char *at = g_strdup(dir);
    /* With what is above it. */
    bool is_done = is_rebuilt(planning, dir);

    while (!is_done) {
        char *parent = g_path_get_dirname(at);

        take_rebuilt(planning, at);
        is_done = is_top(planning, at, parent);
        g_free(at);
        at = parent;
    }
}

/* What lies between two of them must be one, too: a directory is rebuilt by way of the
 * one above. */
static void
close_gaps(BnsFilePlanning *planning)
{
    GPtrArray *rebuilt = planning->plan->rebuilt;
    guint n = rebuilt->len;

    for (guint i = 0; i < n; i++)
        for (guint j = 0; j < n; j++) {
            const char *above = rebuilt->pdata[i];
            g_autofree char *at = g_strdup(rebuilt->pdata[j]);

            while (strcmp(at, above) != 0 && bns_tree_is_within(at, above)) {
                char *parent = g_path_get_dirname(at);

                take_rebuilt(planning, at);
                g_free(at);
                at = parent;
            }
        }
}

/* Below a private tree there is only what is shown in it. */
static bool
is_seen(const BnsFilePlanning *planning, const char *dir)
{
    if (bns_private_trees_contain(dir))
        return false;
    return !bns_private_trees_cover(dir) ||
           bns_file_plan_find_mount(planning, dir) != NULL;
}

/* Whether a rule hides something that its directory would show. In `mode: shared` what
 * does not exist is not worth a directory of its own. */
static bool
hides_something(const BnsFilePlanning *planning, const BnsViewRule *rule)
{
    const BnsFileView *view = &planning->plan->view;
    g_autoptr(GPtrArray) matches = NULL;

    if (!view->is_shared && bns_file_view_hides(view, rule->path))
        return true;
    matches = bns_file_names_match(rule->path);
    for (guint i = 0; i < matches->len; i++)
        if (bns_file_view_hides(view, matches->pdata[i]))
            return true;
    return false;
}

/* Whether a rule shows something in a directory that is hidden. */
static bool
shows_something(const BnsFilePlanning *planning, const char *dir)
{
    return bns_file_view_hides(&planning->plan->view, dir);
}

/* A cache as a whole is worth more than what may once be in it. */
static bool
is_worth_rebuilding(const BnsFilePlanning *planning, const char *dir)
{
    const BnsPlannedMount *mount = bns_file_plan_find_mount(planning, dir);

    return bns_file_names_is_in_home(planning->names, dir) &&
           (mount == NULL || mount->access != BNS_VIEW_PRIVATE);
}

/* Returns: (transfer full): the directory that must be rebuilt so that @rule's path is not
 * in it: if nothing is there yet, the one of a home in which the way to it would be made.
 */
static char *
find_directory(const BnsFilePlanning *planning, const BnsViewRule *rule)
{
    char *dir = g_path_get_dirname(rule->path);
    bool may_be_absent = rule->is_hidden && !planning->plan->view.is_shared;

    while (may_be_absent && !is_rebuilt(planning, dir) && !bns_sight_is(dir, 0)) {
        g_autofree char *parent = g_path_get_dirname(dir);

        may_be_absent = is_worth_rebuilding(planning, parent);
        if (may_be_absent) {
            g_free(dir);
            dir = g_steal_pointer(&parent);
        }
    }
    return dir;
}

static bool
add_for_rule(BnsFilePlanning *planning, const BnsViewRule *rule, GError **error)
{
    g_autofree char *dir = find_directory(planning, rule);
    bool is_needed;

    /* A layer lacks it, and is kept as a whole. */
    if (is_rebuilt(planning, dir) || bns_file_plan_is_reviewed(planning, dir))
        return true;
    is_needed = rule->is_hidden ? hides_something(planning, rule)
                                : shows_something(planning, dir);
    if (!is_needed || !bns_sight_is(dir, S_IFDIR) || !is_seen(planning, dir))
        return true;
    if (strcmp(dir, "/") == 0 || bns_file_names_are_own(dir))
        return bns_file_plan_fail(error,
                                  "%s cannot be hidden: its directory cannot be made "
                                  "without it",
                                  rule->path);
    bns_file_plan_rebuild(planning, dir);
    return true;
}

/* Programs save their settings in a home by a new file and a rename, and make directories
 * of their own in these. */
static void
add_common(BnsFilePlanning *planning)
{
    static const char *const common[] = { "~", "$XDG_CONFIG_HOME", "$XDG_DATA_HOME",
                                          "$XDG_STATE_HOME" };

    for (size_t i = 0; i < G_N_ELEMENTS(common); i++) {
        g_autoptr(GPtrArray) paths =
            bns_file_names_expand_default(planning->names, common[i]);

        for (guint j = 0; j < paths->len; j++) {
            g_autofree char *real = bns_file_names_resolve(paths->pdata[j]);

            if (real != NULL && is_seen(planning, real) &&
                !bns_file_plan_is_reviewed(planning, real) &&
                bns_file_names_is_in_home(planning->names, real))
                bns_file_plan_rebuild(planning, real);
        }
    }
}

bool
bns_file_plan_add_rebuilt(BnsFilePlanning *planning, GError **error)
{
    BnsFilePlan *plan = planning->plan;

    for (guint i = 0; i < plan->rules->len; i++)
        if (!add_for_rule(planning, &g_array_index(plan->rules, BnsViewRule, i), error))
            return false;
    if (!plan->view.is_shared)
        add_common(planning);
    close_gaps(planning);
    if (!bns_file_plan_add_persisted(planning, error))
        return false;
    close_gaps(planning);
    g_ptr_array_sort(plan->rebuilt, bns_text_compare);
    for (guint i = 0; i < plan->rebuilt->len; i++)
        bns_file_plan_note(plan, "-", "rebuilt", plan->rebuilt->pdata[i]);
    g_ptr_array_add(plan->rebuilt, NULL);
    plan->view.rebuilt = (const char *const *)plan->rebuilt->pdata;
    return true;
}
