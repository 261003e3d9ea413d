/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line, as a value.
 *
 * Options are a table (options_table.c) from which parsing, --help and the test against
 * boundary.1 are made. A subcommand is recognised only as the very first argument.
 * For `run`, options end at the first word that is none; the other subcommands take
 * options and operands in any order. "--" ends options everywhere; what follows it is
 * another command line for `check` and `explain`, which ask about one.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define BNS_OPTIONS_ERROR (bns_options_error_quark())
GQuark bns_options_error_quark(void);

/**
 * BnsOptionsError: a wrong command line, by the exit status that it means.
 * @BNS_OPTIONS_ERROR_RUN: of `run`: 125
 * @BNS_OPTIONS_ERROR_COMMAND: of another subcommand: 2
 */
typedef enum {
    BNS_OPTIONS_ERROR_RUN,
    BNS_OPTIONS_ERROR_COMMAND,
} BnsOptionsError;

typedef enum {
    BNS_COMMAND_RUN,
    BNS_COMMAND_CHECK,
    BNS_COMMAND_EXPLAIN,
    BNS_COMMAND_IMPORT,
    BNS_COMMAND_LOG,
    BNS_COMMAND_LOG_VERIFY,
    BNS_COMMAND_SUGGEST,
    BNS_COMMAND_PRESET,
    BNS_COMMAND_DOCTOR,
    BNS_COMMAND_VERIFY,
    BNS_COMMAND_PS,
    BNS_COMMAND_STOP,
    BNS_COMMAND_ALLOW,
    BNS_COMMAND_REVIEW,
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
    char *
        config_path; /* owned; -c or $BOUNDARY_CONFIG; NULL: look in the default places */
    GStrv preset;    /* names; owned; never NULL, as all lists here */
    char *profile;   /* a name; NULL: the one that is for the command */
    GStrv allow;
    GStrv deny;
    GStrv write; /* paths, unparsed */
    GStrv read_only;
    GStrv hide;
    bool observe;          /* the policy may say so, too */
    bool review;           /* the same */
    bool apply;            /* run, review: the changes reach the tree; or */
    bool discard;          /* run, review: they are removed; or */
    bool diff;             /* review: shown line by line; one of the three at most */
    bool force;            /* review: apply conflicts, too */
    bool all;              /* stop, suggest: every session */
    char *check;           /* suggest: a policy file; NULL: none is judged */
    bool denied;           /* suggest: allow what was refused, too */
    bool no_presets;       /* suggest: rules alone */
    char *since;           /* suggest: an age, "7d"; NULL: none */
    char *output;          /* suggest: NULL: standard output */
    char *duration;        /* allow: "10m", "session", "always"; NULL: session */
    char *remove;          /* allow: "1" or "allow#1"; NULL: none */
    GStrv resolve;         /* NAME:PORT:ADDR[:PORT], unparsed */
    GStrv host_port;       /* [ADDR:]PORT, unparsed */
    GStrv publish;         /* [ADDR:]PORT[:PORT], unparsed */
    GStrv upstream_ca;     /* files */
    char *upstream_proxy;  /* a URL, unparsed, SECRET; NULL: as the environment says */
    char *audit_log;       /* NULL: default place */
    GStrv env;             /* NAME or NAME=VALUE */
    char *correlation;     /* "true", "false"; NULL: not said */
    GStrv inject_targets;  /* in coder/boundary's form, unparsed */
    char *workdir;         /* NULL: the current one */
    BnsLogLevel log_level; /* default BNS_LOG_WARN */
    bool has_log_level;    /* given on the command line or in the environment */
    bool quiet;            /* -q was the last word on it: no summary either */
    GStrv notices;      /* one line each: coder/boundary's options that are accepted */
    GStrv arguments;    /* run: COMMAND and its arguments; others: operands */
    GStrv command_line; /* check, explain: what follows "--": of a command, which is not
                         * run; empty: nothing */
    char *as;       /* explain: the COMMAND whose policy is asked; NULL: see there */
    char *variable; /* explain: the name of one that it is asked about; NULL: none */
    GStrv header;   /* explain: "NAME: VALUE", unparsed */
    bool follow;    /* log */
    char *decision; /* log: "allow", "deny", "would_deny"; NULL: all */
    char *format; /* log: "text", "jsonl"; check, explain: "text", "json"; NULL: text */
    bool json;    /* doctor, ps */
    bool is_verify; /* run: of `verify`, whose program may be executed */
} BnsOptions;

/* Returns: (transfer full): the options, or %NULL with @error: one line. Reads
 * $BOUNDARY_CONFIG and $BOUNDARY_LOG_LEVEL. */
BnsOptions *bns_options_parse(int argc, char **argv, GError **error);
void bns_options_free(BnsOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsOptions, bns_options_free)

/* Returns: (transfer full): what to say if there is no program of the name of the command
 * to run, which is, or is like, a subcommand's; %NULL if it is not. */
char *bns_options_hint_subcommand(const BnsOptions *options);

/* Returns: (transfer full): the text of --help. */
char *bns_options_help(void);

/* @text: digits and m, h or d. Returns: whether it is an age; in seconds, not 0. */
bool bns_options_age(const char *text, int64_t *out_s);
/* Whether @text (nullable) is a time that a rule may hold for. @out_seconds: 0: no limited
 * one ("session", "always", %NULL) */
bool bns_options_duration(const char *text, unsigned *out_seconds);

/* Whether @text names a log level, in any case. */
bool bns_options_log_level(const char *text, BnsLogLevel *out_level);
