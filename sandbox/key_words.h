/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key words: bytes in key files (GKeyFile), which hold UTF-8 alone: what is not printable
 * ASCII is escaped as in C.
 */
#pragma once

#include <glib.h>

/* @value: (nullable): as "". */
void bns_key_set_bytes(GKeyFile *file,
                       const char *group,
                       const char *key,
                       const char *value);
void
bns_key_set_words(GKeyFile *file, const char *group, const char *key, char **words);

/* Returns: (transfer full) (nullable): %NULL: there is none. */
char *bns_key_get_bytes(GKeyFile *file, const char *group, const char *key);
GStrv bns_key_get_words(GKeyFile *file, const char *group, const char *key);
