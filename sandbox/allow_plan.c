/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/allow_plan.h"

#include "base/fd.h"
#include "base/text.h"
#include "sandbox/elf_loader.h"
#include "sandbox/sight.h"
#include "sandbox/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
note(GString *lines, const BnsCommandRule *rule, const char *what)
{
    g_autofree char *from = bns_text_escape(rule->origin, -1);
    g_autofree char *shown = bns_text_escape(what, -1);

    g_string_append_printf(lines, "%s\tallow-command\t%s\n", from, shown);
}

static bool
add(GPtrArray *paths, const char *path)
{
    for (guint i = 0; i < paths->len; i++)
        if (strcmp(paths->pdata[i], path) == 0)
            return false;
    g_ptr_array_add(paths, g_strdup(path));
    return true;
}

/* The loader is the kernel's to open, and so to be executed, too. */
static void
add_loader(BnsAllowPlan *plan, const char *program)
{
    /* A FIFO that came into its place does not keep us waiting. */
    bns_autofd fd = open(program, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    uint8_t head[BNS_ELF_LOADER_HEAD];
    char path[PATH_MAX];
    ssize_t len = fd < 0 ? -1 : read(fd, head, sizeof(head));
    g_autofree char *real = NULL;

    /* What its user may execute but not read is not his to look into. */
    if (len < 0 && errno != EACCES)
        bns_sight_note(program, errno);
    if (len > 0 && bns_elf_loader_find(head, (size_t)len, path, sizeof(path)))
        real = bns_sight_real(path);
    if (real != NULL && bns_sight_is(real, S_IFREG))
        add(plan->loaders, real);
}

/* Returns: false: there is no such thing. */
static bool
add_path(BnsAllowPlan *plan,
         const BnsCommandRule *rule,
         const char *name,
         GString *lines)
{
    bool is_directory = g_str_has_suffix(name, "/");
    g_autofree char *real = bns_sight_real(name);
    g_autofree char *shown = NULL;

    if (real == NULL || !bns_sight_is(real, is_directory ? S_IFDIR : S_IFREG))
        return false;
    shown = g_strconcat(real, is_directory ? "/" : "", NULL);
    if (add(plan->programs, real))
        note(lines, rule, shown);
    if (!is_directory)
        add_loader(plan, real);
    return true;
}

static bool
add_name(BnsAllowPlan *plan,
         const BnsCommandRule *rule,
         const char *const *dirs,
         GString *lines)
{
    bool is_found = false;

    for (; *dirs != NULL; dirs++) {
        g_autofree char *path = g_build_filename(*dirs, rule->program, NULL);

        if (g_path_is_absolute(path))
            is_found |= add_path(plan, rule, path, lines);
    }
    return is_found;
}

static void
add_rule(BnsAllowPlan *plan,
         const BnsCommandRule *rule,
         const BnsPlaces *places,
         const char *const *dirs,
         GString *lines)
{
    g_autofree char *absent = NULL;
    bool is_found;

    if (rule->program[0] == '/') {
        is_found = add_path(plan, rule, rule->program, lines);
    } else if (rule->program[0] == '~') {
        g_autofree char *path = g_strconcat(places->home != NULL ? places->home : "",
                                            "/", rule->program + 2, NULL);

        is_found = add_path(plan, rule, path, lines);
    } else {
        is_found = add_name(plan, rule, dirs, lines);
    }
    if (is_found)
        return;
    absent = g_strconcat(rule->program, " (not on this machine)", NULL);
    note(lines, rule, absent);
}

static bool
is_within_any(const char *path, const GPtrArray *paths)
{
    for (guint i = 0; i < paths->len; i++)
        if (bns_tree_is_within(path, paths->pdata[i]))
            return true;
    return false;
}

/* What of @paths lies in @others, too. */
static void
keep_common(GPtrArray *out_paths, const GPtrArray *paths, const GPtrArray *others)
{
    for (guint i = 0; i < paths->len; i++)
        if (is_within_any(paths->pdata[i], others))
            add(out_paths, paths->pdata[i]);
}

/* Loaders may stay: they are executed for what is allowed. */
static void
apply_ceiling(BnsAllowPlan *plan,
              const BnsCommands *commands,
              const BnsPlaces *places,
              const char *const *dirs,
              GString *lines)
{
    g_autoptr(GPtrArray) below = g_steal_pointer(&plan->programs);
    g_autoptr(GPtrArray) ceiling = g_ptr_array_new_with_free_func(g_free);

    plan->programs = g_ptr_array_ref(ceiling);
    g_string_append(lines, "system policy\tcommands.allow\tand nothing but this\n");
    for (guint i = 0; i < commands->ceiling->len; i++)
        add_rule(plan, commands->ceiling->pdata[i], places, dirs, lines);
    g_ptr_array_unref(plan->programs);
    plan->programs = g_ptr_array_new_with_free_func(g_free);
    keep_common(plan->programs, below, ceiling);
    keep_common(plan->programs, ceiling, below);
}

/* The lists end with NULL, and what points to them is said again. */
static void
seal(BnsAllowPlan *plan, bool is_on)
{
    g_ptr_array_add(plan->programs, NULL);
    g_ptr_array_add(plan->loaders, NULL);
    plan->allowed = (BnsAllowed){
        .is_on = is_on,
        .programs = (const char *const *)plan->programs->pdata,
        .loaders = (const char *const *)plan->loaders->pdata,
    };
}

BnsAllowPlan *
bns_allow_plan_new(const BnsCommands *commands,
                   const BnsPlaces *places,
                   const char *const *dirs,
                   GString *lines)
{
    BnsAllowPlan *plan = g_new0(BnsAllowPlan, 1);

    plan->programs = g_ptr_array_new_with_free_func(g_free);
    plan->loaders = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < commands->allow->len; i++)
        add_rule(plan, commands->allow->pdata[i], places, dirs, lines);
    if (commands->ceiling->len > 0)
        apply_ceiling(plan, commands, places, dirs, lines);
    /* What lies in a directory has most likely ours. */
    if (commands->allow->len > 0)
        add_loader(plan, "/proc/self/exe");
    seal(plan, commands->allow->len > 0);
    return plan;
}

