/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One policy file: its keys.
 */
#pragma once

#include "policy/commands.h"
#include "policy/correlation.h"
#include "policy/env.h"
#include "policy/files.h"
#include "policy/limits.h"
#include "policy/mode.h"
#include "policy/nested.h"
#include "policy/permit.h"
#include "policy/rule.h"

/* limits.names: an address each out of 198.18.0.0/15, the first sixteen kept. */
#define BNS_CONFIG_NAMES_MAX (131072 - 16)
/* limits.flows: a descriptor or two each in several processes. */
#define BNS_CONFIG_FLOWS_MAX 65536
/* limits.idle: a week. */
#define BNS_CONFIG_IDLE_MAX (7 * 24 * 3600)

/* A file or preset that this one is built on. */
typedef struct {
    char *name;    /* owned; as written; "preset:NAME" */
    unsigned line; /* where */
    unsigned column;
} BnsConfigExtend;

/* A file, or a profile of one, which has fewer keys. */
typedef struct {
    char *file; /* owned; of a file: as in its origins; NULL: of a profile */
    char *name; /* owned; of a profile; NULL: a file's */
    GPtrArray *commands_for; /* owned, of owned patterns: of a profile, for: */
    GPtrArray *profiles;     /* owned, of owned BnsConfig: of a file, in order */
    GPtrArray *extends;      /* owned, of owned BnsConfigExtend */
    GPtrArray
        *rules; /* owned, of owned BnsRule: allow, allowlist, deny as in the file */
    GPtrArray *notices;    /* owned, of owned lines for the person */
    BnsFiles *files;       /* owned */
    BnsEnv *env;           /* owned */
    BnsCommands *commands; /* owned */
    char *log_level;       /* owned; NULL: not given; so are 0 and has_… below */
    guint names;           /* limits.names */
    guint flows;           /* limits.flows */
    guint flow_rate;       /* limits.flow_rate */
    guint idle_s;          /* limits.idle */
    BnsProcessLimits process_limits;
    uint64_t audit_bytes;       /* limits.audit_size */
    BnsCorrelation correlation; /* owned; not of a profile */
    bool has_idle;
    bool has_clipboard;
    bool clipboard;         /* tty.clipboard */
    bool stops_auto_preset; /* auto_preset: false */
    bool has_mode;
    BnsMode mode;
    bool has_enabled;
    bool enabled;
    BnsPermits permits;  /* of a system policy alone; owned */
    GHashTable *origins; /* owned; policy/origins.h */
    BnsNested nested;
    char *nested_origin; /* owned; "file:line"; NULL: not given */
} BnsConfig;

/**
 * bns_config_parse:
 * @file: absolute, or "preset:NAME"; goes into origins and errors
 *
 * Pure; opens nothing of what it extends. Returns: (transfer full): the file's content,
 *          or %NULL with @error (BNS_POLICY_ERROR_INVALID, "file:line:column: ...")
 */
BnsConfig *
bns_config_parse(const char *file, const char *bytes, size_t len, GError **error);
void bns_config_free(BnsConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsConfig, bns_config_free)
