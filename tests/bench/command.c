/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/command.h"

#include <stdlib.h>
#include <string.h>

Command *
command_parse(const char *line)
{
    g_auto(GStrv) words = g_strsplit_set(line, " \n", -1);
    Command *command = g_new0(Command, 1);

    command->work = g_strdup(words[0] != NULL ? words[0] : "");
    command->values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (char **word = words; *word != NULL; word++) {
        const char *equals = strchr(*word, '=');

        if (equals != NULL)
            g_hash_table_replace(command->values,
                                 g_strndup(*word, (gsize)(equals - *word)),
                                 g_strdup(equals + 1));
    }
    return command;
}

void
command_free(Command *command)
{
    if (command == NULL)
        return;
    g_hash_table_unref(command->values);
    g_free(command->work);
    g_free(command);
}

const char *
command_text(const Command *command, const char *key, const char *otherwise)
{
    const char *value = g_hash_table_lookup(command->values, key);

    return value != NULL ? value : otherwise;
}

int64_t
command_number(const Command *command, const char *key, int64_t otherwise)
{
    const char *value = g_hash_table_lookup(command->values, key);

    return value != NULL ? strtoll(value, NULL, 10) : otherwise;
}
