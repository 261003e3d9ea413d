/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allow plan: from `commands.allow` to files of this machine. Names are looked up as those
 * that are denied (sandbox/command_plan.h), and lead to files: where one program has many
 * names all of them are allowed. A path that ends with '/' is a directory, with all below.
 * With a system policy that has such a list what is in both is allowed.
 */
#pragma once

#include "policy/commands.h"
#include "sandbox/allowed.h"
#include "sandbox/places.h"

#include <glib.h>

typedef struct {
    BnsAllowed allowed;  /* of what is below; lives as long as the plan */
    GPtrArray *programs; /* owned, of owned real paths, NULL-terminated */
    GPtrArray *loaders;  /* owned, of owned real paths, NULL-terminated */
} BnsAllowPlan;

/**
 * bns_allow_plan_new:
 * @dirs: where names are looked up, NULL-terminated; what is not absolute is passed over
 * @lines: `check`'s: "ORIGIN\tallow-command\tPATH\n" is added for each
 */
BnsAllowPlan *bns_allow_plan_new(const BnsCommands *commands,
                                 const BnsPlaces *places,
                                 const char *const *dirs,
                                 GString *lines);
void bns_allow_plan_free(BnsAllowPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsAllowPlan, bns_allow_plan_free)

/* Allows the file @program, too. */
void bns_allow_plan_add(BnsAllowPlan *plan, const char *program);

/* Returns: (transfer full) (nullable): the file that execvp(3) would execute, absolute. */
char *
bns_allow_plan_find(const char *program, const char *workdir, const char *const *dirs);

/**
 * bns_allow_plan_permits:
 * @program: what the command begins with
 * @workdir: where it is started
 *
 * Whether the command can be started, as far as can be told before; what is not found is
 * not judged. @dirs: as above, those of its PATH alone.
 */
bool bns_allow_plan_permits(const BnsAllowPlan *plan,
                            const char *program,
                            const char *workdir,
                            const char *const *dirs);
