/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/file_view.h"

#include "base/star.h"
#include "sandbox/tree.h"

#include <string.h>

bool
bns_file_view_name_matches(const char *pattern, const char *name, size_t len)
{
    return bns_star_matches(pattern, strcspn(pattern, "/"), name, len, false);
}

/* @path, or something above it. */
static bool
rule_names(const BnsViewRule *rule, const char *path, size_t path_len)
{
    const char *name = path + rule->dir_len + 1;

    return path_len > rule->dir_len + 1 && path[rule->dir_len] == '/' &&
           memcmp(path, rule->path, rule->dir_len) == 0 &&
           bns_file_view_name_matches(rule->path + rule->dir_len + 1, name,
                                      strcspn(name, "/"));
}

const BnsViewRule *
bns_file_view_find_rule(const BnsFileView *view, const char *path)
{
    size_t len = strlen(path);
    const BnsViewRule *found = NULL;

    for (size_t i = 0; i < view->n_rules; i++) {
        const BnsViewRule *rule = &view->rules[i];

        if ((found == NULL || rule->dir_len >= found->dir_len) &&
            rule_names(rule, path, len))
            found = rule;
    }
    return found;
}

bool
bns_file_view_hides(const BnsFileView *view, const char *path)
{
    const BnsViewRule *rule = bns_file_view_find_rule(view, path);

    return rule != NULL && rule->is_hidden;
}

static bool
has_path(const char *const *list, const char *path)
{
    for (; list != NULL && *list != NULL; list++)
        if (strcmp(*list, path) == 0)
            return true;
    return false;
}

bool
bns_file_view_rebuilds(const BnsFileView *view, const char *path)
{
    return has_path(view->rebuilt, path);
}

bool
bns_file_view_persists(const BnsFileView *view, const char *path)
{
    return has_path(view->persisted, path);
}

bool
bns_file_view_rebuilds_within(const BnsFileView *view, const char *path)
{
    for (const char *const *dir = view->rebuilt; dir != NULL && *dir != NULL; dir++)
        if (bns_tree_is_within(*dir, path))
            return true;
    return false;
}

bool
bns_file_view_is_plain(const BnsFileView *view, const char *path)
{
    for (size_t i = 0; i < view->n_mounts; i++)
        if (bns_tree_is_within(path, view->mounts[i].path) ||
            bns_tree_is_within(view->mounts[i].path, path))
            return false;
    return !view->is_shared && !bns_file_view_rebuilds_within(view, path);
}

const BnsViewMount *
bns_file_view_find_mount(const BnsFileView *view, const char *path)
{
    const BnsViewMount *found = NULL;

    for (size_t i = 0; i < view->n_mounts; i++)
        if (bns_tree_is_within(path, view->mounts[i].path))
            found = &view->mounts[i];
    return found;
}
