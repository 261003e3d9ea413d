/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/import_claude_rule.h"
#include "policy/import_draft.h"

#include <string.h>

bool
bns_claude_rule_parse(const char *text, BnsClaudeRule *out_rule)
{
    const char *open = strchr(text, '(');
    size_t tool_len = open != NULL ? (size_t)(open - text) : strlen(text);
    size_t len = strlen(text);

    memset(out_rule, 0, sizeof *out_rule);
    if (tool_len == 0 || (open != NULL && text[len - 1] != ')'))
        return false;
    out_rule->text = text;
    out_rule->tool = g_strndup(text, tool_len);
    out_rule->pattern = open != NULL
                            ? g_strndup(open + 1, len - tool_len - strlen("()"))
                            : g_strdup("");
    if (strcmp(out_rule->pattern, "*") == 0)
        out_rule->pattern[0] = '\0';
    return true;
}

void
bns_claude_rule_clear(BnsClaudeRule *rule)
{
    g_clear_pointer(&rule->tool, g_free);
    g_clear_pointer(&rule->pattern, g_free);
}

/* A shell executes nothing for these. */
static bool
is_shell_word(const char *word)
{
    static const char *const words[] = {
        ".",     "alias",   "bg",     "builtin", "cd",     "command", "declare",
        "echo",  "eval",    "exec",   "exit",    "export", "fg",      "jobs",
        "kill",  "let",     "popd",   "printf",  "pushd",  "pwd",     "read",
        "set",   "shift",   "source", "test",    "trap",   "type",    "ulimit",
        "umask", "unalias", "unset",  "wait",    NULL,
    };

    return g_strv_contains(words, word);
}

/* "git push:*" and "git push *" are that command and whatever follows it. Returns:
 * (transfer full): the command; @out_is_prefix whether it is such. */
static char *
strip_prefix(const char *pattern, bool *out_is_prefix)
{
    static const char *const ends[] = { ":*", " *" };

    *out_is_prefix = false;
    for (size_t i = 0; i < G_N_ELEMENTS(ends); i++)
        if (g_str_has_suffix(pattern, ends[i])) {
            *out_is_prefix = true;
            return g_strndup(pattern, strlen(pattern) - strlen(ends[i]));
        }
    return g_strdup(pattern);
}

/* @arguments: (nullable): %NULL: whatever they are */
static void
add_entry(GStrvBuilder *entries, const char *program, const char *arguments)
{
    g_autofree char *quoted_program = bns_yaml_quote(program);
    g_autofree char *quoted = arguments != NULL ? bns_yaml_quote(arguments) : NULL;
    g_autofree char *entry =
        quoted != NULL
            ? g_strdup_printf("{ command: %s, arguments: %s }", quoted_program, quoted)
            : g_strdup(quoted_program);

    g_strv_builder_add(entries, entry);
}

GStrv
bns_claude_rule_commands(const BnsClaudeRule *rule)
{
    bool is_prefix;
    g_autofree char *command = strip_prefix(rule->pattern, &is_prefix);
    g_auto(GStrv) words = g_strsplit(command, " ", 2);
    g_autoptr(GStrvBuilder) entries = g_strv_builder_new();

    /* What only a shell understands is not what is executed; a program is one. */
    if (words[0] == NULL || *words[0] == '\0' ||
        strpbrk(command, "|&;<>()$`\\\"'\n") != NULL ||
        strpbrk(words[0], "*=~") != NULL || is_shell_word(words[0]))
        return NULL;
    if (is_prefix && words[1] == NULL) {
        add_entry(entries, words[0], NULL);
        return g_strv_builder_end(entries);
    }
    add_entry(entries, words[0], words[1] != NULL ? words[1] : "");
    if (is_prefix) {
        g_autofree char *longer = g_strconcat(words[1], " *", NULL);

        add_entry(entries, words[0], longer);
    }
    return g_strv_builder_end(entries);
}
