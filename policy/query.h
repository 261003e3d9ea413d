/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queries: `query:` of a rule.
 *
 * Servers differ in what they make of a query, so it is judged by all its readings: with
 * and without ";" between parameters, with and without "+" for a blank; escapes are decoded
 * once. Names are themselves in one reading, and in another the same with other case, or
 * with a bracket behind (a[], a[b]). An allow rule must match in all readings, and for each
 * occurrence of a parameter; a deny rule in one, and for one.
 *
 * A query with a broken escape, a control byte or what is no UTF-8 after decoding can be
 * read in no way that is known: then no allow rule about queries matches, and every deny
 * rule does.
 */
#pragma once

#include "policy/expectation.h"

/* The name in a rule that stands for all parameters that the rule does not name. */
#define BNS_QUERY_OTHERS "*"

/* Returns: (transfer full): what `query:` says, or %NULL with @error. */
GPtrArray *bns_query_read(const char *file, const BnsYaml *value, GError **error);

/* @query: as received, without its "?"; NULL: none. */
bool bns_query_matches(const GPtrArray *expectations, const char *query, bool is_deny);

/* For an allow rule. Returns: (transfer none) (nullable): the name in @expectations of
 * which @query is not as it should; %NULL: it cannot be read at all, or is as it should */
const char *bns_query_find_miss(const GPtrArray *expectations, const char *query);
/* Whether it can be read. */
bool bns_query_is_clear(const char *query);
