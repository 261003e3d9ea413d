/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/command_plan.h"

#include "base/text.h"
#include "sandbox/aliases.h"
#include "sandbox/same_file.h"
#include "sandbox/sight.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

G_DEFINE_QUARK(bns_command_plan_error, bns_command_plan_error)

/* Where programs are that a PATH may leave out. */
#define SYSTEM_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

typedef struct {
    BnsCommandPlan *plan;
    const BnsPlaces *places;
    GStrv dirs;       /* owned */
    char *mountinfo;  /* owned; NULL: could not be read */
    GHashTable *seen; /* of borrowed paths: the place in plan->programs, plus one */
    GPtrArray *paths; /* borrowed; of a rule for arguments, else NULL */
} Planning;

static void
note(BnsCommandPlan *plan, const BnsCommandRule *rule, const char *what)
{
    g_autofree char *from = bns_text_escape(rule->origin, -1);
    g_autofree char *shown = bns_text_escape(what, -1);

    g_string_append_printf(plan->lines, "%s\tdeny-command\t%s", from, shown);
    if (rule->arguments != NULL) {
        g_autofree char *arguments = bns_text_escape(rule->arguments, -1);

        g_string_append_printf(plan->lines, " %s", arguments);
    }
    g_string_append_c(plan->lines, '\n');
}

/* @take_text: (nullable) */
static const char *
keep(BnsCommandPlan *plan, char *take_text)
{
    g_ptr_array_add(plan->strings, take_text);
    return take_text;
}

/* One line that says who refused, by what, and why. */
static char *
write_text(const BnsCommandRule *rule)
{
    g_autofree char *program = bns_text_escape(rule->program, -1);
    g_autofree char *origin = bns_text_escape(rule->origin, -1);

    return g_strdup_printf("boundary-ns: %.1024s%s%s is not permitted by policy "
                           "(%.1024s)%s%s\n",
                           program, rule->arguments != NULL ? " " : "",
                           rule->arguments != NULL ? rule->arguments : "", origin,
                           rule->reason != NULL ? ": " : "",
                           rule->reason != NULL ? rule->reason : "");
}

/* @path: absolute, without symbolic links; a file. Of two rules the later gives the
 * reason. */
static void
deny(Planning *planning, const BnsCommandRule *rule, const char *path, const char *text)
{
    BnsCommandPlan *plan = planning->plan;
    gsize place = GPOINTER_TO_SIZE(g_hash_table_lookup(planning->seen, path));
    BnsDeniedProgram program = { .text = text };

    if (planning->paths != NULL) {
        if (g_ptr_array_find_with_equal_func(planning->paths, path, g_str_equal, NULL))
            return;
        g_ptr_array_add(planning->paths, g_strdup(path));
        note(plan, rule, path);
        return;
    }
    program.origin = keep(plan, g_strdup(rule->origin));
    if (place > 0) {
        BnsDeniedProgram *former =
            &g_array_index(plan->programs, BnsDeniedProgram, place - 1);

        former->text = text;
        former->origin = program.origin;
        return;
    }
    program.path = keep(plan, g_strdup(path));
    g_array_append_val(plan->programs, program);
    g_hash_table_insert(planning->seen, (gpointer)(uintptr_t)program.path,
                        GSIZE_TO_POINTER(plan->programs->len));
    note(plan, rule, path);
}

/* A mount of the same file system elsewhere shows it beside our mount. */
static void
deny_aliases(Planning *planning,
             const BnsCommandRule *rule,
             const char *path,
             const char *text)
{
    g_auto(GStrv) aliases = planning->mountinfo != NULL
                                ? bns_aliases_find(planning->mountinfo, path)
                                : g_new0(char *, 1);

    deny(planning, rule, path, text);
    for (char **alias = aliases; *alias != NULL; alias++)
        if (bns_sight_is(*alias, S_IFREG))
            deny(planning, rule, *alias, text);
}

