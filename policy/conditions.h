/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions: what a rule says of a request beyond its host, port, method and path. All
 * must hold.
 *
 * Each is a member here, read and matched by functions in a file of its own, and a line in
 * the functions of conditions.c. A deny rule's hold when they could.
 */
#pragma once

#include "policy/headers.h"
#include "policy/query.h"

/* In the order in which they are asked. */
typedef enum {
    BNS_CONDITION_QUERY,
    BNS_CONDITION_HEADERS,
    BNS_CONDITION_CONTENT_TYPE,
    BNS_N_CONDITIONS,
} BnsCondition;

/* Owned; NULL: nothing is said of it. */
typedef struct {
    GPtrArray *query;        /* of BnsExpectation */
    GPtrArray *headers;      /* of BnsExpectation */
    GPtrArray *content_type; /* of strings */
} BnsConditions;

/* What they are about. */
typedef struct {
    const char *query;              /* (nullable) */
    const BnsRequestHeader *header; /* (nullable): without fields and body */
} BnsConditionFacts;

/* "query", ... */
const char *bns_condition_key(BnsCondition condition);

void bns_conditions_free(BnsConditions *conditions);

/* Reads the value of a key into @conditions. Errors: "file:line:column: ...". */
bool bns_conditions_read(BnsConditions *conditions,
                         BnsCondition condition,
                         const char *file,
                         const BnsYaml *value,
                         GError **error);

/* Returns: the first that does not hold; BNS_N_CONDITIONS: they all do. */
BnsCondition bns_conditions_compare(const BnsConditions *conditions,
                                    BnsConditionFacts facts,
                                    bool is_deny);

/* Appends ", KEY: VALUE" for each, as a flow mapping has it. */
void bns_conditions_append(GString *text, const BnsConditions *conditions);
/* Appends why @missed of an allow rule does not hold, for a person. Values are not in it:
 * they may be secrets. */
void bns_conditions_explain(GString *text,
                            const BnsConditions *conditions,
                            BnsCondition missed,
                            BnsConditionFacts facts);
