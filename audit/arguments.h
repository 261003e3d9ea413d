/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arguments of a record's process as JSON, their secrets masked (mask.h).
 *
 * Records of one process come in rows, so the last list is remembered.
 */
#pragma once

#include <glib.h>

typedef struct BnsArguments BnsArguments;

BnsArguments *bns_arguments_new(void);
void bns_arguments_free(BnsArguments *arguments);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BnsArguments, bns_arguments_free)

/* Appends `,"argv":[…]`. @text: each argument followed by BNS_RECORD_ARGUMENT_END; a cut
 * may have left it without the last one's end. */
void bns_arguments_append(BnsArguments *arguments, GString *line, const char *text);
