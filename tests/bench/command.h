/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command: what the runner asks a load generator for, a line of words: the work, then
 * KEY=VALUE each. The answer is a line of KEY=VALUE too.
 */
#pragma once

#include <glib.h>
#include <stdint.h>

typedef struct {
    char *work;         /* owned */
    GHashTable *values; /* owned: key to value */
} Command;

/* Returns: (transfer full): never %NULL. A word without "=" is left out. */
Command *command_parse(const char *line);
void command_free(Command *command);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Command, command_free)

const char *
command_text(const Command *command, const char *key, const char *otherwise);
int64_t command_number(const Command *command, const char *key, int64_t otherwise);
