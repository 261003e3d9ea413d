/* SPDX-License-Identifier: Apache-2.0 */
/* A command line: whether the command may execute it, and who says so. */
#include "base/fd.h"
#include "base/star.h"
#include "policy/near.h"
#include "sandbox/command_plan.h"
#include "sandbox/environment.h"
#include "sandbox/explainers.h"
#include "sandbox/sight.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* More than a few are no help. */
#define NEAR_MAX 5
/* As the kernel reads of it. */
#define SHEBANG_MAX 256

/* One command line, while it is explained. All borrowed. */
typedef struct {
    BnsExplanation *explanation;
    const BnsExplainSource *source;
    const BnsCommands *commands;
    const BnsCommandPlan *plan;
    const char *program;   /* as it was asked for */
    const char *real;      /* the file that it leads to */
    const char *arguments; /* those behind it, joined by spaces */
} Line;

/* --- what decides --- */

static void
deny(const Line *line, const char *origin, const char *reason)
{
    bns_explanation_decide(line->explanation, BNS_VERDICT_DENY, origin, reason);
}

/* Returns: whether a rule for its arguments, or for the program, refuses it. */
static bool
is_denied(const Line *line)
{
    const BnsExecRule *rule = bns_exec_policy_find(
        &line->plan->exec, line->real, line->arguments, strlen(line->arguments));
    const BnsDeniedProgram *program = bns_denied_find(&line->plan->denied, line->real);

    if (rule != NULL) {
        deny(line, rule->origin,
             rule->reason != NULL ? rule->reason : "these arguments are not permitted");
        bns_explanation_say(line->explanation, "Denied by %s (%s %s)", rule->origin,
                            line->program, rule->pattern);
        return true;
    }
    if (program == NULL)
        return false;
    deny(line, program->origin, "the program is not permitted");
    bns_explanation_say(line->explanation,
                        "Denied by %s: another program stands in its place, which says "
                        "so and ends with 126",
                        program->origin);
    return true;
}

/* The file of a hidden directory is not there; in a directory of the sandbox's own neither.
 * Returns: whether that is so. */
static bool
is_out_of_sight(const Line *line, GError **error)
{
    const BnsExplainPath path = { line->real, false };
    g_auto(BnsExplanation) file = { 0 };

    bns_explanation_init(&file);
    if (!bns_explain_file(line->source, &path, &file, error) ||
        file.verdict == BNS_VERDICT_ALLOW)
        return false;
    deny(line, file.rule, file.reason);
    bns_explanation_say(line->explanation, "Its file is not to be had inside: %s",
                        file.reason);
    return true;
}

static bool
is_unlisted(const Line *line)
{
    g_autofree char *why = bns_command_plan_check(line->plan, line->commands,
                                                  line->real, line->source->workdir);
    const BnsCommandRule *first;

    if (why == NULL)
        return false;
    first = line->commands->allow->pdata[0];
    deny(line, first->origin, "it is not among commands.allow");
    bns_explanation_say(line->explanation,
                        "Denied: nothing but what commands.allow names can be executed "
                        "(%s)",
                        first->origin);
    return true;
}

static void
allow(const Line *line)
{
    bool is_on = line->plan->allow->allowed.is_on;
    const BnsCommandRule *first = is_on ? line->commands->allow->pdata[0] : NULL;

    bns_explanation_decide(line->explanation, BNS_VERDICT_ALLOW,
                           is_on ? first->origin : NULL,
                           is_on ? "it is among commands.allow" : "no rule denies it");
    bns_explanation_say(line->explanation, "Allowed: %s", line->explanation->reason);
}

/* --- what comes near --- */

static void
say_near(const Line *line,
         guint *n,
         bool is_deny,
         const BnsCommandRule *rule,
         const char *why)
{
    if (*n == 0)
        bns_explanation_say(line->explanation, "Rules that come near:");
    if ((*n)++ < NEAR_MAX)
        bns_explanation_say(line->explanation, "  %s (%s %s%s%s): %s", rule->origin,
                            is_deny ? "deny" : "allow", rule->program,
                            rule->arguments != NULL ? " " : "",
                            rule->arguments != NULL ? rule->arguments : "", why);
}

