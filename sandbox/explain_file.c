/* SPDX-License-Identifier: Apache-2.0 */
/* A file: what the command finds there, and who says so. */
#include "base/text.h"
#include "sandbox/command_plan.h"
#include "sandbox/environment.h"
#include "sandbox/explainers.h"
#include "sandbox/file_fate.h"
#include "sandbox/file_names.h"
#include "sandbox/file_protect.h"
#include "sandbox/protect.h"
#include "sandbox/sight.h"
#include "sandbox/tree.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const reasons[] = {
    [BNS_FATE_HIDDEN] = "it is hidden",
    [BNS_FATE_ABSENT] = "the sandbox has a directory of its own there",
    [BNS_FATE_OWN] = "the sandbox has its own, not the host's",
    [BNS_FATE_READ_ONLY] = "it is read-only",
    [BNS_FATE_PROTECTED] = "it is read-only, and stays where it is",
    [BNS_FATE_WRITE] = "it is writable",
    [BNS_FATE_PRIVATE] = "what is written to it is gone at the end of the session",
    [BNS_FATE_PERSIST] = "it is a copy, which is written back at the end",
    [BNS_FATE_REVIEW] = "what is written to it is kept apart, to be reviewed",
};
G_STATIC_ASSERT(G_N_ELEMENTS(reasons) == BNS_N_FATES);

/* One file, while it is explained. */
typedef struct {
    BnsExplanation *explanation;
    const BnsFilePlan *plan;
    const char *asked; /* absolute */
    const char *name;  /* the same, real but for the last part */
    const char *real;  /* what it leads to; the same as @name if nothing is there */
    bool is_write;
    bool is_there;
    GStrv protected_paths;
    BnsFileFate fate;
} File;

/* --- what decides --- */

/* A run makes our own directories before anything else. */
static void
add_ours(GPtrArray *paths, const char *dir)
{
    if (dir != NULL)
        g_ptr_array_add(paths, bns_file_names_resolve_parent(dir));
}

/* Returns: (transfer full): what is protected. */
static GStrv
find_protected(const BnsExplainSource *source, const BnsFilePlan *plan)
{
    g_autofree char *executable = g_file_read_link("/proc/self/exe", NULL);
    const BnsPlaces *places = source->places;
    const BnsProtectSource protect = { .places = places,
                                       .policy = source->policy,
                                       .executable = executable,
                                       .pins = plan->pins };
    g_autofree GStrv found = bns_protect_paths(&protect); /* its strings move */
    GPtrArray *paths = g_ptr_array_new();

    for (char **path = found; *path != NULL; path++)
        g_ptr_array_add(paths, *path);
    add_ours(paths, places->config_dir);
    add_ours(paths, places->home_config_dir);
    add_ours(paths, places->coder_dir);
    add_ours(paths, places->state_dir);
    g_ptr_array_add(paths, NULL);
    return (GStrv)g_ptr_array_free(paths, FALSE);
}

static BnsFileFate
find_fate(const File *file)
{
    const BnsFateSource fates = { file->plan,
                                  (const char *const *)file->protected_paths };
    BnsFileFate fate = bns_file_fate(&fates, file->name);

    if (fate.kind != BNS_FATE_HIDDEN && strcmp(file->name, file->real) != 0)
        fate = bns_file_fate(&fates, file->real);
    return fate;
}

static bool
is_socket(const File *file)
{
    struct stat info;

    return bns_sight_stat(file->real, &info) && S_ISSOCK(info.st_mode);
}

static bool
is_listed(const GPtrArray *paths, const char *path)
{
    for (guint i = 0; i < paths->len; i++)
        if (g_strcmp0(paths->pdata[i], path) == 0)
            return true;
    return false;
}

static const char *
find_reason(const File *file)
{
    if (file->is_write && file->fate.kind == BNS_FATE_HIDDEN && file->fate.is_rebuilt)
        return "it is hidden; what is made in its place is gone at the end";
    return reasons[file->fate.kind];
}

