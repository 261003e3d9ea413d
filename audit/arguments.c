/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/arguments.h"

#include "audit/json.h"
#include "audit/mask.h"

#include <string.h>

struct BnsArguments {
    GString *text; /* owned: as given; at first that of no arguments */
    GString *json; /* owned: what is appended for it */
};

BnsArguments *
bns_arguments_new(void)
{
    BnsArguments *arguments = g_new0(BnsArguments, 1);

    arguments->text = g_string_new(NULL);
    arguments->json = g_string_new(",\"argv\":[]");
    return arguments;
}

void
bns_arguments_free(BnsArguments *arguments)
{
    if (arguments == NULL)
        return;
    g_string_free(arguments->text, TRUE);
    g_string_free(arguments->json, TRUE);
    g_free(arguments);
}

static GStrv
split_arguments(const char *text)
{
    static const char end[] = { BNS_RECORD_ARGUMENT_END, '\0' };
    GStrv arguments = g_strsplit(text, end, -1);
    guint n = g_strv_length(arguments);

    if (n > 0 && *arguments[n - 1] == '\0')
        g_clear_pointer(&arguments[n - 1], g_free);
    return arguments;
}

static void
remember(BnsArguments *arguments, const char *text)
{
    g_auto(GStrv) given = split_arguments(text);
    g_auto(GStrv) masked = bns_mask_argv((const char *const *)given);

    g_string_assign(arguments->text, text);
    g_string_truncate(arguments->json, 0);
    bns_json_append_list(arguments->json, "argv", (const char *const *)masked);
}

void
bns_arguments_append(BnsArguments *arguments, GString *line, const char *text)
{
    if (strcmp(arguments->text->str, text) != 0)
        remember(arguments, text);
    g_string_append_len(line, arguments->json->str, (gssize)arguments->json->len);
}
