/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Expectations: what a rule says of named values, a query's parameters or a header's
 * fields: a mapping from names to true (it is there), false (it is not), a glob or a list
 * of globs.
 */
#pragma once

#include "policy/glob.h"
#include "policy/yaml.h"

typedef struct {
    char *name;       /* owned */
    bool is_absent;   /* there must be none of that name */
    GPtrArray *globs; /* owned, of owned strings: one has to match; empty: any value */
} BnsExpectation;

/* What is wrong with a name and what to write instead, a static sentence without its final
 * dot; NULL: nothing. */
typedef const char *(*BnsNameCheck)(const char *name);

/**
 * bns_expectations_read:
 * @key: what errors call the mapping ("query")
 * @check_name, @check_glob: of the bytes; globs are checked to be globs, too
 *
 * Returns: (transfer full): of BnsExpectation, by their names, or %NULL with @error
 *          ("file:line:column: ...")
 */
GPtrArray *bns_expectations_read(const char *file,
                                 const BnsYaml *value,
                                 const char *key,
                                 BnsNameCheck check_name,
                                 BnsNameCheck check_glob,
                                 GError **error);
/* Returns: (transfer full): a list that is empty, and one that says that there is none of
 * the name. */
GPtrArray *bns_expectations_new(void);
void bns_expectations_add_absent(GPtrArray *expectations, const char *name);

/* Whether @value is one that is expected where there is one. */
bool bns_expectation_accepts(const BnsExpectation *expectation,
                             BnsText value,
                             BnsGlobFlags flags);

/* Appends ", KEY: { NAME: VALUE, ... }". */
void
bns_expectations_append(GString *text, const char *key, const GPtrArray *expectations);
