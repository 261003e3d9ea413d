/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rule file: a rule is written to a policy file of the person's, for good.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/**
 * bns_rule_file_add:
 * @path: absolute; a symbolic link stays one
 *
 * Adds @rule to the list allow: of the file (policy/edit.h). It is replaced as a whole or not
 * at all (sandbox/write_back.h), and keeps its owner and permissions. Returns: false with
 * @error: one line
 */
bool bns_rule_file_add(const char *path, const char *rule, GError **error);
