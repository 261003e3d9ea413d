/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rule, whatever form it was written in.
 *
 * The readers of the forms (rule_string.c, rule_coder.c, rule_mapping.c) make an empty
 * rule, add what was written, and complete it: defaults are filled in and what does not
 * go together is refused in one place. After that it is immutable.
 */
#pragma once

#include "policy/conditions.h"
#include "policy/host_pattern.h"
#include "policy/pattern.h"
#include "policy/policy.h"

/* One bit per BnsScheme. */
#define BNS_SCHEME_BIT(scheme) (1u << (scheme))
#define BNS_SCHEMES_HTTP                                                               \
    (BNS_SCHEME_BIT(BNS_SCHEME_HTTP) | BNS_SCHEME_BIT(BNS_SCHEME_HTTPS))
#define BNS_SCHEMES_ALL                                                                \
    (BNS_SCHEMES_HTTP | BNS_SCHEME_BIT(BNS_SCHEME_TLS) | BNS_SCHEME_BIT(BNS_SCHEME_TCP))

typedef struct {
    BnsVerdict verdict;
    guint number;              /* place among all rules of the policy */
    char *origin;              /* owned */
    unsigned column;           /* in the line that origin names; 0: not from a file */
    char *reason;              /* owned; NULL: none given */
    GArray *hosts;             /* owned, of BnsHostPattern; never empty */
    unsigned schemes;          /* of BNS_SCHEME_BIT() */
    GArray *ports;             /* owned, of uint16_t, sorted; empty: any */
    GPtrArray *methods;        /* owned, of owned strings, sorted; empty: any */
    GPtrArray *paths;          /* owned, of owned BnsPattern; empty: any */
    BnsConditions *conditions; /* owned; NULL: none */
    BnsCap caps[BNS_N_CAPS];   /* allow only */
    char *cap_reasons[BNS_N_CAPS]; /* owned, of caps that are set */
    bool is_private;               /* private: true */
    BnsIdentity *identity;         /* owned; NULL: none */
    bool is_coder;                 /* coder/boundary's form: no default port */
} BnsRule;

/* Returns: (transfer full): a rule without anything in it. */
BnsRule *bns_rule_new(BnsVerdict verdict, const char *origin);
void bns_rule_free(BnsRule *rule);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsRule, bns_rule_free)

/* What the form's reader adds. Each returns false with @error
 * (BNS_POLICY_ERROR_INVALID, without the origin) on a bad value. */
bool bns_rule_add_host(BnsRule *rule,
                       BnsHostPatternParser parser,
                       const char *text,
                       GError **error);
bool bns_rule_add_port(BnsRule *rule, const char *digits, GError **error);
bool bns_rule_add_method(BnsRule *rule, const char *token, GError **error);
bool bns_rule_add_path(BnsRule *rule, const char *pattern, GError **error);
/* "http", "https", "tcp"; a sealed rule is written otherwise (inspect: false). */
bool bns_rule_set_scheme(BnsRule *rule, const char *name, GError **error);

/* Where something is said of requests beyond host, port, method and path. Returns:
 * (transfer none): empty at first */
BnsConditions *bns_rule_need_conditions(BnsRule *rule);

/* Fills in the defaults and refuses what does not go together. */
bool bns_rule_complete(BnsRule *rule, GError **error);

/**
 * bns_rule_parse:
 * @text: the string form, or coder/boundary's
 * @notices: (nullable): gets a line (transfer full) where the meaning differs from
 *           coder/boundary's
 *
 * Returns: (transfer full): the rule, or %NULL with @error, without the origin
 */
BnsRule *bns_rule_parse(BnsVerdict verdict,
                        const char *origin,
                        const char *text,
                        GPtrArray *notices,
                        GError **error);
/* rule_coder.c's part of it: fills an empty @rule from "method= domain= path=". */
bool bns_rule_parse_coder(BnsRule *rule,
                          const char *text,
                          GPtrArray *notices,
                          GError **error);

/* Whether @text, a path, makes a rule for an IPv4 address look like a network. */
bool bns_rule_path_is_prefix_length(const char *path);

/* Of ports as in a complete rule. */
bool bns_ports_equal(const GArray *a, const GArray *b);
/* Whether the ports are those that the rule has without naming any. */
bool bns_rule_has_default_ports(const BnsRule *rule);
bool bns_rule_has_port(const BnsRule *rule, uint16_t port);
bool bns_rule_has_method(const BnsRule *rule, const char *method);
/* Whether a deny rule with it means flows and requests of @scheme. */
bool bns_rule_denies_scheme(const BnsRule *rule, BnsScheme scheme);
/* Whether it is about some requests and not others, or about a part of them, which a flow
 * does not show. */
bool bns_rule_is_about_requests(const BnsRule *rule);
/* Whether its host is a cidr. */
bool bns_rule_is_network(const BnsRule *rule);
/* Whether it lifts the address guard for what it allows itself. */
bool bns_rule_lifts_guard(const BnsRule *rule);

/* Returns: (transfer full): the origin, with the column if it has one, for a person. */
char *bns_rule_place(const BnsRule *rule);

/* Returns: (transfer full): the one way to write it: in string form, or where that
 * cannot say it in coder/boundary's or as a flow mapping. Without the reason. */
char *bns_rule_to_string(const BnsRule *rule);
