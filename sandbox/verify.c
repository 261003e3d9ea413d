/* SPDX-License-Identifier: Apache-2.0 */
/*
 * boundary-ns verify: a session whose command is our own attempts to get out.
 */
#include "sandbox/verify.h"

#include "sandbox/commands.h"
#include "sandbox/exit_status.h"
#include "sandbox/log.h"
#include "sandbox/places.h"
#include "sandbox/policy_source.h"
#include "sandbox/programs.h"
#include "sandbox/review_begin.h"
#include "sandbox/run.h"
#include "sandbox/variables.h"
#include "sandbox/verify_canary.h"
#include "sandbox/verify_probes.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Each variable that would be hidden is there to be found. */
static void
set_variables(void)
{
    char name[256];

    for (size_t i = 0; i < bns_n_variable_defaults; i++)
        if (bns_variable_defaults[i].kind == BNS_VARIABLE_SECRET) {
            bns_verify_variable_name(bns_variable_defaults[i].name, name, sizeof(name));
            g_setenv(name, "boundary-ns verify", FALSE);
        }
}

/* In the child: the session is a whole one, but for what it prints. */
static int
run_inside(const BnsOptions *options,
           const BnsPolicy *policy,
           const BnsCanary *canary,
           const char *program,
           const BnsCommandPlan *plan,
           int fd)
{
    g_auto(GStrv) arguments = bns_canary_arguments(canary, program, 1, plan);
    BnsOptions inside = *options;

    if (dup2(fd, STDOUT_FILENO) < 0 || !bns_canary_leave_open())
        return BNS_EXIT_FAILED;
    set_variables();
    inside.command = BNS_COMMAND_RUN;
    inside.quiet = true;
    inside.is_verify = true;
    /* What the attempts write is nothing to look at. */
    inside.discard = bns_review_is_wanted(policy);
    inside.arguments = arguments;
    return bns_run(&inside);
}

/* Returns: (transfer full): what the attempts printed, or %NULL: they did not run. */
static char *
run(const BnsOptions *options,
    const BnsPolicy *policy,
    BnsCanary *canary,
    const char *program,
    const BnsCommandPlan *plan)
{
    g_autofree char *text = NULL;
    int status = 0;
    int ends[2];
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return NULL;
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        close(ends[0]);
        exit(run_inside(options, policy, canary, program, plan, ends[1]));
    }
    close(ends[1]);
    /* The session ends by them, and then we; what was put up is to be taken down. */
    signal(SIGINT, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
    if (pid > 0)
        text = bns_canary_serve(canary, ends[0]);
    close(ends[0]);
    if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status) ||
        WEXITSTATUS(status) != 0)
        return NULL;
    return g_steal_pointer(&text);
}

static char *
find_program(void)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);

    return self != NULL ? bns_programs_find(self, BNS_PROBES_NAME) : NULL;
}

static int
fail(const char *why)
{
    bns_log_print("%s", why);
    return BNS_EXIT_FAILED;
}

static int
verify(const BnsOptions *options, const BnsPolicy *policy, const char *program)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *here = g_get_current_dir();
    const char *workdir = options->workdir != NULL ? options->workdir : here;
    g_autoptr(BnsPlaces) places = bns_places_new();
    g_autoptr(BnsCommandPlan) plan = bns_command_plan_new(
        bns_policy_commands(policy), places, g_getenv("PATH"), &error);
    g_autoptr(BnsCanary) canary = plan != NULL ? bns_canary_new(workdir, &error) : NULL;
    g_autofree char *text = NULL;
    g_autofree char *table = NULL;
    guint n_open = 0;

    if (canary == NULL)
        return fail(error->message);
    text = run(options, policy, canary, program, plan);
    if (text != NULL)
        table = bns_verify_table(
            policy, text, places->home != NULL ? places->home : "/", workdir, &n_open);
    if (table == NULL)
        return fail("the attempts did not run to their end");
    fputs(table, stdout);
    return n_open > 0 ? 1 : 0;
}

int
bns_verify(const BnsOptions *options)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BnsPolicy) policy = bns_policy_source_load(options, NULL, &error);
    g_autofree char *program = find_program();

    if (policy == NULL)
        return fail(error->message);
    if (program == NULL)
        return fail(BNS_PROBES_NAME
                    " is neither beside boundary-ns nor in " BNS_LIBEXECDIR);
    return verify(options, policy, program);
}
