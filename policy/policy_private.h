/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a policy is inside: for policy/ and its tests only.
 */
#pragma once

#include "policy/conditions.h"
#include "policy/config.h"
#include "policy/guard.h"
#include "policy/host_index.h"
#include "policy/policy.h"
#include "policy/reading.h"

/* In bytes: room for 20,000 rules of five lines each, with their reasons. */
#define BNS_POLICY_FILE_MAX (4 * 1024 * 1024)

/* One bit per layer that lifts the address guard (BnsDecision). */
#define BNS_LIFTED_BELOW   (1u << 0)
#define BNS_LIFTED_CEILING (1u << 1)

/* One layer, with what the system layer above it (ceiling) leaves of its settings. Rules
 * and indices are this layer's own. */
struct BnsPolicy {
    BnsPolicy *ceiling; /* owned; NULL: this is it, or there is none */
    bool is_ceiling;
    BnsMode mode;
    BnsPermits permits;  /* of a ceiling */
    GHashTable *origins; /* owned; policy/origins.h; of the settings in force */
    GPtrArray *rules;    /* owned, of owned BnsRule, in the order of their numbers */
    BnsHostIndex *allow; /* owned, of the rules above */
    BnsHostIndex *deny;
    BnsGuard *guard;        /* owned */
    GPtrArray *files;       /* owned, of owned absolute paths */
    GPtrArray *presets;     /* owned, of owned names */
    char *profile;          /* owned; NULL: none */
    bool stops_auto_preset; /* auto_preset: false, in this layer or one above */
    bool has_caps;          /* some rule has */
    GPtrArray *identities;  /* owned, of BnsIdentity, borrowed from the rules */
    GHashTable *host_ports; /* shared; a set of ports; NULL: none is offered */
    uint8_t *read_ports;    /* owned; a bit per port: HTTP or sealed rules name it */
    BnsFiles *file_policy;  /* owned */
    BnsEnv *env;            /* owned */
    BnsCommands *commands;  /* owned */
    BnsCorrelation correlation; /* owned; of this layer */
    BnsNested nested;
    char *nested_origin; /* owned; NULL: not given */
    char *log_level;     /* owned; NULL: not given */
    char *digest;        /* owned */
    char *fixed_digest;  /* owned */
    BnsPolicyLimits limits;
    BnsProcessLimits process_limits;
    bool is_disabled;
    bool clipboard;
};

/* Puts @take_ceiling, a system layer, above @policy: rules must not use what it forbids,
 * and settings become the narrower ones. Both must be complete. Errors:
 * BNS_POLICY_ERROR_INVALID; @policy is then of no use. (layers.c) */
bool bns_policy_set_ceiling(BnsPolicy *policy, BnsPolicy *take_ceiling, GError **error);

/* Returns: (transfer full): a policy without rules, to be filled and then completed. */
BnsPolicy *bns_policy_new(void);
void bns_policy_add_rule(BnsPolicy *policy, BnsRule *take_rule);
/* Takes over the rules and settings of @config, and its notices if @notices is not
 * %NULL. What it extends is the caller's affair. */
void bns_policy_add_config(BnsPolicy *policy, BnsConfig *config, GPtrArray *notices);
/* The same of a preset's, all of which are added before the files': of two that say
 * nested: the one that opens more counts, and to write somewhere is no choice against the
 * working directory. */
void bns_policy_add_preset(BnsPolicy *policy, const char *name, BnsConfig *config);
/* Checks the rules against each other. After this the policy is immutable. */
bool bns_policy_complete(BnsPolicy *policy, GError **error);

/* One file from memory, without what it extends: for tests and fuzzing. */
BnsPolicy *
bns_policy_parse(const char *file, const char *bytes, size_t len, GError **error);

/* Finds two allow rules of different kinds (inspected, sealed, opaque) that name the same
 * port of a host: an error, with the place of the later one. */
bool bns_policy_check_kinds(const BnsPolicy *policy, GError **error);

/* What one layer's own rules say, by its mode; what is reserved is not looked at. @readings: of the
 * request's path; NULL: whether some request could be allowed. */
BnsDecision bns_policy_decide_layer(const BnsPolicy *layer,
                                    const BnsRequest *request,
                                    const BnsReadings *readings);
bool bns_policy_layer_has_kind(const BnsPolicy *layer,
                               BnsScheme kind,
                               const char *host,
                               uint16_t port);
/* Both layers' decisions in one: the system layer's first. */
BnsDecision bns_policy_join(const BnsDecision *ceiling, const BnsDecision *below);
/* Why no rule is asked about @host, or NULL. */
const char *
bns_policy_refuse_own_name(const BnsPolicy *policy, const char *host, uint16_t port);
/* The layers disagree on the kind of a flow. @is_ceiling: the system layer does not allow that
 * kind. */
BnsDecision bns_policy_deny_kinds(const BnsPolicy *policy, bool is_ceiling);

/* @decision as @layer means it: would_deny for deny where it observes. (mode.c) */
BnsDecision bns_policy_soften(const BnsPolicy *layer, BnsDecision decision);
/* --observe */
void bns_policy_observe(BnsPolicy *policy);
/* Whether the policy's ceiling lets it observe. */
bool bns_policy_check_mode(const BnsPolicy *policy, GError **error);

/* Whether some allow rule makes the flow one of @kind (tls or tcp), whatever else is
 * said about it. */
bool bns_policy_has_kind(const BnsPolicy *policy,
                         BnsScheme kind,
                         const char *host,
                         uint16_t port);

/**
 * BnsMiss: how far a rule is from matching a request; the first part that does not fit.
 */
typedef enum {
    BNS_MISS_HOST,
    BNS_MISS_SCHEME,
    BNS_MISS_PORT,
    BNS_MISS_UNSEEN, /* tls: what the rule says of requests cannot be seen */
    BNS_MISS_METHOD,
    BNS_MISS_PATH,
    BNS_MISS_QUERY, /* from here on as BnsCondition */
    BNS_MISS_HEADERS,
    BNS_MISS_CONTENT_TYPE,
    BNS_MISS_NOTHING, /* it matches */
} BnsMiss;
G_STATIC_ASSERT(BNS_MISS_NOTHING - BNS_MISS_QUERY == BNS_N_CONDITIONS);

/* Returns: why nothing is allowed where @best is the nearest that a rule comes; @is_ceiling:
 * of the system layer, which the person may not be able to change. */
const char *bns_miss_reason(BnsMiss best, bool is_ceiling);
/* Whether flows of @scheme are decided as a whole. */
bool bns_scheme_is_flow(BnsScheme scheme);

/* How @rule, whose host matches, fits a flow or, by that, a request of it. */
BnsMiss bns_rule_compare_flow(const BnsRule *rule, BnsScheme scheme, uint16_t port);
/* How @rule, whose host matches, fits. @readings: of the request's path; NULL for tls and
 * tcp. */
BnsMiss bns_rule_compare(const BnsRule *rule,
                         const BnsRequest *request,
                         const BnsReadings *readings);
/* Whether one of @rule's paths matches @reading; true if it has none. */
bool bns_rule_matches_reading(const BnsRule *rule, const char *reading);
