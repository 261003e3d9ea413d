/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/file_plan.h"

#include "base/text.h"
#include "policy/preset.h"
#include "sandbox/file_plan_private.h"
#include "sandbox/sight.h"

G_DEFINE_QUARK(bns_file_plan_error, bns_file_plan_error)

void
bns_file_plan_note(BnsFilePlan *plan,
                   const char *origin,
                   const char *kind,
                   const char *path)
{
    g_autofree char *from = bns_text_escape(origin, -1);
    g_autofree char *shown = bns_text_escape(path, -1);

    g_string_append_printf(plan->lines, "%s\t%s\t%s\n", from, kind, shown);
}

void
bns_file_plan_pin(BnsFilePlanning *planning,
                  const char *origin,
                  const char *kind,
                  const char *path)
{
    BnsFilePlan *plan = planning->plan;

    g_ptr_array_add(plan->pins, g_strdup(path));
    g_hash_table_insert(plan->origins, g_strdup(path), g_strdup(origin));
    bns_file_plan_note(plan, origin, kind, path);
}

bool
bns_file_plan_fail(GError **error, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, BNS_FILE_PLAN_ERROR, 0, text);
    return false;
}

/* One entry of a table or a policy may be several paths. */
static bool
call_for_paths(BnsFilePlanning *planning,
               BnsFileEntryFunc func,
               BnsFileKind kind,
               GPtrArray *take_paths,
               const BnsFileOrigin *origin,
               GError **error)
{
    g_autoptr(GPtrArray) paths = take_paths;

    for (guint i = 0; i < paths->len; i++)
        if (!bns_file_plan_call(planning, func, kind, paths->pdata[i], origin, error))
            return false;
    return true;
}

static bool
each_default(BnsFilePlanning *planning, BnsFileEntryFunc func, GError **error)
{
    for (size_t i = 0; i < bns_n_file_defaults; i++) {
        const BnsFileDefault *entry = &bns_file_defaults[i];
        const BnsFileOrigin origin = { .name = "default",
                                       .is_default = true,
                                       .why = entry->why };

        if (!call_for_paths(planning, func, entry->kind,
                            bns_file_names_expand_default(planning->names, entry->path),
                            &origin, error))
            return false;
    }
    return true;
}

/* Only the gateway needs them. */
static bool
each_key(BnsFilePlanning *planning, BnsFileEntryFunc func, GError **error)
{
    static const BnsFileOrigin origin = { "client_key", true, false };
    const GPtrArray *identities = bns_policy_identities(planning->policy);

    for (guint i = 0; i < identities->len; i++) {
        const BnsIdentity *identity = identities->pdata[i];

        if (!func(planning, BNS_FILE_HIDE, identity->key_file, &origin, error))
            return false;
    }
    return true;
}

/* What sessions wrote and nobody has looked at yet is no other session's affair, and not
 * to be read or executed around its own. */
static bool
each_review(BnsFilePlanning *planning, BnsFileEntryFunc func, GError **error)
{
    static const BnsFileOrigin origin = { "review", true };
    const char *state_dir = planning->places->state_dir;
    g_autofree char *path =
        state_dir != NULL ? g_build_filename(state_dir, "review", NULL) : NULL;

    if (path == NULL || bns_file_names_are_own(path) ||
        (!bns_file_plan_is_review(planning) && !bns_sight_has(path)))
        return true;
    return func(planning, BNS_FILE_HIDE, path, &origin, error);
}

bool
bns_file_plan_each(BnsFilePlanning *planning, BnsFileEntryFunc func, GError **error)
{
    const GPtrArray *entries = planning->files->entries;

    if (!each_default(planning, func, error) || !each_key(planning, func, error) ||
        !each_review(planning, func, error))
        return false;
    for (guint i = 0; i < entries->len; i++) {
        const BnsFileEntry *entry = entries->pdata[i];
        const BnsFileOrigin origin = { entry->origin, false, false,
                                       g_str_has_prefix(entry->origin,
                                                        BNS_PRESET_PREFIX) };

        if (!call_for_paths(planning, func, entry->kind,
                            bns_file_names_expand(planning->names, entry->path),
                            &origin, error))
            return false;
    }
    return bns_file_plan_each_ceiling(planning, func, error);
}

