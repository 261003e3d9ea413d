/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "policy/near.h"
#include "sandbox/options_table.h"

#include <string.h>

/* Where the explanations begin. */
#define HELP_COLUMN 36

static void
append_option(GString *text, const BnsOption *option)
{
    gsize start = text->len;

    g_string_append(text, "  ");
    if (option->letter != 0)
        g_string_append_printf(text, "-%c, ", option->letter);
    else
        g_string_append(text, "    ");
    g_string_append_printf(text, "--%s", option->name);
    if (option->value != NULL)
        g_string_append_printf(text, " %s", option->value);
    /* Too long a value has its explanation below. */
    if (text->len - start >= HELP_COLUMN) {
        g_string_append_c(text, '\n');
        start = text->len;
    }
    while (text->len - start < HELP_COLUMN)
        g_string_append_c(text, ' ');
    g_string_append_printf(text, "%s\n", option->help);
}

static bool
is_accepted(const BnsOption *option)
{
    return option->kind == BNS_OPTION_ACCEPTED ||
           option->kind == BNS_OPTION_ACCEPTED_FLAG;
}

char *
bns_options_help(void)
{
    GString *text = g_string_new("boundary-ns: run a command behind a firewall that "
                                 "decides each request\n\nUsage:\n");

    for (size_t i = 0; i < bns_subcommand_table_len; i++)
        g_string_append_printf(text, "  boundary-ns %s\n      %s\n",
                               bns_subcommand_table[i].usage,
                               bns_subcommand_table[i].help);
    g_string_append(text, "\nOptions:\n");
    for (size_t i = 0; i < bns_option_table_len; i++)
        if (!is_accepted(&bns_option_table[i]))
            append_option(text, &bns_option_table[i]);
    g_string_append(text, "\nAccepted for coder/boundary, without effect:\n");
    for (size_t i = 0; i < bns_option_table_len; i++)
        if (is_accepted(&bns_option_table[i]))
            append_option(text, &bns_option_table[i]);
    g_string_append(
        text, "\nRules: [METHOD[,METHOD]... ][SCHEME://]HOST[:PORT][/PATH]\n"
              "  github.com    GET,HEAD docs.python.org/3/*    tcp://github.com:22\n"
              "See boundary(1).\n");
    return g_string_free(text, FALSE);
}

char *
bns_options_hint_subcommand(const BnsOptions *options)
{
    const char *word = options->arguments[0];

    if (options->command != BNS_COMMAND_RUN || word == NULL)
        return NULL;
    if (strcmp(word, "help") == 0)
        return g_strdup("there is no program help: write boundary-ns --help");
    for (size_t i = 0; i < bns_subcommand_table_len; i++) {
        const char *name = bns_subcommand_table[i].name;

        if (strcmp(word, name) == 0)
            return g_strdup_printf(
                "there is no program %s: to mean the subcommand write "
                "boundary-ns %s, and its options after that",
                name, name);
        if (bns_near_is_like(word, name)) {
            g_autofree char *shown = bns_text_escape(word, -1);

            return g_strdup_printf("there is no program %s: is it boundary-ns %s?",
                                   shown, name);
        }
    }
    return NULL;
}