void
bns_allow_plan_add(BnsAllowPlan *plan, const char *program)
{
    g_autofree char *real = bns_sight_real(program);

    g_ptr_array_set_size(plan->programs, (int)plan->programs->len - 1);
    g_ptr_array_set_size(plan->loaders, (int)plan->loaders->len - 1);
    if (real != NULL && add(plan->programs, real))
        add_loader(plan, real);
    seal(plan, plan->allowed.is_on);
}

void
bns_allow_plan_free(BnsAllowPlan *plan)
{
    if (plan == NULL)
        return;
    g_ptr_array_unref(plan->programs);
    g_ptr_array_unref(plan->loaders);
    g_free(plan);
}

/* --- the command itself --- */

char *
bns_allow_plan_find(const char *program, const char *workdir, const char *const *dirs)
{
    if (strchr(program, '/') != NULL)
        return g_canonicalize_filename(program, workdir);
    for (; *dirs != NULL; dirs++) {
        g_autofree char *path = g_build_filename(workdir, *dirs, program, NULL);

        if (g_path_is_absolute(*dirs)) {
            g_free(path);
            path = g_build_filename(*dirs, program, NULL);
        }
        if (access(path, X_OK) == 0 && bns_sight_is(path, S_IFREG))
            return g_steal_pointer(&path);
    }
    return NULL;
}

bool
bns_allow_plan_permits(const BnsAllowPlan *plan,
                       const char *program,
                       const char *workdir,
                       const char *const *dirs)
{
    g_autofree char *path = NULL;
    g_autofree char *real = NULL;
    bns_autofd fd = -1;

    if (!plan->allowed.is_on)
        return true;
    path = bns_allow_plan_find(program, workdir, dirs);
    real = path != NULL ? bns_sight_real(path) : NULL;
    fd = real != NULL ? open(real, O_PATH | O_CLOEXEC) : -1;
    if (fd < 0 || bns_allowed_contains(&plan->allowed, fd, real))
        return true;
    if (errno != 0)
        bns_sight_note(real, errno);
    return false;
}