/* The file that @name leads to, with all its names. Returns: false: there is none. */
static bool
deny_file(Planning *planning,
          const BnsCommandRule *rule,
          const char *name,
          const char *text)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *real = bns_sight_real(name);
    bool is_file = real != NULL && bns_sight_is(real, S_IFREG);

    if (is_file && !bns_same_file_find(real, names)) {
        g_autofree char *shown = bns_text_escape(real, -1);

        g_ptr_array_add(planning->plan->notices,
                        g_strdup_printf("%s has further names (hard links) that were "
                                        "not found and are not denied",
                                        shown));
    }
    if (is_file)
        deny_aliases(planning, rule, real, text);
    for (guint i = 0; i < names->len; i++)
        deny_aliases(planning, rule, names->pdata[i], text);
    return is_file;
}

static bool
deny_name(Planning *planning, const BnsCommandRule *rule, const char *text)
{
    bool is_found = false;

    for (char **dir = planning->dirs; *dir != NULL; dir++) {
        g_autofree char *path = g_build_filename(*dir, rule->program, NULL);

        if (g_path_is_absolute(path))
            is_found |= deny_file(planning, rule, path, text);
    }
    return is_found;
}

/* In that of $HOME, and in that of passwd(5): the first is whatever the person says. */
static bool
deny_in_homes(Planning *planning, const BnsCommandRule *rule, const char *text)
{
    const char *const homes[] = { planning->places->home,
                                  planning->places->passwd_home };
    bool is_found = false;

    for (size_t i = 0; i < G_N_ELEMENTS(homes); i++) {
        g_autofree char *path = NULL;

        if (homes[i] == NULL || (i > 0 && g_strcmp0(homes[i], homes[0]) == 0))
            continue;
        path = g_build_filename(homes[i], rule->program + 2, NULL);
        is_found |= deny_file(planning, rule, path, text);
    }
    return is_found;
}

static void
find_files(Planning *planning, const BnsCommandRule *rule, const char *text)
{
    bool is_found;

    if (rule->program[0] == '/') {
        is_found = deny_file(planning, rule, rule->program, text);
    } else if (rule->program[0] == '~') {
        is_found = deny_in_homes(planning, rule, text);
    } else {
        is_found = deny_name(planning, rule, text);
    }
    if (!is_found) {
        g_autofree char *absent =
            g_strconcat(rule->program, " (not on this machine)", NULL);

        note(planning->plan, rule, absent);
    }
}

static void
add_rule(Planning *planning, const BnsCommandRule *rule)
{
    BnsCommandPlan *plan = planning->plan;
    BnsExecRule judged = { .pattern = keep(plan, g_strdup(rule->arguments)),
                           .reason = keep(plan, g_strdup(rule->reason)),
                           .origin = keep(plan, g_strdup(rule->origin)),
                           .text = keep(plan, write_text(rule)) };

    planning->paths =
        rule->arguments != NULL ? g_ptr_array_new_with_free_func(g_free) : NULL;
    find_files(planning, rule, judged.text);
    if (planning->paths == NULL)
        return;
    g_ptr_array_add(plan->lists, planning->paths);
    g_ptr_array_add(planning->paths, NULL);
    judged.paths = (const char *const *)planning->paths->pdata;
    g_array_append_val(plan->rules, judged);
}

static void
add_record(BnsCommandPlan *plan, const char *origin)
{
    g_autofree char *from = bns_text_escape(origin, -1);

    plan->exec.is_on = true;
    g_string_append_printf(plan->lines,
                           "%s\texec\trecord (programs inside that need a seccomp "
                           "listener of their own, as container engines do, fail)\n",
                           from);
}

static GStrv
split_dirs(const char *path)
{
    g_autofree char *all = g_strconcat(path != NULL ? path : "", ":" SYSTEM_PATH, NULL);

    return g_strsplit(all, ":", -1);
}

static void
add_allowed(BnsCommandPlan *plan,
            const BnsCommands *commands,
            const BnsPlaces *places,
            const char *path)
{
    g_auto(GStrv) dirs = split_dirs(path);

    if (commands->allow->len > 0) {
        const BnsCommandRule *first = commands->allow->pdata[0];
        g_autofree char *from = bns_text_escape(first->origin, -1);

        g_string_append_printf(plan->lines,
                               "%s\tcommands.allow\tnothing but what follows can be "
                               "executed (container engines inside fail, and so does "
                               "what is installed, built or unpacked)\n",
                               from);
    }
    plan->allow =
        bns_allow_plan_new(commands, places, (const char *const *)dirs, plan->lines);
    plan->exec.allowed = &plan->allow->allowed;
}

