/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The four kinds of strings that TOML has; for toml.c.
 */
#pragma once

#include "policy/text_reader.h"

/**
 * bns_toml_string:
 * @reader: at a quotation mark, single or double
 * @may_span_lines: whether three of them begin one of several lines; keys have none
 *
 * Returns: (transfer full): what it stands for, or %NULL with @error
 */
char *bns_toml_string(BnsTextReader *reader, bool may_span_lines, GError **error);
