/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/preset.h"

#include "base/text.h"
#include "policy/near.h"
#include "policy/policy.h"

#include <string.h>

/* Agents, which are no use without their API. What a package manager may read is for the
 * person to say: it is run to see what it asks for, too. */
static const struct {
    const char *command;
    const char *preset;
} own_presets[] = {
    { "aider", "aider" }, { "claude", "claude-code" }, { "code", "vscode" },
    { "codex", "codex" }, { "gemini", "gemini-cli" },  { "opencode", "opencode" },
};

static const BnsPreset *
find(const char *name)
{
    for (size_t i = 0; i < bns_n_presets; i++)
        if (strcmp(bns_presets[i].name, name) == 0)
            return &bns_presets[i];
    return NULL;
}

const BnsPreset *
bns_preset_find(const char *name, GError **error)
{
    const BnsPreset *preset = find(name);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autofree char *shown = bns_text_escape(name, -1);
    g_autofree char *hint = NULL;

    if (preset != NULL)
        return preset;
    for (size_t i = 0; i < bns_n_presets; i++)
        g_ptr_array_add(names, (gpointer)(uintptr_t)bns_presets[i].name);
    hint = bns_near_hint(name, names);
    g_set_error(error, BNS_POLICY_ERROR, BNS_POLICY_ERROR_INVALID,
                "there is no preset \"%s\"%s", shown,
                *hint != '\0' ? hint : ": see boundary-ns preset list");
    return NULL;
}

char *
bns_preset_describe(const BnsPreset *preset)
{
    g_auto(GStrv) lines = g_strsplit(preset->text, "\n", -1);

    for (char **line = lines; *line != NULL; line++)
        if (g_str_has_prefix(*line, "# ") && !g_str_has_prefix(*line, "# SPDX-"))
            return g_strdup(*line + strlen("# "));
    return g_strdup("");
}

const BnsPreset *
bns_preset_for_command(const char *command)
{
    const char *slash = strrchr(command, '/');
    const char *name = slash != NULL ? slash + 1 : command;

    for (size_t i = 0; i < G_N_ELEMENTS(own_presets); i++)
        if (strcmp(own_presets[i].command, name) == 0)
            return find(own_presets[i].preset);
    return NULL;
}
