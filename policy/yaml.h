/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML, as much of it as a policy needs: one document of mappings, sequences and
 * scalars, each with its place.
 *
 * Refused, since they make a file say something else than it seems to, or cost more
 * than its size: anchors, aliases, tags, a key given twice, a second document, nesting
 * deeper than any policy. The bytes must be UTF-8 without control characters.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* A policy is a list of mappings of lists; one more is room for an error message. */
#define BNS_YAML_DEPTH_MAX 8

typedef enum {
    BNS_YAML_SCALAR,
    BNS_YAML_SEQUENCE,
    BNS_YAML_MAPPING,
} BnsYamlKind;

/* What a scalar is by YAML's core schema. */
typedef enum {
    BNS_YAML_STRING,
    BNS_YAML_INTEGER, /* decimal digits only */
    BNS_YAML_BOOLEAN, /* true, false */
    BNS_YAML_NULL,
} BnsYamlType;

typedef struct {
    BnsYamlKind kind;
    BnsYamlType type;    /* SCALAR */
    unsigned line;       /* from 1 */
    unsigned column;     /* in characters, from 1 */
    char *text;          /* owned; SCALAR, else NULL */
    GPtrArray *children; /* owned, of owned BnsYaml; SEQUENCE: items; MAPPING: key (a
                          * scalar), value, key, ...; else NULL */
} BnsYaml;

/**
 * bns_yaml_parse:
 * @file: what errors call the document
 *
 * Pure. Returns: (transfer full): the root, an empty mapping for an empty document, or
 *          %NULL with @error (BNS_POLICY_ERROR_INVALID, "file:line:column: ...")
 */
BnsYaml *
bns_yaml_parse(const char *file, const char *bytes, size_t len, GError **error);
void bns_yaml_free(BnsYaml *node);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsYaml, bns_yaml_free)

/* Sets @error to "file:line:column: ...". Returns: false. */
bool bns_yaml_fail(GError **error,
                   const char *file,
                   const BnsYaml *node,
                   const char *format,
                   ...) G_GNUC_PRINTF(4, 5);

/* Returns: (transfer full): @text, valid UTF-8, as a scalar in quotation marks, of bytes that
 * any terminal shows. */
char *bns_yaml_quote_double(const char *text);

/* The same, or plain where that reads as a string inside a flow collection. */
char *bns_yaml_quote(const char *text);
