/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Typed values out of a YAML tree. Each function returns false with @error
 * ("file:line:column: ...") if the value is of another type.
 */
#pragma once

#include "policy/yaml.h"

/* Returns: (transfer none): the text of a string, "" of anything else: for one of a few
 * words, where the caller's message names them. */
const char *bns_value_word(const BnsYaml *node);

/* @out_text: (transfer none): lives as long as @node. A plain true, 12 or null is no
 * string: quote it. */
bool bns_value_string(const char *file,
                      const BnsYaml *node,
                      const char *key,
                      const char **out_text,
                      GError **error);
/* The same, of printable characters alone. */
bool bns_value_line(const char *file,
                    const BnsYaml *node,
                    const char *key,
                    const char **out_text,
                    GError **error);
bool bns_value_boolean(
    const char *file, const BnsYaml *node, const char *key, bool *out, GError **error);
/* The number's digits, checked to be a number only. */
bool bns_value_digits(const char *file,
                      const BnsYaml *node,
                      const char *key,
                      const char **out_digits,
                      GError **error);
bool bns_value_integer(const char *file,
                       const BnsYaml *node,
                       const char *key,
                       guint min,
                       guint max,
                       guint *out,
                       GError **error);
/* @node is a list or, as a key without value is, null. */
bool
bns_value_list(const char *file, const BnsYaml *node, const char *key, GError **error);

typedef bool (*BnsValueFunc)(void *data, const BnsYaml *item, GError **error);

/* Calls @func for each item of a list that is not empty, or for @node itself if it is a
 * scalar. */
bool bns_value_each(const char *file,
                    const BnsYaml *node,
                    const char *key,
                    BnsValueFunc func,
                    void *data,
                    GError **error);

/* A mapping's keys, as a table that ends in a NULL name. */
typedef struct {
    const char *name;
    bool (*read)(void *data, const BnsYaml *value, GError **error);
} BnsValueKey;

/* Calls each key's function, in the order of the file. An unknown key is an error. */
bool bns_value_mapping(const char *file,
                       const BnsYaml *node,
                       const BnsValueKey *keys,
                       void *data,
                       GError **error);
