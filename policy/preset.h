/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Presets: rule sets that come with the program, files of data/presets in the policy's
 * own format, compiled in: none can be missing, or be another than was tested.
 *
 * A preset has allow rules, and may name what its program needs of files (files:),
 * variables (env: pass) and namespaces (nested:); it may be built on other presets.
 */
#pragma once

#include <glib.h>
#include <stddef.h>

typedef struct {
    const char *name;
    const char *text; /* of the file; ends in NUL besides */
    size_t len;
} BnsPreset;

/* Sorted by name. */
extern const BnsPreset bns_presets[];
extern const size_t bns_n_presets;

/* What an `extends:` entry that names a preset begins with, and the origin of its rules:
 * "preset:npm:5". */
#define BNS_PRESET_PREFIX "preset:"

/* Returns: (nullable): the preset, or %NULL with @error (BNS_POLICY_ERROR_INVALID), which
 * names the ones that are spelt alike. */
const BnsPreset *bns_preset_find(const char *name, GError **error);

/* Returns: (transfer full): what it is for: one line, the file's first comment. */
char *bns_preset_describe(const BnsPreset *preset);

/* Returns: (nullable): the preset of the program that @command, a COMMAND as it was
 * given, starts, by its last part; %NULL: none has one of its own. */
const BnsPreset *bns_preset_for_command(const char *command);
