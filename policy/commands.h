/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands: what a policy says of the programs that the command starts: `commands:`.
 *
 * Entries as they were written, in the order in which they were; which files of this
 * machine they mean is sandbox/command_plan.h's affair. Nothing here touches the file
 * system.
 */
#pragma once

#include "policy/nested.h"
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
    unsigned column; /* in that line */
} BnsCommandRule;

typedef struct {
    GPtrArray *deny;  /* owned, of owned BnsCommandRule; of two for a file the later
                      * gives the reason */
    GPtrArray *allow; /* owned, of owned BnsCommandRule: a program, or a directory with
                      * all below it, which ends with '/'. Empty: all are allowed */
    GPtrArray
        *ceiling; /* owned, the same of a system policy: what is executed has to be
                          * allowed by both; empty: it says nothing */
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
 * recorded, and who may mount (@nested) may execute what is mounted. Errors:
 * BNS_POLICY_ERROR_INVALID, "ORIGIN:COLUMN: ...". */
bool bns_commands_check(const BnsCommands *commands, BnsNested nested, GError **error);

/* Puts @ceiling, of a system policy, above @commands: it denies and records besides, and
 * what is allowed has to be so by both. Empties @ceiling. */
void bns_commands_narrow(BnsCommands *commands, BnsCommands *ceiling);

/* Adds what @more says, of a file that is built on the one of @commands. Empties @more. */
void bns_commands_merge(BnsCommands *commands, BnsCommands *more);
