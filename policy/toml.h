/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TOML (toml.io, 1.0) as a tree that knows its lines, for files of other programs.
 *
 * Tables are mappings, arrays and arrays of tables sequences. Numbers and dates keep the
 * text that they were written in, as integers; that no place for one takes another is the
 * caller's affair. A key or a table that is given twice is an error.
 */
#pragma once

#include "policy/yaml.h"

/**
 * bns_toml_tree:
 * @file: what errors call the text
 *
 * Pure; limits are those of policy/text_reader.h. Returns: (transfer full): a mapping, or
 *          %NULL with @error (BNS_POLICY_ERROR_INVALID, "file:line:column: ...")
 */
BnsYaml *bns_toml_tree(const char *file, const char *bytes, size_t len, GError **error);