/* Of a file that the sandbox would leave to the command. Returns: why it still is not
 * the command's, or %NULL. */
static const char *
find_objection(const File *file)
{
    g_autofree char *dir = g_path_get_dirname(file->real);

    if (file->fate.kind == BNS_FATE_ABSENT || file->fate.kind == BNS_FATE_HIDDEN)
        return NULL;
    if (is_socket(file) && !is_listed(file->plan->sockets, file->real))
        return "it is a socket of the host that sockets: does not name";
    if (file->is_there && !bns_sight_may(file->real, file->is_write ? W_OK : R_OK))
        return file->is_write ? "your own permissions do not let you write to it"
                              : "your own permissions do not let you read it";
    if (!file->is_there && !file->is_write)
        return "there is no such file";
    if (!file->is_there && !file->fate.is_rebuilt && bns_sight_has(dir) &&
        !bns_sight_may(dir, W_OK))
        return "your own permissions do not let you make it";
    return NULL;
}

/* Returns: what speaks against it though the sandbox would leave it to the command. */
static const char *
decide(File *file)
{
    const BnsFileFate *fate = &file->fate;
    bool is_allowed =
        file->is_write ? bns_fate_is_writable(fate) : bns_fate_is_readable(fate);
    const char *objection = is_allowed ? find_objection(file) : NULL;
    const char *rule = fate->rule;

    if (is_socket(file) && objection == NULL)
        rule = g_hash_table_lookup(file->plan->origins, file->real);
    bns_explanation_decide(file->explanation,
                           is_allowed && objection == NULL ? BNS_VERDICT_ALLOW
                                                           : BNS_VERDICT_DENY,
                           objection == NULL ? rule : NULL,
                           objection != NULL ? objection : find_reason(file));
    return objection;
}

/* --- what is said of it --- */

static void
say_asked(const File *file)
{
    BnsExplanation *explanation = file->explanation;

    bns_explanation_say(explanation, "Asked: %s %s", file->is_write ? "write" : "read",
                        file->asked);
    if (strcmp(file->asked, file->real) != 0)
        bns_explanation_say(explanation, "It leads to %s", file->real);
    if (!file->is_there)
        bns_explanation_say(explanation, "There is no such file now.");
}

static void
say_fate(const File *file)
{
    const BnsFileFate *fate = &file->fate;
    BnsExplanation *explanation = file->explanation;

    if (fate->rule != NULL || fate->why != NULL)
        bns_explanation_say(
            explanation, "Inside: %s, by %s%s%s%s%s", find_reason(file),
            fate->rule != NULL ? fate->rule : "default",
            fate->place != NULL ? " for " : "", fate->place != NULL ? fate->place : "",
            fate->why != NULL ? ": " : "", fate->why != NULL ? fate->why : "");
    else if (fate->kind == BNS_FATE_READ_ONLY)
        bns_explanation_say(explanation,
                            "Inside: it is read-only: nothing says that it "
                            "can be written");
    else if (fate->kind == BNS_FATE_WRITE)
        bns_explanation_say(explanation,
                            "Inside: it is writable, since files.mode is shared");
    else
        bns_explanation_say(explanation, "Inside: %s%s", find_reason(file),
                            fate->is_rebuilt && fate->kind == BNS_FATE_PRIVATE
                                ? ", since its directory is made anew"
                                : "");
}

/* What else somebody would stumble over. */
static void
say_surroundings(const File *file)
{
    const BnsFileFate *fate = &file->fate;
    const char *why = bns_file_protect_reason(file->real);

    if (fate->is_rebuilt && file->is_there && fate->kind != BNS_FATE_PRIVATE)
        bns_explanation_say(file->explanation,
                            "Its directory is made anew inside: it cannot be replaced "
                            "there, and what is made beside it is gone at the end.");
    if (fate->kind == BNS_FATE_WRITE && why != NULL)
        bns_explanation_say(file->explanation,
                            "The host executes or obeys it (%s): a change is named at "
                            "the end, see files.on_protected.",
                            why);
}

