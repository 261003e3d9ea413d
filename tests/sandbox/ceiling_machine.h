/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine with a home, a workspace and sockets, for what a system policy leaves of the
 * policy below it. "@" in a policy's text is the machine's root.
 */
#pragma once

#include "policy/policy_private.h"
#include "sandbox/file_plan.h"

typedef struct {
    char *root; /* owned; real, and in none of the sandbox's private directories */
    BnsPlaces *places;
} Machine;

void machine_init(Machine *machine);
void machine_clear(Machine *machine);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Machine, machine_clear)

/* Returns: (transfer full): the absolute path of @name */
char *machine_path(const Machine *machine, const char *name);

/* With the directories that it is in. */
void machine_make_file(const Machine *machine, const char *name);

/* Returns: (transfer full): the policy of @yaml, which must be valid */
BnsPolicy *machine_parse(const char *file, const char *yaml, const Machine *machine);

/* @system: NULL: no system policy. Returns: (transfer full): the plan, or %NULL with
 * @error */
BnsFilePlan *machine_plan(const Machine *machine,
                          const char *system,
                          const char *yaml,
                          const char *workdir,
                          GError **error);

/* @path: absolute */
bool machine_can_write(const BnsFilePlan *plan, const char *path);

/* Whether it is so: "w": @subject can be written to, "h": it is hidden, "p": it is
 * read-only whatever is around it, "k": it is kept at the end, "s": it is a socket that
 * may be reached, "n": it is said. */
bool machine_is_so(const Machine *machine,
                   const BnsFilePlan *plan,
                   char what,
                   const char *subject);
