/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line, as a value. Options are a table (options.c) from which parsing,
 * --help and the test against boundary.1 are made.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#define BNS_OPTIONS_ERROR (bns_options_error_quark())
GQuark bns_options_error_quark(void);

typedef enum {
    BNS_COMMAND_RUN,
    BNS_COMMAND_CHECK,
    BNS_COMMAND_EXPLAIN,
    BNS_COMMAND_LOG,
    BNS_COMMAND_LOG_VERIFY,
    BNS_COMMAND_DOCTOR,
    BNS_COMMAND_HELP,
    BNS_COMMAND_VERSION,
    BNS_N_COMMANDS,
} BnsCommand;

typedef enum {
    BNS_LOG_ERROR,
    BNS_LOG_WARN,
    BNS_LOG_INFO,
    BNS_LOG_DEBUG,
} BnsLogLevel;

typedef struct {
    BnsCommand command;
    char *config_path;     /* owned; -c or $BOUNDARY_CONFIG; NULL: look in the default places */
    GStrv allow;           /* owned; never NULL, as all lists here */
    GStrv deny;
    GStrv resolve;         /* NAME:PORT:ADDR[:PORT], unparsed */
    GStrv upstream_ca;     /* files */
    char *audit_log;       /* NULL: default place */
    GStrv env;             /* NAME or NAME=VALUE */
    char *workdir;         /* NULL: the current one */
    BnsLogLevel log_level; /* default BNS_LOG_WARN */
    bool has_log_level;    /* given on the command line or in the environment */
    GStrv notices;         /* one line each: coder/boundary's options that are accepted */
    GStrv arguments;       /* run: COMMAND and its arguments; others: operands */
    bool follow;           /* log */
    char *decision;        /* log */
    char *format;          /* log */
    bool json;             /* doctor */
} BnsOptions;

/* Returns: (transfer full): the options, or %NULL with @error: one line. Reads the
 * environment variables that boundary.1 names. */
BnsOptions *bns_options_parse(int argc, char **argv, GError **error);
void bns_options_free(BnsOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsOptions, bns_options_free)

/* Returns: (transfer full): the text of --help. */
char *bns_options_help(void);
