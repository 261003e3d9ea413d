/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/file_fate.h"

#include "sandbox/file_names.h"
#include "sandbox/file_protect.h"
#include "sandbox/private_trees.h"
#include "sandbox/sight.h"
#include "sandbox/tree.h"

#include <string.h>

static const struct {
    const char *name;
    bool is_readable, is_writable;
} fates[] = {
    [BNS_FATE_HIDDEN] = { "hidden", false, false },
    [BNS_FATE_ABSENT] = { "absent", false, true },
    [BNS_FATE_OWN] = { "own", true, false },
    [BNS_FATE_READ_ONLY] = { "read_only", true, false },
    [BNS_FATE_PROTECTED] = { "protected", true, false },
    [BNS_FATE_WRITE] = { "write", true, true },
    [BNS_FATE_PRIVATE] = { "private", true, true },
    [BNS_FATE_PERSIST] = { "persist", true, true },
    [BNS_FATE_REVIEW] = { "review", true, true },
};
G_STATIC_ASSERT(G_N_ELEMENTS(fates) == BNS_N_FATES);

const char *
bns_fate_name(BnsFateKind kind)
{
    return fates[kind].name;
}

bool
bns_fate_is_readable(const BnsFileFate *fate)
{
    return fates[fate->kind].is_readable;
}

bool
bns_fate_is_writable(const BnsFileFate *fate)
{
    return fates[fate->kind].is_writable ||
           (fate->kind == BNS_FATE_HIDDEN && fate->is_rebuilt);
}

/* What the sandbox has instead of the host's; a directory of its own is empty, but for
 * what is shown in it. */
static bool
find_own(const BnsFileView *view, const char *path, BnsFileFate *out_fate)
{
    if (bns_private_trees_contain(path)) {
        *out_fate = (BnsFileFate){ .kind = BNS_FATE_OWN };
        return true;
    }
    if (bns_private_trees_cover(path) && bns_file_view_find_mount(view, path) == NULL) {
        *out_fate = (BnsFileFate){ .kind = BNS_FATE_ABSENT };
        return true;
    }
    /* /etc is the host's, but for a few files. */
    if (bns_file_names_are_own(path) && !bns_tree_is_within(path, "/etc")) {
        *out_fate = (BnsFileFate){ .kind = BNS_FATE_OWN };
        return true;
    }
    return false;
}

/* Returns: (transfer full): the directory in which @path is, or in which the way to it
 * would have to be made. */
static char *
find_directory(const char *path)
{
    char *dir = g_path_get_dirname(path);

    while (!bns_sight_has(dir) && strcmp(dir, "/") != 0) {
        char *above = g_path_get_dirname(dir);

        g_free(dir);
        dir = above;
    }
    return dir;
}

static bool
lies_in_rebuilt(const BnsFileView *view, const char *path)
{
    g_autofree char *dir = find_directory(path);

    return strcmp(path, "/") != 0 && bns_file_view_rebuilds(view, dir);
}

/* In a layer there is room for it, too; it will not be applied. */
static bool
is_reviewed(const BnsFileView *view, const char *path)
{
    const BnsViewMount *mount = bns_file_view_find_mount(view, path);

    return mount != NULL && mount->access == BNS_VIEW_REVIEW;
}

static bool
is_hidden_above(const BnsFileView *view, const char *path)
{
    g_autofree char *dir = g_path_get_dirname(path);

    return bns_file_view_hides(view, dir) && !bns_file_view_rebuilds(view, dir);
}

static bool
find_hidden(const BnsFileView *view, const char *path, BnsFileFate *out_fate)
{
    const BnsViewRule *rule = bns_file_view_find_rule(view, path);

    if (rule == NULL || !rule->is_hidden)
        return false;
    *out_fate =
        (BnsFileFate){ BNS_FATE_HIDDEN, rule->origin, rule->path, rule->why, false };
    out_fate->is_rebuilt = !is_hidden_above(view, path) &&
                           (lies_in_rebuilt(view, path) || is_reviewed(view, path));
    return true;
}

/* Pins come after all other mounts. */
static bool
find_protected(const BnsFateSource *source, const char *path, BnsFileFate *out_fate)
{
    const char *found = NULL;

    for (const char *const *at = source->protected_paths; *at != NULL; at++)
        if (bns_tree_is_within(path, *at) &&
            (found == NULL || strlen(*at) > strlen(found)))
            found = *at;
    if (found == NULL)
        return false;
    *out_fate = (BnsFileFate){ .kind = BNS_FATE_PROTECTED, .place = found };
    out_fate->rule = g_hash_table_lookup(source->plan->origins, found);
    if (out_fate->rule == NULL)
        out_fate->why = "boundary-ns needs it, or reads its policy there";
    else if (strcmp(out_fate->rule, "default") == 0)
        out_fate->why = bns_file_protect_reason(path);
    return true;
}

static BnsFateKind
kind_of_mount(const BnsViewMount *mount)
{
    switch (mount->access) {
    case BNS_VIEW_READ_ONLY:
        return BNS_FATE_READ_ONLY;
    case BNS_VIEW_WRITE:
        return BNS_FATE_WRITE;
    case BNS_VIEW_PRIVATE:
        return BNS_FATE_PRIVATE;
    case BNS_VIEW_REVIEW:
        return BNS_FATE_REVIEW;
    }
    g_assert_not_reached();
}

/* /etc itself is ours: what is not in it cannot be made there. */
static bool
is_sealed(const char *path)
{
    g_autofree char *dir = find_directory(path);

    return strcmp(dir, "/etc") == 0 && !bns_sight_has(path);
}

static BnsFileFate
find_mounted(const BnsFileView *view, const char *path)
{
    const BnsViewMount *mount = bns_file_view_find_mount(view, path);
    BnsFileFate fate = { .kind =
                             view->is_shared ? BNS_FATE_WRITE : BNS_FATE_READ_ONLY };

    if (mount != NULL)
        fate = (BnsFileFate){ kind_of_mount(mount), mount->origin, mount->path,
                              mount->why, false };
    fate.is_rebuilt = lies_in_rebuilt(view, path);
    if (fate.kind == BNS_FATE_WRITE && is_sealed(path))
        return (BnsFileFate){ .kind = BNS_FATE_READ_ONLY };
    /* What is not there yet is made in memory; the directory itself is there. */
    if ((fate.is_rebuilt && !bns_sight_has(path)) || bns_file_view_rebuilds(view, path))
        fate.kind = BNS_FATE_PRIVATE;
    return fate;
}

BnsFileFate
bns_file_fate(const BnsFateSource *source, const char *path)
{
    const BnsFileView *view = &source->plan->view;
    BnsFileFate fate = { 0 };
    BnsFileFate pinned = { 0 };
    bool is_pinned = find_protected(source, path, &pinned);

    if (find_own(view, path, &fate))
        return fate;
    if (find_hidden(view, path, &fate)) {
        fate.is_rebuilt &= !is_pinned;
        return fate;
    }
    if (is_pinned)
        return pinned;
    if (bns_file_view_persists(view, path))
        return (BnsFileFate){ .kind = BNS_FATE_PERSIST,
                              .rule =
                                  g_hash_table_lookup(source->plan->origins, path) };
    return find_mounted(view, path);
}
