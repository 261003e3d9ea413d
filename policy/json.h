/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON (RFC 8259) as a tree that knows its lines, for files of other programs.
 *
 * Strict: no comments, no trailing comma, no name twice in an object (programs differ in
 * which of the two they take), no NUL in a string. Libraries give values without their
 * places, which an import has to name.
 */
#pragma once

#include "policy/yaml.h"

/**
 * bns_json_tree:
 * @file: what errors call the text
 *
 * Pure; limits are those of policy/text_reader.h. Objects are mappings, strings are
 * strings, numbers integers, whatever they look like. Returns: (transfer full): the value,
 *          or %NULL with @error (BNS_POLICY_ERROR_INVALID, "file:line:column: ...")
 */
BnsYaml *bns_json_tree(const char *file, const char *bytes, size_t len, GError **error);
