/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands: what a policy says of the programs that the command starts: `commands:`.
 *
 * Entries as they were written, in the order in which they were; which files of this
 * machine they mean is sandbox/command_plan.h's affair. Nothing here touches the file
 * system.
 */
#pragma once

#include "policy/yaml.h"

/* One mount or more each. */
#define BNS_COMMANDS_MAX 256
/* What is printed for one has to fit into a page (sandbox/stub.h). */
#define BNS_COMMANDS_REASON_MAX 512

typedef struct {
    char *program; /* owned; a name that is looked up in PATH, "/…" or "~/…" */
    char
        *arguments; /* owned, nullable: all; a pattern of those behind the first, joined
                      * by spaces, in which "*" stands for any bytes */
    char *reason;   /* owned, nullable; one line for the program that tried */
    char *origin;   /* owned; "file:line" */
} BnsCommandRule;

typedef struct {
    GPtrArray *deny;     /* owned, of owned BnsCommandRule; of two for a file the later
                      * gives the reason */
    char *record_origin; /* owned; of `exec: record`, "file:line"; NULL: not recorded */
} BnsCommands;

BnsCommands *bns_commands_new(void);
void bns_commands_free(BnsCommands *commands);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsCommands, bns_commands_free)

/* Reads the value of `commands:` into @commands. Errors: "file:line:column: ...". */
bool bns_commands_read(BnsCommands *commands,
                       const char *file,
                       const BnsYaml *value,
                       GError **error);

/* What only the whole tells: patterns of arguments are judged where what is executed is
 * recorded. Errors: BNS_POLICY_ERROR_INVALID, "ORIGIN: ...". */
bool bns_commands_check(const BnsCommands *commands, GError **error);

/* Adds what @more says, of a file that is built on the one of @commands. Empties @more. */
void bns_commands_merge(BnsCommands *commands, BnsCommands *more);
