/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Header fields: `headers:` and `content_type:` of a rule.
 *
 * Names are compared without regard to case; "_" is "-" too where that is the safer answer,
 * since some servers take the one for the other. An allow rule must match for every field
 * of the name, a deny rule for one, or for one element of its list.
 */
#pragma once

#include "policy/expectation.h"

/* A field of a request. Not NUL-terminated. */
typedef struct {
    const char *name;
    size_t name_len;
    const char *value; /* without white space around it */
    size_t value_len;
} BnsRequestField;

/* Of a whole header. Of those that go on to the origin: what concerns one connection only
 * is not among them; the values of several Cookie fields are one, joined by "; ". */
typedef struct {
    const BnsRequestField *fields; /* borrowed */
    size_t n_fields;
    bool has_body; /* it may have: one of length 0 is none; a WebSocket has */
} BnsRequestHeader;

/* Returns: (transfer full): what `headers:` says, or %NULL with @error. */
GPtrArray *bns_headers_read(const char *file, const BnsYaml *value, GError **error);
bool bns_headers_match(const GPtrArray *expectations,
                       const BnsRequestHeader *header,
                       bool is_deny);
/* For an allow rule. Returns: (transfer none) (nullable): the name in @expectations of
 * which @header is not as it should */
const char *
bns_headers_find_miss(const GPtrArray *expectations, const BnsRequestHeader *header);

/* Returns: (transfer full): the media types, in lower case, of `content_type:`, or %NULL
 * with @error. */
GPtrArray *
bns_content_type_read(const char *file, const BnsYaml *value, GError **error);
/* Parameters (charset) do not count. A request without a body needs no type; one whose
 * type is missing, there twice or no media type may be of any: no allow rule matches, and
 * every deny rule does. */
bool bns_content_type_matches(const GPtrArray *types,
                              const BnsRequestHeader *header,
                              bool is_deny);
