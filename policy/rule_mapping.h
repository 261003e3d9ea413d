/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules in a file: a string, or a mapping with a key for each part.
 */
#pragma once

#include "policy/rule.h"
#include "policy/yaml.h"

/**
 * bns_rule_from_yaml:
 * @file: absolute; with the line it is the rule's origin
 * @notices: gets lines (transfer full), with their place
 *
 * Returns: (transfer full): the rule, or %NULL with @error ("file:line:column: ...")
 */
BnsRule *bns_rule_from_yaml(BnsVerdict verdict,
                            const char *file,
                            const BnsYaml *node,
                            GPtrArray *notices,
                            GError **error);
