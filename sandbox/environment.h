/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Environment: what of the user's environment the command gets.
 *
 * Four rules, in this order:
 *  - Proxy variables and our own BOUNDARY_* are removed: there is no proxy inside.
 *  - Variables that name a socket of the host (agent, bus, display, editor) are removed,
 *    because those are out of reach and a dangling name makes tools wait or warn; so are
 *    temporary directories below a path that is private inside.
 *  - Trust variables are set to our files (sandbox/trust_variables.h), over inherited
 *    ones. The files in /etc alone serve most programs, also those started without an
 *    environment; the variables serve those that bring roots of their own. From Java's
 *    option variables, options that name a store or a proxy are taken out.
 *  - `--env` has the last word.
 */
#pragma once

#include <glib.h>

/**
 * bns_environment_new:
 * @host_environ: the user's environment
 * @env_options: (nullable): NAME=VALUE sets; NAME passes the user's value of a variable
 *               that would be removed or replaced (nothing if he has none)
 *
 * Returns: (transfer full): the command's environment, without duplicates of what we
 *          set, or %NULL with @error of %G_OPTION_ERROR: an option without a name
 */
GStrv bns_environment_new(char **host_environ, char **env_options, GError **error);
