/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One rule of Claude Code's permissions: "Tool" or "Tool(pattern)".
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
    const char *text; /* borrowed; all of it */
    char *tool;       /* owned */
    char *pattern;    /* owned; "" if it has none, or "*" */
} BnsClaudeRule;

/* Returns: whether it is one. */
bool bns_claude_rule_parse(const char *text, BnsClaudeRule *out_rule);
void bns_claude_rule_clear(BnsClaudeRule *rule);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BnsClaudeRule, bns_claude_rule_clear)

/* Returns: (transfer full): the items of commands.deny that refuse what a rule for Bash
 * matches, as bns_draft_add() takes them; %NULL if none would: patterns of a shell's own
 * words and of several commands. Those with arguments begin with "{". */
GStrv bns_claude_rule_commands(const BnsClaudeRule *rule);
