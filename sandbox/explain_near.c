/* SPDX-License-Identifier: Apache-2.0 */
/* What almost says something of a file, and what keeps it from it. */
#include "base/star.h"
#include "policy/near.h"
#include "sandbox/explainers.h"
#include "sandbox/tree.h"

#include <string.h>

/* More than a few are no help. */
#define NEAR_MAX 5

typedef struct {
    const char *path; /* asked for; absolute */
    char *dir;        /* owned; of it */
    const char *name; /* in that */
} Asked;

static bool
matches(const char *pattern, const char *name, bool ignores_case)
{
    return bns_star_matches(pattern, strlen(pattern), name, strlen(name), ignores_case);
}

/* As words: ".env.*" is near ".env". */
static bool
is_like(const char *pattern, const char *name)
{
    g_autofree char *plain = g_strndup(pattern, strcspn(pattern, "*"));

    return *plain != '\0' && bns_near_is_like(name, plain);
}

/* Returns: what keeps a rule of @dir for @pattern from @asked, or %NULL: it is not near. */
static const char *
find_miss(const Asked *asked, const char *dir, const char *pattern)
{
    if (strcmp(dir, asked->dir) == 0) {
        if (matches(pattern, asked->name, true))
            return "upper and lower case differ";
        return is_like(pattern, asked->name) ? "the name does not match" : NULL;
    }
    if (strcmp(pattern, "*") == 0 || !matches(pattern, asked->name, false))
        return NULL;
    return bns_tree_is_within(asked->dir, dir)
               ? "it is for that directory alone, not for those below it"
               : "it is for another directory";
}

static void
say(BnsExplanation *explanation,
    guint *n,
    const char *kind,
    const char *origin,
    const char *place,
    const char *why)
{
    if (*n == 0)
        bns_explanation_say(explanation, "Entries that come near:");
    if ((*n)++ < NEAR_MAX)
        bns_explanation_say(explanation, "  %s %s (%s): %s", kind, place, origin, why);
}

static void
add_rule(BnsExplanation *explanation,
         guint *n,
         const Asked *asked,
         const BnsViewRule *rule)
{
    g_autofree char *dir = g_strndup(rule->path, MAX(rule->dir_len, 1));
    const char *why = find_miss(asked, dir, rule->path + rule->dir_len + 1);

    if (why != NULL && rule->is_hidden && rule->origin != NULL)
        say(explanation, n, "hide", rule->origin, rule->path, why);
}

static void
add_mount(BnsExplanation *explanation,
          guint *n,
          const Asked *asked,
          const BnsViewMount *mount)
{
    const char *name = strrchr(mount->path, '/') + 1;
    g_autofree char *dir = g_path_get_dirname(mount->path);
    const char *why = NULL;

    if (mount->access == BNS_VIEW_READ_ONLY || mount->origin == NULL ||
        bns_tree_is_within(asked->path, mount->path))
        return;
    if (bns_tree_is_within(mount->path, asked->path))
        why = "it is for what is in there alone";
    else if (strcmp(dir, asked->dir) == 0 && bns_near_is_like(asked->name, name))
        why = "the name does not match";
    if (why != NULL)
        say(explanation, n, mount->access == BNS_VIEW_PRIVATE ? "private" : "write",
            mount->origin, mount->path, why);
}

void
bns_explain_near_files(BnsExplanation *explanation,
                       const BnsFilePlan *plan,
                       const char *path)
{
    const BnsFileView *view = &plan->view;
    Asked asked = { path, g_path_get_dirname(path), strrchr(path, '/') + 1 };
    guint n = 0;

    for (size_t i = 0; i < view->n_rules; i++)
        add_rule(explanation, &n, &asked, &view->rules[i]);
    for (size_t i = 0; i < view->n_mounts; i++)
        add_mount(explanation, &n, &asked, &view->mounts[i]);
    g_free(asked.dir);
}
