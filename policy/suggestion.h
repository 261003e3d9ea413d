/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Suggestion: from what a command asked for to the policy that it needs.
 *
 * Requests and flows are added one by one, in any order; their number does not matter,
 * and what is kept of them is bounded (BNS_SUGGESTION_*). The result is a policy file
 * that allows all of it and is no wider than there is evidence for:
 *
 * - Hosts, ports, schemes and methods as they were seen. Shards (host names that differ
 *   in their first label's digits alone, BNS_SUGGESTION_SHARDS_MIN of them, all of one
 *   owner, and read only) are "*.DOMAIN".
 * - Paths by policy/path_tree.h.
 * - What the same programs read and POST to one host is one rule, with the paths of both,
 *   if these are few (BNS_SUGGESTION_SMALL_SET_MAX), have no "*", and lie below one
 *   directory of two names or more, as those of a repository do.
 * - A preset instead of rules, if a rule of it decided in that run; or if it is rules
 *   alone, allows all that was asked by some method of some host, takes the place of two
 *   patterns or more, and has no rule to write by that was not needed.
 *
 * What a rule should not be read over for is marked "risky". What a deny rule, a cap or
 * the address guard refused is a comment, and never a rule; TLS that was opened for that
 * alone is none either. For a host whose programs would not have our certificate a comment
 * proposes a sealed rule.
 */
#pragma once

#include "policy/policy.h"

/* Destinations by method and memory for paths; what is beyond is left out, and counted. */
#define BNS_SUGGESTION_GROUPS_MAX    4096
#define BNS_SUGGESTION_PATH_BYTES    ((size_t)32 * 1024 * 1024)
#define BNS_SUGGESTION_SHARDS_MIN    4
#define BNS_SUGGESTION_SMALL_SET_MAX 4

/**
 * BnsAskedFate: what became of it.
 * @BNS_ASKED_ALLOWED: it passed, by a rule or since the policy observed
 * @BNS_ASKED_MISSED: no rule allowed it
 * @BNS_ASKED_DISTRUSTED: a program would not have the session's certificate for that host,
 *                        so that nothing is known of what it asks for
 * @BNS_ASKED_FORBIDDEN: a deny rule, a cap or the address guard refused it, or would have
 */
typedef enum {
    BNS_ASKED_ALLOWED,
    BNS_ASKED_MISSED,
    BNS_ASKED_DISTRUSTED,
    BNS_ASKED_FORBIDDEN,
} BnsAskedFate;

/* One request, or one flow. Strings are borrowed for the call, and may be anybody's. */
typedef struct {
    BnsAskedFate fate;
    BnsRequest request; /* https without method and path: TLS was opened; tls of
                         * DISTRUSTED */
    const char *addr;   /* dialled; NULL: none */
    const char *exe;    /* who asked; NULL: not known */
    const char *rule;   /* that decided; NULL: none */
    const char *reason; /* NULL: none */
} BnsAsked;

typedef struct {
    bool with_missed; /* what no rule allowed is to be allowed; else it is a comment */
    bool no_presets;
} BnsSuggestionOptions;

typedef struct BnsSuggestion BnsSuggestion;

BnsSuggestion *bns_suggestion_new(const BnsSuggestionOptions *options);
void bns_suggestion_free(BnsSuggestion *suggestion);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsSuggestion, bns_suggestion_free)

/* Returns: whether it will be in the result. Not so of what no rule can be about
 * (malformed, the sandbox's own names), of what a pattern cannot say without opening
 * whole directories for writing, and of what is beyond the bounds; these are counted. */
bool bns_suggestion_add(BnsSuggestion *suggestion, const BnsAsked *asked);

/* How many were added, and how many of them are not in the result. */
uint64_t bns_suggestion_count(const BnsSuggestion *suggestion);
uint64_t bns_suggestion_left_out(const BnsSuggestion *suggestion);

/**
 * bns_suggestion_write:
 *
 * Returns: (transfer full): the policy: YAML in printable ASCII, which our reader has
 *          read; or %NULL with @error (BNS_POLICY_ERROR_INVALID)
 */
char *bns_suggestion_write(BnsSuggestion *suggestion, GError **error);

/* Whether an address needs private: true on the rule of the name that leads to it, rather
 * than --resolve or --host-port, which alone should lead to the host's own loopback. For
 * those who judge what was dialled. @addr: (nullable) */
bool bns_suggestion_is_private(const char *addr);
