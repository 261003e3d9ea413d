/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Env: what a policy says of the command's environment: `env:` and --env.
 *
 * Entries as they were written, in the order in which they were; the later wins. What
 * is passed without being named is data/environment.inc's affair, by
 * sandbox/environment.h. Pure.
 */
#pragma once

#include "policy/yaml.h"

/* Each is compared with every variable of the user. */
#define BNS_ENV_ENTRIES_MAX 256
/* Linux takes "NAME=VALUE" and its NUL of 32 pages each (MAX_ARG_STRLEN). */
#define BNS_ENV_VARIABLE_MAX (128 * 1024)

/**
 * BnsEnvKind: what an entry says of its variable.
 * @BNS_ENV_PASS: the user's value, if he has one
 * @BNS_ENV_SET: this value
 * @BNS_ENV_HIDE: it is not there
 */
typedef enum {
    BNS_ENV_PASS,
    BNS_ENV_SET,
    BNS_ENV_HIDE,
    BNS_N_ENV_KINDS,
} BnsEnvKind;

/* As in a policy: "pass", "set", "hide". */
const char *bns_env_kind_name(BnsEnvKind kind);

/* What of the user's variables is passed without being named. */
typedef enum {
    BNS_ENV_MODE_NONE,    /* not said */
    BNS_ENV_MODE_INHERIT, /* all but credentials and what leads to the host's services */
    BNS_ENV_MODE_CLEAN,   /* a few that every program needs */
} BnsEnvMode;

typedef struct {
    BnsEnvKind kind;
    char *name;   /* owned; printable ASCII; PASS, HIDE: may hold "*" */
    char *value;  /* owned; SET, else NULL; may be SECRET: never shown */
    char *origin; /* owned; "file:line" or "--env#1" */
} BnsEnvEntry;

typedef struct {
    BnsEnvMode mode;
    bool has_pass;       /* pass: was given, if only as an empty list */
    GPtrArray *entries;  /* owned, of owned BnsEnvEntry */
    GPtrArray *may_pass; /* owned, of owned BnsEnvEntry: what a system policy lets PASS
                          * entries pass; NULL: all */
} BnsEnv;

BnsEnv *bns_env_new(void);
void bns_env_free(BnsEnv *env);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsEnv, bns_env_free)

/* Reads the value of `env:` into @env. Errors: "file:line:column: ...". */
bool bns_env_read(BnsEnv *env, const char *file, const BnsYaml *value, GError **error);

/* Adds "NAME=VALUE" or "NAME" of the command line. @error: BNS_POLICY_ERROR_INVALID,
 * "ORIGIN: ..."; no value is in it. */
bool bns_env_add(BnsEnv *env, const char *option, const char *origin, GError **error);

/* Adds what @more says, of a file that is built on the one of @env. Empties @more. */
void bns_env_merge(BnsEnv *env, BnsEnv *more);

/* Whether @entry is about the variable @name. */
bool bns_env_entry_matches(const BnsEnvEntry *entry, const char *name);

/* Lets @ceiling, of a system policy, narrow @env: its values and what it hides have the last
 * word, and what it passes is all that may be passed by name. Empties @ceiling. Returns:
 * whether the mode is the system policy's. */
bool bns_env_narrow(BnsEnv *env, BnsEnv *ceiling);

/* Whether a PASS entry may pass the variable @name. */
bool bns_env_may_pass(const BnsEnv *env, const char *name);