/* Returns: what keeps @rule from the command line, or %NULL: it is not near, or decides. */
static const char *
find_miss(const Line *line, const BnsCommandRule *rule)
{
    g_autofree char *asked = g_path_get_basename(line->program);
    g_autofree char *named = g_path_get_basename(rule->program);
    bool is_same = strcmp(asked, named) == 0;

    if (!is_same)
        return bns_near_is_like(asked, named) ? "the name does not match" : NULL;
    if (rule->arguments != NULL &&
        !bns_star_matches(rule->arguments, strlen(rule->arguments), line->arguments,
                          strlen(line->arguments), false))
        return "the arguments do not match";
    return strchr(rule->program, '/') != NULL && !g_str_has_suffix(rule->program, "/")
               ? "it is for another file of that name"
               : NULL;
}

static void
add_near(const Line *line)
{
    const GPtrArray *lists[] = { line->commands->deny, line->commands->allow };
    const char *decides = line->explanation->rule;
    guint n = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
        for (guint j = 0; j < lists[i]->len; j++) {
            const BnsCommandRule *rule = lists[i]->pdata[j];
            const char *why = g_strcmp0(decides, rule->origin) != 0 || i == 1
                                  ? find_miss(line, rule)
                                  : NULL;

            if (why != NULL)
                say_near(line, &n, i == 0, rule, why);
        }
}

/* --- what it starts --- */

/* Returns: (transfer full) (nullable): the program that the script @path names on its
 * "#!" line; %NULL: it is none. */
static char *
find_interpreter(const char *path)
{
    /* A FIFO does not keep us waiting. */
    bns_autofd fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    char head[SHEBANG_MAX + 1] = { 0 };
    const char *name = head + 2;

    if (fd < 0 || read(fd, head, SHEBANG_MAX) < 2 || memcmp(head, "#!", 2) != 0)
        return NULL;
    name += strspn(name, " \t");
    return g_strndup(name, strcspn(name, " \t\r\n"));
}

static void
say_interpreter(const Line *line)
{
    g_autofree char *interpreter = find_interpreter(line->real);

    if (interpreter != NULL && *interpreter != '\0')
        bns_explanation_say(line->explanation,
                            "It is a script of %s, which is judged by itself.",
                            interpreter);
}

static bool
explain(const Line *line, GError **error)
{
    g_autoptr(GError) fault = NULL;

    if (!is_denied(line) && !is_out_of_sight(line, &fault) && fault == NULL &&
        !is_unlisted(line))
        allow(line);
    if (fault != NULL) {
        g_propagate_error(error, g_steal_pointer(&fault));
        return false;
    }
    add_near(line);
    say_interpreter(line);
    return true;
}

/* Nothing of that name can be executed. */
static bool
explain_absent(const Line *line)
{
    deny(line, NULL, "there is no such program (the command would end with 127)");
    bns_explanation_say(line->explanation,
                        strchr(line->program, '/') != NULL
                            ? "There is no such file."
                            : "It is in no directory of the command's PATH.");
    add_near(line);
    return true;
}

bool
bns_explain_command(const BnsExplainSource *source,
                    const void *subject,
                    BnsExplanation *out_explanation,
                    GError **error)
{
    char *const *words = subject;
    g_autoptr(BnsEnvironment) environment =
        bns_environment_new(source->environ, bns_policy_env(source->policy));
    g_autoptr(BnsCommandPlan) plan =
        bns_command_plan_new(bns_policy_commands(source->policy), source->places,
                             g_environ_getenv(environment->variables, "PATH"), error);
    g_autofree char *all = g_strjoinv(" ", (char **)(uintptr_t)words);
    g_autofree char *arguments = g_strjoinv(" ", (char **)(uintptr_t)(words + 1));
    g_autofree char *path = NULL;
    g_autofree char *real = NULL;
    Line line = { .explanation = out_explanation,
                  .source = source,
                  .commands = bns_policy_commands(source->policy),
                  .plan = plan,
                  .program = words[0],
                  .arguments = arguments };

    out_explanation->kind = "command";
    if (plan == NULL)
        return false;
    bns_explanation_say(out_explanation, "Asked: execute %s", all);
    path = bns_command_plan_find(plan, words[0], source->workdir);
    real = path != NULL ? bns_sight_real(path) : NULL;
    if (real == NULL)
        return explain_absent(&line);
    bns_explanation_say(out_explanation, "It is the file %s", real);
    line.real = real;
    return explain(&line, error);
}
