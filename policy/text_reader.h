/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the readers of JSON (json.h) and TOML (toml.h) share: a place in a text, and nodes
 * that know theirs.
 *
 * Both give the tree that policy/yaml.h describes, so that whoever reads a file of another
 * program can say where something stands, whatever it is written in. Columns are counted
 * in bytes here.
 */
#pragma once

#include "policy/yaml.h"

/* Files of people are far below: Claude Code's are 3 deep in what is read here. */
#define BNS_TEXT_DEPTH_MAX 32
/* As large as a policy may be. */
#define BNS_TEXT_BYTES_MAX (1024 * 1024)

typedef struct {
    const char *file; /* borrowed; what errors call it */
    const char *at;   /* the next byte */
    const char *end;
    const char *line_start;
    unsigned line;  /* from 1 */
    unsigned depth; /* of what is being read */
} BnsTextReader;

/* Refuses what is larger than BNS_TEXT_BYTES_MAX, no UTF-8, or holds control characters;
 * passes over a byte order mark. Returns: false with @error ("file:line:column: ..."). */
bool bns_text_reader_init(BnsTextReader *reader,
                          const char *file,
                          const char *bytes,
                          size_t len,
                          GError **error);

/* Sets @error to "file:line:column: ..." of the next byte. Returns: false. */
bool bns_text_reader_fail(const BnsTextReader *reader,
                          GError **error,
                          const char *format,
                          ...) G_GNUC_PRINTF(3, 4);

/* The byte that is @ahead of the next one; 0 beyond the end. */
char bns_text_reader_peek(const BnsTextReader *reader, size_t ahead);
/* Goes over one byte, which there is, and counts lines. */
void bns_text_reader_skip(BnsTextReader *reader);
/* Goes over @literal if it is next. Returns: whether it was. It has no line break. */
bool bns_text_reader_take(BnsTextReader *reader, const char *literal);

/* Goes one level deeper. Returns: false with @error if that is too deep. */
bool bns_text_reader_enter(BnsTextReader *reader, GError **error);
void bns_text_reader_leave(BnsTextReader *reader);

/* Returns: (transfer full): a node at the next byte, without text; with children if it is
 * not a scalar. */
BnsYaml *bns_text_reader_node(const BnsTextReader *reader, BnsYamlKind kind);

/* Appends the character of @n_digits hexadecimal digits, which are next, to @text: "\u"
 * of JSON (two of them for what UTF-16 needs two for), "\u" and "\U" of TOML. */
bool bns_text_reader_hex(BnsTextReader *reader,
                         unsigned n_digits,
                         gunichar *out,
                         GError **error);
