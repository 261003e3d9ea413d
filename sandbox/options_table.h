/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of options, for options.c, options_check.c and options_help.c alone.
 */
#pragma once

#include "sandbox/options.h"

#include <stddef.h>

/**
 * BnsOptionKind:
 * @BNS_OPTION_FLAG: bool at the offset
 * @BNS_OPTION_SWITCH: char *, once: "true", or what follows '=': "true" or "false"
 * @BNS_OPTION_STRING: char *, once
 * @BNS_OPTION_URL: char *, once; its user information is taken out of the command line,
 *                  which every process of the host may read
 * @BNS_OPTION_LIST: GStrv, repeatable
 * @BNS_OPTION_LEVEL, _VERBOSE, _QUIET: the log level
 * @BNS_OPTION_HELP, _VERSION: become the command
 * @BNS_OPTION_ACCEPTED: coder/boundary's, with a value; gives a notice
 * @BNS_OPTION_ACCEPTED_FLAG: the same, with "=true" or "=false" at most
 */
typedef enum {
    BNS_OPTION_FLAG,
    BNS_OPTION_SWITCH,
    BNS_OPTION_STRING,
    BNS_OPTION_URL,
    BNS_OPTION_LIST,
    BNS_OPTION_LEVEL,
    BNS_OPTION_VERBOSE,
    BNS_OPTION_QUIET,
    BNS_OPTION_HELP,
    BNS_OPTION_VERSION,
    BNS_OPTION_ACCEPTED,
    BNS_OPTION_ACCEPTED_FLAG,
} BnsOptionKind;

/* Which subcommands take an option. */
#define BNS_FOR(command) (1u << (command))
#define BNS_FOR_RUN      (BNS_FOR(BNS_COMMAND_RUN) | BNS_FOR(BNS_COMMAND_VERIFY))
#define BNS_FOR_POLICY                                                                 \
    (BNS_FOR_RUN | BNS_FOR(BNS_COMMAND_CHECK) | BNS_FOR(BNS_COMMAND_EXPLAIN))
#define BNS_FOR_LOG     BNS_FOR(BNS_COMMAND_LOG)
#define BNS_FOR_SUGGEST BNS_FOR(BNS_COMMAND_SUGGEST)
#define BNS_FOR_ALL     (~0u)

typedef struct {
    const char *name; /* without dashes */
    char letter;      /* 0: none */
    BnsOptionKind kind;
    unsigned commands;
    size_t offset;     /* in BnsOptions, where the kind stores something */
    const char *value; /* its name in --help; NULL: takes none */
    const char *help;  /* one line; for accepted options the notice */
} BnsOption;

extern const BnsOption bns_option_table[];
extern const size_t bns_option_table_len;

typedef struct {
    const char *name;
    BnsCommand command;
    const char *usage; /* what follows "boundary-ns " */
    const char *help;
} BnsSubcommand;

extern const BnsSubcommand bns_subcommand_table[];
extern const size_t bns_subcommand_table_len;

/* Sets @error: one line, as of BnsOptionsError for @command. Returns: false. */
bool G_GNUC_PRINTF(3, 4)
    bns_options_fail(BnsCommand command, GError **error, const char *format, ...);

/* options_check.c: whether the words and options go together. */
bool bns_options_check(const BnsOptions *options, GError **error);

/* options_suggest.c: the same of `suggest`'s. */
bool bns_options_check_suggest(const BnsOptions *options, GError **error);
