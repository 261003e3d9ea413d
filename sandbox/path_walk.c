/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/path_walk.h"

#include <string.h>

/* As many as the kernel follows. */
#define LINKS_MAX 40

/* On the way along a path. Both owned. */
typedef struct {
    char *at;   /* real */
    char *rest; /* what is still to go from there */
    int n_links;
} Walk;

static void
step_free(void *data)
{
    BnsPathStep *step = data;

    g_free(step->dir);
    g_free(step->name);
    g_free(step);
}

static void
set(char **text, char *value)
{
    g_free(*text);
    *text = value;
}

static void
follow(Walk *walk, const char *target, const char *left)
{
    walk->n_links++;
    if (g_path_is_absolute(target))
        set(&walk->at, g_strdup("/"));
    set(&walk->rest, g_strconcat(target, "/", left, NULL));
}

static void
take(GPtrArray *steps, const char *dir, const char *name, bool is_link)
{
    BnsPathStep *step = g_new0(BnsPathStep, 1);

    step->dir = g_strdup(dir);
    step->name = g_strdup(name);
    step->is_link = is_link;
    g_ptr_array_add(steps, step);
}

/* To the next name. */
static void
step(GPtrArray *steps, Walk *walk)
{
    const char *name = walk->rest + strspn(walk->rest, "/");
    const char *left = name + strcspn(name, "/");
    g_autofree char *first = g_strndup(name, (gsize)(left - name));
    g_autofree char *joined = g_build_filename(walk->at, first, NULL);
    g_autofree char *next = g_canonicalize_filename(joined, "/"); /* for ".." */
    bool is_dots = strcmp(first, ".") == 0 || strcmp(first, "..") == 0;
    g_autofree char *target = is_dots ? NULL : g_file_read_link(next, NULL);

    if (!is_dots)
        take(steps, walk->at, first, target != NULL);
    if (target != NULL) {
        follow(walk, target, left);
        return;
    }
    set(&walk->rest, g_strdup(left));
    set(&walk->at, g_steal_pointer(&next));
}

GPtrArray *
bns_path_walk(const char *path)
{
    GPtrArray *steps = g_ptr_array_new_with_free_func(step_free);
    g_autofree char *here = g_path_is_absolute(path) ? NULL : g_get_current_dir();
    Walk walk = { .at = g_strdup("/"),
                  .rest = here == NULL ? g_strdup(path)
                                       : g_build_filename(here, path, NULL) };

    while (walk.rest[strspn(walk.rest, "/")] != '\0' && walk.n_links <= LINKS_MAX)
        step(steps, &walk);
    g_free(walk.at);
    g_free(walk.rest);
    return steps;
}

char *
bns_path_step_path(const BnsPathStep *step)
{
    return g_build_filename(step->dir, step->name, NULL);
}