/* A denied program cannot be read either. */
static void
say_denied(const File *file, const BnsExplainSource *source)
{
    g_autoptr(BnsEnvironment) environment =
        bns_environment_new(source->environ, bns_policy_env(source->policy));
    g_autoptr(BnsCommandPlan) commands =
        bns_command_plan_new(bns_policy_commands(source->policy), source->places,
                             g_environ_getenv(environment->variables, "PATH"), NULL);
    const BnsDeniedProgram *denied =
        commands != NULL ? bns_denied_find(&commands->denied, file->real) : NULL;

    if (denied == NULL)
        return;
    bns_explanation_decide(file->explanation, BNS_VERDICT_DENY, denied->origin,
                           "it is a program that may not be executed: another stands "
                           "in its place");
    bns_explanation_say(file->explanation, "Inside, another program stands in its "
                                           "place, which says that it is denied.");
}

static void
suggest(const File *file)
{
    const BnsFileFate *fate = &file->fate;
    char **suggestion = &file->explanation->suggestion;
    g_autofree char *quoted = bns_text_shell_quote(file->real);

    if (file->explanation->verdict == BNS_VERDICT_ALLOW || !file->is_there ||
        bns_file_names_are_own(file->real) ||
        (fate->kind == BNS_FATE_PROTECTED && fate->rule == NULL))
        return;
    if (is_socket(file) && fate->kind != BNS_FATE_HIDDEN)
        *suggestion = g_strdup_printf("sockets: [%s]", quoted);
    else if (fate->kind == BNS_FATE_HIDDEN && !file->is_write)
        *suggestion = g_strdup_printf("files: { show: [%s] }", quoted);
    else if (!bns_fate_is_writable(fate))
        *suggestion = g_strdup_printf("--write %s", quoted);
}

static bool
explain(const BnsExplainSource *source, File *file)
{
    const char *objection;

    file->fate = find_fate(file);
    objection = decide(file);
    say_asked(file);
    say_fate(file);
    say_surroundings(file);
    if (bns_fate_is_readable(&file->fate) && !is_socket(file))
        say_denied(file, source);
    if (file->fate.kind != BNS_FATE_HIDDEN)
        bns_explain_near_files(file->explanation, file->plan, file->real);
    if (objection == NULL || is_socket(file))
        suggest(file);
    return true;
}

/* Returns: (transfer full) (nullable): absolute */
static char *
expand(const BnsExplainSource *source, const char *path)
{
    g_autoptr(BnsFileNames) names = bns_file_names_new(source->places, source->workdir);
    g_autoptr(GPtrArray) paths = bns_file_names_expand(names, path);

    return paths->len > 0 ? g_strdup(paths->pdata[0]) : NULL;
}

bool
bns_explain_file(const BnsExplainSource *source,
                 const void *subject,
                 BnsExplanation *out_explanation,
                 GError **error)
{
    const BnsExplainPath *path = subject;
    g_autoptr(BnsFilePlan) plan =
        bns_file_plan_new(source->policy, source->places, source->workdir, error);
    g_autofree char *asked = expand(source, path->path);
    g_autofree char *name = NULL;
    g_autofree char *real = NULL;
    g_auto(GStrv) protected_paths = NULL;
    File file = { .explanation = out_explanation,
                  .plan = plan,
                  .asked = asked,
                  .is_write = path->is_write };

    out_explanation->kind = "file";
    if (plan == NULL)
        return false;
    if (asked == NULL) {
        g_set_error_literal(error, BNS_FILE_PLAN_ERROR, 0,
                            "~: there is no home: write the path out");
        return false;
    }
    file.protected_paths = protected_paths = find_protected(source, plan);
    name = bns_file_names_resolve_parent(asked);
    real = bns_sight_real(asked);
    file.is_there = real != NULL;
    file.name = name;
    file.real = real != NULL ? real : name;
    return explain(source, &file);
}