static void
fill(Planning *planning, const BnsCommands *commands, const char *path)
{
    planning->dirs = split_dirs(path);
    planning->seen = g_hash_table_new(g_str_hash, g_str_equal);
    if (!g_file_get_contents("/proc/self/mountinfo", &planning->mountinfo, NULL, NULL))
        bns_sight_note("/proc/self/mountinfo", EIO);
    for (guint i = 0; i < commands->deny->len; i++)
        add_rule(planning, commands->deny->pdata[i]);
    g_strfreev(planning->dirs);
    g_hash_table_unref(planning->seen);
    g_free(planning->mountinfo);
}

BnsCommandPlan *
bns_command_plan_new(const BnsCommands *commands,
                     const BnsPlaces *places,
                     const char *path,
                     GError **error)
{
    g_autoptr(BnsCommandPlan) plan = g_new0(BnsCommandPlan, 1);
    Planning planning = { .plan = plan, .places = places };

    plan->notices = g_ptr_array_new_with_free_func(g_free);
    plan->lines = g_string_new(NULL);
    plan->programs = g_array_new(FALSE, FALSE, sizeof(BnsDeniedProgram));
    plan->strings = g_ptr_array_new_with_free_func(g_free);
    plan->rules = g_array_new(FALSE, FALSE, sizeof(BnsExecRule));
    plan->lists = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
    if (commands->record_origin != NULL)
        add_record(plan, commands->record_origin);
    plan->dirs = g_strdup(path != NULL ? path : "");
    add_allowed(plan, commands, places, path);
    if (commands->deny->len > 0)
        fill(&planning, commands, path);
    if (plan->allow->programs->len > BNS_DENIED_MAX) {
        g_set_error_literal(error, BNS_COMMAND_PLAN_ERROR, 0,
                            "commands.allow: names more files "
                            "than " G_STRINGIFY(BNS_DENIED_MAX));
        return NULL;
    }
    if (plan->programs->len > BNS_DENIED_MAX) {
        g_set_error(
            error, BNS_COMMAND_PLAN_ERROR, 0,
            "commands.deny: names %u files, more than " G_STRINGIFY(BNS_DENIED_MAX),
            plan->programs->len);
        return NULL;
    }
    plan->denied.programs =
        (const BnsDeniedProgram *)(const void *)plan->programs->data;
    plan->denied.n = plan->programs->len;
    plan->exec.denied = &plan->denied;
    plan->exec.rules = (const BnsExecRule *)(const void *)plan->rules->data;
    plan->exec.n_rules = plan->rules->len;
    return g_steal_pointer(&plan);
}

void
bns_command_plan_allow(BnsCommandPlan *plan, const char *program)
{
    if (plan->allow->allowed.is_on)
        bns_allow_plan_add(plan->allow, program);
}

char *
bns_command_plan_check(const BnsCommandPlan *plan,
                       const BnsCommands *commands,
                       const char *program,
                       const char *workdir)
{
    g_auto(GStrv) dirs = g_strsplit(plan->dirs, ":", -1);
    g_autofree char *shown = bns_text_escape(program, -1);
    g_autofree char *from = NULL;

    if (bns_allow_plan_permits(plan->allow, program, workdir,
                               (const char *const *)dirs))
        return NULL;
    from = bns_text_escape(((const BnsCommandRule *)commands->allow->pdata[0])->origin,
                           -1);
    return g_strdup_printf("%s is not among what policy permits to execute (%s)", shown,
                           from);
}

char *
bns_command_plan_find(const BnsCommandPlan *plan,
                      const char *program,
                      const char *workdir)
{
    g_auto(GStrv) dirs = g_strsplit(plan->dirs, ":", -1);

    return bns_allow_plan_find(program, workdir, (const char *const *)dirs);
}

void
bns_command_plan_free(BnsCommandPlan *plan)
{
    if (plan == NULL)
        return;
    bns_allow_plan_free(plan->allow);
    g_free(plan->dirs);
    g_ptr_array_unref(plan->notices);
    g_string_free(plan->lines, TRUE);
    g_array_unref(plan->programs);
    g_array_unref(plan->rules);
    g_ptr_array_unref(plan->lists);
    g_ptr_array_unref(plan->strings);
    g_free(plan);
}
