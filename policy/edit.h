/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Edit: a rule is added to the text of a policy file, and nothing else of it changes, no
 * comment, no blank.
 */
#pragma once

#include <glib.h>
#include <stddef.h>

/**
 * bns_policy_edit_allow:
 * @file: what errors call the text
 * @text: of a valid policy file
 * @rule: in string form, for its own list `allow:`, which is made at the end if there is
 *        none
 * @out_len: (nullable): of the returned text
 *
 * Lists in either style of YAML's are edited in their own. Pure.
 *
 * Returns: (transfer full): the new text, or %NULL with @error: it cannot be edited so that
 *          it has this rule more and is otherwise the same, and what to write by hand
 */
char *bns_policy_edit_allow(const char *file,
                            const char *text,
                            size_t len,
                            const char *rule,
                            size_t *out_len,
                            GError **error);