static void
note_setting(BnsFilePlanning *planning, const char *key, const char *value)
{
    g_autofree char *name = g_strconcat("files.", key, NULL);
    const char *origin = bns_policy_origin(planning->policy, name);

    bns_file_plan_note(planning->plan, origin != NULL ? origin : "files", key, value);
}

/* Nothing reaches the host that would have to be moved aside. */
static const char *
on_protected(const BnsFilePlanning *planning)
{
    if (bns_file_plan_is_review(planning))
        return "prevented (files.review)";
    return planning->files->on_protected == BNS_ON_PROTECTED_QUARANTINE ? "quarantine"
                                                                        : "report";
}

static bool
make(BnsFilePlanning *planning, GError **error)
{
    BnsFilePlan *plan = planning->plan;

    plan->view.is_shared = planning->files->mode == BNS_FILE_MODE_SHARED;
    note_setting(planning, "mode", plan->view.is_shared ? "shared" : "workspace");
    note_setting(planning, "on_protected", on_protected(planning));
    note_setting(planning, "review",
                 bns_file_plan_is_review(planning) ? "true" : "false");
    if (!bns_file_plan_read_ceiling(planning, error) ||
        !bns_file_plan_add_mounts(planning, error))
        return false;
    g_ptr_array_add(plan->sockets, NULL);
    bns_file_plan_add_pins(planning);
    if (!bns_file_plan_add_rules(planning, error))
        return false;
    bns_file_plan_add_masked(planning);
    if (!bns_file_plan_add_rebuilt(planning, error))
        return false;
    return bns_file_plan_finish_mounts(planning, error);
}

static void
planned_mount_clear(void *data)
{
    BnsPlannedMount *mount = data;

    g_free(mount->path);
}

BnsFilePlan *
bns_file_plan_new(const BnsPolicy *policy,
                  const BnsPlaces *places,
                  const char *workdir,
                  GError **error)
{
    g_autoptr(BnsFilePlan) plan = g_new0(BnsFilePlan, 1);
    BnsFilePlanning planning = { .plan = plan,
                                 .policy = policy,
                                 .files = bns_policy_file_policy(policy),
                                 .places = places };
    bool is_made;

    plan->rebuilt = g_ptr_array_new_with_free_func(g_free);
    plan->persisted = g_ptr_array_new_with_free_func(g_free);
    plan->pins = g_ptr_array_new_with_free_func(g_free);
    plan->origins = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    plan->watched = g_ptr_array_new_with_free_func(g_free);
    plan->masked = g_ptr_array_new_with_free_func(g_free);
    plan->sockets = g_ptr_array_new_with_free_func(g_free);
    plan->notices = g_ptr_array_new_with_free_func(g_free);
    plan->lines = g_string_new(NULL);
    plan->rules = g_array_new(FALSE, FALSE, sizeof(BnsViewRule));
    plan->mounts = g_array_new(FALSE, FALSE, sizeof(BnsViewMount));
    plan->strings = g_ptr_array_new_with_free_func(g_free);
    planning.names = bns_file_names_new(places, workdir);
    planning.mounts = g_array_new(FALSE, FALSE, sizeof(BnsPlannedMount));
    is_made = make(&planning, error);
    bns_file_plan_clear_ceiling(&planning);
    bns_file_names_free(planning.names);
    /* Sorting makes another array of them. */
    g_array_set_clear_func(planning.mounts, planned_mount_clear);
    g_array_unref(planning.mounts);
    g_free(planning.mountinfo);
    return is_made ? g_steal_pointer(&plan) : NULL;
}

void
bns_file_plan_free(BnsFilePlan *plan)
{
    if (plan == NULL)
        return;
    g_ptr_array_unref(plan->rebuilt);
    g_ptr_array_unref(plan->persisted);
    g_hash_table_unref(plan->origins);
    g_ptr_array_unref(plan->pins);
    g_ptr_array_unref(plan->watched);
    g_ptr_array_unref(plan->masked);
    g_ptr_array_unref(plan->sockets);
    g_ptr_array_unref(plan->notices);
    g_string_free(plan->lines, TRUE);
    g_array_unref(plan->rules);
    g_array_unref(plan->mounts);
    g_ptr_array_unref(plan->strings);
    g_free(plan);
}
