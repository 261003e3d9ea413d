/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a system policy leaves of the files that the policy below it names.
 *
 * It grants nothing. What it hides is hidden, but for what it shows itself, where others
 * decide; what it makes read-only or private can be no more than that, below the deepest
 * of its paths; where it lists what may be written (or which sockets may be reached), other
 * paths cannot.
 */
#include "base/text.h"
#include "sandbox/file_plan_private.h"
#include "sandbox/tree.h"

#include <string.h>

/* --- reading it --- */

/* As @check says it: what restricts by itself is noted where it is applied. */
static const char *
note_kind(BnsFileKind kind)
{
    switch (kind) {
    case BNS_FILE_WRITE:
        return "may_write";
    case BNS_FILE_SHOW:
        return "may_show";
    case BNS_FILE_PERSIST:
        return "may_persist";
    case BNS_FILE_SOCKET:
        return "may_socket";
    case BNS_FILE_READ_ONLY:
    case BNS_FILE_PRIVATE:
    case BNS_FILE_HIDE:
    case BNS_N_FILE_KINDS:
    default:
        return NULL;
    }
}

static void
place_clear(void *data)
{
    BnsCeilingPlace *place = data;

    g_free(place->path);
}

static void
take_place(BnsFilePlanning *planning, const BnsFileEntry *entry, const char *path)
{
    BnsCeilingPlace place = { entry->kind, bns_file_names_resolve(path),
                              entry->origin };

    if (place.path == NULL)
        place.path = bns_file_names_resolve_parent(path);
    if (note_kind(place.kind) != NULL)
        bns_file_plan_note(planning->plan, entry->origin, note_kind(place.kind),
                           place.path);
    g_array_append_val(planning->ceiling_places, place);
}

/* $HOME is whatever the person says: what restricts means that one, too; what leaves
 * something to him means the home of passwd(5) alone. */
static GPtrArray *
expand(const BnsFilePlanning *planning, const BnsFileEntry *entry)
{
    const char *home = planning->places->passwd_home;
    GPtrArray *paths;

    if (entry->path[0] != '~' || note_kind(entry->kind) == NULL)
        return bns_file_names_expand(planning->names, entry->path);
    paths = g_ptr_array_new_with_free_func(g_free);
    if (home != NULL)
        g_ptr_array_add(paths, g_build_filename(home, entry->path + 1, NULL));
    return paths;
}

static bool
read_entry(BnsFilePlanning *planning, const BnsFileEntry *entry, GError **error)
{
    const BnsFileOrigin origin = { entry->origin, false, true };
    g_autoptr(GPtrArray) paths = expand(planning, entry);

    for (guint i = 0; i < paths->len; i++) {
        if (entry->kind != BNS_FILE_HIDE)
            take_place(planning, entry, paths->pdata[i]);
        if ((entry->kind == BNS_FILE_HIDE || entry->kind == BNS_FILE_SHOW) &&
            !bns_file_plan_add_rules_of(planning, entry->kind, paths->pdata[i], &origin,
                                        error))
            return false;
    }
    return true;
}

/* The rules are set aside: they come last. */
static void
take_rules(BnsFilePlanning *planning)
{
    GArray *rules = planning->plan->rules;

    if (rules->len > 0)
        g_array_append_vals(planning->ceiling_rules, rules->data, rules->len);
    g_array_set_size(rules, 0);
    planning->plan->view.n_rules = 0;
}

bool
bns_file_plan_read_ceiling(BnsFilePlanning *planning, GError **error)
{
    const BnsFiles *ceiling = planning->files->ceiling;

    planning->ceiling_rules = g_array_new(FALSE, FALSE, sizeof(BnsViewRule));
    planning->ceiling_places = g_array_new(FALSE, FALSE, sizeof(BnsCeilingPlace));
    g_array_set_clear_func(planning->ceiling_places, place_clear);
    for (guint i = 0; ceiling != NULL && i < ceiling->entries->len; i++)
        if (!read_entry(planning, ceiling->entries->pdata[i], error))
            return false;
    take_rules(planning);
    return true;
}

void
bns_file_plan_clear_ceiling(BnsFilePlanning *planning)
{
    g_clear_pointer(&planning->ceiling_rules, g_array_unref);
    g_clear_pointer(&planning->ceiling_places, g_array_unref);
}

bool
bns_file_plan_each_ceiling(BnsFilePlanning *planning,
                           BnsFileEntryFunc func,
                           GError **error)
{
    for (guint i = 0; i < planning->ceiling_places->len; i++) {
        const BnsCeilingPlace *place =
            &g_array_index(planning->ceiling_places, BnsCeilingPlace, i);
        const BnsFileOrigin origin = { place->origin, false, true };

        if (place->kind != BNS_FILE_READ_ONLY && place->kind != BNS_FILE_PRIVATE)
            continue;
        if (!func(planning, place->kind, place->path, &origin, error))
            return false;
    }
    return true;
}

/* --- what it leaves --- */

/* A path itself, and what a pattern in its last part may stand for: no more than what is
 * hidden above it is known of that, and rules of the same depth come later. */
