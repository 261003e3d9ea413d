/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command plan: from a policy's `commands:` to files of this machine.
 *
 * A name is looked up as the command would, in all directories of its PATH, and in those
 * of the system besides: every file of that name is meant. Symbolic links are followed:
 * what is denied is the file that they lead to, with all of its names. So where one
 * program has many (busybox, rustup) they are all denied; `check` lists the files.
 *
 * A rule for arguments is judged at each execve(2) by sandbox/exec_watch.h.
 */
#pragma once

#include "policy/commands.h"
#include "sandbox/allow_plan.h"
#include "sandbox/denied.h"
#include "sandbox/exec_watch.h"
#include "sandbox/places.h"

typedef struct {
    BnsAllowPlan *allow; /* owned */
    char *dirs;          /* owned; PATH of the command, "" if it has none */
    BnsDenied denied;    /* of what is below; lives as long as the plan */
    BnsExecPolicy exec;  /* the same */
    GPtrArray *notices;  /* owned, of owned lines for the person */
    GString *lines;      /* owned: `check`'s: "ORIGIN\tdeny-command\tPATH\n" */
    GArray *programs;    /* owned; of BnsDeniedProgram */
    GArray *rules;       /* owned; of BnsExecRule */
    GPtrArray *strings;  /* owned, of owned strings: what these borrow */
    GPtrArray *lists;    /* owned, of owned arrays of paths: the same */
} BnsCommandPlan;

#define BNS_COMMAND_PLAN_ERROR (bns_command_plan_error_quark())
GQuark bns_command_plan_error_quark(void);

/**
 * bns_command_plan_new:
 * @path: (nullable): PATH of the command; what is not absolute in it is passed over
 *
 * Returns: (transfer full): the plan, or %NULL with @error: more files than can be denied
 *          or allowed
 */
BnsCommandPlan *bns_command_plan_new(const BnsCommands *commands,
                                     const BnsPlaces *places,
                                     const char *path,
                                     GError **error);
/* Allows a program of ours, too, where not all are. */
void bns_command_plan_allow(BnsCommandPlan *plan, const char *program);

/**
 * bns_command_plan_check:
 * @program: what the command begins with
 *
 * Returns: (transfer full) (nullable): why it is not among what is allowed, in one line
 *          without its end
 */
char *bns_command_plan_check(const BnsCommandPlan *plan,
                             const BnsCommands *commands,
                             const char *program,
                             const char *workdir);

/* Returns: (transfer full) (nullable): the file that execvp(3) would look for along the
 * command's PATH, absolute, as it is named there; %NULL: nowhere */
char *bns_command_plan_find(const BnsCommandPlan *plan,
                            const char *program,
                            const char *workdir);

void bns_command_plan_free(BnsCommandPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsCommandPlan, bns_command_plan_free)
