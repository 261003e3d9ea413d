/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which hosts a rule is about.
 */
#pragma once

#include "policy/address.h"
#include "policy/host.h"

/**
 * BnsHostPatternKind:
 * @BNS_HOST_PATTERN_ANY: `*`: every name and every IP literal
 * @BNS_HOST_PATTERN_EXACT: `name`, `10.0.0.1`, `[::1]`
 * @BNS_HOST_PATTERN_BELOW: `*.name`: one or more labels below, not the name itself
 * @BNS_HOST_PATTERN_AT_OR_BELOW: `.name`: the name and everything below
 * @BNS_HOST_PATTERN_LABELS: `a.*.name`, coder/boundary's form only: a first `*` is one or
 *                           more labels, any other is one
 * @BNS_HOST_PATTERN_NETWORK: a cidr: IP literals in it
 */
typedef enum {
    BNS_HOST_PATTERN_ANY,
    BNS_HOST_PATTERN_EXACT,
    BNS_HOST_PATTERN_BELOW,
    BNS_HOST_PATTERN_AT_OR_BELOW,
    BNS_HOST_PATTERN_LABELS,
    BNS_HOST_PATTERN_NETWORK,
} BnsHostPatternKind;

typedef struct {
    BnsHostPatternKind kind;
    char *name;      /* owned; canonical, without leading "*." or "."; LABELS: whole */
    bool is_literal; /* EXACT: an IP literal */
    BnsNetwork network; /* NETWORK; EXACT literals: that one address */
} BnsHostPattern;

/* Returns: whether @text is one; if not, @error says what to write instead
 * (BNS_POLICY_ERROR_INVALID). */
typedef bool (*BnsHostPatternParser)(const char *text,
                                     BnsHostPattern *out,
                                     GError **error);

/* As in a rule's string form, IPv6 in brackets. */
bool bns_host_pattern_parse(const char *text, BnsHostPattern *out, GError **error);
/* As in coder/boundary's form. */
bool
bns_host_pattern_parse_coder(const char *text, BnsHostPattern *out, GError **error);
/* A network. */
bool bns_host_pattern_parse_cidr(const char *text, BnsHostPattern *out, GError **error);
/* For g_array_set_clear_func(). */
void bns_host_pattern_clear(void *pattern);

/* @address: of @host if it is an IP literal, else %NULL. */
bool bns_host_pattern_matches(const BnsHostPattern *pattern,
                              const char *host,
                              const BnsAddress *address);
/* Whether it matches its name, which is no IP literal. */
bool bns_host_pattern_has_name(const BnsHostPattern *pattern);
/* Whether it matches what is below its name. */
bool bns_host_pattern_has_below(const BnsHostPattern *pattern);
/* Returns: (transfer full): as the parsers read it. */
char *bns_host_pattern_to_string(const BnsHostPattern *pattern);
