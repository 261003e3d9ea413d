/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Environment: what of the user's environment the command gets.
 *
 * In this order:
 *  - Of each variable the first value counts, as for getenv(3).
 *  - What is another service's credential, or leads to a program of the host, is hidden
 *    (sandbox/variables.h). Settings of git with a credential take the others of GIT_CONFIG_COUNT along.
 *    Proxy variables and our own BOUNDARY_* are removed, and so are temporary
 *    directories below a path that is private inside. In a clean environment all but a
 *    few is removed.
 *  - Trust variables are set to our files (sandbox/trust_variables.h), over inherited
 *    ones. The files in /etc alone serve most programs, also those started without an
 *    environment; the variables serve those that bring roots of their own. From Java's
 *    option variables, options that name a store or a proxy are taken out.
 *  - The policy's entries have the last word, in their order; a system policy's come last,
 *    and may restrict what is passed by name.
 */
#pragma once

#include "policy/env.h"

#include <glib.h>

typedef struct {
    GStrv variables; /* owned; the command's, each once; values may be SECRET */
    GStrv hidden; /* owned; names of the user's that it does not get: credentials, then
                      * services, each sorted */
} BnsEnvironment;

/* Returns: (transfer full): what @env, of a policy, makes of the user's environment. */
BnsEnvironment *bns_environment_new(char **host_environ, const BnsEnv *env);
void bns_environment_free(BnsEnvironment *environment);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsEnvironment, bns_environment_free)

/* Returns: (transfer full) (nullable): a line for the person that names what is hidden, or
 * %NULL: nothing is. No value is in it. */
char *bns_environment_notice(const BnsEnvironment *environment);

/* @mode_origin: (nullable): where the mode was said. Returns: (transfer full): `check`'s
 * lines: "ORIGIN\tenv.…\tNAME\n". No value is in them. */
char *bns_environment_describe(const BnsEnvironment *environment,
                               const BnsEnv *env,
                               const char *mode_origin);