bool
bns_file_plan_ceiling_hides(const BnsFilePlanning *planning, const char *path)
{
    const BnsFileView view = {
        .rules = (const BnsViewRule *)(void *)planning->ceiling_rules->data,
        .n_rules = planning->ceiling_rules->len,
    };
    g_autofree char *dir = g_path_get_dirname(path);

    return bns_file_view_hides(&view, strchr(path, '*') != NULL ? dir : path);
}

/* The deepest of its places that holds @path and says who may write there. */
static const BnsCeilingPlace *
find_place(const BnsFilePlanning *planning, const char *path)
{
    const BnsCeilingPlace *found = NULL;

    for (guint i = 0; i < planning->ceiling_places->len; i++) {
        const BnsCeilingPlace *place =
            &g_array_index(planning->ceiling_places, BnsCeilingPlace, i);
        bool is_access = place->kind == BNS_FILE_WRITE ||
                         place->kind == BNS_FILE_READ_ONLY ||
                         place->kind == BNS_FILE_PRIVATE;

        if (is_access && bns_tree_is_within(path, place->path) &&
            (found == NULL || strlen(place->path) >= strlen(found->path)))
            found = place;
    }
    return found;
}

static bool
names(const BnsFilePlanning *planning, BnsFileKind kind, const char *path)
{
    for (guint i = 0; i < planning->ceiling_places->len; i++) {
        const BnsCeilingPlace *place =
            &g_array_index(planning->ceiling_places, BnsCeilingPlace, i);

        if (place->kind == kind && strcmp(place->path, path) == 0)
            return true;
    }
    return false;
}

static bool
may_write(const BnsFilePlanning *planning, const char *path)
{
    const BnsCeilingPlace *place = find_place(planning, path);

    return place != NULL ? place->kind == BNS_FILE_WRITE
                         : !planning->files->ceiling->has_write;
}

/* Whether it lets the policy below have @path, real, so. */
static bool
is_left(const BnsFilePlanning *planning, BnsFileKind kind, const char *path)
{
    const BnsCeilingPlace *place = find_place(planning, path);

    if (kind == BNS_FILE_HIDE)
        return true;
    if (bns_file_plan_ceiling_hides(planning, path))
        return false;
    switch (kind) {
    case BNS_FILE_WRITE:
        return may_write(planning, path);
    case BNS_FILE_PRIVATE:
        return place == NULL || place->kind != BNS_FILE_READ_ONLY;
    case BNS_FILE_PERSIST:
        return may_write(planning, path) || names(planning, BNS_FILE_PERSIST, path);
    case BNS_FILE_SOCKET:
        return !planning->files->ceiling->has_sockets ||
               names(planning, BNS_FILE_SOCKET, path);
    case BNS_FILE_READ_ONLY:
    case BNS_FILE_HIDE:
    case BNS_FILE_SHOW:
    case BNS_N_FILE_KINDS:
    default:
        return true;
    }
}

/* Or somebody would look for a mistake of his own. */
static void
say_taken(BnsFilePlanning *planning,
          BnsFileKind kind,
          const char *path,
          const BnsFileOrigin *origin)
{
    GPtrArray *notices = planning->plan->notices;
    g_autofree char *from = bns_text_escape(origin->name, -1);
    g_autofree char *shown = bns_text_escape(path, -1);
    g_autofree char *notice = g_strdup_printf(
        "%s: the system policy (" BNS_POLICY_SYSTEM_DIR ") leaves no %s of %s", from,
        bns_file_kind_name(kind), shown);

    if (strcmp(origin->name, "default") != 0 &&
        !g_ptr_array_find_with_equal_func(notices, notice, g_str_equal, NULL))
        g_ptr_array_add(notices, g_steal_pointer(&notice));
}

/* The parts of @path that may be written though the whole may not. */
static bool
call_for_parts(BnsFilePlanning *planning,
               BnsFileEntryFunc func,
               const char *path,
               const BnsFileOrigin *origin,
               GError **error)
{
    for (guint i = 0; i < planning->ceiling_places->len; i++) {
        const BnsCeilingPlace *place =
            &g_array_index(planning->ceiling_places, BnsCeilingPlace, i);

        if (place->kind == BNS_FILE_WRITE && bns_tree_is_within(place->path, path) &&
            is_left(planning, BNS_FILE_WRITE, place->path) &&
            !func(planning, BNS_FILE_WRITE, place->path, origin, error))
            return false;
    }
    return true;
}

bool
bns_file_plan_call(BnsFilePlanning *planning,
                   BnsFileEntryFunc func,
                   BnsFileKind kind,
                   const char *path,
                   const BnsFileOrigin *origin,
                   GError **error)
{
    bool is_pattern = kind == BNS_FILE_SHOW || kind == BNS_FILE_HIDE;
    g_autofree char *real = NULL;

    if (planning->files->ceiling == NULL)
        return func(planning, kind, path, origin, error);
    if (!is_pattern)
        real = bns_file_names_resolve(path);
    if (real == NULL)
        real = bns_file_names_resolve_parent(path);
    if (is_left(planning, kind, real))
        return func(planning, kind, path, origin, error);
    say_taken(planning, kind, real, origin);
    return kind != BNS_FILE_WRITE ||
           call_for_parts(planning, func, real, origin, error);
}
