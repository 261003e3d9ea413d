/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a suggestion is inside: for policy/suggestion*.c.
 */
#pragma once

#include "policy/path_tree.h"
#include "policy/preset.h"
#include "policy/suggestion.h"

/* Names of programs, of one rule. */
#define BNS_SUGGESTION_EXES_MAX 4
/* Lines of comment on what is refused. */
#define BNS_SUGGESTION_NOTES_MAX 100

/* All that was asked of one host and port by one method. */
typedef struct {
    BnsAskedFate fate; /* not FORBIDDEN */
    BnsScheme scheme;
    uint16_t port;
    char *host;   /* owned; canonical */
    char *method; /* owned; NULL: none; https: TLS was opened */
    uint64_t count;
    uint64_t covers;   /* a bit per preset: those that allow all of it */
    GPtrArray *exes;   /* owned, of strings of the suggestion; sorted, at most
                        * BNS_SUGGESTION_EXES_MAX */
    BnsPathTree *tree; /* owned; NULL: no method */
    bool is_private;   /* it was dialled at an address that the guard refuses to plain
                        * rules */
} BnsSuggestionGroup;

/* A preset that may take the place of rules. */
typedef struct {
    const BnsPreset *preset;
    BnsPolicy *policy; /* owned; of it alone */
    bool is_rules;     /* it says nothing else */
    bool was_used;     /* in the run */
} BnsSuggestionPreset;

struct BnsSuggestion {
    BnsSuggestionOptions options;
    GHashTable *groups;  /* owned; key to owned BnsSuggestionGroup */
    GHashTable *strings; /* owned; a set: names of programs */
    GArray *presets;     /* owned, of BnsSuggestionPreset; a bit of `covers` each */
    GHashTable *used;    /* owned; a set: origins of rules of presets that allow some of
                          * it: "preset:npm:5" */
    GPtrArray *notes;    /* owned, of owned strings: what was refused, escaped */
    GHashTable *noted;   /* owned; a set of them, borrowed */
    GHashTable
        *refused;     /* owned; a set: "HOST:PORT" of requests in TLS that were refused;
                          * at most BNS_SUGGESTION_GROUPS_MAX */
    uint64_t n_notes; /* refusals in all */
    size_t path_bytes; /* left for trees */
    uint64_t count;
    uint64_t left_out;
};

/* A rule of the result. Several groups make one where they differ in one thing. */
typedef struct {
    BnsAskedFate fate;
    BnsScheme scheme;
    uint16_t port;
    GPtrArray *hosts;   /* owned, of owned strings: patterns */
    GPtrArray *methods; /* owned, of strings of groups; empty: no request */
    GPtrArray *paths;   /* owned, of owned strings; empty: no request */
    GPtrArray *exes;    /* owned, as of a group */
    uint64_t count;
    guint n_shards; /* what "*." stands for; 0: the host is one */
    bool is_private;
} BnsSuggestionRule;

void bns_suggestion_rule_free(BnsSuggestionRule *rule);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsSuggestionRule, bns_suggestion_rule_free)

/* Whether @method only reads. */
bool bns_suggestion_reads(const char *method);
/* Adds one of the suggestion's strings to a list of them. */
void bns_suggestion_add_exe(GPtrArray *exes, const char *exe);

/* Whether a request in TLS to that host and port was refused by more than a missing rule,
 * or may have been, as there were too many to be kept. */
bool bns_suggestion_is_refused(const BnsSuggestion *suggestion,
                               const char *host,
                               uint16_t port);

/* --- presets --- */

GArray *bns_suggestion_presets_new(bool none);
/* Returns: a bit per preset that allows it; notes which rules were needed. */
uint64_t bns_suggestion_covers(BnsSuggestion *suggestion, const BnsAsked *asked);
/* Returns: the bits of those to be named. */
uint64_t bns_suggestion_choose(BnsSuggestion *suggestion);
/* Whether they have rules that may let a request pass to that host and port. */
bool bns_suggestion_presets_reach(const BnsSuggestion *suggestion,
                                  uint64_t chosen,
                                  const char *host,
                                  uint16_t port);

/* --- rules --- */

/* Returns: (transfer full): of owned BnsSuggestionRule, those of one program together;
 * what @chosen presets allow is not in them. */
GPtrArray *bns_suggestion_rules(BnsSuggestion *suggestion, uint64_t chosen);
/* Makes one rule of several where that is the same, or nearly, and sorts them. */
void bns_suggestion_merge(GPtrArray *rules);

/* --- text --- */

/* Appends the item of a list, its marks before it. @indent: what each line begins with */
void bns_suggestion_append_rule(GString *yaml,
                                const BnsSuggestionRule *rule,
                                const char *indent);
/* Whether it has a mark. */
bool bns_suggestion_is_risky(const BnsSuggestionRule *rule);
/* Appends "# TEXT: N requests" with the programs that asked. */
void
bns_suggestion_append_exes(GString *yaml, const GPtrArray *exes, const char *indent);
